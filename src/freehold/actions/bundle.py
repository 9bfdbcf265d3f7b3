"""`bundle`: models of the store with everything that belongs to them, in one verifiable file."""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.acceptance import known_terms, require, terms_in
from freehold.actions.bom import tool_version
from freehold.actions.bom_cyclonedx import cyclonedx
from freehold.actions.bom_spdx import spdx
from freehold.actions.check import Report, check
from freehold.actions.folder import FolderReport, check_folder
from freehold.actions.notice import notice
from freehold.actions.policed import named, obey
from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.core.http import shown
from freehold.formats.bundle import SCHEMA, Entry, Index, read_files, read_index, write_bundle
from freehold.formats.text import opened
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.policy_file import read_policies
from freehold.sources.listing import unsafe_name
from freehold.store import catalog
from freehold.store.layout import plain_name
from freehold.store.manifest import Manifest
from freehold.store.partial import sync_folder, written

HUB = "huggingface"
KINDS = ("notice", "bom", "policy", "wheel")
LARGEST_PAPER, LARGEST_WHEEL, MOST_PAPERS = 64 * 2**20, 16 * 2**30, 10_000


class Paper(Struct, frozen=True):
    """Something beside the weights: a notice, a bill of materials, a policy, a wheel."""

    name: str
    kind: str
    sha256: str
    size: int
    model: str | None = None


class Contents(Struct, frozen=True):
    """What a bundle says of its files: models as the store keeps them, and papers."""

    models: tuple[Manifest, ...]
    papers: tuple[Paper, ...] = ()


class Bundle(Struct, frozen=True, kw_only=True):
    """A bundle that was made or read; `digest` is that of its index, which vouches for all."""

    file: Path
    digest: str
    made: str
    tool: str
    size: int
    contents: Contents
    notes: tuple[str, ...] = ()

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "file": str(self.file), "digest": self.digest, "made": self.made, "tool": self.tool,
            "size": self.size,
            "models": [
                {"name": m.name, "source": m.source, "origin": shown(m.origin),
                 "commit": m.commit, "license": m.license, "size": m.size,
                 "files": [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in m.files]}
                for m in self.contents.models
            ],
            "papers": msgspec.to_builtins(self.contents.papers), "notes": list(self.notes),
        }  # fmt: skip


def create(
    models: Sequence[str], file: Path, *, wheels: Path | None = None,
    base: KnowledgeBase | None = None, now: datetime | None = None,
) -> Bundle:  # fmt: skip
    """Write models of the store into a new file, with notices, bills of materials, policies and,
    from the folder `wheels`, what an engine is installed from.

    Every byte is held against the digest that the store keeps. NotAllowed where a policy refuses
    a model or its terms were not agreed to; nothing is left behind by a bundle that failed.
    """
    base, now = base or open_base(), now or datetime.now(UTC)
    if not models:
        raise UsageError("name a model of the store", hint="freehold store list")
    found = {m.name: m for m in (catalog.get(name) for name in models)}
    notes: list[str] = []
    papers: list[tuple[Paper, BinaryIO]] = []
    with ExitStack() as stack:
        for manifest in found.values():
            report, told = _allowed(manifest, base)
            notes += told
            papers += [_paper(p) for p in _papers(manifest.name, report, base, now)]
        papers += [_paper(row) for row in _policies(base)]
        papers += [_wheel(path, stack) for path in _wheels(wheels)]
        contents = Contents(
            tuple(_told(m) for m in found.values()), tuple(paper for paper, _ in papers)
        )
        sources = {
            Entry(f.sha256, f.size): catalog.data_of(m, f) for m in found.values() for f in m.files
        }
        others = {Entry(paper.sha256, paper.size): stream for paper, stream in papers}
        entries = tuple(dict.fromkeys((*others, *sources)))
        about = msgspec.Raw(msgspec.json.encode(contents))
        made = now.isoformat(timespec="seconds")
        index = Index(schema=SCHEMA, tool=tool_version(), made=made, files=entries, about=about)
        streams = (others.get(e) or _open(sources[e], stack) for e in entries)
        digest = _written(file, index, streams)
    return Bundle(
        file=file, digest=digest, made=made, tool=index.tool, size=file.stat().st_size,
        contents=contents, notes=tuple(notes),
    )  # fmt: skip


def show(file: Path, *, verify: bool = False) -> Bundle:
    """What is in a bundle by its index; with `verify` every byte is held against its digest."""
    with opened(file) as (stream, size):
        bundle, index = read(file, stream, size)
        if verify:
            with speaking_of(file):
                read_files(stream, index, lambda _: nullcontext(_Nowhere()))
    return bundle


def read(file: Path, stream: BinaryIO, size: int) -> tuple[Bundle, Index]:
    """The index of an open bundle, and what it says; BrokenInput where either cannot be."""
    with speaking_of(file):
        index, digest = read_index(stream, size)
        try:
            contents = msgspec.json.decode(index.about, type=Contents)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise BrokenInput(f"its index cannot be read: {error}") from error
        _check(contents, {*index.files})
    return Bundle(
        file=file, digest=digest, made=index.made, tool=index.tool, size=size, contents=contents
    ), index


