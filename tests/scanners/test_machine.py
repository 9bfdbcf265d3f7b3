"""The simulated machine sees every import that a real unpickler does, and never executes."""

import io
import pickle
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.formats.pickled.machine import follow
from freehold.formats.pickled.opcodes import NAMES
from freehold.formats.pickled.values import Row, Table, Tuple
from tests.scanners.assembling import CANARY, COMMAND, call, name, short, text, whole
from tests.scanners.bad import PICKLES

PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    | st.text(max_size=10) | st.binary(max_size=10),
    lambda inner: st.lists(inner, max_size=4)
    | st.lists(inner, max_size=4).map(tuple)
    | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
GREEDY = ("BYTEARRAY8", "LONG_BINPUT", "PUT", "BINBYTES8", "BINUNICODE8", "LONG4")
"""Opcodes for which a real unpickler takes as much memory as a number in the file says."""
PIECES = (
    *(bytes([code]) for code, op in NAMES.items() if op not in GREEDY),
    short("os"), short("system"), text(COMMAND), b"I01\n",
    b"K\x01", b"h\x00", b"q\x00", b"q\x01", b"h\x01", b"cos\nsystem\n", b"S'a'\n", b"p0\n", b"g0\n",
    b"ios\nsystem\n", b"(", b"(", b"(", b")", b"t", b"}", b"]", b"0", b"2", b"\x94", b"\x93", b"R",
    b"ccollections\nOrderedDict\n", b"P0\n", b"\x8a\x01\x05", b"N", b".", b"C\x02ab", b"\x85",
    b"\x95\x10\0\0\0\0\0\0\0", b"Vab\n", b"F1.5\n", b"L5L\n", b"J\1\0\0\0", b"G@\0\0\0\0\0\0\0",
)  # fmt: skip


class _Harmless:
    """Stands for everything that a pickle names; takes whatever it is given."""

    def __new__(cls, *words: Any, **named: Any) -> "_Harmless":
        return object.__new__(cls)

    def __init__(self, *words: Any, **named: Any) -> None:
        pass


def real_imports(data: bytes) -> set[str]:
    """What a real unpickler would import, with its imports taken away from it."""
    seen: set[str] = set()

    class Watched(pickle._Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            seen.add(f"{module}.{name}")
            return _Harmless

        def persistent_load(self, id: Any) -> Any:
            return None

        def get_extension(self, code: int) -> None:
            seen.add("extension")
            raise ValueError("no extensions here")

    try:
        Watched(io.BytesIO(data)).load()
    except Exception:
        return seen
    return seen


def check(data: bytes) -> None:
    """Whatever a real unpickler imports, the machine has seen, or it said that it cannot follow."""
    walk = follow(data, keeps=lambda _: True)
    real = real_imports(data)
    assert real <= {*walk.imports, "extension"} or walk.problem, (data, walk)
    assert walk.verdict != "only tensors" or not real & {"os.system", "extension"}, (data, walk)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@given(value=PLAIN, protocol=st.integers(0, 5))
@settings(max_examples=200, deadline=None)
def test_plain_values_are_followed_and_come_out_as_they_went_in(value: Any, protocol: int) -> None:
    walk = follow(pickle.dumps(value, protocol))
    assert walk.verdict == "only tensors", walk
    assert unwrapped(walk.result) == value


def unwrapped(value: Any) -> Any:
    """Stand-ins as what they stand for."""
    if isinstance(value, Table):
        return {unwrapped(k): unwrapped(v) for k, v in value.pairs}
    if isinstance(value, Row):
        return [unwrapped(v) for v in value]
    return tuple(map(unwrapped, value)) if isinstance(value, Tuple) else value


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=30))
@settings(max_examples=500, deadline=None)
def test_every_import_of_a_real_unpickler_is_seen(pieces: list[bytes]) -> None:
    check(b"".join(pieces) + b".")


@given(data=st.binary(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_followed_without_an_error(data: bytes) -> None:
    follow(data)
    follow(b"\x80\x04" + data + b".")
    assert not Path(CANARY).exists()


def test_changed_pickles_never_hide_an_import() -> None:
    chance = random.Random(5)
    seeds = [
        whole(call(name("os", "system"), text(COMMAND))),
        pickle.dumps({"a": [1, 2.5, "x"], "b": (None, True)}, 4),
        whole(short("os") + b"\x94" + short("system") + b"\x93" + text("x") + b"\x85R", 4),
    ]
    for _ in range(1500):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            data[at : at + chance.randint(0, 2)] = chance.choice(PIECES)[:9]
        check(bytes(data))
    assert not Path(CANARY).exists()


def test_work_and_memory_are_bounded() -> None:
    assert follow(b"N0" * 100 + b"N.", most=50).problem == "has more than 50 opcodes"
    assert "nested" not in str(follow(b"]" * 100_000 + b"." + b"x").problem)
    assert follow(b"(" * 200_000).problem == "ends before its last opcode"
    deep = follow(b"]q\x00" + b"]h\x00a0h\x00" * 10 + b".")
    assert deep.verdict == "only tensors"
    many = follow(whole(call(name("os", "system"), text("x")) * 1000))
    assert len(many.others) <= 51


def test_a_call_is_told_with_its_arguments() -> None:
    walk = follow(whole(call(name("os", "system"), text(COMMAND))))
    assert walk.verdict == "calls other code"
    assert walk.others == (f"os.system('{COMMAND}')",)
    assert walk.imports == ("os.system",)


def test_a_name_that_is_never_called_is_told_too() -> None:
    assert follow(whole(name("antigravity", "x"))).others == ("import of antigravity.x",)


def test_a_name_swapped_in_the_memo_is_told_as_what_is_called() -> None:
    assert follow(PICKLES["memo-swap.bin"]).others == (f"os.system('{COMMAND}')",)
