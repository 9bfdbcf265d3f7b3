"""What llama-server would drop without a word is refused or asked for in another way."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.base import ENGINES, Running, start
from freehold.engines.hosting import llama_text
from freehold.engines.hosting.openai_text import Clock, Parts, likelihoods
from freehold.tasks import feature_extraction as vectors
from freehold.tasks import text_ranking as ranks
from freehold.tasks.base import File, Progress
from freehold.tasks.text_generation import Call, Message, Request, Result, Tool
from tests.engines.stubs import job, stub, tiny
from tests.waiting import LONG

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")
WEATHER = Tool("weather", "tells it", {"type": "object"})
CLOCK = Tool("clock")
CALL = ["weather", '{"city": "Bonn"}']
CHAT = Request(messages=(Message("user", "Why?"),), seed=7)
SCHEMA = {"type": "object"}


@contextmanager
def engine(folder: Path, task: str = "text-generation", **behavior: Any) -> Iterator[Running]:
    """llama.cpp as a stand-in that behaves as it is told."""
    more = {name: behavior.pop(name) for name in ("adapters", "projector") if name in behavior}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FREEHOLD_LLAMA_SERVER", str(stub(folder, **behavior)))
        wanted = job(tiny(folder), 100, task, **more)
        with start(ENGINES.get("llama.cpp"), wanted, LONG) as running:
            yield running


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stand-in that thinks, uses tools, and knows the prompt already."""
    folder = tmp_path_factory.mktemp("usual")
    with engine(folder, calls=[CALL], thinking="Hm", form='{"a":1}', cached=3) as running:
        yield running


def chat(**more: Any) -> Request:
    """A question with what is said beside it."""
    return Request(**{"messages": CHAT.messages, "seed": 7, **more})


def asked(running: Running, request: Request) -> Result:
    """The result, whose text and calls are what the pieces said."""
    *pieces, result = running.ask(request)
    assert "".join(p.text for p in pieces if not p.thinking) == result.text
    assert "".join(p.text for p in pieces if p.thinking) == result.thinking
    told: dict[int, str] = {}
    for piece in (p.call for p in pieces if p.call):
        told[piece.index] = told.get(piece.index, "") + piece.arguments
        assert bool(piece.name) == (piece.id is not None)
    assert list(told.values()) == [call.arguments for call in result.calls]
    assert isinstance(result, Result)
    return result


def test_a_call_comes_letter_by_letter_and_whole_at_the_end(usual: Running) -> None:
    result = asked(usual, chat(tools=(WEATHER, CLOCK)))
    assert result.calls == (Call("id0", "weather", '{"city": "Bonn"}'),)
    assert result.finish == "tools"


def test_the_tokens_that_were_still_known_are_told(usual: Running) -> None:
    assert asked(usual, CHAT).spent.cached == 3


def test_tools_that_must_not_be_used_are_not(usual: Running) -> None:
    result = asked(usual, chat(tools=(WEATHER,), choice="none"))
    assert (result.calls, result.finish) == ((), "stop")


def test_a_tool_by_name_is_shown_alone_and_must_be_used_and_that_is_said(usual: Running) -> None:
    request = chat(tools=(WEATHER, CLOCK), choice="clock")
    fitting, notes = asyncio.run(llama_text.fitted(usual.wire, request))
    assert (fitting.tools, fitting.choice) == ((CLOCK,), "required")
    assert notes == ("the model was shown only the tool clock, which it must use",)
    with pytest.raises(UsageError, match="'saw' must be used, and no tool has this name"):
        asked(usual, chat(tools=(WEATHER,), choice="saw"))


@pytest.mark.parametrize("form", [{"schema": SCHEMA}, {"grammar": "root ::= [a-z]"}])
def test_with_tools_and_a_form_the_model_still_chooses(
    tmp_path: Path, usual: Running, form: dict[str, Any]
) -> None:
    assert asked(usual, chat(tools=(WEATHER,), **form)).calls
    with engine(tmp_path, thinking="Hm", form='{"a":1}') as answers:
        result = asked(answers, chat(tools=(WEATHER,), **form))
    assert (result.text, result.thinking, result.calls) == ('{"a":1}', "Hm", ())


