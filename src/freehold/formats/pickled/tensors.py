"""Finds the tensors of a checkpoint from what the simulated machine saw: nothing is unpickled.

A tensor is a view of a storage: where it begins, its shape, and the steps between its numbers.
"""

import math
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats import kinds, zipped
from freehold.formats.pickled.known import DTYPES, STORAGES, is_storage, kept_storage
from freehold.formats.pickled.layouts import MOST_UNPACKED
from freehold.formats.pickled.machine import Walk, follow
from freehold.formats.pickled.old_layouts import MAGIC, storages
from freehold.formats.pickled.opcodes import Data
from freehold.formats.pickled.values import Kept, Made, Name, Row, Table, Tuple

WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "params", "weights")
"""Keys under which training tools put the weights, beside their own notes."""
DEEPEST = 12
Pair = tuple[str, "View"]


class Storage(Struct, frozen=True):
    """Where the numbers of a storage are: `data` from `start`, `size` bytes."""

    data: Data
    start: int
    size: int


class View(Struct, frozen=True):
    """One tensor: its type in safetensors' words, and how it looks at its storage."""

    key: str
    dtype: str
    width: int
    shape: tuple[int, ...]
    steps: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        """Its bytes when they are written one after the other."""
        return math.prod(self.shape) * self.width

    @property
    def reach(self) -> int:
        """The bytes of the storage up to its last number."""
        if not math.prod(self.shape):
            return 0
        last = sum((n - 1) * step for n, step in zip(self.shape, self.steps, strict=True))
        return (self.offset + last + 1) * self.width


class Checkpoint(Struct, frozen=True):
    """The tensors by name, their storages by key, and the names of what is no tensor."""

    tensors: dict[str, View]
    storages: dict[str, Storage]
    left_out: tuple[str, ...]


def read_checkpoint(data: Data, name: str, *, under: str | None = None) -> Checkpoint:
    """The tensors of a file of PyTorch's; BrokenInput for everything that is not only tensors.

    `under` is the key below which the weights are, where the usual ones are not there.
    """
    kind = kinds.kind_of_data(bytes(data[: kinds.HEAD]), len(data))
    if kind == "zip":
        content, storages = _of_zip(data, name)
    elif kind == "pickle":
        content, storages = _of_2017(data, name)
    else:
        raise BrokenInput(f"{name}: is no checkpoint of PyTorch's, but {kind}")
    try:
        found, left_out = _named(content, under)
    except BrokenInput as error:
        raise BrokenInput(f"{name}: {error}", hint=error.hint) from error
    for one, view in found.items():
        storage = storages.get(view.key)
        if storage is None or view.reach > storage.size:
            raise BrokenInput(f"{name}: the tensor {one!r} reaches outside of its numbers")
    return Checkpoint(found, storages, tuple(left_out))


def _checked(walk: Walk, name: str) -> Any:
    """What a pickle holds, if it is only tensors."""
    if walk.verdict == "calls other code":
        raise BrokenInput(
            f"{name}: contains code and is not converted: would call {walk.others[0]}",
            hint="ask its publisher for safetensors",
        )
    if walk.problem:
        raise BrokenInput(f"{name}: cannot be followed: {walk.problem}")
    return walk.result


