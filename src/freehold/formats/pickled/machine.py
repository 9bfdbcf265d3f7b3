"""A pickle machine that only pretends: it keeps the stack and the memo, and calls nothing.

A real unpickler imports what a pickle names and calls it. This one puts stand-ins on its stack
(`values.py`), follows memo, marks and strings exactly, and writes down every import and every
call with its arguments. Tricks that hide a name from a search for words (put together, swapped
in the memo, in another order) hide nothing here, because the name is on the stack when it is used.
"""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from freehold.formats.pickled import known
from freehold.formats.pickled.opcodes import Broken, Data, Limit, next_op
from freehold.formats.pickled.values import Bag, Kept, Made, Name, Row, Table, Tuple, spoken

MOST_OPS = 1_000_000
"""Opcodes that are followed: checkpoints have some 40 for each tensor."""
MOST_BYTES = 64 * 2**20
"""Bytes of texts and arrays inside one pickle."""
MOST_TOLD = 50
"""Imports and calls that are written down."""

Verdict = Literal["only tensors", "calls other code", "could not be followed"]


class Walk(Struct, frozen=True):
    """What a pickle would do: `others` are the calls and imports that are not known to be plain.

    `result` is what it would give back, in stand-ins; `end` is where it ends; `problem` why it
    could not be followed to there, and `limited` whether that is for our own limits only.
    """

    imports: tuple[str, ...]
    calls: tuple[str, ...]
    others: tuple[str, ...]
    problem: str | None
    result: Any
    end: int
    ops: int
    limited: bool = False

    @property
    def verdict(self) -> Verdict:
        """Only tensors, other code, or not known."""
        if self.others:
            return "calls other code"
        return "could not be followed" if self.problem else "only tensors"


def follow(
    data: Data, start: int = 0, *, keeps: Callable[[Any], bool] | None = None, most: int = MOST_OPS
) -> Walk:
    """Follow one pickle from `start` to its end; never an error, whatever the bytes.

    `keeps` says whether the loader of this layout keeps something under an id; without it no
    id can be followed.
    """
    machine = _Machine(keeps or (lambda _: False))
    at, ops, held, problem, limited = start, 0, 0, None, False
    try:
        while not machine.done:
            if ops >= most:
                raise Limit(f"has more than {most:,} opcodes")
            op = next_op(data, at)
            held += op.end - at
            if held > MOST_BYTES:
                raise Limit(f"holds more than {MOST_BYTES:,} bytes")
            at, ops = op.end, ops + 1
            machine.do(op.name, op.argument)
    except Broken as error:
        problem, limited = str(error), isinstance(error, Limit)
    except IndexError:
        problem = f"takes more from its stack than is there, at byte {at:,}"
    return Walk(
        tuple(machine.imports),
        tuple(machine.calls),
        tuple(dict.fromkeys([*machine.others, *machine.uncalled()])),
        problem or machine.problem,
        machine.result,
        at,
        ops,
        limited,
    )


