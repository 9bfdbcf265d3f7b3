"""The events of a streamed response: items open, grow and close, each event with its number."""

from collections.abc import Callable, Iterator
from typing import Any

from freehold.server.asked import Asked, Served
from freehold.server.forms import openai_items as made
from freehold.server.forms import openai_parts as parts
from freehold.server.forms.openai_chat import said_beside
from freehold.server.forms.reading import sse
from freehold.tasks.text_generation import CallPiece, Piece, Result, Token

Standing = Callable[[Asked, str], dict[str, Any]]
Finished = Callable[[Asked, Result], dict[str, Any]]


class ResponseWriter:
    """Writes the events; `kept` is the whole response once it is there."""

    def __init__(
        self, asked: Asked, served: Served, standing: Standing, finished: Finished
    ) -> None:
        self._asked, self._served = asked, served
        self._standing, self._finished = standing, finished
        self._number = -1
        self._place = -1
        self._open: str | None = None
        self._call: CallPiece | None = None
        self._texts: list[str] = []
        self._tokens: list[Token] = []
        self._result: Result | None = None
        self.kept: dict[str, Any] | None = None

    def open(self) -> Iterator[bytes]:
        """That the response is there and in progress."""
        for name in ("created", "in_progress"):
            told = self._standing(self._asked, "in_progress")
            yield self._event(f"response.{name}", response=told)

    def part(self, index: int, part: Any) -> Iterator[bytes]:
        """One piece; it opens an item where its kind is another than that of the last."""
        if isinstance(part, Result):
            self._result = part
        if not isinstance(part, Piece):
            return
        if part.call:
            yield from self._called(part.call)
        elif part.thinking and part.text:
            yield from self._thought(part.text)
        elif part.text or part.tokens:
            yield from self._said(part)

    def close(self) -> Iterator[bytes]:
        """The end of the last item, and the whole response."""
        assert self._result is not None
        if self._place < 0:
            yield from self._said(Piece(""))
        yield from self._end()
        beside = said_beside((self._result,), self._served)
        self.kept = {**self._finished(self._asked, self._result), **beside}
        yield self._event(f"response.{self.kept['status']}", response=self.kept)

    def _said(self, piece: Piece) -> Iterator[bytes]:
        id = made.item_id("msg", self._asked.id)
        if self._open != "message":
            yield from self._begin("message", made.message(self._asked.id, None, "in_progress"))
            told = {"item_id": id, "content_index": 0, "part": made.part("")}
            yield self._inside("response.content_part.added", **told)
        self._texts.append(piece.text)
        self._tokens += piece.tokens
        chances = parts.chances(piece.tokens)
        told = {"item_id": id, "content_index": 0, "delta": piece.text, "logprobs": chances}
        yield self._inside("response.output_text.delta", **told)

    def _thought(self, text: str) -> Iterator[bytes]:
        if self._open != "reasoning":
            yield from self._begin("reasoning", made.reasoning(self._asked.id, "", "in_progress"))
        self._texts.append(text)
        told = {"item_id": made.item_id("rs", self._asked.id), "content_index": 0, "delta": text}
        yield self._inside("response.reasoning_text.delta", **told)

    def _called(self, piece: CallPiece) -> Iterator[bytes]:
        kind = f"call {piece.index}"
        if self._open != kind:
            name = piece.name or ""
            item = made.function_call(self._asked.id, piece.index, name, "", "in_progress")
            yield from self._begin(kind, item)
            self._call = piece
        if piece.arguments:
            self._texts.append(piece.arguments)
            told = {"item_id": made.item_id("fc", self._asked.id, piece.index)}
            name = "response.function_call_arguments.delta"
            yield self._inside(name, **told, delta=piece.arguments)

    def _begin(self, kind: str, item: dict[str, Any]) -> Iterator[bytes]:
        yield from self._end()
        self._open, self._texts, self._tokens = kind, [], []
        self._place += 1
        yield self._inside("response.output_item.added", item=item)

    def _end(self) -> Iterator[bytes]:
        """Close the item that is open."""
        kind, text, answer = self._open, "".join(self._texts), self._asked.id
        self._open = None
        if kind == "message":
            chances = parts.chances(self._tokens)
            told = {"item_id": made.item_id("msg", answer), "content_index": 0}
            yield self._inside("response.output_text.done", **told, text=text, logprobs=chances)
            part = made.part(text, chances)
            yield self._inside("response.content_part.done", **told, part=part)
            yield self._done(made.message(answer, text, "completed", chances))
        elif kind == "reasoning":
            told = {"item_id": made.item_id("rs", answer), "content_index": 0}
            yield self._inside("response.reasoning_text.done", **told, text=text)
            yield self._done(made.reasoning(answer, text, "completed"))
        elif kind and self._call:
            told = {"item_id": made.item_id("fc", answer, self._call.index)}
            name = self._call.name or ""
            yield self._inside("response.function_call_arguments.done", **told, arguments=text)
            item = made.function_call(answer, self._call.index, name, text, "completed")
            yield self._done(item)

    def _done(self, item: dict[str, Any]) -> bytes:
        return self._inside("response.output_item.done", item=item)

    def _inside(self, name: str, **told: Any) -> bytes:
        return self._event(name, output_index=self._place, **told)

    def _event(self, name: str, **told: Any) -> bytes:
        self._number += 1
        return sse({"type": name, "sequence_number": self._number, **told}, name)
