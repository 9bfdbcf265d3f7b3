"""Reads heads of TIFF files: pages of any number of bands, as satellites' pictures are kept.

Strips and tiles, whole or real numbers of 8 to 64 bits; plain, packed by Deflate or by LZW.
Format: TIFF 6.0, Adobe 1992; the tag of number types and Deflate by Adobe's Technical Notes.
"""

import math
import struct
from collections.abc import Iterator

from msgspec import Struct

from freehold.core.errors import BrokenInput

MOST_PAGES, MOST_VALUES = 4_096, 2**20
LARGEST = 2 * 2**30
"""Bytes that the numbers of one page may take."""
SIZES = {3: "H", 4: "I"}
"""The letters of whole numbers of 16 and 32 bits, which all of these tags have."""
SORTS = {1: "u", 2: "i", 3: "f"}
PLAIN, LZW, DEFLATE = 1, 5, (8, 32946)
SMALLER, WIDE, HIGH, BITS, PACKED, STRIPS, BANDS, ROWS, LENGTHS, PLANES = (
    254, 256, 257, 258, 259, 273, 277, 278, 279, 284)  # fmt: skip
DIFFERENCES, TILE_WIDE, TILE_HIGH, TILES, TILE_LENGTHS, SORT = 317, 322, 323, 324, 325, 339

Tags = dict[int, tuple[int, ...]]


class Page(Struct, frozen=True):
    """One page: `kind` in the letters of numpy, with the byte order before it.

    It lies in pieces of `piece` (width, height), row by row; each is (place, bytes). Where `apart`,
    each band has pieces of its own, one band after the other. `differences` says that each number
    but the first of a row is what it is more than the one before.
    """

    wide: int
    high: int
    bands: int
    kind: str
    packed: int
    differences: bool
    apart: bool
    piece: tuple[int, int]
    pieces: tuple[tuple[int, int], ...]


