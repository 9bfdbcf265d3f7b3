"""Headers of safetensors files are counted, and held against the size of the file."""

import math
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.core.tensors import Tensor
from freehold.formats.safetensors import read_safetensors
from tests.formats.layouts import safetensors, tensor

HEADER = {
    "__metadata__": {"format": "pt", "license": "mit", "shape": "square", "data_offsets": "none"},
    "a": tensor("BF16", [2, 3], 0, 12),
    "b": tensor("F32", [], 12, 16),
    "c": tensor("F4", [4], 16, 18),
    "d": tensor("NEW", [3], 18, 21),
}


def test_parameters_types_and_metadata_are_read(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(safetensors(HEADER, b"\0" * 21))
    found = read_safetensors(file)
    assert (found.tensors, found.parameters) == (4, 14)
    assert found.dtypes == {"BF16": 6, "F32": 1, "F4": 4, "NEW": 3}
    assert found.metadata["license"] == "mit"
    assert found.tensor_list == (
        Tensor("a", "BF16", (2, 3), 12),
        Tensor("b", "F32", (), 4),
        Tensor("c", "F4", (4,), 2),
        Tensor("d", "NEW", (3,), 3),
    )


def test_tensors_come_in_the_order_of_the_file() -> None:
    rows = {
        "z": tensor("U8", [2], 2, 4),
        "a": tensor("U8", [0], 2, 2),
        "m": tensor("U8", [2], 0, 2),
    }
    assert [t.name for t in read_safetensors(safetensors(rows)).tensor_list] == ["m", "a", "z"]


def test_remarks_and_names_with_colons_and_escapes_are_no_doubles() -> None:
    rows = {"a:b": tensor("U8", [1], 0, 1), 'q"\u00e9': tensor("U8", [1], 1, 2)}
    remarks = {"__metadata__": {"note": '{"a": "b:c"}', "time": "12:30"}}
    assert read_safetensors(safetensors({**remarks, **rows})).tensors == 2


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20)


@given(st.dictionaries(NAMES, st.lists(st.integers(0, 5), max_size=4), max_size=20))
@settings(max_examples=60, deadline=None)
def test_any_valid_header_is_read_whole(shapes: dict[str, list[int]]) -> None:
    rows, end = {}, 0
    for name, shape in shapes.items():
        size = 2 * math.prod(shape)
        rows[name] = tensor("F16", shape, end, end + size)
        end += size
    found = read_safetensors(safetensors(rows, b"\0" * end))
    assert sum(t.size for t in found.tensor_list) == end
    assert found.parameters * 2 == end


def test_bytes_may_be_only_the_beginning() -> None:
    assert read_safetensors(safetensors(HEADER)).parameters == 14


def test_a_file_whose_data_is_cut_off_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(safetensors(HEADER, b"\0" * 20))
    with pytest.raises(BrokenInput, match="cut off"):
        read_safetensors(file)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "length of the header"),
        (struct.pack("<Q", 2**63) + b"{}", "9,223,372,036,854,775,808 bytes"),
        (struct.pack("<Q", 100_000_001) + b"{}", "its header has"),
        (struct.pack("<Q", 99_999_999) + b"{}", "but 2 are left"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS"),
        (safetensors("[]"), "not what it should be"),
        (safetensors("{ "), "not what it should be"),
        (safetensors('{"a": {}}'), "no type, no shape or no place"),
        (safetensors('{"a": ' + "[" * 100_000), "not what it should be|nested"),
        (safetensors('{"a": {"b": ' + "[" * 100_000), "nested|not what it should be"),
        (safetensors({"a": tensor("F32", [2], 0, 4)}), "does not fit"),
        (safetensors({"a": tensor("F32", [-1], 0, 4)}), "impossible"),
        (safetensors({"a": tensor("F32", [1], 4, 0)}), "impossible"),
        (safetensors({"a": tensor("NEW", [2**62, 2**62], 0, 4)}), "more numbers than bits"),
        (safetensors({"a": tensor("F32", [1] * 50, 0, 4)}), "impossible"),
        (safetensors("{" + '"a":[],' * 1_300_000 + '"b":[]}'), "more than 2,500,000 values"),
    ],
)
def test_hostile_headers_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(BrokenInput, match=f"^model.safetensors: .*({why})"):
        read_safetensors(data)
