"""Forecasting: the past of one or more series goes in, what comes next comes out."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from freehold.tasks.base import File, Flag, Task, Work, one


class Request(Struct, frozen=True, kw_only=True):
    """A table of numbers: a row for each time, a column for each series.

    `horizon` is how many steps to look ahead; None takes what the model was made for. A first
    column of dates is carried on. Gaps are refused, unless `fill`.
    """

    table: File
    horizon: int | None = None
    columns: tuple[str, ...] = ()
    quantiles: tuple[float, ...] = ()
    fill: bool = False
    seed: int | None = None


class Series(Struct, frozen=True):
    """What comes next in one series: its middle, and one list for each quantile."""

    name: str
    values: tuple[float, ...]
    quantiles: dict[str, tuple[float, ...]] = {}


class Result(Struct, frozen=True, kw_only=True):
    """The forecasts; `times` are the dates of the steps where the table had dates.

    `past` are the last values that were seen, for a plot.
    """

    series: tuple[Series, ...]
    times: tuple[str, ...] = ()
    past: dict[str, tuple[float, ...]] = {}
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """One table."""
    said = dict(flags)
    quantiles = tuple(float(q) for q in said.pop("quantile", ()))
    columns = tuple(said.pop("column", ()))
    return Request(
        table=one(inputs, "table", "array"), quantiles=quantiles, columns=columns, **said
    )


def words(result: Result) -> str:
    """The next values of each series."""
    lines = []
    for series in result.series:
        lines.append(f"{series.name}: " + " ".join(f"{value:.4g}" for value in series.values[:24]))
    return "\n".join(lines)


TASK = Task(
    id="time-series-forecasting",
    says="Say how series of numbers go on.",
    takes=("table", "array"),
    gives=("table",),
    route="/v1/forecasts",
    request=Request,
    result=Result,
    requested=requested,
    filled=("table", "columns", "quantiles"),
    words=words,
    flags=(
        Flag(name="horizon", sort="whole", least=1, most=100_000, help="Steps to look ahead."),
        Flag(name="column", sort="several", metavar="NAME", help="Only these columns."),
        Flag(name="quantile", sort="several", metavar="Q", help="Such as 0.1."),
        Flag(name="fill", sort="switch", help="Fill gaps with the value before."),
        Flag(name="seed", sort="whole", least=0, most=2**32 - 2, help="The same gives the same."),
    ),
)
