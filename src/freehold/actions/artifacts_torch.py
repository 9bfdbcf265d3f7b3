"""Folders and repositories with a config.json or a pipeline: on Transformers, diffusers or vLLM."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from freehold.actions.artifacts import Artifact, Target, costs, size_words, stored
from freehold.actions.headers import Headers
from freehold.actions.other_speeds import Figures, of_pictures, of_sound
from freehold.core.errors import NotFound, UsageError
from freehold.core.tensors import Tensor
from freehold.judge.anatomy.counting import count
from freehold.judge.anatomy.from_config import anatomy, language
from freehold.judge.anatomy.keys import Keys
from freehold.judge.anatomy.pipeline import Pipeline, pipeline
from freehold.judge.anatomy.shapes import Anatomy
from freehold.judge.anatomy.storage import Storage, storage
from freehold.judge.fitting import (
    codecs,
    diffusion,
    encoder_decoder,
    encoders,
    forecasting,
    llamacpp,
    transformers,
    vllm,
    weights,
)
from freehold.judge.fitting import state as states
from freehold.judge.fitting.live import Device, Dtype
from freehold.judge.fitting.parts import Parts, Setting
from freehold.judge.planning import Effort, Memory
from freehold.judge.precisions import source, variants
from freehold.judge.speed.work import Work, kept, of_file, of_size, weighted
from freehold.knowledge.base import KnowledgeBase

ENGINES = ("transformers", "vllm", "llama.cpp")
DTYPES: dict[str, Dtype] = {"bfloat16": "bf16", "float16": "f16", "float32": "f32"}
CODECS = ("encodec", "dac", "mimi", "xcodec")
FORECASTERS = ("patchtst", "timesfm", "timesfm2_5", "patchtsmixer", "informer", "autoformer",
               "time_series_transformer")  # fmt: skip
PACKED = "it is published in packed numbers; wider ones only make it larger"
LOST = "it must be converted to GGUF first"


def from_torch(base: KnowledgeBase, headers: Headers, target: Target) -> Artifact:
    """A model in the layout of Transformers or diffusers, on the engine asked for or its own."""
    if headers.format == "diffusers":
        return _pipeline(headers, target)
    if headers.config is None:
        raise UsageError(
            f"{headers.name} has no config.json, so what it is made of is not known",
            hint="give the folder or repository that the weights belong to",
        )
    kind = str(headers.config.get("model_type") or "")
    if kind in CODECS or kind in FORECASTERS or "chronos_config" in headers.config:
        return _of_series(headers, target, kind)
    built = anatomy(headers.config)
    engine = target.engine or "transformers"
    if engine not in ENGINES:
        raise NotFound("engine for this format", engine, ENGINES)
    if engine == "llama.cpp":
        return _converted(base, headers, built)
    if engine == "vllm" and not target.on_card:
        raise UsageError("vllm is planned for cards only", hint='say --gpu "RTX 4090"')
    return _model(headers, built, engine, target)


def _model(headers: Headers, built: Anatomy, engine: str, target: Target) -> Artifact:
    """A language model, an encoder, or an encoder with a decoder."""
    config = headers.config or {}
    dtype, bits = _dtype(config), storage(config)
    device: Device = "cuda" if target.on_card else "cpu"
    if engine == "vllm":
        takes: Memory = partial(vllm.memory, built, headers.tensors)
    elif built.kind == "encoder":
        takes = partial(_encoder, built, headers.tensors, dtype, device)
    elif built.kind == "encoder-decoder":
        takes = partial(_encoder_decoder, built, headers.tensors, dtype, device)
    else:
        takes = partial(_decoder, built, headers.tensors, dtype, device)
    counted = count(built)
    sparse = any(layer.feed and layer.feed.experts for layer in built.layers)
    return Artifact(
        name=headers.name,
        says=f"{built.architecture}, "
        + size_words(headers.parameters or counted.total, counted.active if sparse else None),
        engine=engine,
        architecture=built.architecture,
        memory=takes if headers.tensors else _without_files(takes, built, bits),
        work=_work(headers, built, bits) if built.kind == "decoder" else None,
        figures=partial(of_sound, built, 32.0 if dtype == "f32" else 16.0),
        precision=dtype if not bits.packed else (stored(headers.tensors) or "as packed"),
        trained=built.context,
        notes=(*headers.notes, *built.notes),
    )


def _work(headers: Headers, built: Anatomy, bits: Storage) -> Effort:
    """What a token takes: by the tensors, or by the configuration where they are not there."""
    if headers.tensors:
        return lambda s: of_file(built, headers.tensors, s.keys, s.values)
    return lambda s: _counted_work(built, bits, s)


def _counted_work(built: Anatomy, bits: Storage, setting: Setting) -> Work:
    counted = count(built)
    each = 8 * weights.counted(built, bits) / max(counted.total, 1)
    active = counted.active if counted.active < counted.total else None
    rough = of_size(counted.total, active, each)
    return replace(rough, layers=weighted(built), state=kept(built, setting.keys, setting.values))


def _decoder(
    built: Anatomy, tensors: tuple[Tensor, ...], dtype: Dtype, device: Device, setting: Setting
) -> Parts:
    pictures = sum(tower.kind == "vision" for tower in built.towers) * setting.parallel
    return transformers.memory(built, tensors, setting, dtype=dtype, device=device, images=pictures)


def _encoder(
    built: Anatomy, tensors: tuple[Tensor, ...], dtype: Dtype, device: Device, setting: Setting
) -> Parts:
    return encoders.memory(
        built, tensors, batch=setting.parallel, tokens=setting.context, dtype=dtype, device=device
    )


def _encoder_decoder(
    built: Anatomy, tensors: tuple[Tensor, ...], dtype: Dtype, device: Device, setting: Setting
) -> Parts:
    return encoder_decoder.memory(
        built, tensors, batch=setting.parallel, new=setting.context, dtype=dtype, device=device
    )


def _without_files(takes: Memory, built: Anatomy, bits: Storage) -> Memory:
    """The same where only the configuration is there: the weights are counted."""
    size = weights.counted(built, bits)
    return lambda setting: replace(takes(setting), weights=size)


def _converted(base: KnowledgeBase, headers: Headers, built: Anatomy) -> Artifact:
    """The model as a GGUF file of llama.cpp, in each precision; an upper bound of the buffers."""
    loss, counted = costs(base), count(built)
    packed = (PACKED,) if storage(headers.config or {}).packed else ()

    def takes(bits: float, setting: Setting) -> Parts:
        asked = llamacpp.batch(built, setting, setting.parallel, unified=False)
        return Parts(
            weights=int(counted.total * bits / 8),
            state=states.llamacpp(built, setting),
            compute=llamacpp.rough(built, asked),
            overhead=llamacpp.overhead(built, (), setting, setting.parallel),
            bound=True,
            notes=built.notes,
        )

    active = counted.active if counted.active < counted.total else None

    def work(bits: float, setting: Setting) -> Work:
        rough = of_size(counted.total, active, bits)
        return replace(
            rough, layers=weighted(built), state=kept(built, setting.keys, setting.values)
        )

    return Artifact(
        name=headers.name,
        says=f"{built.architecture}, {size_words(counted.total, active)}",
        engine="llama.cpp",
        architecture=built.architecture,
        variants=variants(loss, lambda b: partial(takes, b), lambda b: partial(work, b)),
        trained=built.context,
        notes=(*headers.notes, *built.notes, LOST, *packed, source(loss)),
    )


def _of_series(headers: Headers, target: Target, kind: str) -> Artifact:
    """A codec for sound or a forecaster; the setting's sequences are recordings or series."""
    dtype = _dtype(headers.config or {})
    device: Device = "cuda" if target.on_card else "cpu"
    if kind in CODECS:
        takes: Memory = partial(_codec, headers, target.seconds, dtype, device)
        what = f"{kind}, recordings of {target.seconds:g} seconds"
    else:
        takes = partial(_forecaster, headers, dtype, device)
        what = f"{kind or 'forecaster'}, series as long as it takes in"
    return Artifact(
        name=headers.name,
        says=f"{what}, {size_words(headers.parameters, None)}",
        engine="transformers",
        architecture=kind,
        memory=takes,
        precision=dtype,
        lengthy=False,
        notes=headers.notes,
    )


