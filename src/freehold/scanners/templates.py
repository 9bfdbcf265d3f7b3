"""Reads chat templates, and renders them where Jinja is installed: in a sandbox with limits."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from freehold.core.paths import state
from freehold.formats.templates import LARGEST, lengths, templates_of, tricks
from freehold.scanners.base import CODE, UNCHECKED, Contract, Looked, Remark

WORKER = Path(__file__).parent / "workers" / "render.py"
LONGEST_MARK = 1_000
"""Signs of a token around a talk that are handed over."""
PATIENCE = 10.0
"""Seconds until a template is given up; its own limit is 2 seconds of computing."""


class Scanner(Contract):
    """Chat templates."""

    def look(self, file: Looked) -> Iterator[Remark]:
        """What each template of a file does that it should not."""
        for template in templates_of(file.path, file.last, file.kind):
            yield from _read(template)


def _read(template: str) -> Iterator[Remark]:
    found, long = tricks(template), lengths(template)
    for text in found:
        yield Remark("template", f"its template {text}", CODE)
    for text in long:
        yield Remark("template", f"its template {text}", UNCHECKED)
    if len(template) > LARGEST:
        yield Remark("template", "its template is too long to be read", UNCHECKED)
    elif not found and not long:
        yield from _rendered(template)


@lru_cache(maxsize=64)
def _rendered(template: str) -> tuple[Remark, ...]:
    """What came of rendering; nothing is said where all went well."""
    if sys.platform == "win32" or find_spec("jinja2") is None:
        text = "its template was read, not rendered (Jinja is not installed)"
        return (Remark("template", text),)
    mark = _mark(template)
    if mark.exists():
        return ()
    word, _, why = _run(template).partition(" ")
    if word == "refused":
        return (Remark("template", f"its template was stopped by the sandbox: {why}", CODE),)
    if word == "broken":
        return (Remark("template", f"its template cannot be read: {why}", UNCHECKED),)
    if word != "done":
        return (Remark("template", "its template takes too much time or memory", UNCHECKED),)
    with suppress(OSError):
        mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark.touch(mode=0o600)
    return ()


def _mark(template: str) -> Path:
    """The file that says that this very template was rendered before, by this very program."""
    told = b"\0".join(
        [WORKER.read_bytes(), sys.version.encode(), template.encode("utf-8", "replace")]
    )
    return state() / "templates" / sha256(told).hexdigest()


def shown(template: str, begins: str, ends: str) -> tuple[str | None, str]:
    """What a template makes of a short talk, or None; and why, where it is not rendered.

    `begins` and `ends` are the tokens that stand around a talk. A template that does what no
    chat template needs is not rendered.
    """
    odd = [*tricks(template), *lengths(template)]
    if odd or len(template) > LARGEST:
        return None, odd[0] if odd else "it is too long"
    if sys.platform == "win32" or find_spec("jinja2") is None:
        return None, "Jinja is not installed: pip install 'freehold[templates]'"
    marks = (mark.replace("\0", "")[:LONGEST_MARK] for mark in (begins, ends))
    word, _, text = _run(template, *marks).partition("\n")
    if word == "done":
        return text, ""
    why = {"refused": "the sandbox stopped it", "broken": "it cannot be read",
           "stopped": "it refused the talk"}  # fmt: skip
    told = " ".join(text.split())[:200]
    return None, f"{why[word]}: {told}" if word in why else "it takes too much time or memory"


def _run(template: str, *marks: str) -> str:
    command = (sys.executable, "-I", "-B", str(WORKER), *marks)
    given = template.encode("utf-8", "replace")
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, timeout=PATIENCE, check=False, env={}
        )
    except subprocess.TimeoutExpired:
        return "long"
    return done.stdout.decode("utf-8", "replace").strip() or "long"