class _Machine:
    def __init__(self, keeps: Callable[[Any], bool]) -> None:
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.keeps, self.done, self.result = keeps, False, None
        self.imports: dict[str, Name] = {}
        self.calls: list[str] = []
        self.others: list[str] = []
        self.used: set[str] = set()
        self.problem: str | None = None

    def uncalled(self) -> list[str]:
        """The names that are imported and not known, and of which no call says so already."""
        return [
            f"import of {spoken(name)}"
            for text, name in self.imports.items()
            if not known.is_known(name) and text not in self.used
        ]

    def do(self, name: str, argument: Any) -> None:
        """Do what one opcode does."""
        if name in _PUSHES:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        else:
            _DO[name](self, argument)

    def pop_mark(self) -> list[Any]:
        """What lies above the last mark; the mark is taken away."""
        if not self.marks:
            raise Broken("takes a mark from its stack that is not there")
        items, self.stack = self.stack, self.marks.pop()
        return items

    def note(self, words: str, *things: Any) -> None:
        """Write down something that is not known to be plain."""
        if len(self.others) < MOST_TOLD:
            self.others.append(words + "".join(map(spoken, things)))

    def bring(self, module: Any, name: Any) -> None:
        """Import a name."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise Broken("imports something that is no name")
        found = Name(module, name)
        self.imports.setdefault(str(found), found)
        if len(self.imports) > 100 * MOST_TOLD:
            raise Limit("imports too many names")
        self.stack.append(found)

    def call(self, callee: Any, arguments: Any, how: str = "") -> Any:
        """What a call gives back; it is written down, and never made."""
        answer = known.call(callee, arguments) if not how else known.NO
        if answer is known.NO:
            answer = Made(callee, arguments)
            self.used.add(str(callee) if isinstance(callee, Name) else "")
            self.note("", callee, arguments)
        if len(self.calls) < MOST_TOLD:
            self.calls.append(f"{spoken(callee)}{spoken(arguments)}")
        return answer

    def keep(self, id: Any) -> None:
        """Something that the loader keeps under this id."""
        if not self.keeps(id):
            self.problem = f"asks its loader for {spoken(id)}"
        self.stack.append(Kept(id))

    def remember(self, number: int) -> None:
        """Keep the top of the stack in the memo."""
        if number < 0:
            raise Broken("has a place in its memo below zero")
        self.memo[number] = self.stack[-1]

    def recall(self, number: int) -> None:
        """Bring something back from the memo."""
        if number not in self.memo:
            raise Broken(f"wants number {number} of its memo, which is not there")
        self.stack.append(self.memo[number])


def _stop(m: _Machine, _: Any) -> None:
    m.result, m.done = m.stack.pop(), True


def _mark(m: _Machine, _: Any) -> None:
    m.marks.append(m.stack)
    m.stack = []


def _pop(m: _Machine, _: Any) -> None:
    if m.stack:
        m.stack.pop()
    else:
        m.pop_mark()


def _pop_mark(m: _Machine, _: Any) -> None:
    m.pop_mark()


def _dup(m: _Machine, _: Any) -> None:
    m.stack.append(m.stack[-1])


def _tuple(m: _Machine, _: Any) -> None:
    items = m.pop_mark()
    m.stack.append(Tuple(items))


def _tuples(count: int) -> Callable[[_Machine, Any], None]:
    def do(m: _Machine, _: Any) -> None:
        items = [m.stack.pop() for _ in range(count)]
        m.stack.append(Tuple(reversed(items)))

    return do


def _list(m: _Machine, _: Any) -> None:
    items = m.pop_mark()
    m.stack.append(Row(items))


def _dict(m: _Machine, _: Any) -> None:
    items, table = m.pop_mark(), Table()
    _fill(m, table, items)
    m.stack.append(table)


def _frozenset(m: _Machine, _: Any) -> None:
    items = m.pop_mark()
    m.stack.append(Bag(items))


def _append(m: _Machine, _: Any) -> None:
    item = m.stack.pop()
    _extend(m, m.stack[-1], [item])


def _appends(m: _Machine, _: Any) -> None:
    items = m.pop_mark()
    _extend(m, m.stack[-1], items)


def _extend(m: _Machine, row: Any, items: list[Any]) -> None:
    if isinstance(row, Row):
        row.extend(items)
    else:
        m.note("adding to ", row)


def _add_items(m: _Machine, _: Any) -> None:
    items = m.pop_mark()
    if isinstance(m.stack[-1], Bag):
        m.stack[-1].extend(items)
    else:
        m.note("adding to ", m.stack[-1])


def _set_item(m: _Machine, _: Any) -> None:
    value, key = m.stack.pop(), m.stack.pop()
    _fill(m, m.stack[-1], [key, value])


def _set_items(m: _Machine, _: Any) -> None:
    items = m.pop_mark()
    _fill(m, m.stack[-1], items)


def _fill(m: _Machine, table: Any, items: list[Any]) -> None:
    if len(items) % 2:
        raise Broken("has a key without a value")
    if isinstance(table, Table):
        table.pairs.extend(zip(items[::2], items[1::2], strict=True))
    else:
        m.note("setting items of ", table)


def _global(m: _Machine, names: tuple[str, str]) -> None:
    m.bring(*names)


def _stack_global(m: _Machine, _: Any) -> None:
    name, module = m.stack.pop(), m.stack.pop()
    m.bring(module, name)


def _extension(m: _Machine, number: int) -> None:
    m.note(f"number {number} of Python's registry of extensions")
    m.stack.append(Name("copyreg", f"extension {number}"))
    m.used.add(str(m.stack[-1]))


def _reduce(m: _Machine, _: Any) -> None:
    arguments, callee = m.stack.pop(), m.stack.pop()
    m.stack.append(m.call(callee, arguments))


def _new(m: _Machine, _: Any) -> None:
    arguments, callee = m.stack.pop(), m.stack.pop()
    ordered = isinstance(callee, Name) and str(callee) in _NEW
    plain = ordered and isinstance(arguments, Tuple) and not arguments
    m.stack.append(m.call(callee, arguments, "" if plain else "new"))


def _new_ex(m: _Machine, _: Any) -> None:
    words, arguments, callee = m.stack.pop(), m.stack.pop(), m.stack.pop()
    m.stack.append(m.call(callee, Tuple((arguments, words)), "new"))


def _obj(m: _Machine, _: Any) -> None:
    items = m.pop_mark()
    callee = items.pop(0)
    m.stack.append(m.call(callee, Tuple(items)))


def _inst(m: _Machine, names: tuple[str, str]) -> None:
    m.bring(*names)  # before the mark is looked for, as one of Python's unpicklers does
    callee = m.stack.pop()
    m.stack.append(m.call(callee, Tuple(m.pop_mark())))


def _build(m: _Machine, _: Any) -> None:
    state = m.stack.pop()
    thing = m.stack[-1]
    if not known.builds(thing, state):
        if known.is_of_numpy(thing):
            m.problem = "holds an array or number type of a form that is not known"
        else:
            m.note("setting what is inside ", thing)
    if isinstance(thing, Made):
        thing.state = state


def _buffer(m: _Machine, _: Any) -> None:
    raise Broken("takes bytes from outside the file")


def _keep_text(m: _Machine, id: Any) -> None:
    m.keep(id)


def _keep(m: _Machine, _: Any) -> None:
    m.keep(m.stack.pop())


def _memoize(m: _Machine, _: Any) -> None:
    m.remember(len(m.memo))


def _protocol(m: _Machine, number: int) -> None:
    if number > 5:
        raise Broken(f"is a pickle of the unknown protocol {number}")


def _nothing(m: _Machine, _: Any) -> None:
    return None


_NEW = ("collections.OrderedDict",)
_PUSHES = frozenset({
    "INT", "LONG", "FLOAT", "STRING", "UNICODE", "BININT", "BININT1", "BININT2", "BINFLOAT",
    "LONG1", "LONG4", "BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
})  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {
    "EMPTY_DICT": Table, "EMPTY_LIST": Row, "EMPTY_TUPLE": Tuple, "EMPTY_SET": Bag,
}  # fmt: skip
_DO: dict[str, Callable[[_Machine, Any], None]] = {
    "STOP": _stop, "MARK": _mark, "POP": _pop, "POP_MARK": _pop_mark, "DUP": _dup,
    "TUPLE": _tuple, "TUPLE1": _tuples(1), "TUPLE2": _tuples(2), "TUPLE3": _tuples(3),
    "LIST": _list, "DICT": _dict, "FROZENSET": _frozenset, "APPEND": _append,
    "APPENDS": _appends, "ADDITEMS": _add_items, "SETITEM": _set_item, "SETITEMS": _set_items,
    "GLOBAL": _global, "STACK_GLOBAL": _stack_global, "EXT1": _extension, "EXT2": _extension,
    "EXT4": _extension, "REDUCE": _reduce, "NEWOBJ": _new, "NEWOBJ_EX": _new_ex, "OBJ": _obj,
    "INST": _inst, "BUILD": _build, "NEXT_BUFFER": _buffer, "READONLY_BUFFER": _nothing,
    "PERSID": _keep_text, "BINPERSID": _keep, "MEMOIZE": _memoize,
    "PUT": _Machine.remember, "BINPUT": _Machine.remember, "LONG_BINPUT": _Machine.remember,
    "GET": _Machine.recall, "BINGET": _Machine.recall, "LONG_BINGET": _Machine.recall,
    "PROTO": _protocol, "FRAME": _nothing,
}  # fmt: skip
