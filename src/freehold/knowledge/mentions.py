"""Finds the names of models, makers, licenses and processors that stand in a text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Literal

from msgspec import Struct

from freehold.core.errors import NotFound
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.makers import names_of
from freehold.knowledge.processors import bare, find_processors

Kind = Literal["model", "maker", "license", "machine"]
MOST_WORDS = 7
_WORD = re.compile(r"[^\W_]+(?:\.\d+[^\W_]*)*\+?")
_BETWEEN = re.compile(r"[ \-_.·:/]{0,2}")
_PLAIN = re.compile(r"[^\w.+]|_|(?<!\d)\.|\.(?!\d)")
_TAIL = re.compile(r"\W+(ai|labs?)$", re.IGNORECASE)
_CHIP = re.compile(
    r"(?<![\w.])(?:\d{1,3} ?x ?)?"
    r"(?:(?:nvidia|geforce|amd|radeon|intel|apple|macbook(?: pro| air)?) )*"
    r"(?P<chip>(?:rtx|gtx|rx|arc|quadro|tesla|instinct|jetson|raspberry pi|ryzen|gaudi|xeon)"
    r"(?:[ -](?:pro|ai|max|agx|orin|nano|super|thor|nx|\+))*[ -]?[a-z]{0,2}\d{1,5}[a-z]{0,3}\+?"
    r"(?: (?:ti|super|xtx?|gre|ada|d|laptop|gpu|generation|blackwell))*"
    r"|[ablhmpt]\d{1,4}[a-z]?(?: (?:max|pro|ultra|sxm|pcie|nvl))?(?: \d{2} ?gb(?= |$))?"
    r"|mi\d{2,3}[ax]?|gb\d00|jetson(?: \w+){1,3})(?: ?x ?\d{1,3})?(?!\w|\.\d)",
    re.IGNORECASE,
)
_NO_MAKERS = ("mit",)
"""A maker whose name in a text nearly always means something else: a license, or a German word."""
_MEMORY = re.compile(r" \d{2} ?gb$", re.IGNORECASE)
_COUNTED = re.compile(r"^\d{1,3} ?x ?| ?x ?\d{1,3}$|macbook(?: pro| air)? ", re.IGNORECASE)


class Mention(Struct, frozen=True):
    """A name as it stands in a text, where, and the id or name of what is meant."""

    kind: Kind
    text: str
    start: int
    means: str

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


def mentions(base: KnowledgeBase, text: str) -> tuple[Mention, ...]:
    """The longest names in the text, of each kind, in their order."""
    every = [*_machines(base, text), *_names(base, text)]
    found = {(m.kind, m.start, m.end): m for m in every}.values()
    longest = [m for m in found if not any(_within(m, other) for other in found)]
    longest = [m for m in longest if not (m.kind == "machine" and _in_a_name(m, longest))]
    return tuple(sorted(longest, key=lambda m: (m.start, m.kind)))


def compact(name: str) -> str:
    """The name without spaces, hyphens and capitals: GPT-4o, gpt 4o and Gpt4o are one."""
    return _PLAIN.sub("", name.casefold())


def machine_named(text: str) -> str:
    """The processors as Freehold takes them: without the computer around them."""
    return re.sub(r"(?i)macbook(?: pro| air)? ", "", text)


def _within(one: Mention, other: Mention) -> bool:
    smaller = len(one.text) < len(other.text)
    return one.kind == other.kind and smaller and other.start <= one.start and one.end <= other.end


def _in_a_name(machine: Mention, among: Sequence[Mention]) -> bool:
    """Whether it is a part of a model's name, as M2 of "MiniMax M2.5"."""
    models = (m for m in among if m.kind == "model")
    return any(m.start < machine.start and machine.end <= m.end for m in models)


def _names(base: KnowledgeBase, text: str) -> Iterator[Mention]:
    """Models, makers and licenses: runs of up to seven words that are a known name."""
    words = list(_WORD.finditer(text))
    tables = _tables(base)
    for first, word in enumerate(words):
        for last in range(first, min(first + MOST_WORDS, len(words))):
            if last > first and not _BETWEEN.fullmatch(
                text[words[last - 1].end() : words[last].start()]
            ):
                break
            piece = text[word.start() : words[last].end()]
            key = compact(piece)
            for kind, table in tables.items():
                if key in table:
                    yield Mention(kind, piece, word.start(), table[key])


@cache
def _tables(base: KnowledgeBase) -> Mapping[Kind, Mapping[str, str]]:
    """Every known name without its spaces, and what it means, by kind."""
    models: dict[str, str] = {}
    for name in base.names:
        models.setdefault(compact(name), name)
    for family in base.families():
        models.setdefault(compact(family.name), family.id)
    licenses: dict[str, str] = {}
    for license in base.licenses():
        for name in (license.id, license.short, license.name, *license.aliases):
            licenses.setdefault(compact(name), license.id)
    return {
        "model": models, "maker": _makers(base), "license": licenses, "machine": _processors(base),
    }  # fmt: skip


def _processors(base: KnowledgeBase) -> Mapping[str, str]:
    """Processors whose names have several words, so that they mean nothing else."""
    names = [a.name.partition(" (")[0] for maker in base.accelerators() for a in maker.accelerators]
    spelled = ((known, name) for name in names for known in (name, bare(name)))
    return {compact(known): name for known, name in spelled if " " in known}


def _makers(base: KnowledgeBase) -> Mapping[str, str]:
    """Every name of a maker as it is compared, and as the facts spell it; the full name first."""
    names = [name for family in base.families() for name in names_of(family.maker)]
    short = {compact(_TAIL.sub("", name)): name for name in names}
    found = short | {compact(name): name for name in names}
    return {name: maker for name, maker in found.items() if name not in _NO_MAKERS}


def _machines(base: KnowledgeBase, text: str) -> Iterator[Mention]:
    """Processors: what looks like one and is known."""
    for match in _CHIP.finditer(text):
        for name in dict.fromkeys((match[0], _MEMORY.sub("", match[0]))):
            try:
                meant = find_processors(base, _COUNTED.sub("", name))
            except NotFound:
                continue
            yield Mention("machine", name, match.start(), meant[0].name)
            break
