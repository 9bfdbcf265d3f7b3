"""The first estimate of memory and speed."""

from hypothesis import given
from hypothesis import strategies as st

from freehold.judge.fitting.first import BITS, GIB, OVERHEAD, Room, Shape, fit

SEVEN = Shape(7_000_000_000, None, 131_072, 32_768, makes_tokens=True)


def test_the_best_precision_that_fits_is_chosen() -> None:
    assert fit(SEVEN, Room("memory", 24 * GIB)).precision == "16-bit"
    assert fit(SEVEN, Room("memory", 10 * GIB)).precision == "8-bit"
    assert fit(SEVEN, Room("memory", 6 * GIB)).precision == "4-bit"
    assert fit(SEVEN, Room("memory", 4 * GIB)).fits == "no"


def test_where_only_a_shorter_context_fits_it_is_offered() -> None:
    room = Room("memory", 5 * GIB)
    estimate = fit(SEVEN, room, context=32_768)
    assert estimate.fits == "shorter"
    assert estimate.context is not None
    assert 2048 <= estimate.context < 32_768
    assert estimate.total is not None
    assert estimate.total <= room.memory < estimate.total + 256 * 131_072
    assert f"{estimate.context:,} tokens" in estimate.because


def test_the_parts_add_up_and_are_what_the_formula_says() -> None:
    estimate = fit(SEVEN, Room("memory", 24 * GIB), context=4096)
    assert estimate.weights == 14_000_000_000
    assert estimate.state == 131_072 * 4096
    assert estimate.total == 14_000_000_000 + 131_072 * 4096 + OVERHEAD


def test_an_unknown_state_is_taken_as_a_fifth_of_the_weights() -> None:
    shape = Shape(1_000_000_000, None, None, None, makes_tokens=True)
    assert fit(shape, Room("memory", 24 * GIB)).state == 400_000_000


def test_an_unknown_size_is_no_guess() -> None:
    shape = Shape(None, None, None, None, makes_tokens=True)
    assert fit(shape, Room("memory", 24 * GIB)).fits == "unknown"


def test_speed_is_bound_by_the_active_weights() -> None:
    sparse = Shape(30_000_000_000, 3_000_000_000, 0, None, makes_tokens=True)
    estimate = fit(sparse, Room("memory", 64 * GIB, bandwidth=60_000_000_000))
    assert estimate.speed_at_most == 10.0


def test_models_that_are_not_run_in_four_bits_are_not_estimated_so() -> None:
    image = Shape(12_000_000_000, None, None, None, makes_tokens=False)
    assert fit(image, Room("memory", 9 * GIB)).fits == "no"
    assert "8-bit" in fit(image, Room("memory", 9 * GIB)).because


@given(
    parameters=st.integers(1, 10**12),
    state=st.integers(0, 10**7),
    memory=st.integers(1, 10**13),
    context=st.integers(1, 10**6),
)
def test_what_fits_still_fits_with_more_memory(
    parameters: int, state: int, memory: int, context: int
) -> None:
    shape = Shape(parameters, None, state, None, makes_tokens=True)
    if fit(shape, Room("memory", memory), context).fits == "yes":
        assert fit(shape, Room("memory", memory * 2), context).fits == "yes"


def test_fewer_bits_never_take_more_memory() -> None:
    assert BITS["4-bit"] < BITS["8-bit"] < BITS["16-bit"]
