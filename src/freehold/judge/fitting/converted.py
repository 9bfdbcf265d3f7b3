"""What models take that were converted for OpenVINO, CTranslate2 or onnxruntime-genai.

By the size of their files: two of these libraries keep weights in an order of their own beside the
file that they took them from. An upper bound, held against models of 1.2 billion weights
(`benchmarks/results.md`, "Memory of converted models").
"""

from msgspec import Struct

from freehold.judge.fitting.parts import Parts, Setting

MIB = 2**20
FLOAT = 4
BETWEEN = 16
"""Rows as wide as a token that are there at once while a batch is computed."""
SCORES = 1.5
"""Times that all scores of one layer are there at once."""
TAKEN = "an upper bound: what this library takes beside its weights is not modeled part by part"
UNKNOWN = "at least: its files do not say how it is made, so what a long text takes is not counted"


class Library(Struct, frozen=True):
    """How many bytes a library keeps.

    `file` is the part of the file that stays mapped beside the weights, until others need the room;
    `number` is what each number of the state takes, `itself` the library. One that reads a prompt
    `whole` holds every token against every other at once.
    """

    file: float
    number: float
    itself: int
    whole: bool = False


LIBRARIES = {
    "openvino": Library(file=1.0, number=2.6, itself=256 * MIB),
    "ctranslate2": Library(file=0.0, number=4.0, itself=224 * MIB, whole=True),
    "onnxruntime-genai": Library(file=0.6, number=4.0, itself=256 * MIB),
}


class Made(Struct, frozen=True, kw_only=True):
    """A model as it was converted.

    `size` are the bytes of its weights, `kept` the numbers that it keeps of each token (None: not
    known), `width` those of a token between two layers, `heads` how many look at it.
    """

    size: int
    kept: float | None = None
    width: int = 0
    heads: int = 0


def memory(engine: str, made: Made, setting: Setting) -> Parts:
    """The most that one of these libraries takes; it has a precision of its own for the state."""
    library = LIBRARIES[engine]
    tokens = setting.context * setting.parallel
    together = setting.context if library.whole else max(setting.batch, setting.parallel)
    looks = SCORES * made.heads * setting.context**2 if library.whole else 0.0
    return Parts(
        weights=made.size,
        state=int((made.kept or 0.0) * tokens * library.number),
        compute=int((together * made.width * BETWEEN + looks) * FLOAT),
        overhead=library.itself,
        loading=int(made.size * library.file),
        bound=made.kept is not None,
        notes=(TAKEN,) if made.kept is not None else (UNKNOWN,),
    )
