"""Writes about images with a pipeline of OpenVINO GenAI: what sees and what writes in one."""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.language.images import picture
from freehold.engines.workers.openvino.devices import reason
from freehold.engines.workers.openvino.together import status
from freehold.engines.workers.openvino.writing import Prompt, Writer, finish, refuse, too_long
from freehold.tasks.base import File
from freehold.tasks.text_generation import Finish, Message, Request

MARK = "<ov_genai_image_{}>"
"""How OpenVINO GenAI lets the place of an image be said, where a template does not say it."""


BREAKS = ("llava", "llava_next")
"""Kinds of models for which it writes a line break after each image by itself."""
SINGLE = ("llava_next",)
"""Kinds of models of which it reads several pictures in another way than Transformers does."""
BROKEN = "OpenVINO writes a line break after each picture, which the template of the model has not"


class Seer(Writer):
    """Answers chats with images in them.

    How many tokens an image is, only the pipeline knows, and it tells at the end. A prompt that
    does not fit with its images is found out when it is read: the pipeline has room for nothing
    beyond the contexts it was opened with.
    """

    def refuse(self, request: Request) -> None:
        """Also: how likely tokens are, files that are no images, more images than it reads."""
        refuse(request, sees=True)
        if request.likely is not None or request.of_prompt:
            raise UsageError("openvino does not tell how likely tokens are for a model that sees")
        for file in files(request.messages):
            if file.kind != "image":
                raise UsageError(f"this model sees pictures, and {file.path.name} is {file.kind}")
        if self.kind in SINGLE and len(files(request.messages)) > 1:
            raise UsageError(f"openvino takes one picture for {self.kind}: it misreads several")

    @cached_property
    def kind(self) -> str:
        """The kind of the model, as its configuration names it."""
        told = json.loads((self.folder / "config.json").read_bytes())
        return str(told.get("model_type"))

    def asked(self, request: Request) -> Prompt:
        """The prompt as text, with its images; the pipeline makes tokens of both."""
        text, shown = self.bare(self.prompt(request)), files(request.messages)
        text, notes = self.unbroken(text) if shown else (text, ())
        given = (text, [pixels(file) for file in shown])
        return Prompt(given, self.split(text, True), notes)

    def ask(self, prompt: Prompt, config: Any) -> Any:
        """Take a request in; UsageError where marks of images stand in the text."""
        try:
            return super().ask(prompt, config)
        except RuntimeError as error:
            raise UsageError(f"the model does not take this: {reason(error)}") from error

    def count(self, request: Request) -> int:
        """How many tokens a request without images is."""
        if files(request.messages):
            raise UsageError("openvino does not count tokens of images before it answers")
        return len(self.asked(request).tokens)

    def prompt(self, request: Request) -> str:
        """The chat as its template writes it, the images at their places."""
        if request.text is not None:
            return request.text
        text = self.applied(request, in_parts)
        if all(turn.content.strip() in text for turn in request.messages):
            return text
        numbers = iter(range(len(files(request.messages))))
        return self.applied(request, lambda turn: in_words(turn, numbers))

    def bare(self, text: str) -> str:
        """The text without the mark at its start that the pipeline puts there itself."""
        first = str(self.words.get_bos_token())
        if first and text.startswith(first) and len(self.split("", True)) > 0:
            return text.removeprefix(first)
        return text

    def unbroken(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The text without the line breaks that the pipeline writes itself; else a note of them."""
        if self.kind not in BREAKS:
            return text, ()
        found = text.replace("<image>\n", "<image>")
        return found, (() if found != text else (BROKEN,))

    def length(self, handle: Any, length: int, made: int) -> tuple[int, tuple[str, ...]]:
        """With the tokens of the images; UsageError with both numbers where they do not fit."""
        found = int(handle.get_vlm_perf_metrics().get_num_input_tokens())
        if status(handle) == "IGNORED" and not made:
            raise too_long(found, self.context)
        if found + made <= self.context:
            return found, ()
        note = f"{found + made:,} tokens with its images: more than the context of {self.context:,}"
        return found, (note,)

    def finish(self, handle: Any, made: int, wanted: int, room: int) -> Finish:
        """Full where the pipeline found no more room."""
        return "context" if status(handle) == "IGNORED" else finish(made, wanted, room)


def files(messages: Sequence[Message]) -> list[File]:
    """The files of a chat, in their order."""
    return [file for turn in messages for file in turn.files]


def in_parts(turn: Message) -> Any:
    """What a turn says as a list of parts, as templates of models that see want it."""
    images = [{"type": "image"} for _ in turn.files]
    return [*images, {"type": "text", "text": turn.content}]


def in_words(turn: Message, numbers: Iterator[int]) -> str:
    """What a turn says as one text, the places of images marked, for templates of texts alone."""
    return "".join(MARK.format(next(numbers)) for _ in turn.files) + turn.content


def pixels(file: File) -> Any:
    """An image as OpenVINO takes it: one of a batch, height, width, three colors, 8 bits."""
    numpy, tensor = import_module("numpy"), import_module("openvino").Tensor
    return tensor(numpy.array(picture(file))[None])
