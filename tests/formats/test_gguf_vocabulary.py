"""The vocabulary of a GGUF file, whole and in parts, of either byte order; broken ones named."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.formats import gguf_vocabulary
from freehold.formats.gguf import read_gguf
from freehold.formats.gguf_vocabulary import (
    SORTS,
    TOKENS,
    arrays,
    read_sorts,
    read_tokens,
    read_vocabulary,
)
from freehold.formats.gguf_writing import write_gguf


def written(path: Path, tokens: list[str], sorts: list[int]) -> gguf_vocabulary.Arrays:
    """The arrays of a file with this vocabulary."""
    write_gguf(path, {TOKENS: [*tokens], SORTS: [*sorts], "after.all": 7}, [])
    head = read_gguf(path)
    assert head.number("after.all") == 7
    return arrays(path, head.lengths, head.arrays)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=400), st.data())
def test_any_vocabulary_comes_back(
    tmp_path_factory: pytest.TempPathFactory, tokens: list[str], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("vocabulary") / "model.gguf"
    tokens = [t.encode("utf-8", "replace").decode() for t in tokens]
    of = written(path, tokens, list(range(len(tokens))))
    assert read_vocabulary(of).tokens == tuple(tokens)
    assert read_sorts(of) == tuple(range(len(tokens)))
    wanted = data.draw(st.lists(st.integers(-2, len(tokens) + 2), max_size=6))
    there = {n for n in wanted if 0 <= n < len(tokens)}
    assert read_tokens(of, wanted) == {n: tokens[n] for n in there}


def test_a_window_that_ends_inside_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = written(tmp_path / "model.gguf", [f"token {n}" for n in range(500)], [1] * 500)
    monkeypatch.setattr(gguf_vocabulary, "WINDOW", 100)
    assert read_vocabulary(of).tokens[-1] == "token 499"


def test_a_file_without_a_vocabulary_has_none(tmp_path: Path) -> None:
    write_gguf(tmp_path / "model.gguf", {"general.name": "x"}, [])
    head = read_gguf(tmp_path / "model.gguf")
    of = arrays(tmp_path / "model.gguf", head.lengths, head.arrays)
    assert read_tokens(of, [1]) == {}
    assert read_vocabulary(of).tokens == ()


def test_a_file_that_was_cut_meanwhile_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    of = written(path, [f"token {n}" for n in range(500)], [1] * 500)
    path.write_bytes(path.read_bytes()[:1_000])
    with pytest.raises(BrokenInput, match="tokens"):
        read_vocabulary(of)


@given(st.lists(st.tuples(st.integers(24, 5_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_whatever_bytes_change_it_answers_or_says_what_is_broken(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("vocabulary") / "model.gguf"
    of = written(path, [f"token {n}" for n in range(300)], [1] * 300)
    data = bytearray(path.read_bytes())
    for at, byte in changes:
        data[at % len(data)] = byte
    path.write_bytes(data)
    with contextlib.suppress(BrokenInput):
        read_vocabulary(of)
    with contextlib.suppress(BrokenInput):
        read_tokens(of, [5, 299])


def test_arrays_of_another_type_are_none(tmp_path: Path) -> None:
    numbers = [1] * 300
    write_gguf(tmp_path / "model.gguf", {TOKENS: numbers, SORTS: ["a"] * 300}, [])
    head = read_gguf(tmp_path / "model.gguf")
    of = arrays(tmp_path / "model.gguf", head.lengths, head.arrays)
    assert read_vocabulary(of) == gguf_vocabulary.Vocabulary(())
    assert read_tokens(of, [0]) == {}
