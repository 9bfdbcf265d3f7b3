"""onnxruntime-genai, through Freehold, says what the library says when it is called directly."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.convert_model import ConvertedModel, convert_model
from freehold.actions.run import run
from freehold.core import paths
from freehold.core.errors import FreeholdError, UsageError
from freehold.engines.base import ENGINES, Contract, Found, Job, Running, built_with, start
from freehold.judge.fitting.parts import Setting
from freehold.tasks.base import Progress
from freehold.tasks.text_generation import Message, Request, Result

pytestmark = pytest.mark.runtime
PROMPT = "the quick brown fox"
CALLED = """
import json, sys
import numpy, onnxruntime_genai, tokenizers
folder, text, told = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
words = tokenizers.Tokenizer.from_file(folder + "/tokenizer.json")
model = onnxruntime_genai.Model(folder)
params = onnxruntime_genai.GeneratorParams(model)
params.set_search_options(**told)
generator, made = onnxruntime_genai.Generator(model, params), []
generator.append_tokens(numpy.array(words.encode(text).ids, dtype=numpy.int32))
while len(made) < 16 and not generator.is_done():
    generator.generate_next_token()
    made.append(int(generator.get_next_tokens()[0]))
print(json.dumps(words.decode(made)))
"""
"""What somebody writes who calls the library: the same tokens, greedily or with a seed."""
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "boolean"}},
    "required": ["a"],
    "additionalProperties": False,
}
Installed = Callable[[Contract], Found]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> ConvertedModel:
    """A tiny Llama with random weights, converted in f32."""
    installed(ENGINES.get("onnxruntime-genai"))
    runtime = paths.runtimes() / "converting"
    if "onnxruntime-genai" not in (built_with(runtime) or {}):
        pytest.skip("the runtime converting is not here, or of an older list")
    folder = tmp_path_factory.mktemp("genai")
    script = Path(__file__).with_name("tiny_llama.py")
    words = (str(runtime / "bin" / "python"), "-I", str(script), str(folder / "tiny"), "llama")
    subprocess.run(words, check=True, capture_output=True)
    return convert_model(folder / "tiny", folder / "made", to="onnxruntime-genai")


@pytest.fixture(scope="module")
def running(made: ConvertedModel) -> Iterator[Running]:
    """The engine with this model."""
    with begun(Path(made.path)) as there:
        yield there


def begun(folder: Path, **more: Any) -> Running:
    setting = Setting(context=400)
    job = Job(model=folder, task="text-generation", setting=setting, threads=1, **more)
    return start(ENGINES.get("onnxruntime-genai"), job, patience=120)


def asked(running: Running, **more: Any) -> Result:
    *_, result = running.ask(Request(**{"max_tokens": 16, "temperature": 0.0, **more}))
    assert isinstance(result, Result)
    return result


def directly(made: ConvertedModel, **told: Any) -> str:
    there = ENGINES.get("onnxruntime-genai").find()
    words = (str(there.at), "-I", "-c", CALLED, made.path, PROMPT, json.dumps(told))
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return str(json.loads(done.stdout))


def test_run_says_what_the_library_says(made: ConvertedModel) -> None:
    answer = run(made.path, PROMPT, max_tokens=16, continuing=True, temperature=0.0)
    assert answer.measured.engine == "onnxruntime-genai"
    assert answer.measured.version == made.tools["onnxruntime-genai"]
    assert answer.notes == ()
    assert answer.text == directly(made, do_sample=False)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_seed_draws_what_it_draws_in_the_library(
    made: ConvertedModel, running: Running, seed: int
) -> None:
    told = {"temperature": 1.5, "top_k": 100, "top_p": 0.9}
    mine = [asked(running, text=PROMPT, seed=seed, **told) for _ in range(2)]
    assert mine[0].text == mine[1].text == directly(made, do_sample=True, random_seed=seed, **told)
    assert mine[0].seed == seed


def test_other_seeds_say_something_else_and_large_ones_are_refused(running: Running) -> None:
    drawn = {"text": PROMPT, "temperature": 1.5}
    assert len({asked(running, seed=seed, **drawn).text for seed in (1, 2, 2**31 - 1)}) == 3
    with pytest.raises(UsageError, match="seeds below"):
        asked(running, seed=2**31, **drawn)


def test_only_the_likeliest_is_left_by_each_way_of_choosing(running: Running) -> None:
    likeliest = asked(running, text=PROMPT).text
    for wish in ({"top_k": 1}, {"top_p": 0.0}, {"top_k": 10**6, "top_p": 0.0}):
        assert asked(running, text=PROMPT, temperature=1.5, **wish).text == likeliest


def test_a_graph_that_rounds_says_so_with_each_answer(made: ConvertedModel) -> None:
    base = Path(made.path).parent / "tiny"
    narrow = convert_model(base, base.with_name("narrow"), to="onnxruntime-genai", precision="int4")
    with begun(Path(narrow.path)) as there:
        (note,) = asked(there, text=PROMPT, max_tokens=2).notes
    assert "multiplies in 8 bits" in note
    assert "multiplies in 8 bits" in narrow.notes[0]


def test_a_prompt_that_is_read_in_parts_tells_how_far(running: Running) -> None:
    parts = list(running.ask(Request(text="fox " * 70, max_tokens=4, temperature=0.0)))
    progress = [part for part in parts if isinstance(part, Progress)]
    whole = parts[-1]
    assert isinstance(whole, Result)
    assert [part.done for part in progress] == list(range(128, whole.spent.prompt, 128))
    assert {part.of for part in progress} == {whole.spent.prompt}


def test_an_answer_follows_a_schema_or_a_grammar(running: Running) -> None:
    chat = (Message("user", "hi"),)
    found = asked(running, messages=chat, schema=SCHEMA, max_tokens=200, temperature=1.0, seed=4)
    assert list(json.loads(found.text)) == ["a"]
    assert asked(running, text=PROMPT, grammar='root ::= "ab" | "cd"').text in ("ab", "cd")
    for wish in ({"grammar": "root ::= ]"}, {"schema": {"type": "nothing"}}):
        with pytest.raises(UsageError):
            asked(running, text=PROMPT, **wish)
    with pytest.raises(UsageError, match="not both"):
        asked(running, text=PROMPT, grammar='root ::= "a"', schema=SCHEMA)


def test_it_tells_how_likely_each_token_is_and_stops_at_a_word(running: Running) -> None:
    plain = asked(running, text=PROMPT)
    told = asked(running, text=PROMPT, likely=3)
    assert told.text == plain.text
    assert len(told.tokens) == told.spent.generated
    for token in told.tokens:
        assert token.others[0] == (token.text, token.log)
        assert len(token.others) == 3
    word = plain.text[4:6]
    ended = asked(running, text=PROMPT, stop=(word,))
    assert (ended.text, ended.finish) == (plain.text[: plain.text.index(word)], "stop")


def test_the_end_can_be_ignored(running: Running) -> None:
    chat = (Message("user", PROMPT),)
    assert asked(running, messages=chat, max_tokens=40).finish == "stop"
    assert asked(running, messages=chat, max_tokens=40, ignore_end=True).finish == "length"


@pytest.mark.parametrize(
    ("session", "why"),
    [
        ({"custom_ops_library": "x.so"}, "wants machine code loaded"),
        ({"provider_options": [{"cuda": {}}]}, "is made for cuda, not for the processor"),
    ],
)
def test_what_a_model_may_not_ask_for_is_refused(
    made: ConvertedModel, tmp_path: Path, session: dict[str, Any], why: str
) -> None:
    for file in Path(made.path).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "genai_config.json").read_text())
    config["model"]["decoder"]["session_options"] |= session
    (tmp_path / "genai_config.json").write_text(json.dumps(config))
    with pytest.raises(FreeholdError, match=why):
        begun(tmp_path)
