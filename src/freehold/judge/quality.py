"""What public leaderboards say of a model: its standing among everything measured there."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from msgspec import Struct

from freehold.judge.needs import Need
from freehold.knowledge.types import Board, Member


class Standing(Struct, frozen=True):
    """One result; `share` is the part of all that was measured which it beats or equals, 0 to 1."""

    board: str
    name: str
    value: float
    unit: str
    metric: str
    place: int
    of: int
    share: float
    dated: date
    url: str


class Evidence(Struct, frozen=True):
    """The results of the boards that matter for a need, by lower-case name of the model."""

    boards: tuple[Board, ...]
    results: Mapping[str, tuple[Standing, ...]]

    def of(self, member: Member) -> tuple[Standing, ...]:
        """The results of this member, found by its Hub repository or its id."""
        by_hub = self.results.get((member.hub or "").casefold(), ())
        return by_hub or self.results.get(member.id, ())


def evidence(boards: Iterable[Board], need: Need) -> Evidence:
    """The boards that measure this task, in these languages, for these abilities.

    A board of one ability (such as code) speaks for a need without it only when no
    general board does; a board of other languages never does.
    """
    fitting = [b for b in boards if need.task in b.tasks and _speaks(b.languages, need.languages)]
    asked = [b for b in fitting if b.abilities and set(b.abilities) <= set(need.abilities)]
    general = [b for b in fitting if not b.abilities]
    chosen = tuple(asked or general or (fitting if not need.abilities else ()))
    results: dict[str, tuple[Standing, ...]] = {}
    for board in chosen:
        for name, standing in _standings(board):
            results[name] = (*results.get(name, ()), standing)
    return Evidence(chosen, results)


def _speaks(measured: Collection[str], wanted: Collection[str]) -> bool:
    return not wanted or not measured or bool(set(measured) & set(wanted))


def _standings(board: Board) -> Iterable[tuple[str, Standing]]:
    """Every result of a board with its place: equals share the better place."""
    sign = 1 if board.better == "higher" else -1
    ordered = sorted(sign * value for value in board.results.values())
    count = len(ordered)
    for name, value in board.results.items():
        place = count - bisect_right(ordered, sign * value) + 1
        share = (bisect_left(ordered, sign * value) + 1) / count
        standing = Standing(
            board.id,
            board.name,
            value,
            board.unit,
            board.metric,
            place,
            count,
            share,
            board.dated,
            board.url,
        )
        yield name.casefold(), standing
