"""Runs models converted for CTranslate2: decoders, encoders with decoders, and Whisper."""

from freehold.core.errors import UsageError
from freehold.engines.base import Found, Job
from freehold.engines.hosting.openai_server import alone
from freehold.engines.hosting.worker import WorkerEngine
from freehold.engines.workers.order import Order


class Engine(WorkerEngine):
    """CTranslate2."""

    name = "ctranslate2"
    tasks = frozenset({"text-generation", "automatic-speech-recognition"})
    formats = frozenset({"ctranslate2"})
    devices = ("cpu", "cuda")
    precisions = ("f32", "bf16", "f16", "int8")
    lock = "ctranslate2.txt"
    hint = "freehold runtime install ctranslate2"
    needs = "ctranslate2"
    modules = {  # noqa: RUF012
        "text-generation": "ctranslate2.writing",
        "automatic-speech-recognition": "ctranslate2.hearing",
    }

    def order(self, job: Job, socket: str, key: str) -> Order:
        """Refuse what it would not honor."""
        alone(job, self.name)
        if job.device not in (None, *self.devices):
            raise UsageError(f"ctranslate2 computes on {' and '.join(self.devices)}")
        return super().order(job, socket, key)

    def notes(self, job: Job, found: Found) -> tuple[str, ...]:
        """What 8 bits mean here."""
        if job.precision != "int8":
            return ()
        return ("multiplies in 8 bits: what goes into matrices is rounded, too",)
