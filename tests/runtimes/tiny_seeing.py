"""Makes tiny models that see and write, in the layouts of their publishers.

Run as a script in the Python of the runtime: `tiny_seeing.py FOLDER NAME...`. Beside each model
there is a picture, and `expected.json` with what `generate` says of it, greedily.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy
import torch
import transformers
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
import tiny_text as tiny

TEXT = {**tiny.SMALL, "vocab_size": 200}
SIGHT = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "image_size": 16, "patch_size": 8, "projection_dim": 16,
}  # fmt: skip
QWEN = {
    "depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 4, "patch_size": 8,
    "spatial_merge_size": 2, "temporal_patch_size": 2, "mlp_ratio": 2,
}  # fmt: skip
MROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]}
CHAT = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endfor %}"
)
QUESTION = "the quick brown fox"


def size(pixels: int) -> dict[str, int]:
    """The square size of pictures."""
    return {"height": pixels, "width": pixels}


def llava() -> tuple[Any, Any]:
    """LLaVA 1.5: CLIP and Llama."""
    tokenizer = words("<image>")
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**SIGHT),
        text_config=transformers.LlamaConfig(**TEXT),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    seen = transformers.CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size=size(16))
    processor = transformers.LlavaProcessor(
        seen, tokenizer, patch_size=8, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=CHAT.replace("IMAGE", "<image>"),
    )  # fmt: skip
    return transformers.LlavaForConditionalGeneration(config), processor


def qwen2_vl() -> tuple[Any, Any]:
    """Qwen2-VL: pictures of any size, places in three directions."""
    config = transformers.Qwen2VLConfig(
        text_config={**TEXT, "rope_parameters": MROPE}, vision_config=QWEN, **marks(qwen_words())
    )
    return transformers.Qwen2VLForConditionalGeneration(config), None


def qwen2_5_vl() -> tuple[Any, Any]:
    """Qwen2.5-VL: the same with windows."""
    vision = {key: value for key, value in QWEN.items() if key not in ("embed_dim", "mlp_ratio")}
    vision |= {"out_hidden_size": 32, "intermediate_size": 64, "window_size": 32,
               "fullatt_block_indexes": [1]}  # fmt: skip
    config = transformers.Qwen2_5_VLConfig(
        text_config={**TEXT, "rope_parameters": MROPE}, vision_config=vision, **marks(qwen_words())
    )
    return transformers.Qwen2_5_VLForConditionalGeneration(config), None


def gemma3() -> tuple[Any, Any]:
    """Gemma 3: SigLIP, pooled to a fixed number of tokens."""
    tokenizer = words("<start_of_image>", "<end_of_image>", "<image_soft_token>")
    tokenizer.image_token, tokenizer.boi_token = "<image_soft_token>", "<start_of_image>"
    tokenizer.eoi_token = "<end_of_image>"
    tokenizer.image_token_id = tokenizer.convert_tokens_to_ids("<image_soft_token>")
    config = transformers.Gemma3Config(
        text_config={**TEXT, "head_dim": 8, "sliding_window": 16},
        vision_config={**SIGHT, "vision_use_head": False},
        mm_tokens_per_image=1,
        image_token_index=tokenizer.image_token_id,
        boi_token_index=tokenizer.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=tokenizer.convert_tokens_to_ids("<end_of_image>"),
    )
    seen = transformers.Gemma3ImageProcessorPil(size=size(16), do_pan_and_scan=False)
    processor = transformers.Gemma3Processor(
        seen, tokenizer, image_seq_length=1,
        chat_template=CHAT.replace("IMAGE", "<start_of_image>"),
    )  # fmt: skip
    return transformers.Gemma3ForConditionalGeneration(config), processor


def mllama() -> tuple[Any, Any]:
    """Llama 3.2 Vision: layers that look across."""
    tokenizer = words("<|image|>")
    config = transformers.MllamaConfig(
        text_config={**TEXT, "cross_attention_layers": [1], "num_hidden_layers": 3},
        vision_config={"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
                       "num_global_layers": 1, "attention_heads": 4, "image_size": 16,
                       "patch_size": 8, "vision_output_dim": 64, "max_num_tiles": 2,
                       "intermediate_layers_indices": [0],
                       "supported_aspect_ratios": [[1, 1], [1, 2], [2, 1]]},
        image_token_index=tokenizer.convert_tokens_to_ids("<|image|>"),
    )  # fmt: skip
    seen = transformers.MllamaImageProcessorPil(size=size(16), max_image_tiles=2)
    processor = transformers.MllamaProcessor(
        seen, tokenizer, chat_template=CHAT.replace("IMAGE", "<|image|>")
    )
    model = transformers.MllamaForConditionalGeneration(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "gate" in name:
                weight.fill_(0.7)
    return model, processor


def paligemma() -> tuple[Any, Any]:
    """PaliGemma: no chats, one text beside one picture."""
    tokenizer = words("<image>")
    config = transformers.PaliGemmaConfig(
        text_config={**TEXT, "head_dim": 8, "model_type": "gemma"},
        vision_config={**SIGHT, "model_type": "siglip_vision_model", "vision_use_head": False},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        projection_dim=32, hidden_size=32,
    )  # fmt: skip
    seen = transformers.SiglipImageProcessorPil(size=size(16))
    seen.image_seq_length = 4
    return (
        transformers.PaliGemmaForConditionalGeneration(config),
        transformers.PaliGemmaProcessor(seen, tokenizer),
    )


def internvl() -> tuple[Any, Any]:
    """InternVL 3: tiles, with their pixels shuffled together."""
    tokenizer = words("<IMG_CONTEXT>", "<img>", "</img>", "<video>")
    tokenizer.start_image_token, tokenizer.end_image_token = "<img>", "</img>"
    tokenizer.context_image_token, tokenizer.video_token = "<IMG_CONTEXT>", "<video>"
    tokenizer.start_image_token_id = tokenizer.convert_tokens_to_ids("<img>")
    tokenizer.end_image_token_id = tokenizer.convert_tokens_to_ids("</img>")
    tokenizer.context_image_token_id = tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>")
    config = transformers.InternVLConfig(
        text_config={**TEXT, "model_type": "qwen2"},
        vision_config={**SIGHT, "image_size": [16, 16], "patch_size": [8, 8]},
        image_token_id=tokenizer.context_image_token_id,
        image_seq_length=1, downsample_ratio=0.5,
    )  # fmt: skip
    return transformers.InternVLForConditionalGeneration(config), None


def idefics3() -> tuple[Any, Any]:
    """Idefics 3."""
    tokenizer = words("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>")
    config = transformers.Idefics3Config(
        text_config={**TEXT, "model_type": "llama"},
        vision_config=SIGHT, scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"), pad_token_id=1,
    )  # fmt: skip
    seen = transformers.Idefics3ImageProcessorPil(
        size={"longest_edge": 16}, max_image_size={"longest_edge": 16}, do_image_splitting=False
    )
    processor = transformers.Idefics3Processor(
        seen, tokenizer, image_seq_len=1, chat_template=CHAT.replace("IMAGE", "<image>")
    )
    return transformers.Idefics3ForConditionalGeneration(config), processor


def words(*marks: str) -> Any:
    """The tokenizer of words with these marks."""
    tokenizer = tiny.words_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": list(marks)})
    tokenizer.pad_token = "</s>"
    return tokenizer


def qwen_words() -> Any:
    """The tokenizer with the marks of Qwen's vision."""
    return words("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")


def marks(tokenizer: Any) -> dict[str, int]:
    """The tokens of Qwen's marks."""
    names = {"image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>",
             "vision_start_token_id": "<|vision_start|>",
             "vision_end_token_id": "<|vision_end|>"}  # fmt: skip
    return {key: tokenizer.convert_tokens_to_ids(mark) for key, mark in names.items()}
