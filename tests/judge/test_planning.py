"""Whether a model fits, up to which limits, and what would make it fit."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from freehold.judge.fitting.parts import BITS_OF_STATE, Parts, Setting
from freehold.judge.planning import (
    Memory,
    Variant,
    fit,
    longest,
    most_parallel,
)

MIB = 2**20


def a_model(weights: int, per_token: int = 64 * 1024) -> Memory:
    """A model with so many bytes of weights, and of state for each token in 16 bits."""

    def memory(setting: Setting) -> Parts:
        bits = BITS_OF_STATE[setting.keys]
        state = int(setting.context * setting.parallel * per_token * bits / 16)
        return Parts(weights=weights, state=state, compute=MIB, overhead=MIB)

    return memory


ASKED = Setting(context=4096)


def test_what_fits_needs_no_way_out() -> None:
    found = fit(a_model(100 * MIB), ASKED, 400 * MIB)
    assert found.fits
    assert found.ways == ()
    assert found.parts.total == (100 + 256 + 2) * MIB


def test_the_limits_are_the_last_that_fit() -> None:
    memory, room = a_model(100 * MIB), 1000 * MIB
    limits = fit(memory, ASKED, room).limits
    assert memory(replace(ASKED, context=limits.context)).peak <= room
    assert memory(replace(ASKED, context=limits.context + 256)).peak > room
    assert memory(replace(ASKED, parallel=limits.parallel)).peak <= room
    assert memory(replace(ASKED, parallel=limits.parallel + 1)).peak > room


def test_no_longer_context_than_it_was_trained_for_is_offered() -> None:
    assert fit(a_model(MIB), ASKED, 2**40, trained=5000).limits.context == 5000


def test_a_model_larger_than_the_room_has_limits_of_nothing() -> None:
    found = fit(a_model(500 * MIB), ASKED, 400 * MIB)
    assert not found.fits
    assert (found.limits.context, found.limits.parallel) == (0, 0)
    assert found.ways == ()


def test_narrower_keys_and_values_come_first_as_a_way_out() -> None:
    found = fit(a_model(100 * MIB), ASKED, 300 * MIB)
    assert not found.fits
    assert found.ways[0].kind == "state"
    assert found.ways[0].peak <= 300 * MIB


def test_a_shorter_context_that_fits_is_offered_with_its_length() -> None:
    found = fit(a_model(100 * MIB), replace(ASKED, keys="q4_0"), 130 * MIB)
    way = next(way for way in found.ways if way.kind == "context")
    assert f"{found.limits.context:,}" in way.change
    assert way.peak <= 130 * MIB


def test_the_widest_precision_that_fits_is_offered_with_its_price() -> None:
    variants = [
        Variant("q8_0", 8.5, a_model(300 * MIB), "none to see"),
        Variant("q4_K_M", 4.9, a_model(150 * MIB), "a little"),
        Variant("q2_K", 3.2, a_model(80 * MIB), "a lot"),
    ]
    found = fit(a_model(600 * MIB), ASKED, 450 * MIB, variants=variants)
    assert [(w.kind, w.change, w.costs) for w in found.ways] == [
        ("precision", "weights in q4_K_M", "a little")
    ]


def test_a_smaller_precision_with_a_shorter_context_is_the_last_way_out() -> None:
    variants = [Variant("q4_K_M", 4.9, a_model(150 * MIB), "a little")]
    found = fit(a_model(600 * MIB), ASKED, 250 * MIB, variants=variants)
    assert [way.kind for way in found.ways] == ["precision"]
    assert "context of" in found.ways[0].change
    assert found.ways[0].peak <= 250 * MIB


@given(st.integers(1, 4000), st.integers(1, 2**20), st.integers(1, 8000), st.integers(300, 300_000))
def test_limits_fit_and_the_next_step_does_not(
    weights: int, per_token: int, room: int, most: int
) -> None:
    memory, room = a_model(weights * MIB, per_token), room * MIB
    context = longest(memory, ASKED, room, most)
    assert context <= most
    if context:
        assert memory(replace(ASKED, context=context)).peak <= room
    if context < most:
        beyond = min(context + 256, most)
        assert memory(replace(ASKED, context=beyond)).peak > room
    parallel = most_parallel(memory, ASKED, room)
    if parallel:
        assert memory(replace(ASKED, parallel=parallel)).peak <= room
