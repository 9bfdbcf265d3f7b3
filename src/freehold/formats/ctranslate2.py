"""Reads what kind of model a file of CTranslate2 (`model.bin`) holds; nothing else of it.

Layout, little-endian: the version of the format, the length of a name, the name with a zero after
it, such as `TransformerDecoderSpec`.
"""

import struct
from pathlib import Path

from freehold.core.errors import BrokenInput

OLDEST, NEWEST = 2, 1000
LONGEST = 200


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