def test_a_tool_that_must_be_used_leaves_no_answer_to_hold_to_a_form(usual: Running) -> None:
    result = asked(usual, chat(tools=(WEATHER,), choice="required", schema=SCHEMA))
    assert result.calls
    assert result.notes == ("a tool must be used, so no answer follows the schema or grammar",)


def test_a_template_without_a_place_for_tools_is_told(tmp_path: Path) -> None:
    with (
        engine(tmp_path, tools=False) as running,
        pytest.raises(UsageError, match="no place for tools"),
    ):
        asked(running, chat(tools=(WEATHER,)))


def test_thinking_is_left_out_where_it_is_not_wanted(usual: Running, tmp_path: Path) -> None:
    assert asked(usual, chat(thinking=True)).thinking == "Hm"
    result = asked(usual, chat(thinking=False))
    assert (result.thinking, result.notes) == ("", ())
    with engine(tmp_path) as plain:
        notes = asked(plain, chat(thinking=False)).notes
    assert notes == ("its chat template has no switch for thinking",)


@pytest.mark.parametrize("likely", [0, 1, 3])
def test_likelihoods_come_with_the_letters_in_chats_texts_and_gaps(
    usual: Running, likely: int
) -> None:
    for request in (
        chat(likely=likely, max_tokens=2),
        Request(text="x", likely=likely, max_tokens=2),
        Request(text="x", suffix="y", likely=likely, max_tokens=2),
    ):
        result = asked(usual, request)
        assert "".join(token.text for token in result.tokens).lower() == "bl"
        assert {token.log for token in result.tokens} == {-1.0}
        assert {len(token.others) for token in result.tokens} == {likely}


def test_likelihoods_of_a_prompt_are_told_for_each_token_but_the_first(usual: Running) -> None:
    result = asked(usual, Request(text="abcd", likely=2, of_prompt=True, max_tokens=1))
    assert [token.text for token in result.prompt_tokens] == ["b", "c", "d"]
    assert {len(token.others) for token in result.prompt_tokens} == {2}
    chatted = asked(usual, chat(of_prompt=True, max_tokens=1))
    assert "".join(token.text for token in chatted.prompt_tokens) == "ser:Why?\n"
    assert {token.others for token in chatted.prompt_tokens} == {()}
    with pytest.raises(UsageError, match="has 5,000 tokens; llama"):
        asked(usual, Request(text="a" * 5000, of_prompt=True))


def test_without_a_wish_no_likelihoods_are_told(usual: Running) -> None:
    assert asked(usual, CHAT).tokens == ()


def test_tools_and_likelihoods_together_come_at_once(usual: Running) -> None:
    result = asked(usual, chat(tools=(WEATHER,), likely=2))
    assert result.calls[0].name == "weather"
    assert len(result.tokens[0].others) == 2


def test_a_gap_is_filled_between_two_texts(usual: Running) -> None:
    result = asked(usual, Request(text="Why? ", suffix=" Right?", seed=1, max_tokens=4))
    assert (result.text, result.finish) == ("BLUE", "length")
    assert result.spent.prompt == len("<Why? >< Right?>")
    assert result.spent.cached == 3
    assert asked(usual, Request(text="a", suffix="b")).finish == "stop"


def test_what_the_server_would_cut_around_a_gap_is_refused_with_both_numbers(
    usual: Running,
) -> None:
    with pytest.raises(UsageError, match=r"suffix after the gap has 600 tokens; it may have 510"):
        asked(usual, Request(text="a", suffix="b" * 600))


