"""Makes the tokens of a prompt: by the model's own chat template, whole or cut where it is said."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.language.pieces import Tags
from freehold.tasks.base import Cut
from freehold.tasks.text_generation import Message, Request

ROOM_FOR_AN_ANSWER = 16
"""Tokens that a cut prompt leaves free when the length of the answer is not said."""
MOST_CUTS = 6
THINKING = (
    Tags("thinking", "<think>", "</think>"),
    Tags("thinking", "[THINK]", "[/THINK]"),
    Tags("thinking", "<seed:think>", "</seed:think>"),
)
FILLING = (
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<|fim_begin|>", "<|fim_hole|>", "<|fim_end|>"),
    ("<PRE>", "<SUF>", "<MID>"),
    ("▁<PRE>", "▁<SUF>", "▁<MID>"),
)
"""Marks before, after and at the place to fill in, as models of code have them."""


class Prompt(Struct, frozen=True, kw_only=True):
    """The tokens to go on from; `inside` names the section that the answer begins in.

    `more` is what a model sees beside the tokens, by the names of its parameters.
    """

    tokens: list[int]
    inside: str | None = None
    cut: Cut | None = None
    more: dict[str, Any] = {}


class Writer:
    """Turns requests into tokens, with the tokenizer of one model."""

    def __init__(self, tokenizer: Any, folder: Path, template: str | None = None) -> None:
        """`template` stands for one of the model, for models that come without."""
        self.tokenizer = tokenizer
        self.folder = folder
        if template is not None:
            tokenizer.chat_template = template
        found = tokenizer.chat_template
        self.template = "\n".join(found.values()) if isinstance(found, dict) else found or ""
        self.vocabulary = tokenizer.get_vocab()
        self.tags = tuple(
            tag for tag in THINKING if tag.opens in self.template or tag.closes in self.template
        )
        marks = {mark for tag in self.tags for mark in (tag.opens, tag.closes)}
        shown = {self.vocabulary[mark] for mark in marks if mark in self.vocabulary}
        added = getattr(tokenizer, "added_tokens_decoder", {})
        special = {token for token, mark in added.items() if mark.special}
        self.special = (frozenset(tokenizer.all_special_ids) | special) - shown

    def prompt(self, request: Request, limit: int) -> Prompt:
        """The prompt of a request, within `limit` tokens; UsageError when it is too long."""
        room = limit - (request.max_tokens or ROOM_FOR_AN_ANSWER)
        if not request.truncate:
            found = self.whole(request)
            self.fits(len(found.tokens), limit)
            return found
        return self._shortened(request, room)

    def count(self, request: Request) -> int:
        """How many tokens a request is as it stands."""
        return len(self.whole(request).tokens)

    def fits(self, count: int, limit: int) -> None:
        """Refuse a prompt that leaves no room for one token."""
        if count >= limit:
            raise UsageError(
                f"the prompt has {count:,} tokens and the context holds {limit:,}",
                hint=f"--context {count + 512} makes room; --truncate middle cuts the prompt",
            )

    def whole(self, request: Request) -> Prompt:
        """The prompt as it is."""
        if request.suffix is not None:
            return Prompt(tokens=self.filling(request.text or "", request.suffix))
        if request.text is not None:
            return Prompt(tokens=self.encoded(request.text, special=True))
        text = self.rendered(request)
        tokens = self.encoded(text, special=not self.template)
        return Prompt(tokens=tokens, inside=self.inside(text))

    def inside(self, text: str) -> str | None:
        """The section that a rendered prompt ends in."""
        end = text.rstrip()
        return next((tag.section for tag in self.tags if end.endswith(tag.opens)), None)

    def rendered(self, request: Request) -> str:
        """The chat as text, by the template."""
        if not self.template:
            return self._plain(request)
        words: dict[str, Any] = {}
        if request.tools and request.choice != "none":
            if "tools" not in self.template:
                raise UsageError("the chat template of this model knows no tools")
            words["tools"] = [offered(tool) for tool in request.tools]
        if request.thinking is not None:
            words |= self._switch(request.thinking)
        turns = self.turns(request)
        try:
            return self.applied(turns, words)
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(f"the chat template refuses the chat: {error}") from error

    def turns(self, request: Request) -> list[dict[str, Any]]:
        """The chat as templates take it."""
        return [turn(message) for message in request.messages]

    def applied(self, turns: list[dict[str, Any]], words: Mapping[str, Any]) -> str:
        """The chat as text, by the template of the tokenizer."""
        return str(
            self.tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True, **words
            )
        )

    def _switch(self, thinking: bool) -> dict[str, bool]:
        for name in ("enable_thinking", "thinking"):
            if name in self.template:
                return {name: thinking}
        raise UsageError("the chat template of this model has no switch for thinking")

    def _plain(self, request: Request) -> str:
        """What a model without a template gets: the one text of an encoder and decoder."""
        if len(request.messages) == 1 and not request.tools and request.thinking is None:
            return request.messages[0].content
        raise UsageError("this model has no chat template: it takes one text, and nothing else")

    def filling(self, before: str, after: str) -> list[int]:
        """The tokens that ask for what stands between two texts."""
        own = getattr(self.tokenizer, "fill_token", None)
        if own and own not in before + after:
            return self.encoded(before + own + after, special=True)
        for begin, end, hole in FILLING:
            if begin in self.vocabulary and end in self.vocabulary and hole in self.vocabulary:
                marks = [self.vocabulary[mark] for mark in (begin, end, hole)]
                parts = [self.encoded(text, special=False) for text in (before, after)]
                start = [] if self.first is None else [self.first]
                return [*start, marks[0], *parts[0], marks[1], *parts[1], marks[2]]
        raise UsageError("this model has no marks for filling in: it takes no suffix")

    @property
    def first(self) -> int | None:
        """The token that the tokenizer puts before every text, if it does."""
        bare, full = self.encoded("a", special=False), self.encoded("a", special=True)
        return full[0] if len(full) > len(bare) and full[0] != bare[0] else None

    def encoded(self, text: str, special: bool) -> list[int]:
        """The tokens of a text."""
        return list(self.tokenizer(text, add_special_tokens=special)["input_ids"])

    def decoded(self, tokens: Sequence[int]) -> str:
        """The text of tokens, as it is."""
        said = self.tokenizer.decode(
            list(tokens), skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return str(said)

    def _shortened(self, request: Request, room: int) -> Prompt:
        """The prompt with its longest text cut until it fits."""
        found, removed = self.whole(request), 0
        total = len(found.tokens)
        for _ in range(MOST_CUTS):
            over = len(found.tokens) - room
            if over <= 0:
                break
            request, gone = self._without(request, over)
            removed += gone
            found = self.whole(request)
        if len(found.tokens) > room:
            raise UsageError(
                f"the prompt cannot be cut to the {max(room, 0):,} tokens that are free"
            )
        cut = Cut(str(request.truncate), removed, total) if removed else None
        return replace(found, cut=cut)

    def _without(self, request: Request, many: int) -> tuple[Request, int]:
        if request.text is not None:
            text, gone = self._cut(request.text, many, str(request.truncate))
            return replace(request, text=text), gone
        longest = max(range(len(request.messages)), key=lambda n: len(request.messages[n].content))
        message = request.messages[longest]
        text, gone = self._cut(message.content, many, str(request.truncate))
        messages = list(request.messages)
        messages[longest] = replace(message, content=text)
        return replace(request, messages=tuple(messages)), gone

    def _cut(self, text: str, many: int, place: str) -> tuple[str, int]:
        tokens = self.encoded(text, special=False)
        many = min(many, len(tokens))
        at = {"start": 0, "middle": (len(tokens) - many) // 2, "end": len(tokens) - many}[place]
        found = self.decoded(tokens[:at] + tokens[at + many :])
        return (found if text.startswith(" ") else found.removeprefix(" ")), many


def offered(tool: Any) -> dict[str, Any]:
    """A tool as templates take it."""
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def turn(message: Message, part: Callable[[Any], dict[str, Any]] | None = None) -> dict[str, Any]:
    """One turn of a chat as templates take it; with `part` its files as parts beside the text."""
    said: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.files and part is None:
        raise UsageError("this model takes text only")
    if part is not None:
        parts = [part(file) for file in message.files]
        said["content"] = [*parts, {"type": "text", "text": message.content}]
    if message.calls:
        said["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": arguments(call.arguments)},
            }
            for call in message.calls
        ]
    if message.call_id is not None:
        said["tool_call_id"] = message.call_id
    return said


def arguments(text: str) -> Any:
    """The arguments of a call; templates want them read."""
    try:
        return json.loads(text) if text else {}
    except ValueError as error:
        raise BrokenInput(f"the arguments of a call are no JSON: {error}") from error
