"""Takes a pickle apart into its opcodes and their arguments; nothing is built.

Written after the documentation in Python's `pickletools` (protocols 0 to 5). Where the two
unpicklers of Python differ in what they accept, this one accepts what either does: reading too
much can only report too much.
"""

import codecs
import struct
from collections.abc import Callable
from contextlib import suppress
from mmap import mmap
from typing import Any, NamedTuple

from freehold.core.errors import BrokenInput

Data = bytes | mmap
"""Bytes in memory, or a file that is mapped into it."""
LONGEST_TEXT = 8 * 2**20
LONGEST_LINE = LONGEST_TEXT
LONGEST_NUMBER = 10_000
"""Digits or bytes of one number; longer ones take a square of time to read."""


_OF_NUMBERS = b"0123456789abcdefABCDEFxXoO_+-L \t\r\f\v"


class Broken(BrokenInput):
    """The bytes end, or are no pickle from here on."""


class Limit(Broken):
    """Here more is asked for than is followed; a real unpickler might go on."""


class Op(NamedTuple):
    """One opcode: its name, its argument or None, and where the next one begins."""

    name: str
    argument: Any
    end: int


def _line(data: Data, at: int) -> tuple[bytes, int]:
    """A line without its last sign, which at the very end need not be a line break."""
    end = data.find(b"\n", at, at + LONGEST_LINE)
    if end < 0:
        if len(data) - at > LONGEST_LINE:
            raise Limit(f"a line at byte {at:,} is too long to be read")
        if at >= len(data):
            raise Broken(f"a line at byte {at:,} has no end")
        return data[at : len(data) - 1], len(data)
    return data[at:end], end + 1


def _text(line: bytes) -> str:
    if len(line) > LONGEST_TEXT:
        raise Limit(f"a text has {len(line):,} bytes")
    try:
        return line.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _number_line(data: Data, at: int) -> tuple[Any, int]:
    line, end = _line(data, at)
    if line in (b"00", b"01"):
        return line == b"01", end
    return _whole(line, at), end


def _long_line(data: Data, at: int) -> tuple[int, int]:
    line, end = _line(data, at)
    return _whole(line.removesuffix(b"L"), at), end


def _whole(line: bytes, at: int) -> int:
    if len(line) > LONGEST_NUMBER // 3 and not line.translate(None, _OF_NUMBERS):
        raise Limit(f"the number at byte {at:,} is too long")
    for base in (0, 10):  # the first takes 0x10, the second 010
        with suppress(ValueError):
            return int(line, base)
    raise Broken(f"no number is at byte {at:,}")


def _float_line(data: Data, at: int) -> tuple[float, int]:
    line, end = _line(data, at)
    try:
        return float(line), end
    except ValueError as error:
        raise Broken(f"no number is at byte {at:,}") from error


def _string_line(data: Data, at: int) -> tuple[str, int]:
    line, end = _line(data, at)
    line = line.strip()
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1]:
        raise Broken(f"the text at byte {at:,} has no quotes")
    try:
        return _text(codecs.escape_decode(line[1:-1])[0]), end
    except ValueError as error:
        raise Broken(f"the text at byte {at:,} cannot be read") from error


def _unicode_line(data: Data, at: int) -> tuple[str, int]:
    line, end = _line(data, at)
    try:
        return codecs.raw_unicode_escape_decode(line)[0], end
    except UnicodeDecodeError as error:
        raise Broken(f"the text at byte {at:,} cannot be read") from error


def _line_text(data: Data, at: int) -> tuple[str, int]:
    line, end = _line(data, at)
    return _text(line), end


def _two_lines(data: Data, at: int) -> tuple[tuple[str, str], int]:
    module, middle = _line(data, at)
    name, end = _line(data, middle)
    return (_text(module), _text(name)), end


def _fixed(form: str) -> Callable[[Data, int], tuple[Any, int]]:
    unpack, size = struct.Struct(form).unpack_from, struct.calcsize(form)

    def read(data: Data, at: int) -> tuple[Any, int]:
        if at + size > len(data):
            raise Broken("ends in the middle of an opcode")
        return unpack(data, at)[0], at + size

    return read


def _counted(form: str, turn: Callable[[bytes], Any]) -> Callable[[Data, int], tuple[Any, int]]:
    length = _fixed(form)

    def read(data: Data, at: int) -> tuple[Any, int]:
        count, start = length(data, at)
        if not 0 <= count <= len(data) - start:
            raise Broken(f"a text at byte {at:,} ends after the end")
        return turn(data[start : start + count]), start + count

    return read


def _binary_number(raw: bytes) -> int:
    if len(raw) > LONGEST_NUMBER:
        raise Limit("a number is too long")
    return int.from_bytes(raw, "little", signed=True)


