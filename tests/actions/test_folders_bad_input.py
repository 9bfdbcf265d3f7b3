"""A file that is broken, huge or hostile is named; the rest is checked, and nothing gets freer."""

import json
import os
import sys
import tempfile
import tracemalloc
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.actions.folder import FolderReport, check_folder
from freehold.formats.license_files import kind_of
from freehold.knowledge.base import KnowledgeBase
from tests.folders import RESEARCH, Files, as_json, card, gguf_file, lay, mit, text, weights
from tests.invented import SHIPPED
from tests.model_folders.shape import kinds, verdict

OPEN = ("fully open", "open weights")
NOTHING_FREE: Files = card("Nothing free", license="other") | text("LICENSE", *RESEARCH) | weights()
ALL_FREE: Files = card("All free", license="mit") | {"LICENSE": mit()} | weights()


def found(report: FolderReport, kind: str) -> list[str]:
    """Text and evidence of the findings of one kind."""
    return [f"{f.text} {f.evidence}" for f in report.findings if f.kind == kind]


def checked(place: Path, files: Files, base: KnowledgeBase = SHIPPED) -> FolderReport:
    """Lay these files into a new folder and check it."""
    return check_folder(lay(place / "Example", files), base=base)


BROKEN: dict[str, Files] = {
    "front matter without an end": {"README.md": b"---\nlicense: mit\n"},
    "front matter that is no YAML": {"README.md": b"---\nlicense: [mit\n---\n"},
    "a card of zeros": {"README.md": b"\0" * 5_000},
    "JSON that is cut": {"config.json": b'{"architectures": ["A"'},
    "JSON that is a list": {"config.json": b"[1, 2]"},
    "JSON nested too deeply": {"tokenizer_config.json": b'{"a":' * 50_000},
    "an adapter of garbage": {"adapter_config.json": bytes(range(256))},
    "an index of garbage": {"model_index.json": b"\xff\xfe\x00"},
    "YAML with aliases": {"mergekit_config.yml": b"a: &a [x]\nb: [*a, *a]\n"},
    "YAML that is none": {"mergekit_config.yml": b"models: [\n- : :\n"},
    "GGUF that is cut": {"m.gguf": b"GGUF\x03\0\0\0\1\0"},
    "GGUF with a wild count": {"m.gguf": b"GGUF\x03\0\0\0" + b"\xff" * 16},
    "GGUF of another kind": {"m.gguf": b"PK\x03\x04" * 20},
    "safetensors with a wild length": {"b.safetensors": b"\xff" * 64},
    "safetensors that is cut": {"b.safetensors": weights()["model.safetensors"][:30]},
    "an empty safetensors file": {"b.safetensors": b""},
    "a pointer instead of weights": {
        "b.safetensors": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    },
    "a license of zeros": {"LICENSE": b"\0" * 3_000},
    "a license of noise": {"LICENSE-OTHER": bytes(range(256)) * 9},
    "an archive that is none": {"m.nemo": b"not an archive"},
    "ONNX of noise": {"m.onnx": b"\xff" * 300},
    "TFLite of noise": {"m.tflite": b"\xff" * 300},
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_named_and_the_rest_is_still_checked(tmp_path: Path, what: str) -> None:
    (name,) = BROKEN[what]
    report = checked(tmp_path, ALL_FREE | BROKEN[what])
    assert [row for row in found(report, "broken-file") if name in row]
    assert {file.path for file in report.files} == {*ALL_FREE, name}
    others = [row for row in found(report, "broken-file") if name not in row]
    assert others == []


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_frees_nothing(tmp_path: Path, what: str) -> None:
    report = checked(tmp_path, NOTHING_FREE | BROKEN[what])
    assert verdict(report) in ("unknown", "no")
    assert report.report.level not in OPEN


def test_many_broken_files_are_each_named(tmp_path: Path) -> None:
    files = {f"part-{n:03}/config.json": b"{" for n in range(40)}
    report = checked(tmp_path, ALL_FREE | files)
    assert len(found(report, "broken-file")) == 40
    assert verdict(report) == "yes"


@pytest.mark.parametrize("name", ["LICENSE", "LICENSE.md", "NOTICE", "USE_POLICY.md"])
def test_a_license_file_of_100_megabytes_is_not_read(tmp_path: Path, name: str) -> None:
    place = lay(tmp_path / "Example", card("A", license="mit") | weights())
    with (place / name).open("wb") as file:
        file.write(mit())
        file.truncate(100 * 2**20)
    report = check_folder(place, base=SHIPPED)
    assert [row for row in found(report, "broken-file") if name in row]
    assert verdict(report) != "yes" or kind_of(name) != "license"


def test_links_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    place = lay(tmp_path / "Example", ALL_FREE)
    (place / "inner").mkdir()
    (place / "inner" / "up").symlink_to(place, target_is_directory=True)
    (place / "one").symlink_to(place / "two")
    (place / "two").symlink_to(place / "one")
    (place / "LICENSE.self").symlink_to(place / "LICENSE.self")
    report = check_folder(place, base=SHIPPED)
    assert verdict(report) == "yes"
    assert not [file for file in report.files if "up/" in file.path]


def test_links_that_lead_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    secret = lay(tmp_path / "elsewhere", {"secret.txt": b"password", "LICENSE": mit()})
    place = lay(tmp_path / "Example", card("A", license="other") | weights())
    (place / "LICENSE").symlink_to(secret / "LICENSE")
    (place / "config.json").symlink_to("/etc/hostname")
    (place / "docs").symlink_to(secret, target_is_directory=True)
    report = check_folder(place, base=SHIPPED)
    assert verdict(report) != "yes"
    assert not [row for row in report.evidence if row.level == "text"]
    assert "password" not in json.dumps(report.form())


def test_a_link_to_a_file_beside_it_is_read(tmp_path: Path) -> None:
    place = lay(tmp_path / "Example", card("A", license="mit") | weights() | {"terms/MIT": mit()})
    (place / "LICENSE").symlink_to("terms/MIT")
    assert "tag-without-text" not in kinds(check_folder(place, base=SHIPPED))


def test_the_cache_of_the_hub_is_read_through_its_links(tmp_path: Path) -> None:
    home = tmp_path / "models--lab--example"
    blobs = {f"blobs/{n}": data for n, data in enumerate(ALL_FREE.values())}
    lay(home, blobs)
    snapshot = home / "snapshots" / "0123abc"
    snapshot.mkdir(parents=True)
    for n, name in enumerate(ALL_FREE):
        (snapshot / name).symlink_to(Path("../../blobs") / str(n))
    report = check_folder(snapshot, base=SHIPPED)
    assert verdict(report) == "yes"
    assert {file.path for file in report.files} == set(ALL_FREE)


def test_a_link_to_the_blobs_of_somebody_else_is_not_followed(tmp_path: Path) -> None:
    lay(tmp_path / "elsewhere", {"blobs/MIT": mit()})
    place = lay(tmp_path / "Example", card("A", license="other") | weights())
    (place / "LICENSE").symlink_to(tmp_path / "elsewhere" / "blobs" / "MIT")
    assert verdict(check_folder(place, base=SHIPPED)) != "yes"


def test_a_folder_that_is_not_read_to_its_end_allows_nothing_for_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freehold.actions.folder_reading.MOST_FILES", 3)
    monkeypatch.setattr(
        "freehold.actions.folder_reading._walk", lambda root: sorted(root.iterdir())
    )
    files = gguf_file("A.gguf", license="mit") | {"B.txt": b"b", "C.txt": b"c"}
    report = checked(tmp_path, files | text("LICENSE", *RESEARCH))
    assert "broken-file" in kinds(report)
    assert verdict(report) != "yes"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files there")
def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    place = lay(tmp_path / "Example", ALL_FREE)
    os.mkfifo(place / "config.json")
    (place / "model.gguf").mkdir()
    report = check_folder(place, base=SHIPPED)
    assert verdict(report) == "yes"


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_names_that_are_no_text_are_shown_in_what_can_be_printed(tmp_path: Path) -> None:
    place = lay(tmp_path / "Example", ALL_FREE)
    for raw in (b"LICENSE-\xff\xfe", b"\xe9t\xe9.gguf", b"m\n\x1b[31m.safetensors"):
        with open(os.path.join(os.fsencode(place), raw), "wb") as file:
            file.write(b"noise\0" * 10)
    report = check_folder(place, base=SHIPPED)
    json.dumps(report.form()).encode()
    msgspec.json.encode(report.form())
    assert len(found(report, "broken-file")) == 3
    assert all(file.path.isprintable() for file in report.files)
    assert all(finding.text.isprintable() for finding in report.findings)


def test_a_folder_whose_own_name_is_no_text(tmp_path: Path) -> None:
    place = lay(tmp_path / "模型 \x1b[1m", ALL_FREE)
    report = check_folder(place, base=SHIPPED)
    assert verdict(report) == "yes"
    assert report.report.family.id


def test_names_in_any_case_are_found(tmp_path: Path) -> None:
    files = {"readme.MD": ALL_FREE["README.md"], "License.TXT": mit()} | weights("M.SafeTensors")
    report = checked(tmp_path, files)
    assert verdict(report) == "yes"
    assert kinds(report) == set()


def two_hundred() -> Files:
    """Files of every kind, 28 of each."""
    files: Files = dict(ALL_FREE)
    prose = b"---\nlicense: mit\n---\n" + b"The weights are open.\n\n" * 50
    wide = json.dumps({"a": [[] for _ in range(500)]}).encode()
    for n in range(28):
        files[f"{n}/README.md"] = prose
        files[f"{n}/config.json"] = wide
        files[f"{n}/tokenizer_config.json"] = b'{"chat_template": "' + b"x" * 20_000 + b'"}'
        files[f"{n}/mergekit_config.yml"] = b"models: [" + b"{model: a/b}," * 30 + b"]"
        files[f"{n}/LICENSE"] = mit() + str(n).encode()
        files |= gguf_file(f"{n}/m.gguf", license="mit", tags=["x" * 20] * 500)
        files |= weights(f"{n}/m.safetensors")
    return files


def test_two_hundred_files_take_bounded_memory(tmp_path: Path) -> None:
    place = lay(tmp_path / "Example", two_hundred())
    tracemalloc.start()
    report = check_folder(place, base=SHIPPED)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 300 * 2**20
    assert len(report.files) >= 199


def test_large_files_take_bounded_memory(tmp_path: Path) -> None:
    size = 9 * 2**20
    names = ("README.md", "config.json", "LICENSE", "mergekit_config.yml", "model_index.json")
    files = dict.fromkeys(names, b"{" + b'"a": [' * 9 + b" " * size)
    tracemalloc.start()
    report = checked(tmp_path, ALL_FREE | files)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 300 * 2**20
    assert len(report.files) == len(ALL_FREE | files)


NAMES = ("README.md", "LICENSE", "LICENSE-2", "NOTICE", "USE_POLICY.md", "config.json",
         "generation_config.json", "tokenizer_config.json", "adapter_config.json",
         "model_index.json", "mergekit_config.yml", "m.gguf", "m.safetensors", "m.onnx",
         "m.tflite", "m.nemo", "m.bin", "data/README.md", "data/train.jsonl", "x.py")  # fmt: skip
SEEDS = (b"---\nlicense: mit\n---\nOpen source.", b"{}", b"[]", b'{"auto_map": {"A": "b.C"}}',
         b"GGUF\x03\0\0\0", b"---\nlicense: [\n---\n", b"---\nbase_model: a/b\n---\n",
         b'{"base_model_name_or_path": "meta-llama/Llama-3.1-8B"}', b"", b"\xff\xfe",
         mit()[:400], mit(), "许可".encode())  # fmt: skip
CONTENTS = st.binary(max_size=200) | st.sampled_from(SEEDS)
FOLDERS = st.dictionaries(st.sampled_from(NAMES), CONTENTS, max_size=7)


@given(files=FOLDERS)
@settings(max_examples=60, deadline=None)
def test_whatever_lies_in_a_folder_there_is_a_verdict(files: Files) -> None:
    with tempfile.TemporaryDirectory() as place:
        report = checked(Path(place), files)
    assert {file.path for file in report.files} == set(files)
    json.dumps(report.form())
    if report.report.level in OPEN:
        assert verdict(report) in ("yes", "conditional")


@given(files=FOLDERS)
@settings(max_examples=60, deadline=None)
def test_no_other_file_takes_a_restriction_away(files: Files) -> None:
    own = {"LICENSE": NOTHING_FREE["LICENSE"], "model.safetensors": weights()["model.safetensors"]}
    with tempfile.TemporaryDirectory() as place:
        report = checked(Path(place), files | own)
    assert verdict(report) in ("unknown", "no")
    assert report.report.level not in OPEN


@given(name=st.sampled_from(NAMES), data=CONTENTS)
@settings(max_examples=40, deadline=None)
def test_a_file_more_never_frees_a_gated_restricted_model(name: str, data: bytes) -> None:
    base = card("A", license="cc-by-nc-4.0") | weights() | as_json("config.json", {"a": 1})
    if name in base:
        return
    with tempfile.TemporaryDirectory() as place:
        report = checked(Path(place), base | {name: data})
    assert verdict(report) == "no"
