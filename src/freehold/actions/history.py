"""What the ledger knows of earlier runs, also for others: predicted beside measured, and errors."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from freehold.actions.calibration import QUIET
from freehold.core import paths
from freehold.core.errors import FreeholdError
from freehold.judge.correcting import Errors, Outcome, errors
from freehold.judge.speed.rates import Grade, Measurement

if TYPE_CHECKING:
    from freehold.store.ledger_rows import Row

LATEST = 200
"""The latest runs that are looked at."""
FEWEST = 8
"""Tokens of an answer from whose time a speed is learned: the first may come together."""
MOST = 1e18
"""No memory, time, speed or number of operations of one token is as large."""


class Past(Struct, frozen=True, kw_only=True):
    """One run: when, what, the memory in bytes and the speed in tokens per second it reached."""

    time: str
    model: str
    engine: str
    architecture: str
    version: str | None
    context: int | None
    predicted: int | None
    measured: int
    expected_decode: float | None
    decode: float | None
    prefill: float | None
    pass_: Measurement | None = None
    """One token of it as a measurement, where the plan had said what a token needs."""

    @property
    def outcome(self) -> Outcome | None:
        """Predicted and measured memory; None where nothing was predicted."""
        if not self.predicted:
            return None
        return Outcome(
            engine=self.engine,
            architecture=self.architecture,
            model=self.model,
            predicted=self.predicted,
            measured=self.measured,
            time=self.time,
        )


class History(Struct, frozen=True):
    """The latest runs, the oldest first, and the errors of their plans."""

    runs: tuple[Past, ...]

    @property
    def outcomes(self) -> list[Outcome]:
        """The runs for which memory had been predicted."""
        return [outcome for run in self.runs if (outcome := run.outcome)]

    @property
    def errors(self) -> list[Errors]:
        """How far off memory was, by engine and architecture."""
        return errors(self.outcomes)

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "runs": [_row(run) for run in self.runs],
            "errors": [
                {"engine": e.engine, "architecture": e.architecture, "runs": e.runs,
                 "median": e.median, "worst": e.worst}
                for e in self.errors
            ],
        }  # fmt: skip


def history(model: str | None = None) -> History:
    """The latest runs of this user, or those of one model; none where there is no ledger."""
    if not paths.ledger().exists():
        return History(())
    from freehold.store.ledger import Ledger

    try:
        with Ledger.open(reading=True) as ledger:
            both = (*ledger.last(LATEST, "run"), *ledger.last(LATEST, "serve"))
    except FreeholdError:
        return History(())
    rows = sorted(both, key=lambda row: row.number)[-LATEST:]
    runs = [past for row in rows if (past := _past(row))]
    return History(tuple(run for run in runs if model in (None, run.model)))


def _past(row: "Row") -> Past | None:
    """A row of the ledger as a run; None for one that another version wrote differently."""
    facts = row.facts
    measured, predicted = _table(facts.get("measured")), _table(facts.get("predicted"))
    peak = _whole(measured.get("peak"))
    if not peak:
        return None
    decode = _rate(measured, "decode_steps", "decode_seconds")
    return Past(
        time=row.time,
        model=str(facts.get("model")),
        engine=str(facts.get("engine")),
        architecture=str(facts.get("architecture")),
        version=str(facts["version"]) if facts.get("version") else None,
        context=_whole(_table(facts.get("setting")).get("context")),
        predicted=_whole(predicted.get("expected")) or _whole(predicted.get("peak")),
        measured=peak,
        expected_decode=_number(predicted.get("decode")),
        decode=decode,
        prefill=_rate(measured, "prompt_tokens", "prompt_seconds"),
        pass_=None if _is_spoiled(measured) else _pass(_table(predicted.get("pace")), decode),
    )


def _pass(pace: Mapping[str, object], speed: float | None) -> Measurement | None:
    """What one token needed and how long it took."""
    read, sums, layers = (_number(pace.get(k)) for k in ("bytes_read", "operations", "layers"))
    if not (read and sums and layers and speed):
        return None
    grade: Grade = "16-bit" if pace.get("grade") == "16-bit" else "8-bit"
    return Measurement(
        bytes_read=read, operations=sums, layers=layers, seconds=1 / speed, grade=grade
    )


def _is_spoiled(measured: Mapping[str, object]) -> bool:
    """Whether its speed says little: a few tokens, or other work took a part of the machine."""
    steps = measured.get("decode_steps")
    if not isinstance(steps, int | float) or steps < FEWEST:
        return True
    share, alongside = measured.get("share"), measured.get("alongside")
    if isinstance(alongside, int) and alongside > 1:
        return True
    return isinstance(share, int | float) and share < QUIET


def _row(run: Past) -> dict[str, Any]:
    outcome = run.outcome
    return {
        "time": run.time,
        "model": run.model,
        "engine": run.engine,
        "architecture": run.architecture,
        "version": run.version,
        "context": run.context,
        "memory": {"predicted": run.predicted, "measured": run.measured,
                   "error": outcome.error if outcome else None},
        "decode": {"predicted": run.expected_decode, "measured": run.decode},
        "prefill": {"measured": run.prefill},
    }  # fmt: skip


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> float | None:
    """A figure that can be one: above zero and below what any machine reaches."""
    return float(value) if isinstance(value, int | float) and 1e-9 < value < MOST else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _rate(measured: Mapping[str, object], count: str, seconds: str) -> float | None:
    many, took = _number(measured.get(count)), _number(measured.get(seconds))
    return _number(many / took) if many and took else None
