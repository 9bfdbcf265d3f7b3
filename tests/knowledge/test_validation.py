"""Checks across files: references, dates, sources, doubles."""

from datetime import date
from pathlib import Path

import pytest

from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.validation import stale, validate

TODAY = date(2026, 11, 21)
FAMILY = """
schema = 1
name = "Mine"
maker = "Me"
country = "FR"
kind = "model"
summary = "An invented model."
source = "me"
[sources.me]
by = "Me"
rank = "publisher"
checked = 2026-11-20
[[members]]
id = "mine-7b"
parameters = 7
[[components]]
kind = "model-parameters"
state = "released"
license = "MIT"
source = "me"
"""


def problems(home: Path, text: str) -> list[str]:
    """What is wrong with one family file of the user's."""
    path = home / "data" / "families" / "mine.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return [str(p) for p in validate(open_base(), TODAY) if "mine.toml" in p.file]


def test_a_right_family_has_no_problem(home: Path) -> None:
    assert problems(home, FAMILY) == []


LINK = """parameters = 7
[[lineage]]
base = "nothing"
relation = "merge"
source = "me"
"""
MISTAKES = {
    "a license that is not there": (
        'license = "MIT"',
        'license = "MTI"',
        "'MTI' is not a file of licenses; nearest: MIT",
    ),
    "a date in the future": ("checked = 2026-11-20", "checked = 2027-01-01", "in the future"),
    "a source that is not named": (
        'license = "MIT"\nsource = "me"',
        'license = "MIT"\nsource = "you"',
        "'you' is not one of",
    ),
    "a model without parameters": (
        'kind = "model-parameters"',
        'kind = "model-card"',
        "needs the component model-parameters",
    ),
    "more active than all": ("parameters = 7", "parameters = 7\nactive = 8", "more than all"),
    "a member of another family": ('id = "mine-7b"', 'id = "llama-3.2-1b"', "is also in"),
    "a base that nobody knows": ("parameters = 7", LINK, "is neither a family or member here"),
}


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named(home: Path, old: str, new: str, said: str) -> None:
    assert old in FAMILY
    found = problems(home, FAMILY.replace(old, new, 1))
    assert any(said in problem for problem in found), found


def test_facts_older_than_a_year_are_listed_oldest_first(shipped: KnowledgeBase) -> None:
    rows = stale(shipped, date(2028, 1, 1))
    assert rows
    assert rows == sorted(rows, key=lambda row: row[2])
    assert stale(shipped, TODAY) == []
