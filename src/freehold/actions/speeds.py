"""How fast a model will run at a place: as its processor lets expect, and as was measured."""

from collections.abc import Iterable

from msgspec import Struct

from freehold.actions.calibration import known as calibration
from freehold.actions.history import Past
from freehold.actions.places import Place
from freehold.judge.fitting.parts import Setting
from freehold.judge.speed.calibrating import calibrate
from freehold.judge.speed.decode import decode
from freehold.judge.speed.defaults import Processor, default_rates
from freehold.judge.speed.prefill import first_token, prefill
from freehold.judge.speed.rates import Measurement, Rates, Speed
from freehold.judge.speed.work import Work, decoding

USUAL_PROMPT = 512
"""Tokens of the prompt for which the time to the first token is told."""


class Speeds(Struct, frozen=True, kw_only=True):
    """What to expect: tokens per second while writing and reading, seconds to the first token.

    `decode` is for one sequence at half its context; `prompt` is how many tokens are read.
    `measured` is how many measurements on this machine are in it.
    """

    decode: Speed
    prefill: Speed
    first_token: Speed
    prompt: int
    measured: int


def rates(place: Place, engine: str, runs: Iterable[Past] = ()) -> Rates | None:
    """What the processor reaches with this engine; None where its bandwidth is not known.

    On this machine its calibration and earlier runs count; elsewhere the facts on the processor.
    Of several cards, one works at a time: that is how layers are split.
    """
    if place.bandwidth is None:
        return None
    processor = Processor(
        kind=place.kind,
        bandwidth=place.bandwidth / place.cards,
        released=place.released,
        flops_16bit=place.flops / place.cards if place.flops else None,
        ops_8bit=place.ops / place.cards if place.ops else None,
    )
    expected = default_rates(processor, engine)
    return calibrate(expected, _measured(engine, runs)) if place.here else expected


def speeds(work: Work, found: Rates, setting: Setting) -> Speeds:
    """The speeds of a model with so much work, in this setting."""
    prompt = min(USUAL_PROMPT, setting.context)
    return Speeds(
        decode=decode(work, found, setting.context / 2, setting.parallel),
        prefill=prefill(work, found, prompt, setting.batch),
        first_token=first_token(work, found, prompt, setting.batch),
        prompt=prompt,
        measured=found.measured,
    )


def pace(work: Work, length: float) -> dict[str, object]:
    """What one token at this length needs, as a row of the ledger keeps it."""
    one = decoding(work, 0.0, length)
    return {"bytes_read": one.bytes_read, "operations": one.operations, "layers": one.layers,
            "grade": one.grade}  # fmt: skip


def _measured(engine: str, runs: Iterable[Past]) -> list[Measurement]:
    """The calibration of this machine, if it was with this engine, and what runs showed."""
    kept = calibration()
    points = list(kept.measurements()) if kept and kept.engine == engine else []
    return points + [run.pass_ for run in runs if run.engine == engine and run.pass_]
