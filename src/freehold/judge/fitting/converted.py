"""What models take that were converted for OpenVINO, CTranslate2 or onnxruntime-genai.

An upper bound, by the size of their files: each of these libraries keeps its weights in an order
of its own, beside the file from which it took them. What they take of it was measured on models
of 1.2 billion weights (`benchmarks/results.md`, "Memory of converted models").
"""

from msgspec import Struct

from freehold.judge.fitting.parts import Parts, Setting

GIB = 2**30
MIB = 2**20
TAKEN = "an upper bound: what this library takes beside its weights is not modeled part by part"
UNKNOWN = "what a longer text takes is not counted: its files do not say how it is made"


class Library(Struct, frozen=True):
    """How many bytes a library keeps.

    `copies` are those of the weights, the file included; `number` is what each number of the state
    takes, `wide` a number of what is computed, `itself` the library.
    """

    copies: float
    number: float
    wide: int
    itself: int


LIBRARIES = {
    "openvino": Library(copies=2.0, number=4.0, wide=4, itself=256 * MIB),
    "ctranslate2": Library(copies=2.0, number=4.0, wide=4, itself=256 * MIB),
    "onnxruntime-genai": Library(copies=2.0, number=4.0, wide=4, itself=256 * MIB),
}


class Made(Struct, frozen=True, kw_only=True):
    """A model as it was converted.

    `size` are the bytes of its weights, `kept` the numbers that it keeps of each token (None: not
    known), `width` those of a token between two layers.
    """

    size: int
    kept: float | None = None
    width: int = 0


def memory(engine: str, made: Made, setting: Setting) -> Parts:
    """The most that one of these libraries takes; it has a precision of its own for the state."""
    library = LIBRARIES[engine]
    tokens = setting.context * setting.parallel
    together = max(setting.batch, setting.parallel)
    return Parts(
        weights=int(made.size * library.copies),
        state=int((made.kept or 0.0) * tokens * library.number),
        compute=together * made.width * BETWEEN * library.wide,
        overhead=library.itself,
        bound=True,
        notes=(TAKEN,) if made.kept is not None else (TAKEN, UNKNOWN),
    )


BETWEEN = 16
"""Rows as wide as a token that are there at once while a batch is computed."""
