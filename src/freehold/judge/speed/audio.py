"""How many seconds of sound are worked on in one second: the real-time factor.

An encoder does a fixed amount of arithmetic for each second of sound; a decoder then makes some
tokens for it, each as a language model does. Speech has about four tokens a second.
"""

import math

from msgspec import Struct

from freehold.judge.speed.decode import TOGETHER, seconds_of
from freehold.judge.speed.prefill import UTILIZATION
from freehold.judge.speed.rates import Measurement, Rates, Speed
from freehold.judge.speed.work import Work, decoding

SPOKEN = 4.0
"""Tokens of text for one second of speech, with those that mark its places."""
CHUNK = 30.0
"""Seconds of sound that are encoded at once."""


class Listening(Struct, frozen=True, kw_only=True):
    """A model for sound: its encoder's operations and bytes for CHUNK seconds, and its decoder.

    `tokens` is how many tokens the decoder makes, or reads where it makes sound, per second.
    """

    operations: float
    bytes_read: float
    layers: float
    decoder: Work | None = None
    tokens: float = SPOKEN


def encoder(parameters: float, width: int, layers: int, frames: int, bits: float) -> Listening:
    """The encoder of a model like Whisper: `frames` vectors for each CHUNK seconds (1500)."""
    sums = 2 * parameters * frames + 4 * layers * width * frames**2
    return Listening(operations=sums, bytes_read=parameters * bits / 8, layers=layers)


def realtime_factor(listening: Listening, rates: Rates, batch: int = 1) -> Speed:
    """Seconds of sound per second when `batch` recordings are worked on at once."""
    whole = Measurement(
        bytes_read=listening.bytes_read,
        operations=listening.operations * batch,
        layers=listening.layers,
        seconds=0.0,
        tokens=1500,
        grade="16-bit",
    )
    doubt = math.hypot(UTILIZATION, TOGETHER if batch > 1 else 0.0)
    times = [_per_second(seconds_of(whole, rates, doubt), 1 / CHUNK)]
    if listening.decoder:
        length = listening.tokens * CHUNK / 2
        seen = decoding(listening.decoder, 0, length, batch)
        times.append(_per_second(seconds_of(seen, rates, doubt), listening.tokens))
    value, low, high = (
        sum(getattr(one, part) for one in times) for part in ("value", "low", "high")
    )
    return Speed(batch / value, batch / high, batch / low)


def _per_second(speed: Speed, often: float) -> Speed:
    """The time of something that is done so often for each second of sound."""
    return Speed(speed.value * often, speed.low * often, speed.high * often)
