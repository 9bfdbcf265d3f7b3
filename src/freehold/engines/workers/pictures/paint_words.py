"""Turns a request into the words of one pipeline; what a pipeline would not honor is refused."""

import inspect
from typing import Any

from msgspec import Struct

from freehold.core.errors import Contradiction, UsageError
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
TOKENIZERS = ("tokenizer", "tokenizer_2", "tokenizer_3")
CLIP_LENGTH = 77
"""Tokens that CLIP reads, and that the pipelines of DeepFloyd IF and Kandinsky keep."""


class Call(Struct, frozen=True):
    """A pipeline, what to call it with, and what must be said about it."""

    pipeline: Any
    words: dict[str, Any]
    notes: tuple[str, ...]


def called(pipeline: Any, request: Request, made: Any = None) -> Call:
    """How to ask for this; UsageError or Contradiction when it cannot be done as asked.

    `made` is the image of the stage before this one in a cascade.
    """
    if request.mask is not None and request.image is None:
        raise Contradiction("a mask was given without the image that it belongs to")
    pipeline = pipeline if made else _fitting(pipeline, request)
    known = inspect.signature(pipeline.__call__).parameters
    words: dict[str, Any] = {"prompt": request.prompt}
    for field, word in WORDS.items():
        value = getattr(request, field)
        if value is not None and not (field in ("width", "height") and request.image is not None):
            if word not in known:
                raise UsageError(f"{_name(pipeline)} takes no {field}")
            words[word] = value
    refuse_sizes(request, grain(pipeline))
    _check_guidance(pipeline, request, known)
    notes = list(_read_in_full(pipeline, request, known))
    if made is not None:
        words["image"] = made
    elif request.image is not None:
        images, said = _images(pipeline, request)
        words |= images
        notes += said
    if "use_resolution_binning" in known and (request.width or request.height):
        words["use_resolution_binning"] = False  # else it paints another size and resizes
    if "clean_caption" in known and known["clean_caption"].default is True:
        words["clean_caption"] = False
        notes.append("the prompt is taken as it is: its cleaning needs packages of no other use")
    return Call(pipeline, words, tuple(notes))


def _fitting(pipeline: Any, request: Request) -> Any:
    """The pipeline of the same parts that takes what was given."""
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting

    known = inspect.signature(pipeline.__call__).parameters
    if request.mask is not None and "mask_image" not in known:
        return _turned(AutoPipelineForInpainting, pipeline, "change a part of an image")
    if request.image is not None and "image" not in known:
        return _turned(AutoPipelineForImage2Image, pipeline, "start from an image")
    for field, word in (("image", "image"), ("mask", "mask_image")):
        if getattr(request, field) is None and word in known and _needs(pipeline, word):
            raise UsageError(
                f"{_name(pipeline)} needs an image" + " and a mask" * (field != "image")
            )
    return pipeline


def _needs(pipeline: Any, word: str) -> bool:
    """Whether a pipeline cannot do without an image: its name tells what it is for."""
    name = type(pipeline).__name__
    told = ("Inpaint",) if word == "mask_image" else ("Img2Img", "Inpaint", "Super", "Upscale")
    return any(part in name for part in told)


def _turned(kind: Any, pipeline: Any, does: str) -> Any:
    try:
        return kind.from_pipe(pipeline)
    except ValueError as error:
        raise UsageError(f"{_name(pipeline)} cannot {does}") from error


def grain(pipeline: Any) -> int:
    """Width and height must be multiples of this."""
    scale = int(getattr(pipeline, "vae_scale_factor", 8))
    if hasattr(pipeline, "_pack_latents"):
        return scale * 2
    return scale * int(getattr(pipeline, "patch_size", 1) or 1)


def _check_guidance(pipeline: Any, request: Request, known: Any) -> None:
    """Refuse words that the pipeline would take and then pass over."""
    painter = getattr(pipeline, "transformer", None)
    if (
        request.guidance is not None
        and getattr(getattr(painter, "config", None), "guidance_embeds", None) is False
        and "true_cfg_scale" in known
    ):
        raise UsageError("this model was made to paint without guidance")
    if request.negative is None:
        return
    if "true_cfg_scale" in known and known["true_cfg_scale"].default == 1.0:
        raise UsageError(f"{_name(pipeline)} takes no negative")
    if request.guidance is not None and request.guidance <= 1:
        raise Contradiction("negative has an effect only with guidance above 1")


def _read_in_full(pipeline: Any, request: Request, known: Any) -> list[str]:
    """Refuse texts that no encoder reads to the end; tell when one of several does not."""
    notes = []
    for field in ("prompt", "negative"):
        text = getattr(request, field)
        over, whole = _too_long(pipeline, text or "", known)
        if over and not whole:
            used, limit = over[0]
            raise UsageError(f"the {field} has {used} tokens, this model reads {limit}")
        notes += [
            f"a reader of the model takes only the first {limit} of {used} tokens of the {field}"
            for used, limit in over[:1]
        ]
    return notes


def _too_long(pipeline: Any, text: str, known: Any) -> tuple[list[tuple[int, int]], int]:
    """Tokens and limit of each reader that stops early, and how many read all of it."""
    over, whole = [], 0
    for name in TOKENIZERS:
        tokenizer = getattr(pipeline, name, None)
        if tokenizer is None:
            continue
        limit, used = _limit(tokenizer, known), len(tokenizer(text, truncation=False).input_ids)
        if used > limit:
            over.append((used, limit))
        else:
            whole += 1
    return over, whole


def _limit(tokenizer: Any, known: Any) -> int:
    """How many tokens of a text the pipeline keeps for this tokenizer."""
    told = known.get("max_sequence_length")
    if type(tokenizer).__name__.startswith("CLIP"):
        return int(min(tokenizer.model_max_length, CLIP_LENGTH))
    return int(told.default) if told else CLIP_LENGTH


def _images(pipeline: Any, request: Request) -> tuple[dict[str, Any], list[str]]:
    """The image to start from and its mask, in the size that was asked for."""
    pictures, notes = given(request, grain(pipeline))
    words: dict[str, Any] = dict(zip(("image", "mask_image"), pictures, strict=False))
    known = inspect.signature(pipeline.__call__).parameters
    if request.mask is not None or ("width" in known and "Super" not in _name(pipeline)):
        size = {"width": pictures[0].width, "height": pictures[0].height}
        words |= size if "width" in known else {}
    return words, notes


def _name(pipeline: Any) -> str:
    return type(pipeline).__name__
