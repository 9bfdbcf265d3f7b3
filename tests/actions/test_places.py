"""The machine that a plan is made for."""

import pytest

from freehold.actions.places import place
from freehold.core.errors import NotFound, UsageError
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.processors import find_processors

GIB = 2**30


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("RTX 4090", "GeForce RTX 4090"),
        ("NVIDIA GeForce RTX 4090", "GeForce RTX 4090"),
        ("rtx4090", "GeForce RTX 4090"),
        ("h200", "H200"),
        ("h100-sxm", "H100 SXM"),
    ],
)
def test_a_whole_name_means_one_processor(said: str, meant: str, shipped: KnowledgeBase) -> None:
    assert all(a.name.startswith(meant) for a in find_processors(shipped, said))
    assert len({a.name for a in find_processors(shipped, said)}) == 1


def test_a_short_name_takes_the_slowest_and_says_so(shipped: KnowledgeBase) -> None:
    found = place(shipped, "h100")
    assert found.name == "H100 PCIe"
    assert "slowest" in found.notes[0]
    assert "H100 SXM" in found.notes[0]


@pytest.mark.parametrize("said", ["h100-pciex2", "2x h100-pcie", "h100-pcie x2", "h100-pcie*2",
                                  "h100-pcie x 2"])  # fmt: skip
def test_several_cards_add_up(said: str, shipped: KnowledgeBase) -> None:
    one, two = place(shipped, "h100-pcie"), place(shipped, said)
    assert two.cards == 2
    assert two.memory == 2 * one.memory
    assert two.bandwidth == 2 * (one.bandwidth or 0)


@pytest.mark.parametrize("said", ["rtx4090", "GTX1080", "gtx1060", "RX6800", "rx7600"])
def test_a_number_in_the_name_counts_no_cards(said: str, shipped: KnowledgeBase) -> None:
    assert place(shipped, said).cards == 1


def test_a_card_keeps_a_part_of_its_memory_for_itself(shipped: KnowledgeBase) -> None:
    assert 0.9 * 24 * GIB < place(shipped, "RTX 4090").memory < 24 * GIB


def test_memory_that_was_said_counts(shipped: KnowledgeBase) -> None:
    assert place(shipped, "RTX 4090", 10 * GIB).memory == 10 * GIB


def test_an_apple_chip_is_taken_with_its_smallest_memory(shipped: KnowledgeBase) -> None:
    found = place(shipped, "M4 Max")
    assert any("smallest" in note or "slowest" in note for note in found.notes)


def test_this_machine_is_the_default(shipped: KnowledgeBase) -> None:
    found = place(shipped)
    assert found.here
    assert found.memory > 0
    assert found.bandwidth


def test_an_unknown_processor_names_the_nearest(shipped: KnowledgeBase) -> None:
    with pytest.raises(NotFound, match="RTX 4090"):
        place(shipped, "RTX 4099")


@pytest.mark.parametrize("said", ["h100x0", "h100x9999"])
def test_an_impossible_number_is_refused(said: str, shipped: KnowledgeBase) -> None:
    with pytest.raises(UsageError):
        place(shipped, said)
