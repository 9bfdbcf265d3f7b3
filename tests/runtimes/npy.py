"""Arrays in .npy files, written and read by hand, since these tests run without numpy."""

import ast
import struct
from pathlib import Path

KINDS = {"<f4": "f", "<i8": "q", "|u1": "B", "|b1": "?", "<f2": "e", "<f8": "d", "<i2": "h"}


def write(path: Path, values: list[float], shape: tuple[int, ...], kind: str = "<f4") -> Path:
    """A .npy file of these values."""
    head = str({"descr": kind, "fortran_order": False, "shape": shape}).encode()
    head += b" " * (63 - (10 + len(head)) % 64) + b"\n"
    data = struct.pack(f"<{len(values)}{KINDS[kind]}", *values)
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data)
    return path


def read(path: Path) -> tuple[list[float], tuple[int, ...]]:
    """The values of a .npy file and their shape."""
    data = path.read_bytes()
    end = 10 + struct.unpack_from("<H", data, 8)[0]
    told = ast.literal_eval(data[10:end].decode())
    letter = KINDS[told["descr"]]
    count = (len(data) - end) // struct.calcsize("<" + letter)
    return list(struct.unpack_from(f"<{count}{letter}", data, end)), told["shape"]
