"""What the files of a folder say that the model was made from, and how."""

from collections.abc import Iterator

from freehold.actions.folder_reading import CARDS, Seen
from freehold.formats.adapter import Adapter
from freehold.formats.config import Config
from freehold.formats.gguf import Gguf
from freehold.formats.merge import Merge
from freehold.formats.model_card import tagged_bases
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import Link

TELLING = (*CARDS, "adapter_config.json", "mergekit_config.yml", "mergekit_config.yaml")
RELATIONS = {"finetune", "adapter", "merge", "quantized"}


def lineage(seen: Seen, base: KnowledgeBase) -> Iterator[Link]:
    """Every base that a card, a tag, an adapter, a merge, a header or a configuration names."""
    found = _by_card(seen)
    for _, adapter in seen.all(Adapter):
        if adapter.base:
            found[adapter.base] = "adapter"
    for _, merge in seen.all(Merge):
        found |= dict.fromkeys(merge.models, "merge")
    for name in (*_headed(seen), *_configured(seen)):
        found.setdefault(name, "finetune")
    if seen.cut:
        found["the files that were left out"] = "component"
    for name in _unread(seen):
        found[f"what {name} says, which cannot be read"] = "component"
    for name, relation in found.items():
        hit = base.find(name)
        id = (hit[1].id if hit[1] else hit[0].id) if hit else name
        yield Link(base=id, relation=relation, source="files")


def _by_card(seen: Seen) -> dict[str, str]:
    """Base -> relation, as the card says it or the Hub's tags do."""
    found: dict[str, str] = {}
    for _, card in seen.cards:
        known = card.relation if card.relation in RELATIONS else None
        found |= dict.fromkeys(card.base_models, known or _guess(seen, len(card.base_models)))
    names, relation = tagged_bases(seen.tags)
    for name in names:
        found.setdefault(name, relation if relation in RELATIONS else "finetune")
    return found


def _unread(seen: Seen) -> Iterator[str]:
    """Files at the top that could name a base or forbid a use, and could not be read."""
    for file in seen.files:
        if file.problem and "/" not in file.path and file.path.lower() in TELLING:
            yield file.path


def _headed(seen: Seen) -> Iterator[str]:
    """The bases in the headers of GGUF files."""
    for _, head in seen.all(Gguf):
        yield from head.base_models


def _configured(seen: Seen) -> Iterator[str]:
    """Repositories that a configuration says it was loaded from, other than its own."""
    for _, config in seen.all(Config):
        name = config.name_or_path or ""
        if name.count("/") == 1 and name[0] not in "./" and name.split("/")[1] != seen.name:
            yield name


def _guess(seen: Seen, count: int) -> str:
    """The relation when the card names none, as the Hub infers it."""
    if seen.first(Adapter):
        return "adapter"
    if count > 1:
        return "merge"
    return "quantized" if seen.first(Gguf) else "finetune"
