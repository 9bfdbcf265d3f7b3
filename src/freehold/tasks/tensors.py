"""Raw tensors: arrays go into a model file as they are, arrays come out."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.tasks.base import File, Flag, Task, Work, sorted_out


class Request(Struct, frozen=True, kw_only=True):
    """One array for each input of the model, by name or, when `names` is empty, in its order.

    `signature` chooses among several ways to call the model.
    """

    arrays: tuple[File, ...]
    names: tuple[str, ...] = ()
    signature: str | None = None


class Array(Struct, frozen=True):
    """One array that came out."""

    name: str
    file: File
    shape: tuple[int, ...]
    dtype: str


class Result(Struct, frozen=True, kw_only=True):
    """The arrays that came out, in the model's order."""

    arrays: tuple[Array, ...]
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """One file for each input of the model."""
    if not inputs:
        raise UsageError("it takes one array (.npy) for each input of the model")
    said = dict(flags)
    names = tuple(said.pop("name", ()))
    return Request(arrays=tuple(sorted_out(inputs, "array")), names=names, **said)


def words(result: Result) -> str:
    """Name, kind and shape of each array."""
    shown = ((a, " x ".join(map(str, a.shape)) or "one number") for a in result.arrays)
    return "\n".join(f"{a.name}: {a.dtype} {shape}" for a, shape in shown)


TASK = Task(
    id="tensors",
    says="Give arrays to a model file and take arrays out.",
    takes=("array",),
    gives=("array",),
    route="/v1/tensors",
    request=Request,
    result=Result,
    requested=requested,
    filled=("arrays", "names"),
    words=words,
    flags=(
        Flag(name="name", sort="several", metavar="INPUT", help="The input that a file is for."),
        Flag(name="signature", sort="text", metavar="NAME", help="The way to call the model."),
    ),
)
