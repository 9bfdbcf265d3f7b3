"""What a policy can judge once there are files: their formats by name, and code of their own."""

from pathlib import PurePath
from typing import Any

from freehold.actions.folder_reading import EXECUTABLE, Seen
from freehold.formats.config import Config
from freehold.formats.tokenizer import Tokenizer

FORMATS = {
    **dict.fromkeys(EXECUTABLE, "pytorch"),
    ".safetensors": "safetensors",
    ".gguf": "gguf",
    ".onnx": "onnx",
    ".tflite": "tflite",
    ".nemo": "nemo",
    ".msgpack": "jax",
    ".h5": "tensorflow",
}


def judged_from_files(seen: Seen) -> dict[str, Any]:
    """The fields of `judge/policy.py` `Subject` that files show."""
    ends = (PurePath(f.path).suffix.lower() for f in seen.files if f.kind == "weights")
    asks = [thing for kind in (Config, Tokenizer) for _, thing in seen.all(kind)]
    code = any(getattr(thing, "remote_code", None) for thing in asks)
    return {
        "formats": tuple(sorted({FORMATS.get(end, end) for end in ends})),
        "remote_code": code,
    }
