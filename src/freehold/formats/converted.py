"""Tells for which library a folder was converted, by the names of its files."""

import re
from collections.abc import Collection, Iterable

from freehold.formats.genai import CONFIG as GENAI

IR = ("openvino_model.xml", "openvino_language_model.xml", "openvino_decoder_model.xml",
      "openvino_encoder_model.xml")  # fmt: skip
"""What OpenVINO reads, of models of one part and of several."""
GRAPH = re.compile(r"\.onnx([._]data)?$", re.IGNORECASE)
"""An ONNX graph, or the file with its numbers."""


def made_for(names: Collection[str]) -> str | None:
    """The engine that a folder with these files was made for; None when it was not converted."""
    if GENAI in names:
        return "onnxruntime-genai"
    if any(name in names for name in IR):
        return "openvino"
    if "model.bin" in names and any("vocabulary" in name for name in names):
        return "ctranslate2"
    return None


def weights(names: Iterable[str], engine: str) -> list[str]:
    """Those of the files that hold numbers, where the folder was made for this engine."""
    if engine == "onnxruntime-genai":
        return [name for name in names if GRAPH.search(name)]
    made = "openvino_" if engine == "openvino" else "model"
    return [name for name in names if name.startswith(made) and name.endswith(".bin")]
