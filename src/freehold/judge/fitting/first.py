"""A first estimate of the memory and speed of a model on one machine, from its size alone.

Exact prediction needs the headers of the files; this answers before anything is downloaded.
Bits per weight are those of llama.cpp's Q8_0 (8.5) and Q4_K_M (4.85). Where the state per
token is not known, the whole is taken as 1.2 times the weights (EleutherAI, Transformer Math).
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from freehold.judge.fitting.parts import BITS_OF_STATE, Parts, Setting
from freehold.judge.speed.decode import decode
from freehold.judge.speed.rates import Rates, Speed
from freehold.judge.speed.work import of_size
from freehold.knowledge import traits
from freehold.knowledge.types import Family, Member

GIB = 2**30
BITS = {"16-bit": 16.0, "8-bit": 8.5, "4-bit": 4.85}
OVERHEAD = GIB // 2
UNKNOWN_STATE = 0.2
USUAL_CONTEXT = 8192
SHORTEST_CONTEXT, STEP = 2048, 256
"""Tokens of context below which a model is of little use, and the steps in which it is offered."""
FLUENT = 8.0
"""Tokens per second at which reading along becomes comfortable."""
TOKEN_TASKS = frozenset(
    {"text-generation", "image-text-to-text", "video-text-to-text", "audio-text-to-text",
     "any-to-any", "translation"}
)  # fmt: skip
"""Tasks whose models are commonly run in 4 bits and produce token by token."""


class Room(Struct, frozen=True):
    """What a machine offers a model: memory in bytes, and the rates that it reaches.

    `bandwidth` is that of the memory in bytes per second, which no model can exceed.
    """

    name: str
    memory: int
    bandwidth: int | None = None
    rates: Rates | None = None


class Shape(Struct, frozen=True):
    """What the estimate needs of a model; bytes of state are for 16-bit values."""

    parameters: int | None
    active: int | None
    state_per_token: int | None
    context: int | None
    makes_tokens: bool


class Fit(Struct, frozen=True):
    """The estimate; memory in bytes, speed in tokens per second: expected, and the upper bound.

    "shorter": it fits with a context of `context` tokens, which is less than was asked for.
    """

    fits: Literal["yes", "shorter", "no", "unknown"]
    because: str
    precision: str | None = None
    weights: int | None = None
    state: int | None = None
    overhead: int | None = None
    total: int | None = None
    budget: int | None = None
    speed_at_most: float | None = None
    context: int | None = None
    speed: Speed | None = None

    @property
    def pace(self) -> float | None:
        """The tokens per second to count on: expected, or else at most; None where unknown."""
        return self.speed.value if self.speed else self.speed_at_most


def shape(family: Family, member: Member) -> Shape:
    """What the estimate needs of a member of the knowledge base."""
    return Shape(
        member.parameters,
        member.active,
        member.kv_bytes_per_token,
        traits.context(family, member),
        bool(TOKEN_TASKS.intersection(traits.tasks(family, member))),
    )


def fit(shape: Shape, room: Room, context: int | None = None) -> Fit:
    """The best precision in which the model fits and can be read along, at this context length.

    Where none is fast enough, the smallest one that fits; where none fits, the longest context
    that does, or why not.
    """
    if shape.parameters is None:
        return Fit("unknown", "its number of parameters is not known", budget=room.memory)
    tokens = min(context or USUAL_CONTEXT, shape.context or context or USUAL_CONTEXT)
    precisions = ("16-bit", "8-bit", "4-bit") if shape.makes_tokens else ("16-bit", "8-bit")
    fitting: Fit | None = None
    for precision in precisions:
        estimate = _estimate(shape, room, precision, tokens)
        if estimate.fits == "yes":
            fitting = estimate
            if estimate.pace is None or estimate.pace >= FLUENT:
                break
    if fitting:
        return fitting
    shortest = _estimate(shape, room, precisions[-1], tokens)
    return _shorter(shape, room, precisions[-1], tokens) or shortest


def _shorter(shape: Shape, room: Room, precision: str, tokens: int) -> Fit | None:
    """The same with the longest context that fits, if that is of use."""
    if not shape.makes_tokens or not shape.state_per_token:
        return None
    left = room.memory - _weights(shape, precision) - OVERHEAD
    longest = left // shape.state_per_token // STEP * STEP
    if not SHORTEST_CONTEXT <= longest < tokens:
        return None
    found = _estimate(shape, room, precision, longest)
    because = f"{found.because}, with a context of {longest:,} tokens at most"
    return replace(found, fits="shorter", because=because)


def _estimate(shape: Shape, room: Room, precision: str, tokens: int) -> Fit:
    weights = _weights(shape, precision)
    state = _state(shape, weights, tokens)
    total = weights + state + OVERHEAD
    fits = total <= room.memory
    verb = "takes about" if fits else "needs about"
    even = "" if fits else "even "
    return Fit(
        fits="yes" if fits else "no",
        because=f"{verb} {gib(total)} {even}in {precision}; {gib(room.memory)} are there",
        precision=precision,
        weights=weights,
        state=state,
        overhead=OVERHEAD,
        total=total,
        budget=room.memory,
        speed_at_most=_bound(shape, room, precision),
        context=tokens,
        speed=_speed(shape, room, precision, tokens) if fits else None,
    )


def _weights(shape: Shape, precision: str) -> int:
    return int((shape.parameters or 0) * BITS[precision] / 8)


def _state(shape: Shape, weights: int, tokens: int) -> int:
    """Bytes beside the weights: known per token, else a share of the weights."""
    if not shape.makes_tokens or shape.state_per_token is None:
        return int(weights * UNKNOWN_STATE)
    return shape.state_per_token * tokens


def _bound(shape: Shape, room: Room, precision: str) -> float | None:
    """Every token reads the active weights once: bandwidth over bytes is the upper bound."""
    if not shape.makes_tokens or room.bandwidth is None or shape.parameters is None:
        return None
    read = (shape.active or shape.parameters) * BITS[precision] / 8
    return round(room.bandwidth / read, 1)


def _speed(shape: Shape, room: Room, precision: str, tokens: int) -> Speed | None:
    """Tokens per second with half the context filled, as the rates of the machine let expect."""
    if not shape.makes_tokens or room.rates is None or shape.parameters is None:
        return None
    work = of_size(shape.parameters, shape.active, BITS[precision], shape.state_per_token)
    return decode(work, room.rates, tokens / 2)


def memory(shape: Shape, bits: float, setting: Setting) -> Parts:
    """The memory by parts as far as size alone tells: buffers and process are one round figure."""
    weights = int((shape.parameters or 0) * bits / 8)
    tokens = setting.context * setting.parallel
    if shape.makes_tokens and shape.state_per_token is not None:
        narrower = (BITS_OF_STATE[setting.keys] + BITS_OF_STATE[setting.values]) / 32
        state = int(shape.state_per_token * narrower * tokens)
        notes: tuple[str, ...] = ()
    else:
        state = int(weights * UNKNOWN_STATE)
        notes = ("what it keeps for each token is not known: a fifth of the weights was taken",)
    return Parts(weights=weights, state=state, compute=0, overhead=OVERHEAD, notes=notes)


def gib(size: int) -> str:
    """Bytes as GiB with one digit."""
    return f"{size / GIB:.1f} GiB"
