"""Forecasting: reads the table, lets a model look ahead, and carries the dates on."""

import time
from collections.abc import Callable, Generator
from typing import Any

import numpy
import torch

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.aside import Pace
from freehold.engines.workers.order import Order
from freehold.engines.workers.series.choosing import forecaster
from freehold.engines.workers.series.dates import continued, days_of_step
from freehold.engines.workers.series.forecasters import Forecaster
from freehold.engines.workers.series.table import Table, read_table
from freehold.engines.workers.sound.arrays import read_array
from freehold.engines.workers.sound.loading import seeded, telling
from freehold.tasks.base import Work
from freehold.tasks.time_series_forecasting import Request, Result, Series

SHOWN = 256
"""How many of the last values come back with a forecast, for a plot."""


def load(order: Order) -> Callable[[Request], Generator[Any, None, None]]:
    """The model and how it answers."""
    model = forecaster(order)

    def answer(request: Request) -> Generator[Any, None, None]:
        began = time.monotonic()
        seeded(request.seed)
        table = _table(request)
        past = numpy.array(list(table.columns.values()), "float32").T
        model.check(past.shape, request.quantiles)
        horizon = request.horizon or model.horizon
        middles, spreads = yield from _ahead(model, past, horizon, request, table)
        names = [f"{q:g}" for q in request.quantiles]
        series = tuple(
            Series(name, _told(middles[:, at]),
                   {q: _told(spreads[n, :, at]) for n, q in enumerate(names)})
            for at, name in enumerate(table.columns)
        )  # fmt: skip
        times = continued(table.times, horizon)
        yield Result(
            series=series,
            times=times,
            past={name: values[-SHOWN:] for name, values in table.columns.items()},
            work=Work(time.monotonic() - began, horizon * len(series), "values"),
            notes=_notes(model, table, past, horizon, times),
        )

    found: Callable[[Request], Generator[Any, None, None]] = telling(answer)
    return found


def _table(request: Request) -> Table:
    """The series from a table, or from an array (time x series)."""
    if request.table.kind != "array":
        return read_table(request.table.path, request.columns, request.fill)
    found = read_array(request.table, "the table")
    found = found[:, None] if found.ndim == 1 else found
    if found.ndim != 2:
        raise BrokenInput(f"series are an array of time x series, not of shape {found.shape}")
    names = [str(n + 1) for n in range(found.shape[1])]
    unknown = [name for name in request.columns if name not in names]
    if unknown:
        raise UsageError(f"there is no column {unknown[0]!r}: they are 1 to {len(names)}")
    taken = [n for n, name in enumerate(names) if not request.columns or name in request.columns]
    return Table({names[n]: tuple(map(float, found[:, n])) for n in taken})


def _ahead(
    model: Forecaster, past: Any, horizon: int, request: Request, table: Table
) -> Generator[Any, None, tuple[Any, Any]]:
    """Block by block, each with the ones before as its past; middles and quantiles."""
    pace, middles, spreads = Pace(horizon, "steps"), [], []
    done, step = 0, days_of_step(table.times)
    with torch.inference_mode():
        while done < horizon:
            seen = past[-model.most :] if model.most else past
            middle, spread = model.look(seen, request.quantiles, step)
            if not numpy.isfinite(middle).all():
                raise BrokenInput("the model forecasts what is not a number")
            middles.append(middle)
            spreads.append(spread)
            past = numpy.concatenate([past, middle])
            done += len(middle)
            yield pace.at(done)
    return numpy.concatenate(middles)[:horizon], numpy.concatenate(spreads, 1)[:, :horizon]


def _notes(
    model: Forecaster, table: Table, past: Any, horizon: int, times: tuple[str, ...]
) -> tuple[str, ...]:
    """Everything that was done beside what was asked."""
    notes = []
    if table.filled:
        notes.append(f"{table.filled:,} gaps were filled with the value before")
    if model.most and len(past) > model.most:
        notes.append(f"only the last {model.most:,} of {len(past):,} rows were looked at")
    if horizon > model.horizon:
        notes.append(
            f"the model looks {model.horizon} steps ahead; what is later follows from its own "
            "forecasts"
        )
    if table.times and not times:
        notes.append("the times are no evenly spaced dates, so they were not carried on")
    return tuple(notes)


def _told(values: Any) -> tuple[float, ...]:
    """Numbers as they travel."""
    return tuple(float(value) for value in values)
