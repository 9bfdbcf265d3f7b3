"""What a client asks for, once its dialect has been understood."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from freehold.tasks.base import TASKS
from freehold.tasks.text_generation import Message


class Asked(Struct, frozen=True, kw_only=True):
    """A request in our own words.

    `requests` has one for each choice or prompt. `dropped` are the parameters that will not be
    honored. `body` is what the client sent, typed, for the dialect to answer by.
    """

    model: str
    task: str
    requests: tuple[Any, ...]
    id: str
    body: Any
    stream: bool = False
    created: int = 0
    dropped: tuple[str, ...] = ()
    keep_alive: float | None = None


class Served(Struct, frozen=True, kw_only=True):
    """Who answers: the model by its first name, its digest, engine and setting."""

    name: str
    digest: str
    engine: str
    context: int
    notes: tuple[str, ...] = ()


class Writer(Protocol):
    """Writes one streamed answer, piece by piece, as bytes of its dialect."""

    def open(self) -> Iterator[bytes]:
        """What comes before the first piece."""
        ...

    def part(self, index: int, part: Any) -> Iterator[bytes]:
        """One piece, progress or result of the choice `index`."""
        ...

    def close(self) -> Iterator[bytes]:
        """What comes after the last result."""
        ...


class Form(Protocol):
    """One route of a dialect as pure functions."""

    task: str
    media_type: str

    @property
    def body(self) -> type[Struct]:
        """What is honored of a body."""
        ...

    def read(self, body: dict[str, Any], heard: "Heard") -> Asked:
        """What is asked; Refused for what is wrong with it."""
        ...

    def whole(self, asked: Asked, results: Sequence[Any], served: Served) -> Any:
        """The answer at once, as a JSON form."""
        ...

    def writer(self, asked: Asked, served: Served) -> Writer:
        """How to answer piece by piece."""
        ...


class Heard(Struct, kw_only=True):
    """What a form may use to understand a body: the time, and a place for what it holds.

    `keep` writes bytes into a file of this request alone, whose ending is given; `earlier` finds
    the turns that led to an earlier response; `fetched` has what the addresses in the body lead
    to, where fetching is allowed.
    """

    now: int
    most_choices: int
    keep: Callable[[bytes, str], Path]
    earlier: Callable[[str], Sequence[Message]]
    fetched: dict[str, bytes] = {}


@cache
def result_of(task: str) -> type:
    """The type of the results of a task."""
    found: type = TASKS.get(task).result
    return found


def identity(prefix: str, body: Any, seed: int | None) -> str:
    """The id of an answer: of a seeded request always the same, streamed or not; else a new one."""
    if seed is None:
        return prefix + secrets.token_hex(12)
    told = {k: v for k, v in body.items() if k not in ("stream", "stream_options")}
    text = msgspec.json.encode(told, order="deterministic")
    return prefix + blake2b(text, digest_size=12).hexdigest()