def _nothing(data: Data, at: int) -> tuple[None, int]:
    return None, at


def _same(raw: bytes) -> bytes:
    return raw


ARGUMENTS: dict[str, Callable[[Data, int], tuple[Any, int]]] = {
    "INT": _number_line, "LONG": _long_line, "FLOAT": _float_line,
    "STRING": _string_line, "UNICODE": _unicode_line, "PERSID": _line_text,
    "GLOBAL": _two_lines, "INST": _two_lines, "GET": _long_line, "PUT": _long_line,
    "BININT": _fixed("<i"), "BININT1": _fixed("<B"), "BININT2": _fixed("<H"),
    "BINFLOAT": _fixed(">d"), "PROTO": _fixed("<B"), "FRAME": _fixed("<Q"),
    "BINGET": _fixed("<B"), "LONG_BINGET": _fixed("<I"),
    "BINPUT": _fixed("<B"), "LONG_BINPUT": _fixed("<I"),
    "EXT1": _fixed("<B"), "EXT2": _fixed("<H"), "EXT4": _fixed("<i"),
    "LONG1": _counted("<B", _binary_number), "LONG4": _counted("<i", _binary_number),
    "BINSTRING": _counted("<i", _text), "SHORT_BINSTRING": _counted("<B", _text),
    "BINUNICODE": _counted("<I", _text), "SHORT_BINUNICODE": _counted("<B", _text),
    "BINUNICODE8": _counted("<Q", _text), "BINBYTES": _counted("<I", _same),
    "SHORT_BINBYTES": _counted("<B", _same), "BINBYTES8": _counted("<Q", _same),
    "BYTEARRAY8": _counted("<Q", _same),
}  # fmt: skip

NAMES: dict[int, str] = {
    ord("("): "MARK", ord("."): "STOP", ord("0"): "POP", ord("1"): "POP_MARK", ord("2"): "DUP",
    ord("F"): "FLOAT", ord("I"): "INT", ord("J"): "BININT", ord("K"): "BININT1",
    ord("L"): "LONG", ord("M"): "BININT2", ord("N"): "NONE", ord("P"): "PERSID",
    ord("Q"): "BINPERSID", ord("R"): "REDUCE", ord("S"): "STRING", ord("T"): "BINSTRING",
    ord("U"): "SHORT_BINSTRING", ord("V"): "UNICODE", ord("X"): "BINUNICODE",
    ord("a"): "APPEND", ord("b"): "BUILD", ord("c"): "GLOBAL", ord("d"): "DICT",
    ord("}"): "EMPTY_DICT", ord("e"): "APPENDS", ord("g"): "GET", ord("h"): "BINGET",
    ord("i"): "INST", ord("j"): "LONG_BINGET", ord("l"): "LIST", ord("]"): "EMPTY_LIST",
    ord("o"): "OBJ", ord("p"): "PUT", ord("q"): "BINPUT", ord("r"): "LONG_BINPUT",
    ord("s"): "SETITEM", ord("t"): "TUPLE", ord(")"): "EMPTY_TUPLE", ord("u"): "SETITEMS",
    ord("G"): "BINFLOAT", 0x80: "PROTO", 0x81: "NEWOBJ", 0x82: "EXT1", 0x83: "EXT2",
    0x84: "EXT4", 0x85: "TUPLE1", 0x86: "TUPLE2", 0x87: "TUPLE3", 0x88: "NEWTRUE",
    0x89: "NEWFALSE", 0x8A: "LONG1", 0x8B: "LONG4", ord("B"): "BINBYTES",
    ord("C"): "SHORT_BINBYTES", 0x8C: "SHORT_BINUNICODE", 0x8D: "BINUNICODE8",
    0x8E: "BINBYTES8", 0x8F: "EMPTY_SET", 0x90: "ADDITEMS", 0x91: "FROZENSET",
    0x92: "NEWOBJ_EX", 0x93: "STACK_GLOBAL", 0x94: "MEMOIZE", 0x95: "FRAME",
    0x96: "BYTEARRAY8", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
}  # fmt: skip
_TABLE = {code: (name, ARGUMENTS.get(name, _nothing)) for code, name in NAMES.items()}


def next_op(data: Data, at: int) -> Op:
    """The opcode at a place; Broken where there is none."""
    if at >= len(data):
        raise Broken("ends before its last opcode")
    found = _TABLE.get(data[at])
    if found is None:
        raise Broken(f"byte {at:,} ({data[at]:#04x}) is no opcode")
    name, read = found
    argument, end = read(data, at + 1)
    return Op(name, argument, end)
