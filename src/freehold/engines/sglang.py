"""Starts SGLang for a folder in the layout of Transformers.

Its parts talk to each other over the loopback device, so its jail cannot keep it from the network.
"""

from pathlib import Path

from msgspec.structs import replace

from freehold.engines.base import Found, Job, program
from freehold.engines.hosting.openai_server import SAMPLING, USUAL, OpenAIServer, alone
from freehold.engines.hosting.process import Orders
from freehold.engines.hosting.serving import NAME, TYPES, on_socket
from freehold.engines.hosting.wire import Wire

NETWORK = "SGLang needs the loopback device, so nothing here keeps it from the network"


class Engine(OpenAIServer):
    """SGLang."""

    name = "sglang"
    kind = "server"
    tasks = frozenset({"text-generation", "feature-extraction", "text-ranking"})
    formats = frozenset({"safetensors"})
    devices = ("cuda", "rocm", "cpu")
    precisions = ("f32", "f16", "bf16")
    hint = "install SGLang in an environment of its own, and name its program in FREEHOLD_SGLANG"
    honors = USUAL - {"tools", "choice"}
    own = SAMPLING

    def find(self) -> Found | None:
        """`FREEHOLD_SGLANG`, or a `sglang` on the PATH."""
        return program("sglang", "FREEHOLD_SGLANG")

    def begin(self, job: Job, found: Found, folder: Path) -> tuple[Orders | None, Wire]:
        """Start it on a socket in its own folder, which only this user may enter."""
        alone(job, self.name)
        words = [
            *("serve", "--model-path", str(job.model), "--served-model-name", NAME),
            *("--context-length", str(job.setting.context), "--skip-server-warmup"),
            *("--max-running-requests", str(job.setting.parallel)),
            *("--dtype", TYPES[job.precision], "--device", job.device or "cuda"),
            *(("--is-embedding",) if job.task != "text-generation" else ()),
        ]
        python = replace(found, at=found.at.resolve().with_name("python"))
        return on_socket(python, folder, job, "sglang.cli.main", words, network=True)

    def notes(self, job: Job, found: Found) -> tuple[str, ...]:
        """That it is not kept from the network."""
        return (NETWORK,)

    def model(self, running: object) -> str:
        """The name that it was told to serve under."""
        return NAME
