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
MARKS = {"llava": "<image>\n", "gemma3": "<start_of_image>"}
"""What stands for a picture in the templates of their publishers."""
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
        pictures = [picture(folder, number) for number in range(2)]
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


def gemma3() -> tuple[Any, Any]:
    """Gemma 3."""
    made: tuple[Any, Any] = seeing.gemma3()
    return made


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
    told = json.loads((folder / "processor_config.json").read_text())
    seen = told.pop("image_processor")
    (folder / "processor_config.json").write_text(json.dumps(told))
    named = {**seen, "processor_class": told["processor_class"]}
    (folder / "preprocessor_config.json").write_text(json.dumps(named))


def picture(folder: Path, number: int) -> Any:
    """A picture of noise, beside the model."""
    pixels = numpy.random.default_rng(number).integers(0, 255, (16, 16, 3), dtype=numpy.uint8)
    found = Image.fromarray(pixels)
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
