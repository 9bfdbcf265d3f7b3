"""Pictures of many bands over time: arrays (`.npy`) and TIFF files with any number of bands."""

import zlib
from typing import Any

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.tensors.arrays import loaded
from freehold.formats.tiff import LZW, PLAIN, Page, read_tiff, unpacked_lzw
from freehold.tasks.base import File

MOST_BYTES = 2 * 2**30


def opened_stack(file: File, bands: int) -> Any:
    """Numbers as bands x times x height x width; UsageError when it has other bands.

    An array is bands x height x width, or has the times second. The pages of a TIFF file are the
    times, each with all bands; or each page is one band, and those of the first time come first.
    """
    import numpy

    found = _array(file) if file.kind == "array" else _pages(file, bands)
    if found.shape[0] != bands:
        raise UsageError(
            f"the model takes {bands} bands, and this has {found.shape[0]}",
            hint="an array is bands x height x width, or bands x times x height x width",
        )
    if not numpy.isfinite(found).all():
        raise BrokenInput("the picture holds values that are no numbers (NaN or infinite)")
    return found


def _array(file: File) -> Any:
    found = loaded(file)
    if found.ndim not in (3, 4) or found.size == 0 or found.dtype.kind not in "iuf":
        told = f"{found.dtype} of shape {found.shape}"
        raise BrokenInput(
            f"bands of a picture are numbers in 3 or 4 dimensions, and this is {told}"
        )
    found = found if found.ndim == 4 else found[:, None]
    return found.astype("float32")


def _pages(file: File, bands: int) -> Any:
    import numpy

    if file.kind != "image" or file.path.suffix.lower() not in (".tif", ".tiff"):
        raise UsageError("pictures of many bands come as .npy or as .tif")
    if file.path.stat().st_size > MOST_BYTES:
        raise BrokenInput(f"the picture has over {MOST_BYTES:,} bytes")
    data = file.path.read_bytes()
    pages = read_tiff(data)
    if len({(page.wide, page.high, page.bands) for page in pages}) > 1:
        raise BrokenInput("the pages of the picture have different sizes")
    if sum(page.wide * page.high * page.bands * 4 for page in pages) > MOST_BYTES:
        raise BrokenInput(f"the numbers of the picture would take over {MOST_BYTES:,} bytes")
    found = numpy.stack([decoded(page, data) for page in pages])
    if found.shape[1] == 1 and bands > 1:
        times, left = divmod(len(pages), bands)
        if left or not times:
            raise UsageError(f"{len(pages)} pages of one band each are no times of {bands} bands")
        found = found.reshape(times, bands, *found.shape[2:])
    return found.swapaxes(0, 1)


def decoded(page: Page, data: bytes) -> Any:
    """The numbers of a page as bands x height x width."""
    import numpy

    across, down = -(-page.wide // page.piece[0]), -(-page.high // page.piece[1])
    found = numpy.empty((page.bands, down * page.piece[1], across * page.piece[0]), "float32")
    wide, high = page.piece
    for number, (at, length) in enumerate(page.pieces):
        band, place = divmod(number, across * down)
        top, left = high * (place // across), wide * (place % across)
        within = slice(band, band + 1) if page.apart else slice(None)
        rows = high if page.piece[0] != page.wide else min(high, page.high - top)
        piece = _piece(page, data[at : at + length], rows)
        found[within, top : top + rows, left : left + wide] = piece
    return found[:, : page.high, : page.wide]


def _piece(page: Page, packed: bytes, rows: int) -> Any:
    """One piece as bands x rows x width."""
    import numpy

    many = 1 if page.apart else page.bands
    kind = numpy.dtype(page.kind)
    size = rows * page.piece[0] * many * kind.itemsize
    plain = _unpacked(page.packed, packed, size)
    if len(plain) < size:
        raise BrokenInput(f"a piece of the picture has {len(plain):,} of {size:,} bytes")
    numbers = numpy.frombuffer(plain, kind, size // kind.itemsize)
    numbers = numbers.reshape(rows, page.piece[0], many)
    if page.differences:
        if kind.kind == "f":
            raise BrokenInput("differences of real numbers are not read")
        numbers = numbers.cumsum(1, dtype=kind.newbyteorder("="))
    return numbers.transpose(2, 0, 1)


def _unpacked(way: int, packed: bytes, size: int) -> bytes:
    if way == PLAIN:
        return packed
    if way == LZW:
        return unpacked_lzw(packed, size)
    try:
        return zlib.decompressobj().decompress(packed, size)
    except zlib.error as error:
        raise BrokenInput(f"a piece of the picture cannot be unpacked: {error}") from error
