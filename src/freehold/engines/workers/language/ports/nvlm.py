"""NVLM 1.0 of the kind D (NVIDIA): InternViT, a projector of its own, and Qwen2, in one folder.

The library's InternVL computes all but the projector; `NAMES` says where each published weight
belongs. A picture is cut into tiles; before each stands its number in words, as the paper
(arXiv 2409.11402, section 4.2) puts it.
"""

from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from transformers.conversion_mapping import register_checkpoint_conversion_mapping
from transformers.core_model_loading import Chunk, WeightConverter, WeightRenaming

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.language.encoding import loaded_tokenizer
from freehold.engines.workers.language.images import picture
from freehold.engines.workers.language.loading import Opened, opened, said
from freehold.engines.workers.language.ports.shapes import shapes
from freehold.engines.workers.language.prompts import Prompt, Writer, turn
from freehold.engines.workers.language.seeing import image
from freehold.engines.workers.order import Order
from freehold.tasks.text_generation import Request

MARK, PAD = "<image>", "<|vision_pad|>"
THUMBNAIL = "<tile_global_thumbnail>"
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)
"""For files that come without a template."""
SEEN = "model.vision_tower.embeddings"
NAMES = {
    r"^vision_model\.embeddings\.class_embedding": f"{SEEN}.cls_token",
    r"^vision_model\.embeddings\.patch_embedding": f"{SEEN}.patch_embeddings.projection",
    r"^vision_model\.embeddings\.position_embedding": f"{SEEN}.position_embeddings",
    r"^vision_model\.encoder\.layers\.": "model.vision_tower.encoder.layer.",
    r"\.attn\.proj\.": ".attention.projection_layer.",
    r"\.attn\.q_norm\.": ".attention.q_norm.",
    r"\.attn\.k_norm\.": ".attention.k_norm.",
    r"\.norm1\.": ".layernorm_before.",
    r"\.norm2\.": ".layernorm_after.",
    r"\.ls1$": ".lambda_1",
    r"\.ls2$": ".lambda_2",
    r"^mlp1\.": "model.multi_modal_projector.layers.",
    r"^language_model\.model\.": "model.language_model.",
    r"^language_model\.lm_head\.": "lm_head.",
}
"""Names of weights as published, and where the library has them."""


class Nvlm(transformers.InternVLForConditionalGeneration):
    """InternVL with the projector of NVLM."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.model.multi_modal_projector = Projector(config)
        for layer in self.model.vision_tower.encoder.layer:
            widen(layer.attention, config.attended, config.vision_config)
        self.post_init()


def widen(attention: Any, width: int, config: Any) -> None:
    """Give an attention this width: published weights have more heads than their sight counts.

    Norms of queries and keys measure the first heads alone, those that are counted.
    """
    biased = bool(config.attention_bias)
    for name in ("q_proj", "k_proj", "v_proj"):
        setattr(attention, name, nn.Linear(config.hidden_size, width, bias=biased))
    attention.projection_layer = nn.Linear(width, config.hidden_size)
    attention.num_heads, attention.embed_dim = width // attention.head_dim, width
    if config.use_qk_norm:
        attention.q_norm, attention.k_norm = (
            Norm(width, config.hidden_size, config.layer_norm_eps) for _ in range(2)
        )


class Norm(nn.Module):
    """Divides by the root of the mean square of the first numbers."""

    def __init__(self, width: int, counted: int, least: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self._counted, self._least = counted, least

    def forward(self, states: Tensor) -> Tensor:
        """States (..., width), normed."""
        wide = states.float()
        square = wide[..., : self._counted].pow(2).mean(-1, keepdim=True)
        return self.weight * (wide * torch.rsqrt(square + self._least)).to(states.dtype)


class Projector(nn.Module):
    """Four neighbors of a tile, already joined, as one token of the decoder."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        joined = config.vision_config.hidden_size * round(1 / config.downsample_ratio) ** 2
        inner, width = config.text_config.intermediate_size, config.text_config.hidden_size
        self.layers = nn.Sequential(
            nn.LayerNorm(joined),
            nn.Linear(joined, inner, bias=False),
            nn.GELU(),
            nn.Linear(inner, width, bias=False),
        )
        self._turned = config.ps_version == "v1"

    def forward(self, states: Tensor) -> Tensor:
        """States (tiles, tokens, four sizes) as (tiles, tokens, width)."""
        if self._turned:
            side = int(states.shape[1] ** 0.5)
            states = states.unflatten(1, (side, side)).transpose(1, 2).flatten(1, 2)
        return self.layers(states)


def load(order: Order) -> tuple[Opened, Writer]:
    """The model with its weights, and what makes its prompts."""
    folder = Path(order.model)
    told = said(folder, "config.json")
    tokenizer = loaded_tokenizer(folder)
    if PAD not in tokenizer.get_vocab():
        raise UsageError(f"the tokenizer has no {PAD}, where the model would see a picture")
    register_checkpoint_conversion_mapping("Nvlm", conversions(), overwrite=True)
    config = composed(told, attended(folder), tokenizer.convert_tokens_to_ids(PAD))
    ready = opened(order, Nvlm, config)
    return ready, Seer(tokenizer, folder, told, ready, order.options.get("template"))


