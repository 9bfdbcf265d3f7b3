"""Speech, music and sounds: words go in, sound comes out."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.tasks.base import File, Flag, Task, Work, sorted_out


class Request(Struct, frozen=True, kw_only=True):
    """What to say, or which music or sound to make; what is None is left to the model.

    `voice` names one of the model's voices (of Jukebox, the artist), `genre` one of its styles of
    music; `like` is a recording to sound like or to go on from, or the vector of a voice (`.npy`).
    `length` is in seconds, for music and sounds.
    """

    text: str
    voice: str | None = None
    genre: str | None = None
    like: File | None = None
    language: str | None = None
    speed: float | None = None
    length: float | None = None
    guidance: float | None = None
    temperature: float | None = None
    seed: int | None = None


class Result(Struct, frozen=True, kw_only=True):
    """The sound, a WAV file of so many seconds at `rate` samples per second."""

    audio: File
    rate: int
    seconds: float
    seed: int
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """The text; a recording (or a vector of a voice) beside it is what to sound like."""
    found = sorted_out(inputs, "text", "audio", "array")
    texts = [item for item in found if isinstance(item, str)]
    files = [item for item in found if isinstance(item, File)]
    if not "".join(texts).strip():
        raise UsageError("it takes a text")
    if len(files) > 1:
        raise UsageError("it takes at most one recording to sound like")
    return Request(text="\n".join(texts), like=files[0] if files else None, **flags)


TASK = Task(
    id="text-to-audio",
    says="Speak a text, or make music and sounds from words.",
    takes=("text", "audio", "array"),
    gives=("audio",),
    route="/v1/audio/speech",
    request=Request,
    result=Result,
    requested=requested,
    filled=("text", "like"),
    words=lambda result: f"{result.seconds:.1f} seconds at {result.rate:,} samples per second",
    flags=(
        Flag(name="voice", sort="text", metavar="NAME", help="One of the model's voices."),
        Flag(name="genre", sort="text", metavar="NAME", help="One of the model's styles of music."),
        Flag(name="language", sort="text", metavar="CODE", help="The language, such as fr."),
        Flag(name="speed", sort="number", least=0.25, most=4, help="1 is how the model speaks."),
        Flag(name="length", sort="number", least=0.1, most=3600, help="Seconds of music or sound."),
        Flag(name="guidance", sort="number", least=0, most=100, help="How closely to follow."),
        Flag(name="temperature", sort="number", least=0, most=5, help="0 takes the likeliest."),
        Flag(name="seed", sort="whole", least=0, most=2**32 - 2, help="The same gives the same."),
    ),
)
