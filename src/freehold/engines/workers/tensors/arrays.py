"""Arrays that go into a model file and come out of it, held against what the file says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.files import new_file
from freehold.tasks.base import File
from freehold.tasks.tensors import Array, Request

MOST_BYTES = 8 * 2**30


class Port(Struct, frozen=True):
    """An input of a model; a dimension that is no number may have any size.

    The same name at two places is the same size.
    """

    name: str
    dtype: str
    shape: tuple[int | str | None, ...] | None


def the_file(model: Path, ending: str) -> Path:
    """The model file: itself, or the only one in a folder."""
    if model.is_file():
        return model
    found = sorted(model.rglob(f"*{ending}"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found[:5]) or "none"
        raise UsageError(f"{model.name}: one {ending} file is needed, there are: {names}")
    return found[0]


def given(request: Request, ports: Sequence[Port]) -> dict[str, Any]:
    """The array for each input, checked; UsageError with both sides where one does not fit."""
    known = [port.name for port in ports]
    names = request.names or known
    for name in names:
        if name not in known:
            raise UsageError(f"the model has no input {name!r}; it has {', '.join(known)}")
    if len(request.arrays) != len(ports) or len(set(names)) != len(ports):
        raise UsageError(
            f"the model takes {len(ports)} arrays ({', '.join(known)}),"
            f" and {len(request.arrays)} were given"
        )
    arrays = {name: loaded(file) for name, file in zip(names, request.arrays, strict=True)}
    sizes: dict[str, int] = {}
    for port in ports:
        _check(port, arrays[port.name], sizes)
    return arrays


def loaded(file: File) -> Any:
    """One array from a .npy file; never one of objects, which would run code."""
    import numpy

    if file.path.stat().st_size > MOST_BYTES:
        raise BrokenInput(f"the array has over {MOST_BYTES:,} bytes")
    try:
        found = numpy.load(file.path, allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, TypeError, MemoryError) as error:
        raise BrokenInput(f"the array cannot be read: {error}") from error
    if not isinstance(found, numpy.ndarray):
        raise BrokenInput("the file holds several arrays; one .npy file for each input is needed")
    return found


def _check(port: Port, array: Any, sizes: dict[str, int]) -> None:
    if str(array.dtype) != port.dtype:
        raise UsageError(f"{port.name} takes {port.dtype}, and the array is {array.dtype}")
    if port.shape is None:
        return
    wanted, found = spelled(port.shape), spelled(array.shape)
    fits = len(port.shape) == array.ndim and all(
        _fits(size, there, sizes) for size, there in zip(port.shape, array.shape, strict=True)
    )
    if not fits:
        raise UsageError(f"{port.name} takes the shape {wanted}, and the array has {found}")


def _fits(wanted: int | str | None, there: int, sizes: dict[str, int]) -> bool:
    if isinstance(wanted, str):
        return sizes.setdefault(wanted, there) == there
    return wanted is None or wanted == there


def spelled(shape: Sequence[int | str | None]) -> str:
    """A shape in words."""
    return " x ".join("any" if size is None else str(size) for size in shape) or "of one number"


def kept(name: str, array: Any) -> Array:
    """An array that came out, in a new file."""
    import numpy

    array = numpy.asarray(array)
    if array.dtype == object:  # texts
        array = array.astype(str)
    file = new_file("array")
    numpy.save(file.path, array, allow_pickle=False)
    return Array(name, file, tuple(array.shape), str(array.dtype))
