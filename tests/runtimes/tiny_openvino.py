"""Makes tiny models that see, and tells what Transformers says of pictures with them, greedily.

Beside one that paints lies what diffusers paints with it, in 32 bits.
Run as a script in the Python of the runtime `converting`: `tiny_openvino.py FOLDER NAME...`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy
import torch
import transformers
from PIL import Image
from tokenizers import AddedToken, processors

sys.path.insert(0, str(Path(__file__).parent))
seeing: Any = __import__("tiny_seeing")
LENGTH = 12
CHAT = (
    "{{ bos_token }}{% for message in messages %}{{ message['role'] }} "
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}IMAGE"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %} {% endfor %}"
    "{% if add_generation_prompt %}assistant {% endif %}"
)
QWEN = "<|vision_start|><|image_pad|><|vision_end|>"
MARKS = {"llava": "<image>\n", "llava_next": "<image>\n", "gemma3": "<start_of_image>",
         **dict.fromkeys(("qwen2_vl", "qwen2_5_vl", "qwen3_vl"), QWEN)}  # fmt: skip
"""What stands for a picture in the templates of their publishers."""
EVEN = ("llava_next",)
"""Those that enlarge every picture, which OpenVINO does a bit differently: one color stays one."""
FOX, DOG = "the quick brown fox", "a lazy dog"
ASKED: dict[str, list[tuple[str, str, int]]] = {
    "one": [("user", FOX, 1)],
    "two": [("user", FOX, 2)],
    "talk": [("user", FOX, 1), ("assistant", "it sleeps", 0), ("user", DOG, 1)],
    "blind": [("user", FOX, 0)],
}
"""Chats: who speaks, what is said, how many pictures come with it."""


def main() -> None:
    """Make each of the models that are named."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for name in sys.argv[2:]:
        folder = Path(sys.argv[1]) / name
        folder.mkdir(parents=True)
        if name == "schnell":
            schnell(folder)
            continue
        torch.manual_seed(2)
        model, processor = globals()[name]()
        seeing.tiny.spread(model.eval())
        model.save_pretrained(folder)
        marked(processor)
        processor.chat_template = CHAT.replace("IMAGE", MARKS[name])
        processor.save_pretrained(folder)
        as_published(folder)
        side = 32 if MARKS[name] == QWEN else 16
        pictures = [picture(folder, number, side, name in EVEN) for number in range(2)]
        told = {key: answer(model, processor, chat, pictures) for key, chat in ASKED.items()}
        assert told["one"]["text"] != told["blind"]["text"]
        (folder / "expected.json").write_text(json.dumps(told))


def schnell(folder: Path) -> None:
    """FLUX.1 schnell, and what diffusers paints with it."""
    import diffusers

    painters: Any = __import__("tiny_painters")
    torch.manual_seed(0)
    painters.flux().save_pretrained(folder)
    again = diffusers.DiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    painters.painted(again, width=32, height=32).save(folder.with_suffix(".png"))


def llava() -> tuple[Any, Any]:
    """LLaVA 1.5."""
    made: tuple[Any, Any] = seeing.llava()
    return made


def llava_next() -> tuple[Any, Any]:
    """LLaVA-NeXT: the whole picture, and its parts from nearer."""
    config, base = seeing.llava()[0].config, seeing.llava()[1]
    wider = [[16, 32], [32, 16], [32, 32]]
    made = transformers.LlavaNextConfig(
        vision_config=config.vision_config, text_config=config.text_config,
        image_token_index=config.image_token_index, image_grid_pinpoints=wider,
    )  # fmt: skip
    seen = transformers.LlavaNextImageProcessorPil(
        size={"shortest_edge": 16}, crop_size=seeing.size(16), image_grid_pinpoints=wider
    )
    processor = transformers.LlavaNextProcessor(
        seen, base.tokenizer, patch_size=8, vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )  # fmt: skip
    return transformers.LlavaNextForConditionalGeneration(made), processor


def gemma3() -> tuple[Any, Any]:
    """Gemma 3."""
    made: tuple[Any, Any] = seeing.gemma3()
    return made


def qwen2_vl() -> tuple[Any, Any]:
    """Qwen2-VL."""
    return seeing.qwen2_vl()[0], ByHand("Qwen2VL")


def qwen2_5_vl() -> tuple[Any, Any]:
    """Qwen2.5-VL."""
    return seeing.qwen2_5_vl()[0], ByHand("Qwen2_5_VL")


