"""Finds numbers with units in running text: 8 GB, 7B, 32k, 50.000, 2 Millionen."""

import re
from collections.abc import Iterator

from msgspec import Struct

_GROUPED = r"\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+(?!\d)"
_COUNTS = {
    "k": ("k", "thousand", "tausend", "mille", "mil", "tsd"),
    "m": ("m", "mio", "million", "millions", "millionen", "millones", "millón", "mn"),
    "b": ("b", "bn", "mrd", "mds", "billion", "billions", "milliarden", "milliarde", "milliards",
          "milliard", "mil millones"),
}  # fmt: skip
_POWER = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
_WORDS = {word: unit for unit, words in _COUNTS.items() for word in words}
_SIZES = {"t": 4, "g": 3, "m": 2}
_FOUND = re.compile(
    rf"(?<![\w.,])(?P<number>{_GROUPED}|\d+(?:[.,]\d+)?)"
    rf"(?:[\s-]?(?:(?P<bytes>(?:g(?:i?b|ig|igs|igas?|iga-?bytes?|igaoctets?|io|o)?|m(?:i?b|ega-?bytes?|o)"
    rf"|tb|tib)s?)|(?P<unit>{'|'.join(sorted(_WORDS, key=len, reverse=True))})\.?))?(?!\w)",
    re.IGNORECASE,
)
_MOST = 10**18


class Quantity(Struct, frozen=True):
    """A number as it stands in a text, and what it amounts to.

    `unit` is "bytes", or the power of a thousand that a count was said in: "", "k", "m", "b".
    """

    text: str
    start: int
    amount: int
    unit: str


def quantities(text: str) -> Iterator[Quantity]:
    """Every number in the text with the unit behind it; what is out of all bounds is left out."""
    for match in _FOUND.finditer(text):
        amount = _number(match["number"])
        if match["bytes"]:
            unit, scale = "bytes", _bytes(match["bytes"])
        else:
            unit = _WORDS.get((match["unit"] or "").casefold(), "")
            scale = _POWER[unit]
        if 0 < amount * scale < _MOST:
            yield Quantity(match[0].rstrip("."), match.start(), round(amount * scale), unit)


def read_quantity(text: str) -> Quantity | None:
    """The quantity that the whole text is; None for any other text."""
    found = list(quantities(text))
    whole = len(found) == 1 and len(found[0].text) == len(text.strip())
    return found[0] if whole else None


def _number(text: str) -> float:
    """Points, commas and spaces before three digits group; a lone one before others divides."""
    if re.fullmatch(_GROUPED, text):
        return float(re.sub(r"\D", "", text))
    return float(text.replace(",", "."))


def _bytes(unit: str) -> int:
    """GB counts in thousands and GiB in 1024, as on the command line."""
    small = unit.casefold()
    base = 1024 if small[1:2] == "i" and small[1:3] in ("ib", "io") else 1000
    return int(base ** _SIZES[small[0]])
