"""Volumes as files (`.nii`, `.nii.gz`, `.npy`), and how they lie in the body."""

import gzip
import zlib
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.engines.workers.files import new_file
from freehold.formats.nifti import HEAD, LARGEST, Row, Volume, read_nifti, write_head
from freehold.tasks.base import File

STEP = 1.5
"""Millimeters from one voxel to the next where a file does not say (`.npy`)."""


class Seen(Struct, frozen=True):
    """The numbers of a volume as they lie in its file, and where each voxel is."""

    numbers: Any
    places: tuple[Row, Row, Row]
    is_array: bool

    def axes(self) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
        """Which axis of the file runs most nearly to the right, the front, the top; which back."""
        order, back = [], []
        for row in self.places:
            left = [n for n in range(3) if n not in order]
            axis = max(left, key=lambda n: abs(row[n]))
            order.append(axis)
            back.append(row[axis] < 0)
        return (order[0], order[1], order[2]), (back[0], back[1], back[2])

    def steps(self) -> tuple[float, float, float]:
        """Millimeters between voxels along the axes of the file."""
        sums = [sum(row[n] ** 2 for row in self.places) ** 0.5 for n in range(3)]
        return sums[0], sums[1], sums[2]


def opened_volume(file: File) -> Seen:
    """The volume in a file; BrokenInput when it is none."""
    import numpy

    if file.kind == "array":
        return _array(file)
    data = _unpacked(file.path)
    head = read_nifti(data)
    if len(data) < head.start + head.size:
        raise BrokenInput(
            f"the volume ends in the middle: {len(data):,} of {head.start + head.size:,} bytes"
        )
    count = head.size // int(head.kind[-1])
    flat = numpy.frombuffer(data, head.kind, count, head.start)
    numbers = flat.reshape(head.shape, order="F").astype(numpy.float32)
    return Seen(_finite(numbers * head.slope + head.inter), head.places, False)


def _array(file: File) -> Seen:
    from freehold.engines.workers.tensors.arrays import loaded

    found = loaded(file)
    if found.ndim != 3 or found.size == 0 or found.dtype.kind not in "biuf":
        raise BrokenInput(f"a volume has three dimensions of numbers, not {found.shape}")
    places = ((STEP, 0.0, 0.0, 0.0), (0.0, STEP, 0.0, 0.0), (0.0, 0.0, STEP, 0.0))
    return Seen(_finite(found.astype("float32")), places, True)


def _finite(numbers: Any) -> Any:
    import numpy

    if not numpy.isfinite(numbers).all():
        raise BrokenInput("the volume holds values that are no numbers (NaN or infinite)")
    return numbers


def _unpacked(path: Path) -> bytes:
    """The bytes of a file, unpacked where it is packed, up to a limit."""
    most = LARGEST + 2**16
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            head = file.read(HEAD + 4)
            told: Volume = read_nifti(head)
            rest = file.read(min(most, told.start + told.size) - len(head))
            return head + rest
    except (OSError, EOFError, zlib.error) as error:
        raise BrokenInput(f"the volume cannot be read: {error}") from error


def saved_volume(within: Any, like: Seen) -> File:
    """Where something is (1) and is not (0), in a file of the same kind, size and place."""
    import numpy

    numbers = within.astype(numpy.uint8)
    file = new_file("array" if like.is_array else "volume")
    if like.is_array:
        numpy.save(file.path, numbers, allow_pickle=False)
    else:
        head = write_head(numbers.shape, like.places)
        file.path.write_bytes(head + numbers.tobytes(order="F"))
    return file
