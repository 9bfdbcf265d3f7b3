"""Speech recognition: sound goes in, what was said comes out, with times where there are any."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from freehold.tasks.base import File, Flag, Task, Work, one


class Request(Struct, frozen=True, kw_only=True):
    """A recording, in which language (None: the model finds out), and how fine times are to be.

    With `translate` what was said is written in English.
    """

    audio: File
    language: str | None = None
    translate: bool = False
    timestamps: Literal["segment", "word"] | None = None
    prompt: str | None = None
    temperature: float | None = None


class Segment(Struct, frozen=True):
    """What was said from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str


class Piece(Struct, frozen=True):
    """What was heard since the last piece."""

    text: str


class Result(Struct, frozen=True, kw_only=True):
    """The whole text. `seconds` is how long the recording is."""

    text: str
    language: str | None = None
    seconds: float
    segments: tuple[Segment, ...] = ()
    words: tuple[Segment, ...] = ()
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """One recording."""
    return Request(audio=one(inputs, "audio", "array"), **flags)


def words(result: Result) -> str:
    """The text, or one line for each segment where there are times."""
    timed = result.words or result.segments
    if not timed:
        return result.text
    return "\n".join(f"{s.start:7.2f} {s.end:7.2f}  {s.text.strip()}" for s in timed)


TASK = Task(
    id="automatic-speech-recognition",
    says="Write down what is said in a recording.",
    takes=("audio",),
    gives=("text",),
    route="/v1/audio/transcriptions",
    request=Request,
    result=Result,
    piece=Piece,
    requested=requested,
    filled=("audio",),
    words=words,
    flags=(
        Flag(name="language", sort="text", metavar="CODE", help="The language, such as fr."),
        Flag(name="translate", sort="switch", help="Write it in English."),
        Flag(
            name="timestamps",
            sort="choice",
            choices=("segment", "word"),
            help="Say when each was said.",
        ),
    ),
)
