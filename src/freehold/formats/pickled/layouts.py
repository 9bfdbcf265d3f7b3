"""Finds every pickle inside a file and follows it: bare, in ZIP, tar, NumPy, or packed.

The layouts are those that PyTorch (its ZIP, the one of 2017, and the tar before it), NumPy,
joblib and Keras write. What is in an archive is told by its bytes, as outside of one.
"""

import ast
import bz2
import lzma
import re
from collections.abc import Callable, Iterator
from typing import Any

from freehold.core.errors import BrokenInput
from freehold.formats import kinds, tarred, zipped
from freehold.formats.pickled.known import kept_storage
from freehold.formats.pickled.machine import Walk, follow
from freehold.formats.pickled.old_layouts import MAGIC, Part, before_2017, from_walk, of_2017
from freehold.formats.pickled.opcodes import Data
from freehold.formats.text import plain

MOST_UNPACKED = 64 * 2**20
MOST_ALTOGETHER = 256 * 2**20
"""Bytes that are unpacked of one file, over all its members."""
MOST_PICKLES = 200
"""Pickles that may follow each other in one file."""
DEEPEST = 3
NAMED = (".pkl", ".pickle", ".joblib", ".dill", ".p")
_TYPE = re.compile(r"[|<>=]?(?:[biufcSUmMV]\d+|\?)(?:\[\w{1,9}\])?")
_NUMBERS = re.compile(r"(?:.*/)?data/\d+$")
"""Members of PyTorch's archives that hold nothing but numbers."""


class _Budget:
    """How much may still be unpacked of one file."""

    def __init__(self) -> None:
        self.left = MOST_ALTOGETHER

    def take(self, content: bytes) -> bytes:
        """The content, when the budget allows for it."""
        self.left -= len(content)
        if self.left < 0:
            raise BrokenInput(f"unpacks to more than {MOST_ALTOGETHER:,} bytes")
        return content


def parts(data: Data, kind: str, name: str = "") -> list[Part]:
    """Everything inside a file of this kind; never an error."""
    return list(_guarded(data, kind, name, 0, _Budget()))


def _guarded(data: Data, kind: str, name: str, depth: int, budget: _Budget) -> Iterator[Part]:
    """The parts of one thing; what goes wrong is a part, too."""
    opens = _OPENS.get(kind)
    try:
        if opens is None:
            yield _judged_by_kind(name, kind)
        elif depth > DEEPEST:
            yield Part(name, kind, problem="is nested too deeply")
        else:
            yield from opens(data, name, depth, budget)
    except BrokenInput as error:
        yield Part(name, kind, problem=plain(str(error)))


def _judged_by_kind(name: str, kind: str) -> Part:
    if kind in kinds.CODE:
        return Part(name, kind, does=f"is a program ({kind})")
    if kind in kinds.PLAIN or kind in ("safetensors", "gguf", "tflite"):
        return Part(name, kind)
    return Part(name, kind, problem="is of a kind that is not looked into")


def _pickles(data: Data, name: str, depth: int, budget: _Budget) -> Iterator[Part]:
    """One pickle, or several that follow each other."""
    walk = follow(data)
    if walk.result == MAGIC and walk.problem is None:
        yield from of_2017(data, name, walk.end)
        return
    yield from_walk(name, walk)
    yield from _after(data, name, walk)


def _after(data: Data, name: str, walk: Walk) -> Iterator[Part]:
    """What follows the end of a pickle: more pickles are followed, the rest is a problem."""
    for _ in range(MOST_PICKLES):
        if walk.problem or walk.end >= len(data):
            return
        start, walk = walk.end, follow(data, walk.end)
        if walk.others:
            yield from_walk(name, walk)
            return
        if walk.problem:
            yield Part(name, "pickle", problem=f"{len(data) - start:,} bytes follow its end")
            return
    yield Part(name, "pickle", problem="holds too many pickles")


