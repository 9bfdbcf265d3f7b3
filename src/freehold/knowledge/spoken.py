"""What people call languages, countries and makers, and which of the first two a text names."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Literal

import rtoml
from msgspec import Struct

from freehold.core import paths

FILE = paths.DATA / "spoken" / "names.toml"
_SPANISH = {"es": "es(?:a|es|as)?", "an": "an(?:a|es|as)?", "on": "on(?:a|es|as)?"}
_ENDINGS = "(?:e[rnms]?|s|ne|nes|que|que?s|a|as)?"


SHORTEST_SLIP = 5
"""Letters of a word in which one may be wrong."""
LONG = 9
"""Letters of a word that may also have an ending."""
Kind = Literal["language", "country", "origin"]


class Spoken(Struct, frozen=True):
    """A language or country that a text names: by its noun, or a country by its adjective."""

    kind: Kind
    code: str
    start: int
    end: int


def spoken(text: str) -> tuple[Spoken, ...]:
    """The languages and countries in the text, in their order; a word may be both."""
    plain = unaccented(text.casefold())
    found = [
        Spoken(kind, codes[match.lastgroup or ""], match.start(), match.end())
        for kind, pattern, codes in _patterns()
        for match in pattern.finditer(plain)
    ]
    return tuple(sorted(found, key=lambda s: (s.start, s.kind)))


def nearly_spoken(text: str) -> Mapping[Kind, frozenset[str]]:
    """The codes that a text names, or names but for one wrong letter, by kind."""
    found: dict[Kind, set[str]] = {"language": set(), "country": set(), "origin": set()}
    known = spoken(text)
    for each in known:
        found[each.kind].add(each.code)
    words = re.finditer(rf"[^\W\d_]{{{SHORTEST_SLIP},}}", unaccented(text.casefold()))
    for word in (m[0] for m in words if not any(k.start <= m.start() < k.end for k in known)):
        for ending in range(3 if len(word) >= LONG else 1):
            for shorter in _shortened(word[: len(word) - ending]):
                for kind, code in _slips().get(shorter, ()):
                    found[kind].add(code)
    return {kind: frozenset(codes) for kind, codes in found.items()}


def _shortened(word: str) -> Iterator[str]:
    """The word, and the word without any one letter: two words with one in common are near."""
    if len(word) >= SHORTEST_SLIP:
        yield word
        yield from (word[:n] + word[n + 1 :] for n in range(len(word)))


@cache
def _slips() -> Mapping[str, frozenset[tuple[Kind, str]]]:
    """What every name may be with a letter lost."""
    found: dict[str, set[tuple[Kind, str]]] = {}
    for kind, table in _tables():
        for code, names in table.items():
            for name in names:
                for shorter in _shortened(unaccented(name.casefold())):
                    found.setdefault(shorter, set()).add((kind, code))
    return {shorter: frozenset(meant) for shorter, meant in found.items()}


def unaccented(text: str) -> str:
    """The text with plain letters, letter for letter, so that places stay the same."""
    return "".join(unicodedata.normalize("NFD", sign)[0] for sign in text)


@cache
def language_codes() -> tuple[str, ...]:
    """Every language that can be named."""
    return tuple(_names()["languages"])


@cache
def country_codes() -> tuple[str, ...]:
    """Every country that can be named."""
    return tuple(_names()["countries"])


@cache
def maker_names() -> Mapping[str, tuple[str, ...]]:
    """More names that people have for a maker, by one that the facts give it."""
    return {maker: tuple(more) for maker, more in _names()["makers"].items()}


@cache
def _names() -> Mapping[str, Mapping[str, Sequence[str]]]:
    found: Mapping[str, Mapping[str, Sequence[str]]] = rtoml.loads(FILE.read_text("utf-8"))
    return found


@cache
def _patterns() -> tuple[tuple[Kind, re.Pattern[str], Mapping[str, str]], ...]:
    return tuple((kind, *_pattern(table, bent=kind != "country")) for kind, table in _tables())


@cache
def _tables() -> tuple[tuple[Kind, Mapping[str, Sequence[str]]], ...]:
    """Every name by its code, of each kind."""
    names = _names()
    countries = {c: listed[0::2] for c, listed in names["countries"].items()}
    for code, more in names["also"].items():
        countries[code] = [*countries[code], *(name for listed in more for name in listed)]
    return (
        ("language", names["languages"]),
        ("country", {code: list(_bare(listed)) for code, listed in countries.items()}),
        ("origin", {c: listed[1::2] for c, listed in names["countries"].items()}),
    )


def _pattern(
    table: Mapping[str, Sequence[str]], bent: bool
) -> tuple[re.Pattern[str], Mapping[str, str]]:
    """One pattern for all names, a group for each code."""
    codes = {f"c{n}": code for n, code in enumerate(table)}
    groups = []
    for group, code in codes.items():
        plain = {unaccented(name.casefold()) for name in table[code]}
        words = sorted((_bent(n) if bent else re.escape(n) for n in plain), key=len, reverse=True)
        groups.append(f"(?P<{group}>{'|'.join(words)})")
    return re.compile(rf"(?<!\w)(?:{'|'.join(groups)})(?!\w)"), codes


def _bent(name: str) -> str:
    """The name with the endings that its languages give it."""
    for ending, pattern in _SPANISH.items():
        if name.endswith(ending) and len(name) > 4:
            return f"{re.escape(name[:-2])}(?:{pattern}|{ending}{_ENDINGS})"
    if name.endswith("o"):
        return f"{re.escape(name[:-1])}(?:o|a)s?"
    return re.escape(name) + _ENDINGS


def _bare(names: Sequence[str]) -> Iterator[str]:
    """Names of countries without article and preposition."""
    for name in names:
        yield re.sub(r"^(?:the|der|den|dem|en|aux|au|à|dans|la|los|el) (?:l')?", "", name)
