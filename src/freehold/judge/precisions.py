"""Which precisions a model can be had in, how large it is in each, and what each costs."""

from collections.abc import Callable

from freehold.judge.fitting.parts import Setting
from freehold.judge.planning import Effort, Memory, Variant
from freehold.knowledge.types import Precision, PrecisionList

OFFERED = ("f16", "q8_0", "q6_K", "q5_K_M", "q4_K_M", "q3_K_M", "q2_K")
"""The precisions to choose from, widest first: the best of each size."""
LOWEST_UNASKED = "q4_K_M"
"""Nothing below this is taken without being asked for."""
HARDLY, LITTLE, MUCH = 0.01, 0.05, 0.12
"""Mean divergences in nats up to which a loss is called so; ours, for the words alone."""


def variants(
    costs: PrecisionList,
    memory: Callable[[float], Memory],
    work: Callable[[float], Effort] | None = None,
) -> tuple[Variant, ...]:
    """The precisions to choose from.

    `memory` and `work` give those of the model at so many bits a weight.
    """
    known = {precision.id: precision for precision in costs.precisions}
    return tuple(
        Variant(
            id,
            bits := known[id].bits,
            memory(bits),
            quality(known[id], costs),
            work(bits) if work else None,
        )
        for id in OFFERED
        if id in known
    )


def quality(precision: Precision, costs: PrecisionList) -> str:
    """What a precision costs in plain words, with the figures."""
    if precision.bits >= 16:
        return "as published"
    divergence = precision.divergence
    loss = (
        "hardly any loss" if divergence <= HARDLY
        else "a little loss" if divergence <= LITTLE
        else "some loss" if divergence <= MUCH
        else "a large loss"
    )  # fmt: skip
    worse = precision.perplexity / costs.unquantized_perplexity - 1
    return f"{loss}: divergence {divergence:.4f}, perplexity {worse:+.1%}"


def source(costs: PrecisionList) -> str:
    """Where the figures come from, as a note."""
    return f"the losses of precisions were measured on {costs.model}; small models lose more"


def lowest(available: tuple[Variant, ...]) -> Variant:
    """The smallest precision that is taken without being asked for."""
    return next((v for v in available if v.precision == LOWEST_UNASKED), available[-1])


def best(
    available: tuple[Variant, ...],
    setting: Setting,
    room: int,
    fluent: Callable[[Variant], bool] = lambda _: True,
) -> Variant | None:
    """The widest precision that fits and runs fluently, else the narrowest that fits.

    None below the lowest that is taken without being asked for.
    """
    found = None
    for variant in available:
        if variant.memory(setting).peak <= room:
            found = variant
            if fluent(variant):
                return variant
        if variant.precision == LOWEST_UNASKED:
            break
    return found
