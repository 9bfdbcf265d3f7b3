"""Rows of the speed benchmark: measured speeds joined to models and processors, or left out."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from speed_anchors import ANCHORS
from speed_models import Body, find

from freehold.actions.machine import identify
from freehold.judge.speed.defaults import Processor, kind_of
from freehold.judge.speed.work import EXTRA, Kept, Trait, Work
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.types import Accelerator

EARLY = "llama.cpp of 2024"
LENGTH = 150
"""Users' rows made up to 300 tokens: on average the text had about half of that."""
UNSTEADY = 0.25
SMALLEST_FREE = 0.6e9
"""Bytes beside the weights that must be there for a model to count as resident."""
SHARED = 0.75
"""Of memory that processor and graphics share, what a model may take."""
BITS = {"q8_0": 8.5, "8bit": 8.5, "mxfp8": 8.25, "4bit": 4.5, "nvfp4": 4.5, "f16": 16.0}
AVERAGE = {"q4_k_m": 4.85, "mxfp4": 4.35, "q4_0": 4.55, "q6_k": 6.56}


class Seen(Struct, frozen=True, kw_only=True):
    """What a report says: which engine on which machine did how many tokens per second.

    `device` groups machines with the same processor; `waited` is milliseconds to the first token.
    """

    device: str
    machine: str
    engine: str
    processor: Processor
    model: str
    quant: str
    decode: float
    reported: bool
    prefill: float | None = None
    waited: float | None = None
    length: float = LENGTH


class Row(Struct, frozen=True):
    """A report joined to the shape of its model; `total` is bytes of all its weights."""

    seen: Seen
    kind: str
    traits: dict[Trait, float]
    layers: int
    work: Work
    total: float

    @property
    def place(self) -> tuple[str, str]:
        """The machine and the engine."""
        return self.seen.machine, self.seen.engine


def anchors(base: KnowledgeBase) -> Iterator[Row]:
    """The published speeds, typed by hand."""
    known = {a.id: a for maker in base.accelerators() for a in maker.accelerators}
    for anchor in ANCHORS:
        body, chip = find(anchor.model), known[anchor.device]
        assert body, anchor
        early = anchor.source in ("dai", "gaessler")
        seen = Seen(
            device=chip.id,
            machine=f"published by {anchor.source}: {chip.id}",
            engine=EARLY if early else "llama.cpp",
            processor=processor(chip),
            model=anchor.model,
            quant=anchor.quant,
            decode=anchor.decode,
            reported=False,
            prefill=anchor.prefill,
            length=anchor.length,
        )
        yield _row(seen, body)


def reported(file: Path, base: KnowledgeBase) -> tuple[list[Row], Counter[str]]:
    """The rows that users sent in, and how many were left out for which reason."""
    used, left = [], Counter[str]()
    for entry in json.loads(file.read_text()):
        machine = entry["hardware"]
        for result in entry["results"]:
            row = _reported(machine, result, base)
            if isinstance(row, str):
                left[row] += 1
            else:
                used.append(row)
    return used, left


def _reported(machine: dict[str, Any], result: dict[str, Any], base: KnowledgeBase) -> Row | str:
    """The row, or why it is left out."""
    name, engine = result["model"], _engine(result)
    body, quant = find(name), quantization(name, result["provider"])
    chip = _chip(machine, engine, base)
    if machine["gpuCount"] > 1:
        return "several cards, and not said which ran it"
    if chip is None:
        return "processor not in the knowledge base"
    if body is None:
        return "shape of the model not in the table"
    if quant is None:
        return "quantization not named"
    seen = Seen(
        device=chip.id,
        machine=f"{machine['hardwareName']}, {machine['cpu']}",
        engine=engine,
        processor=processor(chip, engine),
        model=name,
        quant=quant,
        decode=result["avgTps"],
        reported=True,
        waited=result["avgTtftMs"],
    )
    row = _row(seen, body)
    return _doubtful(machine, result, chip, row) or row


def _doubtful(
    machine: dict[str, Any], result: dict[str, Any], chip: Accelerator, row: Row
) -> str | None:
    """Why a row does not show what the model does on this processor, if so."""
    own = chip.kind in ("gpu", "datacenter-gpu")
    room = (machine["vramGb"] if own else machine["ramGb"] * SHARED) * 2**30
    if row.total + SMALLEST_FREE > room:
        return "larger than the memory: part of it ran elsewhere"
    if row.work.read(LENGTH) * row.seen.decode > 1.05 * chip.bandwidth:
        return "faster than its weights can be read: several tokens guessed at once"
    if result["maxTps"] - result["minTps"] > UNSTEADY * result["avgTps"]:
        return "runs of one row differ by more than 25 %"
    return None


def _engine(result: dict[str, Any]) -> str:
    mlx = result["provider"] == "mlx" or re.search(r"-mlx|nvfp4|mxfp8", result["model"])
    return "mlx" if mlx else result["provider"].replace("llamacpp", "llama.cpp")


def _chip(machine: dict[str, Any], engine: str, base: KnowledgeBase) -> Accelerator | None:
    """The processor that ran it; ollama does not use Intel's graphics."""
    name, memory = machine["hardwareName"], int((machine["vramGb"] or 0) * 2**30)
    if engine == "ollama" and (name.startswith("Intel") or name == "AMD/ATI"):
        return _central(machine["cpu"], base)
    return identify(base, name, memory) or identify(base, machine["cpu"])


CENTRAL = {"i5-9500T": "core-9th-gen", "7730U": "ryzen-7030-mobile", "258V": "core-ultra-200v"}


