"""Speech as units, as Spirit LM hears it: HuBERT at 25 Hz, and layers that choose one of 500.

The published files after `freehold convert --under model_weight`: `mhubert_base_25hz.safetensors`
in the names of fairseq, whose layers are the library's, and `L11_quantizer_500.safetensors`, whose
name says which layer it listens to. All sizes are read from the weights. Nguyen et al., Spirit LM:
Interleaved Spoken and Written Language Model, 2024; blanks and doubles as in its published code.
"""

import re
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import HubertConfig, HubertModel

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.aside import Tell
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.reading import Sound

RATE = 16_000
CHUNK, SHORTEST = 100 * RATE, 1_280
"""Samples that are heard at once, and with how few nothing is heard."""
HEAD = 64
"""Numbers of one head of attention, in every HuBERT that was published."""
STRIDES = {10: 5, 3: 2, 2: 2}
"""How far the ear moves on, by how wide it listens."""
EARS, PLACES = "feature_extractor.conv_layers", "encoder.pos_conv_embed.conv"
NAMES = (
    (r"^feature_extractor\.conv_layers\.(\d+)\.0\.", rf"{EARS}.\1.conv."),
    (r"^feature_extractor\.conv_layers\.(\d+)\.2\.", rf"{EARS}.\1.layer_norm."),
    (r"^layer_norm\.", "feature_projection.layer_norm."),
    (r"^post_extract_proj\.", "feature_projection.projection."),
    (r"^mask_emb$", "masked_spec_embed"),
    (r"^encoder\.pos_conv\.0\.weight_g$", f"{PLACES}.parametrizations.weight.original0"),
    (r"^encoder\.pos_conv\.0\.weight_v$", f"{PLACES}.parametrizations.weight.original1"),
    (r"^encoder\.pos_conv\.0\.", f"{PLACES}."),
    (r"\.self_attn\.", ".attention."),
    (r"\.self_attn_layer_norm\.", ".layer_norm."),
    (r"\.fc1\.", ".feed_forward.intermediate_dense."),
    (r"\.fc2\.", ".feed_forward.output_dense."),
)  # fmt: skip
"""Names of weights, as published and as the library has them."""
UNUSED = ("final_proj.", "label_embs_concat")
"""Beginnings of names of weights that only training needs."""


class Ear:
    """Hears speech as units."""

    def __init__(self, order: Order, folder: Path) -> None:
        chooser = one_file(folder, "L*_quantizer_*")
        found = re.match(r"L(\d+)_", chooser.name)
        self.device = order.device
        self.hubert = hubert(stored(one_file(folder, "*hubert*")), int(found[1]) if found else 0)
        self.hubert = self.hubert.eval().to(order.device)
        self.choose = layers(stored(chooser)).to(order.device)
        self.blank = self.choose[-1].out_features - 1

    def units(self, sound: Sound, tell: Tell) -> list[int]:
        """The unit of each 25th of a second, one after the other, each said once."""
        found: list[int] = []
        samples = torch.from_numpy(sound.samples)
        for start in range(0, len(samples), CHUNK):
            part = samples[start : start + CHUNK]
            if len(part) >= SHORTEST:
                found += self._heard(part)
            tell(None)
        if not found:
            raise UsageError(f"the sound is shorter than {1_000 * SHORTEST // RATE} ms")
        return [unit for unit, _ in groupby(found)]

    def _heard(self, samples: Tensor) -> list[int]:
        with torch.inference_mode():
            states = self.hubert(samples[None].to(self.device)).last_hidden_state
            scores = self.choose(states[0])
        if not bool(scores.isfinite().all()):
            raise BrokenInput("what hears the sound computes what is not a number")
        return without_blanks(scores.argmax(-1).tolist(), self.blank)


def without_blanks(units: list[int], blank: int) -> list[int]:
    """In the place of each blank the unit before it; before the first stands the last."""
    last = next((unit for unit in reversed(units) if unit != blank), blank)
    found = []
    for unit in units:
        last = last if unit == blank else unit
        found.append(last)
    return found


def hubert(weights: dict[str, Tensor], layer: int) -> Any:
    """The library's HuBERT up to a layer, with the weights of fairseq's."""
    try:
        config = sizes(weights, layer)
    except (KeyError, ZeroDivisionError) as error:
        raise BrokenInput(f"no weights of HuBERT: {error} is missing") from error
    with torch.device("meta"):
        model = HubertModel(config)
    found = {}
    for name, value in weights.items():
        beyond = (number := re.match(r"encoder\.layers\.(\d+)\.", name)) and int(number[1]) >= layer
        if not name.startswith(UNUSED) and not beyond:
            found[renamed(name)] = value.float()
    found.setdefault("masked_spec_embed", torch.zeros(config.hidden_size))
    return filled(model, found)


def renamed(name: str) -> str:
    """The library's name of a published weight."""
    for theirs, ours in NAMES:
        name = re.sub(theirs, ours, name)
    return name


def sizes(weights: dict[str, Tensor], layer: int) -> HubertConfig:
    """The configuration that follows from the shapes of weights."""
    places = weights["encoder.pos_conv.0.weight_v"].shape
    width, ears = places[0], 0
    while f"{EARS}.{ears}.0.weight" in weights:
        ears += 1
    shapes = [weights[f"{EARS}.{n}.0.weight"].shape for n in range(ears)]
    if width % HEAD or not all(shape[2] in STRIDES for shape in shapes):
        raise BrokenInput("HuBERT has sizes that were never published")
    return HubertConfig(
        hidden_size=width,
        num_hidden_layers=layer,
        num_attention_heads=width // HEAD,
        intermediate_size=weights["encoder.layers.0.fc1.weight"].shape[0],
        conv_dim=tuple(shape[0] for shape in shapes),
        conv_kernel=tuple(shape[2] for shape in shapes),
        conv_stride=tuple(STRIDES[shape[2]] for shape in shapes),
        conv_bias=f"{EARS}.0.0.bias" in weights,
        num_conv_pos_embeddings=places[2],
        num_conv_pos_embedding_groups=width // places[1],
    )


def layers(weights: dict[str, Tensor]) -> nn.Sequential:
    """Linear layers with a bent line between each two, numbered as published: 0, 2, 4."""
    parts: list[nn.Module] = []
    try:
        for number in range(0, len(weights), 2):
            high, wide = weights[f"{number}.weight"].shape
            parts += [nn.Linear(wide, high), nn.LeakyReLU()]
    except KeyError as error:
        raise BrokenInput(f"no weights that choose units: {error} is missing") from error
    made = nn.Sequential(*parts[:-1])
    return filled(made, {name: value.float() for name, value in weights.items()}).eval()


def filled(model: Any, weights: dict[str, Tensor]) -> Any:
    """The model with these weights, every one of them."""
    try:
        model.load_state_dict(weights, strict=True, assign=True)
    except RuntimeError as error:
        raise BrokenInput(f"the weights do not fit: {str(error)[:300]}") from error
    return model


def one_file(folder: Path, name: str) -> Path:
    """The one file of weights whose name begins like this."""
    found = sorted(folder.glob(f"{name}.safetensors"))
    if len(found) != 1:
        raise BrokenInput(
            f"{folder.name}: {len(found)} files are named {name}.safetensors, one is needed",
            hint="freehold convert --under NAME brings the published file (.pt) over",
        )
    return found[0]


def stored(path: Path) -> dict[str, Tensor]:
    """The weights in a file."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise BrokenInput(f"{path.name} cannot be read: {error}") from error
