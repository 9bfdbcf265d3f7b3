"""Reads the vocabulary of a GGUF file: all of it, or a few tokens without the others."""

import struct
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats.cursor import WINDOW, Cursor, looking
from freehold.formats.gguf import LONGEST_TEXT, MOST_WALKED
from freehold.formats.text import read_start

TOKENS, SORTS = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
SCORES, MERGES = "tokenizer.ggml.scores", "tokenizer.ggml.merges"
MOST_TEXT = 64 * 2**20
"""Bytes of one array of texts that are kept; large vocabularies have 10 million."""
TEXT, FLOAT, WHOLE = 8, 6, (4, 5)
"""GGUF's numbers for types of items."""
CONTROL, USER = 3, 4
"""llama.cpp's numbers for tokens that mark, and for those that a user added."""


class Vocabulary(Struct, frozen=True):
    """All tokens in the order of their numbers, their sorts and scores, and merges as written."""

    tokens: tuple[str, ...]
    sorts: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()
    merges: tuple[str, ...] = ()


class Arrays(Struct, frozen=True):
    """Where the arrays of a GGUF file lie, by their keys; `order` is `<` where low bytes lead."""

    path: Path
    lengths: dict[str, int]
    places: dict[str, int]
    order: str


def arrays(path: Path, lengths: dict[str, int], places: dict[str, int]) -> Arrays:
    """The arrays of a file whose head told where they are; the version tells the order of bytes."""
    version = read_start(path, 8)[4:]
    return Arrays(path, lengths, places, ">" if version[:2] == b"\0\0" else "<")


def read_sorts(of: Arrays) -> tuple[int, ...]:
    """The sort of every token, where the file tells it."""
    return _numbers(of, SORTS, "i", WHOLE)


def read_tokens(of: Arrays, wanted: Iterable[int]) -> dict[int, str]:
    """The texts of the tokens with these numbers; numbers beyond the last have none."""
    count = of.lengths.get(TOKENS, 0)
    numbers = sorted({n for n in wanted if 0 <= n < count})
    found: dict[int, str] = {}
    if not _has(of, TOKENS, (TEXT,)):
        return found
    with looking(of.path, of.path.name) as cursor:
        cursor.go(of.places[TOKENS], "the vocabulary")
        for before, number in pairwise([-1, *numbers]):
            cursor.skip_texts(of.order + "Q", number - before - 1, "the vocabulary")
            length = cursor.number(of.order + "Q", "the length of a token")
            found[number] = cursor.take(length, "a token", LONGEST_TEXT).decode("utf-8", "replace")
    return found


def read_vocabulary(of: Arrays) -> Vocabulary:
    """The whole vocabulary; BrokenInput where a file has another size than its head says."""
    return Vocabulary(
        _texts(of, TOKENS), read_sorts(of), _numbers(of, SCORES, "f", (FLOAT,)),
        _texts(of, MERGES),
    )  # fmt: skip


def _has(of: Arrays, key: str, kinds: tuple[int, ...]) -> bool:
    """Whether there is an array with items of one of these types; its type is 12 bytes before."""
    if key not in of.places:
        return False
    with looking(of.path, of.path.name) as cursor:
        cursor.go(of.places[key] - 12, key)
        return cursor.number(of.order + "I", key) in kinds


def _numbers(of: Arrays, key: str, form: str, kinds: tuple[int, ...]) -> tuple[int, ...]:
    """An array of numbers of four bytes; empty where it has another type."""
    if not _has(of, key, kinds):
        return ()
    count = of.lengths[key]
    with looking(of.path, of.path.name) as cursor:
        cursor.go(of.places[key], key)
        data = cursor.take(4 * count, key, 4 * MOST_WALKED)
    return struct.unpack(f"{of.order}{count}{form}", data)


def _texts(of: Arrays, key: str) -> tuple[str, ...]:
    """An array of texts; empty where it is one of something else."""
    if not _has(of, key, (TEXT,)):
        return ()
    with looking(of.path, of.path.name) as cursor:
        cursor.go(of.places[key], key)
        return tuple(_walked(cursor, of.lengths[key], of.order, key))


def _walked(cursor: Cursor, count: int, order: str, what: str) -> list[str]:
    """Texts that follow each other, each after its length, read by the window."""
    unpack, found = struct.Struct(order + "Q").unpack_from, list[str]()
    window, at, begun = b"", 0, cursor.at
    while len(found) < count:
        length = unpack(window, at)[0] if at + 8 <= len(window) else -1
        if length > LONGEST_TEXT:
            raise cursor.broken(f"{what} holds a text of {length:,} bytes")
        if cursor.at - begun > MOST_TEXT:
            raise cursor.broken(f"{what} holds more than {MOST_TEXT:,} bytes of text")
        if length < 0 or at + 8 + length > len(window):
            more = cursor.take(min(WINDOW, cursor.left), what)
            if not more:
                raise BrokenInput(f"{cursor.name}: ends in the middle of {what}")
            window, at = window[at:] + more, 0
            continue
        found.append(window[at + 8 : at + 8 + length].decode("utf-8", "replace"))
        at += 8 + length
    return found
