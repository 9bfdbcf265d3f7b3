"""What lies on the stack of the simulated pickle machine: stand-ins, never real objects.

Plain texts, bytes, numbers, booleans and None stand for themselves.
"""

from typing import Any

Plain = str | bytes | int | float | bool | None


class Name:
    """Something imported: a module and a name in it."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Made:
    """What a call gave back; `state` is what was put into it afterwards."""

    __slots__ = ("arguments", "callee", "items", "state")

    def __init__(self, callee: Any, arguments: Any) -> None:
        self.callee, self.arguments = callee, arguments
        self.state: Any = None
        self.items: dict[Any, Any] = {}


class Kept:
    """Something that the loader keeps elsewhere under this id, such as the numbers of a tensor."""

    __slots__ = ("id",)

    def __init__(self, id: Any) -> None:
        self.id = id


class Row(list[Any]):
    """A list; compared by identity."""

    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__


class Bag(list[Any]):
    """A set or frozenset, with its items in the order in which they came."""

    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__


class Table:
    """A dictionary, as its pairs in the order in which they came."""

    __slots__ = ("pairs",)

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, Any]] = []

    def get(self, key: str) -> Any:
        """The last value of a key, or None."""
        return next((v for k, v in reversed(self.pairs) if type(k) is str and k == key), None)


class Tuple(tuple[Any, ...]):
    """A tuple; compared by identity, so that no comparison walks into it."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__


LONGEST, DEEPEST, MOST_SHOWN = 80, 3, 6


def spoken(value: Any, depth: int = 0) -> str:
    """A value in a few words, whatever it is and however large."""
    if isinstance(value, (str, bytes)):
        return repr(value[:LONGEST]) + ("…" if len(value) > LONGEST else "")
    if value is None or isinstance(value, (bool, int, float)):
        return _number(value)
    if isinstance(value, Name):
        return str(value)[:LONGEST]
    return _nested(value, depth + 1) if depth < DEEPEST else "…"


def _number(value: Any) -> str:
    is_long = isinstance(value, int) and not -(2**63) < value < 2**63
    return "a long number" if is_long else repr(value)


def _nested(value: Any, depth: int) -> str:
    if isinstance(value, Made):
        return f"{spoken(value.callee, depth)}{spoken(value.arguments, depth)}"
    if not isinstance(value, (Row, Tuple, Bag)):
        return "…"
    inside = ", ".join(spoken(item, depth) for item in value[:MOST_SHOWN])
    return f"({inside}{', …' if len(value) > MOST_SHOWN else ''})"
