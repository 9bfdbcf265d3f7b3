"""Moderation: a text, a chat or an image goes in, whether it is safe comes out."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.tasks.base import File, Flag, Task, Work, sorted_out
from freehold.tasks.text_generation import Message


class Request(Struct, frozen=True, kw_only=True):
    """What to judge: each of `items`, or the last turn of a chat.

    `policy` is the rule to judge by, for models that take one; None uses the model's own. At
    `threshold` and above a probability counts as unsafe.
    """

    items: tuple[str | File, ...] = ()
    messages: tuple[Message, ...] = ()
    policy: str | None = None
    categories: tuple[str, ...] = ()
    threshold: float = 0.5
    truncate: bool = False


class Verdict(Struct, frozen=True):
    """Whether one item is safe, and the probability of each category of harm."""

    safe: bool
    scores: dict[str, float]


class Result(Struct, frozen=True, kw_only=True):
    """One verdict for each item, in their order. `harm` says that scores are those of harm.

    A classifier whose labels are not about harm has `harm` False, and everything counts as safe.
    """

    verdicts: tuple[Verdict, ...]
    harm: bool = True
    tokens: int = 0
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """Each input is judged by itself."""
    if not inputs:
        raise UsageError("there is nothing to judge")
    said = dict(flags)
    categories = tuple(said.pop("categories", ()))
    return Request(items=tuple(sorted_out(inputs, "text", "image")), categories=categories, **said)


def words(result: Result) -> str:
    """One line for each verdict."""
    lines = []
    for verdict in result.verdicts:
        scores = sorted(verdict.scores.items(), key=lambda pair: -pair[1])[:6]
        said = ", ".join(f"{name} {score:.3f}" for name, score in scores)
        judged = ("safe: " if verdict.safe else "unsafe: ") if result.harm else ""
        lines.append(judged + said)
    return "\n".join(lines)


TASK = Task(
    id="text-classification",
    says="Say whether texts or images are safe, and which kind of harm they hold.",
    takes=("text", "image"),
    gives=("table",),
    route="/v1/moderations",
    request=Request,
    result=Result,
    requested=requested,
    filled=("items", "messages"),
    words=words,
    flags=(
        Flag(name="policy", sort="text", metavar="TEXT", help="The rule to judge by."),
        Flag(name="categories", sort="several", metavar="NAME", help="Only these kinds of harm."),
        Flag(name="threshold", sort="number", least=0, most=1, help="Unsafe from here on."),
    ),
)
