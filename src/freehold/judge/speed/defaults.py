"""What to expect of a machine that was never measured, from the facts on its processor.

Constants are fitted by `benchmarks/speed.py` on published speeds and on measurements that users
of other tools reported; it prints them, and how far off they are on machines left out.
"""

import math

from msgspec import Struct

from freehold.judge.speed.rates import Rates, independent

OLD = 2018
"""Cards from before this year have no units for matrices."""
MIDDLE = 2022
MODEL = 0.08
"""How much models differ on one machine, as the standard deviation of the logarithm."""


class Processor(Struct, frozen=True):
    """The facts on a processor: a word of the vocabulary, bytes and operations per second."""

    kind: str
    bandwidth: float
    released: int | None = None
    flops_16bit: float | None = None
    ops_8bit: float | None = None


class Usual(Struct, frozen=True):
    """What processors of one kind reach.

    `share` of the bandwidth on paper; `layer` seconds for each layer; `sums` operations per byte
    of bandwidth; then the standard deviations of the logarithms of these three. `looks` is the
    part of the 16-bit matrix rate that attention reaches, `floats` how much faster 16-bit weights
    are multiplied than quantized ones, which must be unpacked.
    """

    share: float
    layer: float
    sums: float
    doubt_share: float
    doubt_layer: float
    doubt_sums: float
    looks: float = 1.0
    floats: float = 1.2


class Defaults(Struct, frozen=True, kw_only=True):
    """What is usual by kind, and what changes it.

    `yearly` is the factor by which the constant of a layer falls with each year of Apple's
    chips, counted from MIDDLE; `slower` are engines that take longer for each layer, `starting`
    those that need so many seconds more for it, because Python starts every small program.
    """

    usual: dict[str, Usual]
    yearly: float
    slower: dict[str, float]
    starting: dict[str, float] = {}


LOOKS = 0.5
"""Of attention on a processor: vectors of floats there, while weights meet matrix instructions.
On an AMD EPYC (Zen 4) a layer 2,048 wide read prompts of 506 and 2,013 tokens so that attention did
80 GFLOP/s where 16-bit weights met 155, 2026-11-28."""

DEFAULTS = Defaults(
    usual={
        "gpu": Usual(0.84, 47e-6, 101.8, 0.25, 0.5, 0.45),
        "hbm": Usual(0.34, 35e-6, 9.3, 0.35, 0.5, 0.5, floats=4.0),
        "old": Usual(0.54, 123e-6, 34.9, 0.35, 0.5, 0.5),
        "apple": Usual(0.83, 144e-6, 17.4, 0.2, 0.5, 0.45),
        "apu": Usual(0.80, 39e-6, 59.8, 0.25, 0.5, 0.6),
        "cpu": Usual(0.58, 244e-6, 7.0, 0.45, 0.7, 0.8, looks=LOOKS),
    },
    yearly=0.80,
    slower={"ollama": 1.69, "diffusers": 3.0},
    starting={"transformers": 0.8e-3},
)
"""`hbm` and what Transformers needs to start a layer: `benchmarks/fit_gguf_cuda.py` and
`fit_cuda.py` on an H200, 2026-11-28."""
SIMILAR = {"datacenter-gpu": "gpu", "npu": "apu"}
UNPACKING = frozenset({"llama.cpp", "ollama"})
"""Engines whose kernels for quantized weights do not use up stacked memory."""
STACKED = 1.5e12
"""Bytes per second of cards for data centers with stacked memory (HBM)."""
USED = 0.3
"""The share of the matrix rate on paper that is reached, where one is known."""


def default_rates(
    processor: Processor, engine: str = "llama.cpp", defaults: Defaults = DEFAULTS
) -> Rates:
    """Rates to expect of a machine never measured; intervals say how little that is."""
    usual = defaults.usual[kind_of(processor, engine)]
    layer = usual.layer * defaults.slower.get(engine, 1.0) + defaults.starting.get(engine, 0.0)
    if processor.kind == "apple":
        layer *= defaults.yearly ** ((processor.released or MIDDLE) - MIDDLE)
    integers = _sums(processor, usual)
    return Rates(
        bandwidth=processor.bandwidth * usual.share,
        layer=layer,
        matrix={"16-bit": integers * usual.floats, "8-bit": integers},
        doubt=independent(usual.doubt_share, usual.doubt_layer, usual.doubt_sums, MODEL),
        looks=usual.looks,
    )


def kind_of(processor: Processor, engine: str = "") -> str:
    """The word under which the usual rates of a processor with this engine are kept."""
    cards = processor.kind in ("gpu", "datacenter-gpu")
    if cards and (processor.released or MIDDLE) < OLD:
        return "old"
    stacked = processor.kind == "datacenter-gpu" and processor.bandwidth >= STACKED
    if stacked and engine in UNPACKING:
        return "hbm"
    kind = SIMILAR.get(processor.kind, processor.kind)
    return kind if kind in DEFAULTS.usual else "cpu"


def _sums(processor: Processor, usual: Usual) -> float:
    """The matrix rate: of what is known on paper, else of what is usual for the bandwidth."""
    guessed = processor.bandwidth * usual.sums
    if processor.flops_16bit is None:
        return guessed
    return math.sqrt(guessed * processor.flops_16bit * USED)