@contextmanager
def speaking_of(file: Path) -> Iterator[None]:
    """Says of which bundle a BrokenInput speaks."""
    try:
        yield
    except BrokenInput as error:
        raise BrokenInput(f"{file}: {error}", hint=error.hint) from error


class _Nowhere:
    def write(self, data: bytes, /) -> object:
        """Take the bytes to nowhere."""
        return len(data)


def _allowed(manifest: Manifest, base: KnowledgeBase) -> tuple[Report, tuple[str, ...]]:
    """The verdicts on a model that may be bundled, and what must be said of it."""
    root = Path(manifest.folder)
    found = named(check_folder(root, base=base, source=manifest.source), manifest.name, base)
    told = obey("bundle", manifest.name, found.report.policy)
    known = known_terms(manifest.source, manifest.name, base)
    require(terms_in(found, root, manifest.name, base=base, known=known))
    report = _best(manifest, found, base)
    permit = next(p for p in report.permits if p.use == "redistribute")
    if permit.verdict not in ("yes", "conditional"):
        told = (
            *told,
            f"{manifest.name}: to give it to others is {permit.verdict}: {permit.because}",
        )
    return report, told


def _best(manifest: Manifest, found: FolderReport, base: KnowledgeBase) -> Report:
    """The report of the knowledge base where it knows the repository; else that of the files."""
    known = manifest.source == HUB and base.find(manifest.name)
    return check(manifest.name, base=base) if known else found.report


Row = tuple[str, str, bytes, str | None]


def _papers(name: str, report: Report, base: KnowledgeBase, now: datetime) -> Iterator[Row]:
    """(name, kind, bytes, model) of what is written for one model."""
    place = plain_name(name)
    yield f"{place}/NOTICE", "notice", notice(report).encode(), name
    for form, made in (
        ("cdx", cyclonedx(report, now, base=base)),
        ("spdx", spdx(report, now, base=base)),
    ):
        yield f"{place}/bom.{form}.json", "bom", msgspec.json.encode(made), name


def _policies(base: KnowledgeBase) -> Iterator[Row]:
    for placed in read_policies(base):
        yield f"policy-{placed.where}.toml", "policy", Path(placed.path).read_bytes(), None


def _paper(row: Row) -> tuple[Paper, BinaryIO]:
    name, kind, data, model = row
    return Paper(name, kind, sha256(data).hexdigest(), len(data), model), io.BytesIO(data)


def _wheels(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    found = sorted(path for path in folder.glob("*.whl") if path.is_file())
    if not found:
        raise UsageError(f"{folder} holds no wheels", hint="pip download --dest FOLDER ...")
    return found


def _wheel(path: Path, stack: ExitStack) -> tuple[Paper, BinaryIO]:
    stream = _open(path, stack)
    digest = sha256()
    while piece := stream.read(2**20):
        digest.update(piece)
    size = stream.tell()
    stream.seek(0)
    return Paper(f"wheels/{path.name}", "wheel", digest.hexdigest(), size), stream


def _open(path: Path, stack: ExitStack) -> BinaryIO:
    try:
        return stack.enter_context(path.open("rb"))
    except OSError as error:
        hint = "freehold store verify --repair"
        raise BrokenInput(f"{path}: cannot be read: {error.strerror}", hint=hint) from error


def _told(manifest: Manifest) -> Manifest:
    """A manifest without what is of this machine only, or may be a secret in an address."""
    web = manifest.origin.startswith(("http://", "https://"))
    origin = manifest.origin.partition("?")[0] if web else manifest.origin
    return replace(manifest, folder="", origin=origin)


def _written(file: Path, index: Index, streams: Iterator[BinaryIO]) -> str:
    """Write the bundle beside its place and move it there when it is whole and on the disk."""
    made = file.with_name(f".{file.name}.{os.getpid()}")
    if file.exists():
        raise EnvironmentProblem(f"{file} is there already", hint="name another file")
    try:
        with written(file), made.open("xb") as out:
            digest = write_bundle(out, index, streams)
            out.flush()
            os.fsync(out.fileno())
        with written(file):
            os.replace(made, file)
            sync_folder(file.absolute().parent)
    finally:
        made.unlink(missing_ok=True)
    return digest


def _check(contents: Contents, there: set[Entry]) -> None:
    """Refuse names that could lead anywhere, and files that are not in the bundle."""
    if len(contents.papers) > MOST_PAPERS:
        raise BrokenInput(f"it has more than {MOST_PAPERS:,} papers")
    for paper in contents.papers:
        most = LARGEST_WHEEL if paper.kind == "wheel" else LARGEST_PAPER
        if unsafe_name(paper.name) or paper.kind not in KINDS or paper.size > most:
            raise BrokenInput(f"it has a paper {paper.name[:100]!r}, which cannot be")
    files = [(f.sha256, f.size) for m in contents.models for f in m.files]
    for digest, size in [*files, *((p.sha256, p.size) for p in contents.papers)]:
        if Entry(digest, size) not in there:
            raise BrokenInput(f"it speaks of a file {digest[:12]!r}, which is not in it")
