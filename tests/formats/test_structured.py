"""JSON and YAML are parsed within limits, and values come out as clean text."""

import pytest

from freehold.core.errors import BrokenInput
from freehold.formats import structured
from freehold.formats.structured import as_text, as_texts, read_json, read_yaml

BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[1]", "JSON object"),
        ('{"a": ' + "1" * 5000 + "}", "not JSON"),
        ('{"a": ' + "[" * 100_000, "nested too deeply"),
        ("[" + "[]," * 600_000 + "[]]", "more than 500,000 values"),
        ("x" * (structured.MOST_JSON + 1), "are not read"),
    ],
)
def test_bad_json_is_refused(text: str, why: str) -> None:
    with pytest.raises(BrokenInput, match=f"^config.json: .*{why}"):
        read_json(text, "config.json")


def test_json_as_python_writes_it_is_read() -> None:
    assert read_json('{"limit": Infinity}', "config.json")["limit"] == float("inf")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "not YAML"),
        ("- a", "YAML mapping"),
        ("a: \ud800", "not YAML"),
        ("{[a]: b}", "not YAML"),
        (BOMB, "alias"),
        ("a: " + "[" * 100_000, "nested too deeply|not YAML"),
        ("a: [" + "x," * 100_000 + "x]", "more than 50,000 values"),
        ("a: " + "x" * structured.MOST_YAML, "are not read"),
        ("a: b\n---\nc: d", "not YAML"),
    ],
)
def test_bad_yaml_is_refused(text: str, why: str) -> None:
    with pytest.raises(BrokenInput, match=f"^x.yml: .*({why})"):
        read_yaml(text, "x.yml")


def test_yaml_constructs_nothing_and_keeps_words_as_written() -> None:
    found = read_yaml("a: !!python/object/apply:os.getcwd []\nb: no\nc: 1.10\nd: 0x" + "f" * 9, "x")
    assert found == {"a": [], "b": "no", "c": "1.10", "d": "0x" + "f" * 9}


def test_yaml_without_anything_is_an_empty_table() -> None:
    assert read_yaml("# nothing\n", "x") == {}


def test_values_come_out_as_clean_text() -> None:
    assert as_text("  a\x1b ") == "a"
    assert as_text(1.5) == "1.5"
    nothing: list[object] = ["", "null", "~", None, True, [], {}, 10**5000]
    assert [as_text(value) for value in nothing] == [None] * 8
    assert as_texts(["a", None, ["b"], "c"]) == ("a", "c")
    assert as_texts("a") == ("a",)
