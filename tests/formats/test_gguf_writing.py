"""What is written as GGUF is read back the same, and every tensor lies where the head says."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.gguf import read_gguf
from freehold.formats.gguf_writing import ALIGNMENT, LAYOUTS, Sheet, write_gguf
from freehold.formats.invented_llama import (
    Shape,
    matrix_bytes,
    matrix_values,
    state_bytes,
    write_llama,
)

SHAPE = Shape(layers=2, width=256, feed=512, heads=4, kv_heads=2)
TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=50)
VALUES = st.one_of(
    TEXTS.map(str.strip),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.floats(width=32, allow_nan=False),
)


@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_model_of_each_precision_is_written_and_read(tmp_path: Path, kind: str) -> None:
    shape = Shape(layers=2, width=256, feed=512, heads=4, kv_heads=2, kind=kind)
    file = tmp_path / "model.gguf"
    size = write_llama(file, shape)
    found = read_gguf(file)
    assert file.stat().st_size == size
    assert found.tensors == 3 + 9 * 2
    assert found.text("general.architecture") == "llama"
    assert found.metadata["llama.context_length"] == 4096
    assert found.chat_template
    assert matrix_bytes(shape) < size


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a", "b", "c")]
    for file, seed in zip(files, (1, 1, 2), strict=True):
        write_llama(file, SHAPE, seed)
    first, same, other = (file.read_bytes() for file in files)
    assert first == same != other


def test_weights_and_state_are_counted_by_hand() -> None:
    attention = 256 * 256 * 2 + 2 * 128 * 256
    assert matrix_values(SHAPE) == 2 * (attention + 3 * 512 * 256) + 512 * 256
    assert matrix_bytes(SHAPE) == matrix_values(SHAPE) // 32 * 34 + 5 * 256 * 4
    assert state_bytes(SHAPE) == 2 * 2 * 2 * 128


@given(st.dictionaries(TEXTS.map(lambda t: f"general.{t}"), VALUES, max_size=8), st.data())
def test_any_metadata_comes_back(
    metadata: dict[str, str | bool | int | float], data: st.DataObject
) -> None:
    import tempfile

    shapes = data.draw(st.lists(st.tuples(st.integers(1, 40), st.just(32)), max_size=3))
    sheets = [Sheet(f"t{n}", "Q8_0", shape, b"x" * 34) for n, shape in enumerate(shapes)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "any.gguf"
        size = write_gguf(file, metadata, sheets)
        found = read_gguf(file)
    assert found.metadata == metadata
    assert found.tensors == len(sheets)
    assert size % ALIGNMENT == 0
    assert size >= sum(sheet.size for sheet in sheets)
