"""Runs models converted for OpenVINO, with OpenVINO GenAI: fast on processors of Intel and others.

By itself OpenVINO would compute in 16 bits where the processor can, keep keys and values in 8, and
round what goes into 8-bit matrices. Here each of these is said: what was not asked for is off.
"""

from msgspec.structs import replace

from freehold.core.errors import UsageError
from freehold.engines.base import Found, Job
from freehold.engines.hosting.openai_server import alone
from freehold.engines.hosting.worker import WorkerEngine
from freehold.engines.workers.order import Order

STATE = {"f32": "f32", "f16": "f16", "bf16": "bf16", "q8_0": "u8", "q4_0": "u4"}
"""Its words for how keys and values are kept."""


class Engine(WorkerEngine):
    """OpenVINO GenAI."""

    name = "openvino"
    tasks = frozenset(
        {
            *("text-generation", "automatic-speech-recognition"),
            *("feature-extraction", "text-ranking", "text-to-image"),
        }
    )
    formats = frozenset({"openvino"})
    devices = ("cpu", "gpu", "npu")
    precisions = ("f32", "bf16", "f16", "int8")
    lock = "openvino.txt"
    hint = "freehold runtime install openvino"
    needs = "openvino_genai"
    modules = {  # noqa: RUF012
        "text-generation": "openvino.writing",
        "automatic-speech-recognition": "openvino.hearing",
        "feature-extraction": "openvino.vectors",
        "text-ranking": "openvino.vectors",
        "text-to-image": "openvino.painting",
    }

    def order(self, job: Job, socket: str, key: str) -> Order:
        """With the precision of keys and values beside all else."""
        alone(job, self.name)
        kept = {"keys": job.setting.keys, "values": job.setting.values}
        wrong = [name for name in kept.values() if name not in STATE]
        if wrong:
            raise UsageError(f"openvino keeps no keys and values in {wrong[0]}")
        options = job.options | {name: STATE[word] for name, word in kept.items()}
        return replace(super().order(job, socket, key), options=options)

    def notes(self, job: Job, found: Found) -> tuple[str, ...]:
        """What it computes in, where that is not what the weights are."""
        if job.precision in (None, "f32"):
            return ()
        if job.precision == "int8":
            return ("computes in 32 bits, but rounds what goes into narrow matrices to 8",)
        return (f"computes in {job.precision}",)