def qwen3_vl() -> tuple[Any, Any]:
    """Qwen3-VL: what is seen also goes into deeper layers."""
    turning = {**seeing.MROPE, "mrope_interleaved": True}
    config = transformers.Qwen3VLConfig(
        text_config={**seeing.TEXT, "head_dim": 8, "rope_parameters": turning},
        vision_config={"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 4,
                       "patch_size": 8, "spatial_merge_size": 2, "temporal_patch_size": 2,
                       "out_hidden_size": 32, "num_position_embeddings": 16,
                       "deepstack_visual_indexes": [0]},
        **seeing.marks(seeing.qwen_words()),
    )  # fmt: skip
    return transformers.Qwen3VLForConditionalGeneration(config), ByHand("Qwen3VL")


class ByHand:
    """Does what the processors of Qwen do with pictures, which need torchvision for videos."""

    chat_template = ""

    def __init__(self, kind: str) -> None:
        self.kind, self.tokenizer = kind, seeing.qwen_words()
        self.seen = transformers.Qwen2VLImageProcessorPil(
            patch_size=8, merge_size=2, min_pixels=256, max_pixels=4096
        )

    def save_pretrained(self, folder: Path) -> None:
        self.tokenizer.chat_template = self.chat_template
        self.tokenizer.save_pretrained(folder)
        seeing.named(self.seen, folder, self.kind)

    def apply_chat_template(self, turns: Any, **words: Any) -> Any:
        return self.tokenizer.apply_chat_template(turns, **words)

    def __call__(self, text: list[str], images: Any, **words: Any) -> Any:
        given = dict(self.seen(images=images, return_tensors="pt")) if images else {}
        parts = text[0].split("<|image_pad|>")
        whole = parts[0]
        for grid, part in zip(given.get("image_grid_thw", ()), parts[1:], strict=True):
            whole += "<|image_pad|>" * (int(grid.prod()) // 4) + part
        tokens = self.tokenizer([whole], **words)
        kinds = tokens.input_ids == self.tokenizer.convert_tokens_to_ids("<|image_pad|>")
        return {**tokens, **given, "mm_token_type_ids": kinds.long()}


def marked(processor: Any) -> None:
    """Let the tokenizer know line breaks, and put its first mark before every text, as most do."""
    inner = processor.tokenizer.backend_tokenizer
    inner.add_tokens([AddedToken("\n", normalized=False)])
    first = processor.tokenizer.bos_token
    inner.post_processor = processors.TemplateProcessing(
        single=f"{first} $A", special_tokens=[(first, inner.token_to_id(first))]
    )


def as_published(folder: Path) -> None:
    """Write how pictures are prepared into the file where publishers have it."""
    if not (folder / "processor_config.json").is_file():
        return
    told = json.loads((folder / "processor_config.json").read_text())
    seen = told.pop("image_processor")
    (folder / "processor_config.json").write_text(json.dumps(told))
    named = {**seen, "processor_class": told["processor_class"]}
    (folder / "preprocessor_config.json").write_text(json.dumps(named))


def picture(folder: Path, number: int, side: int, even: bool) -> Any:
    """A picture of noise, or of one color, beside the model."""
    pixels = numpy.random.default_rng(number).integers(0, 255, (side, side, 3), dtype=numpy.uint8)
    found = Image.fromarray(numpy.full_like(pixels, pixels[0, 0]) if even else pixels)
    found.save(folder / f"picture-{number}.png")
    return found


def answer(model: Any, processor: Any, chat: list[tuple[str, str, int]], pictures: Any) -> Any:
    """The prompt, its length, and what the model says to it."""
    turns = [
        {"role": role, "content": [{"type": "image"}] * many + [{"type": "text", "text": text}]}
        for role, text, many in chat
    ]
    text = processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    many = sum(number for _, _, number in chat)
    batch = processor(
        text=[text], images=pictures[:many] or None, return_tensors="pt", add_special_tokens=False
    )
    count = batch["input_ids"].shape[1]
    with torch.no_grad():
        made = model.generate(
            **batch, max_new_tokens=LENGTH, do_sample=False, eos_token_id=None, pad_token_id=1
        )[0].tolist()[count:]
    told = processor.tokenizer.decode(made, skip_special_tokens=True)
    return {"prompt": text, "count": count, "tokens": made, "text": told}


if __name__ == "__main__":
    main()
