"""`inspect`: what is inside a model, from the headers of its files and, when asked, its weights.

Headers alone tell the tree, the types and the tokenizer, within milliseconds. Statistics and the
difference between two models read every weight once, piece by piece.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.headers import Headers, read_headers
from freehold.actions.inspect_storage import Spread, Store, by_kind, by_type, mixed
from freehold.actions.inspect_tree import Branch, together, tree
from freehold.actions.inspect_tree import form as tree_form
from freehold.actions.local_model import expanded, is_path, stored
from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.core.tensors import Tensor
from freehold.formats.config import architecture as named_in

if TYPE_CHECKING:
    from freehold.actions.inspect_against import Difference
    from freehold.actions.inspect_blocks import Placed
    from freehold.actions.inspect_stats import Statistics
    from freehold.actions.inspect_tokenizer import Template, Tokenizer

SCHEMA = 1
"""The version of the JSON form."""
ENDINGS = (".gguf", ".safetensors", ".json")
SETTINGS = {
    "layers": ("num_hidden_layers", "n_layer", "num_layers", "block_count"),
    "width": ("hidden_size", "n_embd", "d_model", "dim", "embedding_length"),
    "heads": ("num_attention_heads", "n_head", "num_heads", "attention.head_count"),
    "key-value heads": ("num_key_value_heads", "attention.head_count_kv"),
    "head width": ("head_dim", "attention.key_length"),
    "feed-forward width": ("intermediate_size", "n_inner", "d_ff", "feed_forward_length"),
    "experts": ("num_local_experts", "num_experts", "n_routed_experts", "expert_count"),
    "experts per token": ("num_experts_per_tok", "expert_used_count"),
    "vocabulary": ("vocab_size",),
    "context": ("max_position_embeddings", "n_positions", "context_length"),
    "window": ("sliding_window", "attention.sliding_window"),
    "rotary base": ("rope_theta", "rope.freq_base"),
}
"""Our word -> how configurations and GGUF files call it."""


class Watch(Struct, frozen=True):
    """Is told of the bytes that will be read, and of each so many that were."""

    begins: Callable[[int], None] = lambda total: None
    bytes: Callable[[str, int], None] = lambda what, count: None


class Inspection(Struct, frozen=True, kw_only=True):
    """What is inside a model.

    `tensors` are all, those of a pipeline's parts after the part's name and a slash. `settings`
    are numbers of its configuration. `statistics` and `difference` are there when asked for.
    """

    name: str
    format: str
    architecture: str | None
    size: int
    tensors: tuple[Tensor, ...]
    settings: dict[str, float]
    tree: Branch
    types: tuple[Store, ...]
    kinds: tuple[Store, ...]
    mixed: tuple[Spread, ...]
    tokenizer: "Tokenizer | None" = None
    template: "Template | None" = None
    statistics: "Statistics | None" = None
    difference: "Difference | None" = None
    notes: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """All numbers as stored; where weights are packed, several of them are one."""
        return sum(tensor.count for tensor in self.tensors)

    @property
    def bits(self) -> float:
        """Bits in the file for one number."""
        return sum(t.size for t in self.tensors) * 8 / self.parameters if self.parameters else 0.0

    def form(self, pattern: str | None = None) -> dict[str, Any]:
        """The JSON form that scripts rely on; with a pattern, single tensors are in it, too."""
        found: dict[str, Any] = {
            "schema": SCHEMA, "model": self.name, "format": self.format,
            "architecture": self.architecture, "size": self.size, "parameters": self.parameters,
            "bits_per_weight": self.bits, "settings": self.settings, "tree": tree_form(self.tree),
            "types": [_store(one) for one in self.types],
            "kinds": [_store(one) for one in self.kinds],
            "mixed": {one.role: one.layers for one in self.mixed},
            "tokenizer": self.tokenizer.form() if self.tokenizer else None,
            "chat_template": self.template.form() if self.template else None,
            "statistics": statistics_form(self.statistics) if self.statistics else None,
            "difference": self.difference.form() if self.difference else None,
            "notes": list(self.notes),
        }  # fmt: skip
        if pattern is not None:
            found["tensors"] = self._single(pattern)
        return found

    def _single(self, pattern: str) -> list[dict[str, Any]]:
        rows = {row.name: row.moments for row in self.statistics.rows} if self.statistics else {}
        pairs = {p.name: p.shift for p in self.difference.pairs} if self.difference else {}
        every = []
        for tensor in chosen(self.tensors, pattern):
            row: dict[str, Any] = {"name": tensor.name, "type": tensor.dtype}
            row |= {"shape": list(tensor.shape), "size": tensor.size}
            moments, shift = rows.get(tensor.name), pairs.get(tensor.name)
            row |= {"statistics": moments.form()} if moments else {}
            row |= {"difference": shift.form()} if shift else {}
            every.append(row)
        return every


def inspect(
    model: str | Path, *, against: str | Path | None = None, stats: bool = False,
    template: bool = False, text: str | None = None, watch: Watch | None = None,
) -> Inspection:  # fmt: skip
    """What is inside a model: a file, a folder, a name in the store, an address, hf:OWNER/NAME.

    `stats` reads every weight, `against` compares with another model; both need numpy and files
    that are here. `template` renders the chat template, `text` is split as the tokenizer would.
    Raises UsageError, NotFound, BrokenInput for files that are not what they say, and
    EnvironmentProblem for what is not here.
    """
    watch = watch or Watch()
    headers, root = _read(model)
    found = _described(headers, root, text, template)
    if not (stats or against):
        return found
    tensors = _placed(headers, root, str(model))
    if stats:
        found = replace(found, statistics=_statistics(tensors, watch))
    if against:
        found = replace(found, difference=_difference(found, tensors, against, watch))
    return found


def chosen(tensors: tuple[Tensor, ...], pattern: str) -> tuple[Tensor, ...]:
    """The tensors whose name fits a pattern such as `*attn*`; a word alone may be anywhere."""
    from fnmatch import fnmatchcase

    wanted = pattern if set(pattern) & set("*?[") else f"*{pattern}*"
    return tuple(tensor for tensor in tensors if fnmatchcase(tensor.name, wanted))


def statistics_form(found: "Statistics") -> dict[str, Any]:
    """The JSON form of statistics: by layer and by kind, and the tensors with NaN."""
    return {
        "layers": {name: moments.form() for name, moments in found.by_layer().items()},
        "kinds": {name: moments.form() for name, moments in found.by_kind().items()},
        "broken": [row.name for row in found.broken],
        "whole_numbers": found.whole,
        "unread": found.unread,
    }


def _store(one: Store) -> dict[str, Any]:
    return {
        "name": one.name, "tensors": one.tensors, "parameters": one.parameters,
        "size": one.size, "bits_per_weight": one.bits, "types": one.types,
    }  # fmt: skip


def _read(model: str | Path) -> tuple[Headers, Path | None]:
    """The headers of a model, and the folder of its files where they are here."""
    text = str(model)
    elsewhere = re.match(r"hf:|https?://", text)
    if is_path(model) or (text.lower().endswith(ENDINGS) and not elsewhere):
        return _on_disk(expanded(model))
    if re.match(r"https?://", text):
        return read_headers(text), None
    try:
        manifest, within = stored(text)
    except EnvironmentProblem:
        if text.startswith("hf:"):
            return read_headers(text), None
        raise
    path = Path(manifest.folder, *within.split("/")) if within else Path(manifest.folder)
    found, folder = _on_disk(path)
    note = f"read from the store: {manifest.name}"
    return replace(found, name=manifest.name, notes=(*found.notes, note)), folder


def _on_disk(path: Path) -> tuple[Headers, Path]:
    return read_headers(path), path if path.is_dir() else path.parent


def _described(headers: Headers, root: Path | None, text: str | None, rendered: bool) -> Inspection:
    """All that headers and the files beside them tell."""
    from freehold.actions.inspect_tokenizer import template, tokenizer

    tensors = _tensors(headers)
    if not tensors:
        raise BrokenInput(
            f"{headers.name}: holds no tensors", hint="name a file or folder with weights"
        )
    trees = [tree(name, part.tensors) for name, part in headers.parts.items()]
    whole = tree(headers.name, headers.tensors)
    known = tokenizer(headers, root, text)
    return Inspection(
        name=headers.name, format=headers.format, architecture=architecture(headers),
        size=headers.size, tensors=tensors, settings=settings(headers),
        tree=together(headers.name, (*whole.inside, *trees)) if trees else whole,
        types=by_type(tensors), kinds=by_kind(tensors), mixed=mixed(tensors),
        tokenizer=known, template=template(headers, root, known, rendered=rendered),
        notes=headers.notes,
    )  # fmt: skip


def _tensors(headers: Headers) -> tuple[Tensor, ...]:
    inner = (
        replace(tensor, name=f"{name}/{tensor.name}")
        for name, part in headers.parts.items()
        for tensor in part.tensors
    )
    return (*headers.tensors, *inner)


def architecture(headers: Headers) -> str | None:
    """What the model says that it is: the word of GGUF, or the class that loads it."""
    config = headers.config or {}
    named = (headers.metadata.get("general.architecture"), named_in(config),
             config.get("_class_name"), config.get("model_type"))  # fmt: skip
    return next((name for name in named if isinstance(name, str) and name), None)


def settings(headers: Headers) -> dict[str, float]:
    """The numbers of a configuration that shape the model; those of its text part where nested."""
    config = headers.config or {}
    inner = config.get("text_config")
    start = f"{headers.metadata.get('general.architecture')}."
    tables: list[tuple[Mapping[str, Any], str]] = [(config, "")]
    tables += [(inner, "")] if isinstance(inner, dict) else []
    tables += [(headers.metadata, start)]
    found = {
        word: value
        for word, keys in SETTINGS.items()
        if (value := _first(tables, keys)) is not None
    }
    tokens = headers.lengths.get("tokenizer.ggml.tokens")
    return found | ({"vocabulary": tokens} if tokens and "vocabulary" not in found else {})


def _first(tables: list[tuple[Mapping[str, Any], str]], keys: tuple[str, ...]) -> float | None:
    values = (table.get(start + key) for table, start in tables for key in keys)
    return next((v for v in values if isinstance(v, int | float) and not isinstance(v, bool)), None)


def _placed(headers: Headers, root: Path | None, model: str) -> "dict[str, Placed]":
    """Every tensor and where its numbers are; EnvironmentProblem where they are not here."""
    from freehold.actions.inspect_blocks import need_numpy, placed

    need_numpy("reading weights")
    if root is None:
        raise EnvironmentProblem(
            f"{model} is not on this machine; only its headers were read",
            hint=f"bring it here: freehold get {model}",
        )
    files = [(root / path, "") for path, _ in headers.files]
    files += [
        (root / path, f"{name}/") for name, part in headers.parts.items() for path, _ in part.files
    ]
    return placed(files)


def _statistics(tensors: "dict[str, Placed]", watch: Watch) -> "Statistics":
    from freehold.actions.inspect_stats import statistics

    watch.begins(sum(one.tensor.size for one in tensors.values()))
    return statistics(tensors, lambda count: watch.bytes("weights", count))


def _difference(
    base: Inspection, tensors: "dict[str, Placed]", against: str | Path, watch: Watch
) -> "Difference":
    """The base beside another model; UsageError where they have no tensor in common."""
    from freehold.actions.inspect_against import difference, to_read

    headers, root = _read(against)
    others = _placed(headers, root, str(against))
    notes = _unlike(base, headers)
    if not tensors.keys() & others.keys():
        raise UsageError(
            f"{base.name} and {headers.name} have no tensor of the same name: "
            f"{_kind(base.format, base.architecture)} and "
            f"{_kind(headers.format, architecture(headers))}",
            hint="compare a model with one that was made from it, in the same format",
        )
    watch.begins(to_read(tensors, others))
    found = difference(
        base.name, tensors, headers.name, others, lambda count: watch.bytes("weights", count)
    )
    return replace(found, notes=(*found.notes, *notes))


def _unlike(base: Inspection, headers: Headers) -> tuple[str, ...]:
    """What to say where two models are of different architectures."""
    one, other = base.architecture, architecture(headers)
    if one == other or not (one and other):
        return ()
    return (f"two architectures: {one} and {other}; only tensors of equal names are compared",)


def _kind(format: str, architecture: str | None) -> str:
    return f"{architecture or 'an unknown architecture'} in {format}"
