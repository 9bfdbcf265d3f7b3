"""Makes an answer of tokens as they come: its letters, where it ends, how long it took."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.engines.workers.thoughts import Sections
from freehold.engines.workers.words import Letters, Words
from freehold.tasks.base import Progress, Spent, Times
from freehold.tasks.text_generation import Finish, Piece, Request, Result, Token

Step = Progress | tuple[int, tuple[Token, ...]]
"""How far the prompt was read; or a token, and what is told of it where that was asked for."""


class Room(Struct, frozen=True):
    """The tokens of a prompt, those that fit behind it, and those that are wanted at most."""

    prompt: int
    left: int
    most: int


class Spelling:
    """What a writer tells of its tokens, by the `words` that it has."""

    words: Words

    def asked(self, request: Request) -> tuple[str, bool]:
        """The prompt as one text, and whether the model's marks belong around it."""
        if request.text is not None:
            return request.text, True
        return self.words.chat(request.messages, request.thinking), False

    def count(self, request: Request) -> int:
        """How many tokens a request is."""
        text, marked = self.asked(request)
        return len(self.words.ids(text, marked=marked))

    def split(self, text: str, special: bool) -> list[int]:
        """The tokens of a text."""
        return self.words.ids(text, marked=special)

    def spell(self, tokens: list[int]) -> str:
        """The text of tokens, with their marks."""
        return self.words.spelled(tokens)


def room(prompt: int, context: int, wanted: int | None, *, apart: bool = False) -> Room:
    """The room for an answer; UsageError where the prompt fills it.

    `apart` says that what is written does not stand behind the prompt.
    """
    if prompt >= context:
        raise UsageError(
            f"the prompt has {prompt:,} tokens and the context holds {context:,}",
            hint=f"--context {prompt + 512} makes room",
        )
    left = context - (0 if apart else prompt)
    return Room(prompt, left, min(wanted or left, left))


def answered(
    words: Words, request: Request, steps: Generator[Step, None, None], place: Room, seed: int,
    notes: tuple[str, ...],
) -> Generator[Piece | Progress | Result, None, None]:  # fmt: skip
    """The pieces of an answer, then the result; closing this closes the steps."""
    said = Said(words, request)
    began, first = time.monotonic(), 0.0
    with closing(steps):
        for step in steps:
            if isinstance(step, Progress):
                yield step
                continue
            first = first or time.monotonic()
            yield from said.take(*step)
            if said.stopped:
                break
    yield from said.rest()
    ended = time.monotonic()
    first = (first or ended) - began
    yield Result(
        text=said.text,
        thinking=said.parts.thinking,
        finish=said.finish(place.most, place.left),
        seed=seed,
        spent=Spent(place.prompt, said.made),
        times=Times(first, first, ended - began - first, max(0, said.made - 1)),
        tokens=tuple(said.tokens),
        notes=notes,
    )


class Said:
    """What has been said so far, up to where a word of the request ends it."""

    def __init__(self, words: Words, request: Request) -> None:
        self.letters, self.stops = Letters(words), request.stop
        self.parts = Sections(request.text is None)
        self.made, self.stopped = 0, False
        self.tokens: list[Token] = []
        self._held = ""

    @property
    def text(self) -> str:
        """The answer, without the reasoning before it."""
        return self.parts.text

    def take(self, token: int, told: tuple[Token, ...]) -> Iterator[Piece]:
        """The pieces that one token gives, with what was `told` of it."""
        self.made += 1
        self.tokens += told
        yield from self._piece("".join(self.letters.take(token)), told)

    def rest(self) -> Iterator[Piece]:
        """What was held back until the end."""
        if not self.stopped:
            yield from self._piece("".join(self.letters.rest()), ())
            said, self._held = self._held, ""
            yield from self.parts.take(said)
        yield from self.parts.rest()

    def finish(self, most: int, room: int) -> Finish:
        """Why it ended."""
        if self.stopped or self.made < most:
            return "stop"
        return "context" if most >= room else "length"

    def _piece(self, letters: str, tokens: tuple[Token, ...]) -> Iterator[Piece]:
        """The letters but for those that may begin a word that ends the answer."""
        self._held += letters
        places = [place for word in self.stops if (place := self._held.find(word)) >= 0]
        if places:
            self._held, self.stopped = self._held[: min(places)], True
        kept = 0 if self.stopped else self._beginning()
        said = self._held[: len(self._held) - kept]
        self._held = self._held[len(self._held) - kept :]
        if tokens:
            yield Piece("", tokens=tokens)
        yield from self.parts.take(said)

    def _beginning(self) -> int:
        """How many of the last letters are how such a word begins."""
        most = max((len(word) - 1 for word in self.stops), default=0)
        for length in range(min(most, len(self._held)), 0, -1):
            if any(word.startswith(self._held[-length:]) for word in self.stops):
                return length
        return 0
