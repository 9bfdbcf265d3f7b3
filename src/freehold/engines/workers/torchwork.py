"""What workers on PyTorch share: device, number types, threads, and sums that are numbers."""

from pathlib import Path
from typing import Any

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.workers.order import Order
from freehold.formats.safetensors import read_safetensors

NAMES = {"F32": "f32", "BF16": "bf16", "F16": "f16"}
TYPES = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}


def prepared(order: Order) -> Any:
    """PyTorch, with the threads that were ordered; an error when the device is not there."""
    import torch

    torch.set_num_threads(order.threads)
    if order.device.startswith("cuda") and not torch.cuda.is_available():
        raise EnvironmentProblem(f"PyTorch sees no device {order.device!r} here")
    return torch


def wanted_type(order: Order, folder: Path) -> str:
    """The number type to compute with: as ordered, else as most of the weights are stored."""
    found = order.precision or stored(folder) or "f32"
    if found not in TYPES:
        raise UsageError(f"precision {found!r}: these weights run in {', '.join(TYPES)}")
    return found


def stored(folder: Path) -> str | None:
    """The number type of most weights in the safetensors files of a folder."""
    counts: dict[str, int] = {}
    for path in sorted(folder.glob("*.safetensors")):
        for name, count in read_safetensors(path, path.name).dtypes.items():
            counts[name] = counts.get(name, 0) + count
    known = {NAMES[name]: count for name, count in counts.items() if name in NAMES}
    return max(known, key=lambda name: known[name]) if known else None


def finite(values: Any, what: str) -> None:
    """BrokenInput when any of the values is no number."""
    if not bool(values.isfinite().all()):
        raise BrokenInput(
            f"{what} holds values that are no numbers (NaN or infinite)",
            hint="the weights are broken, or too large for this precision: try --precision f32",
        )


def model_of(kind: Any, order: Order) -> Any:
    """A model of a class of transformers, read from safetensors, whole, ready on its device."""
    torch, folder = prepared(order), Path(order.model)
    if order.adapters:
        raise UsageError(f"{kind.__name__}: run without adapters (LoRA) so far")
    try:
        model, told = kind.from_pretrained(
            str(folder),
            dtype=getattr(torch, TYPES[wanted_type(order, folder)]),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # each library below raises kinds of its own
        raise BrokenInput(f"{folder.name} cannot be loaded: {str(error)[:500]}") from error
    if missing := sorted(told["missing_keys"]):
        raise BrokenInput(
            f"{folder.name}: {len(missing)} tensors of {kind.__name__} are not in its files,"
            f" such as {missing[0]}"
        )
    return model.to(order.device).eval()


def processor_of(kind: Any, order: Order) -> Any:
    """What prepares the inputs of a model, as its files say."""
    try:
        return kind.from_pretrained(order.model, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, TypeError, KeyError, ImportError) as error:
        name = Path(order.model).name
        raise BrokenInput(f"{name}: no {kind.__name__} for it: {str(error)[:500]}") from error


def config_of(order: Order) -> Any:
    """The configuration of a model in the layout of transformers; UsageError for unknown ones."""
    import transformers

    name = Path(order.model).name
    try:
        return transformers.AutoConfig.from_pretrained(
            order.model, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise BrokenInput(f"{name}: its configuration is not known: {str(error)[:300]}") from error
