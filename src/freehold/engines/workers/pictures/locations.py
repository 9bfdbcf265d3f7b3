"""Reads places from what Florence-2 writes: words, and tokens such as `<loc_512>` behind them.

A place is a number from 0 to 999, across and down in turn; it stands for the middle of one of
1,000 equal parts of the width or height.
"""

import re
from collections.abc import Iterator, Sequence

from freehold.tasks.image_to_text import Region

PARTS = 1000
CORNERS = 8
"""Numbers of the four corners of a text."""
_FRAME = re.compile(r"</?s>|<pad>|</?od>|</?ground>|</?obj>")
_PIECE = re.compile(r"([^<]*)((?:<loc_\d+>|</?poly>|<sep>)+)")
_LOCATION = re.compile(r"<loc_(\d+)>")


def plain(text: str) -> str:
    """The words alone."""
    return " ".join(_PIECE.sub(r"\1 ", _FRAME.sub("", text)).split())


def boxes(text: str, wide: int, high: int) -> tuple[Region, ...]:
    """Labels with one or more boxes behind each; places that do not fill a box are left out."""
    found = []
    for label, numbers in pieces(text):
        for four in zip(*[iter(numbers)] * 4, strict=False):
            points = placed(four, wide, high)
            found.append(Region(label, around(points)))
    return tuple(found)


def texts(text: str, wide: int, high: int) -> tuple[Region, ...]:
    """Texts with their four corners."""
    found = []
    for label, numbers in pieces(text):
        if len(numbers) >= CORNERS:
            corners = placed(numbers[:CORNERS], wide, high)
            found.append(Region(label, around(corners), corners))
    return tuple(found)


def pieces(text: str) -> Iterator[tuple[str, list[int]]]:
    """The words and the numbers behind them; a piece without words has those before it."""
    label = ""
    for words, places in _PIECE.findall(_FRAME.sub("", text)):
        label = words.strip() or label
        yield label, [min(int(n), PARTS - 1) for n in _LOCATION.findall(places)]


def placed(numbers: Sequence[int], wide: int, high: int) -> tuple[tuple[float, float], ...]:
    """Places in pixels: the middle of each part."""
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return tuple(((x + 0.5) * wide / PARTS, (y + 0.5) * high / PARTS) for x, y in pairs)


def around(points: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    """The box around points."""
    across, down = [x for x, _ in points], [y for _, y in points]
    return min(across), min(down), max(across), max(down)
