"""Turns a request for images into the words of a pipeline; what it would not honor is refused."""

import json
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput, Contradiction, UsageError
from freehold.engines.workers.openvino.devices import genai
from freehold.engines.workers.pictures.sizes import given, refuse_sizes
from freehold.tasks.text_to_image import Request

WORDS = {
    "negative": "negative_prompt",
    "strength": "strength",
    "width": "width",
    "height": "height",
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
}
CLIP_LENGTH = 77
"""Tokens that CLIP reads."""
WITHOUT_NEGATIVE = ("Flux", "LatentConsistency")
"""How the names of pipelines begin that know no negative prompt."""


class Model:
    """What the files of a model say about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = self.said("model_index.json")
        self.name = str(self.index.get("_class_name"))
        part = next((p for p in ("unet", "transformer") if (folder / p).is_dir()), "unet")
        self.painter = self.said(f"{part}/config.json")
        self.shares = part == "unet"  # pipelines of other painters crash when made of another
        self.watched = (self.index.get("safety_checker") or [None])[0] is not None

    def said(self, name: str) -> dict[str, Any]:
        """One of its JSON files; nothing where there is none."""
        file = self.folder / name
        try:
            found = json.loads(file.read_bytes()) if file.is_file() else {}
        except ValueError as error:
            raise BrokenInput(f"{self.folder.name}/{name} cannot be read: {error}") from error
        return found if isinstance(found, dict) else {}

    @cached_property
    def grain(self) -> int:
        """Width and height must be multiples of this."""
        blocks = self.said("vae_decoder/config.json").get("block_out_channels") or (0,) * 4
        scale = int(2 ** (len(blocks) - 1))
        if self.name.startswith("Flux"):
            return scale * 2
        return scale * int(self.painter.get("patch_size") or 1)

    @cached_property
    def readers(self) -> list[tuple[Any, int]]:
        """What turns words into tokens, and how many of them are read; 0 where not known."""
        found = []
        for file in sorted(self.folder.glob("tokenizer*/openvino_tokenizer.xml")):
            told = self.said(f"{file.parent.name}/tokenizer_config.json")
            clip = str(told.get("tokenizer_class")).startswith("CLIP")
            found.append((genai().Tokenizer(str(file.parent)), CLIP_LENGTH if clip else 0))
        return found


class Call(Struct, frozen=True):
    """A pipeline, what it takes in order and by name, its steps, what must be said about it."""

    pipeline: Any
    inputs: tuple[Any, ...]
    words: dict[str, Any]
    steps: int
    notes: tuple[str, ...]


def called(model: Model, pipelines: Callable[[str], Any], request: Request) -> Call:
    """How to ask for this; UsageError or Contradiction when it cannot be done as asked.

    `pipelines` gives the one of a kind.
    """
    refuse(model, request)
    pictures, notes = given(request, model.grain)
    pipeline = pipelines(_kind(request))
    usual = pipeline.get_generation_config()
    said = {word: getattr(request, field) for field, word in WORDS.items()}
    words = {word: value for word, value in said.items() if value is not None}
    if pictures:
        words |= {"width": pictures[0].width, "height": pictures[0].height}
    notes += _read_in_full(model, request, int(usual.max_sequence_length))
    steps = request.steps or int(usual.num_inference_steps)
    inputs = (request.prompt, *map(tensor, pictures))
    return Call(pipeline, inputs, words, steps, tuple(notes))


def refuse(model: Model, request: Request) -> None:
    """Refuse by name what this model would not honor on OpenVINO."""
    if request.subjects:
        raise UsageError("openvino does not paint several prompts with one subject")
    if request.mask is not None and request.image is None:
        raise Contradiction("a mask was given without the image that it belongs to")
    if request.strength is not None and request.image is None:
        raise UsageError(f"{model.name} takes no strength without an image")
    if request.guidance is not None and model.painter.get("guidance_embeds") is False:
        raise UsageError("this model was made to paint without guidance")
    if request.negative is not None and model.name.startswith(WITHOUT_NEGATIVE):
        raise UsageError(f"{model.name} takes no negative")
    if request.negative is not None and request.guidance is not None and request.guidance <= 1:
        raise Contradiction("negative has an effect only with guidance above 1")
    refuse_sizes(request, model.grain)


def _kind(request: Request) -> str:
    if request.mask is not None:
        return "InpaintingPipeline"
    return "Text2ImagePipeline" if request.image is None else "Image2ImagePipeline"


def tensor(picture: Any) -> Any:
    """A picture as OpenVINO takes it: one of a batch, height, width, three colors, 8 bits."""
    pixels = import_module("numpy").array(picture.convert("RGB"))[None]
    return import_module("openvino").Tensor(pixels)


def _read_in_full(model: Model, request: Request, length: int) -> list[str]:
    """Refuse texts that no reader reads to the end; tell when one of several does not."""
    notes = []
    for field in ("prompt", "negative"):
        text = getattr(request, field)
        over, whole = list[tuple[int, int]](), 0
        for words, limit in model.readers if text else ():
            most = limit or (length if length > 0 else CLIP_LENGTH)
            used = int(words.encode(text).input_ids.shape[1])
            if used > most:
                over.append((used, most))
            else:
                whole += 1
        if over and not whole:
            raise UsageError(f"the {field} has {over[0][0]} tokens, this model reads {over[0][1]}")
        notes += [
            f"a reader of the model takes only the first {most} of {used} tokens of the {field}"
            for used, most in over[:1]
        ]
    return notes
