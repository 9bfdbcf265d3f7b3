"""Carries dates on, step by step; needs no library."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise


def continued(times: Sequence[str], steps: int) -> tuple[str, ...]:
    """The next dates after evenly spaced ones; none when they are not dates or not even.

    Months, quarters and years count as even when they fall on the same day of the month, or on
    the last one.
    """
    try:
        moments = [datetime.fromisoformat(time.strip()) for time in times]
    except ValueError:
        return ()
    whole = all(len(time.strip()) <= 10 for time in times)
    ahead = _by_months(moments, steps) or _by_seconds(moments, steps)
    return tuple(m.date().isoformat() if whole else m.isoformat(sep=" ") for m in ahead)


def days_of_step(times: Sequence[str]) -> float | None:
    """How many days lie between the last two dates."""
    try:
        last, before = (datetime.fromisoformat(time.strip()) for time in (times[-1], times[-2]))
        return (last - before) / timedelta(days=1)
    except (ValueError, IndexError, TypeError):
        return None


def _by_seconds(moments: Sequence[datetime], steps: int) -> list[datetime]:
    try:
        gaps = {after - before for before, after in pairwise(moments)}
        if len(gaps) != 1 or min(gaps) <= timedelta(0):
            return []
        step = gaps.pop()
        return [moments[-1] + step * (n + 1) for n in range(steps)]
    except (OverflowError, TypeError):
        return []


def _by_months(moments: Sequence[datetime], steps: int) -> list[datetime]:
    counts = [moment.year * 12 + moment.month - 1 for moment in moments]
    gaps = {after - before for before, after in pairwise(counts)}
    if not gaps:
        return []
    last = moments[-1]
    ends = all(moment.day == _days(moment.year, moment.month) for moment in moments)
    if len(gaps) != 1 or min(gaps) <= 0 or not (ends or len({m.day for m in moments}) == 1):
        return []
    ahead = []
    for n in range(steps):
        year, month = divmod(counts[-1] + min(gaps) * (n + 1), 12)
        if year > date.max.year:
            return []
        most = _days(year, month + 1)
        ahead.append(last.replace(year=year, month=month + 1, day=1)
                     .replace(day=most if ends else min(last.day, most)))  # fmt: skip
    return ahead


def _days(year: int, month: int) -> int:
    """How many days a month has."""
    after = date(year + month // 12, month % 12 + 1, 1) if year < date.max.year else None
    return (after - timedelta(days=1)).day if after else 31
