"""How far predicted image steps and real-time factors are from published ones."""

from collections.abc import Iterable
from typing import NamedTuple

from freehold.judge.speed.audio import Listening, encoder, realtime_factor
from freehold.judge.speed.defaults import Processor, default_rates
from freehold.judge.speed.images import image, transformer_step
from freehold.judge.speed.rates import Rates
from freehold.judge.speed.work import Kept, Work
from freehold.knowledge.types import AcceleratorList

PIXELS = 1024**2


class Picture(NamedTuple):
    """A published time for a picture of 1024 x 1024, on one H100, PyTorch without compiling."""

    model: str
    steps: int
    seconds: float
    seen: float
    width: int
    layers: int
    text: int
    weights: float
    guided: bool


PICTURES = (
    Picture("FLUX.1-dev", 50, 12.339, 9.2e9, 3072, 57, 512, 24e9, guided=False),
    Picture("FLUX.1-schnell", 4, 1.120, 9.2e9, 3072, 57, 256, 24e9, guided=False),
    Picture("Stable Diffusion 3.5 Large", 50, 11.615, 4.1e9, 2432, 38, 333, 16e9, guided=True),
)
"""From ONNX Runtime, commit 6550f4b (2025-01-14); both have weights for text and picture apart."""


class Ears(NamedTuple):
    """A published real-time factor on one A100; how many recordings at once is not stated."""

    model: str
    factor: float
    width: int
    layers: int
    encoder: float
    decoder: float
    written: int


EARS = (
    Ears("whisper-large-v3", 145.5, 1280, 32, 0.637e9, 0.907e9, 32),
    Ears("whisper-large-v3-turbo", 200.2, 1280, 32, 0.637e9, 0.172e9, 4),
    Ears("whisper-small.en", 268.9, 768, 12, 0.088e9, 0.154e9, 12),
    Ears("whisper-base.en", 320.7, 512, 6, 0.020e9, 0.052e9, 6),
)
"""From the Open ASR Leaderboard, August 2026, Transformers."""


def rates(makers: Iterable[AcceleratorList], id: str, engine: str) -> Rates:
    """What is expected of an accelerator of the knowledge base."""
    chip = next(a for maker in makers for a in maker.accelerators if a.id == id)
    facts = Processor(chip.kind, chip.bandwidth, chip.released, chip.flops_16bit, chip.ops_8bit)
    return default_rates(facts, engine)


def report_others(makers: Iterable[AcceleratorList]) -> None:
    """Print pictures and sound, from facts alone."""
    known = list(makers)
    print("\nPictures on an H100, from facts alone, seconds")
    card = rates(known, "h100-sxm", "diffusers")
    for one in PICTURES:
        step = transformer_step(
            seen=one.seen, width=one.width, layers=one.layers, pixels=PIXELS, text=one.text,
            bytes_read=one.weights, guided=one.guided,
        )  # fmt: skip
        time = image(step, one.steps, card)
        span = f"{time.low:.1f} to {time.high:.1f}"
        print(
            f"  {one.model:<28} measured {one.seconds:>6.1f}, predicted {time.value:.1f} ({span})"
        )
    print("\nSpeech on an A100, from facts alone, seconds of sound per second")
    card = rates(known, "a100-sxm-80gb", "transformers")
    for ears in EARS:
        heard = listening(ears)
        alone, many = realtime_factor(heard, card), realtime_factor(heard, card, 16)
        span = f"{alone.value:.0f} alone, {many.value:.0f} with 16 at once"
        print(f"  {ears.model:<28} measured {ears.factor:>6.1f}, predicted {span}")


def listening(ears: Ears) -> Listening:
    """A model like Whisper, in 16 bits."""
    front = encoder(ears.encoder, ears.width, ears.layers, 1500, 16)
    looked_at = 2 * 2 * ears.width * 1500.0
    state = tuple(Kept(4.0 * ears.width, fixed=looked_at) for _ in range(ears.written))
    decoder = Work(
        weights=2 * ears.decoder, active=ears.decoder, layers=1.5 * ears.written, state=state,
        grade="16-bit",
    )  # fmt: skip
    return Listening(
        operations=front.operations, bytes_read=front.bytes_read, layers=front.layers,
        decoder=decoder,
    )  # fmt: skip
