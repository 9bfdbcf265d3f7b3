"""What this machine is: processor, memory, graphics cards, disk. Nothing is changed."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct

INSTRUCTIONS = (
    *("avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("avx_vnni", "amx_tile", "amx_int8", "amx_bf16"),
    *("neon", "asimd", "asimddp", "i8mm", "bf16", "sve", "sve2"),
)
"""Instruction sets that change how fast a model runs."""

CAPABILITY = re.compile(r"\d+\.\d")


class Gpu(Struct, frozen=True):
    """A graphics card; memory in bytes."""

    name: str
    memory: int
    driver: str | None = None


class Machine(Struct, frozen=True):
    """Sizes in bytes; `memory` is what this process may use, so a container's limit counts."""

    system: str
    architecture: str
    processor: str
    cores: int
    instructions: tuple[str, ...]
    memory: int
    memory_available: int
    memory_limited_by: str | None
    unified_memory: bool
    gpus: tuple[Gpu, ...]
    disk_free: int
    python: str


@cache
def probe() -> Machine:
    """Look at this machine once."""
    import psutil

    memory = psutil.virtual_memory()
    limit = container_limit()
    limited = limit is not None and limit < memory.total
    total = limit if limit is not None and limited else int(memory.total)
    name, instructions = _processor()
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        architecture=platform.machine(),
        processor=name,
        cores=usable_cores(),
        instructions=instructions,
        memory=total,
        memory_available=min(int(memory.available), total),
        memory_limited_by="the limit of this container" if limited else None,
        unified_memory=sys.platform == "darwin" and platform.machine() == "arm64",
        gpus=tuple(_gpus()),
        disk_free=shutil.disk_usage(Path.home()).free,
        python=platform.python_version(),
    )


def usable_cores() -> int:
    """The cores that this process may run on; the time that a container gets counts, too."""
    seen = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(seen or 1, container_cores() or seen or 1)


def container_cores(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """The cores' worth of time that a control group allows, rounded up, if it sets a limit."""
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            words = " ".join((root / name).read_text() for name in names).split()
            quota, period = int(words[0]), int(words[1])
        except (OSError, ValueError, IndexError):
            continue
        if quota > 0 and period > 0:
            return -(-quota // period)
    return None


def container_limit(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """The memory limit in bytes that a control group (version 2 or 1) sets, if there is one."""
    for file in (root / "memory.max", root / "memory" / "memory.limit_in_bytes"):
        try:
            text = file.read_text().strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < 2**60:
            return int(text)
    return None


def _processor() -> tuple[str, tuple[str, ...]]:
    """The name of the processor and its instruction sets, as the system tells them."""
    if sys.platform == "linux":
        return parse_cpuinfo(Path("/proc/cpuinfo").read_text())
    if sys.platform == "darwin":
        name = _ask("sysctl", "-n", "machdep.cpu.brand_string").strip()
        return name or platform.processor(), ("neon",) if platform.machine() == "arm64" else ()
    return platform.processor() or platform.machine(), ()


def parse_cpuinfo(text: str) -> tuple[str, tuple[str, ...]]:
    """Name and instruction sets from the text of Linux's /proc/cpuinfo."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip().lower(), value.strip())
    flags = set((fields.get("flags") or fields.get("features") or "").split())
    name = fields.get("model name") or fields.get("hardware") or platform.machine()
    return name, tuple(word for word in INSTRUCTIONS if word in flags)


def _gpus() -> Iterator[Gpu]:
    if shutil.which("nvidia-smi"):
        query = "--query-gpu=name,memory.total,driver_version"
        yield from parse_nvidia(_ask("nvidia-smi", query, "--format=csv,noheader,nounits"))
    yield from amd_cards()


def parse_nvidia(text: str) -> Iterator[Gpu]:
    """Cards from nvidia-smi's lines `name, MiB, driver`; other lines are passed over."""
    for line in text.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 3 and parts[1].isdigit():
            yield Gpu(parts[0], int(parts[1]) * 2**20, parts[2])


@cache
def compute_capabilities() -> tuple[str, ...]:
    """What NVIDIA's cards here can compute, such as 9.0, each once; nothing where none is."""
    if not shutil.which("nvidia-smi"):
        return ()
    lines = _ask("nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader").splitlines()
    return tuple(sorted({line.strip() for line in lines if CAPABILITY.fullmatch(line.strip())}))


def amd_cards(root: Path = Path("/sys/class/drm")) -> Iterator[Gpu]:
    """AMD cards by the files that Linux's amdgpu driver shows."""
    for file in sorted(root.glob("card*/device/mem_info_vram_total")):
        text = file.read_text().strip()
        name = file.parent / "product_name"
        if text.isdigit():
            shown = name.read_text().strip() if name.is_file() else ""
            yield Gpu(shown or "AMD graphics", int(text))


def _ask(*command: str) -> str:
    """What a command of the system prints; nothing when it fails or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
