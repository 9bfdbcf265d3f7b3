"""Finds the likeliest text in what a CTC model says of each frame; needs no library.

Prefix search as in Hannun et al. 2014 (arXiv 1408.2873), without a language model.
"""

import math
from collections.abc import Sequence

LEAST = -1e30


def likeliest(frames: Sequence[Sequence[float]], blank: int, width: int) -> list[int]:
    """The signs of the likeliest text; `frames` are logarithms of probabilities, frame x sign.

    All ways of writing one text over the frames count together; `width` texts are kept, best first.
    """
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, LEAST)}
    for frame in frames:
        grown: dict[tuple[int, ...], tuple[float, float]] = {}
        signs = sorted(range(len(frame)), key=lambda s: -frame[s])[: width + 1]
        for text, (silent, loud) in beams.items():
            both = _either(silent, loud)
            for sign in signs:
                _extend(grown, text, sign, frame[sign], both, silent, loud, blank)
        best = sorted(grown, key=lambda text: -_either(*grown[text]))
        beams = {text: grown[text] for text in best[:width]}
    return list(next(iter(beams)))


def _extend(
    grown: dict[tuple[int, ...], tuple[float, float]],
    text: tuple[int, ...],
    sign: int,
    log: float,
    both: float,
    silent: float,
    loud: float,
    blank: int,
) -> None:
    """What one more frame with this sign makes of a text.

    `silent` and `loud` are the logarithms of its ways that end in silence and in a sign.
    """
    if sign == blank:
        _add(grown, text, both + log, LEAST)
    elif text and text[-1] == sign:
        _add(grown, text, LEAST, loud + log)
        _add(grown, (*text, sign), LEAST, silent + log)
    else:
        _add(grown, (*text, sign), LEAST, both + log)


def _add(
    grown: dict[tuple[int, ...], tuple[float, float]], text: tuple[int, ...], a: float, b: float
) -> None:
    before = grown.get(text, (LEAST, LEAST))
    grown[text] = (_either(before[0], a), _either(before[1], b))


def _either(a: float, b: float) -> float:
    """The logarithm of a sum of two probabilities."""
    high, low = (a, b) if a >= b else (b, a)
    return high + math.log1p(math.exp(low - high)) if low > LEAST else high
