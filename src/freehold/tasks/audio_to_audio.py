"""Speech translation and spoken conversation: speech or text goes in, speech and text come out."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from freehold.tasks.base import File, Flag, Task, Work, one


class Request(Struct, frozen=True, kw_only=True):
    """What was said, as sound or text, and the language to answer in."""

    said: str | File
    language: str | None = None
    source: str | None = None
    spoken: bool = True
    voice: str | None = None
    max_tokens: int | None = None
    seed: int | None = None


class Result(Struct, frozen=True, kw_only=True):
    """The answer as text and, where it was asked for, as sound (a WAV file)."""

    text: str
    audio: File | None = None
    rate: int | None = None
    seconds: float = 0.0
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """One text or recording."""
    said = dict(flags)
    silent = said.pop("silent", False)
    return Request(said=one(inputs, "text", "audio"), spoken=not silent, **said)


TASK = Task(
    id="audio-to-audio",
    says="Translate speech or talk: answer in speech and text.",
    takes=("audio", "text"),
    gives=("audio", "text"),
    route="/v1/audio/conversations",
    request=Request,
    result=Result,
    requested=requested,
    filled=("said", "spoken"),
    words=lambda result: str(result.text),
    flags=(
        Flag(name="language", sort="text", metavar="CODE", help="The language, such as fr."),
        Flag(name="source", sort="text", metavar="CODE", help="The language that goes in."),
        Flag(name="silent", sort="switch", help="Answer in text only."),
        Flag(name="voice", sort="text", metavar="NAME", help="One of the model's voices."),
        Flag(name="max-tokens", sort="whole", least=1, help="Write at most so many tokens."),
        Flag(name="seed", sort="whole", least=0, most=2**32 - 2, help="The same gives the same."),
    ),
)
