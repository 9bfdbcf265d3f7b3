"""Which tasks a model can do, by the architecture that its own files name.

Names of classes are those of Transformers and diffusers; of GGUF, those of llama.cpp.
"""

import re
from collections.abc import Mapping
from typing import Any

TEXT, VECTORS, RANKS = "text-generation", "feature-extraction", "text-ranking"
JUDGES, PAINTS, DIVIDES = "text-classification", "text-to-image", "image-segmentation"
READS, HEARS, SOUNDS = "image-to-text", "automatic-speech-recognition", "text-to-audio"
TALKS, CODES, FORECASTS = "audio-to-audio", "audio-codec", "time-series-forecasting"
NOTES, RAW = "music-latents", "tensors"

BY_NAME: dict[str, tuple[str, ...]] = {
    "CLIPModel": (VECTORS, RANKS, READS),
    "SiglipModel": (VECTORS, RANKS, READS),
    "Siglip2Model": (VECTORS, RANKS, READS),
    "ClapModel": (VECTORS,),
    "Florence2ForConditionalGeneration": (READS,),
    "BlipForConditionalGeneration": (READS,),
    "VisionEncoderDecoderModel": (READS,),
    "SamModel": (DIVIDES,),
    "Sam2Model": (DIVIDES,),
    "Sam2VideoModel": (DIVIDES,),
    "Terratorch": (DIVIDES,),
    "VISTA3D": (DIVIDES,),
    "VISTA3DModel": (DIVIDES,),
    "WhisperForConditionalGeneration": (HEARS,),
    "Speech2TextForConditionalGeneration": (HEARS,),
    "MoonshineForConditionalGeneration": (HEARS,),
    "CanaryForConditionalGeneration": (HEARS,),
    "SpeechT5ForTextToSpeech": (SOUNDS,),
    "VitsModel": (SOUNDS,),
    "BarkModel": (SOUNDS,),
    "FastSpeech2ConformerModel": (SOUNDS,),
    "FastSpeech2ConformerWithHifiGan": (SOUNDS,),
    "JukeboxModel": (SOUNDS,),
    "MusicgenForConditionalGeneration": (SOUNDS,),
    "SeamlessM4TModel": (TALKS, HEARS, SOUNDS),
    "SeamlessM4Tv2Model": (TALKS, HEARS, SOUNDS),
    "Qwen2AudioForConditionalGeneration": (TEXT, TALKS),
    "EncodecModel": (CODES,),
    "DacModel": (CODES,),
    "MimiModel": (CODES,),
    "MusicVAE": (NOTES,),
    "DeepSpeech": (HEARS,),
    "TinyTimeMixerForPrediction": (FORECASTS,),
    "ShieldGemma2ForImageClassification": (JUDGES,),
    "LlavaLlamaModel": (TEXT,),
    "MolmoForCausalLM": (TEXT,),
    "NVLM_D": (TEXT,),
    "NVLM_D_Model": (TEXT,),
}
"""Classes whose name alone does not tell what they do."""

BY_ENDING: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"ForCausalLM|LMHeadModel|ForConditionalGeneration|ForVision2Seq", (TEXT,)),
    (r"ForSequenceClassification", (JUDGES,)),
    (r"ForCTC|ForRNNT|ForTDT|ForSpeechSeq2Seq", (HEARS,)),
    (r"ForSemanticSegmentation|ForUniversalSegmentation|ForInstanceSegmentation"
     r"|ForImageSegmentation", (DIVIDES,)),
    (r"ForDepthEstimation|ForObjectDetection|ForImageClassification"
     r"|ForZeroShotObjectDetection", (READS,)),
    (r"ForPrediction|ForForecasting|ForTimeSeriesPrediction", (FORECASTS,)),
    (r"ForMaskedLM|ForPreTraining|Model|Encoder|ForMaskedImageModeling", (VECTORS,)),
    (r"Pipeline(?:Legacy)?", (PAINTS,)),
    (r"prithvi_eo_\w+", (VECTORS,)),
)  # fmt: skip

ENCODERS = re.compile(r"bert|nomic-bert.*|jina-bert.*|neo-bert|modern-bert|t5encoder|.*-embedding")
"""Architectures of GGUF files that write no text."""
RANK = 4
"""The `pooling_type` of GGUF files that rank."""


def of_class(architecture: str, config: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """The tasks of an architecture of Transformers or diffusers, the usual one first.

    A classifier with a single label ranks: it gives one number for a question and a document.
    A T5 that says how values become tokens (Chronos) forecasts.
    """
    if "chronos_config" in (config or {}):
        return (FORECASTS,)
    if architecture in BY_NAME:
        return BY_NAME[architecture]
    tasks = next((t for e, t in BY_ENDING if re.search(rf"(?:{e})$", architecture)), ())
    if tasks == (JUDGES,) and _labels(config or {}) == 1:
        return (RANKS,)
    if tasks == (TEXT,) and architecture.endswith("ForCausalLM"):
        return (TEXT, JUDGES, VECTORS, RANKS)
    return tasks


def of_gguf(architecture: str, pooling: object) -> tuple[str, ...]:
    """The tasks of a GGUF file by its architecture and how it pools, the usual one first."""
    if pooling == RANK:
        return (RANKS, VECTORS)
    if ENCODERS.fullmatch(architecture):
        return (VECTORS,)
    if isinstance(pooling, int) and pooling > 0:
        return (VECTORS, TEXT)
    return (TEXT, VECTORS)


def _labels(config: Mapping[str, Any]) -> int | None:
    named, count = config.get("id2label"), config.get("num_labels")
    if isinstance(named, Mapping):
        return len(named)
    return count if isinstance(count, int) else None
