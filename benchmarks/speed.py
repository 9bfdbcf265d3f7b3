"""How far predicted speeds are from measured ones, beside the formulas of others.

    python benchmarks/speed.py FILE

FILE is a JSON list of runs that users of llmfit reported (its `community` data). Predictions for
a device never use rows of that device: all constants are fitted anew without it.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from random import Random
from statistics import median

from msgspec import Struct
from speed_fitting import Fitted, fit, with_layers
from speed_others import report_others
from speed_rows import LENGTH, Row, all_rows

from freehold.judge.speed.calibrating import calibrate
from freehold.judge.speed.decode import decode
from freehold.judge.speed.defaults import default_rates
from freehold.judge.speed.prefill import first_token, prefill
from freehold.judge.speed.rates import Rates, Speed
from freehold.judge.speed.work import decoding
from freehold.knowledge.base import open_base

PROMPT = 40
"""The prompts of users' rows have 15 to 60 tokens, the template of a chat included."""
PAIRS = 40
"""Of a machine with many rows, so many pairs of them calibrate, chosen by chance (seed 1)."""


class Outcome(Struct, frozen=True):
    """One prediction beside what was measured."""

    row: Row
    predicted: Speed
    measured: float

    @property
    def error(self) -> float:
        """How far off, as a share of what was measured."""
        return abs(self.predicted.value / self.measured - 1)

    @property
    def inside(self) -> bool:
        """Whether the interval holds what was measured."""
        return self.predicted.low <= self.measured <= self.predicted.high


def tell(label: str, outcomes: Sequence[Outcome]) -> None:
    """Print one line of the accuracy table."""
    errors = [one.error for one in outcomes]
    near = sum(error <= 0.2 for error in errors) / len(errors)
    inside = sum(one.inside for one in outcomes) / len(outcomes)
    print(f"  {label:<58} {len(errors):>6}  {median(errors):>6.1%} {near:>7.0%} {inside:>8.0%}")


def head(title: str) -> None:
    """Print the head of a table."""
    print(f"\n{title}\n  {'':<58} {'n':>6}  median  <20 %  in 80 %")


def expected(row: Row, fitted: Fitted) -> Rates:
    """The rates of the row's machine before anything is measured there."""
    return default_rates(row.seen.processor, row.seen.engine, fitted.defaults)


def uncalibrated(rows: Sequence[Row], folds: dict[str, Fitted]) -> Iterator[Outcome]:
    """Each row predicted from facts alone."""
    for row in rows:
        fitted = folds[row.seen.device]
        work = with_layers(row, fitted.extra).work
        yield Outcome(row, decode(work, expected(row, fitted), row.seen.length), row.seen.decode)


