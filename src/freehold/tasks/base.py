"""What all tasks share: their description as data, and what an answer says beside itself.

How to add one: write `tasks/<pipeline_tag>.py` with a `TASK`, a request and a result. The flags
of `TASK` become the options of commands, the fields of forms and the parameters of the server.
"""

from typing import Literal

from msgspec import Struct

Sort = Literal["text", "whole", "number", "choice", "file", "switch", "several"]


class Flag(Struct, frozen=True, kw_only=True):
    """One thing that can be said with a request: an option, a field of a form, a parameter."""

    name: str
    sort: Sort
    help: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    metavar: str | None = None

    @property
    def parameter(self) -> str:
        """Its name in Python, and in the fields of a request."""
        return self.name.replace("-", "_")


class Task(Struct, frozen=True, kw_only=True):
    """One kind of work; `id` is the Hugging Face pipeline tag, `route` OpenAI's path for it."""

    id: str
    says: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    flags: tuple[Flag, ...]
    route: str


class Spent(Struct, frozen=True):
    """Tokens of one answer; `cached` of the prompt were still known from before."""

    prompt: int
    generated: int
    cached: int = 0


class Times(Struct, frozen=True):
    """Seconds. `steps` tokens were made one by one in `decode`, the others in `prompt`."""

    first_token: float
    prompt: float
    decode: float
    steps: int

    @property
    def decode_speed(self) -> float | None:
        """Tokens per second while it writes."""
        return self.steps / self.decode if self.decode > 0 and self.steps > 0 else None


class Cut(Struct, frozen=True):
    """What was left out of a prompt that was too long: `tokens` of `total`, and from where."""

    where: str
    tokens: int
    total: int
