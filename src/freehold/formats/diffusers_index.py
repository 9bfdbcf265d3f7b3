"""Reads model_index.json: which pipeline, of which components, and whether any brings code."""

from msgspec import Struct

from freehold.formats.structured import MOST_LISTED, as_text, read_json
from freehold.formats.text import Source

LIBRARIES = frozenset((
    "diffusers", "transformers", "onnxruntime", "onnxruntime.training", "optimum", "flax", "peft",
    "tokenizers",
))  # fmt: skip
PIPELINES = frozenset((
    "amused", "audioldm", "audioldm2", "blip_diffusion", "cogvideo", "consisid", "controlnet",
    "deepfloyd_if", "flux", "hidream_image", "hunyuan_video", "kandinsky", "kandinsky2_2",
    "kandinsky3", "kolors", "latent_diffusion", "latte", "ltx", "lumina", "lumina2", "marigold",
    "mochi", "musicldm", "omnigen", "paint_by_example", "pia", "pixart_alpha", "qwenimage", "sana",
    "semantic_stable_diffusion", "shap_e", "skyreels_v2", "stable_audio", "stable_cascade",
    "stable_diffusion", "stable_diffusion_3", "stable_diffusion_safe", "stable_diffusion_xl",
    "stable_video_diffusion", "unclip", "unidiffuser", "visualcloze", "wan", "wuerstchen",
))  # fmt: skip
"""Folders of diffusers itself that a component may name in the place of a library."""


class Part(Struct, frozen=True):
    """One component: the library and class that load it."""

    name: str
    library: str
    loads: str


class Pipeline(Struct, frozen=True):
    """A pipeline of diffusers; `custom_code` names what comes from no library that we know."""

    pipeline_class: str | None
    version: str | None
    name_or_path: str | None
    parts: tuple[Part, ...]
    custom_code: tuple[str, ...]


def read_index(source: Source, name: str = "model_index.json") -> Pipeline:
    """The index of a pipeline; nothing that it names is imported."""
    table = read_json(source, name)
    parts = tuple(_parts(table))[:MOST_LISTED]
    own = _pair(table.get("_class_name"))  # [file, class] is code of the repository
    custom = [f"{own[0]}.{own[1]}"] if own else []
    custom += [f"{p.library}.{p.loads}" for p in parts if p.library not in LIBRARIES | PIPELINES]
    return Pipeline(
        pipeline_class=own[1] if own else as_text(table.get("_class_name")),
        version=as_text(table.get("_diffusers_version")),
        name_or_path=as_text(table.get("_name_or_path")),
        parts=parts,
        custom_code=tuple(dict.fromkeys(custom)),
    )


def _parts(table: dict[str, object]) -> list[Part]:
    pairs = [(as_text(key), _pair(value)) for key, value in table.items() if key[:1] != "_"]
    return [Part(name, pair[0], pair[1]) for name, pair in pairs if name and pair]


def _pair(value: object) -> tuple[str, str] | None:
    """Library and class; None for a component that is left out, and for plain settings."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    library, loads = as_text(value[0]), as_text(value[1])
    return (library, loads) if library and loads else None
