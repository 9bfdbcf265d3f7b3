"""Every type of llama.cpp is known, with the bits that one number takes."""

import pytest

from freehold.formats.gguf_types import REMOVED, TYPES

BITS = {
    "F32": 32, "BF16": 16, "Q8_0": 8.5, "Q8_1": 9, "Q6_K": 6.5625, "Q5_K": 5.5, "Q5_1": 6,
    "Q5_0": 5.5, "Q4_K": 4.5, "Q4_1": 5, "Q4_0": 4.5, "Q3_K": 3.4375, "Q2_K": 2.625,
    "IQ4_XS": 4.25, "IQ4_NL": 4.5, "IQ3_S": 3.4375, "IQ3_XXS": 3.0625, "IQ2_S": 2.5625,
    "IQ2_XS": 2.3125, "IQ2_XXS": 2.0625, "IQ1_M": 1.75, "IQ1_S": 1.5625, "TQ1_0": 1.6875,
    "TQ2_0": 2.0625, "MXFP4": 4.25, "NVFP4": 4.5, "Q1_0": 1.125, "Q2_0": 2.25, "F64": 64,
}  # fmt: skip


@pytest.mark.parametrize("dtype", BITS)
def test_each_type_takes_its_bits(dtype: str) -> None:
    ((block, size),) = [(block, size) for name, block, size in TYPES.values() if name == dtype]
    assert 8 * size / block == BITS[dtype]


def test_no_number_of_a_type_is_unknown_up_to_the_newest() -> None:
    assert sorted([*TYPES, *REMOVED]) == list(range(43))
    assert len({name for name, _, _ in TYPES.values()}) == len(TYPES)
