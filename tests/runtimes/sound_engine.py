"""What tests of sound and series share: tiny models made once, and an engine to ask."""

import math
import shutil
import struct
import subprocess
import wave
from pathlib import Path
from typing import Any

from freehold.engines.base import Job, start
from freehold.engines.transformers import Engine
from freehold.judge.fitting.parts import Setting
from freehold.tasks.base import File, Progress, with_files

__all__ = ["Engine", "asked", "heard", "is_honest", "kept", "made", "tone"]
HERE = Path(__file__).parent


def made(script: str, names: list[str], folder: Path) -> Path:
    """Tiny models with what the library itself makes of them, by a script in the runtime."""
    found = Engine().find()
    assert found is not None
    done = subprocess.run(
        [str(found.at), "-B", str(HERE / script), str(folder), *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def asked(model: Path, task: str, *requests: Any, **options: Any) -> list[Any]:
    """What one engine answers to each of these requests: the result, or its error."""
    options = {"threads": 2, **options}
    job = Job(model=model, task=task, setting=Setting(context=1), **options)
    answers: list[Any] = []
    with start(Engine(), job, patience=120) as running:
        for request in requests:
            try:
                answers.append([brought_out(part, model.parent) for part in running.ask(request)])
            except Exception as error:
                answers.append(error)
    return answers


def brought_out(part: Any, folder: Path) -> Any:
    """The same with its files where they outlive the engine."""

    def bring(file: File) -> File:
        return File(Path(shutil.copy(file.path, folder)), file.kind)

    return with_files(part, bring)


def is_honest(parts: list[Any]) -> bool:
    """Whether progress never goes back and never beyond its end."""
    steps = [p for p in parts if isinstance(p, Progress)]
    return all(0 <= p.done <= p.of for p in steps)


def heard(file: File) -> tuple[int, list[int]]:
    """The rate and the samples of a WAV file of 16 bits."""
    with wave.open(str(file.path)) as source:
        data = source.readframes(source.getnframes())
        return source.getframerate(), [value for (value,) in struct.iter_unpack("<h", data)]


def kept(path: Path) -> list[float]:
    """The numbers of a `.npy` file of 32-bit floats, without any library."""
    data = path.read_bytes()
    begin = 10 + int.from_bytes(data[8:10], "little")
    assert b"'<f4'" in data[:begin]
    return [value for (value,) in struct.iter_unpack("<f", data[begin:])]


def tone(
    path: Path, seconds: float = 1.0, rate: int = 16_000, channels: int = 1, pitch: float = 440
) -> File:
    """A WAV file with a tone that swells and fades."""
    with wave.open(str(path), "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(2)
        target.setframerate(rate)
        values = (
            int(16_000 * math.sin(2 * math.pi * pitch * n / rate) * math.sin(3 * n / rate))
            for n in range(round(seconds * rate))
        )
        target.writeframes(b"".join(struct.pack("<h", v) * channels for v in values))
    return File(path, "audio")
