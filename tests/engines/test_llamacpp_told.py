"""llama.cpp itself, with models that say what they were told: tools, forms, gaps, vectors."""

import asyncio
import json
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from freehold.core.errors import UsageError
from freehold.engines.base import ENGINES, Running, start
from freehold.engines.hosting.llama_cutting import tokens
from freehold.engines.hosting.loop import wait
from freehold.tasks import feature_extraction as vectors
from freehold.tasks import text_ranking as ranks
from freehold.tasks.text_generation import Message, Piece, Request, Result, Tool
from tests.engines.stubs import job, tiny
from tests.gguf_models import tiny_bert
from tests.gguf_models.told import SIZE, write_told

pytest.importorskip("xllamacpp")
CITY = {"type": "object", "properties": {"city": {"enum": ["Bonn", "Rome"]}}, "required": ["city"]}
WEATHER = Tool("weather", "Tells the weather.", CITY)
SCHEMA = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}
THINKS = ("<think>\nH", "m\n</think>\n\n")
CALLS = (
    *THINKS,
    "I ask",
    ".\n",
    "<tool_call>\n",
    '{"name": "weather", ',
    '"arguments": {"city": ',
    '"Bonn"}}',
    "\n</tool_call>",
)
Start = Callable[..., Running]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts llama.cpp from its wheel with a model that says these pieces; each once."""
    running: dict[tuple[str, ...], Running] = {}

    def begin(*says: str, **more: object) -> Running:
        if says not in running:
            model = write_told(tmp_path_factory.mktemp("told") / "told.gguf", says)
            told = job(model, 1024, parallel=4, **more)  # type: ignore[arg-type]
            running[says] = start(ENGINES.get("llama.cpp"), told)
        return running[says]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "/usr/bin:/bin")
        yield begin
    for one in running.values():
        one.stop()


def asked(running: Running, **more: object) -> Result:
    """The result for a short chat, or for what is said instead."""
    turns = () if "text" in more else (Message("user", "hello"),)
    request = Request(**{"messages": turns, "max_tokens": 60, "seed": 1, **more})  # type: ignore[arg-type]
    *pieces, result = running.ask(request)
    assert isinstance(result, Result)
    assert "".join(p.text for p in pieces if not p.thinking) == result.text
    assert "".join(p.text for p in pieces if p.thinking) == result.thinking
    return result


def test_a_call_is_read_from_what_the_model_writes(started: Start) -> None:
    result = asked(started(*CALLS), tools=(WEATHER,))
    (call,) = result.calls
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Bonn"})
    assert (result.finish, result.text.strip(), result.thinking.strip()) == (
        "tools",
        "I ask.",
        "Hm",
    )


def test_a_tool_that_must_be_used_is_used_by_a_model_that_would_not(started: Start) -> None:
    says = (*THINKS, '{"a": ', "true}")
    assert asked(started(*says), tools=(WEATHER,)).calls == ()
    result = asked(started(*says), tools=(WEATHER,), choice="weather", max_tokens=900)
    assert result.calls or result.finish != "stop"  # it may speak before, but it may not end


def test_a_model_chooses_between_a_tool_and_an_answer_in_a_form(started: Start) -> None:
    called = asked(started(*CALLS), tools=(WEATHER,), schema=SCHEMA)
    assert called.calls[0].name == "weather"
    answered = asked(started(*THINKS, '{"a": ', "true}"), tools=(WEATHER,), schema=SCHEMA)
    assert json.loads(answered.text) == {"a": True}
    assert answered.thinking.strip() == "Hm"
    talks = started("Well. " * 80)
    spoken = asked(talks, tools=(WEATHER,), schema=SCHEMA, thinking=False)
    assert list(json.loads(spoken.text)) == ["a"]


def test_the_turns_of_tools_are_rendered_and_what_is_known_is_not_read_again(
    started: Start,
) -> None:
    running = started(*CALLS)
    first = asked(running, tools=(WEATHER,))
    turns = (
        Message("user", "hello"),
        Message("assistant", "", calls=first.calls),
        Message("tool", "rain", call_id=first.calls[0].id),
    )
    result = asked(running, messages=turns, tools=(WEATHER,))
    assert result.spent.prompt > first.spent.prompt
    assert result.spent.cached > first.spent.prompt // 2


def test_thinking_can_be_left_out(started: Start) -> None:
    running = started(*THINKS, "Blue")
    assert (asked(running).thinking.strip(), asked(running).text) == ("Hm", "Blue")
    result = asked(running, thinking=False)
    assert result.notes == ()
    assert "its chat template has no switch" not in str(asked(running, thinking=True).notes)


def test_likelihoods_are_those_that_the_weights_give(started: Start) -> None:
    found = asked(started("a b", "cc"), text="x", likely=2)
    assert [token.text for token in found.tokens] == ["a b", "cc", ""]
    for token in found.tokens:
        assert token.log == pytest.approx(0, abs=1e-5)
        (same, likeliest), (_, next_likely) = token.others
        assert (same, likeliest) == (token.text, token.log)
        assert next_likely == pytest.approx(-math.sqrt(SIZE), abs=0.1)
    assert {len(t.others) for t in asked(started("a b", "cc"), text="x", likely=0).tokens} == {0}


def test_likelihoods_of_a_prompt_are_those_before_it_was_forced(tmp_path: Path) -> None:
    with start(ENGINES.get("llama.cpp"), job(tiny(tmp_path))) as running:
        text = "hello</s>you"
        found = asked(running, text=text, of_prompt=True, likely=1, max_tokens=1)
        ids = wait(tokens(running.wire, text, special=True))
        assert 2 in ids
        assert len(found.prompt_tokens) == len(ids) - 1
        for place, token in enumerate(found.prompt_tokens, 1):
            whole = {"prompt": ids[:place], "n_predict": 1, "n_probs": 512}
            whole["logit_bias"] = [[323, 1e9]]  # some whole letter, so that it tells something
            (told,) = wait(running.wire.post("/completion", whole))["completion_probabilities"]
            (wanted,) = [x["logprob"] for x in told["top_logprobs"] if x["id"] == ids[place]]
            assert token.log == pytest.approx(wanted, abs=1e-3)
            likeliest = told["top_logprobs"][0]["logprob"]
            assert token.others[0][1] == pytest.approx(likeliest, abs=1e-3)
        with pytest.raises(UsageError, match="only part of a letter"):
            asked(running, text="\u00e9a", of_prompt=True)


def test_a_bias_forbids_a_token_and_one_for_no_token_is_refused(started: Start) -> None:
    running = started("a b", "cc")
    assert asked(running, text="x", bias={354: -100.0}, max_tokens=3).text != "a bcc"
    with pytest.raises(UsageError, match="there is no token 384; it has 384"):
        asked(running, text="x", bias={384: 1.0})


def test_a_gap_is_filled(started: Start) -> None:
    running = started("a b", "cc")
    found = asked(running, text="def f():", suffix="return", max_tokens=10)
    assert (found.text, found.finish) == ("a bcc", "stop")
    assert found.spent.generated == 3
    cut = asked(running, text="x" * 1500, suffix="y", max_tokens=10, truncate="start")
    assert cut.cut is not None
    assert cut.text == "a bcc"


def test_a_model_without_marks_for_a_gap_refuses(tmp_path: Path) -> None:
    with (
        start(ENGINES.get("llama.cpp"), job(tiny(tmp_path))) as running,
        pytest.raises(UsageError, match="Infill is not supported by this model"),
    ):
        asked(running, text="a", suffix="b")


def test_a_template_without_tools_refuses_them(tmp_path: Path) -> None:
    with start(ENGINES.get("llama.cpp"), job(tiny(tmp_path))) as running:
        with pytest.raises(UsageError, match="no place for tools"):
            asked(running, tools=(WEATHER,))
        assert asked(running, thinking=True).notes == (
            "its chat template has no switch for thinking",
        )
        with pytest.raises(UsageError, match="unrecognized type objct"):
            asked(running, schema={"type": "objct"})


def test_twelve_questions_at_once_get_their_own_answers(started: Start) -> None:
    running = started("a b", "cc")

    async def one(number: int) -> str:
        await asyncio.sleep(random.Random(number).random() / 50)
        request = Request(text="x" * number, grammar=f'root ::= "{number} is mine"', max_tokens=40)
        parts = [part async for part in running.stream(request)]
        assert "".join(p.text for p in parts if isinstance(p, Piece)) == parts[-1].text
        return str(parts[-1].text)

    async def together() -> list[str]:
        return await asyncio.gather(*map(one, range(12)))

    assert asyncio.run(together()) == [f"{number} is mine" for number in range(12)]


def test_who_gives_up_frees_the_place_for_the_next(started: Start) -> None:
    running = started("a b", "cc")
    for _ in range(8):  # twice as many as can be answered at once
        endless = running.ask(Request(text="x", ignore_end=True))
        next(endless)
        endless.close()  # type: ignore[attr-defined]
    assert asked(running, text="x").text == "a bcc"


@pytest.mark.parametrize("pooling", [tiny_bert.MEAN, tiny_bert.OF_FIRST])
def test_vectors_are_those_that_the_weights_give(tmp_path: Path, pooling: int) -> None:
    weights = tiny_bert.write_bert(tmp_path / "bert.gguf", pooling)
    texts = ("a cat", "dog", "zebras are striped", "a cat")
    with start(
        ENGINES.get("llama.cpp"), job(tmp_path / "bert.gguf", 64, "feature-extraction", 2)
    ) as running:
        (found,) = running.ask(vectors.Request(items=texts, normalize=False))
        (normal,) = running.ask(vectors.Request(items=texts))
        with pytest.raises(UsageError, match=r"text 1 has [\d]+ tokens and 64 fit"):
            list(running.ask(vectors.Request(items=("ab cd " * 40,))))
        (cut,) = running.ask(vectors.Request(items=("ab cd " * 40,), truncate=True))
    for text, vector, unit in zip(texts, found.dense, normal.dense, strict=True):
        of_tokens = tiny_bert.hidden(weights, tiny_bert.ids(text))
        means = [sum(column) / len(of_tokens) for column in zip(*of_tokens, strict=True)]
        wanted = means if pooling == tiny_bert.MEAN else of_tokens[0]
        length = math.hypot(*wanted)
        assert vectors.floats(vector) == pytest.approx(wanted, abs=5e-3)
        assert vectors.floats(unit) == pytest.approx([x / length for x in wanted], abs=5e-3)
    assert found.tokens == sum(len(tiny_bert.ids(text)) for text in texts)
    assert found.size == tiny_bert.WIDTH
    assert cut.cut[0] > 90


def test_ranks_are_those_that_the_weights_give(tmp_path: Path) -> None:
    weights = tiny_bert.write_bert(tmp_path / "bert.gguf", tiny_bert.RANK)
    documents = ("a cat", "dog", "zebras are striped")
    with start(
        ENGINES.get("llama.cpp"), job(tmp_path / "bert.gguf", 64, "text-ranking", 2)
    ) as running:
        (found,) = running.ask(ranks.Request(query="what", documents=documents))
    asked_with = [[*tiny_bert.ids("what"), *tiny_bert.ids(text)[1:-1]] for text in documents]
    wanted = [tiny_bert.score(weights, tokens) for tokens in asked_with]
    by_place = {ranked.index: ranked.score for ranked in found.ranked}
    assert [by_place[n] for n in range(3)] == pytest.approx(wanted, abs=5e-3)
    assert [r.index for r in found.ranked] == sorted(range(3), key=lambda n: -wanted[n])
    assert found.scale == "logit"
