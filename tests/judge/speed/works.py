"""Invented models and machines for the tests of speed."""

from freehold.judge.speed.defaults import Processor, default_rates
from freehold.judge.speed.rates import Rates, independent
from freehold.judge.speed.work import Kept, Work

CARD = Processor("gpu", 1e12, 2024)
CORES = Processor("cpu", 5e10, 2022)


def dense(size: float = 5e9, **changed: float) -> Work:
    """A model like Llama 3.1 8B in 4 bits: 5 GB, 32 layers, 128 KiB of state per token."""
    fields: dict[str, float] = {"weights": size, "active": size * 1.7, "layers": 32.0, **changed}
    state = (Kept(131072.0, sums=2 * 32 * 256 * 32),)
    head = min(0.5e9, fields["active"] / 4)
    return Work(head=head, state=state, **fields)  # type: ignore[arg-type]


def sparse() -> Work:
    """A model of 30 billion weights of which 3 run: 128 experts, 8 used."""
    return Work(
        weights=0.9e9, routed=17e9, experts=128, used=8, active=3e9, layers=48 * 1.4,
        state=(Kept(98304.0),),
    )  # fmt: skip


def rates(**changed: float) -> Rates:
    """Rates without any doubt but about models: 800 GB/s, 60 microseconds, 80 TFLOPS."""
    fields = {"bandwidth": 8e11, "layer": 60e-6, "sums": 8e13, "model": 0.05, **changed}
    sums = fields["sums"]
    return Rates(
        bandwidth=fields["bandwidth"],
        layer=fields["layer"],
        matrix={"16-bit": sums, "8-bit": sums},
        doubt=independent(0.2, 0.5, 0.4, fields["model"]),
    )


def card() -> Rates:
    """What is expected of the invented card."""
    return default_rates(CARD)
