"""Prompts with pictures in them, for models that see and write."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
import transformers

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.language.images import picture
from freehold.engines.workers.language.loading import said
from freehold.engines.workers.language.prompts import Prompt, Writer, turn
from freehold.tasks.base import File
from freehold.tasks.text_generation import Request

DESCRIBED = ("processor_config.json", "preprocessor_config.json")


class Seer(Writer):
    """Turns chats with pictures into tokens and pixels."""

    def __init__(self, processor: Any, folder: Path, device: str, dtype: Any) -> None:
        self.processor, self.device, self.dtype = processor, device, dtype
        tokenizer = processor.tokenizer
        super().__init__(tokenizer, folder, processor.chat_template or tokenizer.chat_template)

    def whole(self, request: Request) -> Prompt:
        """The prompt as it is, with what the model sees beside it."""
        files = [file for message in request.messages for file in message.files]
        if request.text is not None:
            return super().whole(request)
        text = self.rendered(request)
        if not files:
            return Prompt(tokens=self.encoded(text, self._special(text)), inside=self.inside(text))
        given = self._seen(text, [picture(file) for file in files if image(file)])
        tokens = given.pop("input_ids")[0].tolist()
        given.pop("attention_mask", None)
        more = {name: self._placed(value) for name, value in given.items()}
        return Prompt(tokens=tokens, inside=self.inside(text), more=more)

    def turns(self, request: Request) -> list[dict[str, Any]]:
        """The chat with its pictures as parts."""
        return [turn(message, lambda _: {"type": "image"}) for message in request.messages]

    def applied(self, turns: list[dict[str, Any]], words: Mapping[str, Any]) -> str:
        """The chat as text, by the template of the processor."""
        if self.processor.chat_template is None:
            self.processor.chat_template = self.tokenizer.chat_template
        return str(
            self.processor.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True, **words
            )
        )

    def _special(self, text: str) -> bool:
        """Whether the tokenizer has to add the first token: not, when the template did."""
        first = self.tokenizer.bos_token
        return not (self.template and first and text.startswith(first))

    def _seen(self, text: str, pictures: list[Any]) -> dict[str, Any]:
        try:
            found = self.processor(
                text=[text],
                images=pictures,
                return_tensors="pt",
                add_special_tokens=self._special(text),
            )
        except (ValueError, IndexError, TypeError) as error:
            raise UsageError(f"the model does not take these pictures: {error}"[:400]) from error
        return dict(found)

    def _placed(self, value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        value = value.to(self.device)
        return value.to(self.dtype) if value.is_floating_point() else value


class NoVideos:
    """Stands where a processor wants one for videos; those of the library need torchvision."""

    model_input_names: ClassVar[list[str]] = []
    merge_size = temporal_patch_size = 1

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Refuse."""
        raise UsageError("videos cannot be read here")


def image(file: File) -> bool:
    """True; UsageError for a file that is no picture."""
    if file.kind != "image":
        raise UsageError(f"this model sees pictures, and {file.path.name} is {file.kind}")
    return True


def processor(folder: Path) -> Any | None:
    """What prepares pictures and texts of a model together; None for a model of text alone."""
    if not any((folder / name).is_file() for name in DESCRIBED):
        return None
    try:
        return transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
    except (ImportError, OSError, ValueError, KeyError, TypeError) as error:
        if "torchvision" in str(error).lower():
            return _assembled(folder)
        raise BrokenInput(f"{folder.name}: cannot prepare pictures: {error}"[:400]) from error


def _assembled(folder: Path) -> Any:
    """The same from its parts, without the one for videos."""
    told: dict[str, Any] = {}
    for name in DESCRIBED:
        told |= said(folder, name)
    kind = getattr(transformers, str(told.get("processor_class")), None)
    if kind is None:
        raise UsageError(f"{folder.name} does not say how it prepares pictures")
    parts = {
        "image_processor": transformers.AutoImageProcessor.from_pretrained(folder),
        "tokenizer": transformers.AutoTokenizer.from_pretrained(folder),
    }
    if "video_processor" in kind.get_attributes():
        parts["video_processor"] = NoVideos()
    words = {key: value for key, value in said(folder, DESCRIBED[0]).items() if key not in parts}
    words.pop("processor_class", None)
    template = folder / "chat_template.jinja"
    if template.is_file():
        words["chat_template"] = template.read_text(encoding="utf-8")
    elif "chat_template" in (old := said(folder, "chat_template.json")):
        words["chat_template"] = old["chat_template"]
    return without_videos(kind)(**parts, **words)


def without_videos(kind: Any) -> Any:
    """A kind of processor that is content with nothing for videos."""

    def check(self: Any, name: str, part: Any) -> Any:
        if isinstance(part, NoVideos):
            return None
        return kind.check_argument_for_proper_class(self, name, part)

    return type(kind.__name__, (kind,), {"check_argument_for_proper_class": check})
