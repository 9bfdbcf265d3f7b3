"""Builds the tree of a model from the names of its tensors, and folds layers that are alike; pure.

Layers are alike when what is in them has the same names and shapes; how it is stored may differ.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.inspect_names import MOST_PARTS, is_number
from freehold.core.tensors import Tensor

Nest = dict[str, Any]
"""Part of a name -> what is below it, or the tensor that has this name."""

ITSELF = "\0"
"""Where a tensor lies that has the name of a module; no name holds this sign."""


class Branch(Struct, frozen=True, kw_only=True):
    """A module or a tensor: `times` says how often it is there, as in layers 0-15.

    `parameters` (numbers as stored), `size` (bytes) and `types` (type -> tensors) are of all
    copies together, those of the modules around it too; `shape` is that of one tensor.
    """

    name: str
    parameters: int
    size: int
    types: dict[str, int]
    times: int = 1
    shape: tuple[int, ...] | None = None
    inside: tuple["Branch", ...] = ()


def tree(name: str, tensors: Iterable[Tensor]) -> Branch:
    """The tree of a model with this name; equal siblings that are numbered are one branch."""
    nest: Nest = {}
    for tensor in tensors:
        _put(nest, tensor)
    return _around(name, _inside(nest))


def together(name: str, branches: Sequence[Branch]) -> Branch:
    """One tree of several, such as the parts of a pipeline."""
    return _around(name, tuple(branches))


def form(branch: Branch) -> dict[str, Any]:
    """The JSON form of a tree."""
    found: dict[str, Any] = {"name": branch.name, "times": branch.times}
    found |= {"parameters": branch.parameters, "size": branch.size, "types": branch.types}
    found["shape"] = None if branch.shape is None else list(branch.shape)
    found["inside"] = [form(one) for one in branch.inside]
    return found


def _put(nest: Nest, tensor: Tensor) -> None:
    *modules, last = tensor.name.split(".", MOST_PARTS)
    for module in modules:
        below = nest.setdefault(module, {})
        if isinstance(below, Tensor):  # a tensor has the name of a module: the module keeps it
            nest[module] = below = {ITSELF: below}
        nest = below
    there = nest.get(last)
    if isinstance(there, dict):
        there[ITSELF] = tensor
    else:
        nest[last] = tensor


def _inside(nest: Nest) -> tuple[Branch, ...]:
    """The branches of one level, in the order of the file but for numbers, which are folded."""
    numbered = {n: v for n, v in nest.items() if is_number(n)}
    plain = (_branch(n, v) for n, v in nest.items() if n not in numbered)
    folded = _folded({int(n): _branch(n, v) for n, v in numbered.items()})
    return (*plain, *folded)


def _branch(name: str, value: "Nest | Tensor") -> Branch:
    if isinstance(value, Tensor):
        return Branch(
            name="(itself)" if name == ITSELF else name, parameters=value.count, size=value.size,
            types={value.dtype: 1}, shape=value.shape,
        )  # fmt: skip
    inside = _inside(value)
    if len(inside) == 1:  # a module that holds one thing is one with it
        return replace(inside[0], name=f"{name}.{inside[0].name}".rstrip("."))
    return _around(name, inside)


def _around(name: str, inside: tuple[Branch, ...]) -> Branch:
    types: dict[str, int] = {}
    for branch in inside:
        _add(types, branch.types)
    return Branch(
        name=name, parameters=sum(b.parameters for b in inside),
        size=sum(b.size for b in inside), types=types, inside=inside,
    )  # fmt: skip


def _folded(numbered: dict[int, Branch]) -> list[Branch]:
    """Equal branches as one, named after their numbers."""
    groups: dict[object, list[int]] = {}
    for number in sorted(numbered):
        groups.setdefault(_signature(numbered[number], top=True), []).append(number)
    return [_one_of([numbered[n] for n in group], spans(group)) for group in groups.values()]


def _signature(branch: Branch, *, top: bool = False) -> object:
    """What makes branches alike: names, shapes and how often, not the types."""
    name = "." + branch.name.partition(".")[2] if top else branch.name
    return name, branch.times, branch.shape, tuple(map(_signature, branch.inside))


def _one_of(branches: list[Branch], numbers: str) -> Branch:
    """Several branches that are alike as one; one alone stays as it is."""
    if len(branches) == 1:
        return branches[0]
    rest = branches[0].name.partition(".")[2]
    name = f"{numbers}.{rest}" if rest else numbers
    return replace(_sum(branches), name=name, times=len(branches) * branches[0].times)


def _sum(branches: list[Branch]) -> Branch:
    first, types = branches[0], dict[str, int]()
    for branch in branches:
        _add(types, branch.types)
    return replace(
        first, parameters=sum(b.parameters for b in branches), size=sum(b.size for b in branches),
        types=types, inside=tuple(_sum(list(alike)) for alike in _columns(branches)),
    )  # fmt: skip


def _columns(branches: list[Branch]) -> Iterable[tuple[Branch, ...]]:
    return zip(*(branch.inside for branch in branches), strict=True)


def _add(types: dict[str, int], more: dict[str, int]) -> None:
    for dtype, count in more.items():
        types[dtype] = types.get(dtype, 0) + count


def spans(numbers: Sequence[int]) -> str:
    """Ascending numbers in words: 0-3,5,7-9."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in found)
