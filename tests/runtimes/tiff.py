"""Writes TIFF files as satellites' pictures come: all bands on a page, in strips or tiles."""

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy

SORTS = {"u": 1, "i": 2, "f": 3}


def written(
    pages: Sequence[Any], *, order: str = "<", packed: bool = True, differences: bool = False,
    apart: bool = False, piece: tuple[int, int] | None = None,
) -> bytes:  # fmt: skip
    """Pages, each bands x height x width, packed by Deflate or plain; tiles where `piece` says."""
    data = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    link = 4
    for page in pages:
        parts = _parts(page.astype(page.dtype.newbyteorder(order)), apart, piece)
        cuts = [_cut(part, order, packed, differences) for part in parts]
        places = []
        for cut in cuts:
            places.append(len(data))
            data += cut
        bands, high, wide = page.shape
        tags = {
            256: [wide], 257: [high], 258: [8 * page.dtype.itemsize] * bands,
            259: [8 if packed else 1], 277: [bands], 284: [2 if apart else 1],
            317: [2 if differences else 1], 339: [SORTS[page.dtype.kind]] * bands,
        }  # fmt: skip
        if piece:
            tags |= {322: [piece[0]], 323: [piece[1]], 324: places, 325: [len(c) for c in cuts]}
        else:
            tags |= {273: places, 278: [3], 279: [len(c) for c in cuts]}
        link = _directory(data, tags, order, link)
    return bytes(data)


def _directory(data: bytearray, tags: dict[int, list[int]], order: str, link: int) -> int:
    """Add the tags of a page, and tell the page before where they are; the place of the next."""
    entries = []
    for tag, values in sorted(tags.items()):
        held = struct.pack(f"{order}{len(values)}I", *values)
        if len(held) > 4:
            place = struct.pack(order + "I", len(data))
            data += held
            held = place
        entries.append(struct.pack(order + "HHI", tag, 4, len(values)) + held)
    struct.pack_into(order + "I", data, link, len(data))
    data += struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4)
    return len(data) - 4


def _parts(page: Any, apart: bool, piece: tuple[int, int] | None) -> list[Any]:
    """The pieces of a page in the order of the file, as rows x columns x bands."""
    bands, high, wide = page.shape
    across, down = piece or (wide, 3)
    if piece:
        page = numpy.pad(page, [(0, 0), (0, -high % down), (0, -wide % across)])
    groups = [page[n : n + 1] for n in range(bands)] if apart else [page]
    return [
        group[:, top : top + down, left : left + across].transpose(1, 2, 0)
        for group in groups
        for top in range(0, high, down)
        for left in range(0, wide, across)
    ]


def _cut(part: Any, order: str, packed: bool, differences: bool) -> bytes:
    if differences:
        first = part[:, :1]
        part = numpy.concatenate([first, part[:, 1:] - part[:, :-1]], 1)
        part = part.astype(part.dtype.newbyteorder(order))
    data: bytes = numpy.ascontiguousarray(part).tobytes()
    return zlib.compress(data) if packed else data
