"""Reads who made an ONNX file and what it says of itself; the graph is passed over."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from freehold.formats.cursor import Cursor, expect, looking
from freehold.formats.text import plain

MOST_FIELDS = 100_000
LONGEST_TEXT = 2**20
MOST_KEPT = 8 * 2**20

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
IR_VERSION, PRODUCER, PRODUCER_VERSION, DOMAIN, MODEL_VERSION, DOC, GRAPH = range(1, 8)
OPSETS, PROPERTIES = 8, 14
KINDS = {
    IR_VERSION: VARINT, PRODUCER: BYTES, PRODUCER_VERSION: BYTES, DOMAIN: BYTES,
    MODEL_VERSION: VARINT, DOC: BYTES, GRAPH: BYTES, OPSETS: BYTES, PROPERTIES: BYTES,
}  # fmt: skip
NEWEST_IR = 1_000
"""Real versions are below 20; what says more is some other file."""


class Onnx(Struct, frozen=True):
    """The outermost message of an ONNX file."""

    ir_version: int
    producer: str | None
    producer_version: str | None
    domain: str | None
    model_version: int | None
    description: str | None
    opsets: dict[str, int]
    metadata: dict[str, str]


def read_onnx(source: bytes | Path, name: str = "model.onnx") -> Onnx:
    """What an ONNX file says of itself; weights beside it are not looked for."""
    with looking(source, name) as cursor:
        expect(cursor, b"", "ONNX")
        model = _Model(cursor)
        model.read()
    if not 1 <= model.numbers.get(IR_VERSION, 0) <= NEWEST_IR or GRAPH not in model.numbers:
        raise cursor.broken("is not an ONNX file: no version or no graph where they should be")
    return Onnx(
        ir_version=model.numbers[IR_VERSION],
        producer=model.texts.get(PRODUCER),
        producer_version=model.texts.get(PRODUCER_VERSION),
        domain=model.texts.get(DOMAIN),
        model_version=model.numbers.get(MODEL_VERSION),
        description=model.texts.get(DOC),
        opsets=model.opsets,
        metadata=model.metadata,
    )


class _Model:
    """What was found in the outermost message; counts what it walks and keeps."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor, self.walked, self.kept = cursor, 0, 0
        self.numbers: dict[int, int] = {}
        self.texts: dict[int, str] = {}
        self.opsets: dict[str, int] = {}
        self.metadata: dict[str, str] = {}

    def read(self) -> None:
        """Walk over all fields of the file."""
        for key, kind, value in self.fields(self.cursor.size):
            if KINDS.get(key, kind) != kind:
                raise self.cursor.broken(f"is not an ONNX file: field {key} is of another kind")
            end = self.cursor.at + value
            if kind == VARINT or key == GRAPH:
                self.numbers[key] = value
            elif key in KINDS:
                self.keep(key, value, end)
            if kind == BYTES:
                self.cursor.go(end, "a field")

    def keep(self, key: int, length: int, end: int) -> None:
        """Take a text, an operator set or a property."""
        self.kept += length
        if length > LONGEST_TEXT or self.kept > MOST_KEPT:
            raise self.cursor.broken(f"field {key} has {length:,} bytes; so many are not read")
        if key == OPSETS:
            self.opsets.update(self.opset(end))
        elif key == PROPERTIES:
            self.metadata.update(self.property(end))
        else:
            self.texts[key] = self.text(length)

    def fields(self, end: int) -> Iterator[tuple[int, int, int]]:
        """(number, kind, value) of each field up to `end`; of bytes the value is their length."""
        cursor = self.cursor
        while cursor.at < end:
            self.walked += 1
            if self.walked > MOST_FIELDS:
                raise cursor.broken(f"has more than {MOST_FIELDS:,} fields")
            tag = _varint(cursor)
            key, kind = tag >> 3, tag & 7
            if key == 0 or kind not in (VARINT, FIXED64, BYTES, FIXED32):
                raise cursor.broken("is not an ONNX file: its fields are not those of a message")
            if kind in (FIXED64, FIXED32):
                cursor.skip(8 if kind == FIXED64 else 4, "a number")
                continue
            value = _varint(cursor)
            if kind == BYTES and value > end - cursor.at:
                raise cursor.broken(f"ends {value - (end - cursor.at):,} bytes too early")
            yield key, kind, value

    def text(self, length: int) -> str:
        """The next bytes as text."""
        return plain(self.cursor.take(length, "a text").decode("utf-8", "replace"))

    def property(self, end: int) -> dict[str, str]:
        """One entry of the metadata: key and value."""
        found = {key: self.text(value) for key, kind, value in self.fields(end) if kind == BYTES}
        return {found.get(1, ""): found.get(2, "")}

    def opset(self, end: int) -> dict[str, int]:
        """One set of operators; the one of ONNX itself, whose name is empty, is `ai.onnx`."""
        domain, version = "", 0
        for _, kind, value in self.fields(end):
            if kind == BYTES:
                domain = self.text(value)
            else:
                version = value
        return {domain or "ai.onnx": version}


def _varint(cursor: Cursor) -> int:
    found = 0
    for shift in range(0, 70, 7):
        byte = cursor.take(1, "a number")[0]
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found & (2**64 - 1)
    raise cursor.broken("is not an ONNX file: a number has more than ten bytes")