def conversions() -> list[Any]:
    """How published weights become the library's."""
    thirds = [f".attention.{name}_proj." for name in "qkv"]
    split = WeightConverter(r".attn.qkv.", thirds, operations=[Chunk(dim=0)])
    return [*(WeightRenaming(old, new) for old, new in NAMES.items()), split]


def attended(folder: Path) -> int:
    """How wide the attention of the sight is, by its weights."""
    name = "vision_model.encoder.layers.0.attn.proj.weight"
    found = shapes(folder, name).get(name)
    if found is None:
        raise BrokenInput(f"{folder.name}: there are no weights of a sight")
    return found[1]


def composed(told: dict[str, Any], wide: int, pad: int) -> Any:
    """The library's configuration for the published one; UsageError for another decoder."""
    text, seen = dict(told.get("llm_config") or {}), dict(told.get("vision_config") or {})
    if text.get("architectures") != ["Qwen2ForCausalLM"]:
        raise UsageError("NVLM is known here with Qwen2 only")
    size = told.get("force_image_size") or seen["image_size"]
    if size != seen["image_size"]:
        raise UsageError(f"pictures of {size} pixels for a model that sees {seen['image_size']}")
    sight = transformers.InternVLVisionConfig(
        **{name: seen[name] for name in (
            "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "norm_type", "layer_norm_eps", "hidden_act", "image_size", "patch_size",
        ) if name in seen},
        attention_bias=bool(seen.get("qkv_bias", False)),
        use_qk_norm=bool(seen.get("qk_normalization", True)),
    )  # fmt: skip
    return transformers.InternVLConfig(
        vision_config=sight,
        text_config={**text, "model_type": "qwen2"},
        image_token_id=pad,
        downsample_ratio=float(told.get("downsample_ratio", 0.5)),
        vision_feature_layer=int(told.get("select_layer", -1)),
        attended=wide,
        ps_version=told.get("ps_version", "v1"),
        tie_word_embeddings=bool(text.get("tie_word_embeddings", False)),
        dtype=told.get("dtype") or told.get("torch_dtype"),
    )


class Seer(Writer):
    """Turns chats with pictures into tokens and tiles."""

    def __init__(
        self, tokenizer: Any, folder: Path, told: dict[str, Any], opened: Opened,
        template: str | None,
    ) -> None:  # fmt: skip
        super().__init__(tokenizer, folder, template or tokenizer.chat_template or CHAT)
        sight = opened.config.vision_config
        self._opened = opened
        self._many = int(
            (sight.image_size[0] // sight.patch_size[0] * opened.config.downsample_ratio) ** 2
        )
        self._prepare = tiler(folder, told, sight.image_size[0])

    def turns(self, request: Request) -> list[dict[str, Any]]:
        """The chat with a mark for each picture before the words."""
        found = []
        for message in request.messages:
            marks = [MARK + "\n" for file in message.files if image(file)]
            said = turn(message, lambda _: {"type": "image"})
            found.append({**said, "content": "".join(marks) + message.content})
        return found

    def whole(self, request: Request) -> Prompt:
        """The prompt as it is, with the tiles beside it."""
        files = [file for message in request.messages for file in message.files]
        if request.text is not None or not files:
            return super().whole(request)
        first, *others = self.rendered(request).split(MARK)
        if len(others) != len(files) or PAD in "".join((first, *others)):
            raise UsageError(f"the words of a chat with pictures cannot hold {MARK} or {PAD}")
        tiles = [self._tiles(file) for file in files]
        pairs = zip(tiles, others, strict=True)
        text = first + "".join(tagged(len(seen), self._many) + rest for seen, rest in pairs)
        pixels = [tile for seen in tiles for tile in seen]
        place = self._opened.device, self._opened.model.dtype
        more = {"pixel_values": torch.stack(pixels).to(*place)}
        return Prompt(tokens=self.encoded(text, special=False), more=more)

    def _tiles(self, file: Any) -> Any:
        return self._prepare(images=[picture(file)], return_tensors="pt")["pixel_values"]


def tagged(tiles: int, many: int) -> str:
    """What stands for a picture: each tile with its number before it, the whole picture last."""
    tags = [f"<tile_{number}>" for number in range(1, tiles)] + [THUMBNAIL]
    return "<Image>" + "".join(tag + PAD * many for tag in tags) + "</Image>"


def tiler(folder: Path, told: dict[str, Any], size: int) -> Any:
    """What cuts a picture into the tiles that fit its shape, and the whole picture as the last."""
    colors = said(folder, "preprocessor_config.json")
    most = int(told.get("max_dynamic_patch", 6)) if told.get("dynamic_image_size") else 1
    if most > 1 and not told.get("use_thumbnail"):
        raise UsageError("NVLM without the whole picture beside its tiles is not known here")
    return transformers.GotOcr2ImageProcessorPil(
        size={"height": size, "width": size},
        crop_to_patches=most > 1,
        min_patches=int(told.get("min_dynamic_patch", 1)),
        max_patches=most,
        image_mean=colors.get("image_mean", [0.485, 0.456, 0.406]),
        image_std=colors.get("image_std", [0.229, 0.224, 0.225]),
    )
