"""Reads what a Jukebox says of itself in its config.json, in the layout of Transformers 4.40."""

import json
from math import prod
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from freehold.core.errors import BrokenInput

ROWS = ("block_attn", "transpose_block_attn", "prev_block_attn")
"""How three layers after each other look back: at their row, their column, the row before."""
DENSE, CROSS, PRIME = "dense_attn", "cross_attention", "prime_attn"
MOST_LAYERS = 1_000


class Widened(Struct, frozen=True, kw_only=True):
    """Convolutions that make codes longer: `multiplier` times wider inside."""

    res_conv_width: int = 128
    res_conv_depth: int = 3
    res_convolution_multiplier: int = 1
    res_dilation_cycle: int | None = None
    res_dilation_growth_rate: int = 1
    conv_res_scale: bool | None = None
    res_downs_t: tuple[int, ...] = (3, 2, 2)
    res_strides_t: tuple[int, ...] = (2, 2, 2)

    @property
    def shortening(self) -> tuple[int, ...]:
        """How many times shorter each level is than the finer one."""
        pairs = zip(self.res_downs_t, self.res_strides_t, strict=True)
        return tuple(stride**downs for downs, stride in pairs)


class Codec(Widened, frozen=True, kw_only=True):
    """What turns codes into sound; level 0 is the finest."""

    res_conv_width: int = 32
    res_conv_depth: int = 4
    res_dilation_growth_rate: int = 3
    embed_dim: int = 64
    nb_discrete_codes: int = 2048
    levels: int = 3
    multipliers: tuple[int, ...] | None = (2, 1, 1)
    conv_input_shape: int = 1
    hop_fraction: tuple[float, ...] = (0.125, 0.5, 0.5)


class Prior(Widened, frozen=True, kw_only=True):
    """What names codes one after the other, or reads lyrics."""

    act_fn: str = "quick_gelu"
    attention_multiplier: float = 0.25
    attention_pattern: str = "enc_dec_with_lyrics"
    attn_res_scale: bool = False
    blocks: int = 64
    num_layers: int = 72
    encoder_config: "Prior | None" = None
    hidden_size: int = 2048
    is_encoder_decoder: bool = True
    lyric_vocab_size: int = 80
    mask: bool = False
    merged_decoder: bool = True
    metadata_dims: tuple[int, int] = (604, 7898)
    mlp_multiplier: float = 1.0
    music_vocab_size: int = 2048
    n_ctx: int = 6144
    n_heads: int = 2
    nb_relevant_lyric_tokens: int = 384

    @property
    def kinds(self) -> tuple[str, ...]:
        """How each layer looks back."""
        return tuple(_kind(self.attention_pattern, number) for number in range(self.num_layers))


class Settings(Struct, frozen=True, kw_only=True):
    """The whole: a codec, and a prior for each level, the coarsest first."""

    vqvae_config: Codec = Codec()
    prior_config_list: tuple[Prior, ...] = ()
    sampling_rate: int = 44_100
    timing_dims: int = 64
    min_duration: float = 0
    max_duration: float = 600.0
    max_nb_genres: int = 5
    metadata_conditioning: bool = True

    def samples(self, level: int) -> int:
        """How many samples a code of this prior stands for."""
        return prod(self.vqvae_config.shortening[: self.vqvae_config.levels - level])


def read_settings(folder: Path) -> Settings:
    """What config.json says; BrokenInput for what cannot be or is not computed here."""
    try:
        told: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if not told.get("prior_config_list"):
            count = int(told.get("nb_priors", 3))
            told["prior_config_list"] = [told.get(f"prior_{n}", {}) for n in range(count)]
        found = msgspec.convert(told, Settings)
        _check(found)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BrokenInput(f"config.json is not that of a Jukebox: {error}") from error
    return found


def _check(found: Settings) -> None:
    """Refuse what no published model has, or what no number can be."""
    levels = found.vqvae_config.levels
    if len(found.prior_config_list) != levels or len(found.vqvae_config.shortening) != levels:
        raise ValueError(f"{levels} levels of codes need as many priors and ways to lengthen")
    if min(found.vqvae_config.shortening) < 2 or len(found.vqvae_config.hop_fraction) != levels:
        raise ValueError("a level is not shorter than the finer one, or has no hop_fraction")
    if not found.metadata_conditioning or found.vqvae_config.conv_input_shape != 1:
        raise ValueError("it does not know artists and genres, or makes no sound of one channel")
    for prior in found.prior_config_list:
        _check_prior(prior, found.vqvae_config)
        if prior.encoder_config:
            _check_prior(prior.encoder_config, found.vqvae_config)


def _check_prior(prior: Prior, codec: Codec) -> None:
    sizes = (prior.hidden_size, prior.n_heads, prior.blocks, prior.n_ctx, prior.num_layers)
    if min(sizes) < 1 or prior.num_layers > MOST_LAYERS or prior.n_ctx < prior.blocks:
        raise ValueError("a prior has a size that cannot be")
    if int(prior.attention_multiplier * prior.hidden_size) % prior.n_heads:
        raise ValueError("the heads of a prior are not equally wide")
    if prior.shortening != codec.shortening:
        raise ValueError("a prior lengthens codes otherwise than the codec")
    if not prior.kinds:
        raise ValueError("a prior has no layers")


def _kind(pattern: str, layer: int) -> str:
    """How one layer looks back."""
    if pattern == "full_dense_attention":
        return DENSE
    if pattern == "raw_column_previous_row_attention":
        return ROWS[layer % 3]
    if pattern == "enc_dec_with_lyrics":
        if layer % 16 == 15:
            return DENSE if layer % 3 == 2 else PRIME
        return ROWS[layer % 3]
    if pattern == "large_separated_enc_dec_w_lyrics":
        return _large(layer % 79)
    raise ValueError(f"the attention pattern {pattern!r} is not known here")


def _large(layer: int) -> str:
    """The pattern of 79 layers: after 18 rows, columns and rows before, each tenth hears lyrics."""
    if layer >= 18 and (layer - 18) % 10 == 0:
        return CROSS
    return ROWS[(layer if layer < 18 else (layer - 19) % 10) % 3]