def _codec(
    headers: Headers, seconds: float, dtype: Dtype, device: Device, setting: Setting
) -> Parts:
    return codecs.memory(
        headers.config or {}, headers.tensors, batch=setting.parallel, seconds=seconds,
        dtype=dtype, device=device,
    )  # fmt: skip


def _forecaster(headers: Headers, dtype: Dtype, device: Device, setting: Setting) -> Parts:
    return forecasting.memory(
        headers.config or {}, headers.tensors, batch=setting.parallel, dtype=dtype, device=device
    )


def _pipeline(headers: Headers, target: Target) -> Artifact:
    """A diffusion pipeline; the setting's sequences are pictures at once."""
    if target.engine not in (None, "diffusers"):
        raise UsageError(f"{target.engine} does not run pipelines", hint="leave --engine out")
    configs = {name: part.config or {} for name, part in headers.parts.items()}
    tensors = {name: part.tensors for name, part in headers.parts.items() if part.tensors}
    found = pipeline(headers.config or {}, configs)

    def takes(setting: Setting) -> Parts:
        picture = diffusion.Picture(
            width=target.width, height=target.height, batch=setting.parallel
        )
        device: Device = "cuda" if target.on_card else "cpu"
        return diffusion.memory(found, tensors, picture, dtype="bf16", device=device)

    name = str((headers.config or {}).get("_class_name") or "pipeline")
    return Artifact(
        name=headers.name,
        says=f"{name}, {size_words(headers.parameters, None)}, "
        f"{target.width} x {target.height} pixels",
        engine="diffusers",
        architecture=name,
        memory=takes,
        figures=partial(_pictures, found, headers, target),
        precision="bf16",
        lengthy=False,
        notes=headers.notes,
    )


def _pictures(found: Pipeline, headers: Headers, target: Target, many: int) -> Figures | None:
    """The speed of the denoiser at the size of the picture."""
    part = headers.parts.get(found.denoiser.name) if found.denoiser else None
    if part is None:
        return None
    pixels = target.width * target.height
    return of_pictures(found, part.config or {}, part.tensors, pixels, many)


def _dtype(config: Mapping[str, Any]) -> Dtype:
    """The numbers that the model is computed in, as its configuration says; 32 bits if silent."""
    for keys in (Keys(config), language(config)):
        said = keys.text("dtype") or keys.text("torch_dtype")
        if said:
            return DTYPES.get(said.removeprefix("torch."), "f32")
    return "f32"
