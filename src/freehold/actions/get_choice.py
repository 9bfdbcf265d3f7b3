"""Which files of an offer are brought here: those an engine needs, and every card and text."""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from freehold.actions.folder_reading import EXECUTABLE
from freehold.core.errors import BrokenInput, NotFound, UsageError
from freehold.formats.gguf_split import split_names
from freehold.formats.license_files import kind_of
from freehold.formats.weight_files import choose_gguf, choose_safetensors, group_of, projector
from freehold.store.offer import Offer, Offered

FORMATS = ("gguf", "safetensors", "onnx", "tflite")
LARGEST_TABLE = 64 * 2**20
"""Bytes of a table or vocabulary; what is larger and no weight stays away."""
TABLES = (
    *(".json", ".jsonl", ".txt", ".model", ".tiktoken", ".jinja", ".yaml", ".yml", ".spm"),
    *(".vocab", ".merges", ".bpe", ".md"),
)
BESIDE_GGUF = ("config.json", "generation_config.json", "readme.md")
"""A GGUF file holds vocabulary and template itself."""
MOST_NAMED = 8
_ODD = re.compile(r"[^a-z0-9]+")


class Choice(Struct, frozen=True):
    """The files to bring, the weights among them, and what to say of the choice."""

    files: tuple[Offered, ...]
    weights: tuple[str, ...]
    format: str
    notes: tuple[str, ...] = ()


def choose_files(
    offer: Offer, *, format: str | None = None, precision: str | None = None,
    files: Sequence[str] = (),
) -> Choice:  # fmt: skip
    """The files of one model in one format and precision.

    GGUF leads, for it runs as it is; a file that is named counts, whatever it is. Weights that
    execute code when they are loaded are never chosen. NotFound offers what there is.
    """
    wanted = tuple(files) or offer.only
    found = offer.by_path
    notes: tuple[str, ...] = ()
    if wanted:
        weights = _named(found, wanted)
        format = _format(weights)
    else:
        format, weights, notes = _weights(found, format, precision)
    papers = tuple(path for path in found if path not in weights and _comes_along(path, format))
    chosen = [*papers, *(w for w in weights if w in found)]
    small = [p for p in chosen if p in weights or (found[p].size or 0) <= LARGEST_TABLE]
    code = [path for path in found if path.lower().endswith(".py")]
    if code:
        notes = (*notes, f"code of its own stays away: {', '.join(code[:MOST_NAMED])}")
    return Choice(tuple(found[path] for path in small), tuple(weights), format, notes)


def is_paper(path: str) -> bool:
    """Whether a file says what a model is or what is allowed with it: these always come along."""
    low = path.lower()
    return kind_of(path) is not None or low.rpartition("/")[2] in BESIDE_GGUF


def _comes_along(path: str, format: str) -> bool:
    low = path.lower()
    if is_paper(path):
        return True
    return format != "gguf" and low.endswith(TABLES) and not low.endswith((*EXECUTABLE, ".gguf"))


def _named(found: dict[str, Offered], wanted: Sequence[str]) -> tuple[str, ...]:
    """Files that were asked for by name, with all parts of a split one."""
    weights: list[str] = []
    for name in wanted:
        if name not in found:
            raise NotFound("file in this model", name, found)
        low = name.lower()
        parts = split_names(name) if low.endswith(".gguf") else (name,)
        weights += group_of(name) if low.endswith(".safetensors") else parts
    return _all_there(dict.fromkeys(weights), found)


def _all_there(names: Iterable[str], found: dict[str, Offered]) -> tuple[str, ...]:
    missing = [name for name in names if name not in found]
    if missing:
        raise BrokenInput(f"{len(missing)} files of this model are missing, such as {missing[0]}")
    return tuple(names)


