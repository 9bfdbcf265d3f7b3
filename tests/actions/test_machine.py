"""What of a machine is offered to a model."""

import pytest

from freehold.actions import machine as action
from freehold.core.machine import Gpu, Machine
from freehold.knowledge.base import KnowledgeBase

GIB = 2**30


def a_machine(*gpus: Gpu) -> Machine:
    """A machine with 32 GiB and these cards."""
    return Machine(
        "Linux", "x86_64", "A processor", 8, ("avx2",), 32 * GIB, 30 * GIB, None, False, gpus,
        100 * GIB, "3.12.0",
    )  # fmt: skip


def test_without_a_card_four_fifths_of_memory_are_offered(
    shipped: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action, "probe", a_machine)
    report = action.machine(base=shipped)
    assert report.room.name == "memory"
    assert report.room.memory == int(32 * GIB * 0.8)
    assert report.room.bandwidth == 30_000_000_000


def test_a_known_card_brings_its_bandwidth(
    shipped: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = (Gpu("NVIDIA GeForce RTX 4090", 24564 * 2**20, "560"),)
    monkeypatch.setattr(action, "probe", lambda: a_machine(*cards))
    report = action.machine(base=shipped)
    assert report.room.name == "NVIDIA GeForce RTX 4090"
    assert report.room.bandwidth == 1_008_000_000_000
    assert report.form()["gpus"][0]["bandwidth"] == 1_008_000_000_000


def test_an_unknown_card_counts_by_its_memory_alone(
    shipped: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action, "probe", lambda: a_machine(Gpu("Some Card 9000", 48 * GIB)))
    report = action.machine(base=shipped)
    assert report.room.memory == int(48 * GIB * 0.92)
    assert report.room.bandwidth is None


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("NVIDIA GeForce RTX 4070 Ti SUPER", "rtx-4070-ti-super"),
        ("NVIDIA GeForce RTX 4070", "rtx-4070"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("Apple M3 Max", "m3-max"),
    ],
)
def test_the_longest_name_that_matches_identifies_a_processor(
    shipped: KnowledgeBase, name: str, id: str
) -> None:
    found = action.identify(shipped, name)
    assert found is not None
    assert id in found.id
