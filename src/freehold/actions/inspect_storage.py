"""The map of how a model is stored: which types, of what, in how many bits a weight; pure."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from freehold.actions.inspect_names import KINDS, place
from freehold.actions.inspect_tree import spans
from freehold.core.tensors import Tensor

USUAL = 4
"""Layers from which on a type that only some of them have is worth a line."""


class Store(Struct, frozen=True, kw_only=True):
    """Tensors of one type or of one kind: how many numbers they hold in how many bytes.

    `types` counts the numbers of each type. Scales inside of blocks count as bits of weights.
    """

    name: str
    tensors: int
    parameters: int
    size: int
    types: dict[str, int]

    @property
    def bits(self) -> float:
        """Bits in the file for one number."""
        return self.size * 8 / self.parameters if self.parameters else 0.0


class Spread(Struct, frozen=True):
    """A role whose layers are stored in several types, and which layers have which."""

    role: str
    layers: dict[str, str]


def by_type(tensors: Iterable[Tensor]) -> tuple[Store, ...]:
    """The types, the one with most bytes first."""
    found = _grouped((tensor.dtype, tensor) for tensor in tensors)
    return tuple(sorted(found, key=lambda store: -store.size))


def by_kind(tensors: Iterable[Tensor]) -> tuple[Store, ...]:
    """The kinds of tensors, in their usual order."""
    found = _grouped((place(tensor.name).kind, tensor) for tensor in tensors)
    return tuple(sorted(found, key=lambda store: KINDS.index(store.name)))


def mixed(tensors: Iterable[Tensor]) -> tuple[Spread, ...]:
    """What is stored otherwise in some layers than in others, as GGUF's mixtures are."""
    roles: dict[tuple[str, str], dict[str, list[int]]] = {}
    for tensor in tensors:
        at = place(tensor.name)
        if at.layer is not None:
            types = roles.setdefault((at.stack, at.role), {})
            types.setdefault(tensor.dtype, []).append(at.layer)
    return tuple(
        Spread(f"{stack}.*.{role}", {dtype: spans(sorted({*at})) for dtype, at in types.items()})
        for (stack, role), types in roles.items()
        if len(types) > 1 and sum(map(len, types.values())) >= USUAL
    )


def _grouped(pairs: Iterable[tuple[str, Tensor]]) -> Sequence[Store]:
    groups: dict[str, list[Tensor]] = {}
    for name, tensor in pairs:
        groups.setdefault(name, []).append(tensor)
    return [_store(name, group) for name, group in groups.items()]


def _store(name: str, group: list[Tensor]) -> Store:
    types: dict[str, int] = {}
    for tensor in group:
        types[tensor.dtype] = types.get(tensor.dtype, 0) + tensor.count
    return Store(
        name=name, tensors=len(group), parameters=sum(t.count for t in group),
        size=sum(t.size for t in group), types=types,
    )  # fmt: skip
