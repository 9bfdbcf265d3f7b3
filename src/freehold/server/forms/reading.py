"""What all dialects share when they read a body: types, limits, what is not honored."""

import base64
import binascii
import re
from typing import Any, TypeVar

import msgspec

from freehold.server.problems import Refused

T = TypeVar("T", bound=msgspec.Struct)
_PATH = re.compile(r" - at `\$\.?([^`]*)`")
_FIELD = re.compile(r"field `([^`]+)`")
DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(;[\w=.+-]+)*?(;base64)?,", re.ASCII)
LARGEST_SEED = 2**32 - 2
ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/mpeg": ".mp3",
    "audio/mp3": ".mp3",
    "audio/flac": ".flac",
    "audio/ogg": ".ogg",
}


def typed(body: dict[str, Any], form: type[T]) -> T:
    """The body as a record; Refused names the field that is wrong."""
    try:
        return msgspec.convert(body, form, strict=True)
    except msgspec.ValidationError as error:
        says = str(error)
        where = _PATH.search(says) or _FIELD.search(says)
        raise Refused("invalid", says, param=where[1] if where else None) from None


def dropped(
    body: dict[str, Any], form: type[msgspec.Struct], harmless: frozenset[str]
) -> list[str]:
    """The names in a body that will not be honored: unknown, said, and able to change something."""
    known = form.__struct_fields__
    return [
        name[:100]
        for name, value in body.items()
        if name not in known and name not in harmless and value not in (None, [], {}, "")
    ]


def seed_of(said: int | None) -> int | None:
    """A seed; -1, as llama.cpp and others say it, means a random one."""
    if said is None or said == -1:
        return None
    if not 0 <= said <= LARGEST_SEED:
        raise Refused("invalid", f"a seed is 0 to {LARGEST_SEED}, not {said}", param="seed")
    return said


def several(said: str | list[str] | None) -> tuple[str, ...]:
    """One text or several."""
    return (said,) if isinstance(said, str) else tuple(said or ())


def unpacked64(text: str, param: str) -> bytes:
    """The bytes of a text in Base64."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("invalid", "it is not Base64", param=param) from None


def bytes_of(url: str, fetched: dict[str, bytes], param: str) -> tuple[bytes, str]:
    """The bytes behind an address and the ending of a file for them."""
    found = DATA_URL.match(url)
    if found and found[3]:
        kind = (found[1] or "").lower()
        return unpacked64(url[found.end() :], param), ENDINGS.get(kind, "")
    if url in fetched:
        return fetched[url], ""
    if url.startswith(("http://", "https://")):
        says = "this server fetches nothing by address; send it as a data: URL"
        raise Refused("invalid", says, param=param)
    raise Refused("invalid", "it is no data: URL in Base64", param=param)


def ending_of(data: bytes) -> str | None:
    """The ending that the first bytes of a file call for."""
    for start, ending in (
        (b"\x89PNG\r\n", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif"), (b"BM", ".bmp"),
        (b"fLaC", ".flac"), (b"OggS", ".ogg"), (b"ID3", ".mp3"), (b"\xff\xfb", ".mp3"),
        (b"\xff\xf3", ".mp3"),
    ):  # fmt: skip
        if data.startswith(start):
            return ending
    if data.startswith(b"RIFF"):
        return {b"WEBP": ".webp", b"WAVE": ".wav"}.get(data[8:12])
    return None


def sse(data: Any, name: str | None = None) -> bytes:
    """One event of a stream."""
    head = b"event: " + name.encode() + b"\n" if name else b""
    return head + b"data: " + msgspec.json.encode(data) + b"\n\n"


def line(data: Any) -> bytes:
    """One line of a stream in JSON lines."""
    return msgspec.json.encode(data) + b"\n"
