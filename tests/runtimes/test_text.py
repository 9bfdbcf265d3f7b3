"""What a request for text may ask for is honored, or refused by its name."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, Contradiction, EnvironmentProblem, UsageError
from freehold.engines.base import Contract, Found, Running
from freehold.engines.hosting.loop import wait
from freehold.tasks.text_generation import Message, Request, Tool
from tests.runtimes.language import Maker, asking, expected, last, makers

pytestmark = pytest.mark.runtime

SCHEMA = {
    "type": "object",
    "properties": {"name": {"enum": ["fox", "dog"]}, "many": {"type": "integer", "maximum": 9}},
    "required": ["name", "many"],
    "additionalProperties": False,
}
LONG = "the lazy dog jumps over an old tree and then it sleeps under a quick brown fox"


@pytest.fixture(scope="module")
def tiny(installed: Callable[[Contract], Found], tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """A tiny model by its name."""
    names = ("llama", "lora", "broken", "half", "code", "bloom", "codellama")
    return makers(installed, tmp_path_factory, "tiny_text.py", (names,))


@pytest.fixture(scope="module")
def llama(tiny: Maker) -> Iterator[Running]:
    """A Llama that waits for questions."""
    with asking(tiny("llama"), "text-generation", context=250) as running:
        yield running


def text(running: Running, prompt: str = "the quick brown fox", **words: Any) -> Any:
    words = {"max_tokens": 12, "temperature": 0, "ignore_end": True, **words}
    return last(running, Request(text=prompt, **words))


def test_the_same_seed_gives_the_same_and_another_does_not(llama: Running) -> None:
    one, same, other = (text(llama, temperature=1.5, seed=seed).text for seed in (7, 7, 8))
    assert one == same != other


def test_a_small_top_p_a_top_k_of_one_and_a_large_min_p_take_the_likeliest(llama: Running) -> None:
    likeliest = text(llama).text
    for narrow in ({"top_p": 1e-6}, {"top_k": 1}, {"min_p": 1.0}):
        assert text(llama, temperature=2.0, seed=1, **narrow).text == likeliest


def test_what_was_not_said_is_told(llama: Running) -> None:
    note = "chose as the publisher does: the likeliest token each time"
    assert note in text(llama, temperature=None).notes
    assert text(llama).notes == ()


def test_a_bias_and_a_penalty_change_what_is_said(llama: Running) -> None:
    first = text(llama, likely=1)
    assert text(llama, bias=dict.fromkeys(range(100), -1e9)).text != first.text
    again = text(llama, "fox fox fox fox", max_tokens=40)
    assert text(llama, "fox fox fox fox", max_tokens=40, presence_penalty=2.0).text != again.text


def test_probabilities_of_the_answer_and_of_the_prompt(llama: Running) -> None:
    whole = text(llama, likely=3)
    assert len(whole.tokens) == 12
    assert all(token.others[0][1] == token.log for token in whole.tokens)  # greedy
    prompt = text(llama, "the quick brown fox" + whole.text, max_tokens=1, likely=3, of_prompt=True)
    logs = [token.log for token in prompt.prompt_tokens[-12:]]
    if len(prompt.prompt_tokens) == whole.spent.prompt + 12:  # the same tokens as were written
        assert logs == pytest.approx([token.log for token in whole.tokens], abs=1e-4)
    assert prompt.prompt_tokens[1].others


def test_tokens_are_counted_split_and_spelled_without_an_answer(llama: Running) -> None:
    engine, said = llama.engine, "the quick brown fox"
    chat = Request(messages=(Message("user", said),))
    assert wait(engine.count(llama, Request(text=said))) == text(llama).spent.prompt
    assert wait(engine.count(llama, chat)) > wait(engine.count(llama, Request(text=said)))
    tokens = wait(engine.split(llama, said, special=False))
    assert wait(engine.spell(llama, tokens)).strip() == said


def test_stop_texts_end_an_answer(llama: Running) -> None:
    whole = text(llama).text
    stop = whole[4:7]
    result = text(llama, stop=(stop,))
    assert result.text == whole[: whole.index(stop)]
    assert result.finish == "stop"


def test_the_context_bounds_prompt_and_answer(llama: Running) -> None:
    with pytest.raises(UsageError, match="and the context holds 250"):
        text(llama, "fox " * 400)
    cut = text(llama, "fox " * 400, truncate="middle", max_tokens=5)
    assert cut.cut.where == "middle"
    assert cut.spent.prompt == cut.cut.total - cut.cut.tokens <= 245
    full = text(llama, "fox " * 100, max_tokens=None)
    assert full.finish == "context"
    assert full.spent.prompt + full.spent.generated == 250


def test_a_second_turn_does_not_read_the_first_again_and_says_the_same(llama: Running) -> None:
    before = text(llama, "unlike anything else")
    assert before.spent.cached == 0
    first = text(llama, LONG)
    second = text(llama, LONG + first.text + " and")
    assert second.spent.cached > 16
    text(llama, "quite another thing")
    fresh = text(llama, LONG + first.text + " and")
    assert fresh.spent.cached == 0
    assert fresh.text == second.text


def test_an_answer_holds_to_a_schema_and_to_a_grammar(llama: Running) -> None:
    for seed in range(3):
        asked = Request(
            messages=(Message("user", "which?"),), schema=SCHEMA, seed=seed, temperature=1.5,
            max_tokens=100,
        )  # fmt: skip
        said = json.loads(last(llama, asked).text)
        assert said["name"] in ("fox", "dog")
        assert said["many"] <= 9
    result = text(llama, grammar='root ::= "a" [0-9] [0-9] "z"', ignore_end=False)
    assert result.text[0] + result.text[3:] == "az"
    assert result.text[1:3].isdigit()
    with pytest.raises(UsageError, match="grammar"):
        text(llama, grammar="root ::= (", ignore_end=False)


def test_what_cannot_be_honored_is_refused_by_name(llama: Running) -> None:
    with pytest.raises(UsageError, match="no marks for filling in"):
        text(llama, suffix="x")
    tools = (Tool("f"),)
    chat = (Message("user", "hi"),)
    with pytest.raises(UsageError, match="knows no tools"):
        last(llama, Request(messages=chat, tools=tools))
    with pytest.raises(UsageError, match="and none is 999"):
        text(llama, bias={999: 1.0})
    with pytest.raises(Contradiction, match="ends where the grammar ends"):
        text(llama, grammar='root ::= "a"')
    with pytest.raises(UsageError, match="force the use of a tool: required"):
        last(llama, Request(messages=chat, tools=tools, choice="required"))


def test_giving_up_ends_the_work_at_once(llama: Running) -> None:
    parts = llama.ask(Request(text="fox", temperature=0, ignore_end=True))
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    began = time.monotonic()
    assert text(llama, max_tokens=1).spent.generated == 1
    assert time.monotonic() - began < 30


def test_an_adapter_changes_what_the_model_says(tiny: Maker) -> None:
    adapter = tiny("lora")
    with asking(tiny("llama"), "text-generation", adapters=(adapter,)) as running:
        assert text(running).text == expected(adapter)["text"]
        assert expected(adapter)["text"] != expected(tiny("llama"))["text"]


@pytest.mark.parametrize("precision", [None, "f32"])
def test_a_model_computes_as_it_is_stored_unless_a_precision_is_said(
    precision: str | None, tiny: Maker
) -> None:
    model = tiny("half")
    with asking(model, "text-generation", precision=precision) as running:
        result = text(running, likely=1, max_tokens=1)
    wanted = expected(model)[precision or "bf16"]
    assert result.tokens[0].log == pytest.approx(wanted, abs=1e-5)
    changed = "computes in f32; the weights are stored in bf16"
    assert (changed in result.notes) is (precision == "f32")


def test_weights_that_are_no_numbers_or_missing_are_an_error(tiny: Maker) -> None:
    with (
        asking(tiny("broken") / "nan", "text-generation") as running,
        pytest.raises(BrokenInput, match="its weights are broken"),
    ):
        text(running)
    with (
        pytest.raises(EnvironmentProblem, match=r"weights lack model\.norm\.weight"),
        asking(tiny("broken") / "lacking", "text-generation"),
    ):
        pass


def test_code_is_filled_in_between_two_texts(tiny: Maker) -> None:
    model = tiny("code")
    with asking(model, "text-generation") as running:
        assert text(running, suffix=" dog").text == expected(model)["text"]


def test_code_llama_fills_in_by_its_own_tokenizer(tiny: Maker) -> None:
    model = tiny("codellama")
    told = expected(model)
    bias = dict.fromkeys(told["outside"], -1e9)
    with asking(model, "text-generation") as running:
        result = text(running, suffix=" dog", bias=bias)
    assert result.text.strip() == told["text"].strip()
    assert result.spent.prompt == told["count"]


def test_a_model_without_a_template_continues_texts_only(tiny: Maker, tmp_path: Path) -> None:
    model = tmp_path / "base"
    model.mkdir()
    for file in tiny("bloom").iterdir():
        if file.name != "chat_template.jinja":
            (model / file.name).write_bytes(file.read_bytes())
    with asking(model, "text-generation") as running:
        with pytest.raises(UsageError, match="no chat template"):
            last(running, Request(messages=(Message("user", "hi"),)))
        assert text(running).text == expected(model)["text"]
