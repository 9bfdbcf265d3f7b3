"""Audio codecs: sound goes in and codes come out, or the other way round."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from freehold.tasks.base import File, Flag, Task, Work, one


class Request(Struct, frozen=True, kw_only=True):
    """Sound to encode, or codes (an array of whole numbers: codebook x time) to decode.

    `bandwidth` is in kbit/s, for codecs that have several.
    """

    file: File
    bandwidth: float | None = None


class Result(Struct, frozen=True, kw_only=True):
    """The codes as an array or the sound as a WAV file; `rate` is that of the sound."""

    file: File
    rate: int
    codebooks: int
    frames: int
    seconds: float
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """One recording or array."""
    return Request(file=one(inputs, "audio", "array"), **flags)


def words(result: Result) -> str:
    """What the codes are made of."""
    return f"{result.codebooks} codebooks x {result.frames} frames: {result.seconds:.2f} seconds"


TASK = Task(
    id="audio-codec",
    says="Turn sound into few numbers and back.",
    takes=("audio", "array"),
    gives=("array", "audio"),
    route="/v1/audio/codes",
    request=Request,
    result=Result,
    requested=requested,
    filled=("file",),
    words=words,
    flags=(Flag(name="bandwidth", sort="number", least=0.1, most=1000, help="In kbit/s."),),
)
