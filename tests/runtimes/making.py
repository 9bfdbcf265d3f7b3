"""Runs the scripts that make tiny models, in the Python of a runtime, once for all tests."""

import struct
import subprocess
import tempfile
import zlib
from functools import cache
from pathlib import Path

from freehold.engines.base import Found, Job
from freehold.judge.fitting.parts import Setting

HERE = Path(__file__).parent


@cache
def folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that is gone when the tests are over."""
    return tempfile.TemporaryDirectory(prefix="freehold-tiny-")


@cache
def made(found: Found, script: str, *names: str) -> Path:
    """The folder into which a script of this folder has put what these names stand for."""
    name = "-".join((Path(script).stem, *names, ""))
    place = Path(tempfile.mkdtemp(prefix=name, dir=folder().name))
    words = [str(found.at), "-I", "-B", str(HERE / script), str(place), *names]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return place


def job(model: Path, task: str, **more: object) -> Job:
    """A job on two threads that leaves all else to the engine."""
    return Job(model=model, task=task, setting=Setting(context=1), **({"threads": 2} | more))  # type: ignore[arg-type]


def pixels(path: Path) -> bytes:
    """The pixels of a PNG that Pillow has written, still filtered: equal for equal images."""
    data, at, found = path.read_bytes(), 8, b""
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] in (b"IDAT",):
            found += data[at + 8 : at + 8 + length]
        at += 12 + length
    return zlib.decompress(found)
