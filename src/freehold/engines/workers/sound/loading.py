"""Loads models of sound with transformers: their own weights, all of them, and nothing else."""

import json
from collections.abc import Generator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from msgspec import NODEFAULT
from msgspec.structs import fields, replace
from transformers.utils import logging

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.order import Order
from freehold.formats.safetensors import read_safetensors

PRECISIONS = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
SHOWN = 4
SAID: list[str] = []
"""What must be said of how a model was loaded."""


def architecture(order: Order) -> str:
    """The class that a model says it is made for."""
    try:
        told = json.loads((Path(order.model) / "config.json").read_text(encoding="utf-8"))
        return str(told["architectures"][0])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise BrokenInput(f"config.json does not say what the model is: {error!r}") from error


def weights(kind: Any, order: Order, folder: Path | None = None) -> Any:
    """A model of the class `kind`, ready to run on the device of the order.

    BrokenInput when weights are missing, have another shape, or are not numbers.
    """
    logging.disable_progress_bar()
    torch.set_num_threads(order.threads)
    model, told = kind.from_pretrained(
        folder or order.model,
        dtype=precision(order),
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    lacking = sorted(told["missing_keys"]) + sorted(map(str, told["mismatched_keys"]))
    if lacking:
        names = ", ".join(lacking[:SHOWN])
        raise BrokenInput(f"{len(lacking)} tensors that the model needs are not there: {names}")
    must_be_numbers(model)
    if order.precision is None and order.device == "cpu" and narrow(Path(folder or order.model)):
        SAID.append("computed in 32-bit floats, though the weights are stored in 16")
    return model.eval().to(order.device)


def narrow(folder: Path) -> bool:
    """Whether most weights in a folder are stored in 16 bits."""
    counts: dict[str, int] = {}
    for path in folder.glob("*.safetensors"):
        for name, count in read_safetensors(path, path.name).dtypes.items():
            counts[name] = counts.get(name, 0) + count
    return max(counts, key=lambda name: counts[name], default="F32") in ("F16", "BF16")


def moved(inputs: Any, model: Any) -> dict[str, Any]:
    """Inputs where the model is; floats as precise as it computes."""
    return {
        name: value.to(model.device, model.dtype if value.is_floating_point() else value.dtype)
        for name, value in inputs.items()
    }


def telling(answer: Any) -> Any:
    """The same answer, whose result also tells how the model was loaded."""

    def told(request: Any) -> Generator[Any, None, None]:
        with closing(answer(request)) as parts:
            for part in parts:
                noted = SAID and hasattr(part, "notes")
                yield replace(part, notes=(*part.notes, *dict.fromkeys(SAID))) if noted else part

    return told


def must_be_numbers(model: Any) -> None:
    """Refuse weights that hold something that is no number."""
    for name, value in model.named_parameters():
        if not torch.isfinite(value.sum(dtype=torch.float32)):
            raise BrokenInput(f"the weights hold what is not a number: {name}")


def precision(order: Order) -> Any:
    """What the weights are while they run: as told, else 32-bit floats on a processor."""
    if order.precision is None:
        return torch.float32 if order.device == "cpu" else "auto"
    if order.precision not in PRECISIONS:
        raise UsageError(
            f"{order.precision} is not a precision of models of sound here: "
            f"{', '.join(PRECISIONS)} are"
        )
    return PRECISIONS[order.precision]


def only(request: Any, what: str, *honored: str) -> None:
    """Refuse every field of a request that was set and that this model does not honor."""
    for field in fields(request):
        usual = field.default if field.default_factory is NODEFAULT else field.default_factory()
        if field.name not in honored and usual not in (NODEFAULT, getattr(request, field.name)):
            raise UsageError(f"{what} has no {field.name.replace('_', ' ')} that could be chosen")


def seeded(seed: int | None) -> int:
    """Let what is drawn depend on a seed alone; the one that was taken."""
    taken = torch.seed() % (2**32 - 1) if seed is None else seed
    torch.manual_seed(taken)
    return int(taken)


def loader(modules: dict[str, str], order: Order) -> Any:
    """What the worker for a model's architecture loads."""
    name = architecture(order)
    if name not in modules:
        raise UsageError(
            f"{order.task} with {name} is not something that is known here: "
            f"{', '.join(sorted(modules))} are"
        )
    module = import_module(f"freehold.engines.workers.sound.{modules[name]}")
    return telling(module.load(order))


def beside(order: Order, *names: str) -> Path:
    """The folder of a second model: one of these names inside the first, or what goes on top."""
    for place in [*(Path(order.model) / name for name in names), *map(Path, order.adapters)]:
        if (place / "config.json").is_file():
            return place
    raise BrokenInput(
        f"the model needs another one beside it: {' or '.join(names)}",
        hint=f"put it into a folder {names[0]!r} in that of the model",
    )


def on_processor(order: Order) -> None:
    """Refuse a card and any precision but 32 bits, where a small model of ours takes neither."""
    torch.set_num_threads(order.threads)
    if order.device != "cpu" or order.precision not in (None, "f32"):
        raise UsageError("this model runs on the processor in 32-bit floats only")
