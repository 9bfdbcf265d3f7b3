"""Compiling an engine here: pinned sources, in the jail, whole or not at all."""

import io
import json
import sys
import tarfile
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from freehold.actions import native_sources
from freehold.actions.native import build, builds
from freehold.actions.native_sources import pip_index
from freehold.core.errors import BrokenInput, EnvironmentProblem
from freehold.core.machine import compute_capabilities
from freehold.engines.base import ENGINES
from tests.cli.running import freehold

ENGINE = "llama.cpp"
CMAKE = f"""#!{sys.executable} -I
import sys, pathlib
words = sys.argv[1:]
if "-B" in words:
    made = pathlib.Path(words[words.index("-B") + 1])
    made.mkdir()
    (made / "from").write_text(words[words.index("-S") + 1])
    (made / "told").write_text(" ".join(words))
else:
    made = pathlib.Path("made")
    source = pathlib.Path((made / "from").read_text())
    for number in (1, 2):
        print(f"[{{number}}/2] Building", flush=True)
    if (source / "wrong").exists():
        print("main.cpp:3: error: a wish is not a type")
        sys.exit(1)
    for name in words[words.index("--target") + 1 :]:
        (made / name).write_text("#!/bin/sh\\n# " + (made / "told").read_text())
        (made / name).chmod(0o755)
"""
LOCK = """
name = "parcel"
version = "7"
file = "parcel-7.tar.gz"
sha256 = "{digest}"
size = {size}
license = "MIT"
inside = "deep/engine"
unpacked = 100_000
room = 1_000
programs = ["llama-server"]
papers = ["LICENSE"]
options = ["-DWISH=ON"]
[cuda]
options = ["-DCARDS=ON"]
room = 2_000
"""


