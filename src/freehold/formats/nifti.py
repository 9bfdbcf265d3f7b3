"""Reads and writes heads of NIfTI-1 files, in which volumes of medical pictures are kept.

One file (`n+1`), of either byte order, three dimensions of real numbers. Format: NIfTI-1.1, the
header `nifti1.h` of the NIfTI Data Format Working Group, 2007.
"""

import math
import struct
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput

HEAD = 348
MAGIC = b"n+1\0"
LARGEST = 2 * 2**30
"""Bytes of numbers that a volume may have: 800 x 800 x 800 of 32 bits."""
KINDS = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8",
    1280: "u8",
}  # fmt: skip
"""The number types by their codes: signed, unsigned or real, and their bytes."""
MILLIMETERS = 2

Row = tuple[float, float, float, float]


class Volume(Struct, frozen=True):
    """What a head says: `kind` in the letters of numpy, with the byte order before it.

    The numbers begin at `start`; a value is `slope` times one of them plus `inter`. `places` maps
    the indices of a voxel, and 1, to millimeters to the right, the front and the top (one row
    each).
    """

    shape: tuple[int, int, int]
    kind: str
    start: int
    slope: float
    inter: float
    places: tuple[Row, Row, Row]

    @property
    def size(self) -> int:
        """The bytes of all numbers."""
        return math.prod(self.shape) * int(self.kind[-1])


def read_nifti(data: bytes, name: str = "the volume") -> Volume:
    """What the first bytes of a file say; BrokenInput for what is no volume."""
    order = _order(data, name)
    (ranks, *sizes), code = _at(data, order, "8h", 40), _at(data, order, "h", 70)[0]
    start, slope, inter = _at(data, order, "3f", 108)
    if not 3 <= ranks <= 7 or any(size < 1 for size in sizes[:ranks]):
        raise BrokenInput(f"{name}: its dimensions make no sense: {ranks}, {sizes}")
    if any(size != 1 for size in sizes[3:ranks]):
        raise BrokenInput(f"{name}: has more than three dimensions; one volume is taken")
    if code not in KINDS:
        raise BrokenInput(f"{name}: its number type {code} is not read")
    if not (math.isfinite(start) and HEAD + 4 <= start <= 2**31):
        raise BrokenInput(f"{name}: its numbers begin at {start}, which makes no sense")
    slope, inter = (slope, inter) if _usable(slope, inter) else (1.0, 0.0)
    volume = Volume(
        (sizes[0], sizes[1], sizes[2]), order + KINDS[code], int(start), slope, inter,
        _places(data, order, name),
    )  # fmt: skip
    if volume.size > LARGEST:
        raise BrokenInput(f"{name}: {volume.size:,} bytes of numbers; at most {LARGEST:,} are read")
    return volume


def write_head(shape: tuple[int, int, int], places: tuple[Row, Row, Row]) -> bytes:
    """The head of a file of bytes from 0 to 255; the numbers follow, the first index fastest."""
    head = bytearray(HEAD + 4)
    struct.pack_into("<i", head, 0, HEAD)
    struct.pack_into("<8h", head, 40, 3, *shape, 1, 1, 1, 1)
    struct.pack_into("<2h", head, 70, 2, 8)
    steps = [math.hypot(*(row[n] for row in places)) for n in range(3)]
    struct.pack_into("<8f", head, 76, 1.0, *steps, 0, 0, 0, 0)
    struct.pack_into("<3f", head, 108, HEAD + 4, 1.0, 0.0)
    head[123] = MILLIMETERS
    struct.pack_into("<2h", head, 252, 0, 1)
    for number, row in enumerate(places):
        struct.pack_into("<4f", head, 280 + 16 * number, *row)
    head[344:348] = MAGIC
    return bytes(head)


def _order(data: bytes, name: str) -> str:
    if len(data) < HEAD or data[344:348] != MAGIC:
        raise BrokenInput(f"{name}: not a NIfTI-1 file in one piece")
    for order in "<>":
        if struct.unpack_from(order + "i", data, 0) == (HEAD,):
            return order
    raise BrokenInput(f"{name}: its head has another length than {HEAD} bytes")


def _at(data: bytes, order: str, form: str, at: int) -> tuple[Any, ...]:
    return struct.unpack_from(order + form, data, at)


def _usable(slope: float, inter: float) -> bool:
    return math.isfinite(slope) and math.isfinite(inter) and slope != 0


def _places(data: bytes, order: str, name: str) -> tuple[Row, Row, Row]:
    """Where voxels are, by rows of numbers, by a rotation, or by their size alone."""
    by_rotation, by_rows = _at(data, order, "2h", 252)
    if by_rows > 0:
        numbers = _at(data, order, "12f", 280)
    elif by_rotation > 0:
        numbers = _rotated(_at(data, order, "8f", 76), _at(data, order, "6f", 256))
    else:
        x, y, z = (abs(step) or 1.0 for step in _at(data, order, "3f", 80))
        numbers = (x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0)
    first, second, third = (_row(numbers[n : n + 4]) for n in (0, 4, 8))
    steps = [math.hypot(first[n], second[n], third[n]) for n in range(3)]
    if not all(math.isfinite(n) for n in numbers) or not all(1e-3 < s < 1e4 for s in steps):
        raise BrokenInput(f"{name}: where its voxels are makes no sense")
    return first, second, third


def _row(numbers: tuple[float, ...]) -> Row:
    x, y, z, offset = map(float, numbers)
    return x, y, z, offset


def _rotated(steps: tuple[float, ...], turn: tuple[float, ...]) -> tuple[float, ...]:
    """The rows from a rotation as a quaternion (b, c, d; a follows) and an offset."""
    b, c, d, *offset = turn
    a = math.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    x, y, z = steps[1], steps[2], steps[3] * (-1 if steps[0] < 0 else 1)
    return (
        (a * a + b * b - c * c - d * d) * x, 2 * (b * c - a * d) * y, 2 * (b * d + a * c) * z,
        offset[0],
        2 * (b * c + a * d) * x, (a * a + c * c - b * b - d * d) * y, 2 * (c * d - a * b) * z,
        offset[1],
        2 * (b * d - a * c) * x, 2 * (c * d + a * b) * y, (a * a + d * d - b * b - c * c) * z,
        offset[2],
    )  # fmt: skip
