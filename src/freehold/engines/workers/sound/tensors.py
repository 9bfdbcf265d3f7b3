"""Weights under the names of TensorFlow: from safetensors, checkpoints, or TensorFlow.js."""

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy
import torch
from safetensors.torch import load_file

from freehold.core.errors import BrokenInput
from freehold.engines.workers.sound.bundle import read_index

KINDS = {"float32": "<f4", "uint8": "<u1", "uint16": "<u2", "float16": "<f2", "int32": "<i4"}


def named_weights(folder: Path) -> dict[str, Any]:
    """Every tensor of a model by its name, as 32-bit floats that are numbers."""
    files = sorted(folder.glob("*.safetensors"))
    manifest = folder / "weights_manifest.json"
    if files:
        found = {name: value for file in files for name, value in load_file(file).items()}
    elif manifest.is_file():
        found = _of_manifest(manifest)
    elif indexes := sorted(folder.glob("*.index")):
        found = _of_checkpoint(indexes)
    else:
        raise BrokenInput("there are no weights: no safetensors, weights_manifest.json or *.index")
    for name, value in found.items():
        found[name] = value.to(torch.float32)
        if not found[name].isfinite().all():
            raise BrokenInput(f"the weights hold what is not a number: {name}")
    return found


def taken(weights: dict[str, Any], name: str, *shape: int | None) -> Any:
    """One tensor; BrokenInput when it is not there or has another shape (None: any)."""
    value = weights.get(name)
    if value is None:
        raise BrokenInput(f"a tensor that the model needs is not there: {name}")
    if len(shape) != value.ndim or any(
        wanted not in (None, size) for wanted, size in zip(shape, value.shape, strict=True)
    ):
        raise BrokenInput(f"{name} has the shape {tuple(value.shape)}, not {shape}")
    return value


def _of_manifest(path: Path) -> dict[str, Any]:
    """What a manifest of TensorFlow.js tells of, from the files beside it."""
    try:
        groups = json.loads(path.read_text(encoding="utf-8"))
        found: dict[str, Any] = {}
        for group in groups:
            data, at = b"".join(_part(path.parent, name) for name in group["paths"]), 0
            for told in group["weights"]:
                found[told["name"]], at = _tensor(told, data, at)
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BrokenInput(f"weights_manifest.json cannot be followed: {error!r}") from error


def _of_checkpoint(indexes: list[Path]) -> dict[str, Any]:
    """The tensors of a checkpoint of TensorFlow."""
    if len(indexes) > 1:
        names = ", ".join(path.stem for path in indexes)
        raise BrokenInput(f"there are several checkpoints, and one is needed: {names}")
    places, parts = read_index(indexes[0])
    found: dict[str, Any] = {}
    for name, place in places.items():
        part = indexes[0].with_suffix(f".data-{place.part:05d}-of-{parts:05d}")
        try:
            count = prod(place.shape)
            values = numpy.fromfile(part, place.dtype, count, offset=place.begin)
        except (OSError, ValueError, OverflowError) as error:
            raise BrokenInput(f"{name} cannot be read from {part.name}: {error}") from error
        if values.size != count or values.nbytes != place.size:
            raise BrokenInput(f"{part.name} ends before {name} does")
        if values.dtype.kind == "f":
            found[name] = torch.from_numpy(values.astype("float32").reshape(place.shape))
    return found


def _part(folder: Path, name: str) -> bytes:
    """One file of weights; only those that lie beside the manifest."""
    if Path(name).name != name:
        raise ValueError(f"{name!r} does not lie in the folder")
    return (folder / name).read_bytes()


def _tensor(told: dict[str, Any], data: bytes, at: int) -> tuple[Any, int]:
    """One tensor from its place, and where the next begins; small numbers are stretched."""
    packed = told.get("quantization")
    kind = numpy.dtype(KINDS[packed["dtype"] if packed else told["dtype"]])
    count = prod(int(size) for size in told["shape"])
    values = numpy.frombuffer(data, kind, count, at)
    if packed and "scale" in packed:
        values = values.astype("float32") * packed["scale"] + packed["min"]
    shaped = torch.from_numpy(values.astype("float32").reshape(told["shape"]))
    return shaped, at + count * kind.itemsize
