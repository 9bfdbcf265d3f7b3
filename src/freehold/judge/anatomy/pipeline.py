"""The parts of a diffusion pipeline, from model_index.json and the configuration of each part.

Widths are channels or values per token; lengths of text are what the pipelines ask by default.
"""

from collections.abc import Mapping

from msgspec import Struct

from freehold.judge.anatomy.keys import Keys, Table

DENOISERS = ("transformer", "unet", "prior")
DECODERS = ("vae", "vqvae", "movq", "vqgan")
T5_TOKENS = {"flux": 512, "stablediffusion3": 256, "pixart": 300}
"""Tokens of the long text encoder by the beginning of the pipeline's name; 512 elsewhere."""
GUIDED_ALONE = ("flux", "latentconsistency")
"""Pipelines that by default run the denoiser once per step, not for two prompts at once."""
VIDEO = ("3d", "video", "wan", "ltx", "mochi", "temporal", "cogvideox", "motion")


class Text(Struct, frozen=True):
    """A text encoder: a stack of plain blocks over so many tokens."""

    name: str
    width: int
    feed: int
    tokens: int


class Unet(Struct, frozen=True):
    """A denoiser of convolutions: channels from the full latent down, blocks per level."""

    name: str
    channels: tuple[int, ...]
    blocks: int
    attends: tuple[bool, ...]
    heads: tuple[int, ...]


class Dit(Struct, frozen=True):
    """A denoiser of transformer blocks over square patches of the latent.

    `joint` blocks attend over text and picture together; `single` ones also join their feed.
    """

    name: str
    width: int
    heads: int
    patch: int
    feed: int
    joint: bool = False
    single: bool = False


class Vae(Struct, frozen=True):
    """The decoder: channels from the picture down; each level but the last halves both sides."""

    name: str
    channels: tuple[int, ...]
    tile: int
    upcast: bool = False

    @property
    def scale(self) -> int:
        """Pixels per side of one place in the latent."""
        return int(2 ** (len(self.channels) - 1))


class Pipeline(Struct, frozen=True, kw_only=True):
    """Text encoders, then the denoiser, then the decoder; `sure` is False for an upper bound.

    `prompts` is how many the denoiser runs at once per picture: 2 with guidance.
    """

    texts: tuple[Text, ...]
    denoiser: Unet | Dit | None
    vae: Vae | None
    prompts: int = 2
    frames: bool = False
    sure: bool = True
    notes: tuple[str, ...] = ()


def pipeline(index: Table, configs: Mapping[str, Table]) -> Pipeline:
    """The pipeline of an index and the configurations of its parts by their names in it."""
    kind = str(index.get("_class_name") or "").lower()
    denoiser = next((_denoiser(name, configs[name]) for name in DENOISERS if name in configs), None)
    vae = next((_vae(name, Keys(configs[name])) for name in DECODERS if name in configs), None)
    classes = " ".join(str(c.get("_class_name") or "") for c in configs.values()).lower()
    frames = any(word in kind + classes for word in VIDEO)
    notes = [f"the {what} is not known: an upper bound" for what, part in
             (("denoiser", denoiser), ("decoder", vae)) if part is None]  # fmt: skip
    if frames:
        notes.append("a video pipeline: all frames are counted at once, an upper bound")
    return Pipeline(
        texts=tuple(_text(n, Keys(c), kind) for n, c in configs.items() if "text_encoder" in n),
        denoiser=denoiser,
        vae=vae,
        prompts=1 if kind.startswith(GUIDED_ALONE) else 2,
        frames=frames,
        sure=not notes,
        notes=tuple(notes),
    )


def _text(name: str, keys: Keys, kind: str) -> Text:
    """CLIP takes 77 tokens; others what the pipeline says."""
    width = keys.number("d_model", "hidden_size", "n_embd") or 4096
    clip = "clip" in keys.text("model_type")
    long = next((count for word, count in T5_TOKENS.items() if kind.startswith(word)), 512)
    feed = keys.number("d_ff", "intermediate_size") or 4 * width
    return Text(name, width, feed, 77 if clip else long)


def _denoiser(name: str, config: Table) -> Unet | Dit | None:
    keys = Keys(config)
    if keys.has("block_out_channels"):
        return _unet(name, keys)
    return _dit(name, keys, str(config.get("_class_name") or "").lower())


def _unet(name: str, keys: Keys) -> Unet:
    channels = _widths(keys)
    kinds = [str(word) for word in keys.row("down_block_types")]
    attends = tuple("attn" in word.lower() for word in kinds) or (True,) * len(channels)
    heads = [keys.at("attention_head_dim", level) or 8 for level in range(len(channels))]
    return Unet(name, channels, keys.number("layers_per_block") or 2, attends, tuple(heads))


def _dit(name: str, keys: Keys, kind: str) -> Dit | None:
    heads = keys.number("num_attention_heads", "n_heads")
    each = keys.number("attention_head_dim")
    width = heads * each if heads and each else keys.number("dim", "hidden_size", "inner_dim")
    if not width:
        return None
    patch = keys.number("patch_size") or 1
    packed = patch == 1 and (keys.number("in_channels") or 0) >= 64  # 2 x 2 packed into channels
    feed = keys.number("ffn_dim", "intermediate_size") or 4 * width
    joint = keys.has("joint_attention_dim")
    single = keys.has("num_single_layers") or kind.startswith("flux")
    return Dit(
        name, width, heads or 1, 2 if packed or "qwen" in kind else patch, feed, joint, single
    )


def _vae(name: str, keys: Keys) -> Vae | None:
    channels = _widths(keys) or tuple(_grown(keys))
    if not channels:
        return None
    return Vae(name, channels, keys.number("sample_size") or 512, keys.flag("force_upcast"))


def _widths(keys: Keys) -> tuple[int, ...]:
    return tuple(n for n in keys.numbers("block_out_channels") if n)


def _grown(keys: Keys) -> list[int]:
    """A base width and how often it is taken at each level (Wan, Qwen-Image)."""
    base = keys.number("base_dim")
    return [base * (n or 1) for n in keys.numbers("dim_mult")] if base else []
