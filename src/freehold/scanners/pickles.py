"""Follows every pickle in a file, also inside archives, and tells what it would call."""

from collections.abc import Iterator

from freehold.formats.pickled.layouts import LOOKED_INTO, parts
from freehold.formats.pickled.old_layouts import Part
from freehold.scanners.base import CODE, SAFE, UNCHECKED, Contract, Looked, Remark

MOST_TOLD = 20
ENDINGS = (".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt", ".bin")
"""Names that are loaded as pickles by other tools, whatever is in them."""
KNOWN_OTHERWISE = ("safetensors", "gguf")


class Scanner(Contract):
    """Pickles, never loaded."""

    def look(self, file: Looked) -> Iterator[Remark]:
        """What the pickles of a file call; one verdict where none calls other code."""
        if file.kind in LOOKED_INTO:
            yield from _told(parts(file.data, file.kind, file.last))
        elif file.ending in ENDINGS and file.kind not in KNOWN_OTHERWISE:
            text = f"is named as a pickle, and is {file.kind}"
            yield Remark("pickle", text, None if file.kind in ("empty",) else UNCHECKED)


def _told(found: list[Part]) -> Iterator[Remark]:
    bad = [part for part in found if part.does or part.problem]
    for part in sorted(bad, key=lambda part: part.does is None)[:MOST_TOLD]:
        _, _, inside = part.name.partition(":")
        where = f"{inside}: " if inside else ""
        verdict = CODE if part.does else UNCHECKED
        yield Remark("pickle", f"{where}{part.does or part.problem}", verdict)
    if not bad:
        pickles = sum(part.kind == "pickle" for part in found)
        text = "its pickles hold only tensors and plain data" if pickles else "holds no pickle"
        yield Remark("pickle", text, SAFE)