def machines(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by machine and engine."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault(row.place, []).append(row)
    return groups


def calibrated(
    rows: Sequence[Row], folds: dict[str, Fitted], runs: int
) -> dict[int, list[Outcome]]:
    """Every row by the rates that each choice of so many others gives; by the row's number."""
    found: dict[int, list[Outcome]] = {}
    numbers = {id(row): number for number, row in enumerate(rows)}
    chance = Random(1)
    for group in machines(rows).values():
        if len(group) <= runs:
            continue
        chosen = list(combinations(range(len(group)), runs))
        if runs > 1 and len(chosen) > PAIRS:
            chosen = chance.sample(chosen, PAIRS)
        for choice in chosen:
            fitted = folds[group[0].seen.device]
            own = [with_layers(row, fitted.extra) for row in group]
            seen = [decoding(own[i].work, own[i].seen.decode, own[i].seen.length) for i in choice]
            rates = calibrate(expected(group[0], fitted), seen)
            for index, row in enumerate(own):
                if index not in choice:
                    speed = decode(row.work, rates, row.seen.length)
                    outcome = Outcome(group[index], speed, row.seen.decode)
                    found.setdefault(numbers[id(group[index])], []).append(outcome)
    return found


def tell_calibrated(label: str, found: dict[int, list[Outcome]]) -> None:
    """Print the line in which each row counts once, whichever run calibrated."""
    shares = [sum(one.error <= 0.2 for one in many) / len(many) for many in found.values()]
    inside = [sum(one.inside for one in many) / len(many) for many in found.values()]
    near, held = sum(shares) / len(shares), sum(inside) / len(inside)
    pooled = sorted((one.error, 1 / len(many)) for many in found.values() for one in many)
    middle = _middle(pooled)
    print(f"  {label:<58} {len(found):>6}  {middle:>6.1%} {near:>7.0%} {held:>8.0%}")


def _middle(weighted: Sequence[tuple[float, float]]) -> float:
    """The median of values that count by their weight."""
    half, so_far = sum(weight for _, weight in weighted) / 2, 0.0
    for value, weight in weighted:
        so_far += weight
        if so_far >= half:
            return value
    return math.nan


PEERS: dict[str, float] = {
    "0.55 * bandwidth / bytes, the shape of llmfit's": 0.55,
    "0.8 * bandwidth / bytes, the usual advice": 0.8,
}
"""Formulas of others: a share of the bandwidth on paper over the bytes of weights that run."""


def peers(rows: Sequence[Row], formulas: dict[str, float]) -> None:
    """Print what formulas of others say of the same rows; they have no intervals."""
    for name, share in formulas.items():
        values = [share * row.seen.processor.bandwidth / row.work.read(0) for row in rows]
        pairs = zip(rows, values, strict=True)
        tell(name, [Outcome(row, Speed(v, v, v), row.seen.decode) for row, v in pairs])


def main(file: Path) -> None:
    """Print all tables."""
    rows, left = all_rows(file)
    users = [row for row in rows if row.seen.reported]
    print(f"{len(users)} rows of users, {len(rows) - len(users)} published rows; left out:")
    for reason, count in left.most_common():
        print(f"  {count:>4}  {reason}")
    fitted = fit(rows)
    devices = {row.seen.device for row in rows}
    folds = {d: fit([row for row in rows if row.seen.device != d], fitted) for d in devices}
    report_decode(users, folds)
    report_prompts(rows, folds)
    report_others(open_base().accelerators())
    report_constants(fitted)


def report_decode(users: Sequence[Row], folds: dict[str, Fitted]) -> None:
    """Print how far off tokens per second are, without and with calibration."""
    head("Decode, from facts alone, on devices left out")
    before = list(uncalibrated(users, folds))
    tell("Freehold", before)
    peers(users, PEERS)
    head("By machine and engine")
    for (machine, engine), group in machines(users).items():
        tell(f"{machine[:46]}, {engine}", [one for one in before if one.row in group])
    head("Decode after calibration by other runs of the machine and engine")
    for runs in (1, 2, 3, 5):
        tell_calibrated(f"{runs} run{'s' * (runs > 1)}", calibrated(users, folds, runs))


def report_prompts(rows: Sequence[Row], folds: dict[str, Fitted]) -> None:
    """Print how far off prompts are, from facts alone."""
    head("Prompts, from facts alone, on devices left out")
    read = [
        Outcome(
            row, prefill(row.work, expected(row, folds[row.seen.device]), 512), row.seen.prefill
        )
        for row in rows
        if row.seen.prefill
    ]
    tell("published: 512 tokens read per second", read)
    waited = [
        Outcome(
            row,
            first_token(row.work, expected(row, folds[row.seen.device]), PROMPT),
            row.seen.waited / 1e3,
        )
        for row in rows
        if row.seen.waited
    ]
    tell(f"users: seconds to the first token, about {PROMPT} tokens", waited)


def report_constants(fitted: Fitted) -> None:
    """Print what defaults.py and work.py hold, fitted to all rows."""
    print("\nConstants fitted to all rows")
    for kind, usual in fitted.defaults.usual.items():
        print(f"  {kind}: {usual.share:.3f}, {usual.layer * 1e6:.0f}e-6, {usual.sums:.1f}")
    slower = fitted.defaults.slower["ollama"]
    print(f"  yearly {fitted.defaults.yearly:.3f}, ollama {slower:.2f}")
    print("  " + ", ".join(f"{trait} {value:.2f}" for trait, value in fitted.extra.items()))
    print(f"  length taken for users' rows: {LENGTH}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
