"""Finds a family, member or license by whatever name a person has for it."""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from freehold.core.errors import NotFound
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import Family, License, Member


class Hit(NamedTuple):
    """A family, and one member of it when the name was that of a member."""

    family: Family
    member: Member | None


def find_model(base: KnowledgeBase, name: str) -> Hit:
    """The family or member with this id, Hub repository, name or alias; NotFound otherwise."""
    found = base.find(name.strip())
    if found is None:
        raise NotFound(
            "model",
            name,
            base.names,
            hint="freehold models WORD searches; freehold models lists all",
        )
    return Hit(*found)


def find_license(base: KnowledgeBase, name: str) -> License:
    """The license with this id, Hub tag or name; NotFound otherwise."""
    found = known_license(base, name)
    if found is None:
        raise NotFound(
            "license",
            name,
            known_names(base),
            hint="freehold licenses WORD searches; freehold licenses lists all",
        )
    return found


def known_license(base: KnowledgeBase, name: str) -> License | None:
    """The license with this id, Hub tag or name; None where there is none."""
    return base.license(name) or _license_names(base).get(_plain(name))


def known_names(base: KnowledgeBase) -> list[str]:
    """Names to offer when one is not understood."""
    return [name for li in base.licenses() for name in (li.id, li.short, *li.aliases)]


def search_models(base: KnowledgeBase, query: str) -> list[Family]:
    """Families in which every word of the query occurs (in names, maker, tasks or summary)."""
    words = query.casefold().split()
    return [family for family in base.families() if all(word in _text(family) for word in words)]


def search_licenses(base: KnowledgeBase, query: str) -> list[License]:
    """Licenses in whose names every word of the query occurs."""
    words = query.casefold().split()
    return [
        license
        for license in base.licenses()
        if all(
            word
            in " ".join(
                (license.id, license.name, license.publisher, license.kind, *license.aliases)
            ).casefold()
            for word in words
        )
    ]


def word(base: KnowledgeBase, vocabulary: str, text: str) -> str:
    """The word of a closed list that the text means: the word, an alias, or its sentence."""
    listed = base.vocabularies[vocabulary]
    wanted = text.strip().casefold()
    by_fold = {w.casefold(): w for w in listed.words}
    found = by_fold.get(wanted) or listed.aliases.get(wanted)
    if found is None:
        by_sentence = {sentence.casefold(): w for w, sentence in listed.words.items()}
        found = by_sentence.get(wanted)
    if found is None:
        known = [*listed.words, *listed.aliases, *_short(listed.words)]
        raise NotFound(
            f"word of {vocabulary}", text, known, hint=f"freehold facts words {vocabulary}"
        )
    return found


def _short(words: Mapping[str, str]) -> list[str]:
    """Sentences of one or two words, such as the names of languages."""
    return [sentence for sentence in words.values() if len(sentence) < 24]


def _text(family: Family) -> str:
    members = (f"{m.id} {m.hub or ''}" for m in family.members)
    parts = (family.id, family.name, family.maker, family.summary, family.kind, *family.tasks,
             *family.abilities, *family.aliases, *members)  # fmt: skip
    return " ".join(parts).casefold()


@cache
def _license_names(base: KnowledgeBase) -> Mapping[str, License]:
    names: dict[str, License] = {}
    for license in base.licenses():
        for name in (license.id, license.name, license.short, *license.aliases):
            names.setdefault(_plain(name), license)
    return names


def _plain(name: str) -> str:
    """Lower case, with runs of spaces, commas and the like as one space."""
    return re.sub(r"[\s,_()\"]+", " ", name).strip().casefold()
