"""A file that can run code is known by its first bytes, whatever it is called."""

import io
import pickle
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.sniff import LONGEST, packed, sniff


def a_zip(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return out.getvalue()


def a_tar(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return out.getvalue()


def an_array(kind: str) -> bytes:
    """The head of an .npy file of this type."""
    header = f"{{'descr': {kind}, 'fortran_order': False, 'shape': (2,), }}".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


class Odd:
    """Something that only a pickle can hold."""


THINGS = [{"a": 1}, [1, 2], ("x", 2.5), {"n": None}, "text", 7, Odd(), b"bytes", {1, 2}, True]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("thing", THINGS, ids=lambda t: type(t).__name__)
def test_every_pickle_is_known(thing: object, protocol: int) -> None:
    assert sniff(pickle.dumps(thing, protocol=protocol)) == "a Python pickle"


@pytest.mark.parametrize("head", [b"cos\nsystem\n(S'x'\ntR.", b"(dp0\nS'a'\np1\n", b"(lp0\nI1\na."])
def test_old_pickles_in_letters_are_known(head: bytes) -> None:
    assert sniff(head) == "a Python pickle in letters"


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (a_zip("archive/data.pkl", "archive/version"), "archive"),
        (a_tar("pickle"), "archive"),
        (an_array("'|O'"), "NumPy"),
        (an_array("[('a', '<f4'), ('b', '|O')]"), "NumPy"),
        (b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5"),
    ],
)
def test_what_holds_a_pickle_is_known(head: bytes, word: str) -> None:
    assert word in (sniff(head) or "")


@pytest.mark.parametrize(
    "head",
    [
        b"", b"\x80", b"\x80\x04", b"# A card\n", b'{"a": 1}', b"GGUF\x03\0\0\0", b"PK\x03\x04",
        b"\x89PNG\r\n", b"class Model:\n    pass\n", b"config\nvalue\nmore text\n", b"(a) One\n",
        a_zip("sheet.xml", "mimetype"), a_tar("weights.txt"), an_array("'<f4'"),
        "\u0080\u0004 café".encode(), b"\xff\xd8\xff\xe0",
    ],
)  # fmt: skip
def test_what_runs_nothing_is_left_alone(head: bytes) -> None:
    assert sniff(head) is None


def test_what_is_packed_hides_what_it_is() -> None:
    assert packed(b"\x1f\x8b\x08\0") == "gzip"
    assert packed(b"plain") is None


@given(st.binary(max_size=LONGEST))
def test_any_bytes_give_an_answer(head: bytes) -> None:
    found = sniff(head)
    assert found is None or found.startswith(("a ", "an "))
