"""What a policy can judge once there are files: formats by name, code of their own, signatures."""

from pathlib import Path, PurePath
from typing import Any

from freehold.actions.folder_reading import EXECUTABLE, Seen
from freehold.formats.config import Config
from freehold.formats.tokenizer import Tokenizer
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.policy_file import read_policies

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


def signed_fact(path: Path, base: KnowledgeBase) -> bool | None:
    """Whether the files are signed by somebody trusted; None where no policy asks for it.

    Only then every file is read, to hold its digest against the signature.
    """
    if not any(placed.policy.files.signature for placed in read_policies(base)):
        return None
    from freehold.actions.signing import is_signed

    return is_signed(path)
