"""Models found by architecture search (Nemotron Super, Puzzle): each block says what it has."""

from collections.abc import Mapping
from typing import cast

from freehold.judge.anatomy.heads import heads
from freehold.judge.anatomy.keys import Keys, Table
from freehold.judge.anatomy.shapes import Attention, Feed, Layer


def blocks(keys: Keys, width: int, count: int) -> tuple[Layer, ...]:
    """The layers that `block_configs` lists; a missing one counts as a whole layer."""
    row = keys.row("block_configs")
    if len(row) != count:
        keys.doubt(f"{len(row)} blocks are described for {count} layers")
    given = [item if isinstance(item, Mapping) else {} for item in row[:count]]
    given += [{}] * (count - len(given))
    return tuple(_block(keys, cast(Table, item), width, n) for n, item in enumerate(given))


def _block(keys: Keys, block: Table, width: int, index: int) -> Layer:
    inner = Keys(block)
    attention, feed = inner.inner("attention"), inner.inner("ffn")
    mixer = _attention(keys, attention, width, index)
    return Layer((mixer,) if mixer else (), _feed(keys, feed, width))


def _attention(keys: Keys, block: Keys, width: int, index: int) -> Attention | None:
    if block.flag("no_op") or block.flag("replace_with_linear"):
        return None
    usual = heads(keys, width, index)
    group = block.number("n_heads_in_group")
    kept = block.number("num_key_value_heads") or (usual.asking // group if group else usual.kept)
    return Attention(
        usual.asking, max(1, kept), usual.key, usual.value, block.number("window_length")
    )


def _feed(keys: Keys, block: Keys, width: int) -> Feed | None:
    if block.flag("no_op"):
        return None
    if block.flag("replace_with_linear"):
        return Feed(width, matrices=1)
    own = block.number("intermediate_size")
    multiple = block.get("ffn_mult")
    if own is None and isinstance(multiple, int | float) and 0 < multiple < 1000:
        own = _multiplied(width, float(multiple))
    return Feed(own or keys.number("intermediate_size") or 4 * width)


def _multiplied(width: int, multiple: float) -> int:
    """Two thirds of the multiple of the width, to the next multiple of 256."""
    return -(-int(2 * multiple * width / 3) // 256) * 256
