"""Headers that lie, one for each way: what is read, and the words with which it is refused."""

import io
import json
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from freehold.formats.gguf import read_gguf
from freehold.formats.safetensors import read_safetensors
from freehold.formats.shards import read_shard_index
from tests.formats.layouts import Info, gguf, safetensors, tensor


class Held(io.BytesIO):
    """The beginning of a file of any size, in memory; behind it are zeros that nobody reads."""

    size: int | None

    def __init__(self, data: bytes, size: int | None = None, name: str = "model") -> None:
        super().__init__(data)
        self.name, self.size = name, len(data) if size is None else size


class Lie(NamedTuple):
    """One file that must be refused, naming the field."""

    reader: Callable[..., Any]
    data: bytes
    why: str
    size: int | None = None

    def read(self) -> Any:
        """What a reader makes of it."""
        whole = self.reader is read_shard_index
        return self.reader(self.data if whole else Held(self.data, self.size))


def head(tensors: int, keys: int, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + rest


def entry(kind: int, rest: bytes, key: bytes = b"some.key") -> bytes:
    return struct.pack("<Q", len(key)) + key + struct.pack("<I", kind) + rest


def aligned(step: bytes) -> bytes:
    return head(0, 1, entry(4, step, b"general.alignment"))


def info(name: bytes, dims: list[int], kind: int = 0, offset: int = 0) -> bytes:
    rest = struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)
    return struct.pack("<Q", len(name)) + name + rest


def of_gguf(data: bytes, why: str, size: int | None = None) -> Lie:
    return Lie(read_gguf, data, why, size)


def placed(*places: tuple[str, int], step: int = 32) -> bytes:
    """Tensors of 4 numbers of 4 bytes at these places."""
    keys = {"general.alignment": step}
    return gguf(keys, infos=[Info(name, [4], 0, at) for name, at in places], data=64)


def of_safetensors(rows: dict[str, Any] | str, why: str, data: int = 8) -> Lie:
    return Lie(read_safetensors, safetensors(rows, b"\1" * data), why)


Q = struct.Struct("<Q").pack
U8 = {"a": tensor("U8", [4], 0, 4), "b": tensor("U8", [4], 4, 8)}
ROW = '{"dtype":"U8","shape":[4],"data_offsets":[%d,%d]}'

