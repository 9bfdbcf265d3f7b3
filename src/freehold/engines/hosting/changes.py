"""Settings of a job that `tune-engine` tries, as data: what each is called and changes."""

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from pathlib import Path

    from freehold.engines.base import Job


class Change(Struct, frozen=True, kw_only=True):
    """One change: `of` the job, `setting` of how its context is kept, `options` of the engine.

    Of the same `kind` only one can hold.
    """

    kind: str
    says: str
    of: dict[str, Any] = {}
    setting: dict[str, Any] = {}
    options: dict[str, str] = {}

    def on(self, job: "Job") -> "Job":
        """The job with this change."""
        setting = replace(job.setting, **self.setting)
        return replace(job, setting=setting, options={**job.options, **self.options}, **self.of)


def drafted(draft: "Path", name: str) -> Change:
    """A smaller model that drafts."""
    return Change(kind="drafts", says=f"drafts of {name}", of={"draft": draft})


def other_threads(now: int, cores: int) -> tuple[Change, ...]:
    """Fewer threads than cores may be faster where cores share what they compute with."""
    counts = {1, cores // 2, cores - 1, cores} - {now, 0}
    return tuple(_threads(count) for count in sorted(counts, reverse=True))


def _threads(count: int) -> Change:
    says = "1 thread" if count == 1 else f"{count} threads"
    return Change(kind="threads", says=says, of={"threads": count})
