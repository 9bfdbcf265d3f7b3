"""Writes what llama.cpp answered as a table that the tests read."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from llamacpp_oracle import VERSION

if TYPE_CHECKING:
    from fit_gguf import Row

HEAD = '''"""Bytes that the allocator of llama.cpp answered; written by benchmarks/fit_gguf.py --write.

xllamacpp {version}, {day}. A line: the model of tests/gguf_models/zoo.py; context,
sequences, kind of keys and values, fused attention, full windows, batch, outputs; bytes of
weights, state and compute.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from llamacpp_oracle import VERSION

if TYPE_CHECKING:
    from fit_gguf import Row

HEAD = '''"""Bytes that the allocator of llama.cpp answered; written by benchmarks/fit_gguf.py --write.

xllamacpp {version}, {day}. A line: the model of tests/gguf_models/zoo.py; context,
sequences, kind of keys and values, fused attention, full windows, batch, outputs; bytes of
weights, state and compute.
"""

from freehold.judge.fitting.parts import Precision

Line = tuple[str, int, int, Precision, bool, bool, int, int, int, int, int]

MEASURED: tuple[Line, ...] = (
'''


def table(rows: Iterable["Row"]) -> str:
    """The file, with a representative part of the rows."""
    lines = "".join(f"    {line},\n" for line in map(_line, _chosen(rows)))
    head = HEAD.format(version=VERSION, day=date.today().isoformat())
    return f"{head}{lines})\n".replace("'", '"')


def _chosen(rows: Iterable["Row"]) -> Iterator["Row"]:
    """Of each model some settings: short and long, each precision, several sequences, not fused."""
    for row in rows:
        one = row.asked.setting
        plain = one.flash and not one.full_window and one.batch == 512
        kept = (one.context, one.parallel, one.keys, row.asked.outputs)
        if (plain and kept in KEPT) or (one.context == 8192 and not one.flash and one.full_window):
            yield row


KEPT = {
    (512, 1, "q4_0", 1), (32768, 1, "q8_0", 1), (131072, 1, "f16", 1), (8192, 1, "f16", 0),
    (8192, 16, "f16", 16),
}  # fmt: skip


def _line(row: "Row") -> tuple[object, ...]:
    one = row.asked.setting
    return (
        row.name, one.context, one.parallel, one.keys, one.flash, one.full_window, one.batch,
        row.asked.outputs, row.weights, row.state, row.compute,
    )  # fmt: skip
