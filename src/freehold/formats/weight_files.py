"""Decides by names which files of a folder are one model, so that no weights count twice."""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats.gguf_split import split_names

BASES = ("model", "diffusion_pytorch_model", "pytorch_model", "adapter_model", "consolidated")
"""What libraries call the weights, in the order in which they are looked for."""
VARIANTS = frozenset((
    "bf16", "ema", "fp16", "fp32", "fp8", "int8", "non_ema",
))  # fmt: skip
"""The same weights in another precision, or from another moment of training."""
PICKLED = (".bin", ".ckpt", ".pkl", ".pt", ".pth")
USUAL_PRECISION = ("q4_k_m", "q4_0")
"""Which of several GGUF files is taken where none is named, as llama.cpp does."""
MOST_NAMED = 8

Sizes = Mapping[str, int | None]
"""The files of one folder, with their bytes where they are known."""

_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})")


class Chosen(Struct, frozen=True):
    """The files that make one model; `index` names the file that says which holds what."""

    files: tuple[str, ...]
    index: str | None = None
    notes: tuple[str, ...] = ()


def choose_safetensors(names: Sizes) -> Chosen | None:
    """The safetensors files at the top of a folder that are its model; None where there are none.

    The plain name leads, then the index, then parts without one; variants come last.
    """
    here = [n for n in names if n.lower().endswith(".safetensors") and "/" not in n]
    groups = _groups(here)
    return next((c for c in _known(names, groups) if c), None) or _only(names, groups)


def left_over(names: Sizes, taken: Iterable[str]) -> tuple[str, ...]:
    """What to say of weights that lie there and are not counted; empty where nothing is left."""
    counted = set(taken)
    here = [n for n in names if n.lower().endswith(".safetensors") and n not in counted]
    beside, below = [n for n in here if "/" not in n], [n for n in here if "/" in n]
    told = [(beside, "not counted, beside what is"), (below, "not counted, in folders below")]
    told.append(([n for n in names if n.lower().endswith(PICKLED)], "pickled, so not opened"))
    return tuple(f"{why}: {_listed(found)}" for found, why in told if found)


def group_of(name: str) -> tuple[str, ...]:
    """The names of all parts of the safetensors file to which one belongs; often it alone."""
    found = _PART.fullmatch(name.rpartition(".")[0])
    if not found:
        return (name,)
    count, ending = int(found[3]), name.rpartition(".")[2]
    if not 1 <= int(found[2]) <= count <= 1_000:
        raise BrokenInput(f"{name}: says that it is part {int(found[2]):,} of {count:,}")
    return tuple(f"{found[1]}-{n:05}-of-{count:05}.{ending}" for n in range(1, count + 1))


def choose_gguf(names: Sizes) -> Chosen | None:
    """The GGUF file that is meant by a folder: the usual precision, else the largest."""
    groups = list(dict.fromkeys(split_names(n) for n in names if _is_gguf(n)))
    if not groups:
        return None

    def rank(group: tuple[str, ...]) -> tuple[int, int, str]:
        low = group[0].lower()
        usual = [n for n, word in enumerate(USUAL_PRECISION) if word in low]
        return min(usual, default=9), -sum(names.get(n) or 0 for n in group), low

    best, *others = sorted(groups, key=rank)
    left = [group[0] for group in others]
    notes = (f"{best[0]} was taken; also there: {_listed(left)}",) if left else ()
    return Chosen(best, None, notes)


def projector(names: Sizes) -> str | None:
    """The GGUF file with the part of a model that sees or hears, the most exact one first."""
    found = sorted(n for n in names if n.lower().endswith(".gguf") and "mmproj" in n.lower())
    order = ("f16", "bf16", "f32", "")
    return min(found, key=lambda n: [w in n.lower() for w in order].index(True), default=None)


def _listed(names: Iterable[str]) -> str:
    """A few names, and how many more there are."""
    rows = list(names)
    more = f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
    return ", ".join(rows[:MOST_NAMED]) + more


def _groups(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Name without number and ending -> all parts; the parts that are missing, too."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        stem = name.rpartition(".")[0]
        part = _PART.fullmatch(stem)
        found.setdefault(part[1] if part else stem, group_of(name))
    return found


def _known(names: Sizes, groups: dict[str, tuple[str, ...]]) -> Iterator[Chosen | None]:
    """What libraries would load, best first."""
    stems = [*BASES, *sorted(stem for stem in groups if _variant(stem))]
    for stem in stems:
        parts, variant = groups.get(stem), _variant(stem)
        note = (f"the variant {variant} is counted; there is no other",) if variant else ()
        if parts == (f"{stem}.safetensors",):
            yield Chosen(parts, None, note)
            continue
        base = stem.removesuffix(f".{variant}")
        options = (f"{stem}.safetensors.index.json", f"{base}.safetensors.index.{variant}.json")
        index = next((option for option in options if option in names), None)
        yield Chosen(parts or (), index, note) if parts or index else None


def _only(names: Sizes, groups: dict[str, tuple[str, ...]]) -> Chosen | None:
    """The one model whose name says nothing, or the largest of several."""

    def size(parts: tuple[str, ...]) -> int:
        return sum(names.get(part) or 0 for part in parts)

    best = max(groups.values(), key=size, default=None)
    return Chosen(best) if best else None


def _variant(stem: str) -> str:
    """The word for a variant at the end of a name, or nothing."""
    word = stem.rpartition(".")[2]
    return word if word in VARIANTS and stem != word else ""


def _is_gguf(name: str) -> bool:
    low = name.lower().rpartition("/")[2]
    return low.endswith(".gguf") and "mmproj" not in low and "imatrix" not in low
