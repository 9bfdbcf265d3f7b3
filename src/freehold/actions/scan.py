"""`scan`: does loading these files run code? Looks at bytes only, and runs nothing of them."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from freehold.core.errors import BrokenInput
from freehold.formats.text import plain, shown
from freehold.scanners.base import (
    SAFE,
    SCANNERS,
    UNCHECKED,
    WORST,
    Contract,
    Looked,
    Remark,
    Verdict,
)

MOST_FILES = 5_000
DEEPEST = 12
PASSED_OVER = frozenset({".git", ".hg", ".svn"})
FIRST = "format_gate"


class Safety(Struct, frozen=True):
    """The verdict on one file: what it is by its bytes, and everything that was remarked."""

    path: str
    kind: str
    verdict: Verdict
    remarks: tuple[Remark, ...]

    @property
    def because(self) -> str:
        """The reason in plain words: the first remark that led to the verdict."""
        reasons = [r.text for r in self.remarks if r.verdict == self.verdict]
        return reasons[0] if reasons else "no scanner knows files like this one"


class Scan(Struct, frozen=True):
    """All files that were looked at, in the order of their names; `cut` when there were more."""

    files: tuple[Safety, ...]
    cut: bool = False

    @property
    def safe(self) -> bool:
        """Whether every file is known to load no code."""
        return not self.cut and all(file.verdict == SAFE for file in self.files)

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        seen = {file.verdict for file in self.files} | ({UNCHECKED} if self.cut else set())
        return next((verdict for verdict in WORST if verdict in seen), UNCHECKED)

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {"verdict": self.verdict, "safety": forms(self.files), "cut": self.cut}


def forms(files: Iterable[Safety]) -> list[dict[str, Any]]:
    """The JSON form of each file's safety, as `scan` and `check` write it."""
    return [
        {
            "path": file.path,
            "kind": file.kind,
            "verdict": file.verdict,
            "because": file.because,
            "remarks": to_builtins(file.remarks),
        }
        for file in files
    ]


def scan(*paths: str | Path, second_opinion: bool = False) -> Scan:
    """Look at files and folders; BrokenInput for a path that is not there.

    With `second_opinion` other scanners are asked about pickles, too, where they are installed.
    Every file counts, also hidden ones; links that lead out of a folder are told, not followed.
    """
    scanners = _scanners(second_opinion)
    found: list[Safety] = []
    cut = False
    for path in map(Path, paths):
        if not path.exists():
            raise BrokenInput(f"{shown(path)} does not exist")
        for one, name in _files(path):
            if len(found) >= MOST_FILES:
                cut = True
                break
            found.append(_safety(one, name, scanners))
    return Scan(tuple(sorted(found, key=lambda file: file.path)), cut)


def _scanners(on_request: bool) -> list[Contract]:
    """Every scanner, the format gate first; those that look on request only then."""
    names = sorted(SCANNERS.names(), key=lambda name: (name != FIRST, name))
    found: list[Contract] = [SCANNERS.get(name) for name in names]
    return [scanner for scanner in found if on_request or not scanner.on_request]


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a folder with its name in it, or the one file; links are not followed."""
    if not root.is_dir():
        yield root, root.name
        return
    for folder, names, files in os.walk(root, followlinks=False):
        here = Path(folder)
        links = [name for name in names if (here / name).is_symlink()]
        names[:] = sorted(set(names) - PASSED_OVER - set(links))
        if len(here.relative_to(root).parts) >= DEEPEST and names:
            yield here / names[0], (here / names[0]).relative_to(root).as_posix()
            names.clear()
        for name in sorted([*files, *links]):
            yield here / name, (here / name).relative_to(root).as_posix()


def _safety(path: Path, name: str, scanners: list[Contract]) -> Safety:
    """What all scanners say of one file."""
    shown_name = plain(name)
    if path.is_dir() and not path.is_symlink():
        return _unread(shown_name, "folder", "lies too deep to be looked at")
    if path.is_symlink() and not _is_near(path):
        return _unread(shown_name, "link", "is a link that leads elsewhere")
    try:
        file = Looked(path, name)
    except BrokenInput as error:
        return _unread(shown_name, "unknown", str(error))
    try:
        remarks = [remark for scanner in scanners for remark in _remarks(scanner, file)]
        return Safety(shown_name, file.kind, _worst(remarks), tuple(remarks))
    finally:
        file.close()


def _unread(name: str, kind: str, why: str) -> Safety:
    return Safety(name, kind, UNCHECKED, (Remark("file", plain(why), UNCHECKED),))


def _is_near(link: Path) -> bool:
    """Whether a link leads to a file of the same folder, or of the Hub's cache around it."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    home = link.parent.resolve()
    blobs = [p.parent / "blobs" for p in home.parents if p.name == "snapshots"]
    blobs += [home.parent.parent / "blobs"] if home.parent.name == "snapshots" else []
    return target.is_file() and (home in target.parents or target.parent in blobs)


def _remarks(scanner: Contract, file: Looked) -> list[Remark]:
    """What one scanner says; a file that it cannot read is one that could not be checked."""
    remarks: list[Remark] = []
    try:
        remarks.extend(scanner.look(file))
    except BrokenInput as error:
        remarks.append(Remark("broken", plain(str(error)), UNCHECKED))
    return remarks


def _worst(remarks: Iterable[Remark]) -> Verdict:
    seen = {remark.verdict for remark in remarks}
    return next((verdict for verdict in WORST if verdict in seen), UNCHECKED)


def refusal(path: Path) -> str | None:
    """Why no engine may be given this file, in a few words, or None: for `get`, `run`, `serve`."""
    bad = sorted(
        (file for file in scan(path).files if file.verdict != SAFE),
        key=lambda file: WORST.index(file.verdict),
    )
    return f"{bad[0].path} {bad[0].verdict}: {bad[0].because}" if bad else None
