"""The machine that a plan is made for: this one, or one that is only named."""

import re
from typing import Literal

from msgspec import Struct

from freehold.actions.machine import LEFT_FOR_THE_SYSTEM, LEFT_ON_A_CARD, MachineReport, machine
from freehold.core.errors import UsageError
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.processors import find_processors
from freehold.knowledge.types import Accelerator

MOST_CARDS = 1024
_BEFORE = re.compile(r"(\d+)\s*[x*]\s+(.+)", re.IGNORECASE)
_AFTER = re.compile(r"(.*\d.*?)(?:\s*[x*]|\s+[x*]\s+)(\d+)", re.IGNORECASE)
"""The name of a processor has a number before the x: the one in "GTX970" counts nothing."""


class Place(Struct, frozen=True, kw_only=True):
    """Where a model would run. Memory in bytes, bandwidth in bytes per second, of all cards.

    `memory` is what is offered to a model; `host` is main memory beside the cards' own.
    `flops` are operations per second in 16 bits, `ops` in 8 bits, from the maker's sheet.
    """

    name: str
    kind: str
    memory: int
    bandwidth: int | None
    cards: int = 1
    host: int | None = None
    flops: int | None = None
    ops: int | None = None
    cores: int | None = None
    released: int | None = None
    here: bool = False
    notes: tuple[str, ...] = ()

    @property
    def on_card(self) -> bool:
        """Whether the memory is that of graphics cards."""
        return self.kind in ("gpu", "datacenter-gpu")


def place(base: KnowledgeBase, named: str | None = None, memory: int | None = None) -> Place:
    """This machine, or `named`: a processor, also several ("h100x2", "2x RTX 4090").

    `memory` in bytes overrides what is offered to a model.
    """
    return _this(base, memory) if named is None else _named(base, named, memory)


def _this(base: KnowledgeBase, memory: int | None) -> Place:
    """This machine as it was found."""
    report = machine(base=base)
    card = _card(report)
    seen, main = report.machine, int(report.machine.memory * (1 - LEFT_FOR_THE_SYSTEM))
    if card is None or report.room.name == "memory":
        kind: Literal["apple", "cpu"] = "apple" if seen.unified_memory else "cpu"
        return Place(name="this machine", kind=kind, memory=memory or main,
                     bandwidth=report.bandwidth, cores=seen.cores, here=True)  # fmt: skip
    return Place(
        name=report.room.name, kind=card.kind, memory=memory or report.room.memory,
        bandwidth=card.bandwidth, host=main, flops=card.flops_16bit, ops=card.ops_8bit,
        cores=seen.cores, released=card.released, here=True,
    )  # fmt: skip


def _card(report: MachineReport) -> Accelerator | None:
    """The card whose memory is offered."""
    for gpu, known in zip(report.machine.gpus, report.accelerators, strict=True):
        if gpu.name == report.room.name:
            return known
    return None


def _named(base: KnowledgeBase, named: str, memory: int | None) -> Place:
    """A machine by the name of its processor; of several that the name may mean, the weakest."""
    name, cards = _count(named)
    meant = find_processors(base, name)
    chosen = meant[0]
    notes = [_taken(meant)] if len(meant) > 1 else []
    size = memory or chosen.memory or min(chosen.memory_options, default=0)
    if not size:
        raise UsageError(
            f"how much memory {chosen.name} has is not known", hint="say it: --memory 64GB"
        )
    if not memory and not chosen.memory:
        notes.append(f"{chosen.name} is sold with several memories; the smallest was taken")
    return Place(
        name=f"{cards} x {chosen.name}" if cards > 1 else chosen.name,
        kind=chosen.kind,
        memory=memory or int(size * (1 - _left(chosen))) * cards,
        bandwidth=chosen.bandwidth * cards,
        cards=cards,
        flops=_times(chosen.flops_16bit, cards),
        ops=_times(chosen.ops_8bit, cards),
        released=chosen.released,
        notes=tuple(notes),
    )


def _count(named: str) -> tuple[str, int]:
    """The name of the processor and how many of it."""
    before, after = _BEFORE.fullmatch(named.strip()), _AFTER.fullmatch(named.strip())
    if before:
        number, name = before.groups()
    elif after:
        name, number = after.groups()
    else:
        return named, 1
    if not 1 <= int(number[:6]) <= MOST_CARDS:
        raise UsageError(
            f"{number[:20]} processors are too many or too few", hint='write for example "h100x2"'
        )
    return name, int(number)


def _taken(meant: tuple[Accelerator, ...]) -> str:
    rest = ", ".join(a.name for a in meant[1:5])
    return f"{meant[0].name} was taken, the slowest that the name may mean (also {rest})"


def _left(accelerator: Accelerator) -> float:
    """The part of its memory that is not offered to a model."""
    own = accelerator.kind in ("gpu", "datacenter-gpu") and not accelerator.unified
    return LEFT_ON_A_CARD if own else LEFT_FOR_THE_SYSTEM


def _times(rate: int | None, cards: int) -> int | None:
    return rate * cards if rate else None
