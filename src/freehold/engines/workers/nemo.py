"""Turns an archive of NeMo into a folder in the layout of Transformers, inside the jail.

Nothing is unpacked under a name that the archive gives: its configuration and its SentencePiece
model are read where they lie, and its weights are copied out to be followed, not unpickled.
"""

import json
import os
import zlib
from mmap import ACCESS_READ, mmap
from pathlib import Path, PurePosixPath
from typing import Any

from freehold.core.errors import BrokenInput
from freehold.engines.workers.convert import ALWAYS, MOST_GROWTH, opened, written
from freehold.formats.nemo_layout import layout, tokenizer_of
from freehold.formats.pickled.tensors import read_checkpoint
from freehold.formats.sentencepiece import MOST_BYTES, read_pieces
from freehold.formats.structured import MOST_YAML, read_yaml
from freehold.formats.tarred import Member, read_tar

CONFIG, WEIGHTS = "model_config.yaml", "model_weights.ckpt"
PACKED = b"\x1f\x8b"
PIECE = 2**22


def convert(source: Path, name: str, out: Path) -> dict[str, Any]:
    """Write the folder `out`; what it holds and what was left out."""
    data, digest = opened(source)
    inside = _unpacked(data, name) if data[:2] == PACKED else data
    members = _members(inside, name)
    config = read_yaml(_bytes(inside, members, CONFIG, MOST_YAML, name), f"{name}: {CONFIG}")
    model = tokenizer_of(config, name)
    pieces = read_pieces(_bytes(inside, members, model, MOST_BYTES, name), f"{name}: {model}")
    weights = _copied(inside, _one(members, WEIGHTS, name))
    found = read_checkpoint(weights, f"{name}: {WEIGHTS}")
    shapes = {key: view.shape for key, view in found.tensors.items()}
    made = layout(config, shapes, pieces, name)
    out.mkdir()
    told = {"converted_from": name, "source_sha256": digest}
    done = written(found, made.names, len(weights), told, out / "model.safetensors")
    for file, content in made.files.items():
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (out / file).write_text(text, encoding="utf-8")
    left = [key for key in found.tensors if key not in made.names]
    return {**done, "left_out": [*left, *found.left_out], "sha256": digest}


def _unpacked(data: mmap, name: str) -> mmap:
    """The archive inside of gzip, in a file of ours; no more than an honest one has."""
    most, at, size = max(MOST_GROWTH * len(data), ALWAYS), 0, 0
    stream = zlib.decompressobj(31)
    with Path("unpacked").open("w+b") as file:
        try:
            while not stream.eof and (piece := data[at : at + PIECE]):
                at += len(piece)
                while piece and not stream.eof:
                    plain = stream.decompress(piece, PIECE)
                    piece, size = stream.unconsumed_tail, size + len(plain)
                    if size > most:
                        raise BrokenInput(f"{name}: unpacks to more than {most:,} bytes")
                    file.write(plain)
        except zlib.error as error:
            raise BrokenInput(f"{name}: is broken: {error}") from error
        if not stream.eof or not size:
            raise BrokenInput(f"{name}: is cut off")
        file.flush()
        return mmap(file.fileno(), 0, access=ACCESS_READ)


def _members(data: mmap, name: str) -> dict[str, Member]:
    """The files by the last part of their names; links and ways out of the archive are refused."""
    found: dict[str, Member] = {}
    for member in read_tar(data, name):
        path = PurePosixPath(member.name)
        if member.kind not in ("file", "folder") or path.is_absolute() or ".." in path.parts:
            raise BrokenInput(
                f"{name}: {member.name[:200]!r} is a link, a device, or leads outside"
            )
        if member.kind == "file":
            if path.name in found:
                raise BrokenInput(f"{name}: holds {path.name[:200]!r} twice")
            found[path.name] = member
    return found


def _one(members: dict[str, Member], wanted: str, name: str) -> Member:
    if wanted not in members:
        names = ", ".join(sorted(members)[:8])
        raise BrokenInput(f"{name}: holds no {wanted}, only {names or 'nothing'}")
    return members[wanted]


def _bytes(data: mmap, members: dict[str, Member], wanted: str, most: int, name: str) -> bytes:
    """A small file of the archive."""
    member = _one(members, wanted, name)
    if member.size > most:
        raise BrokenInput(f"{name}: {wanted} has more than {most:,} bytes")
    return bytes(data[member.start : member.start + member.size])


def _copied(data: mmap, member: Member) -> mmap:
    """The weights in a file of ours, so that they begin where a file begins."""
    with Path("weights").open("w+b") as file:
        for at in range(member.start, member.start + member.size, PIECE):
            file.write(data[at : min(at + PIECE, member.start + member.size)])
        file.flush()
        os.fsync(file.fileno())
        if not member.size:
            raise BrokenInput(f"{WEIGHTS} is empty")
        return mmap(file.fileno(), 0, access=ACCESS_READ)
