"""Which parts of a release the files of a folder show, and on what sign each of them rests.

What lies in the folder is there. What a card links, names or tells of is *indicated*: it may be
there, but nobody here has seen it, so it never meets what a license must be known for.
"""

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from freehold.actions.folder_reading import WEIGHTS, Evidence, Seen
from freehold.formats.card_topics import SHORT, TOPICS
from freehold.formats.config import Config
from freehold.formats.hints import Hint, dataset_of, repository_of
from freehold.formats.model_card import ModelCard
from freehold.judge.licensing import is_open
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.datasets import KnownDataset, known_dataset
from freehold.knowledge.types import Component

MOST_NAMED = 20
_ARXIV = re.compile(r"arxiv:\d{4}\.\d{4,5}(?:v\d+)?", re.IGNORECASE)
_CHECKPOINT = re.compile(r"(?:^|/)(?:checkpoint-\d+|global_step_?\d+|step[-_]?\d+)/")

_STEP = re.compile(r"step|checkpoint|ckpt|tokens|iter", re.IGNORECASE)


def parts(seen: Seen, license: str | None, source: str, base: KnowledgeBase) -> list[Component]:
    """Every part of which anything is shown, each once; what is denied is never indicated."""
    found = {part.kind: part for part in _seen(seen, license, source)}
    for path, card in seen.cards:
        for part in (*_named(card, base), *_hinted(path, card, base)):
            known = found.get(part.kind)
            if known is None or (known.state == "indicated" and part.state == "withheld"):
                found[part.kind] = part
    return list(found.values())


def signs(seen: Seen) -> Iterator[Evidence]:
    """The signs of parts as evidence: how they are said, in which line, and what."""
    for path, card in seen.cards:
        for name in card.datasets[:MOST_NAMED]:
            yield Evidence("tag", path, name, None, "datasets")
        for hint in card.hints:
            standing = "" if hint.standing == "given" else f" ({hint.standing})"
            says = f"{hint.says}{standing}" + (f": {hint.url}" if hint.url else "")
            yield Evidence(hint.level, f"{path}:{hint.line}", says[:300], None, hint.component)
        for row in card.results[:MOST_NAMED]:
            yield Evidence("seen", path, row, None, "evaluation-results")


def datasets_of(seen: Seen, base: KnowledgeBase) -> Iterator[tuple[str, KnownDataset]]:
    """(path, dataset) of every dataset that a card at the top names and that is known here."""
    for path, card in seen.cards:
        names = (*card.datasets, *_data_links(card.hints))
        for name in dict.fromkeys(name.casefold() for name in names):
            known = known_dataset(base, name)
            if known:
                yield path, known


def _seen(seen: Seen, license: str | None, source: str) -> Iterator[Component]:
    """The parts that lie in the folder."""
    names = [file.path.casefold() for file in seen.files]
    weights = any(file.kind == "weights" for file in seen.files)
    yield Component(
        kind="model-parameters",
        state="released" if weights else "unknown",
        source=source,
        license=license,
        note=None if weights else "No weights lie in this folder.",
    )
    cards = [card for _, card in seen.cards]
    if any(card.words >= SHORT or card.topics for card in cards):
        yield _card(cards, license)
    if any(card.results for card in cards):
        yield Component(kind="evaluation-results", state="released", source="card", license=license)
    if any(_CHECKPOINT.search(name) for name in names if name.endswith(WEIGHTS)):
        yield Component(
            kind="intermediate-parameters", state="released", source="files", license=license
        )
    elif steps := [name for name in seen.branches if _STEP.search(name)]:
        note = f"Branches: {', '.join(steps[:5])}, {len(steps)} in all."
        yield _shown("intermediate-parameters", note, "files")
    if any(True for _ in seen.all(Config)):
        yield Component(kind="model-metadata", state="released", source="files", license=license)
    yield from _code(names)


def _card(cards: list[ModelCard], license: str | None) -> Component:
    """The card: whole where it covers every topic, else in part."""
    covered = {topic for card in cards for topic in card.topics}
    lacking = [topic for topic in TOPICS if topic not in covered]
    return Component(
        kind="model-card",
        state="partial" if lacking else "released",
        source="files",
        license=license,
        note=f"It has no section on {', '.join(lacking)}." if lacking else None,
    )


