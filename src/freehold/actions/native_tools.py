"""What compiling needs of this machine: compilers, CMake, Ninja or Make, and room."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil
from msgspec import Struct

from freehold.core.errors import EnvironmentProblem
from freehold.core.machine import compute_capabilities, usable_cores

COMPILERS = (("c++", "cc"), ("g++", "gcc"), ("clang++", "clang"))
TOOLKITS = ("/usr/local/cuda/bin/nvcc", "/opt/cuda/bin/nvcc")
MEMORY_OF_ONE = 1.5 * 2**30
"""Bytes that compiling one of the larger files takes."""
COMPILER_HINT = (
    "install one, then try again: apt install g++ (Debian, Ubuntu), dnf install gcc-c++ (Fedora), "
    "xcode-select --install (macOS); the wheel needs none: freehold runtime install llama.cpp"
)


class Compiler(Struct, frozen=True):
    """A C++ compiler and the C compiler beside it, by their paths; `says` is its version."""

    cxx: str
    c: str
    says: str


def compiler(environment: Mapping[str, str] = os.environ) -> Compiler:
    """The compiler of this machine: that of CXX and CC where they are set."""
    told = shlex.split(environment.get("CXX", ""))
    pairs = ((told[0], environment.get("CC", "cc")),) if told else COMPILERS
    for cxx, c in pairs:
        at, beside = shutil.which(cxx), shutil.which(c)
        if at and beside:
            return Compiler(at, beside, _version(at))
    what = f"CXX names {told[0]}, which is not" if told else "no C++ compiler is"
    raise EnvironmentProblem(f"{what} on this machine", hint=COMPILER_HINT)


def has_compiler() -> bool:
    """Whether something can be compiled here; nothing is started."""
    return any(shutil.which(cxx) and shutil.which(c) for cxx, c in COMPILERS)


class Cuda(Struct, frozen=True):
    """NVIDIA's compiler, and the compute capabilities of the cards of this machine."""

    nvcc: Path
    capabilities: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What CMake is told of it: the compiler, its toolkit, and for which cards to compile."""
        numbers = ";".join(one.replace(".", "") for one in self.capabilities)
        return (
            f"-DCMAKE_CUDA_COMPILER={self.nvcc}",
            f"-DCUDAToolkit_ROOT={self.nvcc.parent.parent}",
            f"-DCMAKE_CUDA_ARCHITECTURES={numbers}",
        )


def cuda(environment: Mapping[str, str] = os.environ) -> Cuda | None:
    """What compiles for the NVIDIA cards here; None without a card or without `nvcc`.

    CUDACXX names the compiler, and an empty one says that cards are not to be used.
    """
    told = environment.get("CUDACXX")
    if told == "" or not (cards := compute_capabilities()):
        return None
    home = environment.get("CUDA_HOME") or environment.get("CUDA_PATH")
    places = (told, home and f"{home}/bin/nvcc", *TOOLKITS, "nvcc")
    found = next((at for place in places if place and (at := shutil.which(place))), None)
    return Cuda(Path(found).resolve(), cards) if found else None


def missing(tools: Mapping[str, str]) -> dict[str, str]:
    """The tools that must be brought, with their versions; Make does as well as Ninja."""
    wanted = {name: version for name, version in tools.items() if shutil.which(name) is None}
    if shutil.which("make"):
        wanted.pop("ninja", None)
    return wanted


def words(found: Compiler, tools: Path | None) -> dict[str, tuple[str, ...]]:
    """The words that configure and compile begin with; `tools` holds programs that were brought."""

    def at(name: str) -> str | None:
        return shutil.which(name) or (tools and shutil.which(name, path=str(tools))) or None

    cmake, ninja = at("cmake") or "cmake", at("ninja")
    maker = ("-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}") if ninja else ()
    chosen = (f"-DCMAKE_CXX_COMPILER={found.cxx}", f"-DCMAKE_C_COMPILER={found.c}")
    kind = ("-DCMAKE_BUILD_TYPE=Release",)
    return {"configure": (cmake, *maker, *kind, *chosen), "compile": (cmake,)}


def jobs() -> int:
    """Files to compile at once: as many as cores and free memory allow."""
    free = int(psutil.virtual_memory().available / MEMORY_OF_ONE)
    return max(1, min(usable_cores(), free))


def demand_room(folder: Path, wanted: int) -> None:
    """Raise EnvironmentProblem where the disk has less room than it takes."""
    _, _, free = shutil.disk_usage(folder)
    if free < wanted:
        raise EnvironmentProblem(
            f"{folder} has {free / 1e9:.1f} GB free, and compiling takes {wanted / 1e9:.1f}",
            hint="make room, or let FREEHOLD_HOME name a folder on a larger disk",
        )


def _version(at: str) -> str:
    """The first line that a compiler says of itself."""
    try:
        done = subprocess.run(
            (at, "--version"), check=False, capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return Path(at).name
    return (done.stdout.splitlines() or [Path(at).name])[0][:200]
