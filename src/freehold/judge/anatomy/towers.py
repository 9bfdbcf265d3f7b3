"""Encoders in front of a language model, and those of encoder-decoder models."""

from typing import Literal

from freehold.judge.anatomy.feeds import matrices
from freehold.judge.anatomy.keys import MOST_LAYERS, Keys
from freehold.judge.anatomy.shapes import Tower

PLACES: dict[str, Literal["vision", "audio"]] = {
    "vision_config": "vision", "visual": "vision", "vision_tower_config": "vision",
    "vit_config": "vision", "audio_config": "audio", "audio_encoder_config": "audio",
    "encoder_config": "audio", "speech_config": "audio",
}  # fmt: skip
WIDTH = ("embed_dim", "hidden_size", "vt_hidden_size", "width", "d_model", "hidden_dim", "dim")
LAYERS = ("num_hidden_layers", "depth", "vt_num_hidden_layers", "layers", "encoder_layers",
          "n_layers", "num_layers", "conf_num_hidden_layers")  # fmt: skip
HEADS = ("num_attention_heads", "num_heads", "vt_num_attention_heads", "heads",
         "encoder_attention_heads", "n_heads")  # fmt: skip
FEED = ("intermediate_size", "vt_intermediate_size", "encoder_ffn_dim", "ffn_dim", "d_ff")


def towers(keys: Keys, width: int) -> tuple[Tower, ...]:
    """The encoders of pictures and sound that the configuration describes."""
    inner = keys.inner("thinker_config") if keys.has("thinker_config") else keys
    found = [_tower(inner.inner(name), kind, width) for name, kind in PLACES.items()]
    return tuple(tower for tower in found if tower)


def _tower(keys: Keys, kind: Literal["vision", "audio"], width: int) -> Tower | None:
    own, count = keys.number(*WIDTH), keys.number(*LAYERS)
    if not own or not count or count > MOST_LAYERS:
        return None
    ratio = keys.get("mlp_ratio")
    many = int(ratio * own) if isinstance(ratio, float) and 0 < ratio < 100 else 4 * own
    heads = keys.number(*HEADS) or max(1, own // 64)
    head = keys.number("head_dim", "vt_head_dim")
    inner = keys.number("qkv_hidden_size") or (heads * head if head else 0)
    gated = keys.text("hidden_act") == "silu" or keys.text("hidden_activation").startswith("gelu")
    return Tower(
        kind=kind, width=own, layers=count, heads=heads, feed=keys.number(*FEED) or many,
        tokens=_tokens(keys, kind), inner=inner, matrices=3 if gated else 2,
        extra=_patches(keys, own) + _bridge(keys, own, width),
    )  # fmt: skip


def _tokens(keys: Keys, kind: str) -> int | None:
    if kind == "audio":
        return keys.number("max_source_positions")
    side, patch = keys.number("image_size"), keys.number("patch_size")
    if side and patch:
        return (side // patch) ** 2
    return keys.number("num_position_embeddings", "num_patches")


def _patches(keys: Keys, width: int) -> int:
    """What turns patches into vectors, and their positions."""
    side, time = keys.number("patch_size") or 0, keys.number("temporal_patch_size") or 1
    channels = keys.number("num_channels", "in_channels") or 3
    positions = _tokens(keys, "vision") or keys.number("position_embedding_size") or 0
    return side * side * time * channels * width + positions * width


def _bridge(keys: Keys, width: int, model: int) -> int:
    """What leads from the tower to the model: two matrices over merged patches."""
    merge = keys.number("spatial_merge_size") or 1
    row = keys.numbers("merge_kernel_size")
    merge = row[0] or merge if row else merge
    inner = width * merge * merge
    out = keys.number("out_hidden_size", "text_hidden_size") or model
    branches = 1 + len(keys.row("deepstack_visual_indexes"))
    return branches * (inner * inner + inner * out) if merge > 1 else width * out


def text_encoder(keys: Keys, width: int, tokens: int | None) -> Tower | None:
    """The encoder of T5, BART and their like."""
    count = keys.number("encoder_layers", "num_encoder_layers")
    count = count or (keys.number("num_layers") if keys.has("d_kv", "num_decoder_layers") else None)
    count = count or keys.number("num_hidden_layers")
    if not count or count > MOST_LAYERS:
        return None
    heads = keys.number("encoder_attention_heads", "num_attention_heads", "num_heads") or 1
    feed = keys.number("encoder_ffn_dim", "d_ff", "intermediate_size") or 4 * width
    audio = keys.has("num_mel_bins")
    mels = keys.number("num_mel_bins") or 80
    extra = (3 * mels * width + 3 * width * width + (tokens or 0) * width) if audio else 0
    length = keys.number("d_kv", "head_dim")
    return Tower(
        kind="audio" if audio else "text", width=width, layers=count, heads=heads, feed=feed,
        tokens=tokens, inner=heads * length if length else 0, matrices=matrices(keys), extra=extra,
    )  # fmt: skip
