"""Judges an offer before its weights are fetched: cards, license texts and heads of files."""

import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from freehold.actions.acceptance import BINDING_TEXTS
from freehold.actions.folder import Fetched, FolderReport, check_folder
from freehold.actions.folder_reading import ENDINGS, WEIGHTS, File, kind_of_file
from freehold.actions.policed import HUB, named
from freehold.actions.scan import scan
from freehold.core.errors import BrokenInput
from freehold.knowledge.base import KnowledgeBase
from freehold.scanners.base import CODE
from freehold.sources.base import Supplier
from freehold.sources.download import Watch, read_part
from freehold.sources.heads import head_of, write_parts
from freehold.sources.huggingface import is_the_hub
from freehold.store.digests import Digests, wrong
from freehold.store.offer import Offer, Offered

MOST_OF_A_TEXT = 2_000_000
MOST_TEXTS = 100
MOST_HEADS = 16
AT_ONCE = 8
HEADED = (".gguf", ".safetensors", ".onnx")


class Judged(Struct, frozen=True):
    """What `check` says, and the license texts by their paths as they were read."""

    report: FolderReport
    texts: dict[str, bytes] = {}


def judge_offer(
    supplier: Supplier, offer: Offer, files: tuple[Offered, ...], base: KnowledgeBase, watch: Watch
) -> Judged:
    """What `check` says of the files that would be brought; only texts and heads are fetched.

    Raises BrokenInput where a file of weights is not what it should be: it is not safe to load.
    """
    with tempfile.TemporaryDirectory(prefix="freehold-") as folder:
        into = Path(folder) / offer.name.rpartition("/")[2].strip(". ")
        into.mkdir()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda file: _put(supplier, file, into, watch), _needed(files)))
        rest = tuple(File(f.path, kind_of_file(f.path), f.size or 0) for f in files)
        report = check_folder(
            into, base=base, fetched=Fetched(_repo(offer), rest), source=offer.source
        )
        report = named(report, offer.name, base)
        licenses = [file.path for file in report.seen.licenses if file.kind in BINDING_TEXTS]
        texts = {path: into.joinpath(*path.split("/")).read_bytes() for path in licenses}
    broken = [f for f in report.seen.files if f.problem and f.path.lower().endswith(WEIGHTS)]
    if broken:
        raise BrokenInput(f"not fetched: {broken[0].problem}")
    return Judged(report, texts)


def _repo(offer: Offer) -> str | None:
    """The repository whose name is proven: files that came from the Hub itself."""
    return offer.name if offer.source == HUB and is_the_hub() else None


def look(folder: Path, paths: Iterable[str]) -> None:
    """Read the heads of files that are here now; BrokenInput where one should not be loaded."""
    for path in paths:
        place = folder.joinpath(*path.split("/"))
        read = ENDINGS.get(f".{path.lower().rpartition('.')[2]}")
        if read is not None:
            read(place, path)
        for file in scan(place).files:
            if file.verdict == CODE:
                raise BrokenInput(f"{path} contains code: {file.because}")


def _needed(files: tuple[Offered, ...]) -> list[Offered]:
    """The files that tell something: texts first, then heads, within bounds."""
    heads = [f for f in files if f.path.lower().endswith(HEADED)]
    others = [f for f in files if not f.path.lower().endswith(WEIGHTS)]
    return [*sorted(others, key=_deep)[:MOST_TEXTS], *heads[:MOST_HEADS]]


def _proven(file: Offered, data: bytes) -> bytes:
    """The bytes of a text, held against what its publisher says: verdicts rest on them."""
    digests = Digests(file.size, git=bool(file.git))
    digests.add(data)
    why = wrong(file, digests)
    if why:
        raise BrokenInput(f"{file.path}: {why}")
    return data


def _deep(file: Offered) -> tuple[int, str]:
    return file.path.count("/"), file.path


def _put(supplier: Supplier, file: Offered, into: Path, watch: Watch) -> None:
    """Write what is needed of one file; of weights a file of full size with holes."""
    size = file.size
    if file.path.lower().endswith(HEADED):
        if size is None:
            raise BrokenInput(f"{file.path}: its server does not say how large it is")
        parts = head_of(
            file.path, size, lambda at, n: read_part(supplier, file, at, n, watch.sleep)
        )
    else:
        if size is None or size > MOST_OF_A_TEXT:
            return
        parts = [(0, _proven(file, read_part(supplier, file, 0, size, watch.sleep)))]
    write_parts(into.joinpath(*file.path.split("/")), size, parts)
