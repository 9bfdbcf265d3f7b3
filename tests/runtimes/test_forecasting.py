"""Forecasts on the transformers engine: the numbers are those of the library."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.base import Contract, Found
from freehold.tasks.base import File
from freehold.tasks.time_series_forecasting import Request, Result
from tests.runtimes.sound_engine import Engine, asked, made

NAMES = ["patchtst", "patchtsmixer", "timesfm", "informer", "chronos", "ttm", "ttm_told", "bolt"]
SLOW_NAMES = ["timesfm_2_5", "autoformer"]
TASK = "time-series-forecasting"
SEED = 7
pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, installed: Callable[[Contract], Found]
) -> Path:
    installed(Engine())
    folder = tmp_path_factory.mktemp("series")
    (folder / "past.csv").write_text(table())
    return made("series_models.py", NAMES, folder)


@pytest.fixture(scope="module")
def more(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("more")
    (folder / "past.csv").write_text(table())
    return made("series_models.py", SLOW_NAMES, folder)


def table(gap: int | None = None) -> str:
    """Two years of weeks: sales swing, visits grow."""
    rows = ["week,sales,visits"]
    for n in range(24):
        day = f"2026-{1 + n // 4:02d}-{1 + 7 * (n % 4):02d}"
        rows.append(f"{day},{100 + 10 * math.sin(n):.3f},{'' if n == gap else 2 * n + 3}")
    return "\n".join(rows) + "\n"


def told(models: Path, name: str) -> Any:
    return json.loads((models / name / "expected.json").read_text())


def columns(result: Result) -> list[list[float]]:
    """The middles of a result: time x series."""
    return [list(row) for row in zip(*(series.values for series in result.series), strict=True)]


def near(left: list[list[float]], right: list[list[float]]) -> bool:
    return all(
        math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-4)
        for row, other in zip(left, right, strict=True)
        for a, b in zip(row, other, strict=True)
    )


def test_patchtst_looks_ahead_and_says_what_follows_from_its_own_forecasts(
    models: Path, tmp_path: Path
) -> None:
    past = File(models / "past.csv", "table")
    gappy, short = tmp_path / "gappy.csv", tmp_path / "short.csv"
    gappy.write_text(table(gap=20))
    short.write_text("\n".join(table().splitlines()[:9]))
    seen, far, gap, filled, few, one, sure = asked(
        models / "patchtst",
        TASK,
        Request(table=past),
        Request(table=past, horizon=6),
        Request(table=File(gappy, "table")),
        Request(table=File(gappy, "table"), fill=True),
        Request(table=File(short, "table")),
        Request(table=past, columns=("sales",)),
        Request(table=past, quantiles=(0.1,)),
    )
    result = seen[-1]
    assert near(columns(result), told(models, "patchtst"))
    assert [series.name for series in result.series] == ["sales", "visits"]
    assert result.past["visits"][-1] == 49
    assert result.notes[0] == "only the last 16 of 24 rows were looked at"
    assert len(far[-1].series[0].values) == 6
    assert near(columns(far[-1])[:4], told(models, "patchtst"))
    assert "looks 4 steps ahead" in far[-1].notes[1]
    assert isinstance(gap, BrokenInput)
    assert "gap in row 21" in str(gap)
    assert filled[-1].notes[0] == "1 gaps were filled with the value before"
    assert "looks at 16 rows, and the table has 8" in str(few)
    assert "made for 2 series together, and there are 1" in str(one)
    assert isinstance(sure, UsageError)


def test_patchtsmixer_draws_futures(models: Path) -> None:
    (seen,) = asked(
        models / "patchtsmixer",
        TASK,
        Request(table=File(models / "past.csv", "table"), quantiles=(0.1, 0.9), seed=SEED),
    )
    futures = told(models, "patchtsmixer")
    for at, series in enumerate(seen[-1].series):
        drawn = sorted(future[0][at] for future in futures)
        middle = (drawn[24] + drawn[25]) / 2
        assert math.isclose(series.values[0], middle, rel_tol=1e-5)
        assert series.quantiles["0.1"][0] < middle < series.quantiles["0.9"][0]


def test_timesfm_takes_its_frequency_from_the_dates(models: Path) -> None:
    seen, odd = asked(
        models / "timesfm",
        TASK,
        Request(table=File(models / "past.csv", "table"), quantiles=(0.1,)),
        Request(table=File(models / "past.csv", "table"), quantiles=(0.15,)),
    )
    said = told(models, "timesfm")
    assert near(columns(seen[-1]), said["middle"])
    low = [list(row) for row in zip(*(s.quantiles["0.1"] for s in seen[-1].series), strict=True)]
    assert near(low, said["0.1"])
    assert "0.15 is not among them" in str(odd)


def test_informer_draws_the_same_from_the_same_seed(models: Path) -> None:
    (seen,) = asked(
        models / "informer", TASK, Request(table=File(models / "past.csv", "table"), seed=SEED)
    )
    assert near(columns(seen[-1]), told(models, "informer"))


@pytest.mark.slow
def test_timesfm_2_5_gives_what_the_library_gives(more: Path) -> None:
    past = File(more / "past.csv", "table")
    (seen,) = asked(more / "timesfm_2_5", TASK, Request(table=past, quantiles=(0.1,)))
    said = told(more, "timesfm_2_5")
    assert near(columns(seen[-1]), said["middle"])
    low = [list(row) for row in zip(*(s.quantiles["0.1"] for s in seen[-1].series), strict=True)]
    assert near(low, said["0.1"])


@pytest.mark.slow
def test_autoformer_draws_the_same_from_the_same_seed(more: Path) -> None:
    past = File(more / "past.csv", "table")
    (seen,) = asked(more / "autoformer", TASK, Request(table=past, seed=SEED))
    assert near(columns(seen[-1]), told(more, "autoformer"))


def test_chronos_draws_what_its_tokens_say(models: Path) -> None:
    seen, again = asked(
        models / "chronos",
        TASK,
        Request(table=File(models / "past.csv", "table"), seed=SEED, quantiles=(0.5,)),
        Request(table=File(models / "past.csv", "table"), seed=SEED),
    )
    assert near(columns(seen[-1]), told(models, "chronos"))
    assert seen[-1].series[0].quantiles["0.5"] == pytest.approx(seen[-1].series[0].values)
    assert columns(again[-1]) == columns(seen[-1])


def test_granite_ttm_gives_the_numbers_of_its_own_library(models: Path) -> None:
    """They were made by granite-tsfm 0.3.11 from the same weights, on 2026-11-28."""
    past = File(models / "past.csv", "table")
    (plain,) = asked(models / "ttm", TASK, Request(table=past))
    assert plain[-1].series[0].values == pytest.approx(
        [94.5747, 115.5235, 66.4151, 136.1811], abs=2e-3
    )
    assert plain[-1].series[1].values == pytest.approx(
        [13.8941, 63.7321, -15.3732, 80.7259], abs=2e-3
    )
    (weekly,) = asked(models / "ttm_told", TASK, Request(table=past))
    assert weekly[-1].series[0].values == pytest.approx(
        [130.6754, 64.4667, 138.659, 54.1203], abs=2e-3
    )


def test_chronos_bolt_gives_the_numbers_of_its_own_library(models: Path, tmp_path: Path) -> None:
    """They were made by chronos-forecasting 2.3.2 from the same weights, on 2026-11-28."""
    short = tmp_path / "short.csv"
    lines = table().splitlines()
    short.write_text("\n".join([lines[0], *lines[-14:]]))
    full, few = asked(
        models / "bolt",
        TASK,
        Request(table=File(models / "past.csv", "table"), quantiles=(0.1,)),
        Request(table=File(short, "table")),
    )
    sales, visits = full[-1].series
    assert sales.values == pytest.approx([82.5851, 91.5656, 113.5581, 116.4438], abs=2e-3)
    assert sales.quantiles["0.1"] == pytest.approx([88.5808, 104.015, 112.8587, 98.3975], abs=2e-3)
    assert visits.values == pytest.approx([7.0011, 28.4304, 57.6305, 51.8517], abs=2e-3)
    assert few[-1].series[0].values == pytest.approx(
        [80.6043, 92.5103, 114.3988, 114.2778], abs=2e-3
    )
