"""The network in PyTorch, and what llama.cpp makes of its files, are the same."""

import importlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

HOME = Path(__file__).parent.parent.parent / "models" / "freehold-seed"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("torch") is None, reason="needs torch"),
    pytest.mark.skipif(find_spec("tokenizers") is None, reason="needs tokenizers"),
]
TEXTS = [
    "i need to transcribe french calls on my 8 gb laptop, commercially",
    "ein chatbot auf deutsch mit 32k kontext",
    "un modèle comme dall-e 3",
    "hello, how are you?",
]


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(HOME / "recipe")
    monkeypatch.syspath_prepend(HOME / "package" / "src")
    monkeypatch.setattr("freehold.actions.seed.PACKAGE", "freehold_seed")
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(HOME) in str(sys.modules[name]):
            del sys.modules[name]


def written(text: str) -> str:
    """What the network in PyTorch writes, always the likeliest."""
    import torch  # type: ignore[import-not-found, unused-ignore]
    from safetensors.torch import load_file  # type: ignore[import-not-found, unused-ignore]
    from tokenizers import Tokenizer  # type: ignore[import-not-found, unused-ignore]

    model, export = importlib.import_module("model"), importlib.import_module("export")
    tokenizer: Any = Tokenizer.from_file(str(HOME / "tokenizer.json"))
    named = load_file(HOME / "model.safetensors")
    own = dict(named_as_ours(export, named))
    network = model.Network(export.shaped(own))
    network.load_state_dict({name: tensor.float() for name, tensor in own.items()})
    user, need, end = (tokenizer.token_to_id(mark) for mark in ("<|user|>", "<|need|>", "<|end|>"))
    ids = [user, *tokenizer.encode(text).ids, need]
    start = len(ids)
    with torch.no_grad():
        while ids[-1] != end and len(ids) < start + 80:
            row = torch.tensor([ids])
            logits = network.logits(row, torch.ones_like(row), torch.tensor([len(ids) - 1]))
            ids.append(int(logits.argmax()))
    return str(tokenizer.decode(ids[start:-1]))


def named_as_ours(export: Any, named: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "embedding.weight", named["model.embed_tokens.weight"]
    yield "norm", named["model.norm.weight"]
    for name, tensor in named.items():
        if name.startswith("model.layers."):
            layer, _, rest = name.removeprefix("model.layers.").partition(".")
            part = next(p for p, (theirs, _) in export.LAYER.items() if rest == f"{theirs}.weight")
            yield f"blocks.{layer}.{part}" + ("" if "norm" in part else ".weight"), tensor


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="needs xllamacpp")
def test_both_write_the_same(recipe: None, text: str) -> None:
    from freehold.actions.run import run

    file = HOME / "package" / "src" / "freehold_seed" / "freehold-seed.gguf"
    answer = run(file, text, temperature=0.0, max_tokens=80, context=256, record=False)
    assert answer.result.text == written(text)


def test_a_few_steps_of_training_lower_the_loss(recipe: None, tmp_path: Path) -> None:
    import torch

    model, muon = importlib.import_module("model"), importlib.import_module("muon")
    torch.manual_seed(1)
    network = model.Network(model.Shape(vocabulary=64, width=64, layers=2, heads=1, feed=96))
    optimizer = muon.Muon([p for p in network.parameters() if p.dim() == 2])
    rows = torch.arange(40).repeat(4, 1) % 17
    places = torch.arange(0, 160, 4)
    losses = []
    for _ in range(30):
        loss = network(rows, torch.ones_like(rows), places, (rows.flatten()[places] + 1) % 17)
        loss.backward()
        optimizer.step(0.02)
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_pairs_in_one_row_do_not_see_each_other(recipe: None) -> None:
    import torch

    model = importlib.import_module("model")
    torch.manual_seed(1)
    network = model.Network(model.Shape(vocabulary=64, width=64, layers=2, heads=1, feed=96))
    last = torch.tensor([7])
    pairs = torch.tensor([[1, 1, 1, 1, 2, 2, 2, 2]])
    with torch.no_grad():
        one = network.logits(torch.tensor([[1, 2, 3, 4, 5, 6, 7, 8]]), pairs, last)
        other = network.logits(torch.tensor([[9, 9, 9, 9, 5, 6, 7, 8]]), pairs, last)
    assert torch.equal(one, other)
