"""The engine transformers: what it declares, refuses and lets its worker read."""

import ast
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import UsageError
from freehold.core.machine import Gpu
from freehold.engines.base import Found, Job
from freehold.engines.transformers import Engine, linked
from freehold.judge.fitting.live import ALLOCATOR
from freehold.judge.fitting.parts import Setting
from freehold.tasks.base import TASKS

SOURCE = Path(__file__).parents[2] / "src" / "freehold" / "engines" / "workers" / "language"
HERE = Found("package", Path("/usr/bin/python3"))


def job(model: Path, context: int = 64, **words: Any) -> Job:
    setting = words.pop("setting", Setting(context=context))
    return Job(model=model, task="text-generation", setting=setting, **words)


def test_every_task_has_a_module_and_is_one() -> None:
    for task, module in Engine.modules.items():
        assert TASKS.get(task)
        assert SOURCE.parent.joinpath(*module.split(".")).with_suffix(".py").is_file()
    assert set(Engine.modules) == Engine.tasks


def test_the_worker_asks_nobody_and_has_the_memory_that_was_predicted(tmp_path: Path) -> None:
    orders, _ = Engine().begin(job(tmp_path), HERE, tmp_path)
    assert orders.environment["HF_HUB_OFFLINE"] == "1"
    assert ALLOCATOR.items() <= orders.environment.items()


def test_what_links_in_a_folder_lead_to_may_be_read(tmp_path: Path) -> None:
    blobs, model = tmp_path / "blobs", tmp_path / "snapshots" / "1"
    blobs.mkdir()
    model.mkdir(parents=True)
    (blobs / "abc").write_text("weights")
    (model / "model.safetensors").symlink_to(blobs / "abc")
    assert linked(model) == (blobs,)
    orders, _ = Engine().begin(job(model), HERE, tmp_path)
    assert {model, blobs} <= set(orders.read)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"projector": Path("p.gguf")}, "takes no projector"),
        ({"gpu_layers": 3}, "takes no gpu layers"),
        (
            {"options": {"poling": "mean"}},
            "transformers has no option 'poling' for text-generation",
        ),
        ({"setting": Setting(context=64, keys="q8_0")}, "keeps keys and values"),
    ],
)
def test_what_it_cannot_honor_is_refused(words: dict[str, Any], why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=why):
        Engine().begin(job(tmp_path, **words), HERE, tmp_path)


def test_a_card_that_is_left_alone_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Machine:
        gpus = (Gpu(name="H100", memory=80 * 2**30),)

    monkeypatch.setattr("freehold.engines.transformers.probe", Machine)
    assert "H100" in " ".join(Engine().notes(job(tmp_path), HERE))
    assert Engine().notes(job(tmp_path, device="cuda"), HERE) == ()
    together = job(tmp_path, device="cuda", setting=Setting(context=64, parallel=2))
    assert "one request after the other" in " ".join(Engine().notes(together, HERE))


def test_no_worker_of_language_runs_code_of_a_model_or_reads_a_pickle_blindly() -> None:
    for file in SOURCE.rglob("*.py"):
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            words = {word.arg: ast.unparse(word.value) for word in node.keywords}
            assert "trust_remote_code" not in words, file
            if ast.unparse(node.func) == "torch.load":
                assert words.get("weights_only") == "True", file
        names = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import)
                 for name in node.names]  # fmt: skip
        assert not {"torchvision", "torchaudio"} & set(names), file
