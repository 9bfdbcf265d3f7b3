"""Opens models in diffusers' layout: which pipeline, which files, which number types.

A cascade is a folder whose folders are models, run in the order of their names (`1-...`, `2-...`).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.torchwork import TYPES, finite, prepared, stored, wanted_type

INDEX = "model_index.json"
PAINTERS = ("unet", "transformer", "prior_prior", "decoder_unet")
"""What the part of a pipeline is called that does most of the work."""
LENT = ("text_encoder", "tokenizer", "safety_checker", "feature_extractor", "watermarker")
"""What a later stage of a cascade takes over from the first where it has none of its own."""


def opened(order: Order) -> list[Any]:
    """The pipelines of a model, most often one, ready on their device."""
    folders, found = stages(Path(order.model)), list[Any]()
    for folder in folders:
        found.append(_pipeline(folder, order, found[0] if found else None))
    for number, adapter in enumerate(order.adapters):
        _put_on(found[0], Path(adapter), f"adapter-{number}")
    if order.adapters:
        found[0].set_adapters([f"adapter-{number}" for number in range(len(order.adapters))])
    return found


def _put_on(pipeline: Any, adapter: Path, name: str) -> None:
    """Put a LoRA on top, whole: a tensor of it that finds no place is an error."""
    if not hasattr(pipeline, "load_lora_weights"):
        raise UsageError(f"{type(pipeline).__name__} takes no adapters (LoRA)")
    folder, file = (adapter, None) if adapter.is_dir() else (adapter.parent, adapter.name)
    try:
        pipeline.load_lora_weights(
            str(folder), weight_name=file, adapter_name=name, use_safetensors=True,
            local_files_only=True,
        )  # fmt: skip
    except Exception as error:  # each library below raises kinds of its own
        told = str(error)[:300]
        raise BrokenInput(f"the adapter {adapter.name} cannot be put on: {told}") from error
    if not any(name in names for names in pipeline.get_list_adapters().values()):
        raise BrokenInput(f"the adapter {adapter.name} fits no part of the model")


def stages(folder: Path) -> list[Path]:
    """The folder itself, or the models inside that are the stages of a cascade."""
    if (folder / INDEX).is_file():
        return [folder]
    inside = sorted(path.parent for path in folder.glob(f"*/{INDEX}"))
    if not inside:
        raise BrokenInput(f"{folder.name}: no model in diffusers' layout, it has no {INDEX}")
    return inside


def parts(folder: Path) -> dict[str, list[Any]]:
    """The parts that a pipeline is made of, as its index names them: a library and a class."""
    try:
        index = json.loads((folder / INDEX).read_bytes())
        return {k: v for k, v in index.items() if isinstance(v, list) and v[:1] not in ([None], [])}
    except (OSError, ValueError, AttributeError) as error:
        raise BrokenInput(f"{folder.name}/{INDEX} cannot be read: {error}") from error


def _pipeline(folder: Path, order: Order, first: Any) -> Any:
    torch = prepared(order)
    kind = _class(folder)
    number_type = wanted_type(order, _main(folder))
    given = _taken_over(folder, first)
    try:
        pipeline = kind.from_pretrained(
            str(folder),
            dtype=getattr(torch, TYPES[number_type]),
            use_safetensors=True,
            local_files_only=True,
            variant=variant(_main(folder)),
            **given,
        )
    except Exception as error:  # each library below raises kinds of its own
        raise BrokenInput(f"{folder.name} cannot be loaded: {error}") from error
    pipeline.to(order.device)
    for part in pipeline.components.values():
        if hasattr(part, "eval"):
            part.eval()
    _watch(pipeline)
    return pipeline


def _class(folder: Path) -> Any:
    """The class of the pipeline; one that diffusers does not have would be foreign code."""
    import diffusers

    index = json.loads((folder / INDEX).read_bytes())
    name = index.get("_class_name")
    kind = getattr(diffusers, name, None) if isinstance(name, str) else None
    if not (isinstance(kind, type) and issubclass(kind, diffusers.DiffusionPipeline)):
        raise UsageError(f"{name!r} is no pipeline of diffusers; code of a model is never run")
    return kind


def _main(folder: Path) -> Path:
    """The folder of the part that paints; its number type is that of the pipeline."""
    return next((folder / name for name in PAINTERS if (folder / name).is_dir()), folder)


def variant(folder: Path) -> str | None:
    """The word in the file names when there are only weights with one, such as fp16."""
    names = {path.name for path in folder.glob("*.safetensors")}
    plain = {n for n in names if n.split("-0")[0].split(".")[1:] in (["safetensors"], [])}
    words = sorted({name.split(".")[-2].split("-0")[0] for name in names - plain})
    return words[0] if words and not plain else None


def _taken_over(folder: Path, first: Any) -> dict[str, Any]:
    """The parts that this stage lacks and the first one has."""
    if first is None:
        return {}
    wanted = [name for name in LENT if name in parts(folder) and not (folder / name).is_dir()]
    return {name: getattr(first, name) for name in wanted if hasattr(first, name)}


def _watch(pipeline: Any) -> None:
    """End a run as soon as what is computed is no longer a number."""

    def check(_: Any, __: Any, output: Any) -> None:
        values = output[0] if isinstance(output, tuple) else getattr(output, "sample", output)
        if hasattr(values, "isfinite"):
            finite(values, "the image in the making")

    for name in PAINTERS:
        part = getattr(pipeline, name, None)
        if part is not None and hasattr(part, "register_forward_hook"):
            part.register_forward_hook(check)


def remarks(pipeline: Any, folder: Path, order: Order) -> Iterator[str]:
    """What must be known: number types that were changed, and what looks at the images."""
    main = wanted_type(order, _main(folder))
    for name in parts(folder):
        kept = stored(folder / name)
        if kept and kept != main:
            yield f"{name} is stored in {kept} and runs in {main}, as the part that paints"
    if "safety_checker" in pipeline.components:
        there = pipeline.components["safety_checker"] is not None
        yield (
            "the model's own safety checker looks at each image"
            if there
            else "the model comes without a safety checker"
        )
    mark = pipeline.components.get("watermarker") or getattr(pipeline, "watermark", None)
    if mark is not None:
        yield "the model's own watermark is put in"
