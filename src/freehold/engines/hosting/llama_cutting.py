"""Counts the tokens of a prompt with a server of llama.cpp, and cuts one that is too long."""

from typing import Any

from msgspec.structs import replace

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.hosting import openai_text as openai
from freehold.engines.hosting.wire import Wire
from freehold.tasks.base import Cut
from freehold.tasks.text_generation import Request

ROOM_FOR_AN_ANSWER = 16
"""Tokens that a cut prompt leaves free when the length of the answer is not said."""
MOST_CUTS = 6
MARKS = 8
"""Tokens that stand around the two parts of a text with a gap."""


async def shortened(wire: Wire, request: Request, context: int) -> tuple[Request, Cut | None]:
    """The request with its longest part cut until it fits, and what was cut."""
    if any(turn.files for turn in request.messages):
        raise UsageError("a chat with images or sounds cannot be cut: how long they are is unknown")
    room = context - (request.max_tokens or ROOM_FOR_AN_ANSWER)
    total = length = await count(wire, request)
    removed = 0
    for more in range(MOST_CUTS):  # a cut text may be read as other tokens than before
        if length <= room:
            break
        request, gone = await _without(wire, request, length - room + more)
        removed += gone
        length = await count(wire, request)
    if length > room:
        raise UsageError(f"the prompt cannot be cut to the {room:,} tokens that are free")
    return request, Cut(str(request.truncate), removed, total) if removed else None


async def count(wire: Wire, request: Request) -> int:
    """The tokens of a prompt, with those that the chat template adds."""
    if request.suffix is not None:
        ends = [len(await tokens(wire, t, special=False)) for t in (request.text, request.suffix)]
        return sum(ends) + MARKS
    text = request.text if request.text is not None else await rendered(wire, request)
    return len(await tokens(wire, text, special=True))


async def rendered(wire: Wire, request: Request, **more: Any) -> str:
    """The chat as its template writes it."""
    body = {name: value for name, value in openai.chat(request).items() if name in SEEN}
    return str((await wire.post("/apply-template", {**body, **more}))["prompt"])


SEEN = ("messages", "tools")
"""What of a request a chat template sees."""


async def _without(wire: Wire, request: Request, many: int) -> tuple[Request, int]:
    """The request with so many tokens less in its longest text, and how many were taken out."""
    place = str(request.truncate)
    if request.text is not None:
        text, gone = await cut_text(wire, request.text, many, place)
        return replace(request, text=text), gone
    longest = max(range(len(request.messages)), key=lambda n: len(request.messages[n].content))
    turn = request.messages[longest]
    text, gone = await cut_text(wire, turn.content, many, place)
    turns = list(request.messages)
    turns[longest] = replace(turn, content=text)
    return replace(request, messages=tuple(turns)), gone


async def cut_text(wire: Wire, text: str, many: int, place: str) -> tuple[str, int]:
    """A text with so many tokens less at its start, middle or end, and how many that were."""
    found = await tokens(wire, text, special=False)
    many = min(many, len(found))
    start = {"start": 0, "middle": (len(found) - many) // 2, "end": len(found) - many}[place]
    left = found[:start] + found[start + many :]
    said = str((await wire.post("/detokenize", {"tokens": left}))["content"])
    if not text.startswith(" "):
        said = said.removeprefix(" ")  # some tokenizers put a space before a text
    return said, many


async def tokens(wire: Wire, text: str | None, special: bool) -> list[int]:
    """The tokens of a text; with `special` also the marks that the model wants around it."""
    answer = await wire.post("/tokenize", {"content": text, "add_special": special})
    found = answer["tokens"]
    if not isinstance(found, list):
        raise BrokenInput("the tokens of a text are not a list")
    return found
