"""How long one step of making a picture takes, and the whole picture.

A step passes every token of the picture (a patch of pixels) and of the text through the denoiser:
2 * weights * tokens + 4 * layers * width * tokens^2 operations, twice where guidance also looks
at the picture without the text. It is bound by arithmetic, so the matrix rate decides.
"""

from msgspec import Struct

from freehold.judge.speed.decode import seconds_of
from freehold.judge.speed.prefill import UTILIZATION
from freehold.judge.speed.rates import Grade, Measurement, Rates, Speed

PATCH = 16
"""Pixels along one side that become one token: 8 in the autoencoder, 2 in the denoiser."""


class Step(Struct, frozen=True, kw_only=True):
    """What one step does: operations, bytes of weights read, layers run through."""

    operations: float
    bytes_read: float
    layers: float
    grade: Grade = "16-bit"


def transformer_step(
    *,
    seen: float,
    width: int,
    layers: int,
    pixels: int,
    text: int,
    bytes_read: float,
    guided: bool = False,
    grade: Grade = "16-bit",
) -> Step:
    """The step of a diffusion transformer.

    `seen` is the weights that one token passes: all of them, or about half where picture and
    text have weights of their own (MMDiT). `text` is the number of its tokens.
    """
    tokens = pixels / PATCH**2 + text
    once = 2 * seen * tokens + 4 * layers * width * tokens**2
    return Step(operations=once * (1 + guided), bytes_read=bytes_read, layers=layers, grade=grade)


def image_step(step: Step, rates: Rates) -> Speed:
    """Seconds of one step."""
    whole = Measurement(
        bytes_read=step.bytes_read,
        operations=step.operations,
        layers=step.layers,
        seconds=0.0,
        tokens=PATCH**2,
        grade=step.grade,
    )
    return seconds_of(whole, rates, UTILIZATION)


def image(step: Step, steps: int, rates: Rates, around: float = 0.1) -> Speed:
    """Seconds of a picture: its steps, and what reading the text and the last decoding add.

    `around` is that addition as a share of all steps.
    """
    one = image_step(step, rates)
    times = steps * (1 + around)
    return Speed(one.value * times, one.low * times, one.high * times)
