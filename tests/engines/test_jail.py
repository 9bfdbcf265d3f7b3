"""The jail holds an engine to what it says: each promise is tried from inside."""

import sys
from pathlib import Path

import pytest

from freehold.engines.hosting import process
from tests.engines.test_hosting import said

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces these")
HELD = process.available() if sys.platform == "linux" else {}


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not HELD.get(name), reason=f"this kernel does not hold {name}")


def test_looking_what_is_available_confines_nobody(tmp_path: Path) -> None:
    assert set(process.available()) == {"memory", "network", "files", "privileges"}
    (tmp_path / "file").write_text("still free")


@needs("network")
def test_no_connection_leads_out_not_even_to_this_machine() -> None:
    code = (
        "import socket\n"
        "for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):\n"
        "    try: s = socket.socket(socket.AF_INET, kind); s.connect(('127.0.0.1', 9)); "
        "s.send(b'x'); print('out')\n"
        "    except OSError: print('held')\n"
    )
    assert said(code) == ["held", "held"]


@needs("files")
def test_only_what_was_named_is_read_and_nothing_else_is_written(tmp_path: Path) -> None:
    model, secret = tmp_path / "model", tmp_path / "secret"
    model.write_text("weights")
    secret.write_text("key")
    code = (
        "def tried(mode, path):\n"
        "    try:\n"
        "        with open(path, mode): return 'yes'\n"
        "    except OSError: return 'no'\n"
        f"print(tried('r', {str(model)!r}), tried('a', {str(model)!r}), "
        f"tried('r', {str(secret)!r}), tried('w', {str(tmp_path / 'new')!r}), "
        "tried('w', 'own'), tried('r', '/proc/1/environ'))"
    )
    assert said(code, read=(model,)) == ["yes no no no yes no"]
    assert model.read_text() == "weights"


@needs("files")
def test_of_what_the_kernel_keeps_only_its_own_is_written() -> None:
    code = (
        "import os\n"
        "def tried(path):\n"
        "    try:\n"
        "        with open(path, 'r+') as file: file.write('x'); return 'yes'\n"
        "    except OSError: return 'no'\n"
        "print(tried('/proc/self/comm'), tried(f'/proc/self/task/{os.getpid()}/comm'),"
        " tried(f'/proc/{os.getppid()}/comm'), tried('/proc/sys/kernel/domainname'),"
        " tried('/sys/module/kernel/parameters/panic'))"
    )
    assert said(code) == ["yes yes no no no"]


@needs("files")
def test_a_link_to_a_model_may_be_followed(tmp_path: Path) -> None:
    blob = tmp_path / "blobs" / "b"
    blob.parent.mkdir()
    blob.write_text("weights")
    link = tmp_path / "snapshots" / "model"
    link.parent.mkdir()
    link.symlink_to(blob)
    assert said(f"print(open({str(link)!r}).read())", read=(link,)) == ["weights"]


@needs("memory")
def test_more_memory_than_allowed_is_refused() -> None:
    code = "try: bytearray(2**30); print('taken')\nexcept MemoryError: print('held')"
    assert said(code, memory=2**29) == ["held"]


@needs("privileges")
def test_no_privileges_old_or_new_and_no_core_file() -> None:
    code = (
        "import resource\n"
        "print([l.split()[1] for l in open('/proc/self/status') if l.startswith('NoNewPrivs')])\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE))\n"
        "print([l.split()[1] for l in open('/proc/self/status') if l.startswith('CapEff')])"
    )
    assert said(code) == ["['1']", "(0, 0)", f"['{0:016x}']"]


def test_an_engine_may_be_interrupted_though_its_keeper_may_not() -> None:
    code = "import signal; print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
    assert said(code) == ["True"]
