"""Requests and results as they travel to other machines: JSON, with the bytes of their files."""

import tempfile
from pathlib import Path
from typing import Any

from freehold.tasks.base import File, Progress, Task, unpacked, with_files

Parcel = tuple[bytes, dict[str, bytes]]


def packed_up(data: bytes, value: Any) -> Parcel:
    """JSON and the bytes of every file that the value names."""
    files: dict[str, bytes] = {}

    def take(file: File) -> File:
        files[str(file.path)] = file.path.read_bytes()
        return file

    with_files(value, take)
    return data, files


def opened(parcel: Parcel, form: type, folder: Path) -> Any:
    """The value with its files in a folder of this machine."""
    data, files = parcel

    def put(file: File) -> File:
        there = Path(tempfile.mkdtemp(dir=folder)) / file.path.name
        there.write_bytes(files[str(file.path)])
        return File(there, file.kind)

    return with_files(unpacked(data, form), put)


def unpacked_here(parcel: Parcel, task: Task, name: str) -> Any:
    """One part of an answer; files go into a new temporary folder, which belongs to the caller."""
    forms = {"piece": task.piece, "progress": Progress, "result": task.result}
    form = forms[name]
    assert form is not None
    folder = Path(tempfile.mkdtemp(prefix="freehold-")) if parcel[1] else Path()
    return opened(parcel, form, folder)
