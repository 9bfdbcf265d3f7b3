"""A table that is wrong is explained: file, field, and the allowed words."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.knowledge.base import FOLDERS
from freehold.knowledge.schema import Problem, build, explain
from freehold.knowledge.types import License
from tests.invented import SHIPPED

RIGHT: dict[str, Any] = {
    "id": "Mine-1.0",
    "schema": 1,
    "name": "Mine",
    "short": "Mine",
    "publisher": "Me",
    "kind": "permissive",
    "covers": ["code"],
    "permissions": ["use"],
    "text": {"read": False, "checked": date(2026, 11, 21)},
}


def problems(**changes: Any) -> list[str]:
    """What is wrong with a license table after these changes."""
    table = {key: value for key, value in (RIGHT | changes).items() if value is not None}
    return [str(p) for p in explain(License, table, "mine.toml", SHIPPED.words)]


def test_a_right_table_becomes_a_record() -> None:
    made = build(License, RIGHT, "mine.toml", SHIPPED.words)
    assert isinstance(made, License)
    assert made.text.checked == date(2026, 11, 21)
    assert problems() == []


def test_a_wrong_word_names_file_field_nearest_word_and_all_allowed_ones() -> None:
    (said,) = problems(permissions=["use", "comercial"])
    assert said.startswith("mine.toml: permissions[1]: 'comercial' is not a word of permissions")
    assert "did you mean 'commercial'?" in said
    assert "train-on-outputs" in said


def test_an_unknown_key_is_named_with_the_nearest_one() -> None:
    (said,) = problems(permission=["use"])
    assert "permission: unknown key; did you mean 'permissions'?" in said


def test_a_missing_key_is_named() -> None:
    assert problems(publisher=None) == ["mine.toml: publisher: is missing"]


def test_a_wrong_type_says_what_it_should_be_and_is() -> None:
    assert problems(osi="yes") == ["mine.toml: osi: should be true or false, is a text"]
    assert problems(covers="code") == ["mine.toml: covers: should be a list, is a text"]
    assert problems(text="here") == ["mine.toml: text: should be a table, is a text"]


def test_all_problems_are_named_at_once() -> None:
    assert len(problems(osi=1, kind="free", publisher=None, extra=True)) == 4


def test_an_empty_text_is_a_problem() -> None:
    assert "is empty" in problems(name=" ")[0]


@pytest.mark.parametrize("url", ["http://example.org", "https://exa mple.org", "example.org"])
def test_addresses_are_https(url: str) -> None:
    (said,) = problems(text={"read": False, "checked": date(2026, 1, 1), "url": url})
    assert "should be an https:// address" in said


def test_building_a_wrong_table_gives_its_problems() -> None:
    made = build(License, RIGHT | {"osi": "no"}, "mine.toml", SHIPPED.words)
    assert made == [Problem("mine.toml", "osi", "should be true or false, is a text")]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.dates() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=6), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(
    folder=st.sampled_from(sorted(FOLDERS)),
    table=st.dictionaries(st.sampled_from([*RIGHT, "members", "words", "sources"]), anything),
)
def test_no_table_whatever_breaks_the_reader(folder: str, table: dict[str, Any]) -> None:
    made = build(FOLDERS[folder], table, "any.toml", SHIPPED.words)
    assert isinstance(made, list | FOLDERS[folder])
    if isinstance(made, list):
        assert made
