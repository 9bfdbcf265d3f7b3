"""PyTorch's layouts before its ZIP: pickles with raw numbers between or behind them."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from freehold.formats.pickled.known import STORAGES, kept_storage
from freehold.formats.pickled.machine import Walk, follow
from freehold.formats.pickled.opcodes import Data
from freehold.formats.pickled.values import Bag, Kept, Made, Name, Row, Table, Tuple

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
"""What the layout of 2017 begins with."""


class Part(Struct, frozen=True):
    """One thing inside a file: what it is, and either what it does, or why nobody can tell.

    Both are None where it is plain.
    """

    name: str
    kind: str
    does: str | None = None
    problem: str | None = None


def from_walk(name: str, walk: Walk) -> Part:
    """What a pickle does, as a part of the file that it is in."""
    if walk.others:
        return Part(name, "pickle", does="would call " + "; ".join(walk.others[:3]))
    return Part(name, "pickle", problem=walk.problem)


def of_2017(data: Data, name: str, at: int) -> Iterator[Part]:
    """PyTorch's layout of 2017: protocol, system, content, keys, then the numbers."""
    found: list[Any] = []
    for _ in range(4):
        walk = follow(data, at, keeps=kept_storage)
        yield from_walk(name, walk)
        if walk.verdict != "only tensors":
            return
        found.append(walk.result)
        at = walk.end
    protocol, system, content, keys = found
    if protocol != PROTOCOL or not isinstance(system, Table) or not isinstance(keys, (Row, Tuple)):
        yield Part(name, "pickle", problem="is not laid out as it says")
        return
    if _end_of_numbers(data, at, content, keys) != len(data):
        yield Part(name, "pickle", problem="has more or fewer bytes after it than its numbers take")


def _end_of_numbers(data: Data, at: int, content: Any, keys: Any) -> int:
    """Where the numbers end: for each key a count of 8 bytes and so many numbers; or -1."""
    sizes = {id[2]: STORAGES[id[1].name][1] for id in storages(content)}
    for key in keys:
        if not isinstance(key, str) or key not in sizes or at + 8 > len(data):
            return -1
        count = int.from_bytes(data[at : at + 8], "little", signed=True)
        at += 8 + max(count, 0) * sizes[key]
    return at


def storages(content: Any) -> Iterator[Tuple]:
    """The ids of all storages below a result."""
    todo, seen = [content], set[int]()
    while todo:
        value = todo.pop()
        if isinstance(value, (str, bytes, int, float, Name)) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Kept):
            if kept_storage(value.id):
                yield value.id
        elif isinstance(value, Table):
            todo += [part for pair in value.pairs for part in pair]
        elif isinstance(value, Made):
            todo += [value.arguments, value.state]
        elif isinstance(value, (Row, Tuple, Bag)):
            todo += value


def before_2017(content: bytes, name: str, what: str) -> Iterator[Part]:
    """PyTorch's first layout: a count, then for each a pickle and its numbers."""
    walk = follow(content)
    if walk.verdict != "only tensors" or type(walk.result) is not int:
        yield from_walk(name, walk)
        return
    at = walk.end
    for _ in range(min(walk.result, len(content))):
        each = follow(content, at)
        if each.verdict != "only tensors" or not isinstance(each.result, Tuple):
            yield from_walk(name, each)
            return
        size = _numbers_between(content, each, what)
        if size is None:
            yield Part(name, "pickle", problem="is not laid out as it says")
            return
        at = each.end + size
    rest = "has more or fewer bytes than its numbers take" if _is_off(content, at, what) else None
    yield Part(name, "pickle", problem=rest)


def _is_off(content: bytes, at: int, what: str) -> bool:
    """Whether something else follows; the storages end with a list of views."""
    if what == "storages" and at < len(content):
        walk = follow(content, at)
        return walk.verdict != "only tensors" or walk.end != len(content)
    return at != len(content)


def _numbers_between(content: bytes, walk: Walk, what: str) -> int | None:
    """Bytes that follow one entry; None where they cannot be told."""
    if what == "tensors":
        dimensions = int.from_bytes(content[walk.end : walk.end + 4], "little")
        return 8 + 16 * dimensions + 8 if dimensions <= 64 else None
    kind = walk.result[2] if len(walk.result) == 3 else None
    if not isinstance(kind, Name) or kind.name not in STORAGES:
        return None
    count = int.from_bytes(content[walk.end : walk.end + 8], "little")
    return 8 + count * STORAGES[kind.name][1]
