"""Checks across files: references, dates, sources, doubles."""

from datetime import date
from pathlib import Path

import pytest

from freehold.knowledge.base import KnowledgeBase
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


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is wrong with a right family and with one for each mistake, by file name."""
    overlay = tmp_path_factory.mktemp("overlay")
    folder = overlay / "families"
    folder.mkdir()
    (folder / "right.toml").write_text(FAMILY.replace("mine-7b", "right-7b"))
    for name, (old, new, _) in MISTAKES.items():
        assert old in FAMILY
        text = FAMILY.replace(old, new, 1).replace("mine-7b", f"{_file(name)}-7b")
        (folder / f"{_file(name)}.toml").write_text(text)
    problems = validate(KnowledgeBase(overlay=overlay), TODAY)
    said: dict[str, list[str]] = {}
    for problem in problems:
        said.setdefault(Path(problem.file).stem, []).append(str(problem))
    return said


def _file(name: str) -> str:
    return name.replace(" ", "-")


def test_a_right_family_has_no_problem(found: dict[str, list[str]]) -> None:
    assert "right" not in found


@pytest.mark.parametrize(("name", "said"), [(n, m[2]) for n, m in MISTAKES.items()])
def test_a_mistake_is_named(found: dict[str, list[str]], name: str, said: str) -> None:
    assert any(said in problem for problem in found[_file(name)])


def test_facts_older_than_a_year_are_listed_oldest_first(shipped: KnowledgeBase) -> None:
    rows = stale(shipped, date(2028, 1, 1))
    assert rows
    assert rows == sorted(rows, key=lambda row: row[2])
    assert stale(shipped, TODAY) == []
