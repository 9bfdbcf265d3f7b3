"""A need as it was said in words: the small closed form that the parser and the model fill."""

from typing import Any

from msgspec import Struct, ValidationError, json
from msgspec.structs import replace

from freehold.core.errors import BrokenInput
from freehold.judge.needs import OPENNESS

TASKS: dict[str, tuple[str, str]] = {
    "chat": ("text-generation", ""),
    "code": ("text-generation", "code"),
    "math": ("text-generation", "math"),
    "vision": ("image-text-to-text", ""),
    "ocr": ("image-text-to-text", "ocr"),
    "watch": ("video-text-to-text", ""),
    "listen": ("audio-text-to-text", ""),
    "omni": ("any-to-any", ""),
    "embed": ("feature-extraction", ""),
    "rerank": ("text-ranking", ""),
    "classify": ("text-classification", ""),
    "moderate": ("text-classification", "moderation"),
    "pages": ("visual-document-retrieval", ""),
    "embed-images": ("image-feature-extraction", ""),
    "match-images": ("zero-shot-image-classification", ""),
    "classify-images": ("image-classification", ""),
    "transcribe": ("automatic-speech-recognition", ""),
    "speak": ("text-to-speech", ""),
    "music": ("text-to-audio", "music"),
    "sounds": ("text-to-audio", "sound-effects"),
    "audio": ("audio-to-audio", ""),
    "translate": ("translation", ""),
    "draw": ("text-to-image", ""),
    "edit": ("image-to-image", "editing"),
    "film": ("text-to-video", ""),
    "animate": ("image-to-video", ""),
    "shape": ("image-to-3d", ""),
    "segment": ("image-segmentation", ""),
    "cut-out": ("mask-generation", ""),
    "caption": ("image-to-text", ""),
    "detect": ("object-detection", ""),
    "depth": ("depth-estimation", ""),
    "forecast": ("time-series-forecasting", ""),
}
"""The word for what a model is to do; the task and the ability that it stands for."""

ABILITIES = (
    "tools", "reasoning", "code", "math", "infill", "timestamps", "diarization", "voice-cloning",
    "streaming", "medical", "multivector", "sparse", "quantiles", "geospatial", "grounding",
)  # fmt: skip
FITTING = {
    "chat": {"tools", "reasoning", "code", "math", "medical"},
    "code": {"tools", "reasoning", "infill", "math"},
    "math": {"tools", "reasoning"},
    "vision": {"tools", "reasoning", "grounding", "medical", "geospatial"},
    "ocr": {"medical"},
    "listen": {"medical", "streaming"},
    "omni": {"tools", "reasoning", "streaming"},
    "embed": {"multivector", "sparse", "code", "medical"},
    "classify": {"medical"},
    "pages": {"multivector"},
    "embed-images": {"medical", "geospatial"},
    "match-images": {"medical", "geospatial"},
    "classify-images": {"medical", "geospatial"},
    "transcribe": {"timestamps", "diarization", "streaming", "medical"},
    "speak": {"voice-cloning", "streaming"},
    "audio": {"voice-cloning", "streaming"},
    "segment": {"medical", "geospatial"},
    "cut-out": {"medical", "geospatial"},
    "caption": {"medical", "geospatial"},
    "detect": {"medical", "geospatial"},
    "depth": {"geospatial"},
    "forecast": {"quantiles"},
}
"""The abilities that are understood with each task; others make no sense with it."""
USES = ("commercial", "host", "modify", "redistribute", "train-on-outputs")
OSI = "osi"


class Said(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True,
           rename={"openness": "open", "not_from": "not", "territory": "where"}):  # fmt: skip
    """What was understood: names and numbers quoted from the text, all else in closed words."""

    task: str | None = None
    like: str | None = None
    uses: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    openness: str | None = None
    languages: tuple[str, ...] = ()
    abilities: tuple[str, ...] = ()
    memory: str | None = None
    machine: str | None = None
    context: str | None = None
    size: str | None = None
    not_from: tuple[str, ...] = ()
    users: str | None = None
    revenue: str | None = None
    territory: str | None = None

    def form(self) -> dict[str, Any]:
        """The JSON form: only what was said."""
        found: dict[str, Any] = json.decode(json.encode(self))
        return found


def read_said(text: str | bytes) -> Said:
    """The need in a JSON text; BrokenInput where it is another form or has another word."""
    try:
        said = json.decode(text, type=Said)
    except (ValidationError, ValueError) as error:
        raise BrokenInput(f"this is no need: {error}") from error
    for word in strangers(said):
        raise BrokenInput(f"this is no need: {word!r} is not in its vocabulary")
    return said


def sensible(said: Said) -> Said:
    """The need without abilities that make no sense with its task."""
    fitting = FITTING.get(said.task or "", set())
    return replace(said, abilities=tuple(a for a in said.abilities if a in fitting))


def strangers(said: Said) -> list[str]:
    """The words that are in none of the closed lists; names and numbers are not looked at."""
    return [
        *([said.task] if said.task is not None and said.task not in TASKS else []),
        *(use for use in said.uses if use not in USES),
        *(ability for ability in said.abilities if ability not in ABILITIES),
        *([said.openness] if said.openness is not None and said.openness not in OPENNESS else []),
    ]
