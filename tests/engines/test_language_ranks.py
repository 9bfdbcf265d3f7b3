"""Vocabularies that are files of ranks: read whole or refused, and joined as they were made."""

from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.engines.workers.language.ranks import halves, read_ranks, visible

BYTES = {bytes([byte]): byte for byte in range(256)}


def written(folder: Path, ranks: dict[bytes, int]) -> Path:
    file = folder / "a.tiktoken"
    file.write_text("".join(f"{b64encode(t).decode()} {r}\n" for t, r in ranks.items()))
    return file


def test_what_was_written_is_read_in_the_order_of_ranks(tmp_path: Path) -> None:
    ranks = {**BYTES, b"ab": 256, b"abc": 257}
    backwards = dict(sorted(ranks.items(), key=lambda pair: -pair[1]))
    assert list(read_ranks(written(tmp_path, backwards)).items()) == list(ranks.items())


@pytest.mark.parametrize("text", ["YQ==", "YQ== x", "!!! 0", "YQ== 1", "YQ== 0\nYg== 0", "é 0"])
def test_a_broken_file_of_ranks_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.tiktoken"
    file.write_text(text)
    with pytest.raises(BrokenInput, match=r"a\.tiktoken"):
        read_ranks(file)


@given(st.binary(max_size=200))
def test_no_file_breaks_the_reader(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.tiktoken"
        file.write_bytes(data)
        try:
            found = read_ranks(file)
        except BrokenInput:
            return
        assert sorted(found.values()) == list(range(len(found)))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12))
def test_each_token_is_taken_apart_as_it_was_put_together(pairs: list[tuple[int, int]]) -> None:
    ranks = dict(list(BYTES.items())[97:123])
    made: dict[bytes, int] = {}
    for one, other in pairs:
        known = [*ranks, *made]
        token = known[one % len(known)] + known[other % len(known)]
        if token not in made and token not in ranks:
            made[token] = 1000 + len(made)
    whole = {**ranks, **made}
    for token in made:
        found = halves(token, whole)
        if found is not None:
            assert found[0] + found[1] == token
            assert set(found) <= whole.keys()


def test_a_token_that_nothing_leads_to_has_no_halves() -> None:
    assert halves(b"xyz", {**BYTES, b"xyz": 256}) is None
    assert halves(b"xyz", {**BYTES, b"yz": 256, b"xyz": 257}) == (b"x", b"yz")


def test_every_byte_has_a_letter_of_its_own() -> None:
    letters = visible()
    assert len(set(letters.values())) == len(letters) == 256
    assert all(letter.isprintable() and not letter.isspace() for letter in letters.values())
