"""Running a local model: what is found, chosen, said, measured and written down."""

import sys
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.answer import Answer
from freehold.actions.engines import choose_engine, engines
from freehold.actions.local_model import find
from freehold.actions.run import Wishes, prepare, run, stream
from freehold.core.errors import BrokenInput, EnvironmentProblem, NotFound, UsageError
from freehold.formats.gguf_writing import write_gguf
from freehold.formats.invented_llama import write_llama
from freehold.store.ledger import Ledger
from freehold.tasks.text_generation import Piece
from tests.engines.stubs import TINY, stub, tiny
from tests.gguf_models.zoo import zoo

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny model on a machine whose llama-server is a stand-in."""
    monkeypatch.setenv("FREEHOLD_LLAMA_SERVER", str(stub(tmp_path)))
    return tiny(tmp_path)


def rows() -> list[dict[str, Any]]:
    """The facts of every run in the ledger."""
    with Ledger.open() as ledger:
        return [dict(row.facts) for row in ledger.rows("run")]


def test_a_file_is_run_and_the_answer_says_how(model: Path) -> None:
    answer = run(model, "Why?", seed=3)
    form = answer.form()
    assert form["text"] == "Blue, because it scatters."
    assert form["engine"] == {"name": "llama.cpp", "version": "b9999-stub"}
    assert (form["seed"], form["finish"], form["context"]) == (3, "stop", 2048)
    assert form["usage"]["generated"] == 26
    assert form["speed"]["decode"] == pytest.approx(100)
    assert form["peak_memory"] > 2**20


def test_pieces_come_before_the_answer(model: Path) -> None:
    *pieces, answer = stream(model, "Why?")
    assert all(isinstance(piece, Piece) for piece in pieces)
    assert isinstance(answer, Answer)


def test_a_model_larger_than_all_memory_is_refused_before_it_is_started(tmp_path: Path) -> None:
    large = next(model for model in zoo() if model.name == "deepseek-v3")
    file = large.hole(tmp_path / "large.gguf")
    with pytest.raises(EnvironmentProblem, match="GiB of memory, and this machine has") as refused:
        run(file, "Why?")
    assert "freehold plan" in str(refused.value.hint)
    assert list(rows()) == []


def test_each_run_is_measured_into_the_ledger_without_a_word_of_what_was_said(model: Path) -> None:
    run(model, "a question about zebras", system="speak of giraffes")
    (row,) = rows()
    assert row["predicted"]["expected"] > 0
    assert row["digest"] == find(model).digest
    assert row["architecture"] == "llama"
    assert row["setting"]["context"] == 2048
    assert row["measured"]["generated_tokens"] == 26
    assert row["measured"]["prompt_seconds"] == 0.02
    assert row["measured"]["peak"] > 2**20
    words = str(row).lower()
    assert not [word for word in ("zebra", "giraffe", "blue", "scatter") if word in words]


def test_a_model_with_an_endless_name_is_run_and_written_down_all_the_same(
    tmp_path: Path, model: Path
) -> None:
    metadata = {"general.architecture": "llama", "general.name": "a b\n" * 5000}
    write_gguf(model, metadata, [])
    assert len(run(model, "Why?").model.name) == 200
    assert len(rows()) == 1


def test_the_share_of_the_cores_is_told_where_an_answer_took_long_enough(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freehold.actions.measuring.LONG_ENOUGH", 0.0)
    run(model, "Why?")
    assert 0 <= rows()[0]["measured"]["share"] <= 1
    monkeypatch.setattr("freehold.actions.measuring.LONG_ENOUGH", 60.0)
    run(model, "Why?")
    assert rows()[1]["measured"]["share"] is None


def test_a_run_can_stay_out_of_the_ledger(model: Path) -> None:
    run(model, "Why?", record=False)
    assert rows() == []


def test_a_ledger_that_cannot_be_written_is_said_and_does_not_cost_the_answer(
    model: Path, home: Path
) -> None:
    (home / "state" / "ledger.sqlite3").mkdir(parents=True)
    answer = run(model, "Why?")
    assert answer.result.text
    assert any("not in the ledger" in note for note in answer.notes)


def test_a_prompt_without_a_chat_template_is_continued_and_that_is_said(
    tmp_path: Path, model: Path
) -> None:
    data = model.read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.chat_templatx")
    model.write_bytes(data)
    assert any("no chat template" in note for note in run(model, "Why?").notes)
    assert run(model, "Why?", continuing=True).notes == ()
    with pytest.raises(UsageError, match="takes no system message or schema"):
        run(model, "Why?", system="Be brief.")


@pytest.mark.parametrize(
    ("wishes", "why"),
    [
        ({"prompt": "  "}, "the prompt is empty"),
        ({"tempreture": 1}, "text-generation does not know tempreture"),
        ({"messages": ()}, "text-generation does not know messages"),
        ({"context": 3}, "at least 64 tokens"),
        ({"kv": "q9"}, "'q9' is no precision"),
        ({"continuing": True, "system": "x"}, "takes no system message"),
        ({"engine": "lama"}, "no engine 'lama'"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(
    model: Path, wishes: dict[str, Any], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        run(model, wishes.pop("prompt", "Why?"), **wishes)


def test_a_context_beyond_the_training_is_said(model: Path) -> None:
    assert prepare(model, Wishes()).job.setting.context == 2048
    (note,) = prepare(model, Wishes(context=4096)).notes
    assert "trained for 2,048 tokens" in note


def test_a_folder_with_one_model_is_that_model(model: Path) -> None:
    assert find(model.parent).file == model
    (model.parent / "mmproj-tiny.gguf").write_bytes(model.read_bytes())
    assert find(model.parent).file == model
    (model.parent / "other.gguf").write_bytes(model.read_bytes())
    with pytest.raises(UsageError, match=r"holds 2 models: other\.gguf, tiny\.gguf"):
        find(model.parent)


def test_a_split_model_needs_all_of_its_parts(tmp_path: Path) -> None:
    first, second = (tmp_path / f"m-0000{n}-of-00002.gguf" for n in (1, 2))
    write_gguf(first, {"general.architecture": "llama", "split.count": 2}, [])
    with pytest.raises(BrokenInput, match=r"1 of its parts are missing: m-00002-of-00002\.gguf"):
        find(first)
    write_gguf(second, {"general.architecture": "llama", "split.count": 2}, [])
    assert find(tmp_path).size == first.stat().st_size + second.stat().st_size
    with pytest.raises(UsageError, match="is a later part"):
        find(second)


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"general.type": "adapter", "general.architecture": "llama"}, "is an adapter"),
        ({"general.type": "mmproj", "general.architecture": "clip"}, "is a projector"),
        ({"general.name": "x"}, "does not say its architecture"),
    ],
)
def test_what_is_no_model_is_told_before_any_engine_starts(
    tmp_path: Path, metadata: dict[str, str], why: str
) -> None:
    file = tmp_path / "x.gguf"
    write_gguf(file, metadata, [])
    with pytest.raises(BrokenInput, match=why):
        find(file)


def test_what_is_not_here_is_told_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        find(tmp_path / "nothing.gguf")
    with pytest.raises(EnvironmentProblem, match="is not on this machine"):
        find("llama-3.2-1b")
    with pytest.raises(BrokenInput, match="holds no model that can be run"):
        find(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(BrokenInput, match=r"no config\.json that says what they are"):
        find(tmp_path)


def test_the_digest_tells_models_apart_and_reads_only_the_head(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.gguf", "b.gguf")]
    for file, seed in zip(files, (1, 2), strict=True):
        write_llama(file, TINY, seed)
    assert find(files[0]).digest != find(files[1]).digest


def test_the_choice_of_an_engine_gives_its_reasons(model: Path) -> None:
    engine, candidates = choose_engine(find(model), "text-generation")
    (candidate,) = [one for one in candidates if one.taken]
    assert (engine.name, candidate.taken, candidate.because) == (
        "llama.cpp",
        True,
        "the first that can",
    )
    with pytest.raises(EnvironmentProblem, match=r"llama\.cpp: it does not do segmentation"):
        choose_engine(find(model), "segmentation")


def test_where_none_is_installed_one_is_named_that_a_command_installs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freehold.actions.engines._missing", lambda engine: "not installed")
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    (tmp_path / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    with pytest.raises(EnvironmentProblem, match="transformers can run") as wrong:
        choose_engine(find(tmp_path), "text-generation")
    assert wrong.value.hint == "freehold runtime install transformers"


def test_engines_are_listed_with_all_they_declare(model: Path) -> None:
    (row,) = [row.form() for row in engines() if row.engine.name == "llama.cpp"]
    assert (row["installed"], row["how"]) == (True, "program")
    assert row["tasks"] == ["feature-extraction", "text-generation", "text-ranking"]
    assert row["formats"] == ["gguf"]
    assert "cuda" in row["devices"]


def test_a_model_whose_template_reaches_for_python_is_not_started(tmp_path: Path) -> None:
    template = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    metadata: dict[str, str | int] = {
        "general.architecture": "llama",
        "llama.context_length": 64,
        "tokenizer.chat_template": template,
    }
    write_gguf(tmp_path / "bad.gguf", metadata, [])
    with pytest.raises(BrokenInput, match=r"bad\.gguf contains code"):
        prepare(tmp_path / "bad.gguf", Wishes())
