"""VILA 1.5 (NVIDIA): SigLIP, a projector that joins four neighbors, and Llama, in three folders.

The library's LLaVA computes all but the projector, so the parts are put into it. What a picture
becomes stands where the tokenizer's unknown token stands; texts cannot contain that one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from msgspec.structs import replace
from torch import Tensor, nn

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.language.encoding import loaded_tokenizer
from freehold.engines.workers.language.images import picture
from freehold.engines.workers.language.loading import (
    Opened,
    architecture,
    configuration,
    opened,
    said,
)
from freehold.engines.workers.language.prompts import Prompt, Writer, turn
from freehold.engines.workers.language.seeing import image
from freehold.engines.workers.order import Order
from freehold.tasks.text_generation import Request

MARK = "<image>"
VICUNA = (
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
    "helpful, detailed, and polite answers to the user's questions.{% for message in messages %}"
    "{% if message['role'] == 'assistant' %} ASSISTANT:{% else %} USER:{% endif %} "
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}" + MARK + "\n"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{% if message['role'] == 'assistant' %}</s>{% endif %}{% endfor %} ASSISTANT:"
)
"""The words that models on Vicuna were trained on, for those that come without a template."""


def load(order: Order) -> tuple[Opened, Writer]:
    """The model put together, and what makes its prompts."""
    folder = Path(order.model)
    told = said(folder, "config.json")
    if told.get("image_aspect_ratio", "resize") != "resize":
        raise UsageError(f"pictures are prepared by {told['image_aspect_ratio']!r}: not known here")
    text, sight = part(order, "llm"), part(replace(order, adapters=()), "vision_tower")
    tokenizer = loaded_tokenizer(folder / "llm")
    config = transformers.LlavaConfig(
        vision_config=sight.config,
        text_config=text.config,
        image_token_index=tokenizer.unk_token_id or 0,
        vision_feature_layer=int(told.get("mm_vision_select_layer", -2)),
        vision_feature_select_strategy=strategy(told),
    )
    with torch.device("meta"):
        model = transformers.LlavaForConditionalGeneration(config)
    model.model.vision_tower, model.lm_head = sight.model, text.model.lm_head
    model.model.language_model = text.model.model
    model.model.multi_modal_projector = projector(order, sight.config, text.config).to(
        text.device, text.model.dtype
    )
    model.generation_config = text.model.generation_config
    seen = transformers.AutoImageProcessor.from_pretrained(folder / "vision_tower")
    ready = replace(text, model=model.eval(), config=config, folder=folder)
    return ready, Seer(tokenizer, folder, seen, ready, order.options.get("template"))


def part(order: Order, name: str) -> Opened:
    """One of the folders, opened by itself."""
    inner = replace(order, model=str(Path(order.model) / name))
    config = configuration(Path(inner.model))
    return opened(inner, architecture(config, {}), config)


def strategy(told: Mapping[str, Any]) -> str:
    """Which states of a picture are taken: all, or all but the first."""
    return "full" if told.get("mm_vision_select_feature", "patch") == "cls_patch" else "default"


def projector(order: Order, sight: Any, text: Any) -> Any:
    """The projector with its weights."""
    from safetensors.torch import load_file

    folder = Path(order.model) / "mm_projector"
    kind = said(folder, "config.json").get("mm_projector_type")
    if kind != "mlp_downsample":
        raise UsageError(f"the projector {kind!r} is not known here")
    made = Projector(sight.hidden_size, text.hidden_size)
    try:
        made.load_state_dict(load_file(folder / "model.safetensors"))
    except (OSError, RuntimeError) as error:
        raise BrokenInput(f"{folder.name}: cannot be loaded: {error}"[:400]) from error
    return made


class Projector(nn.Module):
    """Joins four neighbors of a picture, then two layers; names of weights as published."""

    def __init__(self, seen: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Identity(),
            nn.LayerNorm(4 * seen),
            nn.Linear(4 * seen, width),
            nn.GELU(),
            nn.Linear(width, width),
        )

    def forward(self, states: Tensor) -> Tensor:
        """States (pictures, patches, size) as (pictures, a quarter of them, width)."""
        return self.layers(squared(states))


def squared(states: Tensor) -> Tensor:
    """Four neighbors as one, column by column; an odd edge is filled with zeros."""
    side = int(states.shape[1] ** 0.5)
    grid = states.unflatten(1, (side, side))
    grid = nn.functional.pad(grid, (0, 0, 0, side % 2, 0, side % 2))
    half = grid.shape[1] // 2
    grid = grid.unflatten(1, (half, 2)).unflatten(3, (half, 2))
    return grid.permute(0, 3, 1, 2, 4, 5).flatten(3).flatten(1, 2)


class Seer(Writer):
    """Turns chats with pictures into tokens and pixels."""

    def __init__(
        self, tokenizer: Any, folder: Path, seen: Any, opened: Opened, template: str | None
    ) -> None:
        super().__init__(tokenizer, folder, template or tokenizer.chat_template or VICUNA)
        self._prepare, self._opened = seen, opened
        side = opened.config.vision_config.image_size // opened.config.vision_config.patch_size
        self._many = ((side + 1) // 2) ** 2

    def turns(self, request: Request) -> list[dict[str, Any]]:
        """The chat with its pictures as parts."""
        return [turn(message, lambda _: {"type": "image"}) for message in request.messages]

    def whole(self, request: Request) -> Prompt:
        """The prompt as it is, with the pixels beside it."""
        files = [f for message in request.messages for f in message.files if image(f)]
        if request.text is not None:
            return super().whole(request)
        text = self.rendered(request)
        first, *others = text.split(MARK)
        if len(others) != len(files):
            raise UsageError(f"the chat speaks of {len(others)} pictures and has {len(files)}")
        tokens = self.encoded(first, special=True)
        for other in others:
            tokens += [self._opened.config.image_token_index] * self._many
            tokens += self.encoded(other, special=False)
        if not files:
            return Prompt(tokens=tokens)
        found = self._prepare(images=[picture(file) for file in files], return_tensors="pt")
        pixels = found["pixel_values"].to(self._opened.device, self._opened.model.dtype)
        return Prompt(tokens=tokens, more={"pixel_values": pixels})