def parcel(folder: Path, **files: str) -> Path:
    """A source package with an engine deep inside, and beside it a script that nobody runs."""
    at = folder / "parcel-7.tar.gz"
    with tarfile.open(at, "w:gz") as archive:
        for name, text in {"setup.py": "raise SystemExit", **files}.items():
            entry = tarfile.TarInfo(f"parcel-7/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return at


def pinned(folder: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine's lock name this archive."""
    data = archive.read_bytes()
    locks = folder / "locks"
    locks.mkdir(exist_ok=True)
    text = LOCK.format(digest=sha256(data).hexdigest(), size=len(data))
    (locks / ENGINES.get(ENGINE).sources).write_text(text)
    monkeypatch.setattr(native_sources, "LOCKS", locks)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with good sources, and a machine with a compiler and a CMake that is quick."""
    tools = tmp_path / "opt" / "bin"
    tools.mkdir(parents=True)
    for name in ("cmake", "c++", "cc", "make"):
        (tools / name).write_text(CMAKE if name == "cmake" else "#!/bin/sh\necho c++ 99\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    for name in ("CXX", "CC"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "sources"
    folder.mkdir()
    good = parcel(folder, **{"deep/engine/main.cpp": "int main() {}", "deep/engine/LICENSE": "MIT"})
    pinned(tmp_path, good, monkeypatch)
    return folder


def quiet(_: str) -> None:
    """Say nothing."""


def left(home: Path) -> list[str]:
    """What is in the folder of runtimes."""
    folder = home / "share" / "runtimes"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_what_is_compiled_here_is_kept_and_found_before_the_wheel(
    sources: Path, home: Path
) -> None:
    heard: list[tuple[str, int, int]] = []
    done = build(ENGINE, sources=sources, say=quiet, count=lambda *step: heard.append(step))
    assert (done.state, done.version) == ("built", "7")
    assert heard[-1] == ("compiling", 2, 2)
    assert left(home) == ["llamacpp_native"]
    assert sorted(p.name for p in done.folder.iterdir()) == [
        "LICENSE",
        "freehold.json",
        "llama-server",
    ]
    found = ENGINES.get(ENGINE).find()
    assert (found.native, found.version) == (True, "7+native")
    assert found.at == done.folder / "llama-server"


def test_a_second_build_does_nothing_unless_told_so(sources: Path) -> None:
    build(ENGINE, sources=sources, say=quiet)
    said: list[str] = []
    build(ENGINE, sources=sources, say=said.append)
    assert said == []
    build(ENGINE, sources=sources, say=said.append, again=True)
    assert said


def test_sources_with_another_digest_are_refused_before_anything_runs(
    sources: Path, home: Path
) -> None:
    parcel(sources, **{"deep/engine/main.cpp": "something else"})
    with pytest.raises(BrokenInput, match="not the file that was pinned"):
        build(ENGINE, sources=sources, say=quiet)
    assert left(home) == []


def test_a_failed_compilation_leaves_nothing_and_shows_the_last_lines(
    sources: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = parcel(sources, **{"deep/engine/wrong": "yes"})
    pinned(tmp_path, bad, monkeypatch)
    with pytest.raises(EnvironmentProblem, match="a wish is not a type") as wrong:
        build(ENGINE, sources=sources, say=quiet)
    assert "freehold runtime install llama.cpp" in str(wrong.value.hint)
    assert left(home) == []


def test_an_interrupted_build_leaves_nothing_and_the_one_before_stays(
    sources: Path, home: Path
) -> None:
    before = build(ENGINE, sources=sources, say=quiet)

    def stop(what: str, done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(ENGINE, sources=sources, say=quiet, count=stop, again=True)
    assert left(home) == ["llamacpp_native"]
    assert (before.folder / "llama-server").exists()


def test_what_a_killed_build_left_is_cleared_by_the_next(sources: Path, home: Path) -> None:
    half = home / "share" / "runtimes" / ".building-llamacpp_native-x"
    half.mkdir(parents=True)
    build(ENGINE, sources=sources, say=quiet)
    assert left(home) == ["llamacpp_native"]


def test_one_for_another_processor_is_not_taken(sources: Path, home: Path) -> None:
    folder = build(ENGINE, sources=sources, say=quiet).folder
    record = folder / "freehold.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "processor": "Another"}))
    assert [one.state for one in builds()] == ["elsewhere"]
    found = ENGINES.get(ENGINE).find()
    assert found is None or not found.native


@pytest.fixture
def card(sources: Path, tmp_path: Path) -> Iterator[Path]:
    """A machine with two NVIDIA cards and their compiler; the folder with `nvidia-smi`."""
    tools = tmp_path / "opt" / "bin"
    for name, says in (("nvidia-smi", "12.0\\n9.0\\n9.0"), ("nvcc", "")):
        (tools / name).write_text(f"#!/bin/sh\nprintf '{says}'\n")
        (tools / name).chmod(0o755)
    compute_capabilities.cache_clear()
    yield tools
    compute_capabilities.cache_clear()


def test_with_an_nvidia_card_and_its_compiler_it_is_compiled_for_the_card_too(
    sources: Path, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDACXX", str(card / "nvcc"))
    said: list[str] = []
    done = build(ENGINE, sources=sources, say=said.append)
    told = (done.folder / "llama-server").read_text().split()
    assert "-DCARDS=ON" in told
    assert f"-DCMAKE_CUDA_COMPILER={card / 'nvcc'}" in told
    assert "-DCMAKE_CUDA_ARCHITECTURES=120;90" in told
    assert any("cards: 12.0, 9.0" in line for line in said)
    found = ENGINES.get(ENGINE).find()
    assert (found.cards, found.version) == (("12.0", "9.0"), "7+cuda")


def test_on_a_machine_with_other_cards_it_is_not_taken(
    sources: Path, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDACXX", str(card / "nvcc"))
    build(ENGINE, sources=sources, say=quiet)
    (card / "nvidia-smi").unlink()
    compute_capabilities.cache_clear()
    assert [one.state for one in builds()] == ["elsewhere"]


def test_an_empty_cudacxx_leaves_the_card_out_and_a_later_compiler_makes_it_old(
    sources: Path, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDACXX", "")
    said: list[str] = []
    done = build(ENGINE, sources=sources, say=said.append)
    assert "-DCARDS=ON" not in (done.folder / "llama-server").read_text()
    assert any("for the processor alone" in line for line in said)
    monkeypatch.setenv("CUDACXX", str(card / "nvcc"))
    assert [one.state for one in builds()] == ["old"]


def test_an_archive_that_unpacks_to_too_much_is_refused(
    sources: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = parcel(sources, **{"deep/engine/main.cpp": "x" * 200_000})
    pinned(tmp_path, big, monkeypatch)
    with pytest.raises(EnvironmentProblem, match="more than 100,000 bytes"):
        build(ENGINE, sources=sources, say=quiet)
    assert left(home) == []


def test_without_a_compiler_it_says_how_to_get_one(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EnvironmentProblem, match=r"no C\+\+ compiler") as wrong:
        build(ENGINE, sources=sources, say=quiet)
    assert "apt install g++" in str(wrong.value.hint)
    monkeypatch.setenv("CXX", "/nowhere/clang++")
    with pytest.raises(EnvironmentProblem, match="/nowhere/clang"):
        build(ENGINE, sources=sources, say=quiet)


def test_cmake_is_brought_for_the_build_alone_where_there_is_none(
    sources: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []

    def installed(at: Path, what: tuple[str, ...], given: Path | None, _: object) -> None:
        heard.extend([*what, given])
        (at / "bin").mkdir(parents=True)
        (tmp_path / "cmake").rename(at / "bin" / "cmake")

    lock = tmp_path / "locks" / str(ENGINES.get(ENGINE).sources)
    lock.write_text(lock.read_text() + '[tools]\ncmake = "4.0"\nninja = "1.0"\n')
    monkeypatch.setattr("freehold.actions.native.installed", installed)
    (tmp_path / "opt" / "bin" / "cmake").rename(tmp_path / "cmake")
    assert build(ENGINE, sources=sources, say=quiet).state == "built"
    assert heard == ["cmake==4.0", sources]
    assert left(home) == ["llamacpp_native"]


def test_a_full_disk_is_told_before_anything_is_brought(
    sources: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: (9, 9, 5))
    with pytest.raises(EnvironmentProblem, match="GB free"):
        build(ENGINE, sources=sources, say=quiet)
    assert left(home) == []


def test_sources_that_are_not_in_the_folder_are_named_with_their_digest(
    sources: Path, tmp_path: Path
) -> None:
    with pytest.raises(EnvironmentProblem, match=r"parcel-7\.tar\.gz") as wrong:
        build(ENGINE, sources=tmp_path, say=quiet)
    assert "SHA-256" in str(wrong.value.hint)


@pytest.fixture
def index(sources: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A package index on this machine that has the parcel; the paths that it was asked for."""
    asked: list[str] = []
    data = (sources / "parcel-7.tar.gz").read_bytes()
    page = b'<a href="../../files/parcel-7.tar.gz#sha256=00">parcel-7.tar.gz</a>'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = page if self.path.endswith("/") else data
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    at = f"http://127.0.0.1:{server.server_port}/simple"
    monkeypatch.setattr(native_sources, "pip_index", lambda: at)
    yield asked
    server.shutdown()
    server.server_close()


def test_sources_come_from_the_index_that_pip_uses(index: list[str]) -> None:
    assert build(ENGINE, say=quiet).state == "built"
    assert index == ["/simple/parcel/", "/files/parcel-7.tar.gz"]


def test_offline_nobody_is_asked(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_sources, "pip_index", lambda: "https://index.example/simple")
    monkeypatch.setenv("FREEHOLD_OFFLINE", "1")
    with pytest.raises(EnvironmentProblem, match="FREEHOLD_OFFLINE"):
        build(ENGINE, say=quiet)


def test_the_index_is_the_one_of_the_settings_of_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pip")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/a/very/long/path/to/simple")
    assert pip_index() == "https://mirror.example/a/very/long/path/to/simple"


def test_the_command_compiles_lists_and_says_so(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("runtime", "install", ENGINE, "--build", "--sources", str(sources))
    done = freehold(capsys, *words)
    assert (done.code, "built" in done.out) == (0, True)
    (row,) = (r for r in json.loads(freehold(capsys, "runtime", "list", "--json").out)
              if r["engine"] == ENGINE)  # fmt: skip
    assert row["native"]["state"] == "built"
    assert "for exactly this processor" in freehold(capsys, "engines").out
    assert "for exactly this processor" in freehold(capsys, "doctor").out
    assert freehold(capsys, "runtime", "install", ENGINE, "--sources", str(sources)).code == 2


def test_every_engine_that_is_compiled_pins_its_sources() -> None:
    for engine in ENGINES.all():
        if engine.sources:
            wanted = native_sources.sources_of(engine.sources)
            assert len(wanted.sha256) == 64
            assert wanted.programs