def _code(names: list[str]) -> Iterator[Component]:
    """Programs in the folder: that they are all of the code nobody can see from them."""
    kinds = {
        "training-code": r"(?:^|/)(?:pre)?train(?:ing)?[\w-]*\.py$",
        "inference-code": r"(?:^|/)(?:inference|generate|predict|run|modeling_)[\w-]*\.py$",
        "model-architecture": r"(?:^|/)modeling_[\w-]+\.py$",
        "evaluation-code": r"(?:^|/)eval(?:uate|uation)?[\w-]*\.py$",
    }
    for kind, form in kinds.items():
        found = next((name for name in names if re.search(form, name)), None)
        if found:
            yield _shown(kind, f"{found} lies here; whether it is all of it is not said.", "files")


def _named(card: ModelCard, base: KnowledgeBase) -> Iterator[Component]:
    """Data and papers that the tags of the card name."""
    if card.datasets:
        yield _data("datasets", card.datasets, base)
    paper = next((tag for tag in card.tags if _ARXIV.fullmatch(tag)), None)
    if paper:
        yield _shown("research-paper", f"The tag {paper}.")


def _hinted(path: str, card: ModelCard, base: KnowledgeBase) -> Iterator[Component]:
    """Parts that the prose links or tells of; a common tool is nobody's own code."""
    tools = _tools(base) if any(h.url for h in card.hints) else set()
    kinds = dict.fromkeys(hint.component for hint in card.hints)
    for kind in kinds:
        rows = [h for h in card.hints if h.component == kind]
        denied = next((h for h in rows if h.standing == "denied"), None)
        if denied:
            note = f"{path}:{denied.line} says: {denied.says}"
            told = (kind, "data-information") if kind == "datasets" else (kind,)
            yield from (
                Component(kind=one, state="withheld", source="card", note=note) for one in told
            )
            continue
        given = [h for h in rows if h.standing == "given" and not _is_tool(h, tools)]
        if given:
            yield _of_hints(kind, path, given, base)
        elif any(h.standing == "promised" for h in rows):
            note = f"Only promised, in {path}:{rows[0].line}."
            yield Component(kind=kind, state="unknown", source="card", note=note)


def _of_hints(kind: str, path: str, hints: list[Hint], base: KnowledgeBase) -> Component:
    first = hints[0]
    where = f"{path}:{first.line} "
    where += f"links {first.url}." if first.url else f"says: {first.says}"
    names = tuple(_data_links(h for h in hints if h.component == kind))
    part = _data(kind, names, base) if names else _shown(kind, where)
    return replace(part, note=where, url=_https(first.url))


def _data_links(hints: Iterable[Hint]) -> Iterator[str]:
    for hint in hints:
        if hint.standing == "given" and hint.url and (name := dataset_of(hint.url)):
            yield name


def _data(kind: str, names: tuple[str, ...], base: KnowledgeBase) -> Component:
    """Named data; their license only where each of them is known, and the strictest of them."""
    known = [known_dataset(base, name) for name in names]
    licenses = {one.license for one in known if one}
    closed = [id for id in licenses if (li := base.license(id)) and not is_open(li)]
    license = closed[0] if closed else None
    if not closed and len(licenses) == 1 and all(known):
        license = next(iter(licenses))
    note = f"Named: {', '.join(names[:MOST_NAMED])}; whether these are all is not said."
    return replace(_shown(kind, note), license=license)


def _shown(kind: str, note: str, source: str = "card") -> Component:
    return Component(kind=kind, state="indicated", source=source, note=note)


def _https(url: str | None) -> str | None:
    return url if url and url.startswith("https://") else None


def _tools(base: KnowledgeBase) -> set[str]:
    """The repositories of tools that everybody uses."""
    homes = (f.homepage for f in base.families() if f.kind == "toolkit" and f.homepage)
    return {name for home in homes if (name := repository_of(home))}


def _is_tool(hint: Hint, tools: set[str]) -> bool:
    return bool(hint.url and repository_of(hint.url) in tools)
