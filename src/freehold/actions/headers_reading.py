"""Reads the headers of the files that make one model, wherever they are."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import asdict, replace

from freehold.actions.headers import Headers
from freehold.core.errors import BrokenInput, NotAllowed, NotFound, UsageError
from freehold.formats.converted import made_for
from freehold.formats.converted import weights as weights_of
from freehold.formats.ctranslate2 import sizes
from freehold.formats.cursor import Source
from freehold.formats.diffusers_index import read_index
from freehold.formats.genai import CONFIG as GENAI
from freehold.formats.gguf import Gguf, read_gguf
from freehold.formats.gguf_split import joined, split_names
from freehold.formats.safetensors import Safetensors, read_safetensors
from freehold.formats.shards import MOST_INDEX, ShardIndex, joined_shards, read_shard_index
from freehold.formats.structured import MOST_JSON, as_text, read_json
from freehold.formats.weight_files import (
    Chosen,
    Sizes,
    choose_gguf,
    choose_safetensors,
    group_of,
    left_over,
    projector,
)

if TYPE_CHECKING:
    from freehold.sources.base import Place

INDEX = ".safetensors.index.json"
ALONE = "no weights were read: sizes come from the configuration alone"
MOST_TENSORS = 500_000
"""Tensors of one model that are kept at once; the largest models have some 200,000."""
T = TypeVar("T", Gguf, Safetensors)


def read_file(place: "Place", path: str) -> Headers:
    """The model that one file is, or of which it is a part."""
    name, low = path.rpartition("/")[2], path.lower()
    folder = path[: len(path) - len(name)]
    if low.endswith(".gguf"):
        return _gguf(place, folder, split_names(name))
    if low.endswith(".safetensors"):
        return _safetensors(place, folder, Chosen(group_of(name)))
    if low.endswith(INDEX):
        return _safetensors(place, folder, Chosen((), name))
    if name == "model_index.json":
        return _pipeline(place, folder)
    if low.endswith(".json"):
        return _config_alone(place, path)
    raise BrokenInput(
        f"{path}: is no file whose header is read",
        hint="name a .gguf or .safetensors file, or a config.json",
    )


def read_place(place: "Place", folder: str = "") -> Headers:
    """The model that a folder is: a pipeline, safetensors, GGUF, or a configuration alone."""
    names = _below(place, folder)
    if "model_index.json" in names:
        return _pipeline(place, folder)
    if engine := made_for(names):
        return _made(place, folder, engine, names)
    weights = choose_safetensors(names)
    if weights:
        found = _safetensors(place, folder, weights)
        counted = [path[len(folder) :] for path, _ in found.files]
        return replace(found, notes=(*found.notes, *left_over(names, counted)))
    chosen = choose_gguf(names)
    if chosen:
        return _with_projector(place, folder, chosen)
    if "config.json" in names:
        found = _config_alone(place, folder + "config.json")
        return replace(found, notes=(*found.notes, *left_over(names, ())))
    raise BrokenInput(
        f"{place.name}: holds no safetensors, no GGUF and no config.json",
        hint="name the file that holds the weights",
    )


def _below(place: "Place", folder: str) -> dict[str, int | None]:
    """The files under a folder, by their paths from there."""
    files = place.files or {}
    return {path[len(folder) :]: size for path, size in files.items() if path.startswith(folder)}


def _safetensors(place: "Place", folder: str, chosen: Chosen) -> Headers:
    index: ShardIndex | None = None
    if chosen.index:
        data = place.small(folder + chosen.index, MOST_INDEX)
        index = read_shard_index(data, folder + chosen.index)
    names = index.files if index else chosen.files
    name = folder + (chosen.index or names[0])
    files = _present(place, folder, names, name)
    found, odd = joined_shards(name, index, _each(place, files, read_safetensors))
    config, told = _config(place, folder)
    return _headers(
        place, "safetensors", files, tensors=found.tensor_list, metadata=dict(found.metadata),
        config=config, notes=(*chosen.notes, *odd, *told),
    )  # fmt: skip


def _gguf(place: "Place", folder: str, names: Sequence[str], *notes: str) -> Headers:
    files = _present(place, folder, names, names[0])
    found = joined(_each(place, files, read_gguf))
    return _headers(
        place, "gguf", files, tensors=found.tensor_list, metadata=dict(found.metadata),
        lengths=found.lengths, arrays=found.arrays, notes=notes,
    )  # fmt: skip


def _with_projector(place: "Place", folder: str, chosen: Chosen) -> Headers:
    """A GGUF file and, where one lies beside it, the part that sees or hears."""
    found = _gguf(place, folder, chosen.files, *chosen.notes)
    beside = projector(_below(place, folder))
    if beside is None:
        return found
    part = _gguf(place, folder, (beside,))
    note = f"{beside} is counted as the part mmproj"
    return replace(
        found, parts={"mmproj": part}, size=found.size + part.size,
        notes=(*found.notes, note),
    )  # fmt: skip


def _pipeline(place: "Place", folder: str) -> Headers:
    """A pipeline of diffusers: the headers of each component that has weights of its own."""
    path = folder + "model_index.json"
    data = place.small(path, MOST_JSON)
    names = _below(place, folder)
    parts: dict[str, Headers] = {}
    for part in read_index(data, path).parts:
        inside = _inside(names, part.name)
        if inside and choose_safetensors(inside):
            found = read_place(place, f"{folder}{part.name}/")
            parts[part.name] = replace(found, name=part.name)
    if not parts:
        raise _unplanned(path, names)
    counted = [file[len(folder) :] for part in parts.values() for file, _ in part.files]
    return Headers(
        name=place.name, format="diffusers", config=read_json(data, path), parts=parts,
        size=sum(part.size for part in parts.values()),
        notes=left_over(names, counted),
    )  # fmt: skip


def _unplanned(path: str, names: Sizes) -> Exception:
    """Why a pipeline without safetensors is not planned; of one for OpenVINO a bound from below."""
    made = [size or 0 for name, size in names.items() if name.endswith("openvino_model.bin")]
    if not made:
        return BrokenInput(f"{path}: none of its components has safetensors beside it")
    least = f"at least {sum(made) / 2**30:.1f} GiB, its weights"
    says = f"what a painter takes on OpenVINO is not known before it runs: {least}"
    return UsageError(says, hint="freehold run measures it")


def _inside(names: Sizes, folder: str) -> dict[str, int | None]:
    """The files of one component; nothing where its name is not that of a folder."""
    start = folder + "/"
    return {name[len(start) :]: size for name, size in names.items() if name.startswith(start)}


def _made(place: "Place", folder: str, engine: str, names: Sizes) -> Headers:
    """A folder that was converted for one engine: its configuration, and the size of its files."""
    files = [folder + name for name in weights_of(names, engine)]
    config = _table(place, folder, GENAI) or _table(place, folder, "config.json")
    told: dict[str, Any] = {}
    if engine == "ctranslate2" and place.ahead == 1:  # elsewhere each shape would be a request
        with place.open(folder + "model.bin") as source:
            told = asdict(sizes(source, folder + "model.bin"))
    return _headers(place, engine, files, config=config, metadata=told)


def _config_alone(place: "Place", path: str) -> Headers:
    table = read_json(place.small(path, MOST_JSON), path)
    return _headers(place, "config", (), config=table, notes=(ALONE,))


def _config(place: "Place", folder: str) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """The configuration beside weights, and what to say of it."""
    found = _table(place, folder, "config.json")
    adapter = None if found else _table(place, folder, "adapter_config.json")
    if adapter:
        base = as_text(adapter.get("base_model_name_or_path")) or "a base that it does not name"
        return adapter, (f"an adapter: {base}, which it needs, is not counted",)
    if found is None and (params := _table(place, folder, "params.json")):
        return params, ("params.json stands in for a config.json",)
    return found, () if found else ("there is no config.json beside the weights",)


def _table(place: "Place", folder: str, name: str) -> dict[str, Any] | None:
    """A table of JSON where there is one; a server without a list is asked for config.json only."""
    if place.files is None:
        if name != "config.json":
            return None
        try:
            return read_json(place.small(folder + name, MOST_JSON), folder + name)
        except (NotFound, NotAllowed, BrokenInput):
            return None
    if folder + name not in place.files:
        return None
    return read_json(place.small(folder + name, MOST_JSON), folder + name)


def _present(place: "Place", folder: str, names: Sequence[str], told: str) -> list[str]:
    """The paths of files, all of which must be there."""
    missing = [
        name for name in names if place.files is not None and folder + name not in place.files
    ]
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise BrokenInput(f"{told}: {missing[0]}{more} of its {len(names):,} files is missing")
    return [folder + name for name in names]


def _each(
    place: "Place", paths: Sequence[str], read: Callable[[Source, str], T]
) -> list[tuple[str, T]]:
    """The header of every file; several at a time where they come from a server."""
    held = 0

    def one(path: str) -> tuple[str, T]:
        nonlocal held
        with place.open(path) as source:
            found = read(source, path)
        held += found.tensors
        if held > MOST_TENSORS:
            raise BrokenInput(f"{place.name}: has more than {MOST_TENSORS:,} tensors")
        return path.rpartition("/")[2], found

    if place.ahead == 1 or len(paths) == 1:
        return [one(path) for path in paths]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(place.ahead) as pool:
        return list(pool.map(one, paths))


def _headers(place: "Place", format: str, files: Sequence[str], **more: Any) -> Headers:
    """The record, with the sizes of the files."""
    sizes = tuple((path, place.size(path)) for path in files)
    return Headers(
        name=place.name, format=format, files=sizes, size=sum(size for _, size in sizes),
        **more,
    )  # fmt: skip
