"""Starts vLLM for a folder in the layout of Transformers.

It talks to itself over the loopback device, so its jail cannot keep it from the network.
"""

import secrets
from pathlib import Path

from freehold.engines.base import Found, Job, program
from freehold.engines.hosting.openai_server import SAMPLING, USUAL, OpenAIServer, alone
from freehold.engines.hosting.process import Orders
from freehold.engines.hosting.serving import NAME, TYPES, ordered
from freehold.engines.hosting.wire import Wire

RUNS = {"feature-extraction": ("--runner", "pooling"), "text-ranking": ("--runner", "pooling")}
NETWORK = "vLLM needs the loopback device, so nothing here keeps it from the network"


class Engine(OpenAIServer):
    """vLLM."""

    name = "vllm"
    kind = "server"
    tasks = frozenset({"text-generation", "feature-extraction", "text-ranking"})
    formats = frozenset({"safetensors"})
    devices = ("cuda", "rocm", "cpu")
    precisions = ("f32", "f16", "bf16")
    hint = "install vLLM in an environment of its own, and name its program in FREEHOLD_VLLM"
    honors = USUAL - {"tools", "choice"}
    own = SAMPLING

    def find(self) -> Found | None:
        """`FREEHOLD_VLLM`, or a `vllm` on the PATH."""
        return program("vllm", "FREEHOLD_VLLM")

    def begin(self, job: Job, found: Found, folder: Path) -> tuple[Orders | None, Wire]:
        """Start it on a socket in its own folder, behind a random key."""
        alone(job, self.name)
        socket, key = folder / "e.sock", secrets.token_urlsafe(24)
        words = [
            *("serve", str(job.model)),
            *("--uds", str(socket), "--served-model-name", NAME),
            *("--max-model-len", str(job.setting.context)),
            *("--max-num-seqs", str(job.setting.parallel), "--dtype", TYPES[job.precision]),
            *RUNS.get(job.task, ()),
        ]
        quiet = {"VLLM_NO_USAGE_STATS": "1", "VLLM_RPC_BASE_PATH": str(folder)}
        told = {"VLLM_API_KEY": key, **quiet}
        return ordered(found, job, (str(found.at), *words), told, network=True), Wire(socket, key)

    def notes(self, job: Job, found: Found) -> tuple[str, ...]:
        """That it is not kept from the network."""
        return (NETWORK,)

    def model(self, running: object) -> str:
        """The name that it was told to serve under."""
        return NAME
