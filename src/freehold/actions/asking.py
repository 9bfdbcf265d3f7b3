"""Makes the request of a task from what a person has: texts, files, and the values of flags."""

from collections.abc import Mapping
from typing import Any

from freehold.actions.layouts import LocalModel
from freehold.core.errors import BrokenInput, UsageError
from freehold.tasks.base import TASKS, File, Input, Task, kind_of

TEXT = "text-generation"
LARGEST_INPUT = 4 * 2**30
LARGEST_TEXT = 64 * 2**20


def request_of(
    task: Task, model: LocalModel, inputs: tuple[Input, ...], said: Mapping[str, Any]
) -> tuple[Any, tuple[str, ...]]:
    """The request and what must be said about how it is asked."""
    unknown = sorted(set(said) - task.parameters)
    if unknown:
        raise UsageError(f"{task.id} does not know {', '.join(unknown)}", hint=_knowing(unknown[0]))
    given = tuple(_given(item) for item in inputs)
    if task.id != TEXT or model.chat_template:
        return task.requested(given, said), ()
    if said.get("system") or said.get("schema"):
        says = f"{model.name} has no chat template, so it takes no system message or schema"
        raise UsageError(says)
    notes = (f"{model.name} has no chat template: the prompt is continued as text",)
    request = task.requested(given, {**said, "continuing": True})
    return request, () if said.get("continuing") else notes


def _knowing(parameter: str) -> str:
    """Which tasks know a parameter."""
    tasks = [TASKS.get(name) for name in TASKS.names()]
    able = [task.id for task in tasks if parameter in {flag.parameter for flag in task.flags}]
    return f"{parameter} is of {', '.join(able)}" if able else "freehold run --help lists them"


def _given(item: Input) -> str | File:
    """A text as it is; a file by what it holds, its words where it is text."""
    if isinstance(item, str):
        return item
    path, kind = item.expanduser(), kind_of(item)
    try:
        size = path.stat().st_size
        if kind == "text" and size <= LARGEST_TEXT:
            return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise BrokenInput(f"{path}: cannot be read: {why}") from error
    if not size:
        raise BrokenInput(f"{path}: is empty")
    if size > LARGEST_INPUT or kind == "text":
        raise BrokenInput(f"{path}: is too large: {size / 2**20:,.0f} MiB")
    return File(path.absolute(), kind)
