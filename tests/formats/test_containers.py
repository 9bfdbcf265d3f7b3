"""ONNX, TFLite and NeMo files tell who made them; nothing inside is run or unpacked."""

import io
import struct
import tarfile
from pathlib import Path

import pytest

from freehold.core.errors import BrokenInput
from freehold.formats import nemo as archives
from freehold.formats.nemo import read_nemo
from freehold.formats.onnx import read_onnx
from freehold.formats.tflite import read_tflite
from tests.formats.layouts import NEMO_CONFIG, message, nemo, onnx, tar, tflite, varint


def test_an_onnx_file_says_who_made_it() -> None:
    found = read_onnx(onnx())
    assert (found.ir_version, found.producer, found.producer_version) == (10, "pytorch", "2.6")
    assert (found.domain, found.model_version) == ("ai.example", 7)
    assert found.description == "Tells cats from dogs."
    assert found.opsets == {"ai.onnx": 21, "com.x": 1}
    assert found.metadata == {"license": "MIT", "author": "Lab"}


def test_the_graph_of_an_onnx_file_is_passed_over(tmp_path: Path) -> None:
    file, size = tmp_path / "model.onnx", 2**31
    with file.open("wb") as out:
        out.write(message((1, 8)) + varint(7 << 3 | 2) + varint(size))
        out.seek(size, io.SEEK_CUR)
        out.write(message((14, message((1, "license"), (2, "MIT")))))
    assert read_onnx(file).metadata == {"license": "MIT"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no version or no graph"),
        (message((1, 8)), "no version or no graph"),
        (message((1, 8), (2, "x")) + varint(7 << 3 | 2) + varint(2**63), "too early"),
        (message((1, "8"), (7, b"")), "field 1 is of another kind"),
        (b"\xff" * 20, "more than ten bytes"),
        (message((1, 8), (7, b"")) * 60_000, "more than 100,000 fields"),
        (message((1, 8), (6, "x" * 2**21), (7, b"")), "are not read"),
        (b"\x08\x08\x0b\x0c", "not those of a message"),
        (message((1, 8), (7, b""), (14, varint(1 << 3 | 2) + varint(99))), "too early"),
    ],
)
def test_what_is_no_onnx_file_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BrokenInput, match=f"^model.onnx: .*{why}"):
        read_onnx(data)


def test_a_tflite_file_tells_its_license() -> None:
    found = read_tflite(tflite())
    assert (found.version, found.description) == (3, "Small.")
    assert found.metadata == ("TFLITE_METADATA",)
    assert (found.name, found.about, found.made) == ("Classifier", "Tells cats from dogs.", "v1")
    assert (found.author, found.license) == ("Lab", "Apache License, Version 2.0")
    assert read_tflite(tflite(license=None)).license is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "beginning"),
        (b"\0\0\0\0TFL2", "TFL3"),
        (struct.pack("<I", 2**31) + b"TFL3", "outside the file"),
        (struct.pack("<I", 8) + b"TFL3" + struct.pack("<i", -(2**31)), "outside the file"),
        (tflite().replace(struct.pack("<I", 6) + b"Small.", struct.pack("<I", 2**31) + b"Small."),
         "a text should have"),
    ],
)  # fmt: skip
def test_what_is_no_tflite_file_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BrokenInput, match=f"^model.tflite: .*{why}"):
        read_tflite(data)


@pytest.mark.parametrize("packed", [False, True])
def test_a_nemo_archive_lists_its_files_and_its_bases(tmp_path: Path, packed: bool) -> None:
    file = tmp_path / "model.nemo"
    file.write_bytes(nemo(packed=packed))
    found = read_nemo(file)
    assert found.members == ("./model_weights.ckpt", "./model_config.yaml")
    assert found.target == "nemo.collections.asr.models.EncDecCTCModelBPE"
    assert (found.nemo_version, found.bases) == ("1.23.0", ("lab/bert",))
    assert {p.name for p in tmp_path.iterdir()} == {"model.nemo", "home"}


def link(kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo("model_config.yaml")
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not an archive"),
        (b"\x1f\x8b" + b"\1" * 99, "not an archive|cannot be read"),
        (nemo()[:2000], "cut off|not an archive|end of data"),
        (nemo(packed=True)[:-60], "not an archive"),
        (tar([link(tarfile.SYMTYPE)]), "link or a device"),
        (tar([link(tarfile.LNKTYPE)]), "link or a device"),
        (tar([link(tarfile.CHRTYPE)]), "link or a device"),
        (tar([("/etc/x", b"")]), "outside the archive"),
        (tar([("a/../../x", b"")]), "outside the archive"),
        (tar([("c:\\x", b"")]), "outside the archive"),
        (tar([("model_config.yaml", b"a" * 2**21)]), "are not read"),
        (tar([("model_config.yaml", b"a: [")]), "model_config.yaml: is not YAML"),
        (tar([("p" * 70_000, b"")]), "impossible number of bytes"),
        (tar((str(n), b"") for n in range(archives.MOST_MEMBERS + 1)), "more than 10,000 files"),
        (nemo().replace(NEMO_CONFIG[:8], b"\n\0\0\0\0\0\0\0"), "binary data"),
    ],
)
def test_hostile_archives_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(BrokenInput, match=f"^model.nemo: .*({why})"):
        read_nemo(data)


def test_an_archive_that_unpacks_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_UNPACKED", 2**20)
    bomb = tar([("a", b"\0" * 2**22), ("model_config.yaml", b"a: b")], packed=True)
    assert len(bomb) < 2**14
    with pytest.raises(BrokenInput, match=r"impossible size|more than 1,048,576 bytes"):
        read_nemo(bomb)
