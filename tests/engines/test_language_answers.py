"""Prompts and answers of models of language, with a tokenizer that takes each letter as a token."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import UsageError
from freehold.engines.workers.language.answer import Answer
from freehold.engines.workers.language.prompts import Prompt, Writer
from freehold.tasks.text_generation import Message, Piece, Request, Result, Tool

END = 0
TOOL = Tool("f", "does it", {"type": "object"})


class Letters:
    """Each letter is a token; 0 ends an answer."""

    all_special_ids = (END,)

    def __init__(self, template: str | None) -> None:
        self.chat_template = template

    def get_vocab(self) -> dict[str, int]:
        return {"<fim_prefix>": 1, "<fim_suffix>": 2, "<fim_middle>": 3}

    def __call__(self, text: str, add_special_tokens: bool) -> dict[str, list[int]]:
        return {"input_ids": [ord(letter) for letter in text]}

    def decode(self, tokens: Sequence[int], **_: Any) -> str:
        return "".join(map(chr, tokens))

    def apply_chat_template(self, turns: list[dict[str, Any]], **words: Any) -> str:
        if turns[0]["content"] == "refuse":
            raise ValueError("roles must alternate")
        said = "".join(f"{turn['role'][0]}:{turn['content']}|" for turn in turns)
        thinks = "<think>\n" if words.get("enable_thinking") else ""
        return said + str(words.get("tools", "")) + "a:" + thinks


def writer(template: str | None = "chat") -> Writer:
    return Writer(Letters(template), Path())


def chat(*texts: str, **words: Any) -> Request:
    return Request(messages=tuple(Message("user", text) for text in texts), **words)


def answered(
    text: str, request: Request, template: str = "chat", inside: str | None = None, most: int = 999
) -> tuple[list[Piece], Result]:
    """The pieces and the result, when a model writes this text."""
    answer = Answer(writer(template), request, Prompt(tokens=[1], inside=inside), frozenset({END}))
    answer.most = most
    pieces: list[Piece] = []
    for letter in (*text, "\0"):
        if not answer.done:
            pieces += answer.push(ord(letter), None)
    pieces += answer.close()
    return pieces, answer.result(1, (), ())


def test_a_prompt_that_is_too_long_is_refused_with_both_numbers() -> None:
    with pytest.raises(UsageError, match="prompt has 24 tokens and the context holds 20") as error:
        writer().prompt(chat("x" * 19), 20)
    assert "--context 536" in str(error.value.hint)


@given(st.integers(0, 60), st.sampled_from(["start", "middle", "end"]))
def test_a_cut_prompt_fits_and_says_what_was_cut(size: int, place: Any) -> None:
    text = "".join(chr(97 + n % 26) for n in range(size))
    found = writer().prompt(chat(text, max_tokens=5, truncate=place), 40)
    assert len(found.tokens) <= 35
    if found.cut is None:
        assert size + 5 <= 35
    else:
        assert (found.cut.where, found.cut.total) == (place, size + 5)
        assert len(found.tokens) + found.cut.tokens == found.cut.total


def test_the_end_that_is_kept_is_the_end_of_the_text() -> None:
    found = writer(None).prompt(Request(text="abcdef", max_tokens=2, truncate="start"), 5)
    assert writer().decoded(found.tokens) == "def"


def test_thinking_and_tools_are_refused_where_the_template_knows_none() -> None:
    with pytest.raises(UsageError, match="no switch for thinking"):
        writer().prompt(chat("hi", thinking=True), 99)
    with pytest.raises(UsageError, match="knows no tools"):
        writer().prompt(chat("hi", tools=(TOOL,)), 99)
    with pytest.raises(UsageError, match="roles must alternate"):
        writer().prompt(chat("refuse"), 99)


def test_a_template_with_a_switch_begins_inside_of_the_thinking() -> None:
    found = writer("enable_thinking <think>").prompt(chat("hi", thinking=True), 99)
    assert found.inside == "thinking"
    pieces, result = answered("so\n</think>\n\nyes", chat("hi"), "<think>", found.inside)
    assert (result.thinking, result.text) == ("so\n", "yes")
    assert "".join(piece.text for piece in pieces if not piece.thinking) == "yes"


def test_filling_in_uses_the_marks_of_the_vocabulary() -> None:
    found = writer().prompt(Request(text="ab", suffix="c"), 99)
    assert found.tokens == [1, ord("a"), ord("b"), 2, ord("c"), 3]


def test_a_stop_text_ends_the_answer_and_is_not_told() -> None:
    _, result = answered("one two three", chat("hi", stop=("tw",)))
    assert (result.text, result.finish) == ("one ", "stop")


@pytest.mark.parametrize(
    ("most", "finish", "text"), [(3, "length", "one"), (99, "stop", "one two")]
)
def test_an_answer_says_why_it_ended(most: int, finish: str, text: str) -> None:
    _, result = answered("one two", chat("hi"), most=most)
    assert (result.finish, result.text) == (finish, text)


def test_calls_of_tools_come_as_calls_and_the_rest_as_text() -> None:
    said = 'I look.<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'
    pieces, result = answered(said, chat("hi", tools=(TOOL,)), "tools <tool_call>")
    assert [(call.name, call.arguments) for call in result.calls] == [("f", '{"a": 1}')]
    assert (result.text, result.finish) == ("I look.", "tools")
    assert [piece.call.index for piece in pieces if piece.call] == [0]


def test_what_looks_like_a_call_and_is_none_stays_text() -> None:
    _, result = answered("<tool_call>{}</tool_call>!", chat("hi", tools=(TOOL,)), "<tool_call>")
    assert (result.calls, result.text, result.finish) == ((), "{}!", "stop")


def test_an_answer_that_is_one_call_of_a_known_tool() -> None:
    template = 'write {"name": ..., "parameters": ...}'
    said = '{"name": "f", "parameters": {}}'
    _, result = answered(said, chat("hi", tools=(TOOL,)), template)
    assert [call.name for call in result.calls] == ["f"]
    _, result = answered("no tool", chat("hi", tools=(TOOL,)), template)
    assert (result.text, result.calls) == ("no tool", ())


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50))
def test_the_pieces_are_the_answer(text: str) -> None:
    pieces, result = answered(text, chat("hi", stop=("ab", "ba")))
    assert "".join(piece.text for piece in pieces) == result.text
