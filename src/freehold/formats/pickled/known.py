"""The few functions that pickles of plain numbers call, and which arguments each may get.

Everything that is not here is other code. Read in the sources of PyTorch 2.13, NumPy 2.4 and
Python 3.11 (2026-11-28): none of these runs code of the file's when its arguments are as asked
for here.
"""

import re
from collections.abc import Callable
from typing import Any

from freehold.formats.pickled.values import Bag, Kept, Made, Name, Row, Table, Tuple

STORAGES: dict[str, tuple[str, int]] = {
    "FloatStorage": ("F32", 4), "DoubleStorage": ("F64", 8), "HalfStorage": ("F16", 2),
    "BFloat16Storage": ("BF16", 2), "LongStorage": ("I64", 8), "IntStorage": ("I32", 4),
    "ShortStorage": ("I16", 2), "CharStorage": ("I8", 1), "ByteStorage": ("U8", 1),
    "BoolStorage": ("BOOL", 1), "ComplexFloatStorage": ("C64", 8),
    "ComplexDoubleStorage": ("C128", 16), "UntypedStorage": ("U8", 1),
}  # fmt: skip
"""PyTorch's storages: the number type in safetensors' words, and bytes of one number."""
DTYPES: dict[str, tuple[str, int]] = {
    "float32": ("F32", 4), "float": ("F32", 4), "float64": ("F64", 8), "double": ("F64", 8),
    "float16": ("F16", 2), "half": ("F16", 2), "bfloat16": ("BF16", 2), "int64": ("I64", 8),
    "long": ("I64", 8), "int32": ("I32", 4), "int": ("I32", 4), "int16": ("I16", 2),
    "short": ("I16", 2), "int8": ("I8", 1), "uint8": ("U8", 1), "bool": ("BOOL", 1),
    "uint16": ("U16", 2), "uint32": ("U32", 4), "uint64": ("U64", 8), "complex64": ("C64", 8),
    "complex128": ("C128", 16), "float8_e4m3fn": ("F8_E4M3", 1), "float8_e5m2": ("F8_E5M2", 1),
    "float8_e4m3fnuz": ("F8_E4M3FNUZ", 1), "float8_e5m2fnuz": ("F8_E5M2FNUZ", 1),
    "float8_e8m0fnu": ("F8_E8M0", 1),
}  # fmt: skip

Rule = Callable[[Any], Any]
"""From the tuple of arguments to what the call gives back; NO where they are not as expected."""


class _No:
    """The answer of a rule that does not hold."""


NO = _No()


def is_known(name: Name) -> bool:
    """Whether importing this name does nothing but name it."""
    return _plain(name) in CALLS or is_storage(name) or is_dtype(name) or _plain(name) in NAMED


def call(name: Any, arguments: Any) -> Any:
    """What a call gives back, or NO where it is not exactly one that is known."""
    rule = CALLS.get(_plain(name)) if isinstance(name, Name) else None
    return rule(arguments) if rule and isinstance(arguments, Tuple) else NO


def is_storage(name: Any) -> bool:
    """Whether this names a storage of PyTorch's."""
    if not isinstance(name, Name):
        return False
    return name.name in STORAGES and name.module in ("torch", "torch.storage", "torch.cuda")


def is_dtype(name: Any) -> bool:
    """Whether this names a number type of PyTorch's."""
    return isinstance(name, Name) and name.module == "torch" and name.name in DTYPES


def kept_storage(id: Any) -> bool:
    """Whether an id is that of a storage of PyTorch's: kind, type, key, place, count, view."""
    if not isinstance(id, Tuple) or not 5 <= len(id) <= 6 or id[0] != "storage":
        return False
    _, kind, key, place, count = id[:5]
    texts = isinstance(key, str) and isinstance(place, str)
    return is_storage(kind) and texts and _count(count) and _view(id[5:])


def _view(rest: Any) -> bool:
    if not rest or rest[0] is None:
        return True
    view = rest[0]
    if not isinstance(view, Tuple) or len(view) != 3:
        return False
    return isinstance(view[0], str) and _count(view[1]) and _count(view[2])


