"""Statistics of every tensor of a model, summed up by layer and by kind; read piece by piece.

Mean and spread are put together from pieces by the formula of Chan, Golub and LeVeque (1979), in
64 bits. What is small or far out is counted against the tensor's own standard deviation, so a
tensor is gone through twice; one of at most KEPT bytes is kept between, others are read again.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from freehold.actions.inspect_blocks import (
    KEPT,
    Placed,
    Told,
    each,
    is_read,
    is_whole,
    need_numpy,
    pieces,
    squared,
)
from freehold.actions.inspect_names import Place, layer_name, ordered, place

if TYPE_CHECKING:
    from freehold.formats.dequantize import Numbers

FAR, NEAR = 6.0, 0.01
"""Standard deviations from the mean beyond which a number is an outlier; and from zero within
which it is near zero. Of normally distributed numbers 2 in a billion are outliers, 0.8 % near."""


class Moments(Struct, frozen=True, kw_only=True):
    """What is known of a set of numbers: `count` of all, the moments of those that are finite.

    `squares` is the sum of squared deviations from the mean, `near` counts zeros too, `outliers`
    infinities not. `lowest` and `highest` are None where no number is finite.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    lowest: float | None = None
    highest: float | None = None
    zeros: int = 0
    near: int = 0
    outliers: int = 0
    nans: int = 0
    infinities: int = 0

    @property
    def finite(self) -> int:
        """How many numbers are neither NaN nor infinite."""
        return self.count - self.nans - self.infinities

    @property
    def std(self) -> float:
        """The standard deviation of the finite numbers."""
        return math.sqrt(self.squares / self.finite) if self.finite else 0.0

    @property
    def norm(self) -> float:
        """The Euclidean norm of the finite numbers."""
        return math.sqrt(self.squares + self.finite * self.mean**2)

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "count": self.count, "norm": told(self.norm), "mean": told(self.mean),
            "std": told(self.std), "min": told(self.lowest), "max": told(self.highest),
            "zeros": self.zeros, "near_zeros": self.near, "outliers": self.outliers,
            "nan": self.nans, "inf": self.infinities,
        }  # fmt: skip


class Row(Struct, frozen=True, kw_only=True):
    """One tensor with its statistics; None where its type is not read."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    moments: Moments | None

    @property
    def place(self) -> Place:
        """What its name says."""
        return place(self.name)


class Statistics(Struct, frozen=True):
    """The tensors of a model in their order; `unread` counts types whose numbers are not read."""

    rows: tuple[Row, ...]
    unread: dict[str, int]

    @property
    def whole(self) -> int:
        """How many tensors hold whole numbers; they are in no sum."""
        return sum(is_whole(row.dtype) for row in self.rows)

    def by_layer(self) -> dict[str, Moments]:
        """The matrices of each layer, and of each kind outside of layers, put together.

        Norms and biases are no matrices: they would hide what the others are like.
        """
        return _merged((row for row in self.rows if len(row.shape) > 1), layer_name)

    def by_kind(self) -> dict[str, Moments]:
        """Each kind of tensors, put together."""
        return _merged(self.rows, lambda at: at.kind)

    @property
    def broken(self) -> tuple[Row, ...]:
        """The tensors with NaN or infinite numbers."""
        return tuple(r for r in self.rows if r.moments and r.moments.nans + r.moments.infinities)


def statistics(tensors: Mapping[str, Placed], told: Told) -> Statistics:
    """The statistics of these tensors; EnvironmentProblem without numpy, BrokenInput."""
    need_numpy("reading weights")
    unread: dict[str, int] = {}

    def row(named: tuple[str, Placed], report: Told) -> Row:
        name, one = named
        moments = moments_of(one, report) if is_read(one) else None
        if moments is None:
            report(one.tensor.size)
        dtype, shape = one.tensor.dtype, one.tensor.shape
        return Row(name=name, dtype=dtype, shape=shape, moments=moments)

    rows = tuple(each(row, tensors.items(), told))
    for one in rows:
        if one.moments is None:
            unread[one.dtype] = unread.get(one.dtype, 0) + 1
    return Statistics(rows, unread)


def moments_of(one: Placed, told: Told) -> Moments:
    """The moments of one tensor."""
    kept, size, found = list["Numbers"](), 0, Moments()
    for piece in pieces(one, told):
        found = merged(found, of_piece(piece))
        size += piece.nbytes
        if size <= KEPT:
            kept.append(piece)
        else:
            kept.clear()
    return _counted(found, kept if size <= KEPT else pieces(one, lambda _: told(0)))


def of_piece(piece: "Numbers") -> Moments:
    """The moments of a few numbers, without what is counted against their deviation."""
    import numpy as np

    count, nans, infinities = piece.size, 0, 0
    wide = piece.astype(np.float64)
    mean = float(wide.mean()) if count else 0.0
    if not math.isfinite(mean):
        nans = int(np.isnan(piece).sum())
        piece = piece[np.isfinite(piece)]
        infinities, wide = count - nans - piece.size, piece.astype(np.float64)
        mean = float(wide.mean()) if piece.size else 0.0
    if not piece.size:
        return Moments(count=count, nans=nans, infinities=infinities)
    wide -= mean
    return Moments(
        count=count, mean=mean, squares=squared(wide), lowest=float(piece.min()),
        highest=float(piece.max()), zeros=piece.size - int(np.count_nonzero(piece)),
        nans=nans, infinities=infinities,
    )  # fmt: skip


def merged(one: Moments, other: Moments) -> Moments:
    """Two sets of numbers as one."""
    finite = one.finite + other.finite
    apart = other.mean - one.mean
    share = other.finite / finite if finite else 0.0
    return Moments(
        count=one.count + other.count,
        mean=one.mean + apart * share,
        squares=one.squares + other.squares + apart**2 * one.finite * share,
        lowest=_of(min, one.lowest, other.lowest),
        highest=_of(max, one.highest, other.highest),
        zeros=one.zeros + other.zeros,
        near=one.near + other.near,
        outliers=one.outliers + other.outliers,
        nans=one.nans + other.nans,
        infinities=one.infinities + other.infinities,
    )


def _counted(found: Moments, again: Iterable["Numbers"]) -> Moments:
    """The moments with what is near zero and what lies far out, from the same numbers again."""
    import numpy as np
    from msgspec.structs import replace

    near = found.zeros
    if not found.std:  # all are equal: nothing is far out, and near zero is zero
        return replace(found, near=near)
    low, high, small = found.mean - FAR * found.std, found.mean + FAR * found.std, NEAR * found.std
    far_out = (found.lowest or 0.0) < low or (found.highest or 0.0) > high
    near = outliers = 0
    for piece in again:
        near += int(np.count_nonzero(np.abs(piece) < small))
        if far_out:
            outliers += int(np.count_nonzero((piece < low) | (piece > high)))
    if far_out:
        outliers -= found.infinities
    return replace(found, near=near, outliers=outliers)


def _merged(rows: Iterable[Row], key: Callable[[Place], str]) -> dict[str, Moments]:
    found: dict[str, Moments] = {}
    for row in rows:
        if row.moments and not is_whole(row.dtype):
            name = key(row.place)
            found[name] = merged(found.get(name, Moments()), row.moments)
    return {name: found[name] for name in ordered(found)}


def _of(choose: Callable[..., float], *values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return choose(known) if known else None


def told(value: float | None) -> float | None:
    """A number as JSON can hold it: None for what is not finite."""
    return value if value is not None and math.isfinite(value) else None
