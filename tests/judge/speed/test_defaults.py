"""What is expected of machines never measured agrees with speeds that were published."""

import pytest

from freehold.judge.speed.decode import decode
from freehold.judge.speed.defaults import DEFAULTS, Processor, default_rates, kind_of
from freehold.judge.speed.work import Kept, Work
from tests.judge.speed.works import card, dense

STATE = (Kept(131072.0),)
LLAMA_3B = Work(weights=2.0e9, active=3.2e9, layers=28, state=(Kept(114688.0),))
LLAMA_8B = Work(weights=4.6e9, active=7.5e9, layers=32, state=STATE)
QWEN_14B = Work(weights=8.5e9, active=14e9, layers=48, state=(Kept(196608.0),))

PUBLISHED = [
    ("RTX 4090", Processor("gpu", 1008e9, 2022), QWEN_14B, 92.5),
    ("RTX 3060", Processor("gpu", 360e9, 2021), LLAMA_3B, 122.9),
    ("RX 9070 XT", Processor("gpu", 640e9, 2025), LLAMA_8B, 119.6),
    ("GB10", Processor("apu", 273e9, 2025), QWEN_14B, 23.9),
    ("Radeon 780M", Processor("apu", 89.6e9, 2023), LLAMA_8B, 16.3),
    ("M4", Processor("apple", 120e9, 2024), LLAMA_8B, 20.9),
    ("M1 Max", Processor("apple", 400e9, 2021), LLAMA_8B, 46.2),
    ("P40", Processor("datacenter-gpu", 347e9, 2016), LLAMA_8B, 46.0),
    ("Core i5-9500", Processor("cpu", 42.7e9, 2019), LLAMA_8B, 6.5),
    ("Raspberry Pi 5", Processor("cpu", 17.1e9, 2023), LLAMA_3B, 4.9),
]


@pytest.mark.parametrize(("name", "processor", "work", "measured"), PUBLISHED)
def test_published_speeds_lie_in_the_interval(
    name: str, processor: Processor, work: Work, measured: float
) -> None:
    speed = decode(work, default_rates(processor), 128)
    assert speed.low < measured < speed.high, name


def test_most_published_speeds_are_met_within_a_quarter() -> None:
    errors = [
        abs(decode(work, default_rates(processor), 128).value / measured - 1)
        for _, processor, work, measured in PUBLISHED
    ]
    assert sum(error < 0.25 for error in errors) >= 8


def test_old_cards_are_a_kind_of_their_own() -> None:
    assert kind_of(Processor("gpu", 1e11, 2016)) == "old"
    assert kind_of(Processor("datacenter-gpu", 1e12, 2022)) == "gpu"
    assert kind_of(Processor("npu", 1e11)) == "apu"
    assert kind_of(Processor("something new", 1e11)) == "cpu"


def test_later_apple_chips_lose_less_time_between_layers() -> None:
    early, late = (default_rates(Processor("apple", 4e11, year)) for year in (2021, 2025))
    assert late.layer < early.layer
    assert late.bandwidth == early.bandwidth


def test_a_slower_engine_takes_longer_for_each_layer() -> None:
    ollama = default_rates(Processor("gpu", 1e12, 2024), "ollama")
    assert ollama.layer == pytest.approx(card().layer * DEFAULTS.slower["ollama"])


def test_a_known_matrix_rate_counts() -> None:
    weak, strong = (
        default_rates(Processor("gpu", 1e12, 2024, flops_16bit=flops)) for flops in (5e13, 1e15)
    )
    assert weak.matrix["8-bit"] < card().matrix["8-bit"] < strong.matrix["8-bit"]


def test_intervals_are_wide_before_anything_is_measured() -> None:
    speed = decode(dense(), card(), 100)
    assert speed.high / speed.low > 1.5
