"""How much one month asks for, and how long one machine would work on it."""

from collections.abc import Iterator

from msgspec import Struct


class Volume(Struct, frozen=True, kw_only=True):
    """What one month asks for."""

    tokens_in: float = 0
    tokens_out: float = 0
    images: float = 0
    audio_minutes: float = 0

    @property
    def tokens(self) -> float:
        """Tokens in and out."""
        return self.tokens_in + self.tokens_out

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.tokens or self.images or self.audio_minutes)


class Rate(Struct, frozen=True):
    """A speed per second with the interval it lies in."""

    value: float
    low: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> "Rate":
        """A speed without an interval."""
        return cls(value, value, value)


class Capacity(Struct, frozen=True, kw_only=True):
    """What one machine gets done when it works all of the time, all requests together.

    `prefill` and `decode` in tokens per second, `images` in images per second, `audio` in seconds
    of sound per second. `measured` says whether it was seen or is predicted or stated; `source`
    says where it comes from.
    """

    prefill: Rate | None = None
    decode: Rate | None = None
    images: Rate | None = None
    audio: Rate | None = None
    measured: bool = False
    source: str = ""

    @property
    def silent(self) -> bool:
        """Whether it says nothing of any speed."""
        return not (self.prefill or self.decode or self.images or self.audio)


class Span(Struct, frozen=True):
    """A value with the interval it lies in."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Span":
        """All three, multiplied by something positive."""
        return Span(self.value * factor, self.low * factor, self.high * factor)


def parts(volume: Volume, capacity: Capacity) -> Iterator[tuple[str, float, Rate | None]]:
    """(what is slow or fast, amount, speed) of everything that is asked for."""
    rows = (
        ("reading the input", volume.tokens_in, capacity.prefill),
        ("writing the output", volume.tokens_out, capacity.decode),
        ("making images", volume.images, capacity.images),
        ("hearing or making sound", volume.audio_minutes * 60, capacity.audio),
    )
    return (row for row in rows if row[1])


def missing(volume: Volume, capacity: Capacity) -> list[str]:
    """What is asked for and of unknown speed."""
    return [name for name, _, rate in parts(volume, capacity) if rate is None]


def seconds(volume: Volume, capacity: Capacity) -> Span | None:
    """How long one machine works on the volume; None when a speed that it needs is not known.

    Reading and writing take turns on a machine, so their times add up. The low end takes every
    speed at its high end.
    """
    rows = [(amount, rate) for _, amount, rate in parts(volume, capacity) if rate]
    if missing(volume, capacity):
        return None
    return Span(
        sum(amount / rate.value for amount, rate in rows),
        sum(amount / rate.high for amount, rate in rows),
        sum(amount / rate.low for amount, rate in rows),
    )
