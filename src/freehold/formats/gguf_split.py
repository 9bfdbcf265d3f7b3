"""Knows the names of the parts of a split GGUF file, and whether what they hold fits together."""

import re
from collections.abc import Sequence

from msgspec.structs import replace

from freehold.core.errors import BrokenInput
from freehold.core.tensors import Tensor
from freehold.formats.gguf import Gguf

MOST_PARTS = 1_000
_NAME = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.DOTALL)


def split_names(name: str) -> tuple[str, ...]:
    """The names of all parts, of which this is one; only itself where the file is whole."""
    found = _NAME.fullmatch(name)
    if not found:
        return (name,)
    stem, number, count = found[1], int(found[2]), int(found[3])
    if not 1 <= number <= count:
        raise BrokenInput(f"{name}: says that it is part {number} of {count}")
    if count > MOST_PARTS:
        raise BrokenInput(f"{name}: says that there are {count:,} parts; {MOST_PARTS:,} are read")
    return tuple(f"{stem}-{n:05}-of-{count:05}.gguf" for n in range(1, count + 1))


def joined(parts: Sequence[tuple[str, Gguf]]) -> Gguf:
    """The head of the whole model from the heads of all its parts, in their order.

    Raises BrokenInput where a part belongs to another place or model, or tensors are missing.
    """
    name, first = parts[0]
    if len(parts) == 1 and (first.number("split.count") or 1) == 1:
        return first
    tensors: dict[str, Tensor] = {}
    for n, (one, part) in enumerate(parts):
        _check(one, part, n, len(parts))
        for tensor in part.tensor_list:
            if tensor.name in tensors:
                raise BrokenInput(f"{one}: has the tensor {tensor.name!r} of another part again")
            tensors[tensor.name] = tensor
    told = first.number("split.tensors.count")
    if told is not None and told != len(tensors):
        raise BrokenInput(
            f"{name}: split.tensors.count is {told:,}, but the parts hold {len(tensors):,}"
        )
    return replace(first, tensors=len(tensors), tensor_list=tuple(tensors.values()))


def _check(name: str, part: Gguf, number: int, count: int) -> None:
    """Hold what a part says of its place against where it was found."""
    said = part.number("split.count")
    if said != count:
        told = "no parts" if said is None else f"{said:,} parts"
        raise BrokenInput(f"{name}: split.count names {told}, but there are {count:,}")
    at = part.number("split.no")
    if at != number:
        raise BrokenInput(f"{name}: split.no is {at}, but its name is that of number {number}")
