"""Reads the pieces of a SentencePiece model and writes them as the library `tokenizers` has them.

What is written spells what a model says. It does not cut texts as SentencePiece does, because the
rules by which a text is made even before that are not taken over.
"""

import math
import struct
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput

MOST_BYTES, MOST_PIECES, LONGEST_PIECE = 2**26, 500_000, 1_000
NORMAL, UNKNOWN, CONTROL = 1, 2, 3
"""What a piece can be: a piece of words, the one for everything unknown, one that is never said."""
UNIGRAM, BPE = 1, 2
SPACE = "\u2581"
VARINT, LONG, BYTES, SHORT = 0, 1, 2, 5


class Piece(Struct, frozen=True):
    """One piece: what it spells, how likely it is, and what it is."""

    text: str
    score: float
    kind: int


class Pieces(Struct, frozen=True):
    """All pieces in the order of their numbers, and the method (1 unigram, 2 BPE)."""

    pieces: tuple[Piece, ...]
    method: int


def read_pieces(data: bytes, name: str) -> Pieces:
    """The pieces of a model; BrokenInput for what is none."""
    if len(data) > MOST_BYTES:
        raise BrokenInput(f"{name}: has more than {MOST_BYTES // 2**20} MiB")
    try:
        pieces, method = [], UNIGRAM
        for key, value in _fields(data):
            if key == 1:
                pieces.append(_piece(_message(value)))
            elif key == 2:
                found = dict(_fields(_message(value))).get(3, UNIGRAM)
                method = found if isinstance(found, int) else UNIGRAM
            if len(pieces) > MOST_PIECES:
                raise ValueError("too many pieces")
    except (IndexError, ValueError, struct.error) as error:
        raise BrokenInput(f"{name}: is no SentencePiece model: {error}") from error
    texts = {piece.text for piece in pieces}
    if not pieces or len(texts) != len(pieces):
        raise BrokenInput(f"{name}: holds no pieces, or one of them twice")
    if method not in (UNIGRAM, BPE):
        raise BrokenInput(f"{name}: was trained by a method that is not known here: {method}")
    return Pieces(tuple(pieces), method)


def as_tokenizer(found: Pieces, last: str) -> dict[str, Any]:
    """The content of a `tokenizer.json` with these pieces, and `last` as one more at their end."""
    special = [(n, p.text) for n, p in enumerate(found.pieces) if p.kind in (UNKNOWN, CONTROL)]
    special.append((len(found.pieces), last))
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": number,
                "content": text,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for number, text in special
        ],
        "normalizer": None,
        "pre_tokenizer": _spaced("Metaspace"),
        "post_processor": None,
        "decoder": _spaced("Metaspace"),
        "model": _model(found, special[0][1] if len(special) > 1 else None),
    }


def _spaced(kind: str) -> dict[str, Any]:
    return {"type": kind, "replacement": SPACE, "prepend_scheme": "always", "split": True}


def _model(found: Pieces, unknown: str | None) -> dict[str, Any]:
    """The pieces as the method has them: with scores, or with what is joined to what."""
    if found.method == UNIGRAM:
        number = next((n for n, p in enumerate(found.pieces) if p.kind == UNKNOWN), None)
        vocab = [[piece.text, piece.score] for piece in found.pieces]
        return {"type": "Unigram", "unk_id": number, "vocab": vocab, "byte_fallback": False}
    return {
        "type": "BPE",
        "unk_token": unknown,
        "fuse_unk": True,
        "byte_fallback": False,
        "vocab": {piece.text: number for number, piece in enumerate(found.pieces)},
        "merges": [list(pair) for pair in _joined(found)],
    }


def _joined(found: Pieces) -> list[tuple[str, str]]:
    """Each way to make a piece of two others, the likeliest piece first."""
    ranks = {piece.text: (-piece.score, n) for n, piece in enumerate(found.pieces)
             if piece.kind == NORMAL}  # fmt: skip
    pairs = [
        (rank, text[:at], text[at:])
        for text, rank in ranks.items()
        for at in range(1, len(text))
        if text[:at] in ranks and text[at:] in ranks
    ]
    return [(left, right) for _, left, right in sorted(pairs)]


def _piece(message: bytes) -> Piece:
    fields = dict(_fields(message))
    text, score, kind = _message(fields.get(1, b"")), fields.get(2, bytes(4)), fields.get(3, NORMAL)
    if not 0 < len(text) <= LONGEST_PIECE or not isinstance(kind, int):
        raise ValueError("a piece is empty or too long")
    (number,) = struct.unpack("<f", _message(score))
    if not math.isfinite(number):
        raise ValueError("the score of a piece is no number")
    return Piece(text.decode("utf-8"), number, kind)


def _message(value: bytes | int) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number stands where a message should be")
    return value


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a message: their numbers with what they hold."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        size = {LONG: 8, SHORT: 4}.get(kind)
        if kind == BYTES:
            size, at = _varint(data, at)
        if size is None or at + size > len(data):
            raise ValueError("a field is cut off or of an unknown kind")
        yield tag >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")
