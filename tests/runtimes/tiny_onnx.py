"""Writes tiny ONNX files without any library: an ONNX file is a protobuf message."""

FLOAT, INT64 = 1, 7
Shape = tuple[int | str, ...]


def number(field: int, value: int) -> bytes:
    """A field that holds a whole number."""
    return varint(field << 3) + varint(value)


def text(field: int, value: str | bytes) -> bytes:
    """A field that holds a text or a message."""
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    """A number as protobuf writes it, seven bits at a time."""
    found = b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])


def port(name: str, kind: int, shape: Shape) -> bytes:
    """An input or output: its name, number type and sizes; a name stands for any size."""
    sizes = (text(2, s) if isinstance(s, str) else number(1, s) for s in shape)
    dims = b"".join(text(1, size) for size in sizes)
    return text(1, name) + text(2, text(1, number(1, kind) + text(2, dims)))


def adding(kind: int = FLOAT, shape: Shape = ("rows", 3)) -> bytes:
    """A file that adds its inputs `a` and `b`."""
    node = text(1, "a") + text(1, "b") + text(2, "sum") + text(4, "Add")
    ports = text(11, port("a", kind, shape)) + text(11, port("b", kind, shape))
    graph = text(1, node) + text(2, "adding") + ports + text(12, port("sum", kind, shape))
    return number(1, 8) + text(7, graph) + text(8, number(2, 13))
