"""Looks first at what a file really is, whatever its name; a name that lies is told."""

from collections.abc import Iterator

from freehold.core.errors import BrokenInput
from freehold.formats.kinds import CLOSED, EXPECTED, PICKLES, PLAIN
from freehold.formats.kinds import CODE as CODES
from freehold.formats.onnx import read_onnx
from freehold.formats.pickled.machine import Walk, follow
from freehold.formats.zipped import ends_as_zip
from freehold.scanners.base import CODE, SAFE, UNCHECKED, Contract, Looked, Remark

SPOKEN = {
    "elf": "a Linux program",
    "windows program": "a Windows program",
    "mach-o": "a macOS or Java program",
    "wasm": "a WebAssembly program",
    "dex": "an Android program",
    "python": "a Python program",
    "python bytecode": "a compiled Python program",
    "script": "a script",
    "code": "a program in text",
    "text pickle": "a pickle in letters",
    "hdf5": "an HDF5 file, in which Keras keeps code",
}
NUMBERED = (".model", ".spm")
"""Vocabularies of SentencePiece, which have no mark at their beginning."""
_FEW_OPS = 50_000


class Scanner(Contract):
    """The format gate."""

    def look(self, file: Looked) -> Iterator[Remark]:
        """The verdict that follows from the kind alone, and every lie of the name."""
        yield from _name_and_content(file)
        yield from _two_in_one(file)
        kind = file.kind
        if kind in CODES:
            yield Remark("program", f"is {SPOKEN[kind]}", CODE)
        elif kind in PLAIN:
            yield Remark("format", f"holds {kind}", SAFE)
        elif kind in CLOSED:
            yield Remark("format", f"is a {kind} archive, which is not opened", UNCHECKED)
        elif kind == "tflite":
            yield Remark("format", "is a TFLite model", SAFE)
        elif kind == "hdf5":
            yield _hdf5(file)
        elif kind in ("unknown", "sqlite"):
            yield _unknown(file)


def _name_and_content(file: Looked) -> Iterator[Remark]:
    expected = EXPECTED.get(file.ending)
    if expected and file.kind not in expected and not _is_onnx(file):
        spoken = SPOKEN.get(file.kind, file.kind)
        yield Remark("name-mismatch", f"is named {file.ending}, but its bytes are: {spoken}")


def _is_onnx(file: Looked) -> bool:
    if file.ending != ".onnx":
        return False
    try:
        read_onnx(file.path)
    except BrokenInput:
        return False
    return True


def _two_in_one(file: Looked) -> Iterator[Remark]:
    """A file of one kind that works as another one, too."""
    if file.kind != "zip" and file.size and ends_as_zip(file.data):
        yield Remark("two-in-one", f"is {file.kind}, and ends as a ZIP archive", UNCHECKED)
    if file.kind in PICKLES or not file.size:
        return
    walk = follow(file.data, keeps=lambda _: False, most=_FEW_OPS)
    if walk.limited:
        text = f"is {file.kind}, and may be a pickle, too: {walk.problem}"
        yield Remark("two-in-one", text, UNCHECKED)
    elif walk.others and _works(walk):
        text = f"is {file.kind}, and as a pickle would call {walk.others[0]}"
        yield Remark("two-in-one", text, CODE)


def _works(walk: Walk) -> bool:
    """Whether something happened before a real unpickler would have given up."""
    return bool(walk.calls) or walk.problem is None


def _hdf5(file: Looked) -> Remark:
    for at in range(0, min(file.size, 64 * 2**20), 2**20):
        if b'"Lambda"' in file.data[at : at + 2**20 + 16]:
            return Remark("code", "holds a Lambda layer of Keras with code of its own", CODE)
    return Remark("format", "is an HDF5 file, in which Keras can keep code", UNCHECKED)


def _unknown(file: Looked) -> Remark:
    if _is_onnx(file):
        return Remark("format", "is an ONNX model", SAFE)
    if file.ending in NUMBERED and _is_messages(file.head, file.size):
        return Remark("format", "is a vocabulary", SAFE)
    return Remark("format", "is of a kind that is not known", UNCHECKED)


def _is_messages(head: bytes, size: int) -> bool:
    """Whether a file begins with many short messages of Protocol Buffers, as vocabularies do."""
    at, count = 0, 0
    while at + 2 <= len(head) and count < 1_000:
        if head[at] != 0x0A or head[at + 1] >= 0x80 or head[at + 2 : at + 3] != b"\x0a":
            break
        at, count = at + 2 + head[at + 1], count + 1
    return count >= min(20, max(size // 60, 1))
