"""Puts a stand-in for llama-server on this machine, and small models beside it."""

import json
import stat
import sys
from pathlib import Path
from typing import Any

from freehold.engines.base import Job
from freehold.formats.invented_llama import Shape, write_llama
from freehold.judge.fitting.parts import Setting

TINY = Shape(layers=2, width=128, feed=256, heads=4, kv_heads=2, context=2048)


def stub(folder: Path, **behavior: Any) -> Path:
    """A program that behaves like llama-server, except for what goes wrong."""
    at = folder / "programs"
    at.mkdir(exist_ok=True)
    program = at / "llama-server"
    text = Path(__file__).with_name("stub_server.py").read_text()
    program.write_text(f"#!{sys.executable} -I\n{text}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (at / "behavior.json").write_text(json.dumps(behavior))
    return program


def tiny(folder: Path, shape: Shape = TINY) -> Path:
    """A model of half a megabyte with random weights."""
    file = folder / "tiny.gguf"
    write_llama(file, shape)
    return file


def running(program: Path) -> set[int]:
    """The processes that run this program."""
    import psutil

    every = psutil.process_iter(["cmdline"])
    return {p.pid for p in every if str(program) in (p.info["cmdline"] or ())}


def job(
    model: Path,
    context: int = 256,
    task: str = "text-generation",
    parallel: int = 1,
    **more: Any,
) -> Job:
    """A job for this model with a small context."""
    setting = Setting(context=context, parallel=parallel)
    return Job(model=model, task=task, setting=setting, threads=1, **more)
