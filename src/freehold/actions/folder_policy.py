"""What a policy can judge once there are files: formats by name, code of their own, signatures."""

from pathlib import Path, PurePath

from msgspec.structs import replace

from freehold.actions.check import Report
from freehold.actions.folder_reading import EXECUTABLE, Seen
from freehold.formats.config import Config
from freehold.formats.tokenizer import Tokenizer
from freehold.judge.answers import Facts
from freehold.judge.policy import Subject
from freehold.judge.policy_subject import subject
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


def signed_fact(path: Path, base: KnowledgeBase) -> bool | None:
    """Whether the files are signed by somebody trusted; None where no policy asks for it.

    Only then every file is read, to hold its digest against the signature.
    """
    if not any(placed.policy.files.signature for placed in read_policies(base)):
        return None
    from freehold.actions.signing import is_signed

    return is_signed(path)