def builds(thing: Any, state: Any) -> bool:
    """Whether putting this state into that thing changes nothing but data."""
    if isinstance(thing, Table):
        return isinstance(state, Table) and all(key == "_metadata" for key, _ in state.pairs)
    if not isinstance(thing, Made) or not isinstance(state, Tuple):
        return False
    if _plain(thing.callee) in _RECONSTRUCT:
        return _is_array_state(state)
    return is_numpy_dtype(thing) and thing.state is None and _is_dtype_state(thing, state)


def is_of_numpy(thing: Any) -> bool:
    """Whether this is an array or number type of NumPy's."""
    return is_numpy_dtype(thing) or (
        isinstance(thing, Made) and _plain(thing.callee) in _RECONSTRUCT
    )


def _is_dtype_state(dtype: Made, state: Tuple) -> bool:
    """Version, order of bytes, no fields, size, alignment, and flags that fit the type."""
    if not 8 <= len(state) <= 9 or state[2:5] != (None, None, None):
        return False
    numbers = all(type(number) is int for number in (state[0], *state[5:8]))
    fits = numbers and (has_objects(dtype) or not state[7] & _HOLDS_OBJECTS)
    return fits and state[1] in ("<", ">", "|", "=") and all(map(_is_data, state[8:]))


def _is_array_state(state: Tuple) -> bool:
    if len(state) != 5 or not isinstance(state[0], int) or not _counts(state[1]):
        return False
    fits = bytes if not has_objects(state[2]) else Row
    return is_numpy_dtype(state[2]) and isinstance(state[4], fits)


def is_numpy_dtype(value: Any) -> bool:
    """Whether this is a number type of NumPy's."""
    return isinstance(value, Made) and _plain(value.callee) == ("numpy", "dtype")


def has_objects(dtype: Any) -> bool:
    """Whether an array of this type holds Python objects, or may."""
    if not is_numpy_dtype(dtype):
        return True
    words = str(dtype.arguments[0])
    return "O" in words or "V" in words


def _is_data(value: Any, depth: int = 0) -> bool:
    """Whether a value is made of plain things and number types only."""
    if value is None or isinstance(value, (str, bytes, int, float)) or is_numpy_dtype(value):
        return True
    if depth > 8:
        return False
    if isinstance(value, Table):
        return all(_is_data(k, depth + 1) and _is_data(v, depth + 1) for k, v in value.pairs)
    return isinstance(value, (Tuple, Row)) and all(_is_data(v, depth + 1) for v in value)


def _plain(name: Any) -> tuple[str, str]:
    """Module and name, with the words of Python 2 and of NumPy 1 in those of today."""
    if not isinstance(name, Name):
        return "", ""
    module = {"__builtin__": "builtins"}.get(name.module, name.module)
    return module.replace("numpy.core.", "numpy._core.", 1), name.name


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**62


def _counts(value: Any) -> bool:
    return isinstance(value, (Tuple, Row)) and all(map(_count, value)) and len(value) <= 64


def _size(value: Any) -> bool:
    """A shape: a tuple of counts, or what `torch.Size` made of one."""
    return _counts(value)


def _hooks(value: Any) -> bool:
    return value is None or (isinstance(value, Table) and not value.pairs)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Made) and value.callee.module == "torch._utils"


def _ordered(arguments: Any) -> Any:
    table = Table()
    if not arguments:
        return table
    if len(arguments) != 1 or not isinstance(arguments[0], (Row, Tuple)):
        return NO
    for pair in arguments[0]:
        if not isinstance(pair, (Row, Tuple)) or len(pair) != 2:
            return NO
        table.pairs.append((pair[0], pair[1]))
    return table


def _set(arguments: Any) -> Any:
    if not arguments:
        return Bag()
    fits = len(arguments) == 1 and isinstance(arguments[0], (Row, Tuple, Bag))
    return Bag(arguments[0]) if fits else NO


def _encode(arguments: Any) -> Any:
    """Bytes, as protocols 0 to 2 write them: letters of Latin-1."""
    if len(arguments) != 2 or not isinstance(arguments[0], str):
        return NO
    if arguments[1] not in ("latin1", "latin-1", "latin_1"):
        return NO
    try:
        return arguments[0].encode("latin-1")
    except UnicodeEncodeError:
        return NO


def _bytearray(arguments: Any) -> Any:
    if len(arguments) == 1 and isinstance(arguments[0], bytes):
        return arguments[0]
    return b"" if not arguments else _encode(arguments)


