"""What public leaderboards say of a model: its standing among everything measured there."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from msgspec import Struct

from freehold.judge.needs import Need
from freehold.knowledge.types import Board, Member


class Standing(Struct, frozen=True, kw_only=True):
    """One result: its place among all that was measured, and its share among open models.

    `share` is the part of the open models on the board which it beats or equals, 0 to 1:
    what only services reach says nothing about which open model to take.
    """

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


def evidence(boards: Iterable[Board], need: Need, models: Collection[str]) -> Evidence:
    """The boards that measure this task, in these languages, for these abilities.

    `models` are the lower-case repositories and ids of the open models that are known.
    A board of one ability (such as code) speaks for a need without it only when no
    general board does; a board of other languages never does.
    """
    fitting = [b for b in boards if need.task in b.tasks and _speaks(b.languages, need.languages)]
    asked = [b for b in fitting if b.abilities and set(b.abilities) <= set(need.abilities)]
    general = [b for b in fitting if not b.abilities]
    chosen = tuple(asked or general or (fitting if not need.abilities else ()))
    results: dict[str, tuple[Standing, ...]] = {}
    for board in chosen:
        for name, standing in _standings(board, models):
            results[name] = (*results.get(name, ()), standing)
    return Evidence(chosen, results)


def _speaks(measured: Collection[str], wanted: Collection[str]) -> bool:
    return not wanted or not measured or bool(set(measured) & set(wanted))


def _standings(board: Board, models: Collection[str]) -> Iterable[tuple[str, Standing]]:
    """The result of every open model on a board; equals share the better place."""
    sign = 1 if board.better == "higher" else -1
    by_name = {name.casefold(): sign * value for name, value in board.results.items()}
    everything = sorted(by_name.values())
    rivals = sorted(value for name, value in by_name.items() if name in models)
    for name, value in by_name.items():
        if name in models:
            place = len(everything) - bisect_right(everything, value) + 1
            share = bisect_right(rivals, value) / len(rivals)
            yield name, _standing(board, sign * value, place, len(everything), share)


def _standing(board: Board, value: float, place: int, count: int, share: float) -> Standing:
    return Standing(
        board=board.id,
        name=board.name,
        value=value,
        unit=board.unit,
        metric=board.metric,
        place=place,
        of=count,
        share=share,
        dated=board.dated,
        url=board.url,
    )
