"""Bars of characters."""

import click
from hypothesis import given
from hypothesis import strategies as st

from freehold.cli._bars import EDGE, bar, edge

SIZES = st.lists(st.integers(0, 10**12), min_size=4, max_size=4)


def plain(text: str) -> str:
    return click.unstyle(text)


def test_parts_and_what_is_left_share_the_bar_by_size() -> None:
    assert plain(bar([50, 25, 0, 0], 100, 20)) == "█" * 10 + "▓" * 5 + "·" * 5


def test_a_small_part_is_still_seen() -> None:
    assert plain(bar([99, 1, 0, 0], 100_000, 10)).startswith("█▓")


def test_where_the_room_ends_is_marked_only_when_it_is_too_small() -> None:
    assert edge([50, 0, 0, 0], 100, 20) is None
    assert edge([100, 100, 0, 0], 100, 20) == " " * 10 + EDGE


@given(SIZES, st.integers(1, 10**12), st.integers(8, 120))
def test_a_bar_is_exactly_as_wide_as_asked(parts: list[int], room: int, width: int) -> None:
    assert len(plain(bar(parts, room, width))) == width
