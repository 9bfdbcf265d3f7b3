"""Models converted for other engines say what Transformers says of the same weights."""

import json
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.convert_model import ConvertedModel, convert_model
from freehold.actions.local_model import find
from freehold.actions.run import run
from freehold.core import paths
from freehold.core.errors import UsageError
from freehold.engines.base import ENGINES, Job, Running, built_with, start
from freehold.engines.hosting.loop import wait
from freehold.judge.fitting.parts import Setting
from freehold.tasks import automatic_speech_recognition as hearing
from freehold.tasks import feature_extraction as vectors
from freehold.tasks import text_ranking as ranks
from freehold.tasks.base import File
from freehold.tasks.text_generation import Message, Request, Result

pytestmark = pytest.mark.runtime
PROMPT = "the quick brown fox"
SCHEMA = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}
Make = Callable[..., ConvertedModel]
DOES = {
    "bert": "feature-extraction",
    "ranker": "text-ranking",
    "whisper": "automatic-speech-recognition",
}
TEXTS = ("the quick brown fox", "a lazy dog", "it sleeps under an old tree all day")


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Converts a tiny model of one kind; each once."""
    runtime = paths.runtimes() / "converting"
    if built_with(runtime) is None:
        pytest.skip("the runtime converting is not here")
    folder, made = tmp_path_factory.mktemp("converted"), dict[str, ConvertedModel]()

    def converted(name: str, to: str, precision: str) -> ConvertedModel:
        if ENGINES.get(to).find() is None:
            pytest.skip(f"the runtime of {to} is not here")
        source = folder / name
        if not source.is_dir():
            script = Path(__file__).with_name("tiny_llama.py")
            words = (str(runtime / "bin" / "python"), "-I", str(script), str(source), name)
            subprocess.run(words, check=True, capture_output=True)
            (source / "LICENSE").write_text("Do as you like.")
        key = f"{name}-{to}-{precision}"
        if key not in made:
            task = DOES.get(name, "text-generation")
            made[key] = convert_model(source, folder / key, to=to, precision=precision, task=task)
        return made[key]

    return converted


@pytest.fixture(scope="module")
def openvino(make: Make) -> Iterator[Running]:
    """OpenVINO with the tiny Llama in F32."""
    made = make("llama", "openvino", "f32")
    with begun("openvino", made) as running:
        yield running


@pytest.fixture(scope="module")
def ctranslate2(make: Make) -> Iterator[Running]:
    """CTranslate2 with the tiny Llama in F32."""
    made = make("llama", "ctranslate2", "f32")
    with begun("ctranslate2", made) as running:
        yield running


@pytest.fixture(scope="module", name="onnxruntime-genai")
def onnxruntime_genai(make: Make) -> Iterator[Running]:
    """onnxruntime-genai with the tiny Llama in F32."""
    made = make("llama", "onnxruntime-genai", "f32")
    with begun("onnxruntime-genai", made) as running:
        yield running


def begun(engine: str, made: ConvertedModel, **more: Any) -> Running:
    there = ENGINES.get(engine)
    if there.find() is None:
        pytest.skip(f"the runtime of {engine} is not here")
    setting = Setting(context=200, **more.pop("setting", {}))
    job = Job(model=Path(made.path), task=made.task, setting=setting, threads=1, **more)
    return start(there, job, patience=120)


def expected(made: ConvertedModel) -> Any:
    return json.loads((of(made) / "expected.json").read_text())


def of(made: ConvertedModel) -> Path:
    """What it was made from."""
    return Path(made.path).parent / Path(made.path).name.split("-")[0]


def asked(running: Running, **more: Any) -> Result:
    *pieces, result = running.ask(Request(**{"max_tokens": 16, "temperature": 0.0, **more}))
    assert isinstance(result, Result)
    assert "".join(piece.text for piece in pieces) == result.text
    return result


@pytest.mark.parametrize("engine", ["openvino", "ctranslate2", "onnxruntime-genai"])
def test_the_same_weights_say_the_same(
    make: Make, engine: str, request: pytest.FixtureRequest
) -> None:
    said = expected(make("llama", engine, "f32"))
    running: Running = request.getfixturevalue(engine)
    text = asked(running, text=PROMPT)
    assert text.text == said["text"]
    assert (text.spent.prompt, text.spent.generated) == (len(said["text_prompt"]), 16)
    assert text.finish == "length"
    assert asked(running, messages=(Message("user", PROMPT),)).text == said["chat"]


def test_one_seed_says_the_same_and_another_something_else(openvino: Running) -> None:
    wishes = {"text": PROMPT, "temperature": 1.5, "top_k": 100}
    texts = [asked(openvino, seed=seed, **wishes).text for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_openvino_answers_several_at_once_each_as_if_alone(make: Make) -> None:
    made = make("llama", "openvino", "f32")
    wishes = [{"text": PROMPT[n:], "temperature": 1.5 * (n % 2), "seed": n} for n in range(6)]

    with begun("openvino", made, setting={"parallel": 4}) as running:
        alone = [asked(running, **wish).text for wish in wishes]
        with ThreadPoolExecutor(len(wishes)) as pool:
            together = list(pool.map(lambda wish: asked(running, **wish).text, wishes))
    assert together == alone


def test_the_first_questions_to_openvino_may_all_come_at_once(make: Make) -> None:
    """Eight threads that were the first to see numbers could lock each other."""
    made, wishes = make("llama", "openvino", "f32"), {"text": PROMPT, "max_tokens": 4}
    with begun("openvino", made, setting={"parallel": 8}) as running, ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: asked(running, **wishes).text, range(8)))) == 1


def test_openvino_tells_how_likely_each_token_is(openvino: Running, ctranslate2: Running) -> None:
    said = asked(openvino, text=PROMPT, likely=3, of_prompt=True)
    other = asked(ctranslate2, text=PROMPT, likely=0)
    assert [t.log for t in said.tokens] == pytest.approx([t.log for t in other.tokens], abs=1e-3)
    assert len(said.prompt_tokens) == said.spent.prompt
    for token in said.tokens:
        assert token.others[0] == (token.text, token.log)
        assert len(token.others) == 3


def test_ctranslate2_has_no_seed_and_says_so(ctranslate2: Running) -> None:
    drawn = [asked(ctranslate2, text=PROMPT, temperature=1.5) for _ in range(2)]
    assert drawn[0].text != drawn[1].text
    assert "draws without a seed" in drawn[0].notes[0]
    with pytest.raises(UsageError, match="leave the seed out"):
        asked(ctranslate2, text=PROMPT, temperature=1.5, seed=1)


@pytest.mark.parametrize("engine", ["openvino", "ctranslate2", "onnxruntime-genai"])
def test_a_long_prompt_and_what_is_not_honored_are_refused(
    engine: str, request: pytest.FixtureRequest
) -> None:
    running: Running = request.getfixturevalue(engine)
    with pytest.raises(UsageError, match=r"the prompt has [\d,]+ tokens and the context holds 200"):
        asked(running, text="fox " * 200)
    with pytest.raises(UsageError, match="does not honor bias"):
        asked(running, text="a", bias={3: 1.0})
    full = asked(running, text=PROMPT, max_tokens=None)
    assert full.finish in ("context", "stop")


@pytest.mark.parametrize("engine", ["openvino", "ctranslate2", "onnxruntime-genai"])
def test_who_gives_up_leaves_it_free(engine: str, request: pytest.FixtureRequest) -> None:
    running: Running = request.getfixturevalue(engine)
    parts = running.ask(Request(text=PROMPT, max_tokens=150))
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    assert asked(running, text=PROMPT).spent.generated == 16


@pytest.mark.parametrize("engine", ["openvino", "ctranslate2", "onnxruntime-genai"])
def test_tokens_are_counted_split_and_spelled(engine: str, request: pytest.FixtureRequest) -> None:
    running, said = request.getfixturevalue(engine), "the quick brown fox"
    asked = Request(text=said, max_tokens=2, temperature=0)
    *_, result = running.ask(asked)
    assert wait(running.engine.count(running, asked)) == result.spent.prompt
    tokens = wait(running.engine.split(running, said, special=False))
    assert wait(running.engine.spell(running, tokens)).strip() == said


def test_openvino_holds_to_a_schema(openvino: Running) -> None:
    result = asked(openvino, messages=(Message("user", "hi"),), schema=SCHEMA, max_tokens=120)
    assert list(json.loads(result.text)) == ["a"]


def test_ctranslate2_stops_at_a_word_and_tells_likelihoods(
    ctranslate2: Running, make: Make
) -> None:
    said = expected(make("llama", "ctranslate2", "f32"))["text"]
    word = said[4:6]
    found = asked(ctranslate2, text=PROMPT, stop=(word,), likely=0)
    assert found.text == said[: said.index(word)]
    assert found.finish == "stop"
    assert all(token.log <= 0 for token in found.tokens)


@pytest.mark.parametrize(
    ("engine", "precision", "smaller"),
    [
        ("openvino", "int8", 0.4),
        ("openvino", "int4", 0.3),
        ("ctranslate2", "int8", 0.4),
        ("onnxruntime-genai", "int8", 0.5),
        ("onnxruntime-genai", "int4", 0.4),
    ],
)
def test_narrow_weights_are_smaller_and_begin_the_same(
    make: Make, engine: str, precision: str, smaller: float
) -> None:
    """Random weights are the worst case: with 8 bits at least the first tokens stay."""
    made, whole = make("llama", engine, precision), make("llama", engine, "f32")
    names = {"openvino": "openvino_model.bin", "ctranslate2": "model.bin"}
    weights = names.get(engine, "model.onnx.data")
    sizes = [(Path(one.path) / weights).stat().st_size for one in (made, whole)]
    assert sizes[0] < smaller * sizes[1]
    with begun(engine, made) as running:
        text = asked(running, text=PROMPT).text
    assert text
    if precision == "int8":
        assert text[:3] == expected(made)["text"][:3]


def test_an_encoder_and_a_decoder_answer_on_ctranslate2(make: Make) -> None:
    made = make("t5", "ctranslate2", "f32")
    with begun("ctranslate2", made) as running:
        assert asked(running, text=PROMPT).text == expected(made)["text"]
        with pytest.raises(UsageError, match="answers a text, not a chat"):
            asked(running, messages=(Message("user", "hi"),))


def test_vectors_on_openvino_are_those_of_the_library(make: Make) -> None:
    made = make("bert", "openvino", "f32")
    with begun("openvino", made) as running:
        (found,) = running.ask(vectors.Request(items=TEXTS, normalize=False))
        (normal,) = running.ask(vectors.Request(items=TEXTS, dimensions=8))
        *progress, many = running.ask(vectors.Request(items=TEXTS * 10))
        with pytest.raises(UsageError, match=r"a text has [\d,]+ tokens and 200 fit"):
            list(running.ask(vectors.Request(items=("fox " * 300,))))
    for vector, wanted in zip(found.dense, expected(made), strict=True):
        assert vectors.floats(vector) == pytest.approx(wanted, abs=1e-5)
    assert sum(x * x for x in vectors.floats(normal.dense[0])) == pytest.approx(1)
    assert len(vectors.floats(normal.dense[0])) == 8
    assert len(many.dense) == 30
    assert len(progress) == 1


def test_ranks_on_openvino_are_those_of_the_library(make: Make) -> None:
    made = make("ranker", "openvino", "f32")
    with begun("openvino", made) as running:
        (found,) = running.ask(ranks.Request(query=TEXTS[0], documents=TEXTS))
        (best,) = running.ask(ranks.Request(query=TEXTS[0], documents=TEXTS, top=1))
    by_place = {ranked.index: ranked.score for ranked in found.ranked}
    assert [by_place[n] for n in range(3)] == pytest.approx(expected(made), abs=1e-5)
    assert found.scale == "probability"
    assert len(best.ranked) == 1


def test_whisper_on_openvino_hears_what_the_library_hears(make: Make, tmp_path: Path) -> None:
    made = make("whisper", "openvino", "f32")
    said, sound = expected(made), File(of(made) / "sound.wav", "audio")
    with begun("openvino", made) as running:
        *pieces, heard = running.ask(hearing.Request(audio=sound, language="fr"))
        *_, english = running.ask(hearing.Request(audio=sound, language="fr", translate=True))
        for wish, why in (
            ({"timestamps": "word"}, "not of words"),
            ({"language": "xx"}, "does not know the language xx"),
            ({"temperature": 0.5}, "a temperature is refused"),
        ):
            with pytest.raises(UsageError, match=why):
                list(running.ask(hearing.Request(**{"audio": sound, **wish})))  # type: ignore[arg-type]
    assert (heard.text, heard.seconds) == (said["transcribe"], 3.0)
    assert "".join(piece.text for piece in pieces) == heard.text
    assert english.text == said["translate"]


def test_whisper_on_ctranslate2_hears_what_the_library_hears(make: Make) -> None:
    made = make("whisper", "ctranslate2", "f32")
    said, sound = expected(made), File(of(made) / "sound.wav", "audio")
    with begun("ctranslate2", made) as running:
        *_, heard = running.ask(hearing.Request(audio=sound, language="fr"))
        *_, english = running.ask(hearing.Request(audio=sound, language="fr", translate=True))
        with pytest.raises(UsageError, match="honors no timestamps"):
            list(running.ask(hearing.Request(audio=sound, timestamps="segment")))
        with pytest.raises(UsageError, match="does not know the language xx"):
            list(running.ask(hearing.Request(audio=sound, language="xx")))
    assert (heard.text, heard.seconds) == (said["transcribe"], 3.0)
    assert english.text == said["translate"]


@pytest.mark.parametrize("to", ["openvino", "ctranslate2", "onnxruntime-genai"])
def test_what_was_made_says_what_it_was_made_from_and_runs(make: Make, to: str) -> None:
    made = make("llama", to, "f32")
    folder = Path(made.path)
    told = json.loads((folder / "freehold-lineage.json").read_text())
    assert told["base"]["sha256"].keys() == {"model.safetensors"}
    assert (told["to"], told["precision"]) == (to, "f32")
    assert "torch" in told["tools"]
    assert (folder / "LICENSE").read_text() == "Do as you like."
    assert find(folder).tasks[0] == "text-generation"
    answer = run(folder, PROMPT, max_tokens=4, continuing=True, temperature=0.0, context=100)
    assert answer.measured.engine == to
    assert expected(made)["text"].startswith(answer.text[:2])
