"""Molmo of 2024 (Allen Institute for AI): CLIP, pooling by attention, and Qwen2 or OLMo 2.

Sizes of the sight are in no configuration: they are read off the weights. The one picture of a
chat stands before all words, as the model was trained.
"""

from pathlib import Path
from typing import Any

import torch
from transformers.conversion_mapping import register_checkpoint_conversion_mapping

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.language.encoding import loaded_tokenizer
from freehold.engines.workers.language.images import picture
from freehold.engines.workers.language.loading import Opened, opened, said
from freehold.engines.workers.language.ports.crops import POOL, Crops, Rule, cropped
from freehold.engines.workers.language.ports.molmo_model import HEAD, KINDS, conversions
from freehold.engines.workers.language.ports.shapes import shapes
from freehold.engines.workers.language.prompts import Prompt, Writer, turn
from freehold.engines.workers.language.seeing import image
from freehold.engines.workers.order import Order
from freehold.tasks.text_generation import Request

START, END, PATCH, COLUMN = MARKS = ("<im_start>", "<im_end>", "<im_patch>", "<im_col>")
CHAT = (
    "{% for message in messages %} {{ message['role'] | capitalize }}: {{ message['content'] }}"
    "{% endfor %} Assistant:"
)
"""For files that come without a template."""


def load(order: Order) -> tuple[Opened, Writer]:
    """The model with its weights, and what makes its prompts."""
    folder = Path(order.model)
    told = said(folder, "config.json")
    tokenizer = loaded_tokenizer(folder)
    missing = [mark for mark in MARKS if mark not in tokenizer.get_vocab()]
    if missing:
        raise UsageError(f"the tokenizer has no {missing[0]}, which pictures need")
    rule = cropping(said(folder, "preprocessor_config.json"))
    kind = decoder(told)
    register_checkpoint_conversion_mapping(kind.__name__, conversions(kind), overwrite=True)
    config = composed(told, kind, sizes(folder, rule), tokenizer.convert_tokens_to_ids(PATCH))
    ready = opened(order, kind, config)
    return ready, Seer(tokenizer, folder, rule, ready, order.options.get("template"))


def decoder(told: dict[str, Any]) -> Any:
    """The class for a published configuration; UsageError for one that is not known."""
    strange = told.get("clip_qkv") or told.get("weight_tying") or told.get("moe_num_experts")
    signs = ("norm_after", "attention_layer_norm", "qkv_bias")
    kind = KINDS.get(tuple(bool(told.get(sign)) for sign in signs))
    if strange or told.get("layer_norm_type") != "rms" or kind is None:
        raise UsageError("this Molmo has a decoder that is not known here")
    return kind


def sizes(folder: Path, rule: Rule) -> dict[str, Any]:
    """The configuration of CLIP, read off the weights."""
    at = "model.vision_backbone.image_vit."
    found = shapes(folder, at)
    first = found.get(f"{at}transformer.resblocks.0.feed_forward.w1.weight")
    if first is None:
        raise BrokenInput(f"{folder.name}: there are no weights of a sight")
    layers = {name.split(".resblocks.")[1].split(".")[0] for name in found if "resblocks" in name}
    return {
        "hidden_size": first[1],
        "intermediate_size": first[0],
        "num_hidden_layers": len(layers),
        "num_attention_heads": first[1] // HEAD,
        "image_size": rule.side,
        "patch_size": rule.patch,
        "hidden_act": "quick_gelu",
        "layer_norm_eps": 1e-5,
    }


def composed(told: dict[str, Any], kind: Any, sight: dict[str, Any], patch: int) -> Any:
    """The library's configuration of the decoder, with that of the sight in it."""
    heads = told["num_attention_heads"]
    return kind.config_class(
        vocab_size=told.get("embedding_size") or told["vocab_size"],
        hidden_size=told["hidden_size"],
        intermediate_size=told["intermediate_size"] // 2,
        num_hidden_layers=told["num_hidden_layers"],
        num_attention_heads=heads,
        num_key_value_heads=told.get("num_key_value_heads") or heads,
        max_position_embeddings=told["max_position_embeddings"],
        rms_norm_eps=told["layer_norm_eps"],
        rope_parameters={"rope_type": "default", "rope_theta": told["rope_theta"]},
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
        tie_word_embeddings=False,
        dtype=told.get("dtype") or told.get("torch_dtype"),
        sight=sight,
        patch=patch,
    )


def cropping(told: dict[str, Any]) -> Rule:
    """How pictures are cropped, by the published file; UsageError for what is not done here."""
    try:
        high, wide = told["base_image_input_size"]
        left, right = told["overlap_margins"]
        rule = Rule(
            side=high, patch=told["image_patch_size"], margins=(left, right),
            most=told["max_crops"], mean=tuple(told["image_mean"]),
            deviation=tuple(told["image_std"]),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError) as error:
        raise BrokenInput(f"preprocessor_config.json does not say: {error}") from error
    if high != wide or left % POOL or not told.get("image_padding_mask", True):
        raise UsageError("this Molmo crops pictures in a way that is not known here")
    return rule


class Seer(Writer):
    """Turns chats with one picture into tokens and crops."""

    def __init__(
        self, tokenizer: Any, folder: Path, rule: Rule, opened: Opened, template: str | None
    ) -> None:
        super().__init__(tokenizer, folder, template or tokenizer.chat_template or CHAT)
        self._rule, self._opened = rule, opened
        self._marks = dict(zip(MARKS, tokenizer.convert_tokens_to_ids(list(MARKS)), strict=True))
        self._begin = tokenizer.bos_token_id or tokenizer.eos_token_id

    def turns(self, request: Request) -> list[dict[str, Any]]:
        """The chat in words alone: a picture stands before all of them."""
        return [
            {**turn(message, lambda _: {}), "content": message.content}
            for message in request.messages
        ]

    def whole(self, request: Request) -> Prompt:
        """The prompt as it is, with the crops beside it."""
        files = [f for message in request.messages for f in message.files if image(f)]
        if request.suffix is not None:
            return super().whole(request)
        if len(files) > 1:
            raise UsageError(f"this model sees one picture in a chat, not {len(files)}")
        text = self.rendered(request) if request.text is None else request.text
        if request.text is None and not text.startswith(" "):
            text = " " + text
        tokens = self.encoded(text, special=False)
        if not files:
            return Prompt(tokens=[self._begin, *tokens])
        if set(tokens) & set(self._marks.values()):
            raise UsageError(f"a chat with a picture cannot hold {', '.join(MARKS)} in its words")
        crops = cropped(picture(files[0]), self._rule)
        return Prompt(tokens=[self._begin, *self._stands(crops), *tokens], more=self._more(crops))

    def _stands(self, crops: Crops) -> list[int]:
        """The tokens that stand for a picture: the whole, then the crops, row by row."""
        found = []
        for grid in crops.grids:
            row = [self._marks[PATCH]] * grid.shape[1] + [self._marks[COLUMN]]
            found += [self._marks[START], *row * grid.shape[0], self._marks[END]]
        return found

    def _more(self, crops: Crops) -> dict[str, Any]:
        device = self._opened.device
        return {
            "images": crops.images.to(device, self._opened.model.dtype),
            "shares": crops.shares.to(device),
            "kept": torch.cat([grid.flatten() for grid in crops.grids]).to(device),
        }
