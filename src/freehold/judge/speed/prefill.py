"""How fast a prompt is read, and how long it takes until the first token of the answer.

seconds = passes * (bytes / bandwidth + layers * constant) + operations / matrix rate, with the
operations of attention growing with the square of the prompt. Before that an engine needs some
time to take the request, cut it into tokens and start.
"""

import math

from freehold.judge.speed.decode import Portion, seconds_of
from freehold.judge.speed.rates import Rates, Speed
from freehold.judge.speed.work import Work, decoding, reading

UTILIZATION = 0.3
"""Added doubt: how well a matrix rate is used depends on shapes and kernels."""
START = Speed(0.03, 0.005, 0.1)
"""Seconds from a request until the engine computes."""


def prefill(work: Work, rates: Rates | tuple[Portion, ...], prompt: int, batch: int = 512) -> Speed:
    """Tokens of a prompt read per second, `batch` of them in one pass."""
    seconds = _reading(work, rates, prompt, batch)
    return Speed(prompt / seconds.value, prompt / seconds.high, prompt / seconds.low)


def first_token(
    work: Work, rates: Rates | tuple[Portion, ...], prompt: int, batch: int = 512
) -> Speed:
    """Seconds from a request to a loaded model until its first token."""
    read = _reading(work, rates, prompt, batch)
    one = seconds_of(decoding(work, 0, prompt), rates, work.doubt)
    parts = (read, one, START)
    low, high = sum(p.low for p in parts), sum(p.high for p in parts)
    return Speed(sum(p.value for p in parts), low, high)


def _reading(work: Work, rates: Rates | tuple[Portion, ...], prompt: int, batch: int) -> Speed:
    seen = reading(work, max(prompt, 1), 0.0, batch)
    return seconds_of(seen, rates, math.hypot(work.doubt, UTILIZATION))