def _zip(data: Data, name: str, depth: int, budget: _Budget) -> Iterator[Part]:
    archive = zipped.read_zip(data, name or "the archive")
    if archive.problem:
        yield Part(name, "zip", problem=archive.problem)
    scripted = any(re.match(r"(?:[^/]+/)?code/", m.name) for m in archive.members)
    if scripted and any(m.name.endswith("constants.pkl") for m in archive.members):
        yield Part(name, "zip", does="holds a TorchScript program")
    names = {member.name for member in archive.members}
    for member in archive.members:
        is_data = _NUMBERS.match(member.name) is not None
        if is_data and f"{member.name.rpartition('data/')[0]}data.pkl" in names:
            yield from _zip_numbers(data, member, name)
        else:
            yield from _zip_member(data, member, name, depth, budget)


def _zip_numbers(data: Data, member: zipped.Member, outer: str) -> Iterator[Part]:
    """Numbers of a tensor may look like anything; only what works as a pickle is told."""
    name = f"{outer}:{plain(member.name)[:200]}"
    if member.problem:
        yield Part(name, "zip", problem=member.problem)
        return
    try:
        walk = follow(zipped.unpacked(data, member, kinds.HEAD))
    except BrokenInput as error:
        yield Part(name, "zip", problem=plain(str(error)))
        return
    if walk.others and walk.calls:
        yield from_walk(name, walk)


def _zip_member(
    data: Data, member: zipped.Member, outer: str, depth: int, budget: _Budget
) -> Iterator[Part]:
    name = f"{outer}:{plain(member.name)[:200]}"
    if member.problem:
        yield Part(name, "zip", problem=member.problem)
    if member.name.endswith("/") and not member.size:
        return
    try:
        start = zipped.unpacked(data, member, kinds.HEAD)
        kind = _kind(start, member.size, member.name)
        if kind not in _OPENS:
            yield _judged_by_kind(name, kind)
            yield from _asks(start, member.name, name)
            return
        content = budget.take(zipped.unpacked(data, member, MOST_UNPACKED))
    except BrokenInput as error:
        yield Part(name, "zip", problem=plain(str(error)))
        return
    if not zipped.has_right_sum(data, member, content):
        yield Part(name, kind, problem="is not what its size or checksum says")
    keeps = kept_storage if member.name.endswith("data.pkl") else None
    yield from _inner(content, kind, name, depth, budget, keeps)


def _asks(start: bytes, member: str, name: str) -> Iterator[Part]:
    """A description that asks for code: a Lambda layer of Keras, an object of Python in YAML."""
    if member.endswith((".json", ".yaml", ".yml")) and (asked := kinds.asks_for_code(start)):
        yield Part(name, "text", does=asked)
    if member == "config.json" and b'"Lambda"' in start:
        yield Part(name, "json", does="holds a Lambda layer with code of its own")
    if member == "config.json" and b'"Lambda"' in start:
        yield Part(name, "json", does="holds a Lambda layer with code of its own")


def _kind(start: bytes, size: int, name: str) -> str:
    """The kind of a member; what is named like a pickle is followed as one."""
    ending = "." + name.rpartition(".")[2].lower() if "." in name else ""
    kind = kinds.kind_of_data(start, size, ending)
    return "pickle" if ending in NAMED and kind in ("unknown", "text", "json") else kind


def _inner(
    content: bytes, kind: str, name: str, depth: int, budget: _Budget,
    keeps: Callable[[Any], bool] | None,
) -> Iterator[Part]:  # fmt: skip
    """What is inside a member; a pickle of PyTorch's may name its storages."""
    if kind in kinds.PICKLES and keeps:
        walk = follow(content, keeps=keeps)
        yield from_walk(name, walk)
        yield from _after(content, name, walk)
    else:
        yield from _guarded(content, kind, name, depth + 1, budget)


