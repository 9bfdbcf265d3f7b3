"""Reads the numbers of tensors from files on this machine, piece by piece and never as a whole.

Needs numpy, which the extra `inspect` brings. Files are only read; a piece is at most PIECE
numbers, so memory stays the same whatever a tensor has.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from msgspec import Struct

from freehold.core.errors import BrokenInput, EnvironmentProblem
from freehold.core.machine import usable_cores
from freehold.core.tensors import Tensor
from freehold.formats.gguf import read_gguf
from freehold.formats.safetensors import read_safetensors
from freehold.formats.text import opened, shown

if TYPE_CHECKING:
    from freehold.formats.dequantize import Numbers

PIECE = 2**17
"""Numbers that are decoded at once: they stay in the cache of a core. A multiple of all blocks."""
KEPT = 16 * 2**20
"""Bytes of decoded numbers of one tensor that are kept where it must be gone through twice."""

WORKERS = 4
"""Tensors that are read at the same time, where there are as many cores."""

T = TypeVar("T")
R = TypeVar("R")
Told = Callable[[int], None]
"""Is told of so many more bytes that were read."""


class Placed(Struct, frozen=True):
    """A tensor and where its bytes begin in which file; `swapped` where high bytes come first."""

    tensor: Tensor
    file: Path
    start: int
    swapped: bool = False


def is_whole(dtype: str) -> bool:
    """Whether a type holds whole numbers: packed weights or positions; sums of them say nothing."""
    return dtype == "BOOL" or (dtype[:1] in "IU" and dtype[1:].isdigit())


def each(work: Callable[[T, Told], R], items: Iterable[T], told: Told) -> list[R]:
    """What `work` makes of every item, several at the same time and in their order.

    An error or an interruption ends all of them at their next piece.
    """
    import numpy as np

    over = Event()

    def report(count: int) -> None:
        if over.is_set():
            raise CancelledError
        told(count)

    def one(item: T) -> R:
        with np.errstate(all="ignore"):
            return work(item, report)

    with ThreadPoolExecutor(min(WORKERS, usable_cores())) as pool:
        try:
            return list(pool.map(one, items))
        finally:
            over.set()


def squared(values: "Numbers") -> float:
    """The sum of the squares in 64 bits; not by a library of linear algebra: it starts threads."""
    import numpy as np

    return float(np.einsum("i,i->", values, values, dtype=np.float64, casting="safe"))


def need_numpy(why: str) -> None:
    """EnvironmentProblem, naming the command that installs it, where numpy is not here."""
    if find_spec("numpy") is None:
        raise EnvironmentProblem(
            f"{why} needs numpy, which is not installed",
            hint="pip install 'freehold[inspect]'  (or: pipx inject freehold numpy)",
        )


def placed(files: Sequence[tuple[Path, str]]) -> dict[str, Placed]:
    """Every tensor of these files by its name, after what stands before it in a pipeline."""
    found: dict[str, Placed] = {}
    for file, before in files:
        found.update((before + one.tensor.name, one) for one in _placed_in(file))
    return found


def _placed_in(file: Path) -> Iterator[Placed]:
    if file.suffix.lower() == ".gguf":
        head = read_gguf(file)
        for tensor, offset in zip(head.tensor_list, head.offsets, strict=True):
            yield Placed(tensor, file, head.start + offset, head.swapped)
        return
    tensors = read_safetensors(file).tensor_list
    at = file.stat().st_size - sum(tensor.size for tensor in tensors)  # nothing lies between them
    for tensor in tensors:
        yield Placed(tensor, file, at)
        at += tensor.size


def is_read(one: Placed) -> bool:
    """Whether the numbers of a tensor can be read."""
    from freehold.formats.dequantize import coding

    return coding(one.tensor.dtype) is not None and not one.swapped


def pieces(one: Placed, told: Told) -> Iterator["Numbers"]:
    """The numbers of a tensor, at most PIECE at once; BrokenInput where the file ends."""
    from freehold.formats.dequantize import numbers

    return (numbers(one.tensor.dtype, data) for data in stored(one, told))


def stored(one: Placed, told: Told) -> Iterator[bytes]:
    """The bytes of the same pieces; of a type whose numbers are not read, PIECE bytes at once."""
    from freehold.formats.dequantize import coding

    found, left = coding(one.tensor.dtype), one.tensor.size
    step = PIECE // found.block * found.size if found else PIECE
    with reading(one) as file:
        while left > 0:
            data = taken(file, min(step, left), one)
            left -= len(data)
            told(len(data))
            yield data


@contextmanager
def reading(one: Placed) -> Iterator[BinaryIO]:
    """The file of a tensor, open at its first byte."""
    with opened(one.file) as (file, _):
        file.seek(one.start)
        yield file


def taken(file: BinaryIO, count: int, one: Placed) -> bytes:
    """So many bytes; BrokenInput where the file has become shorter than its header said."""
    data = file.read(count)
    if len(data) < count:
        raise BrokenInput(f"{shown(one.file)}: ends in the middle of {one.tensor.name!r}")
    return data
