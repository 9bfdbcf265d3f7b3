"""Knows which few bytes of a file of weights its reader needs, so that the rest stays away."""

from collections.abc import Callable, Sequence
from pathlib import Path

from freehold.core.errors import BrokenInput, EnvironmentProblem

Part = tuple[int, bytes]
"""Where some bytes of a file belong, and the bytes."""
Fetch = Callable[[int, int], bytes]
"""Fetches `count` bytes from `start` on."""

MOST = 4 * 2**20
SMALL = 2**16
GGUF = 2**20
"""What a GGUF file says of itself comes first; vocabularies follow, and zeros read as empty."""


def write_parts(path: Path, size: int, parts: Sequence[Part]) -> None:
    """Write a file of this size with holes where nothing was fetched; never over another."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as out:
            for start, data in parts:
                out.seek(start)
                out.write(data)
            out.truncate(size)
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be written: {error.strerror}", hint="free some room on this disk"
        ) from error


def head_of(name: str, size: int, fetch: Fetch) -> list[Part]:
    """The parts of a file that tell what it is; in place in a file of full size, readers take them.

    An ONNX file says at its end what it is licensed under, after the graph.
    """
    ending = name.lower().rpartition(".")[2]
    if size == 0:
        return []
    if size <= SMALL:
        return [(0, fetch(0, size))]
    if ending == "safetensors":
        return _safetensors(name, size, fetch)
    if ending == "onnx":
        return [(0, fetch(0, SMALL)), *_tail(size, fetch)]
    return [(0, fetch(0, min(size, GGUF)))]


def _safetensors(name: str, size: int, fetch: Fetch) -> list[Part]:
    """The header, whose length stands in front of it."""
    start = fetch(0, SMALL)
    end = 8 + int.from_bytes(start[:8], "little")
    if end <= SMALL or end > size:  # the reader says what is wrong with an impossible length
        return [(0, start)]
    if end > MOST:
        raise BrokenInput(f"{name}: has a header of {end:,} bytes; more than {MOST:,} stay away")
    return [(0, start), (SMALL, fetch(SMALL, end - SMALL))]


def _tail(size: int, fetch: Fetch) -> list[Part]:
    start = max(SMALL, size - SMALL)
    return [(start, fetch(start, size - start))]
