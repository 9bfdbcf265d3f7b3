"""`machine`: what this machine is, and how much of it a model may take."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from freehold.actions.calibration import Calibration
from freehold.actions.calibration import known as known_calibration
from freehold.core import bandwidth
from freehold.core.machine import Gpu, Machine, probe
from freehold.judge.fitting.first import Room
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.types import Accelerator

LEFT_FOR_THE_SYSTEM = 0.2
"""The part of main memory that is not offered to a model."""
LEFT_ON_A_CARD = 0.08
"""The part of a card's memory that its driver and screen take."""


class MachineReport(Struct, frozen=True):
    """This machine; bandwidth in bytes per second with the day it was measured."""

    machine: Machine
    bandwidth: int
    measured: str
    accelerators: tuple[Accelerator | None, ...]
    room: Room
    calibration: Calibration | None = None

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        m = self.machine
        return {
            "system": m.system,
            "architecture": m.architecture,
            "processor": m.processor,
            "cores": m.cores,
            "instructions": list(m.instructions),
            "memory": {
                "total": m.memory,
                "available": m.memory_available,
                "limited_by": m.memory_limited_by,
                "unified": m.unified_memory,
            },
            "bandwidth": {"bytes_per_second": self.bandwidth, "measured": self.measured},
            "gpus": [_card(*pair) for pair in zip(m.gpus, self.accelerators, strict=True)],
            "disk": {"free": m.disk_free},
            "python": m.python,
            "room": {"name": self.room.name, "memory": self.room.memory},
            "calibration": self.calibration.form() if self.calibration else None,
        }


def _card(gpu: Gpu, accelerator: Accelerator | None) -> dict[str, Any]:
    return {
        "name": gpu.name,
        "memory": gpu.memory,
        "driver": gpu.driver,
        "accelerator": accelerator.id if accelerator else None,
        "bandwidth": accelerator.bandwidth if accelerator else None,
    }


def machine(
    *,
    remeasure: bool = False,
    base: KnowledgeBase | None = None,
    say: Callable[[str], None] | None = None,
) -> MachineReport:
    """Look at this machine; the memory bandwidth is measured once and kept.

    With `remeasure` it is measured anew, and models go through an installed engine; `say` hears
    what is being measured.
    """
    base = base or open_base()
    seen = probe()
    kept = _measure(say) if remeasure else known_calibration()
    figure, day = bandwidth.measured()
    known = tuple(identify(base, gpu.name, gpu.memory) for gpu in seen.gpus)
    return MachineReport(seen, figure, day, known, _room(seen, known, figure), kept)


def _measure(say: Callable[[str], None] | None) -> Calibration:
    """Measure now, through an engine; that is loaded only when it is needed."""
    from freehold.actions.calibrate import calibrate

    return calibrate(say)


def identify(base: KnowledgeBase, name: str, memory: int = 0) -> Accelerator | None:
    """The accelerator whose longest matching name is part of this one.

    Of several with the same name, the one whose memory in bytes comes nearest.
    """
    wanted = name.casefold()
    hits = [
        (len(text), -_apart(accelerator, memory), accelerator)
        for maker in base.accelerators()
        for accelerator in maker.accelerators
        for text in (accelerator.name, *accelerator.match)
        if text.casefold() in wanted
    ]
    return max(hits, key=lambda hit: hit[:2])[2] if hits else None


def _apart(accelerator: Accelerator, memory: int) -> int:
    sizes = accelerator.memory_options or (accelerator.memory or 0,)
    return min(abs(size - memory) for size in sizes)


def _room(seen: Machine, known: tuple[Accelerator | None, ...], figure: int) -> Room:
    """The largest single memory: the roomiest card, or main memory."""
    rooms = [Room("memory", int(seen.memory * (1 - LEFT_FOR_THE_SYSTEM)), figure)]
    for gpu, accelerator in zip(seen.gpus, known, strict=True):
        speed = accelerator.bandwidth if accelerator else None
        rooms.append(Room(gpu.name, int(gpu.memory * (1 - LEFT_ON_A_CARD)), speed))
    cards = rooms[1:]
    return max(cards or rooms, key=lambda room: room.memory)
