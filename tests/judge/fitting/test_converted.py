"""Models converted for other libraries: held against what they took, and what is not known said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.judge.fitting.converted import LIBRARIES, TAKEN, UNKNOWN, Made, memory
from freehold.judge.fitting.parts import Setting

GIB = 2**30
LLAMA = 2 * 16 * 8 * 64
"""Numbers that Llama-3.2-1B keeps of each token."""
MEASURED = [  # engine, GiB of files, context, GiB at the peak; 2026-11-28, resident, 2 cores
    ("openvino", 0.717, 1024, 1.737),
    ("openvino", 1.157, 1024, 2.587),
    ("openvino", 0.717, 4096, 1.870),
    ("onnxruntime-genai", 0.722, 1024, 1.356),
    ("ctranslate2", 1.153, 500, 1.475),
    ("ctranslate2", 1.153, 3000, 3.215),
]


@pytest.mark.parametrize(("engine", "files", "context", "took"), MEASURED)
def test_what_was_taken_is_below_the_bound_and_near_it(
    engine: str, files: float, context: int, took: float
) -> None:
    made = Made(size=int(files * GIB), kept=LLAMA, width=2048, heads=32)
    parts = memory(engine, made, Setting(context=context))
    assert parts.bound
    assert parts.notes == (TAKEN,)
    assert took <= (parts.total + parts.loading) / GIB <= 1.25 * took


def test_what_a_text_takes_is_said_to_be_unknown_where_it_is() -> None:
    parts = memory("ctranslate2", Made(size=GIB), Setting(context=8192))
    assert parts.state == 0
    assert not parts.bound
    assert parts.notes == (UNKNOWN,)


@given(
    st.sampled_from(sorted(LIBRARIES)),
    st.integers(0, 2**40),
    st.integers(1, 10**6),
    st.integers(1, 64),
)
def test_more_text_never_takes_less(engine: str, size: int, context: int, parallel: int) -> None:
    made = Made(size=size, kept=LLAMA, width=2048)
    less = memory(engine, made, Setting(context=context, parallel=parallel))
    more = memory(engine, made, Setting(context=context + 1, parallel=parallel + 1))
    assert 0 <= less.weights <= less.total <= more.total
    assert less.total <= less.peak <= more.peak
