"""What a policy can judge once there are files: their formats by name, and code of their own."""

from pathlib import PurePath

from msgspec.structs import replace

from freehold.actions.check import Report
from freehold.actions.folder_reading import EXECUTABLE, Seen
from freehold.formats.config import Config
from freehold.formats.tokenizer import Tokenizer
from freehold.judge.answers import Facts
from freehold.judge.policy import Subject
from freehold.judge.policy_subject import subject

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


def subject_of_files(facts: Facts, report: Report, seen: Seen) -> Subject:
    """A folder as a policy looks at it."""
    found = subject(facts, report.family, report.member, report.terms, report.level)
    ends = (PurePath(f.path).suffix.lower() for f in seen.files if f.kind == "weights")
    asks = [thing for kind in (Config, Tokenizer) for _, thing in seen.all(kind)]
    return replace(
        found,
        formats=tuple(sorted({FORMATS.get(end, end) for end in ends})),
        remote_code=any(getattr(thing, "remote_code", None) for thing in asks),
    )
