"""What public leaderboards say of a model: its standing among everything measured there."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from freehold.judge.needs import Need
from freehold.knowledge.types import Board, Member


@dataclass(frozen=True, slots=True)
class Standing:
    """One result; `share` is the part of all measured models that it beats or equals, 0 to 1."""

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


def relevant(boards: Iterable[Board], need: Need) -> tuple[Board, ...]:
    """The boards that measure this task, in these languages, for these abilities.

    A board of one ability (such as code) speaks for a need without it only when no
    general board does; a board of other languages never does.
    """
    fitting = [b for b in boards if need.task in b.tasks and _speaks(b.languages, need.languages)]
    asked = [b for b in fitting if b.abilities and set(b.abilities) <= set(need.abilities)]
    general = [b for b in fitting if not b.abilities]
    return tuple(asked or general or (fitting if not need.abilities else ()))


def _speaks(measured: Collection[str], wanted: Collection[str]) -> bool:
    return not wanted or not measured or bool(set(measured) & set(wanted))


def standings(boards: Iterable[Board], member: Member) -> Iterator[Standing]:
    """The results of this member, found by its Hub repository or its id."""
    names = {name.casefold() for name in (member.hub, member.id) if name}
    for board in boards:
        for name, value in board.results.items():
            if name.casefold() in names:
                yield _standing(board, value)
                break


def _standing(board: Board, value: float) -> Standing:
    sign = 1 if board.better == "higher" else -1
    values = board.results.values()
    beaten = sum(1 for other in values if sign * other <= sign * value)
    return Standing(
        board.id, board.name, value, board.unit, board.metric, len(values) - beaten + 1,
        len(values), beaten / len(values), board.dated, board.url,
    )  # fmt: skip
