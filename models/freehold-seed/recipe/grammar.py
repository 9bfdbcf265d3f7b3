"""Reads the phrasings and turns one of them into words: choices, references, values.

`(a|b|)` is a choice, `<name>` an entry of the list of that name, `{slot}` a value. The phrasings of
a language are its file and all files in its folder, where lists of the same name are one. Under
`[whole]` stand needs as they were written, by the words of what they mean.
"""

import random
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import verbs

HERE = Path(__file__).parent / "grammar"
Part = str | tuple[str, Any]
Fill = Callable[[str], str]
INNER: dict[str, Callable[[str, str], str]] = {
    "do": lambda inner, _: inner,
    "thing": lambda inner, _: inner,
    "dozu": lambda inner, _: inner,
    "doing": lambda inner, _: verbs.doing(inner),
    "does": verbs.does,
}
"""What is wanted, as it stands in a frame."""


class Grammar:
    """The phrasings of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.tables: dict[str, Any] = {}
        for file in (HERE / f"{language}.toml", *sorted((HERE / language).glob("*.toml"))):
            join(self.tables, tomllib.loads(file.read_text("utf-8")))
        self.wholes: list[tuple[list[str], str]] = [
            (meant.split(), phrase)
            for meant, phrases in self.tables.get("whole", {}).items()
            for phrase in phrases
        ]

    def say(self, rng: random.Random, phrase: str, fill: Fill, inner: str = "") -> str:
        """The words of a phrase; `fill` gives the slots, `inner` is what stands for <do>."""
        words: list[str] = []
        self._walk(rng, parse(phrase), fill, inner, words)
        said = "".join(words)
        return verbs.elided(said) if self.language == "fr" else said

    def _walk(
        self, rng: random.Random, parts: tuple[Part, ...], fill: Fill, inner: str, out: list[str]
    ) -> None:
        for part in parts:
            if isinstance(part, str):
                out.append(part)
                continue
            kind, what = part
            if kind == "choice":
                self._walk(rng, what[rng.randrange(len(what))], fill, inner, out)
            elif kind == "slot":
                out.append(fill(what))
            elif what in INNER:
                out.append(INNER[what](inner, self.language))
            else:
                options = self.tables[what]
                chosen = options[rng.randrange(len(options))]
                self._walk(rng, parse(chosen), fill, inner, out)


def join(tables: dict[str, Any], more: dict[str, Any]) -> None:
    """Put the lists of one file behind those of the files before it."""
    for key, value in more.items():
        if isinstance(value, dict):
            join(tables.setdefault(key, {}), value)
        else:
            tables[key] = tables.get(key, []) + value


@cache
def parse(phrase: str) -> tuple[Part, ...]:
    """The parts of a phrase: text, or (kind, what)."""
    parts, end = _sequence(phrase, 0)
    if end != len(phrase):
        raise ValueError(f"a bracket too many at {end} in {phrase!r}")
    return parts


def _sequence(text: str, at: int) -> tuple[tuple[Part, ...], int]:
    parts: list[Part] = []
    plain = ""
    while at < len(text) and text[at] not in "|)":
        sign = text[at]
        if sign == "(" or (sign in "<{" and _named(text, at)):
            if plain:
                parts.append(plain)
                plain = ""
            part, at = _choice(text, at + 1) if sign == "(" else _reference(text, at)
            parts.append(part)
        else:
            plain += sign
            at += 1
    return tuple([*parts, plain] if plain else parts), at


def _named(text: str, at: int) -> bool:
    close = text.find(">" if text[at] == "<" else "}", at)
    return close > at and text[at + 1 : close].replace("-", "").replace("_", "").isalnum()


def _reference(text: str, at: int) -> tuple[Part, int]:
    close = text.index(">" if text[at] == "<" else "}", at)
    return ("name" if text[at] == "<" else "slot", text[at + 1 : close]), close + 1


def _choice(text: str, at: int) -> tuple[Part, int]:
    options: list[tuple[Part, ...]] = []
    while True:
        parts, at = _sequence(text, at)
        options.append(parts)
        if at >= len(text):
            raise ValueError(f"a bracket is not closed in {text!r}")
        at += 1
        if text[at - 1] == ")":
            return ("choice", tuple(options)), at


@cache
def words() -> dict[str, Any]:
    """The names of languages and countries."""
    return tomllib.loads((HERE / "words.toml").read_text("utf-8"))


@cache
def names() -> dict[str, list[str]]:
    """Names of models, makers, licenses and processors, as they were when the data was made."""
    return tomllib.loads((HERE / "names.toml").read_text("utf-8"))