def read_tiff(data: bytes, name: str = "the picture") -> tuple[Page, ...]:
    """All pages in full size; BrokenInput for what is no TIFF file, or one of a kind not read."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        raise BrokenInput(f"{name}: is no TIFF file (of under 4 GB)")
    found = tuple(
        _page(tags, order, len(data), name)
        for tags in _directories(data, order, name)
        if not _one(tags, SMALLER, 0) & 1
    )
    if not found:
        raise BrokenInput(f"{name}: holds no page")
    return found


def _directories(data: bytes, order: str, name: str) -> Iterator[Tags]:
    """The tags of each page, one page after the other."""
    seen: set[int] = set()
    (at,) = _numbers(data, 4, order + "I", name)
    while at:
        if at in seen or len(seen) == MOST_PAGES:
            raise BrokenInput(f"{name}: its pages follow each other without end")
        seen.add(at)
        (count,) = _numbers(data, at, order + "H", name)
        entries = [_entry(data, at + 2 + 12 * n, order, name) for n in range(count)]
        yield {tag: values for tag, values in entries if values}
        (at,) = _numbers(data, at + 2 + 12 * count, order + "I", name)


def _entry(data: bytes, at: int, order: str, name: str) -> tuple[int, tuple[int, ...]]:
    """A tag and its values; none where they are no whole numbers."""
    tag, kind, count = _numbers(data, at, order + "HHI", name)
    if kind not in SIZES:
        return tag, ()
    if count > MOST_VALUES:
        raise BrokenInput(f"{name}: the tag {tag} has {count:,} values")
    form = f"{order}{count}{SIZES[kind]}"
    inside = struct.calcsize(form) <= 4
    place = at + 8 if inside else _numbers(data, at + 8, order + "I", name)[0]
    return tag, _numbers(data, place, form, name)


def _page(tags: Tags, order: str, size: int, name: str) -> Page:
    wide, high, bands = _one(tags, WIDE, 0), _one(tags, HIGH, 0), _one(tags, BANDS, 1)
    bits, sorts = set(tags.get(BITS, (1,))), set(tags.get(SORT, (1,)))
    if min(wide, high, bands) < 1:
        raise BrokenInput(f"{name}: a page of {wide} x {high} with {bands} bands")
    if len(bits) > 1 or len(sorts) > 1 or not bits <= {8, 16, 32, 64} or not sorts <= set(SORTS):
        raise BrokenInput(f"{name}: numbers of {bits} bits and the sorts {sorts} are not read")
    packed, differences = _one(tags, PACKED, PLAIN), _one(tags, DIFFERENCES, 1)
    if packed not in (PLAIN, LZW, *DEFLATE) or differences not in (1, 2):
        raise BrokenInput(
            f"{name}: packed in the way {packed} (differences {differences}), which is not read",
            hint="gdal_translate -co COMPRESS=DEFLATE -co PREDICTOR=2 writes one that is",
        )
    kind = SORTS[sorts.pop()] + str(bits.pop() // 8)
    if wide * high * bands * int(kind[1]) > LARGEST:
        raise BrokenInput(f"{name}: a page of {wide:,} x {high:,} with {bands} bands is too large")
    tiled = TILES in tags
    rows = min(_one(tags, ROWS, high), high)
    piece = (_one(tags, TILE_WIDE, 0), _one(tags, TILE_HIGH, 0)) if tiled else (wide, rows)
    places, lengths = tags.get(TILES if tiled else STRIPS, ()), tags.get(
        TILE_LENGTHS if tiled else LENGTHS, ())  # fmt: skip
    apart = _one(tags, PLANES, 1) == 2
    page = Page(wide, high, bands, order + kind, packed, differences == 2, apart, piece,
                tuple(zip(places, lengths, strict=False)))  # fmt: skip
    _check(page, size, name)
    return page


def _check(page: Page, size: int, name: str) -> None:
    """BrokenInput when pieces are missing, or lie beyond the end."""
    if min(page.piece) < 1 or math.prod(page.piece) * page.bands > LARGEST:
        raise BrokenInput(f"{name}: pieces of {page.piece[0]:,} x {page.piece[1]:,}")
    across, down = -(-page.wide // page.piece[0]), -(-page.high // page.piece[1])
    wanted = across * down * (page.bands if page.apart else 1)
    if len(page.pieces) != wanted:
        raise BrokenInput(f"{name}: {len(page.pieces)} of {wanted} pieces of a page are there")
    if any(place + length > size for place, length in page.pieces):
        raise BrokenInput(f"{name}: ends in the middle of a page")


def _one(tags: Tags, tag: int, usual: int) -> int:
    return tags.get(tag, (usual,))[0]


def _numbers(data: bytes, at: int, form: str, name: str) -> tuple[int, ...]:
    """Whole numbers at a place; BrokenInput beyond the end."""
    if at + struct.calcsize(form) > len(data):
        raise BrokenInput(f"{name}: ends in the middle of its head")
    return struct.unpack_from(form, data, at)


def unpacked_lzw(data: bytes, size: int) -> bytes:
    """What LZW of TIFF (codes of 9 to 12 bits, highest bit first) packed, at most `size` bytes."""
    found, words, last = bytearray(), _first_words(), b""
    bits, kept, at, width = 0, 0, 0, 9
    while len(found) < size:
        while kept < width and at < len(data):
            bits, kept, at = bits << 8 | data[at], kept + 8, at + 1
        if kept < width:
            break
        code, kept = bits >> kept - width, kept - width
        bits &= (1 << kept) - 1
        if code == 257:
            break
        if code == 256:
            words, last, width = _first_words(), b"", 9
            continue
        if code > len(words) or (code == len(words) and not last):
            raise BrokenInput("the picture is packed by codes that were never told")
        word = words[code] if code < len(words) else last + last[:1]
        found += word
        if last:
            words.append(last + word[:1])
        last = word
        width = max(9, min(12, (len(words) + 1).bit_length()))
    return bytes(found[:size])


def _first_words() -> list[bytes]:
    """What the codes mean at the beginning: each byte, then two signs."""
    return [*(bytes([n]) for n in range(256)), b"", b""]