def _tar(data: Data, name: str, depth: int, budget: _Budget) -> Iterator[Part]:
    members = list(tarred.read_tar(data, name or "the archive"))
    names = {m.name.removeprefix("./") for m in members}
    old = names >= {"storages", "tensors", "pickle"}
    for member in members:
        if member.kind != "file":
            continue
        inner = f"{name}:{plain(member.name)[:200]}"
        content = data[member.start : member.start + min(member.size, MOST_UNPACKED)]
        here = member.name.removeprefix("./")
        if old and here in ("storages", "tensors"):
            yield from before_2017(content, inner, here)
            continue
        kind = _kind(content[: kinds.HEAD], member.size, member.name)
        if kind in _OPENS and member.size > MOST_UNPACKED:
            yield Part(inner, kind, problem="is too large to be looked into")
        elif old and here == "pickle":
            yield from_walk(inner, follow(content, keeps=lambda id: isinstance(id, (str, int))))
        else:
            yield from _guarded(content, kind, inner, depth + 1, budget)
            yield from _asks(content[: kinds.HEAD], member.name, inner)


def _numpy(data: Data, name: str, depth: int, budget: _Budget) -> Iterator[Part]:
    """An array: plain, or one of Python objects with a pickle after its header."""
    wide = data[6:7] != b"\x01"
    size = 4 if wide else 2
    length = int.from_bytes(data[8 : 8 + size], "little")
    header = data[8 + size : 8 + size + min(length, 100_000)].decode("latin-1")
    try:
        plain_numbers = _is_plain(ast.literal_eval(header.strip())["descr"])
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise BrokenInput("the header of the array cannot be read") from error
    if plain_numbers:
        yield Part(name, "numpy")
        return
    content = data[8 + size + length : 8 + size + length + MOST_UNPACKED]
    yield from _guarded(content, "pickle", name, depth + 1, budget)


def _is_plain(descr: Any) -> bool:
    """Whether the types in the header of an array are numbers and texts, each written alone."""
    if isinstance(descr, str):
        return bool(_TYPE.fullmatch(descr))
    if isinstance(descr, list):
        return all(isinstance(f, tuple) and 1 < len(f) < 4 and _is_plain(f[1]) for f in descr)
    return isinstance(descr, tuple) and len(descr) == 2 and _is_plain(descr[0])


def _packed(unpack: Callable[[Data], bytes]) -> Callable[..., Iterator[Part]]:
    """What is inside a file that was packed as a whole."""

    def look(data: Data, name: str, depth: int, budget: _Budget) -> Iterator[Part]:
        try:
            content = budget.take(unpack(data))
        except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
            raise BrokenInput("cannot be unpacked") from error
        if len(content) > MOST_UNPACKED:
            raise BrokenInput(f"unpacks to more than {MOST_UNPACKED:,} bytes")
        inner = name.removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz")
        kind = _kind(content[: kinds.HEAD], len(content), inner)
        yield from _guarded(content, kind, f"{name}:", depth + 1, budget)

    return look


def _gunzip(data: Data) -> bytes:
    return zipped.inflated(data, 0, len(data), MOST_UNPACKED + 1, 31)


def _unzlib(data: Data) -> bytes:
    return zipped.inflated(data, 0, len(data), MOST_UNPACKED + 1, 15)


def _bunzip(data: Data) -> bytes:
    return _only_one(bz2.BZ2Decompressor(), data)


def _unxz(data: Data) -> bytes:
    return _only_one(lzma.LZMADecompressor(memlimit=128 * 2**20), data)


def _only_one(unpack: Any, data: Data) -> bytes:
    """What was packed, when it is all there and nothing follows it."""
    content: bytes = unpack.decompress(data[:MOST_UNPACKED], MOST_UNPACKED + 1)
    if len(content) <= MOST_UNPACKED and (not unpack.eof or unpack.unused_data):
        raise BrokenInput("is cut off, or bytes follow its end")
    return content


_OPENS: dict[str, Callable[..., Iterator[Part]]] = {
    "pickle": _pickles, "text pickle": _pickles, "zip": _zip, "tar": _tar, "numpy": _numpy,
    "gzip": _packed(_gunzip), "zlib": _packed(_unzlib), "bzip2": _packed(_bunzip),
    "xz": _packed(_unxz),
}  # fmt: skip
LOOKED_INTO = frozenset(_OPENS)
"""Kinds of files that this module opens."""
