"""The layers of a decoder, one by one, with those that guess further tokens."""

from freehold.core.errors import BrokenInput
from freehold.judge.anatomy import feeds
from freehold.judge.anatomy.keys import MOST_LAYERS, Keys
from freehold.judge.anatomy.kinds import Kind, kinds, stated
from freehold.judge.anatomy.mixers import mixers
from freehold.judge.anatomy.nas import blocks
from freehold.judge.anatomy.shapes import Feed, Layer, Recurrent

COUNTS = ("decoder_layers", "num_decoder_layers", "num_hidden_layers", "n_layer", "n_layers",
          "num_layers", "num_transformer_layers")  # fmt: skip
DRAFTS = ("num_nextn_predict_layers", "mtp_num_hidden_layers", "mtp_num_layers")
MOST_DRAFTS = 16


def how_many(keys: Keys) -> int:
    """The number of layers; BrokenInput where it is missing or impossible."""
    count = keys.number(*COUNTS) or stated(keys)
    if count is None:
        raise BrokenInput("the configuration does not say how many layers the model has")
    if count > MOST_LAYERS:
        raise BrokenInput(f"the configuration says that the model has {count:,} layers")
    return count


def layers(keys: Keys, width: int) -> tuple[Layer, ...]:
    """All layers that every token passes."""
    count = how_many(keys)
    if keys.row("block_configs"):
        return blocks(keys, width, count)
    row = kinds(keys, count)
    apart = any(kind in ("feed", "experts") for kind in row)
    return tuple(_layer(keys, kind, width, n, count, apart) for n, kind in enumerate(row))


def drafts(keys: Keys, width: int, count: int) -> tuple[Layer, ...]:
    """The layers that guess further tokens (multi-token prediction): as the last of the model."""
    many = min(keys.number(*DRAFTS) or _modules(keys), MOST_DRAFTS)
    if not many:
        return ()
    words = keys.words("mtp_layers_block_type")
    separate = bool(words or keys.text("mtp_hybrid_override_pattern"))
    found = mixers(keys, "full", width, count - 1, count)
    feed = feeds.feed(keys, width, count - 1, count)
    if separate and (number := feeds.number_of_experts(keys)):
        feed = feeds.experts(keys, number, width, count - 1)
    return (Layer(found, feed),) * many


def _modules(keys: Keys) -> int:
    if not keys.has("use_mtp", "num_mtp_modules") or keys.get("use_mtp") is False:
        return 0
    return keys.number("num_mtp_modules") or 1


def _layer(keys: Keys, kind: Kind, width: int, index: int, count: int, apart: bool) -> Layer:
    keys = keys.layer(index)
    found = mixers(keys, kind, width, index, count)
    if keys.row("skip"):
        return _skipping(keys, Layer(found, feeds.feed(keys, width, index, count)))
    if apart:
        return Layer(found, _own_feed(keys, kind, width, index))
    if _bare(keys, found):
        return Layer(found)
    feed = feeds.feed(keys, width, index, count)
    if keys.flag("use_double_wide_mlp") and getattr(found[0], "borrows", False):
        feed = Feed(2 * feed.width, matrices=feed.matrices)
    return Layer(found, feed)


def _skipping(keys: Keys, whole: Layer) -> Layer:
    """A layer that leaves parts out, as `per_layer_config` says."""
    words = keys.words("skip")
    attention = any("attention" in word or "attn" in word for word in words)
    feeding = any("mlp" in word or "feed" in word for word in words)
    return Layer(() if attention else whole.mixers, None if feeding else whole.feed)


def _own_feed(keys: Keys, kind: Kind, width: int, index: int) -> Feed | None:
    """Where mixers and feed-forward parts are layers of their own."""
    if kind == "experts" and (number := feeds.number_of_experts(keys)):
        return feeds.experts(keys, number, width, index)
    return feeds.dense(keys, width, index) if kind in ("feed", "experts") else None


def _bare(keys: Keys, found: tuple[object, ...]) -> bool:
    """A model of Mamba layers only has no feed-forward parts."""
    first = found[0] if found else None
    alone = keys.text("model_type").endswith(("mamba", "mamba2"))
    return alone and isinstance(first, Recurrent)