def _central(name: str, base: KnowledgeBase) -> Accelerator | None:
    chips = {a.id: a for maker in base.accelerators() for a in maker.accelerators}
    found = next((id for part, id in CENTRAL.items() if part in name), None)
    return chips[found] if found else identify(base, name)


def processor(chip: Accelerator, engine: str = "llama.cpp") -> Processor:
    """The facts that rates are expected from; ollama runs on the cores of Intel's chips."""
    if engine == "ollama" and chip.id == "core-ultra-200v":
        return Processor("cpu", chip.bandwidth)
    return Processor(chip.kind, chip.bandwidth, chip.released, chip.flops_16bit, chip.ops_8bit)


def quantization(name: str, provider: str) -> str | None:
    """The quantization that a model's name tells, or that ollama takes where none is named."""
    lowered = name.lower()
    patterns = (
        ("q4_k_m|q4_k_xl", "q4_k_m"), ("q8_0", "q8_0"), ("q6_k", "q6_k"), ("q4_0|-qat$", "q4_0"),
        ("8bit", "8bit"), ("mxfp4", "mxfp4"), ("mxfp8", "mxfp8"), ("nvfp4|-mlx$", "nvfp4"),
        ("4bit", "4bit"),
    )  # fmt: skip
    for pattern, found in patterns:
        if re.search(pattern, lowered):
            return found
    if provider != "ollama":
        return None
    if "gpt-oss" in lowered:
        return "mxfp4-16"
    return "q8_0" if re.search(r"smollm2|granite3\.1-moe:1b", lowered) else "q4_k_m"


def _row(seen: Seen, body: Body) -> Row:
    traits = counted(body)
    weighted = body.layers + sum(EXTRA[trait] * count for trait, count in traits.items())
    read, active, total = sizes(body, seen.quant)
    state = 4.0 * (body.layers - body.recurrent) * body.kv * body.head
    work = Work(
        weights=read,
        active=active,
        layers=weighted,
        head=float(body.vocabulary * body.width),
        state=(Kept(state),),
        grade="16-bit" if seen.quant == "f16" else "8-bit",
    )
    return Row(seen, kind_of(seen.processor), traits, body.layers, work, total)


def counted(body: Body) -> dict[Trait, float]:
    """How many layers have each trait that costs extra."""
    counts: dict[Trait, float] = {
        body.trait: body.recurrent,
        "experts": body.layers - body.dense if body.experts else 0,
        "latent": body.layers if body.latent else 0,
        "sandwich": body.layers if body.sandwich else 0,
    }
    return {trait: count for trait, count in counts.items() if count}


def sizes(body: Body, quant: str) -> tuple[float, float, float]:
    """Bytes read for a token, weights multiplied for it, and bytes of all weights."""
    whole = body.vocabulary * body.width
    head = whole * bits(quant, "head", body.width) / 8
    if body.body:
        average = AVERAGE.get(quant) or BITS[quant]
        all_of_it = (body.total or body.body) * average / 8 + head
        return body.body * average / 8 + head, body.body + whole, all_of_it
    sparse = body.layers - body.dense if body.experts else 0
    mixing = _mixing(body, quant)
    dense = [(body.layers - sparse) * part for part in _feed(body, body.feed, quant)]
    ran = [sparse * part for part in _feed(body, body.used * body.expert + body.shared, quant)]
    every = sparse * _feed(body, body.experts * body.expert + body.shared, quant)[0]
    bytes_read = mixing[0] + dense[0] + ran[0] + head
    total = mixing[0] + dense[0] + every + head * (1 if body.tied else 1.7)
    return bytes_read, mixing[1] + dense[1] + ran[1] + whole, total


def _mixing(body: Body, quant: str) -> tuple[float, float]:
    """Bytes and weights of what mixes tokens, all layers."""
    inner, pair = body.heads * body.head, body.kv * body.head
    asking = body.width * (inner * (2 if body.gated else 1) + pair)
    value, out = body.width * pair, inner * body.width
    attention = (
        asking * bits(quant, "mixing", body.width) + value * bits(quant, "value", body.width)
        + out * bits(quant, "mixing", inner)
    ) / 8  # fmt: skip
    full = body.layers - body.recurrent
    other = body.recurrent * body.mixer
    size = full * attention + other * bits(quant, "mixing", body.width) / 8
    return size, full * (asking + value + out) + other


def _feed(body: Body, width: int, quant: str) -> tuple[float, float]:
    """Bytes and weights of one feed-forward part of this width."""
    one = body.width * width
    up = (body.matrices - 1) * one * bits(quant, "feed", body.width)
    down = one * bits(quant, "down", body.feed or body.expert or body.width)
    return (up + down) / 8, body.matrices * one


def bits(quant: str, role: str, inner: int) -> float:
    """Bits per weight by llama.cpp's recipes; rows not divisible by 256 fall back to wider ones."""
    fits = inner % 256 == 0
    low, high = (4.5, 6.5625) if fits else (5.5, 8.5)
    if quant == "q4_k_m":
        return {"head": high, "value": (low + high) / 2, "down": (low + high) / 2}.get(role, low)
    if quant == "q4_0":
        return 6.5625 if role == "head" else 4.5
    if quant == "q6_k":
        return 6.5625 if fits else 8.5
    if quant.startswith("mxfp4"):
        rest = 16.0 if quant.endswith("16") else 8.5
        return 4.25 if role in ("feed", "down") else rest
    return BITS[quant]


def all_rows(file: Path) -> tuple[list[Row], Counter[str]]:
    """Users' rows, then the published ones, and what was left out."""
    base = open_base()
    used, left = reported(file, base)
    return [*used, *anchors(base)], left
