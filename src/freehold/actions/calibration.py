"""What was measured of this machine through an engine, kept for later commands."""

import platform
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Struct

from freehold.core import paths
from freehold.core.errors import FreeholdError
from freehold.judge.speed.rates import Grade, Measurement

QUIET = 0.85
"""The share of the cores that an engine gets on a machine that does nothing else."""


Above0 = Annotated[int, msgspec.Meta(gt=0)]
Time = Annotated[float, msgspec.Meta(gt=0)]
"""Seconds that something took."""


class Point(Struct, frozen=True, kw_only=True):
    """One model that was measured: what a token needs of it, and the seconds that it took.

    `weights` are bytes read for each token, `state` bytes of keys and values read beside them,
    `values` the weights multiplied, `head` those of them that a prompt needs once. `looks` are
    the operations of attention per token and earlier token. `decode` is seconds for one token,
    `prefill` for a prompt of `prompt` tokens; both are medians. `peak` is the most memory that
    the engine took. `share` is the part of the cores that it got: less than all when the machine
    did other work meanwhile.
    """

    model: str
    precision: str
    layers: Above0
    weights: Above0
    state: int
    values: Above0
    prompt: Above0
    decode: Time
    prefill: Time
    rounds: int
    peak: int
    share: float
    head: int = 0
    looks: int = 0

    @property
    def decode_speed(self) -> float:
        """Tokens per second while it writes."""
        return 1 / self.decode

    @property
    def prefill_speed(self) -> float:
        """Tokens per second while it reads a prompt."""
        return self.prompt / self.prefill


class Calibration(Struct, frozen=True, kw_only=True):
    """What was measured here, when, and with which engine; `bandwidth` is bytes per second.

    `missing` says what could not be measured and what to do about it.
    """

    measured: str
    processor: str
    cores: int
    bandwidth: int
    seconds: float
    engine: str | None = None
    version: str | None = None
    points: tuple[Point, ...] = ()
    missing: str | None = None

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        for point, row in zip(self.points, found["points"], strict=True):
            row["tokens_per_second"] = {
                "decode": point.decode_speed,
                "prefill": point.prefill_speed,
            }
        return found

    @property
    def busy(self) -> bool:
        """Whether other work took a part of the machine while it was measured."""
        return any(point.share < QUIET for point in self.points)

    def measurements(self) -> tuple[Measurement, ...]:
        """The passes that were timed, in the words of the judge of speed."""
        return tuple(m for point in self.points for m in passes(point))


def passes(point: Point) -> tuple[Measurement, Measurement]:
    """One token alone, and a whole prompt at once."""
    grade: Grade = "16-bit" if point.precision == "F16" else "8-bit"
    alone = Measurement(
        bytes_read=point.weights + point.state,
        operations=2.0 * point.values,
        layers=point.layers,
        seconds=point.decode,
        grade=grade,
    )
    together = Measurement(
        bytes_read=point.weights,
        operations=2.0 * ((point.values - point.head) * point.prompt + point.head),
        layers=point.layers,
        seconds=point.prefill,
        tokens=point.prompt,
        grade=grade,
        looking=point.looks * point.prompt**2 / 2,
    )
    return alone, together


def known() -> Calibration | None:
    """What was measured on this machine earlier; None when there is nothing that can be read."""
    try:
        return msgspec.json.decode(_file().read_bytes(), type=Calibration)
    except (OSError, msgspec.DecodeError):
        return None


def keep(found: Calibration) -> None:
    """Write it where later commands find it; a home that cannot be written only loses it."""
    from freehold.store.ledger import note

    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.encode(found) + b"\n")
        note("calibration", msgspec.to_builtins(found), required=False)
    except (OSError, FreeholdError):
        pass


def _file() -> Path:
    return paths.state() / f"calibration-{platform.node() or 'machine'}.json"
