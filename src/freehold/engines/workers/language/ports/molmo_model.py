"""The model of Molmo: blocks of the library, put together, and where published weights belong."""

from typing import Any

import torch
import transformers
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention, silu
from transformers.core_model_loading import (
    Chunk,
    Concatenate,
    ConversionOps,
    Split,
    WeightConverter,
    WeightRenaming,
)

from freehold.engines.workers.language.ports.crops import POOL

MORE = 128
"""Tokens after the usual ones, which are read and never written."""
TAKEN = (-2, -9)
"""Layers of CLIP whose states are taken."""
HEAD = 64
"""Numbers of a head of CLIP."""
SIGHT = r"^model\.vision_backbone\."
VIT = SIGHT + r"image_vit\."
NAMES = {
    VIT + "class_embedding": "sight.clip.embeddings.class_embedding",
    VIT + "positional_embedding": "sight.clip.embeddings.position_embedding.weight",
    VIT + r"pre_ln\.": "sight.clip.pre_layrnorm.",
    VIT + r"transformer\.resblocks\.": "sight.clip.encoder.layers.",
    VIT: "sight.clip.",
    SIGHT: "sight.",
    **{rf"\.attention\.w{x}\.": f".self_attn.{x}_proj." for x in "qkv"},
    r"\.attention\.wo\.": ".self_attn.out_proj.",
    r"\.attention_norm\.": ".layer_norm1.",
    r"\.ffn_norm\.": ".layer_norm2.",
    r"\.feed_forward\.w1\.": ".mlp.fc1.",
    r"\.feed_forward\.w2\.": ".mlp.fc2.",
    r"^model\.transformer\.blocks\.": "model.layers.",
    r"^model\.transformer\.ln_f\.": "model.norm.",
    r"^model\.transformer\.ff_out\.": "lm_head.",
    r"\.attn_out\.": ".self_attn.o_proj.",
    r"\.ff_out\.": ".mlp.down_proj.",
    r"\.q_norm\.": ".self_attn.q_norm.",
    r"\.k_norm\.": ".self_attn.k_norm.",
}
"""Names of weights as published, and where they are here."""


class Seeing:
    """What makes a decoder of the library see; stands before its class."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)  # type: ignore[call-arg]
        mine: Any = self
        mine.model.embed_tokens = nn.Embedding(config.vocab_size + MORE, config.hidden_size)
        mine.sight = Sight(config)
        mine.post_init()

    def forward(
        self,
        input_ids: Tensor | None = None,
        images: Tensor | None = None,
        shares: Tensor | None = None,
        kept: Tensor | None = None,
        cache: Any = None,
        logits_to_keep: int = 0,
        **words: Any,
    ) -> Any:
        """The scores; pictures are seen at the first step, and added to the tokens of patches."""
        mine: Any = super()
        words |= {"cache": cache, "logits_to_keep": logits_to_keep}
        if images is None or (cache is not None and cache.get_seq_length()):
            return mine.forward(input_ids=input_ids, **words)
        me: Any = self
        states = me.model.embed_tokens(input_ids)
        seen = me.sight(images, shares)[kept].to(states.dtype)
        states[input_ids == me.config.patch] += seen
        return mine.forward(inputs_embeds=states, **words)


class MolmoQwen(Seeing, transformers.Qwen2ForCausalLM):
    """Molmo 7B-D and 72B."""


class MolmoOlmo(Seeing, transformers.Olmo2ForCausalLM):
    """Molmo 7B-O."""


KINDS: dict[tuple[bool, ...], Any] = {
    (False, False, True): MolmoQwen,
    (True, True, False): MolmoOlmo,
}
"""By whether norms come after, queries and keys are normed, and have biases."""


class Sight(nn.Module):
    """From crops to tokens of the decoder."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        seen = transformers.CLIPVisionConfig(**config.sight)
        self.clip = transformers.CLIPVisionModel(seen)
        self.clip.post_layernorm = nn.Identity()
        wide = len(TAKEN) * seen.hidden_size
        self.image_pooling_2d = Pooling(wide, seen.hidden_size)
        self.image_projector = Projector(
            seen.hidden_size, config.intermediate_size, config.hidden_size
        )
        self.pad_embed = nn.Parameter(torch.zeros(2, wide))

    def forward(self, images: Tensor, shares: Tensor) -> Tensor:
        """Crops and shares of picture in their patches as tokens (all of them, width)."""
        layers = self.clip(pixel_values=images, output_hidden_states=True).hidden_states
        states = torch.cat([layers[number] for number in TAKEN], -1)[:, 1:]
        empty = (shares == 0)[..., None]
        partly = (shares < 1)[..., None] & ~empty
        states = states + self.pad_embed[0] * empty + self.pad_embed[1] * partly
        return torch.as_tensor(self.image_projector(self.image_pooling_2d(fours(states))))


