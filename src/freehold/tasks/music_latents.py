"""Music as numbers: notes are encoded, sampled anew, or blended with others."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.tasks.base import File, Flag, Task, Work, sorted_out


class Request(Struct, frozen=True, kw_only=True):
    """No file: make new music. One: encode it and make it again. Two: go from one to the other.

    `count` is how many pieces to make.
    """

    notes: tuple[File, ...] = ()
    count: int = 1
    temperature: float | None = None
    seed: int | None = None


class Result(Struct, frozen=True, kw_only=True):
    """The music as MIDI files, and the numbers behind each as an array (piece x number)."""

    pieces: tuple[File, ...]
    latents: File | None = None
    seed: int
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """Up to two files of notes."""
    files = sorted_out(inputs, "notes")
    if len(files) > 2:
        raise UsageError("it takes at most two files of notes")
    return Request(notes=tuple(files), **flags)


TASK = Task(
    id="music-latents",
    says="Encode, invent and blend short pieces of music.",
    takes=("notes",),
    gives=("notes", "array"),
    route="/v1/audio/notes",
    request=Request,
    result=Result,
    requested=requested,
    filled=("notes",),
    words=lambda result: f"{len(result.pieces)} pieces",
    flags=(
        Flag(name="count", sort="whole", least=1, most=64, help="So many pieces."),
        Flag(name="temperature", sort="number", least=0, most=5, help="0 takes the likeliest."),
        Flag(name="seed", sort="whole", least=0, most=2**32 - 2, help="The same gives the same."),
    ),
)
