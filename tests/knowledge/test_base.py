"""Shipped facts, the user's laid over them, and broken files left out loudly."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import NotFound
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.overlay import merge


def overlay(home: Path, file: str, text: str) -> KnowledgeBase:
    """The knowledge base with one file of the user's."""
    path = home / "data" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return open_base()


NEW = """
schema = 1
name = "Mine"
short = "Mine"
publisher = "Me"
kind = "permissive"
covers = ["code"]
[text]
read = false
checked = 2026-11-21
"""


def test_an_overlay_file_with_a_new_id_adds(home: Path) -> None:
    base = overlay(home, "licenses/Mine-1.0.toml", NEW)
    license = base.license("Mine-1.0")
    assert license is not None
    assert license.publisher == "Me"


def test_an_overlay_file_with_a_known_id_corrects_only_what_it_names(home: Path) -> None:
    base = overlay(home, "licenses/MIT.toml", 'schema = 1\npublisher = "Somebody"\n')
    shipped, corrected = KnowledgeBase().license("MIT"), base.license("MIT")
    assert shipped is not None
    assert corrected is not None
    assert corrected.publisher == "Somebody"
    assert corrected.permissions == shipped.permissions


def test_members_of_a_family_are_corrected_one_by_one(home: Path) -> None:
    text = 'schema = 1\n[[members]]\nid = "llama-3.2-1b"\nparameters = 5\n'
    base = overlay(home, "families/llama-3.2.toml", text)
    family = base.family("llama-3.2")
    assert family is not None
    sizes = {m.id: m.parameters for m in family.members}
    assert sizes["llama-3.2-1b"] == 5
    assert len(sizes) == 6


@pytest.mark.parametrize(
    "text",
    [
        "this is = = not TOML",
        "schema = 2\n",
        "schema = 1\npermissions = ['fly']\n",
        "schema = 1\nosi = 'yes'\n",
        "\x00\x01",
    ],
)
def test_a_broken_overlay_file_is_named_and_the_shipped_facts_stay(home: Path, text: str) -> None:
    base = overlay(home, "licenses/MIT.toml", text)
    assert base.license("MIT") == KnowledgeBase().license("MIT")
    assert "MIT.toml" in base.problems[0].file


def test_a_broken_new_file_leaves_the_others_alone(home: Path) -> None:
    base = overlay(home, "families/mine.toml", "schema = 1\nname = 5\n")
    assert base.family("mine") is None
    assert base.family("llama-3.2") is not None
    assert base.problems


def test_a_file_that_is_too_large_is_not_read(home: Path) -> None:
    base = overlay(home, "licenses/Big.toml", "#" * 1_000_001)
    assert base.license("Big") is None
    assert "larger than" in base.problems[0].message


def test_a_file_that_is_not_text_is_named(home: Path) -> None:
    path = home / "data" / "licenses" / "MIT.toml"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xfe\x00")
    base = open_base()
    assert base.license("MIT") is not None
    assert base.problems


def test_an_unknown_definition_offers_the_nearest(shipped: KnowledgeBase) -> None:
    with pytest.raises(NotFound, match=r"osaid-1\.0"):
        shipped.definition("osaid-2.0")


tables = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=40)
@given(st.dictionaries(st.text(max_size=3), tables), st.dictionaries(st.text(max_size=3), tables))
def test_laying_over_keeps_what_the_upper_table_does_not_name(
    below: dict[str, object], above: dict[str, object]
) -> None:
    merged = merge(below, above)
    assert merged.keys() == below.keys() | above.keys()
    assert merge(below, {}) == below
    for key in above.keys() - below.keys():
        assert merged[key] == above[key]
