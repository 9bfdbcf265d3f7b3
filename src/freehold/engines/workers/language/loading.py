"""Opens a model in the layout of Transformers: its class, weights, precision and device.

Nothing of the model is executed: only classes of the library and of ours, only safetensors.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
import transformers
from msgspec import Struct

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.workers.language.ports import ported
from freehold.engines.workers.order import Order

PRECISIONS = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
NAMES = {dtype: name for name, dtype in PRECISIONS.items()}
BUFFERS = ("rotary_emb.inv_freq", "masked_bias", "attn.bias", "attention.bias", "position_ids")
"""Ends of names of numbers that older files hold and that are computed today."""
SHOWN = 3
Answering = TypeVar("Answering", bound=Callable[..., Any])


class Opened(Struct, frozen=True, kw_only=True):
    """A model that is ready to compute, and what must be said about it."""

    model: Any
    config: Any
    folder: Path
    device: str
    precision: str
    notes: tuple[str, ...] = ()


def settle(order: Order) -> Path:
    """Set the threads and check the device; the folder of the model."""
    torch.set_num_threads(max(1, order.threads))
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if order.device.startswith("cuda") and not torch.cuda.is_available():
        raise EnvironmentProblem(
            f"no NVIDIA card can be used by torch {torch.__version__}",
            hint="--device cpu computes on the processor",
        )
    return Path(order.model)


def calm(answer: Answering) -> Answering:
    """The same function, or function of a generator, without keeping what training needs."""
    return cast(Answering, torch.no_grad()(answer))


def configuration(folder: Path) -> Any:
    """The model's configuration; UsageError for a kind that the library does not know."""
    known = said(folder, "config.json")
    if not known:
        raise BrokenInput(f"{folder.name}: there is no config.json that can be read")
    port = ported(known)
    try:
        if port is not None:
            return port.Config(**known)
        return transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    except (KeyError, ValueError) as error:
        kind = known.get("model_type") or "unnamed"
        raise UsageError(
            f"transformers {transformers.__version__} does not know the kind of model {kind!r}",
            hint="code that comes with a model is never run",
        ) from error


def said(folder: Path, name: str) -> dict[str, Any]:
    """What a JSON file of the model says; empty when there is none."""
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def architecture(config: Any, fallback: Mapping[str, str]) -> Any:
    """The class that the configuration names, else the one the library has for its kind."""
    port = ported(config.to_dict())
    if port is not None:
        return port.Model
    names = list(getattr(config, "architectures", None) or ())
    names += [fallback[config.model_type]] if config.model_type in fallback else []
    for name in names:
        found = getattr(transformers, name, None)
        if found is not None:
            return found
    told = " or ".join(names) or config.model_type
    raise UsageError(f"transformers {transformers.__version__} has no {told}")


def opened(
    order: Order,
    kind: Any,
    config: Any,
    *,
    spare: tuple[str, ...] = (),
    idle: tuple[str, ...] = (),
) -> Opened:
    """The model of this class with its weights, as they are stored unless a precision is said.

    Weights whose names begin with one of `spare` may be missing, because nothing asks for them;
    those of `idle` may be there without being used. Any other difference is an error.
    """
    folder = Path(order.model)
    if not any(folder.glob("*.safetensors")):
        raise BrokenInput(
            f"{folder.name}: there are no weights in safetensors",
            hint=f"freehold convert {folder} makes them from a checkpoint of PyTorch",
        )
    try:
        model, found = kind.from_pretrained(
            folder,
            config=config,
            dtype=wanted(order),
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    except ImportError as error:
        how = (getattr(config, "quantization_config", None) or {}).get("quant_method", "such")
        raise UsageError(f"{folder.name}: weights in {how} form need what is not here") from error
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise BrokenInput(f"{folder.name}: cannot be loaded: {error}"[:600]) from error
    checked(folder, found, spare, idle)
    model = with_adapters(model, order.adapters).eval().to(order.device)
    precision = NAMES.get(model.dtype, str(model.dtype).removeprefix("torch."))
    return Opened(
        model=model,
        config=model.config,
        folder=folder,
        device=order.device,
        precision=precision,
        notes=changed(folder, order, precision),
    )


def wanted(order: Order) -> Any:
    """The type of numbers that is asked for, or `auto`."""
    if order.precision is None:
        return "auto"
    if order.precision not in PRECISIONS:
        raise UsageError(
            f"transformers does not compute in {order.precision!r}",
            hint="precisions here: " + ", ".join(PRECISIONS),
        )
    return PRECISIONS[order.precision]


def checked(
    folder: Path, found: Mapping[str, Any], spare: tuple[str, ...], idle: tuple[str, ...]
) -> None:
    """Refuse weights that are not those of the class: some are missing, or would do nothing."""
    for name, free, word in (
        ("missing_keys", spare, "lack"),
        ("mismatched_keys", (), "have in another shape"),
        ("unexpected_keys", idle, "have what nothing here uses:"),
    ):
        keys = sorted(str(key) for key in found.get(name) or ())
        free_ends = BUFFERS if name == "unexpected_keys" else ()
        wrong = [key for key in keys if not key.startswith(free) and not key.endswith(free_ends)]
        if wrong:
            raise BrokenInput(f"{folder.name}: the weights {word} {listed(wrong)}")


def listed(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def changed(folder: Path, order: Order, precision: str) -> tuple[str, ...]:
    """That it computes in another precision than its publisher stores."""
    config = said(folder, "config.json")
    stored = config.get("dtype") or config.get("torch_dtype")
    known = NAMES.get(getattr(torch, str(stored), None)) if stored else None
    if order.precision and known and known != precision:
        return (f"computes in {precision}; the weights are stored in {known}",)
    return ()


def with_adapters(model: Any, adapters: tuple[str, ...]) -> Any:
    """The model with LoRA adapters merged into it, one after another."""
    for place in adapters:
        folder = Path(place)
        if not (folder / "adapter_model.safetensors").is_file():
            raise BrokenInput(f"{folder.name}: there is no adapter_model.safetensors")
        from peft import PeftModel

        try:
            model = PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
        except (ValueError, RuntimeError, KeyError, TypeError) as error:
            raise BrokenInput(f"{folder.name}: does not fit: {error}"[:600]) from error
    return model


def longest(config: Any, context: int | None) -> int:
    """How many tokens a sequence may have: what was asked for and the model can count."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    names = ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "seq_length")
    told = [getattr(text, name, None) for name in names]
    counts = [n for n in told if isinstance(n, int) and n > 0]
    if getattr(config, "is_encoder_decoder", False) and "t5" in config.model_type:
        counts = []  # its distances have no end
    known = counts[:1]
    return min([*known, *([context] if context else [])], default=2048)