def _weights(
    found: dict[str, Offered], format: str | None, precision: str | None
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """(format, files, notes) of the weights that are meant."""
    if format and format not in FORMATS:
        raise UsageError(f"{format!r} is no format; there are {', '.join(FORMATS)}")
    there = [f for f in FORMATS if any(p.lower().endswith(f".{f}") for p in found)]
    if format and format not in there:
        raise NotFound("format in this model", format, there)
    if not there:
        raise _nothing(found)
    format = format or there[0]
    sizes = {path: file.size for path, file in found.items()}
    if format == "gguf":
        return format, *_gguf(sizes, precision)
    if format == "safetensors":
        return format, *_safetensors(sizes, found, precision)
    return format, tuple(path for path in found if path.lower().endswith(f".{format}")), ()


def _gguf(
    sizes: dict[str, int | None], precision: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    groups = {p: s for p, s in sizes.items() if p.lower().endswith(".gguf")}
    if precision:
        groups = _of_precision(groups, precision)
    chosen = choose_gguf(groups)
    if chosen is None:
        raise NotFound("precision in this model", precision or "", sizes)
    seeing = projector(sizes)
    files = dict.fromkeys((*chosen.files, *((seeing,) if seeing else ())))
    missing = [name for name in files if name not in sizes]
    if missing:
        raise BrokenInput(f"{len(missing)} parts of this model are missing, such as {missing[0]}")
    return tuple(files), chosen.notes if not precision else ()


def _of_precision(sizes: dict[str, int | None], precision: str) -> dict[str, int | None]:
    """The files whose names have the word, as `q4_k_m` is in `model-Q4_K_M.gguf`."""
    word = f"-{_ODD.sub('-', precision.lower()).strip('-')}-"
    names = {p: f"-{_ODD.sub('-', p.lower())}-" for p in sizes}
    fitting = {p: sizes[p] for p, plain in names.items() if word in plain}
    if not fitting:
        shown = ", ".join(sorted(p for p in sizes if "mmproj" not in p.lower())[:MOST_NAMED])
        raise NotFound("precision in this model", precision, (), hint=f"there are: {shown}")
    return fitting


def _safetensors(
    sizes: dict[str, int | None], found: dict[str, Offered], precision: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The safetensors of each folder: several where the model is a pipeline."""
    folders = {p.rpartition("/")[0] for p in sizes if p.lower().endswith(".safetensors")}
    if "model_index.json" not in sizes and "" in folders:
        folders = {""}
    files: dict[str, None] = {}
    notes: list[str] = []
    for folder in sorted(folders):
        start = f"{folder}/" if folder else ""
        below = {p[len(start) :]: s for p, s in sizes.items() if p.startswith(start)}
        if precision:
            below = _of_precision({p: s for p, s in below.items() if "/" not in p}, precision)
        chosen = choose_safetensors(below)
        if chosen:
            names = chosen.files or tuple(n for n in below if n.endswith(".safetensors"))
            index = (chosen.index,) if chosen.index else ()
            files |= dict.fromkeys(start + n for n in (*names, *index))
            notes += chosen.notes
    return _all_there(files, found), tuple(dict.fromkeys(notes))


def _nothing(found: dict[str, Offered]) -> BrokenInput:
    pickled = sorted(p for p in found if p.lower().endswith(EXECUTABLE))
    if pickled:
        return BrokenInput(
            f"holds only weights that execute code when they are loaded, such as {pickled[0]}",
            hint="look for the same model as safetensors or GGUF",
        )
    return BrokenInput("holds no weights in a known format", hint="name a file: --file NAME")


def _format(weights: Sequence[str]) -> str:
    """The format of files that were named."""
    for path in weights:
        low = path.lower()
        if low.endswith(EXECUTABLE):
            raise BrokenInput(
                f"{path}: executes code when it is loaded, so it is not fetched",
                hint="look for the same model as safetensors or GGUF",
            )
    ends = [f for f in FORMATS if any(p.lower().endswith(f".{f}") for p in weights)]
    return ends[0] if ends else "other"
