"""Which way of running a model is the fastest that keeps its quality: figures in, a winner out.

Quality is the Kullback-Leibler divergence, in nats, of the distribution of the next token from
that of the reference, averaged over places of one text. Where only the likeliest tokens of each
place are known, the others count as one: by the log-sum inequality the result is then a lower
bound, and it is exact where every token is known.
"""

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

MOST_NATS = 0.05
"""The mean divergence up to which quality counts as kept."""
MARGIN = 0.03
"""The part by which a change of the setting must be faster to be taken."""
WHOLE = 0.9999
"""The probability that is told at each place when all tokens are."""
TINY = 1e-12

Logs = Mapping[str, float]
"""The logarithms of the probabilities of tokens at one place."""


class Workload(Struct, frozen=True):
    """What is to be fast: a prompt of so many tokens and an answer of so many."""

    prompt: int = 512
    answer: int = 64


class Timed(Struct, frozen=True, kw_only=True):
    """What one way of running took: tokens per second reading and writing, seconds, bytes.

    `share` is the part of its cores that the engine got: below 1 other work took the rest.
    """

    prefill: float
    decode: float
    first_token: float
    load: float
    peak: int
    share: float | None
    rounds: int

    def seconds(self, work: Workload) -> float:
        """How long the whole workload takes, with the model loaded."""
        return work.prompt / self.prefill + work.answer / self.decode


class Quality(Struct, frozen=True):
    """The mean divergence in nats over `places`; a lower bound unless `exact`.

    `covered` is the probability that the known tokens of a place have together, on average.
    """

    nats: float
    places: int
    exact: bool
    covered: float

    @property
    def brief(self) -> str:
        """The figure alone."""
        return f"{'' if self.exact else 'at least '}{self.nats:.2g} nats"

    @property
    def says(self) -> str:
        """The figure, named as what it is."""
        what = f"KL divergence {self.brief} over {self.places} places"
        if self.exact:
            return what
        return f"{what} (a lower bound, from tokens that have {self.covered:.1%} together)"


class Trial(Struct, frozen=True, kw_only=True):
    """One way that was tried: where, what of, how; and what came of it or what went wrong.

    `same` says that it computes with the very weights and on the engine of the reference.
    """

    engine: str
    version: str | None
    precision: str
    setting: str
    same: bool
    timed: Timed | None = None
    quality: Quality | None = None
    wrong: str | None = None

    @property
    def name(self) -> str:
        """Where it ran, in what precision, and how."""
        where = f"{self.engine} {self.version}" if self.version else self.engine
        return f"{where}, {self.precision}, {self.setting}"


def divergence(reference: Logs, other: Logs) -> tuple[float, float]:
    """The divergence of one place in nats, and the probability that the reference tells of.

    Tokens that are not in both count together with all that are in neither.
    """
    shared = reference.keys() & other.keys()
    pairs = [(math.exp(reference[key]), reference[key] - other[key]) for key in shared]
    told = sum(p for p, _ in pairs)
    rest = max(1.0 - told, 0.0)
    rest_of_other = max(1.0 - sum(math.exp(other[key]) for key in shared), 0.0)
    nats = sum(p * apart for p, apart in pairs)
    if rest > TINY:
        nats += rest * math.log(rest / max(rest_of_other, TINY))
    return max(nats, 0.0), min(told, 1.0)


def quality(reference: Sequence[Logs], other: Sequence[Logs]) -> Quality | None:
    """The mean over the places that both tell of; None where these are less than half of them."""
    both = [pair for pair in zip(reference, other, strict=False) if all(pair)]
    if not both or len(both) < len(reference) / 2:
        return None
    found = [divergence(*pair) for pair in both]
    count = len(found)
    covered = sum(told for _, told in found) / count
    exact = min(told for _, told in found) >= WHOLE
    return Quality(sum(nats for nats, _ in found) / count, count, exact, covered)


def kept(trial: Trial, most: float = MOST_NATS) -> bool:
    """Whether it ran and its quality is kept: within the bound, or the same weights as before."""
    if trial.timed is None:
        return False
    return trial.same if trial.quality is None else trial.quality.nats <= most


def winner(trials: Sequence[Trial], work: Workload, most: float = MOST_NATS) -> Trial | None:
    """The one that needs the least time for the work, of those that keep the quality.

    A later one must be faster by the margin, so that noise changes nothing.
    """
    best: Trial | None = None
    least = float("inf")
    for trial in trials:
        if kept(trial, most) and trial.timed and trial.timed.seconds(work) < least * (1 - MARGIN):
            best, least = trial, trial.timed.seconds(work)
    return best