LIES: dict[str, Lie] = {
    "GGUF: tensors": of_gguf(head(2**63, 0), "9,223,372,036,854,775,808 tensors"),
    "GGUF: tensors without room": of_gguf(head(10_000, 0), "10,000 tensors, more than"),
    "GGUF: keys": of_gguf(head(0, 2**40), "1,099,511,627,776 keys"),
    "GGUF: length of a key": of_gguf(head(0, 1, Q(2**63)), "a key should have"),
    "GGUF: length of a text": of_gguf(head(0, 1, entry(8, Q(2**62))), "the text of some.key"),
    "GGUF: numbers of an array": of_gguf(
        head(0, 1, entry(9, struct.pack("<IQ", 12, 2**61))), "the value of some.key should have"
    ),
    "GGUF: texts of an array": of_gguf(
        head(0, 1, entry(9, struct.pack("<IQ", 8, 10**9))),
        "some.key says that it has 1,000,000,000",
    ),
    "GGUF: texts of an array, in a large file": of_gguf(
        head(0, 1, entry(9, struct.pack("<IQ", 8, 10**9))), "1,000,000,000 items", 2**50
    ),
    "GGUF: length of a text in an array": of_gguf(
        head(0, 1, entry(9, struct.pack("<IQ", 8, 1_000) + Q(2**60) * 1_000)),
        "the value of some.key lies outside",
    ),
    "GGUF: arrays in arrays": of_gguf(
        head(0, 1, entry(9, struct.pack("<IQ", 9, 1) * 99)), "some.key is nested too deeply"
    ),
    "GGUF: type of a value": of_gguf(
        head(0, 1, entry(13, Q(0))), "some.key has the unknown type 13"
    ),
    "GGUF: a key twice": of_gguf(head(0, 2, entry(4, b"abcd") * 2), "the key 'some.key' twice"),
    "GGUF: alignment 0": of_gguf(aligned(struct.pack("<I", 0)), "alignment is 0,"),
    "GGUF: alignment 3": of_gguf(aligned(struct.pack("<I", 3)), "alignment is 3,"),
    "GGUF: alignment in words": of_gguf(gguf({"general.alignment": "32"}), "alignment is '32',"),
    "GGUF: alignment of 2 GB": of_gguf(
        aligned(struct.pack("<I", 2**31)), "alignment is 2147483648,"
    ),
    "GGUF: length of a name": of_gguf(
        head(1, 0, Q(2**62) + b"x" * 99), "the name of a tensor should have"
    ),
    "GGUF: dimensions": of_gguf(
        head(1, 0, Q(1) + b"a" + struct.pack("<I", 2**32 - 1) + b"x" * 99), "'a' has 4,294,967,295"
    ),
    "GGUF: an exabyte by its product": of_gguf(
        head(1, 0, info(b"a", [2**40, 2**40])), "the shape or place of the tensor 'a'", 2**60
    ),
    "GGUF: a product that wraps round": of_gguf(
        head(1, 0, info(b"a", [2**32, 2**32, 2])), "the shape or place of the tensor 'a'"
    ),
    "GGUF: a tensor beyond the file": of_gguf(
        head(1, 0, info(b"a", [2**30])), "'a' ends 4,294,967,303 bytes after the end"
    ),
    "GGUF: a place beyond the file": of_gguf(
        head(1, 0, info(b"a", [4], 0, 2**50)), "the tensor 'a' ends"
    ),
    "GGUF: a place beyond any file": of_gguf(
        head(1, 0, info(b"a", [4], 0, 2**63)), "the shape or place of the tensor 'a'"
    ),
    "GGUF: tensors that overlap": of_gguf(placed(("a", 0), ("b", 0)), "'a' and 'b' overlap"),
    "GGUF: tensors that overlap a little": of_gguf(
        placed(("b", 8), ("a", 0), step=8), "'a' and 'b' overlap"
    ),
    "GGUF: a place off the steps": of_gguf(placed(("a", 8)), "'a' lies off the steps of 32"),
    "GGUF: a tensor twice": of_gguf(placed(("a", 0), ("a", 32)), "the tensor 'a' twice"),
    "GGUF: type of a tensor": of_gguf(
        head(1, 0, info(b"a", [4], 99)), "'a' has the unknown type 99"
    ),
    "GGUF: type of a tensor that is no more": of_gguf(
        head(1, 0, info(b"a", [4], 31)), "'a' has the type Q4_0_4_4"
    ),
    "GGUF: half a block": of_gguf(head(1, 0, info(b"a", [100], 12)), "'a' has rows of 100"),
    "safetensors: length of the header": Lie(
        read_safetensors, Q(2**63) + b"{}", "its header has 9,223,372,036,854,775,808"
    ),
    "safetensors: length beyond the file": Lie(
        read_safetensors, Q(2**26) + b"{}", "the header should have 67,108,864 bytes"
    ),
    "safetensors: a header of 64 MB": Lie(
        read_safetensors, Q(2**26) + b"{}" * 50, "more than 33,554,432 are not read", 2**40
    ),
    "safetensors: tensors that overlap": of_safetensors(
        U8 | {"b": tensor("U8", [6], 2, 8)}, "the tensor 'b' overlaps the tensor 'a'"
    ),
    "safetensors: tensors in one place": of_safetensors(
        {"a": tensor("U8", [8], 0, 8), "b": tensor("U8", [8], 0, 8)}, "'b' overlaps the tensor 'a'"
    ),
    "safetensors: a hole": of_safetensors(
        U8 | {"b": tensor("U8", [3], 5, 8)}, "1 bytes before the tensor 'b' are of no tensor"
    ),
    "safetensors: a hole at the start": of_safetensors(
        {"a": tensor("U8", [7], 1, 8)}, "1 bytes before the tensor 'a'"
    ),
    "safetensors: bytes at the end": of_safetensors(U8, "last 2 bytes are of no tensor", 10),
    "safetensors: a tensor beyond the file": of_safetensors(
        U8, "'b' ends 1 bytes after the end", 7
    ),
    "safetensors: an exabyte": of_safetensors(
        {"a": tensor("U8", [2**60], 0, 2**60)}, "'a' ends 1,152,921,504,606,846,968 bytes after"
    ),
    "safetensors: an exabyte by its product": of_safetensors(
        {"a": tensor("U8", [2**62] * 30, 0, 8)}, "'a' does not fit into the bytes"
    ),
    "safetensors: numbers beyond 64 bits": of_safetensors(
        '{"a": {"dtype": "U8", "shape": [%s], "data_offsets": [0, 8]}}' % ("9" * 4_000),
        "the tensor 'a' does not fit",
    ),
    "safetensors: less than nothing": of_safetensors(
        {"a": tensor("U8", [-2, -4], 0, 8)}, "'a' has an impossible shape"
    ),
    "safetensors: an end before its start": of_safetensors(
        {"a": tensor("U8", [4], 4, 0)}, "'a' has an impossible shape or place"
    ),
    "safetensors: a place before the data": of_safetensors(
        {"a": tensor("U8", [8], -4, 4)}, "'a' has an impossible shape or place"
    ),
    "safetensors: bytes of another type": of_safetensors(
        {"a": tensor("F32", [8], 0, 8)}, "'a' does not fit into the bytes"
    ),
    "safetensors: bits of an unknown type": of_safetensors(
        {"a": tensor("Q9", [65], 0, 8)}, "'a' has more numbers than bits"
    ),
    "safetensors: a name twice": of_safetensors(
        "{" + f'"a":{ROW % (0, 4)},"b":{ROW % (4, 8)},"a":{ROW % (0, 4)}' + "}", "key 'a' twice"
    ),
    "safetensors: a name twice, written in two ways": of_safetensors(
        "{" + f'"a":{ROW % (0, 4)},"\\u0061":{ROW % (0, 4)}' + "}", "key 'a' twice", 4
    ),
    "safetensors: a name twice, behind colons that are missing": of_safetensors(
        '{"a":{"dtype":"U8","data_offsets":[0,1]},"a":{"dtype":"U8","data_offsets":[0,1]}}',
        "key 'a' twice",
        1,
    ),
    "safetensors: a shape twice": of_safetensors(
        '{"a":{"dtype":"U8","shape":[9],"shape":[8],"data_offsets":[0,8]}}', "key 'shape' twice"
    ),
    "safetensors: remarks twice": of_safetensors(
        '{"__metadata__":{"x":"y"},"__metadata__":{"x":"z"}}', "key '__metadata__' twice", 0
    ),
    "safetensors: a remark twice": of_safetensors(
        '{"__metadata__":{"x":"y","x":"z"}}', "key 'x' twice", 0
    ),
    "safetensors: no end of values": of_safetensors(
        '{"a":{"shape":[' + "1," * 2_500_000 + "1]}}", "more than 2,500,000 values"
    ),
    "safetensors: nothing but brackets": of_safetensors("[" * 2_000_000, "header"),
    "index: a path that leads out": Lie(
        read_shard_index, b'{"weight_map": {"a": "../b.safetensors"}}', "weight_map names '../b"
    ),
    "index: itself": Lie(
        read_shard_index,
        b'{"weight_map": {"a": "model.safetensors.index.json"}}',
        "weight_map names",
    ),
    "index: a tensor twice": Lie(
        read_shard_index,
        b'{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}',
        "key 'a' twice",
    ),
}