def test_a_text_before_a_gap_can_be_cut(usual: Running) -> None:
    result = asked(usual, Request(text="a" * 90, suffix="b", max_tokens=20, truncate="start"))
    assert result.cut is not None
    assert result.spent.prompt <= 80


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (Request(text="x", suffix="y", of_prompt=True), "no likelihoods of the two texts"),
        (chat(schema=SCHEMA, grammar="x"), "a JSON schema or a grammar, not both"),
        (chat(grammar="%llguidance {}"), "not in GBNF"),
        (chat(choice="auto"), "a choice of tools needs tools"),
        (chat(suffix="x"), "after a text, not after a chat"),
        (chat(bias={1000: 1.0}), "there is no token 1000; it has 1,000"),
        (Request(text="x", tools=(WEATHER,)), "tools: only in a chat"),
        (Request(text="x", thinking=False), "thinking: only in a chat"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_name(
    usual: Running, request_: Request, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        asked(usual, request_)


def test_every_number_reaches_the_server() -> None:
    said = {"top_k": 3, "min_p": 0.1, "frequency_penalty": 0.2, "presence_penalty": 0.3}
    _, body = llama_text.asked(chat(**said, bias={5: -2.0}, ignore_end=True), 1)
    assert {name: body[name] for name in said} == said
    assert body["logit_bias"] == {"5": -2.0}
    assert body["ignore_eos"] is True


def test_the_turns_of_tools_are_sent_in_their_form() -> None:
    turns = (
        Message("user", "Why?"),
        Message("assistant", "", calls=(Call("id0", "weather", "{}"),)),
        Message("tool", "rain", call_id="id0"),
    )
    _, body = llama_text.asked(chat(messages=turns), 1)
    assert body["messages"][1]["tool_calls"][0]["function"] == {
        "name": "weather",
        "arguments": "{}",
    }
    assert body["messages"][2] == {"role": "tool", "content": "rain", "tool_call_id": "id0"}


def test_files_go_along_with_a_projector_and_are_refused_without(
    usual: Running, tmp_path: Path
) -> None:
    image, sound = tmp_path / "cat.JPG", tmp_path / "cat.wav"
    image.write_bytes(b"a cat")
    sound.write_bytes(b"meow")
    files = (File(image, "image"), File(sound, "audio"))
    request = chat(messages=(Message("user", "What?", files),))
    with pytest.raises(UsageError, match="nothing without its projector"):
        asked(usual, request)
    _, body = llama_text.asked(request, 1)
    seen, heard, text = body["messages"][0]["content"]
    assert seen["image_url"]["url"] == "data:image/jpeg;base64,YSBjYXQ="
    assert heard["input_audio"] == {"data": "bWVvdw==", "format": "wav"}
    assert text == {"type": "text", "text": "What?"}
    image.write_bytes(b"")
    with pytest.raises(BrokenInput, match="is empty"):
        llama_text.asked(request, 1)


def test_what_comes_on_top_of_a_model_is_said_to_the_server(tmp_path: Path) -> None:
    adapters, projector = (tmp_path / "a.gguf", tmp_path / "b.gguf"), tmp_path / "mmproj.gguf"
    with engine(tmp_path, adapters=adapters, projector=projector) as running:
        words = asyncio.run(running.wire.get("/props"))["argv"]
    told = [(word, words[n + 1]) for n, word in enumerate(words) if word in ("--lora", "--mmproj")]
    assert told == [
        ("--lora", str(adapters[0])),
        ("--lora", str(adapters[1])),
        ("--mmproj", str(projector)),
    ]


def test_several_at_once_each_get_their_own_answer(usual: Running) -> None:
    async def one(text: str) -> Result:
        *_, result = [part async for part in usual.stream(Request(text=text))]
        assert isinstance(result, Result)
        return result

    async def all_of_them() -> list[Result]:
        return await asyncio.gather(*(one("x" * n) for n in range(1, 9)))

    results = asyncio.run(all_of_them())
    assert [result.spent.prompt for result in results] == list(range(1, 9))


def test_texts_become_vectors_of_length_one_or_as_they_are(tmp_path: Path) -> None:
    with engine(tmp_path, "feature-extraction") as running:
        (result,) = running.ask(vectors.Request(items=("abc", "d")))
        (plain,) = running.ask(vectors.Request(items=("abc",), normalize=False))
        (two,) = running.ask(vectors.Request(items=("abc",), dimensions=2))
        *progress, many = running.ask(vectors.Request(items=("ab",) * 70))
        (cut,) = running.ask(vectors.Request(items=("a" * 120, "b"), truncate=True))
        with pytest.raises(UsageError, match="text 2 has 120 tokens and 100 fit"):
            list(running.ask(vectors.Request(items=("b", "a" * 120))))
        with pytest.raises(UsageError, match="its vectors have 3 numbers, not 4"):
            list(running.ask(vectors.Request(items=("abc",), dimensions=4)))
        wishes: list[dict[str, Any]] = [{"form": "sparse"}, {"role": "query"}, {"items": ("",)}]
        for wish in wishes:
            with pytest.raises(UsageError, match=r"dense vectors|role|text 1 is empty"):
                list(running.ask(vectors.Request(**{"items": ("x",), **wish})))
    assert (result.size, result.tokens, result.work.unit) == (3, 4, "tokens")
    assert sum(x * x for x in vectors.floats(result.dense[0])) == pytest.approx(1)
    assert vectors.floats(plain.dense[0]) == [3.0, 97.0, 2.0]
    assert vectors.floats(two.dense[0]) == pytest.approx([0.0309, 0.9995], abs=1e-4)
    assert "2 of 3 numbers" in two.notes[0]
    assert [(p.done, p.of) for p in progress] == [(32, 70), (64, 70)]
    assert len(many.dense) == 70
    assert cut.cut == (24, 0)


def test_documents_are_sorted_by_the_question(tmp_path: Path) -> None:
    with engine(tmp_path, "text-ranking") as running:
        request = ranks.Request(query="abc", documents=("xa", "cab", "b", "ab"), top=3)
        (result,) = running.ask(request)
        *progress, many = running.ask(ranks.Request(query="a", documents=("b",) * 40 + ("a",)))
        with pytest.raises(UsageError, match="text 1 has 99 tokens and 93 fit"):
            list(running.ask(ranks.Request(query="abc", documents=("x" * 99,))))
        (cut,) = running.ask(ranks.Request(query="a", documents=("x" * 99,), truncate=True))
        image = File(tmp_path / "x.png", "image")
        with pytest.raises(UsageError, match="sorts texts only"):
            list(running.ask(ranks.Request(query="a", documents=(image,))))
    assert [ranked.index for ranked in result.ranked] == [1, 3, 0]
    assert result.scale == "logit"
    assert len(progress) == 1
    assert isinstance(progress[0], Progress)
    assert many.ranked[0].index == 40
    assert cut.notes == ("cut at the end: documents 1",)


@given(st.lists(st.text(max_size=5), max_size=8), st.lists(st.integers(0, 2), max_size=12))
def test_letters_and_calls_are_put_together_as_they_came(
    texts: list[str], calls: list[int]
) -> None:
    parts, said, told = Parts(), [], dict[int, str]()
    for text in texts:
        said += list(parts.take({"choices": [{"delta": {"content": text}}]}))
    for letter, index in enumerate(calls):
        call = {"index": index, "function": {"name": "x", "arguments": str(letter)}}
        said += list(parts.take({"choices": [{"delta": {"tool_calls": [call]}}]}))
        told[index] = told.get(index, "") + str(letter)
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    list(parts.take({"choices": [{"finish_reason": "stop"}], "usage": usage}))
    result = parts.result(Clock(0.1, 0.2), seed=1)
    assert result.text == "".join(texts) == "".join(piece.text for piece in said)
    assert [call.arguments for call in result.calls] == [told[index] for index in sorted(told)]


def test_likelihoods_of_plain_completions_are_read_too() -> None:
    told = {
        "tokens": ["a", "b"],
        "token_logprobs": [-1.0, -2.0],
        "top_logprobs": [{"a": -1.0, "c": -3.0}, None],
    }
    first, second = likelihoods(json.loads(json.dumps(told)))
    assert (first.text, first.log, first.others) == ("a", -1.0, (("a", -1.0), ("c", -3.0)))
    assert (second.text, second.log, second.others) == ("b", -2.0, ())