def _of_zip(data: Data, name: str) -> tuple[Any, dict[str, Storage]]:
    archive = zipped.read_zip(data, name)
    problem = archive.problem or next((m.problem for m in archive.members if m.problem), None)
    if problem:
        raise BrokenInput(f"{name}: the archive {problem}")
    by_name = {member.name: member for member in archive.members}
    pickles = [key for key in by_name if key == "data.pkl" or key.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise BrokenInput(f"{name}: is no checkpoint of PyTorch's: it has no one data.pkl")
    folder = pickles[0].removesuffix("data.pkl")
    order = by_name.get(f"{folder}byteorder")
    if order and zipped.unpacked(data, order, 100) != b"little":
        raise BrokenInput(f"{name}: was written on a machine of the other order of bytes")
    if by_name[pickles[0]].size > MOST_UNPACKED:
        raise BrokenInput(f"{name}: its pickle is too large to be followed")
    content = zipped.unpacked(data, by_name[pickles[0]])
    if not zipped.has_right_sum(data, by_name[pickles[0]], content):
        raise BrokenInput(f"{name}: data.pkl is not what its size or checksum says")
    start = f"{folder}data/"
    storages = {
        key.removeprefix(start): _storage(data, member, name)
        for key, member in by_name.items()
        if key.startswith(start)
    }
    return _checked(follow(content, keeps=kept_storage), name), storages


def _storage(data: Data, member: zipped.Member, name: str) -> Storage:
    if member.method == zipped.STORED:
        return Storage(data, member.start, member.size)
    if member.size > MOST_UNPACKED:
        raise BrokenInput(f"{name}: {member.name} is packed, and too large to be unpacked")
    content = zipped.unpacked(data, member)
    return Storage(content, 0, len(content))


def _of_2017(data: Data, name: str) -> tuple[Any, dict[str, Storage]]:
    walk = follow(data)
    if walk.result != MAGIC or walk.problem:
        _checked(walk, name)
        raise BrokenInput(f"{name}: is a pickle, but no checkpoint of PyTorch's")
    found: list[Any] = []
    for _ in range(4):
        walk = follow(data, walk.end, keeps=kept_storage)
        found.append(_checked(walk, name))
    _, system, content, keys = found
    if not isinstance(system, Table) or system.get("little_endian") is not True:
        raise BrokenInput(f"{name}: was written on a machine of the other order of bytes")
    if not isinstance(keys, (Row, Tuple)):
        raise BrokenInput(f"{name}: is not laid out as it says")
    return content, dict(_in_order(data, walk.end, content, keys, name))


def _in_order(
    data: Data, at: int, content: Any, keys: Any, name: str
) -> Iterator[tuple[str, Storage]]:
    """The storages as they follow each other after the pickles."""
    widths = {id[2]: STORAGES[id[1].name][1] for id in storages(content)}
    for key in keys:
        count = int.from_bytes(data[at : at + 8], "little", signed=True)
        size = count * widths.get(key, 0) if isinstance(key, str) else -1
        if not 0 <= size <= len(data) - at - 8 or key not in widths:
            raise BrokenInput(f"{name}: its numbers are cut off")
        yield key, Storage(data, at + 8, size)
        at += 8 + size
    if at != len(data):
        raise BrokenInput(f"{name}: bytes follow its numbers")


def _named(content: Any, under: str | None) -> tuple[dict[str, View], list[str]]:
    """The tensors with their names, and what is left out."""
    outside: list[str] = []
    if isinstance(content, Table):
        wrapped = (
            [under] if under else [key for key in WRAPPERS if _holds_tensors(content.get(key))]
        )
        direct = any(_tensor(value) is not None for _, value in content.pairs)
        if under or (wrapped and not direct):
            outside = [str(k) for k, _ in content.pairs if isinstance(k, str) and k != wrapped[0]]
            content = content.get(wrapped[0])
    found: dict[str, View] = {}
    left = [*_gather(content, "", found, 0), *outside]
    if not found:
        raise BrokenInput(
            "holds no tensors with names"
            + (f"; its keys are {', '.join(left[:10])}" if left else ""),
            hint="name the key below which they are: --under KEY",
        )
    return found, left


def _holds_tensors(value: Any) -> bool:
    return isinstance(value, Table) and any(_tensor(item) for _, item in value.pairs)


def _gather(value: Any, path: str, found: dict[str, View], depth: int) -> Iterator[str]:
    """Put tensors under their names; yield the names of what is none."""
    view = _tensor(value)
    if view is not None:
        if path in found:
            raise BrokenInput(f"has two tensors of the name {path!r}")
        found[path or "tensor"] = view
    elif isinstance(value, (Table, Row, Tuple)) and depth < DEEPEST:
        pairs = value.pairs if isinstance(value, Table) else list(enumerate(value))
        if not pairs:
            return
        for key, inner in pairs:
            one = str(key) if isinstance(key, (str, int)) else "?"
            yield from _gather(inner, f"{path}.{one}" if path else one, found, depth + 1)
    else:
        yield path or type(value).__name__


def _tensor(value: Any) -> View | None:
    """The view of a tensor or parameter; None for everything else."""
    if not isinstance(value, Made) or not isinstance(value.callee, Name):
        return None
    if value.callee.name == "_rebuild_parameter":
        return _tensor(value.arguments[0])
    if value.callee.module != "torch._utils" or not isinstance(value.arguments[0], Kept):
        return None
    offset, shape, steps = value.arguments[1:4]
    kind, key, view = value.arguments[0].id[1], value.arguments[0].id[2], value.arguments[0].id[5:]
    if view and view[0] is not None:
        raise BrokenInput("a tensor looks at a part of its storage in a way of 2016")
    if len(value.arguments) == 7 and isinstance(value.arguments[6], Table):
        raise BrokenInput("a tensor is to be read with its numbers turned (conjugate or negative)")
    assert is_storage(kind)
    dtype, width = STORAGES[kind.name]
    if value.callee.name == "_rebuild_tensor_v3":
        dtype, width = DTYPES[value.arguments[6].name]
    return View(key, dtype, width, tuple(shape), tuple(steps), offset)


def numbers(view: View, storage: Storage) -> Iterator[bytes | memoryview]:
    """The bytes of a tensor in the usual order, in pieces; the last dimension runs fastest."""
    whole = memoryview(storage.data)[storage.start : storage.start + storage.size]
    if not math.prod(view.shape):
        return
    run, steps = _straight(view)
    if run == len(view.shape):
        start = view.offset * view.width
        for at in range(start, start + view.size, 2**24):
            yield whole[at : min(at + 2**24, start + view.size)]
        return
    yield from _strided(view, whole, run, steps)


def _straight(view: View) -> tuple[int, int]:
    """How many of the last dimensions lie one after the other, and their numbers together."""
    count, size = 0, 1
    for length, step in zip(reversed(view.shape), reversed(view.steps), strict=True):
        if length != 1 and step != size:
            break
        count, size = count + 1, size * length
    return count, size


_FORMS: dict[int, Literal["B", "H", "I", "Q"]] = {1: "B", 2: "H", 4: "I", 8: "Q"}


def _strided(view: View, whole: memoryview, run: int, together: int) -> Iterator[bytes]:
    """Piece by piece along the outer dimensions; the innermost one is a slice with a step."""
    width = view.width
    outer = list(zip(view.shape, view.steps, strict=True))[: len(view.shape) - run]
    if together == 1 and width in _FORMS:
        usable = len(whole) // width * width
        cells = whole[:usable].cast(_FORMS[width])
        length, step = outer.pop()
        for place in _places(outer, view.offset):
            if step:
                yield cells[place : place + (length - 1) * step + 1 : step].tobytes()
            else:
                yield cells[place : place + 1].tobytes() * length
    else:
        for place in _places(outer, view.offset):
            yield bytes(whole[place * width : (place + together) * width])


def _places(outer: list[tuple[int, int]], start: int) -> Iterator[int]:
    """Where each piece begins, in numbers from the start of the storage."""
    if not outer:
        yield start
        return
    (length, step), rest = outer[0], outer[1:]
    for index in range(length):
        yield from _places(rest, start + index * step)
