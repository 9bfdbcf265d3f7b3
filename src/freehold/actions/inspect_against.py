"""How two models differ: which tensors moved and by how much, by layer and by kind.

Tensors are matched by name. Both are read piece by piece; where bytes are equal, only
one is decoded. The same model in two precisions shows what rounding did to each tensor.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from freehold.actions.inspect_blocks import (
    Placed,
    Told,
    each,
    is_read,
    is_whole,
    need_numpy,
    pieces,
    squared,
    stored,
)
from freehold.actions.inspect_names import Place, layer_name, ordered, place
from freehold.actions.inspect_stats import told

if TYPE_CHECKING:
    from freehold.formats.dequantize import Numbers


class Shift(Struct, frozen=True, kw_only=True):
    """How far numbers moved: sums that can be added up over tensors, and what follows from them.

    `count` are all numbers, `changed` those that are not equal, `strange` those that are NaN or
    infinite in either model; the sums are of the others. `before`, `after` and `apart` are sums
    of squares of the base, the other model and their difference, `along` of their products.
    """

    count: int = 0
    changed: int = 0
    strange: int = 0
    before: float = 0.0
    after: float = 0.0
    apart: float = 0.0
    along: float = 0.0
    largest: float = 0.0

    @property
    def relative(self) -> float | None:
        """The norm of the difference over that of the base; None where the base is all zeros."""
        if self.apart == 0:
            return 0.0
        return math.sqrt(self.apart / self.before) if self.before else None

    @property
    def cosine(self) -> float | None:
        """The cosine of the angle between both; None where one of them is all zeros."""
        if self.apart == 0:
            return 1.0
        size = math.sqrt(self.before) * math.sqrt(self.after)
        return max(-1.0, min(1.0, self.along / size)) if size else None

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "count": self.count, "changed": self.changed, "nan_or_inf": self.strange,
            "relative": told(self.relative), "max": told(self.largest),
            "cosine": told(self.cosine),
        }  # fmt: skip


class Pair(Struct, frozen=True, kw_only=True):
    """One tensor of two models; `shift` is None where its numbers are not read."""

    name: str
    types: tuple[str, str]
    shape: tuple[int, ...]
    shift: Shift | None

    @property
    def place(self) -> Place:
        """What its name says."""
        return place(self.name)

    @property
    def moved(self) -> bool:
        """Whether any of its numbers is another one."""
        return self.shift is not None and self.shift.changed > 0


class Difference(Struct, frozen=True, kw_only=True):
    """Two models side by side; `reshaped` are shapes before and after, `notes` warnings."""

    base: str
    tuned: str
    pairs: tuple[Pair, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    reshaped: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]
    notes: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[Pair, ...]:
        """The tensors that moved, the one that moved furthest first."""
        found = [pair for pair in self.pairs if pair.moved]
        return tuple(sorted(found, key=_far, reverse=True))

    @property
    def unread(self) -> tuple[Pair, ...]:
        """The tensors whose bytes differ, but not in numbers that could be compared."""
        return tuple(pair for pair in self.pairs if pair.shift is None)

    @property
    def whole(self) -> Shift:
        """All tensors put together."""
        return summed(pair.shift for pair in self.pairs if pair.shift)

    def by_layer(self) -> dict[str, Shift]:
        """Each layer, and each kind outside of layers, put together."""
        return grouped(self.pairs, layer_name)

    def by_kind(self) -> dict[str, Shift]:
        """Each kind of tensors, put together."""
        return grouped(self.pairs, lambda at: at.kind)

    def form(self) -> dict[str, Any]:
        """The JSON form that scripts rely on."""
        return {
            "base": self.base, "tuned": self.tuned, "whole": self.whole.form(),
            "tensors": {"compared": len(self.pairs), "moved": len(self.moved),
                        "unread": len(self.unread)},
            "added": list(self.added), "removed": list(self.removed),
            "reshaped": {name: [list(a), list(b)] for name, (a, b) in self.reshaped.items()},
            "layers": {name: shift.form() for name, shift in self.by_layer().items()},
            "kinds": {name: shift.form() for name, shift in self.by_kind().items()},
            "moved": [{"name": p.name, "types": list(p.types), **p.shift.form()}
                      for p in self.moved if p.shift],
            "unread": [pair.name for pair in self.unread],
            "notes": list(self.notes),
        }  # fmt: skip


def difference(
    base: str, ones: Mapping[str, Placed], tuned: str, others: Mapping[str, Placed], report: Told
) -> Difference:
    """How far the tensors of `others` are from those of `ones`."""
    need_numpy("comparing weights")
    both = [name for name in ones if name in others]
    shapes = {name: (ones[name].tensor.shape, others[name].tensor.shape) for name in both}
    alike = [name for name, (a, b) in shapes.items() if a == b]

    def pair(name: str, told: Told) -> Pair:
        return _pair(name, ones[name], others[name], told)

    pairs = tuple(each(pair, alike, report))
    return Difference(
        base=base, tuned=tuned, pairs=pairs,
        added=tuple(name for name in others if name not in ones),
        removed=tuple(name for name in ones if name not in others),
        reshaped={name: (a, b) for name, (a, b) in shapes.items() if a != b},
    )  # fmt: skip


def to_read(ones: Mapping[str, Placed], others: Mapping[str, Placed]) -> int:
    """The bytes that a comparison goes through."""
    return sum(
        one.tensor.size + others[name].tensor.size for name, one in ones.items()
        if name in others and one.tensor.shape == others[name].tensor.shape
    )  # fmt: skip


def _pair(name: str, one: Placed, other: Placed, report: Told) -> Pair:
    """One tensor in both models; of unread types and whole numbers only whether bytes differ."""
    types = (one.tensor.dtype, other.tensor.dtype)
    alike = types[0] == types[1] and one.swapped == other.swapped
    shift: Shift | None
    if is_read(one) and is_read(other) and not any(map(is_whole, types)):
        shift = shift_of(one, other, report, alike=alike)
    else:
        same = alike and _same_bytes(one, other, report)
        report(0 if alike else one.tensor.size + other.tensor.size)
        shift = Shift(count=one.tensor.count) if same else None
    return Pair(name=name, types=types, shape=one.tensor.shape, shift=shift)


def _same_bytes(one: Placed, other: Placed, report: Told) -> bool:
    both = zip(stored(one, report), stored(other, report), strict=True)
    different = sum(mine != theirs for mine, theirs in both)
    return not different


def shift_of(one: Placed, other: Placed, report: Told, *, alike: bool) -> Shift:
    """How far one tensor is from another of the same shape; `alike` says that types are equal."""
    from freehold.formats.dequantize import numbers

    if not alike:
        both = zip(pieces(one, report), pieces(other, report), strict=True)
        return summed(of_pieces(before, after) for before, after in both)
    dtype = one.tensor.dtype
    return summed(
        unmoved(numbers(dtype, mine))
        if mine == theirs
        else of_pieces(numbers(dtype, mine), numbers(dtype, theirs))
        for mine, theirs in zip(stored(one, report), stored(other, report), strict=True)
    )


def unmoved(piece: "Numbers") -> Shift:
    """Numbers that are the same in both models."""
    import numpy as np

    square, strange = squared(piece), 0
    if not math.isfinite(square):
        finite = piece[np.isfinite(piece)]
        strange, square = piece.size - finite.size, squared(finite)
    return Shift(count=piece.size, strange=strange, before=square, after=square, along=square)


def of_pieces(before: "Numbers", after: "Numbers") -> Shift:
    """How far a few numbers moved; NaN in the same place of both is no change.

    Differences keep the precision of the numbers: those of near numbers are exact.
    """
    import numpy as np

    count, changed, strange = before.size, int(np.count_nonzero(before != after)), 0
    apart = after - before
    square = squared(apart)
    if not math.isfinite(square):
        good = np.isfinite(before) & np.isfinite(after)
        strange = count - int(good.sum())
        changed -= int((np.isnan(before) & np.isnan(after)).sum())
        before, after, apart = before[good], after[good], apart[good]
        square = squared(apart)
    one, other = squared(before), squared(after)
    return Shift(
        count=count, changed=changed, strange=strange, before=one, after=other, apart=square,
        along=(one + other - square) / 2,
        largest=max(float(apart.max()), -float(apart.min())) if apart.size else 0.0,
    )  # fmt: skip


def grouped(pairs: Iterable[Pair], key: Callable[[Place], str]) -> dict[str, Shift]:
    """The shifts of tensors with one key, put together."""
    groups: dict[str, list[Shift]] = {}
    for pair in pairs:
        if pair.shift:
            groups.setdefault(key(pair.place), []).append(pair.shift)
    return {name: summed(groups[name]) for name in ordered(groups)}


def summed(shifts: Iterable[Shift]) -> Shift:
    """Several tensors as one."""
    found = Shift()
    for shift in shifts:
        found = _added(found, shift)
    return found


def _added(one: Shift, other: Shift) -> Shift:
    return Shift(
        count=one.count + other.count,
        changed=one.changed + other.changed,
        strange=one.strange + other.strange,
        before=one.before + other.before,
        after=one.after + other.after,
        apart=one.apart + other.apart,
        along=one.along + other.along,
        largest=max(one.largest, other.largest),
    )


def _far(pair: Pair) -> float:
    if pair.shift is None:
        return 0.0
    return math.inf if pair.shift.relative is None else pair.shift.relative
