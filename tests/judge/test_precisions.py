"""Which precisions a model can be had in, and what each costs."""

from freehold.judge.fitting.parts import Parts, Setting
from freehold.judge.planning import Memory
from freehold.judge.precisions import LOWEST_UNASKED, best, lowest, quality, source, variants
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import PrecisionList

BILLION = 10**9
ASKED = Setting(context=1)


def costs(base: KnowledgeBase) -> PrecisionList:
    return next(each for each in base.precisions() if each.engine == "llama.cpp")


def of_a_billion(bits: float) -> Memory:
    return lambda _: Parts(weights=int(BILLION * bits / 8), state=0, compute=0, overhead=0)


def test_wider_precisions_take_more_and_lose_less(shipped: KnowledgeBase) -> None:
    found = variants(costs(shipped), of_a_billion)
    sizes = [variant.memory(ASKED).total for variant in found]
    assert sizes == sorted(sizes, reverse=True)
    known = {p.id: p.divergence for p in costs(shipped).precisions}
    losses = [known[variant.precision] for variant in found]
    assert losses == sorted(losses)


def test_the_widest_that_fits_is_taken(shipped: KnowledgeBase) -> None:
    found = variants(costs(shipped), of_a_billion)
    assert (chosen := best(found, ASKED, 3 * BILLION)) is not None
    assert chosen.precision == "f16"
    assert (chosen := best(found, ASKED, BILLION)) is not None
    assert chosen.precision == "q6_K"


def test_where_none_is_fluent_the_narrowest_is_taken(shipped: KnowledgeBase) -> None:
    found = variants(costs(shipped), of_a_billion)
    assert (chosen := best(found, ASKED, 3 * BILLION, lambda _: False)) is not None
    assert chosen.precision == LOWEST_UNASKED


def test_a_large_loss_is_never_taken_without_being_asked_for(shipped: KnowledgeBase) -> None:
    found = variants(costs(shipped), of_a_billion)
    assert lowest(found).precision == LOWEST_UNASKED
    assert best(found, ASKED, lowest(found).memory(ASKED).total - 1) is None


def test_the_price_names_figure_and_model(shipped: KnowledgeBase) -> None:
    known = {p.id: quality(p, costs(shipped)) for p in costs(shipped).precisions}
    assert known["f16"] == "as published"
    assert known["q8_0"].startswith("hardly any loss")
    assert known["q2_K"].startswith("a large loss")
    assert "0.0313" in known["q4_K_M"]
    assert "Llama 3 8B" in source(costs(shipped))
