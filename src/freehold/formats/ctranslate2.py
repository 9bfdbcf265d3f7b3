"""Reads what kind of model a file of CTranslate2 (`model.bin`) holds, and the sizes of its parts.

Layout, little-endian: the version of the format, a name, such as `TransformerDecoderSpec`; the
version of this kind; how many variables there are, and each of them: its name, the number of its
dimensions and these, its type, how many bytes it has, these bytes. A name stands behind its length
and has a zero after it.
"""

import struct
from pathlib import Path

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats.cursor import Cursor, Source, looking

OLDEST, NEWEST = 2, 1000
LONGEST = 200
MOST_VARIABLES = 100_000
MOST_DIMENSIONS = 8
KEYS, OUT, HEADS = "self_attention/linear_0/weight", "self_attention/linear_1/weight", "num_heads"
"""What makes queries, keys and values of a token; what takes their sum; how many look at once."""


class Sizes(Struct, frozen=True):
    """What a decoder keeps of each token, in numbers over all layers; its width and its heads."""

    kept: int
    width: int
    heads: int


def kind(file: Path, name: str) -> str:
    """The name of the kind; BrokenInput when the file is none of CTranslate2's."""
    try:
        with file.open("rb") as opened:
            head = opened.read(6 + LONGEST)
        version, length = struct.unpack_from("<IH", head)
    except (OSError, struct.error) as error:
        raise BrokenInput(f"{name}: its model.bin is not of CTranslate2") from error
    text = head[6 : 6 + length].rstrip(b"\0")
    if not OLDEST <= version <= NEWEST or not 0 < len(text) <= length <= LONGEST:
        raise BrokenInput(f"{name}: its model.bin is not of CTranslate2")
    if not text.isalnum():
        raise BrokenInput(f"{name}: its model.bin is not of CTranslate2")
    return text.decode("ascii")


def sizes(source: Source, name: str) -> Sizes:
    """The sizes of the decoder in this file, from the shapes of its variables."""
    made, width, heads = dict[str, int](), 0, 0
    with looking(source, name) as cursor:
        cursor.go(4, "the version")
        _text(cursor)
        cursor.number("<I", "the version of its kind")
        count = cursor.number("<I", "the number of variables")
        if count > MOST_VARIABLES:
            raise cursor.broken(
                f"has {count:,} variables; more than {MOST_VARIABLES:,} are not read"
            )
        for _ in range(count):
            variable, shape, value = _variable(cursor)
            layer = variable.removesuffix(KEYS)
            if variable.startswith("decoder/") and layer != variable and len(shape) == 2:
                made[layer] = shape[0]
            if variable.removesuffix(OUT) in made and len(shape) == 2:
                width = shape[0]
            if variable == f"decoder/{HEADS}":
                heads = value
    return Sizes(sum(max(0, rows - width) for rows in made.values()), width, heads)


def _variable(cursor: Cursor) -> tuple[str, tuple[int, ...], int]:
    """The name, the shape and, of a small number, the value of the next variable."""
    name = _text(cursor)
    dimensions = cursor.number("<B", f"the dimensions of {name}")
    if dimensions > MOST_DIMENSIONS:
        raise cursor.broken(f"{name} has {dimensions} dimensions")
    shape = struct.unpack(f"<{dimensions}I", cursor.take(4 * dimensions, f"the shape of {name}"))
    cursor.number("<B", f"the type of {name}")
    size = cursor.number("<I", f"the size of {name}")
    if size > 8:
        cursor.skip(size, name)
        return name, shape, 0
    return name, shape, int.from_bytes(cursor.take(size, name), "little", signed=True)


def _text(cursor: Cursor) -> str:
    """A name behind its length."""
    length = cursor.number("<H", "the length of a name")
    return cursor.take(length, "a name").rstrip(b"\0").decode("utf-8", "replace")