def _bytes(arguments: Any) -> Any:
    return b"" if not arguments else NO


def _complex(arguments: Any) -> Any:
    fits = len(arguments) == 2 and all(type(part) is float for part in arguments)
    return complex(*arguments) if fits else NO


def _torch_size(arguments: Any) -> Any:
    return arguments[0] if len(arguments) == 1 and _counts(arguments[0]) else NO


def _as_made(module: str, name: str, holds: Callable[[Any], bool]) -> Rule:
    """A rule for a call of which the arguments are all that matters."""

    def rule(arguments: Any) -> Any:
        return Made(Name(module, name), arguments) if holds(arguments) else NO

    return rule


def _tensor(a: Any) -> bool:
    """Storage, first number, shape, steps, and for newer ones gradients, hooks, bits."""
    if len(a) not in (4, 6, 7) or not isinstance(a[0], Kept) or not kept_storage(a[0].id):
        return False
    hooks = len(a) == 4 or (isinstance(a[4], bool) and _hooks(a[5]))
    bits = len(a) < 7 or a[6] is None or _is_data(a[6])
    return (
        _count(a[1]) and _size(a[2]) and _size(a[3]) and len(a[2]) == len(a[3]) and hooks and bits
    )


def _tensor3(a: Any) -> bool:
    """The same with a number type of its own over bytes without one."""
    if len(a) not in (7, 8) or not is_dtype(a[6]):
        return False
    return _tensor(Tuple(a[:6])) and (len(a) == 7 or a[7] is None or _is_data(a[7]))


def _parameter(a: Any) -> bool:
    return len(a) == 3 and _is_tensor(a[0]) and isinstance(a[1], bool) and _hooks(a[2])


def _reconstruct(a: Any) -> bool:
    if len(a) != 3 or _plain(a[0]) != ("numpy", "ndarray"):
        return False
    return _counts(a[1]) and a[2] in (b"b", "b")


def _dtype(a: Any) -> bool:
    flags = all(isinstance(flag, int) for flag in a[1:])
    words = isinstance(a[0], str) and _DTYPE.fullmatch(a[0]) if a else None
    return len(a) <= 3 and words is not None and flags


def _scalar(a: Any) -> bool:
    fits = len(a) == 2 and is_numpy_dtype(a[0]) and isinstance(a[1], bytes)
    return fits and not has_objects(a[0])


def _from_buffer(a: Any) -> bool:
    if len(a) != 4 or not isinstance(a[0], bytes) or has_objects(a[1]):
        return False
    return _counts(a[2]) and a[3] in ("C", "F")


_DTYPE = re.compile(r"[|<>=]?(?:[biufcSUOMmV]\d{0,9}|\?)(?:\[\w{1,9}\])?")
"""One number type; lists of several, which can hide objects, are not known."""
_HOLDS_OBJECTS = 3
"""The flags of NumPy that say: counts references, pickles as a list."""
_RECONSTRUCT = {("numpy._core.multiarray", "_reconstruct")}
_MADE: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("torch._utils", "_rebuild_tensor", _tensor),
    ("torch._utils", "_rebuild_tensor_v2", _tensor),
    ("torch._utils", "_rebuild_tensor_v3", _tensor3),
    ("torch._utils", "_rebuild_parameter", _parameter),
    ("torch", "device", lambda a: 0 < len(a) < 3 and _is_data(a)),
    ("numpy._core.multiarray", "_reconstruct", _reconstruct),
    ("numpy._core.multiarray", "scalar", _scalar),
    ("numpy._core.numeric", "_frombuffer", _from_buffer),
    ("numpy", "dtype", _dtype),
)
CALLS: dict[tuple[str, str], Rule] = {
    ("collections", "OrderedDict"): _ordered,
    ("builtins", "set"): _set,
    ("builtins", "frozenset"): _set,
    ("builtins", "bytearray"): _bytearray,
    ("builtins", "bytes"): _bytes,
    ("builtins", "complex"): _complex,
    ("_codecs", "encode"): _encode,
    ("torch", "Size"): _torch_size,
    **{(module, name): _as_made(module, name, holds) for module, name, holds in _MADE},
}
NAMED = {("numpy", "ndarray")}
"""Names that are handed over, but never called."""
