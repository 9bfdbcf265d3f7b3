"""Tables of series and their dates."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput, FreeholdError, UsageError
from freehold.engines.workers.series.dates import continued, days_of_step
from freehold.engines.workers.series.table import Table, read_table

SAME_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def read(folder: Path, text: str, ending: str = ".csv", **wishes: bool) -> Table:
    file = folder / f"table{ending}"
    file.write_text(text, encoding="utf-8")
    return read_table(file, **wishes)  # type: ignore[arg-type]


def test_a_first_column_without_numbers_holds_the_times(tmp_path: Path) -> None:
    table = read(tmp_path, "day,sales,visits\n2026-01-01,1.5,2\n2026-01-02,2.5,3\n")
    assert table.columns == {"sales": (1.5, 2.5), "visits": (2.0, 3.0)}
    assert table.times == ("2026-01-01", "2026-01-02")


def test_a_table_without_times_is_all_numbers(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\n1,2\n").columns == {"a": (1.0,), "b": (2.0,)}


def test_only_the_named_columns_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b,c\n1,2,3\n")
    assert list(read_table(file, ("c", "a")).columns) == ["a", "c"]
    with pytest.raises(UsageError, match="no column 'd'"):
        read_table(file, ("d",))


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("a\tb\n1\t2\n", ".tsv"),
        ('{"a": [1], "b": [2]}', ".json"),
        ('[{"a": 1, "b": 2}]', ".json"),
        ('{"a": 1, "b": 2}\n', ".jsonl"),
    ],
)
def test_other_kinds_of_tables_say_the_same(tmp_path: Path, text: str, ending: str) -> None:
    assert read(tmp_path, text, ending).columns == {"a": (1.0,), "b": (2.0,)}


@pytest.mark.parametrize("gap", ["", "NaN", "null", "NA"])
def test_a_gap_is_refused_with_its_place_unless_it_is_filled(tmp_path: Path, gap: str) -> None:
    text = f"a,b\n1,2\n3,{gap}\n5,6\n"
    with pytest.raises(BrokenInput, match="column 'b' has a gap in row 2"):
        read(tmp_path, text)
    filled = read(tmp_path, text, fill=True)
    assert filled.columns["b"] == (2.0, 2.0, 6.0)
    assert filled.filled == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no rows"),
        ("a,b\n", "no rows"),
        ("a,b\n1,2\n3\n", "row 2 has 1 cells and the header has 2"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ("a,b\n1,x\n", "'x' is not a number"),
        ("a,b\n1,inf\n", "'inf' is not a number"),
        ("day\n2026-01-01\n", "no column of numbers"),
        ('a,b\n"1,2\n', "cannot be read"),
        ("a\nnan\n1\n", "a gap in row 1"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(BrokenInput, match=why):
        read(tmp_path, text)


@SAME_FOLDER
@given(st.text(max_size=80), st.sampled_from([".csv", ".tsv", ".json", ".jsonl"]))
def test_any_text_is_a_table_or_an_error_of_ours(tmp_path: Path, text: str, ending: str) -> None:
    try:
        table = read(tmp_path, text.encode("utf-8", "replace").decode(), ending)
    except FreeholdError:
        return
    assert len({len(values) for values in table.columns.values()}) == 1


@SAME_FOLDER
@given(
    st.recursive(
        st.none() | st.floats() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        ),
        max_leaves=9,
    )
)
def test_any_json_is_a_table_or_an_error_of_ours(tmp_path: Path, value: object) -> None:
    try:
        read(tmp_path, json.dumps(value), ".json")
    except FreeholdError:
        return


@pytest.mark.parametrize(
    ("times", "ahead"),
    [
        (["2026-01-01", "2026-01-02"], ("2026-01-03", "2026-01-04")),
        (["2026-01-01 22:00", "2026-01-01 23:00"], ("2026-01-02 00:00:00", "2026-01-02 01:00:00")),
        (["2025-11-15", "2025-12-15", "2026-01-15"], ("2026-02-15", "2026-03-15")),
        (["2025-11-30", "2025-12-31", "2026-01-31"], ("2026-02-28", "2026-03-31")),
        (["2024-02-29", "2025-02-28"], ("2026-02-28", "2027-02-28")),
        (["2026-01-01", "2026-01-02", "2026-01-05"], ()),
        (["2026-01-02", "2026-01-01"], ()),
        (["one", "two"], ()),
        (["2026-01-01"], ()),
        (["9999-12-30", "9999-12-31"], ()),
    ],
)
def test_dates_go_on_where_they_are_even(times: list[str], ahead: tuple[str, ...]) -> None:
    assert continued(times, 2) == ahead


def test_the_days_of_a_step_are_those_between_the_last_two_dates() -> None:
    assert days_of_step(["2026-01-01", "2026-01-08"]) == 7
    assert days_of_step(["2026-01-01"]) is None
    assert days_of_step(["one", "two"]) is None


@given(st.lists(st.text(max_size=12), max_size=4), st.integers(1, 5))
def test_any_times_are_carried_on_or_not(times: list[str], steps: int) -> None:
    assert len(continued(times, steps)) in (0, steps)
