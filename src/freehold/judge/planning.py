"""Whether a model fits into the room of a machine, up to which limits, and what would make it fit.

Memory is asked of a function, so this knows no engine: it only relies on more context, more
sequences and wider keys and values never taking less.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from freehold.judge.fitting.parts import Parts, Precision, Setting
from freehold.judge.speed.work import Work

Memory = Callable[[Setting], Parts]
"""The memory that one artifact takes on one engine in a setting."""

Effort = Callable[[Setting], Work]
"""What it reads and computes for a token in a setting."""

Kind = Literal["state", "context", "parallel", "precision", "machine"]

STEP = 256
"""Contexts are tried in steps of so many tokens."""
SMALLEST = 512
"""A context that is too short to be offered as a way out lies below this."""
MOST_PARALLEL = 1024
LINES = 6
"""How often a straight line is followed before halving."""
MOST_CONTEXT = 2**24
NARROWER: dict[Precision, Precision] = {"f32": "f16", "f16": "q8_0", "bf16": "q8_0"}
"""The next narrower way to keep keys and values that costs little quality."""


class Variant(Struct, frozen=True):
    """The same model with its weights in another precision, and what that costs in quality."""

    precision: str
    bits: float
    memory: Memory
    quality: str
    work: Effort | None = None


class Limits(Struct, frozen=True):
    """The longest context for the sequences asked for, and the most sequences of the context.

    Zero where not even the smallest fits.
    """

    context: int
    parallel: int


class Way(Struct, frozen=True):
    """One change after which it fits, the memory in bytes that it takes then, and its price."""

    kind: Kind
    change: str
    peak: int
    costs: str


class Fitted(Struct, frozen=True):
    """The answer: the parts, whether they fit into `room` bytes, the limits, the ways out."""

    setting: Setting
    parts: Parts
    room: int
    fits: bool
    limits: Limits
    ways: tuple[Way, ...] = ()


def fit(
    memory: Memory,
    setting: Setting,
    room: int,
    *,
    trained: int | None = None,
    variants: Iterable[Variant] = (),
) -> Fitted:
    """Hold what a model takes against `room` bytes; `trained` is the context it was made for."""
    parts = memory(setting)
    fits = parts.peak <= room
    limits = Limits(
        longest(memory, setting, room, trained or MOST_CONTEXT),
        most_parallel(memory, setting, room),
    )
    ways = () if fits else tuple(_ways(memory, setting, room, limits, variants))
    return Fitted(setting, parts, room, fits, limits, ways)


def longest(memory: Memory, setting: Setting, room: int, most: int) -> int:
    """The longest context that fits, in whole steps, at most `most`; 0 where none does."""

    def peak(steps: int) -> int:
        return memory(replace(setting, context=min(steps * STEP, most))).peak

    return min(_largest(peak, room, -(-most // STEP)) * STEP, most)


def most_parallel(memory: Memory, setting: Setting, room: int) -> int:
    """The most sequences of the wanted context that fit at once; 0 where not even one does."""
    return _largest(lambda n: memory(replace(setting, parallel=n)).peak, room, MOST_PARALLEL)


def _largest(peak: Callable[[int], int], room: int, most: int) -> int:
    """The largest number from 1 to `most` whose peak fits, where peaks never fall.

    Memory grows almost in a straight line, so the line through the ends leads to the answer in a
    few steps; where it does not, halving does.
    """
    low, high = 1, most
    below = peak(low)
    if below > room:
        return 0
    above = peak(high)
    if above <= room:
        return high
    for tries in range(200):
        if high - low <= 1:
            break
        guess = (low + high) // 2
        if tries < LINES:
            guess = low + (high - low) * (room - below) // max(above - below, 1) + tries % 2
            guess = min(max(guess, low + 1), high - 1)
        found = peak(guess)
        if found <= room:
            low, below = guess, found
        else:
            high, above = guess, found
    return low


def _ways(
    memory: Memory, setting: Setting, room: int, limits: Limits, variants: Iterable[Variant]
) -> Iterator[Way]:
    """The changes that make it fit, the gentlest first."""
    yield from _narrower_state(memory, setting, room)
    if 1 <= limits.parallel < setting.parallel:
        fewer = replace(setting, parallel=limits.parallel)
        yield Way("parallel", f"{limits.parallel} sequences at once", memory(fewer).peak,
                  "the others wait")  # fmt: skip
    if SMALLEST <= limits.context < setting.context:
        shorter = replace(setting, context=limits.context)
        yield Way("context", f"a context of {limits.context:,} tokens", memory(shorter).peak,
                  "longer texts are refused")  # fmt: skip
    yield from _smaller_weights(setting, room, variants)


def _narrower_state(memory: Memory, setting: Setting, room: int) -> Iterator[Way]:
    narrow = NARROWER.get(setting.keys)
    if narrow is None:
        return
    peak = memory(replace(setting, keys=narrow, values=narrow)).peak
    if peak <= room:
        yield Way("state", f"keys and values in {narrow}", peak, "hardly any quality")


def _smaller_weights(setting: Setting, room: int, variants: Iterable[Variant]) -> Iterator[Way]:
    """The widest precision of the weights that fits as asked, else that fits a short context."""
    for variant in variants:
        peak = variant.memory(setting).peak
        if peak <= room:
            yield Way("precision", f"weights in {variant.precision}", peak, variant.quality)
            return
    for variant in variants:
        context = longest(variant.memory, setting, room, setting.context)
        if context >= SMALLEST:
            peak = variant.memory(replace(setting, context=context)).peak
            change = f"weights in {variant.precision} and a context of {context:,} tokens"
            yield Way("precision", change, peak, variant.quality)
            return
