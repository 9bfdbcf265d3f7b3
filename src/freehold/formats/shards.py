"""Reads the index of a model in several safetensors files, and holds the files against it."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.core.tensors import Tensor
from freehold.formats.safetensors import Safetensors
from freehold.formats.structured import check_values, refuse_doubles
from freehold.formats.text import Source, decode, name_of, plain, read_bytes

MOST_INDEX = 32 * 2**20
MOST_VALUES = 2_500_000
MOST_SHARDS = 1_000
Shard = tuple[str, Safetensors]
"""The name of a file, and its header."""


class ShardIndex(Struct, frozen=True):
    """Which file holds which tensor; `files` in the order in which they are named."""

    weight_map: dict[str, str]
    files: tuple[str, ...]


class _Index(Struct, frozen=True):
    weight_map: dict[str, str]
    metadata: dict[str, msgspec.Raw] | None = None


def read_shard_index(source: Source, name: str = "model.safetensors.index.json") -> ShardIndex:
    """The index beside the files; names that lead out of their folder are refused."""
    name = name_of(source, name)
    data = _bytes(source, name)
    check_values(sum(data.count(sign) for sign in (b",", b":", b"[", b"{")), name, MOST_VALUES)
    try:
        found = msgspec.json.decode(data, type=_Index)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        why = plain(str(error))[:200]
        raise BrokenInput(f"{name}: is not an index of files: {why}") from error
    colons = 1 + len(found.weight_map)
    colons += 0 if found.metadata is None else 1 + len(found.metadata)
    if data.count(b":") != colons:  # there are more, which may hide a name that is there twice
        refuse_doubles(decode(data, name), name)
    files = tuple(dict.fromkeys(found.weight_map.values()))
    if len(files) > MOST_SHARDS:
        raise BrokenInput(f"{name}: names {len(files):,} files; {MOST_SHARDS:,} are read")
    for file in files:
        if not _is_plain(file):
            raise BrokenInput(f"{name}: weight_map names {plain(file)[:100]!r}, no file beside it")
    return ShardIndex(found.weight_map, files)


def joined_shards(
    name: str, index: ShardIndex | None, shards: Sequence[Shard]
) -> tuple[Safetensors, tuple[str, ...]]:
    """One header for all files of a model, and what is odd about them without being wrong.

    Raises BrokenInput where a tensor is in two files, or not where the index says.
    """
    where: dict[str, str] = {}
    tensors: list[Tensor] = []
    dtypes: dict[str, int] = {}
    for file, shard in shards:
        for tensor in shard.tensor_list:
            if tensor.name in where:
                other = where[tensor.name]
                raise BrokenInput(f"{file}: has the tensor {tensor.name!r} of {other} again")
            where[tensor.name] = file
        tensors.extend(shard.tensor_list)
        for dtype, count in shard.dtypes.items():
            dtypes[dtype] = dtypes.get(dtype, 0) + count
    notes = _against(name, index, where) if index else ()
    metadata = shards[0][1].metadata if shards else {}
    return Safetensors(metadata, len(tensors), dtypes, tuple(tensors)), notes


def _against(name: str, index: ShardIndex, where: dict[str, str]) -> tuple[str, ...]:
    """Refuse tensors that are not where the index says; note those that it does not know."""
    for tensor, file in index.weight_map.items():
        found = where.get(plain(tensor))
        if found != file:
            told = f"it is in {found}" if found else "it is not there"
            raise BrokenInput(
                f"{name}: weight_map says that {file} holds {plain(tensor)[:100]!r}; {told}"
            )
    extra = len(where) - len(index.weight_map)
    return (f"{name} does not name {extra:,} tensors that its files hold",) if extra else ()


def _is_plain(name: str) -> bool:
    """Whether a name is that of a file of weights in the same folder."""
    right = name.isprintable() and name.lower().endswith(".safetensors")
    return right and not set(name) & set('/\\:"<>|?*') and name[0] != "." and len(name) <= 200


def _bytes(source: Source, name: str) -> bytes:
    if isinstance(source, str):
        return source.encode()
    data = source if isinstance(source, bytes) else read_bytes(source, MOST_INDEX)
    if len(data) > MOST_INDEX:
        raise BrokenInput(f"{name}: has {len(data):,} bytes; more than {MOST_INDEX:,} are not read")
    return data