def fours(states: Tensor) -> Tensor:
    """States (crops, patches, size) as groups of four neighbors (groups, 4, size)."""
    side = int(states.shape[1] ** 0.5)
    grid = states.unflatten(1, (side, side))
    grid = pad(grid, (0, 0, 0, side % POOL, 0, side % POOL))
    grid = grid.unflatten(1, (-1, POOL)).unflatten(3, (-1, POOL))
    return grid.permute(0, 1, 3, 2, 4, 5).flatten(3, 4).flatten(0, 2)


class Pooling(nn.Module):
    """Neighbors as one: their mean asks, they answer."""

    def __init__(self, wide: int, width: int) -> None:
        super().__init__()
        self.wq, self.wk, self.wv = (nn.Linear(wide, width) for _ in range(3))
        self.wo = nn.Linear(width, width)

    def forward(self, groups: Tensor) -> Tensor:
        """Groups (groups, 4, wide) as (groups, width)."""
        asked = self.wq(groups.mean(1, keepdim=True))
        parts = [x.unflatten(-1, (-1, HEAD)).transpose(1, 2)
                 for x in (asked, self.wk(groups), self.wv(groups))]  # fmt: skip
        found = scaled_dot_product_attention(*parts)
        return torch.as_tensor(self.wo(found.transpose(1, 2).flatten(1)))


class Projector(nn.Module):
    """The gated layers to the decoder."""

    def __init__(self, seen: int, inner: int, width: int) -> None:
        super().__init__()
        self.w1 = nn.Linear(seen, inner, bias=False)
        self.w2 = nn.Linear(inner, width, bias=False)
        self.w3 = nn.Linear(seen, inner, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        """States, widened, gated and brought to the width of the decoder."""
        return torch.as_tensor(self.w2(silu(self.w1(states)) * self.w3(states)))


class Kernel(ConversionOps):
    """Rows over the colors of a patch's pixels, as a kernel (size, 3, rows, columns)."""

    def convert(
        self, input_dict: dict[str, Any], source_patterns: list[str], target_patterns: list[str],
        **_: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """The kernel under its new name."""
        (given,) = input_dict.values()
        found = given[0] if isinstance(given, list) else given
        side = int((found.shape[1] // 3) ** 0.5)
        kernel = found.unflatten(1, (side, side, 3)).permute(0, 3, 1, 2).contiguous()
        return {target_patterns[0]: kernel}


def conversions(kind: Any) -> list[Any]:
    """How published weights become those of this class."""
    before = ("post_attention", "post_feedforward")
    after = ("input", "post_attention")
    first, second = before if kind is MolmoOlmo else after
    names = NAMES | {
        r"\.attn_norm\.": f".{first}_layernorm.",
        r"\.ff_norm\.": f".{second}_layernorm.",
    }
    wte, kernel = "model.transformer.wte.", "sight.clip.patch_embedding.weight"
    return [
        *(WeightRenaming(old, new) for old, new in names.items()),
        WeightConverter(
            [wte + "embedding", wte + "new_embedding"], "model.embed_tokens.weight",
            operations=[Concatenate(dim=0)],
        ),
        WeightConverter(
            ".att_proj.", [f".self_attn.{x}_proj." for x in "qkv"], operations=[Split(dim=0)]
        ),
        WeightConverter(
            ".ff_proj.", [".mlp.up_proj.", ".mlp.gate_proj."], operations=[Chunk(dim=0)]
        ),
        WeightConverter(
            kernel, "sight.clip.embeddings.patch_embedding.weight", operations=[Kernel()]
        ),
    ]  # fmt: skip
