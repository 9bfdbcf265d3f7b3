"""The answer of a model as `run` gives it: the result, how it was made, and what it took."""

import json
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.actions.layouts import LocalModel
from freehold.actions.measuring import Measured
from freehold.judge.fitting.parts import Setting
from freehold.tasks.base import Task, packed
from freehold.tasks.text_generation import Result as Text


class Answer(Struct, frozen=True, kw_only=True):
    """The result, how it was made, and what it took; `files` are those that were written."""

    result: Any
    task: Task
    model: LocalModel
    setting: Setting
    measured: Measured
    notes: tuple[str, ...]
    files: tuple[Path, ...] = ()

    @property
    def text(self) -> str:
        """The result in words."""
        return self.task.words(self.result)

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        m = self.measured
        head = {
            "model": self.model.name,
            "file": self.model.address or str(self.model.file),
            "task": self.task.id,
            "engine": {"name": m.engine, "version": m.version},
        }
        inner = _of_text(self) if isinstance(self.result, Text) else _of_other(self)
        files = {"files": [str(path) for path in self.files]} if self.files else {}
        return {**head, **inner, **files, "notes": list(self.notes)}


def _of_text(answer: Answer) -> dict[str, Any]:
    r: Text = answer.result
    m, cut = answer.measured, r.cut
    return {
        "text": r.text,
        "thinking": r.thinking or None,
        "finish": r.finish,
        "seed": r.seed,
        "usage": {"prompt": r.spent.prompt, "generated": r.spent.generated},
        "seconds": {
            "load": m.load,
            "first_token": m.first_token,
            "prompt": m.prompt_seconds,
            "decode": m.decode_seconds,
        },
        "speed": {"prefill": _rate(r.spent.prompt - r.spent.cached, m.prompt_seconds),
                  "decode": r.times.decode_speed},
        "peak_memory": m.peak,
        "context": answer.setting.context,
        "cut": {"where": cut.where, "tokens": cut.tokens, "of": cut.total} if cut else None,
    }  # fmt: skip


def _of_other(answer: Answer) -> dict[str, Any]:
    """The fields of the result as they are, files as their paths, vectors as numbers."""
    found: dict[str, Any] = json.loads(packed(answer.result))
    work = found.pop("work")
    found.pop("notes", None)
    if "dense" in found:
        from freehold.tasks.feature_extraction import floats

        found["dense"] = [floats(vector) for vector in answer.result.dense]
    m = answer.measured
    return {
        "result": found,
        "seconds": {"load": m.load, "work": work["seconds"]},
        "work": {"count": work["count"], "unit": work["unit"]},
        "peak_memory": m.peak,
    }


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if seconds > 0 and count > 0 else None
