"""Writes what llama.cpp answered as a table that the tests read."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from llamacpp_oracle import VERSION

if TYPE_CHECKING:
    from fit_gguf import Row

HEAD = '''"""Bytes that llama.cpp would take; written by benchmarks/fit_gguf.py --write.

xllamacpp {version}, {day}. A line: the model of tests/gguf_models/zoo.py; context,
sequences, kind of keys and values, fused attention, full windows, batch, outputs; bytes of
weights, state and compute.
"""

from freehold.judge.fitting.parts import Precision

Line = tuple[str, int, int, Precision, bool, bool, int, int, int, int, int]

MEASURED: tuple[Line, ...] = (
'''
KEPT = {
    (512, 1, "q4_0", 1), (32768, 1, "q8_0", 1), (131072, 1, "f16", 1), (8192, 1, "f16", 0),
    (8192, 16, "f16", 16),
}  # fmt: skip
"""Context, sequences, precision, outputs: short and long, each precision, many sequences."""


def table(rows: Iterable["Row"]) -> str:
    """The file, with a representative part of the rows."""
    lines = "".join(f"    {_line(row)},\n".replace("'", '"') for row in _chosen(rows))
    head = HEAD.format(version=VERSION, day=date.today().isoformat())
    return f"{head}{lines})\n"


def _chosen(rows: Iterable["Row"]) -> Iterator["Row"]:
    """Some settings of each model, one of them not fused; two of those named as what they are."""
    for row in rows:
        one = row.asked.setting
        usual = one.flash and not one.full_window and one.batch == 512
        kept = (one.context, one.parallel, one.keys, row.asked.outputs) in KEPT
        whole = one.context == 8192 and not one.flash and one.full_window
        if whole or (usual and kept and (row.name != row.architecture or one.context == 32768)):
            yield row


def _line(row: "Row") -> tuple[object, ...]:
    one = row.asked.setting
    return (
        row.name, one.context, one.parallel, one.keys, one.flash, one.full_window, one.batch,
        row.asked.outputs, row.weights, row.state, row.compute,
    )  # fmt: skip
