"""Slips of the pen: wrong letters, lost accents and capitals, outside what a need quotes."""

import random
import re
import unicodedata

from needs import END, MARK

NEAR = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa",
    "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu",
    "z": "x",
}  # fmt: skip
"""The keys beside a key."""
PIECES = re.compile(f"{MARK}.*?{END}|[^\\W\\d_]{{4,}}")
PLAIN = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}


def slip(rng: random.Random, text: str, language: str) -> str:
    """The text without its marks, in a quarter of the cases with slips."""
    chance = rng.random()
    if chance < 0.16:
        text = _wrong_letters(rng, text, 1)
    elif chance < 0.25:
        text = _wrong_letters(rng, text, 2)
    if language != "en" and rng.random() < 0.1:
        text = _without_accents(text, language)
    text = text.replace(MARK, "").replace(END, "")
    if rng.random() < 0.02:
        return text.upper() if rng.random() < 0.3 else text.title()
    if text and rng.random() < 0.5:
        text = text[0].upper() + text[1:]
    return text


def _wrong_letters(rng: random.Random, text: str, count: int) -> str:
    places = [m for m in PIECES.finditer(text) if m[0][0] != MARK]
    for match in sorted(rng.sample(places, min(count, len(places))), key=lambda m: -m.start()):
        text = text[: match.start()] + _wrong(rng, match[0]) + text[match.end() :]
    return text


def _wrong(rng: random.Random, word: str) -> str:
    at = rng.randrange(1, len(word) - 1)
    how = rng.randrange(4)
    if how == 0:
        return word[:at] + word[at + 1 :]
    if how == 1:
        return word[:at] + word[at] + word[at:]
    if how == 2:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    near = NEAR.get(word[at].lower(), "e")
    return word[:at] + rng.choice(near) + word[at + 1 :]


def _without_accents(text: str, language: str) -> str:
    """Written on a keyboard without accents; what is quoted keeps its own."""
    kept = re.split(f"({MARK}.*?{END})", text)
    return "".join(part if part.startswith(MARK) else _plain(part, language) for part in kept)


def _plain(text: str, language: str) -> str:
    if language == "de":
        for sign, plain in PLAIN.items():
            text = text.replace(sign, plain)
    parts = unicodedata.normalize("NFD", text)
    return "".join(c for c in parts if not unicodedata.combining(c))
