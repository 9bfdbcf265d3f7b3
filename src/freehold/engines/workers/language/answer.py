"""Gathers one answer: what each token says, where it ends, and the result at last."""

import time
from collections.abc import Iterator
from typing import Any

from freehold.engines.workers.language import calls as tools
from freehold.engines.workers.language.pieces import Letters, Part, Sections, Stops
from freehold.engines.workers.language.prompts import Prompt, Writer
from freehold.tasks.base import Spent, Times
from freehold.tasks.text_generation import (
    Call,
    CallPiece,
    Finish,
    Piece,
    Request,
    Result,
    Token,
)


class Answer:
    """An answer while it is written."""

    def __init__(
        self, writer: Writer, request: Request, prompt: Prompt, ends: frozenset[int]
    ) -> None:
        self.writer, self.request, self.prompt = writer, request, prompt
        self.ends = ends
        self.most, self.full, self.taste = 0, False, ""
        self.done, self.cached = False, 0
        self._finish: Finish = "stop"
        self._hidden = writer.special | ends
        self._letters = Letters(self._said)
        self._stops = Stops(request.stop)
        self._tools = frozenset(tool.name for tool in request.tools if request.choice != "none")
        marks = tools.marks(writer.template) if self._tools else ()
        self._sections = Sections((*writer.tags, *marks), prompt.inside)
        self._whole = bool(self._tools) and tools.whole(writer.template)
        self._told: dict[str, list[str]] = {"answer": [], "thinking": [], "call": []}
        self._calls: list[Call] = []
        self._tokens: list[Token] = []
        self._count = 0
        self._began = time.monotonic()
        self._first = self._last = self._began

    def push(self, token: int, told: Token | None) -> Iterator[Piece]:
        """The pieces that are certain with this token."""
        self._last = time.monotonic()
        self._first = self._first if self._count else self._last
        self._count += 1
        if token in self.ends and not self.request.ignore_end:
            self.done = True
            return
        more = () if told is None else (told,)
        self._tokens += more
        text = self._stops.push(self._letters.push(token))
        yield from self._pieces(self._sections.push(text), more)
        if self._stops.found:
            self.done = True
        elif self._count >= self.most:
            self.done, self._finish = True, "context" if self.full else "length"

    def close(self) -> Iterator[Piece]:
        """What was held back until it was certain that nothing more comes."""
        text = ""
        if not self._stops.found:
            text = self._stops.push(self._letters.rest())
            text += self._stops.rest()
        yield from self._pieces([*self._sections.push(text), *self._sections.rest()], ())
        yield from self._called("call")
        if self._whole:
            yield from self._called("answer")

    @property
    def section(self) -> str:
        """Where the answer is: `answer`, `thinking` or `call`."""
        return self._sections.section

    def result(self, seed: int, before: tuple[Token, ...], notes: tuple[str, ...]) -> Result:
        """The whole answer."""
        prompt = len(self.prompt.tokens)
        said = list(notes)
        if self.request.temperature is None:
            said.append(f"chose as the publisher does: {self.taste}")
        if self._finish == "context":
            said.append(f"the context of {prompt + self._count:,} tokens is full")
        return Result(
            text="".join(self._told["answer"]),
            thinking="".join(self._told["thinking"]),
            finish="tools" if self._calls else self._finish,
            seed=seed,
            spent=Spent(prompt, self._count, self.cached),
            times=self._times(),
            calls=tuple(self._calls),
            tokens=tuple(self._tokens),
            prompt_tokens=before,
            cut=self.prompt.cut,
            notes=tuple(said),
        )

    def _pieces(self, parts: list[Part], tokens: tuple[Token, ...]) -> Iterator[Piece]:
        for part in parts:
            if part.section != "call":
                yield from self._called("call")
            text = self._begun(part)
            if not text:
                continue
            self._told[part.section].append(text)
            if part.section == "call" or (self._whole and part.section == "answer"):
                continue
            yield Piece(text, part.section == "thinking", tokens=tokens)
            tokens = ()
        if tokens:
            yield Piece("", tokens=tokens)

    def _begun(self, part: Part) -> str:
        """The text without the empty lines that separate thinking from what is around it."""
        thought = part.section == "thinking" or self._told["thinking"]
        return part.text.lstrip("\n") if thought and not self._told[part.section] else part.text

    def _called(self, section: str) -> Iterator[Piece]:
        """What was gathered of a section as calls; as text, when it holds none."""
        text = "".join(self._told[section])
        if not text.strip():
            return
        self._told[section] = []
        found = tools.calls(text, self._tools)
        if not found:
            self._told["answer"].append(text)
            yield Piece(text)
        for one in found:
            yield Piece("", call=CallPiece(len(self._calls), one.arguments, one.id, one.name))
            self._calls.append(one)

    def _times(self) -> Times:
        first = self._first - self._began
        return Times(first, first, self._last - self._first, max(0, self._count - 1))

    def _said(self, tokens: Any) -> str:
        return self.writer.decoded([token for token in tokens if token not in self._hidden])
