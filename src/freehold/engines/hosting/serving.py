"""What engines share that start a server of somebody else for a folder in Transformers' layout."""

import json
import os
import secrets
from pathlib import Path

from freehold.engines.base import Found, Job, of_python
from freehold.engines.hosting.process import Orders
from freehold.engines.hosting.wire import Wire

WORKER = Path(__file__).parent.parent / "workers" / "on_socket.py"
TYPES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16", None: "auto"}
"""Their words for precisions."""
NAME = "model"
"""The name under which a server is told to serve its model."""


def on_socket(
    found: Found, folder: Path, job: Job, module: str, words: list[str], *, network: bool = False
) -> tuple[Orders, Wire]:
    """How to start the `main` of a module with these words, on a socket in its own folder.

    Only this user may enter that folder, so no key is needed to open the socket.
    """
    socket = folder / "e.sock"
    told = {"module": module, "words": words, "socket": str(socket)}
    command = (str(found.at), "-I", "-B", str(WORKER))
    orders = ordered(found, job, command, {"FREEHOLD_WORKER": json.dumps(told)}, network=network)
    return orders, Wire(socket, secrets.token_urlsafe(24))


def ordered(
    found: Found, job: Job, command: tuple[str, ...], told: dict[str, str], *, network: bool
) -> Orders:
    """Orders that let it read the model and its own Python, and ask nobody of the Hub."""
    quiet = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DO_NOT_TRACK": "1"}
    if job.threads:
        quiet["OMP_NUM_THREADS"] = str(job.threads)
    return Orders(
        command=command,
        environment={**quiet, **told},
        read=(job.model, job.model.resolve(), *of_python(found)),
        write=_for_children(),
        memory=job.memory,
        network=network,
    )


def _for_children() -> tuple[Path, ...]:
    """Where CUDA names the threads of processes that the server starts; an administrator's may not.

    An ordinary user can change little else there, such as how readily his own processes are killed
    when memory runs out, while the administrator could change the system.
    """
    return (Path("/proc"),) if os.name == "posix" and os.geteuid() else ()
