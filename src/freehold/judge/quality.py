"""What public leaderboards say of a model: its place on each, and its rating over all of them.

The first of four small models is not as good as the first of a hundred: boards are chained
through the models they share, in the manner of a Massey rating, before places are compared.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from math import log2

from msgspec import Struct

from freehold.judge.needs import Need
from freehold.knowledge.types import Board, Member

ROUNDS = 15
SPREAD = 1.0
"""How far the best of a board stands above its mean."""
PRIOR = 0.7
"""The weight of knowing nothing, in boards of two models."""


class Standing(Struct, frozen=True, kw_only=True):
    """One result and its place among all that was measured there, services included."""

    board: str
    name: str
    value: float
    unit: str
    metric: str
    place: int
    of: int
    dated: date
    url: str


class Evidence(Struct, frozen=True):
    """The results of the boards that matter for a need, by lower-case name of the model.

    `ratings` are the part of all rated open models that a model beats or equals, 0 to 1.
    """

    boards: tuple[Board, ...]
    results: Mapping[str, tuple[Standing, ...]]
    ratings: Mapping[str, float]

    def of(self, member: Member) -> tuple[Standing, ...]:
        """The results of this member, found by its Hub repository or its id."""
        return self.results.get(self._name(member), ())

    def rating(self, member: Member) -> float:
        """The rating of this member; 0 when it has none."""
        return self.ratings.get(self._name(member), 0.0)

    def languages(self, member: Member) -> frozenset[str]:
        """The languages in which this member was measured."""
        measured = {standing.board for standing in self.of(member)}
        return frozenset(code for b in self.boards if b.id in measured for code in b.languages)

    def _name(self, member: Member) -> str:
        hub = (member.hub or "").casefold()
        return hub if hub in self.results else member.id


def evidence(boards: Iterable[Board], need: Need, models: Collection[str]) -> Evidence:
    """The boards that measure this task, in these languages, for these abilities.

    `models` are the lower-case repositories and ids of the open models that are known.
    A board of one ability (such as code) speaks for a need without it only when no
    general board does; a board of other languages never does.
    """
    fitting = [b for b in boards if need.task in b.tasks and _speaks(b, need.languages)]
    asked = [b for b in fitting if b.abilities and set(b.abilities) <= set(need.abilities)]
    general = [b for b in fitting if not b.abilities]
    chosen = tuple(asked or general or (fitting if not need.abilities else ()))
    results: dict[str, tuple[Standing, ...]] = {}
    for board in chosen:
        for name, standing in _standings(board, models):
            results[name] = (*results.get(name, ()), standing)
    return Evidence(chosen, results, _shares(ratings(chosen, models)))


def _speaks(board: Board, wanted: Collection[str]) -> bool:
    """Without a wish for a language, general boards and those of English count."""
    return not board.languages or bool(set(board.languages) & (set(wanted) or {"en"}))


def ratings(boards: Iterable[Board], models: Collection[str]) -> dict[str, float]:
    """A strength for every open model, such that it explains the places on all boards."""
    tables = [table for table in (_places(board, models) for board in boards) if len(table) > 1]
    strengths = dict.fromkeys((name for table in tables for name in table), 0.0)
    for _ in range(ROUNDS):
        sums = dict.fromkeys(strengths, 0.0)
        weights = dict.fromkeys(strengths, PRIOR)
        for table in tables:
            weight = log2(len(table))
            mean = sum(strengths[name] for name in table) / len(table)
            for name, place in table.items():
                sums[name] += weight * (mean + SPREAD * place)
                weights[name] += weight
        strengths = {name: sums[name] / weights[name] for name in strengths}
    return strengths


def _places(board: Board, models: Collection[str]) -> dict[str, float]:
    """Every open model of a board with its place from -1 (last) to 1 (first)."""
    sign = 1 if board.better == "higher" else -1
    found = {n.casefold(): sign * v for n, v in board.results.items() if n.casefold() in models}
    ordered = sorted(found.values())
    count = len(ordered)
    middle = {v: (bisect_left(ordered, v) + bisect_right(ordered, v)) / count - 1 for v in ordered}
    return {name: middle[value] for name, value in found.items()}


def _shares(strengths: Mapping[str, float]) -> dict[str, float]:
    """Each strength as the part of all that it reaches."""
    ordered = sorted(strengths.values())
    return {n: bisect_right(ordered, s) / len(ordered) for n, s in strengths.items()}


def _standings(board: Board, models: Collection[str]) -> Iterable[tuple[str, Standing]]:
    """The result of every open model on a board; equals share the better place."""
    sign = 1 if board.better == "higher" else -1
    ordered = sorted(sign * value for value in board.results.values())
    for name, value in board.results.items():
        if name.casefold() in models:
            place = len(ordered) - bisect_right(ordered, sign * value) + 1
            yield name.casefold(), _standing(board, value, place)


def _standing(board: Board, value: float, place: int) -> Standing:
    return Standing(
        board=board.id,
        name=board.name,
        value=value,
        unit=board.unit,
        metric=board.metric,
        place=place,
        of=len(board.results),
        dated=board.dated,
        url=board.url,
    )