def after_many(many: int) -> dict[str, Lie]:
    """Lies that come after so many things that are true."""
    short = (Q(1) + b"a") * many
    keys = b"".join(entry(4, b"abcd", b"%d" % (n % 8_999)) for n in range(9_000))
    infos = b"".join(info(b"%d" % (n % (many // 5 - 1)), [1]) for n in range(many // 5))
    rows = ",".join(f'"{n % (many - 1)}":{ROW % (4 * n, 4 * n + 4)}' for n in range(many))
    files = {str(n): f"{n}.safetensors" for n in range(many)}
    return {
        f"GGUF: {many:,} short texts, then the end": of_gguf(
            head(0, 1, entry(9, struct.pack("<IQ", 8, many + 1) + short)),
            "ends in the middle of the value of some.key",
            2**40,
        ),
        "GGUF: a key twice, after 9,000": of_gguf(head(0, 9_000, keys), "the key '0' twice"),
        f"GGUF: a tensor twice, after {many // 5:,}": of_gguf(
            head(many // 5, 0, infos), "the tensor '0' twice"
        ),
        f"safetensors: a name twice, after {many:,}": of_safetensors(
            "{" + rows + "}", "key '0' twice"
        ),
        f"index: {many:,} files": Lie(
            read_shard_index,
            json.dumps({"weight_map": files}).encode(),
            f"names {many:,} files",
        ),
    }
