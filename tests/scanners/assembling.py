"""Puts pickles, archives and checkpoints together byte by byte; nothing here imports a model tool.

Each function returns the bytes of one opcode or file. `CANARY` is what the bad ones would run: if
anything ever executed one of them, a file of that name would appear.
"""

import io
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from typing import Any

CANARY = "canary-was-here"
COMMAND = f"touch {CANARY}"
STOP = b"."


def text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def short(value: str) -> bytes:
    raw = value.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def raw(value: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(value)) + value


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value) if abs(value) < 2**31 else long(value)


def long(value: int) -> bytes:
    packed = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(packed)]) + packed


def name(module: str, attribute: str) -> bytes:
    return b"c" + f"{module}\n{attribute}\n".encode()


def stacked(module: str, attribute: str) -> bytes:
    return short(module) + short(attribute) + b"\x93"


def many(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def row(*items: bytes) -> bytes:
    return b"](" + b"".join(items) + b"e"


def table(**items: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def call(callee: bytes, *arguments: bytes) -> bytes:
    return callee + many(*arguments) + b"R"


def whole(body: bytes, protocol: int = 2) -> bytes:
    return (b"\x80" + bytes([protocol]) if protocol >= 2 else b"") + body + STOP


TRUE, FALSE, NONE = b"\x88", b"\x89", b"N"
EMPTY = name("collections", "OrderedDict") + b")R"


def storage(key: str, count: int, kind: str = "FloatStorage", *, more: bytes = b"") -> bytes:
    parts = (text("storage"), name("torch", kind), text(key), text("cpu"), number(count), more)
    return many(*parts) + b"Q"


def tensor(
    key: str, shape: tuple[int, ...], *, kind: str = "FloatStorage", count: int | None = None,
    offset: int = 0, steps: tuple[int, ...] | None = None, legacy: bool = False,
) -> bytes:  # fmt: skip
    size = 1
    natural: list[int] = []
    for length in reversed(shape):
        natural.insert(0, size)
        size *= length
    kept = storage(key, size if count is None else count, kind, more=NONE if legacy else b"")
    return call(
        name("torch._utils", "_rebuild_tensor_v2"),
        kept,
        number(offset),
        many(*map(number, shape)),
        many(*map(number, natural if steps is None else steps)),
        FALSE,
        EMPTY,
    )


def zipped(
    members: Iterable[tuple[str, bytes]], *, packed: bool = False, comment: bytes = b""
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as z:
        z.comment = comment
        for path, content in members:
            z.writestr(zipfile.ZipInfo(path), content, z.compression)
    return file.getvalue()


def checkpoint(pickle: bytes, numbers: dict[str, bytes] | None = None, **more: Any) -> bytes:
    """PyTorch's ZIP layout."""
    members = [
        ("model/data.pkl", pickle),
        ("model/byteorder", b"little"),
        ("model/version", b"3\n"),
    ]
    members += [(f"model/data/{key}", content) for key, content in (numbers or {}).items()]
    return zipped(members, **more)


def of_2017(content: bytes, numbers: dict[str, tuple[int, bytes]]) -> bytes:
    """PyTorch's layout of 2017: four pickles, the keys, and the numbers."""
    system = table(little_endian=TRUE, protocol_version=number(1001), type_sizes=b"}")
    heads = [long(0x1950A86A20F9469CFC6C), number(1001), system, content]
    keys = row(*map(text, numbers))
    data = b"".join(struct.pack("<q", count) + raw for count, raw in numbers.values())
    return b"".join(whole(part) for part in (*heads, keys)) + data


def tarred(members: Iterable[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in members:
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def linked(path: str, target: str) -> bytes:
    """A tar archive with one symbolic link."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo(path)
        info.type, info.linkname = tarfile.SYMTYPE, target
        archive.addfile(info)
    return file.getvalue()


def first_tar(pickle: bytes | None = None) -> bytes:
    """PyTorch's first layout, a tar of four files; one tensor of two numbers."""
    numbers = struct.pack("<q2f", 2, 1.0, 2.0)
    entry = whole(many(number(7), text("cpu"), name("torch", "FloatStorage")))
    storages = whole(number(1)) + entry + numbers + whole(b"]")
    shape = struct.pack("<iiqqq", 1, 0, 2, 1, 0)
    tensors = whole(number(1)) + whole(many(number(3), number(7), name("torch", "FloatStorage")))
    inside = pickle or whole(table(weight=text("3") + b"Q"))
    system = whole(table(protocol_version=number(1000)))
    parts = [("sys_info", system), ("pickle", inside)]
    return tarred([*parts, ("storages", storages), ("tensors", tensors + shape)])


def numpy(descr: str, content: bytes, shape: str = "(2,)") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def safetensors(**shapes: tuple[int, ...]) -> bytes:
    header: dict[str, Any] = {}
    at = 0
    for key, shape in shapes.items():
        size = 4
        for length in shape:
            size *= length
        header[key] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    written = json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + bytes(at)


def packed(content: bytes) -> bytes:
    return zlib.compress(content)
