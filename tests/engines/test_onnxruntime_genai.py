"""What can be said of onnxruntime-genai without it: layouts, refusals, how an answer is made."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.actions.convert_model import _converter
from freehold.actions.engines import choose_engine
from freehold.actions.local_model import find
from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.base import ENGINES, Job
from freehold.engines.workers.saying import Said, Step, answered, room
from freehold.formats.genai import read_genai
from freehold.judge.fitting.parts import Setting
from freehold.tasks.base import Progress
from freehold.tasks.text_generation import Piece, Request

DECODER = {"decoder": {"filename": "model.onnx"}}
MODEL = {"type": "llama", "context_length": 512, "eos_token_id": [1, 7], **DECODER}


def folder(at: Path, model: Any = MODEL, **more: Any) -> Path:
    """A model in this layout, as far as its papers go."""
    at.mkdir(exist_ok=True)
    (at / "genai_config.json").write_text(json.dumps({"model": model, "search": {}, **more}))
    (at / "model.onnx").write_bytes(b"graph")
    (at / "model.onnx.data").write_bytes(bytes(1000))
    (at / "chat_template.jinja").write_text("{{ messages }}")
    return at


def test_the_layout_is_recognized_before_that_of_transformers(tmp_path: Path) -> None:
    at = folder(tmp_path / "tiny")
    (at / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    found = find(at)
    assert (found.format, found.architecture) == ("onnxruntime-genai", "llama")
    assert (found.tasks, found.context, found.size) == (("text-generation",), 512, 1005)
    assert found.chat_template


def test_only_its_engine_is_asked_for_and_how_to_get_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREEHOLD_RUNTIMES", str(tmp_path))
    with pytest.raises(EnvironmentProblem, match="onnxruntime-genai can run tiny") as error:
        choose_engine(find(folder(tmp_path / "tiny")), "text-generation")
    assert error.value.hint == "freehold runtime install onnxruntime-genai"


@pytest.mark.parametrize("part", ["vision", "encoder", "speech"])
def test_what_does_more_than_write_is_known_and_not_run(tmp_path: Path, part: str) -> None:
    at = folder(tmp_path / "tiny", {**MODEL, part: {}})
    assert find(at).tasks == ()
    assert not read_genai(at).writes


def test_machine_code_and_cards_that_a_model_names_are_found_wherever_they_stand(
    tmp_path: Path,
) -> None:
    session = {"custom_ops_library": "evil.so", "provider_options": [{"cpu": {}}, {"cuda": {}}]}
    hidden = {"pipeline": [{"x": {"session_options": session}}]}
    told = read_genai(folder(tmp_path / "a", {**MODEL, "decoder": hidden}))
    assert (told.programs, told.providers) == (("custom_ops_library",), ("cuda",))
    plain = read_genai(folder(tmp_path / "b"))
    assert (plain.programs, plain.providers, plain.ends) == ((), (), (1, 7))


@pytest.mark.parametrize("model", [None, {}, {"type": 3}, []])
def test_a_file_that_says_nothing_is_broken(tmp_path: Path, model: Any) -> None:
    with pytest.raises(BrokenInput, match="does not say what the model is"):
        find(folder(tmp_path / "tiny", model))


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "decoder", "eos_token_id", "context_length",
                             "provider_options", "custom_ops_library"]), inner, max_size=4,
        )
    ),
)  # fmt: skip


@given(ANY)
def test_any_description_is_read_or_broken(
    tmp_path_factory: pytest.TempPathFactory, model: Any
) -> None:
    at = folder(tmp_path_factory.getbasetemp() / "any", model)
    try:
        told = read_genai(at)
    except BrokenInput:
        return
    assert all(isinstance(end, int) for end in told.ends)
    assert ("custom_ops_library" in json.dumps(model)) >= bool(told.programs)


def test_a_graph_that_is_not_there_is_said(tmp_path: Path) -> None:
    at = folder(tmp_path / "tiny")
    for file in at.glob("model.onnx*"):
        file.unlink()
    with pytest.raises(BrokenInput, match="no graph"):
        find(at)


def test_it_computes_on_the_processor_alone(tmp_path: Path) -> None:
    engine = ENGINES.get("onnxruntime-genai")
    job = Job(model=tmp_path, task="text-generation", setting=Setting(context=64), device="cuda")
    with pytest.raises(UsageError, match="on the processor here"):
        engine.order(job, "s", "k")


def test_narrow_keys_and_values_are_refused(tmp_path: Path) -> None:
    setting = Setting(context=64, keys="q8_0", values="q8_0")
    job = Job(model=tmp_path, task="text-generation", setting=setting)
    with pytest.raises(UsageError, match="not in q8_0"):
        ENGINES.get("onnxruntime-genai").order(job, "s", "k")


def test_every_engine_that_is_converted_for_has_its_script() -> None:
    for engine in ("openvino", "ctranslate2", "onnxruntime-genai"):
        assert _converter(engine).is_file()


class Letters:
    """Words whose tokens are the letters of the alphabet."""

    def text(self, ids: list[int]) -> str:
        """One letter for each."""
        return "".join(chr(97 + one) for one in ids)


def steps(ids: list[int], closed: list[bool]) -> Generator[Step, None, None]:
    try:
        yield Progress(1, 2, "tokens", None)
        for one in ids:
            yield one, ()
    finally:
        closed.append(True)


def told(ids: list[int], most: int, **wishes: Any) -> tuple[list[Any], list[bool]]:
    closed: list[bool] = []
    place = room(3, 10, most)
    words: Any = Letters()
    return list(answered(words, Request(**wishes), steps(ids, closed), place, 5, ("n",))), closed


def test_an_answer_ends_at_its_word_and_closes_what_gives_it() -> None:
    (progress, *pieces, result), closed = told([0, 1, 2, 3, 4], 7, stop=("cd",))
    assert isinstance(progress, Progress)
    assert "".join(piece.text for piece in pieces) == result.text == "ab"
    assert (result.finish, result.seed, result.notes, closed) == ("stop", 5, ("n",), [True])
    assert result.spent.prompt == 3


@pytest.mark.parametrize(
    ("count", "most", "finish"), [(2, 5, "stop"), (5, 5, "length"), (7, 99, "context")]
)
def test_why_an_answer_ended_is_told(count: int, most: int, finish: str) -> None:
    (*_, result), _ = told([0] * count, most)
    assert (result.finish, result.text) == (finish, "a" * count)


def test_who_gives_up_closes_the_work() -> None:
    closed: list[bool] = []
    words: Any = Letters()
    answer = answered(words, Request(), steps([0] * 9, closed), room(3, 10, 7), 5, ())
    assert isinstance(next(answer), Progress)
    assert isinstance(next(answer), Piece)
    answer.close()
    assert closed == [True]


def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers() -> None:
    with pytest.raises(UsageError, match="the prompt has 12 tokens and the context holds 10"):
        room(12, 10, None)
    assert room(4, 10, None, apart=True).left == 10


@given(st.lists(st.integers(0, 3)), st.sampled_from([(), ("ab",), ("abc", "d"), ("a",)]))
def test_no_letter_of_a_word_that_ends_the_answer_is_ever_said(
    ids: list[int], stop: tuple[str, ...]
) -> None:
    words: Any = Letters()
    said, pieces = Said(words, Request(stop=stop)), list[Piece]()
    for one in ids:
        if not said.stopped:
            pieces += said.take(one, ())
    pieces += said.rest()
    whole = Letters().text(ids)
    ends = [place for word in stop if (place := whole.find(word)) >= 0]
    assert "".join(piece.text for piece in pieces) == said.text == whole[: min(ends, default=None)]
    assert isinstance(said.finish(len(ids) + 1, 99), str)


@given(st.integers(0, 10**13))
def test_a_larger_model_reads_fewer_tokens_at_once(size: int) -> None:
    pytest.importorskip("numpy")
    from freehold.engines.workers.onnxruntime_genai.writing import at_once

    assert 32 <= at_once(size + 10**9) <= at_once(size) <= 128
