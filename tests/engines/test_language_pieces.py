"""From tokens to text: nothing is lost, nothing comes half, and sections are kept apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.engines.workers.language.calls import calls, marks, whole
from freehold.engines.workers.language.memory import shared
from freehold.engines.workers.language.pieces import Letters, Sections, Stops, Tags, beginning

THINK = Tags("thinking", "<think>", "</think>")
CALL = Tags("call", "<tool_call>", "</tool_call>")


def bytes_as_tokens(tokens: object) -> str:
    """Each token is one byte."""
    return bytes(tokens).decode("utf-8", errors="replace")  # type: ignore[call-overload, no-any-return]


@given(st.text(max_size=40))
def test_letters_come_whole_and_all_of_them_come(text: str) -> None:
    letters = Letters(bytes_as_tokens)
    parts = [letters.push(token) for token in text.encode("utf-8", errors="replace")]
    assert "".join(parts) + letters.rest() == text.encode("utf-8", errors="replace").decode()
    assert all("\ufffd" not in part for part in parts if "\ufffd" not in text)


@given(st.binary(max_size=30))
def test_bytes_that_are_no_letters_do_not_stop_the_rest(data: bytes) -> None:
    letters = Letters(bytes_as_tokens)
    said = "".join(letters.push(token) for token in data + b"ok   ") + letters.rest()
    assert said.endswith("ok   ")


@given(st.text("ab", max_size=30), st.text("ab", min_size=1, max_size=4), st.integers(1, 5))
def test_an_answer_ends_before_the_first_stop_text(text: str, stop: str, size: int) -> None:
    stops = Stops([stop])
    said = "".join(stops.push(text[n : n + size]) for n in range(0, len(text), size))
    assert stops.found is (stop in text)
    assert said + ("" if stops.found else stops.rest()) == text.partition(stop)[0]


def test_the_earliest_of_several_stop_texts_counts() -> None:
    stops = Stops(["world", "o w"])
    assert stops.push("hello world") == "hell"


@given(
    st.lists(st.tuples(st.text("ab<\n", max_size=8), st.booleans()), max_size=6), st.integers(1, 7)
)
def test_sections_are_kept_apart_however_the_letters_come(
    parts: list[tuple[str, bool]], size: int
) -> None:
    text = "".join(f"<think>{said}</think>" if inside else said for said, inside in parts)
    sections = Sections((THINK,))
    found = [p for n in range(0, len(text), size) for p in sections.push(text[n : n + size])]
    found += sections.rest()
    for section, inside in (("thinking", True), ("answer", False)):
        wanted = "".join(said for said, within in parts if within is inside)
        assert "".join(p.text for p in found if p.section == section) == wanted


def test_an_answer_can_begin_inside_of_a_section() -> None:
    sections = Sections((THINK,), inside="thinking")
    parts = [*sections.push("so</think>yes"), *sections.rest()]
    assert [(p.text, p.section) for p in parts] == [("so", "thinking"), ("yes", "answer")]


def test_two_calls_without_anything_between_them_are_two() -> None:
    parts = Sections((CALL,)).push("<tool_call>1</tool_call><tool_call>2</tool_call>")
    assert [(p.text, p.section) for p in parts if p.section == "call"] == [
        ("1", "call"), ("2", "call")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "mark", "many"), [("a<th", "<think>", 3), ("think", "<think>", 0), ("<<", "<a", 1)]
)
def test_the_beginning_of_a_mark_is_held_back(text: str, mark: str, many: int) -> None:
    assert beginning(text, mark) == many


def test_calls_are_read_where_the_template_declares_them() -> None:
    template = "Answer with <tool_call>{...}</tool_call>"
    assert marks(template) == (CALL,)
    assert not whole(template)
    (one,) = calls('{"name": "f", "arguments": {"a": 1}}', frozenset({"f"}))
    assert (one.name, one.arguments) == ("f", '{"a": 1}')
    two = calls('[{"name": "f"}, {"name": "g", "parameters": {}}]', frozenset({"f", "g"}))
    assert [call.name for call in two] == ["f", "g"]


@pytest.mark.parametrize("text", ["", "{", '{"name": 3}', '{"name": "other"}', "[1]", "nothing"])
def test_what_is_no_call_of_a_known_tool_is_none(text: str) -> None:
    assert calls(text, frozenset({"f"})) == ()


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_calls(text: str) -> None:
    assert isinstance(calls(text, frozenset({"f"})), tuple)


def test_a_template_of_llama_declares_an_answer_that_is_one_call() -> None:
    assert whole('Respond in the format {"name": function name, "parameters": ...}')
    assert not whole("be nice")


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_the_shared_beginning_of_two_lists(one: list[int], other: list[int]) -> None:
    count = shared(one, other)
    assert one[:count] == other[:count]
    assert one[count : count + 1] != other[count : count + 1] or len(one) == len(other) == count
