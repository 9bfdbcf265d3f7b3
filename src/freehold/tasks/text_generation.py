"""Text generation: a chat or a text goes in, its continuation comes out piece by piece."""

from typing import Any, Literal

from msgspec import Struct

from freehold.tasks.base import Cut, Flag, Spent, Task, Times

Role = Literal["system", "user", "assistant"]
Place = Literal["start", "middle", "end"]
Finish = Literal["stop", "length", "context"]


class Message(Struct, frozen=True):
    """One turn of a chat."""

    role: Role
    content: str


class Request(Struct, frozen=True, kw_only=True):
    """What to write: an answer to `messages`, or the continuation of `text`.

    What is None is left to the engine. `schema` is a JSON schema and `grammar` one in GBNF that
    the answer must follow. A prompt that is too long is refused, unless `truncate` says where to
    cut it.
    """

    messages: tuple[Message, ...] = ()
    text: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    grammar: str | None = None
    truncate: Place | None = None
    ignore_end: bool = False


class Piece(Struct, frozen=True):
    """The next few letters; `thinking` when they belong to the reasoning before the answer."""

    text: str
    thinking: bool = False


class Result(Struct, frozen=True, kw_only=True):
    """The whole answer. `finish` is why it ended: by itself, at `max_tokens`, or context full.

    `notes` say everything that was done beside what was asked.
    """

    text: str
    thinking: str
    finish: Finish
    seed: int
    spent: Spent
    times: Times
    cut: Cut | None = None
    notes: tuple[str, ...] = ()


TASK = Task(
    id="text-generation",
    says="Write text: answer a chat or continue a text.",
    takes=("text",),
    gives=("text",),
    route="/v1/chat/completions",
    flags=(
        Flag(name="system", sort="text", metavar="TEXT", help="How the model is to behave."),
        Flag(name="max-tokens", sort="whole", least=1, help="Write at most so many tokens."),
        Flag(name="temperature", sort="number", least=0, most=5, help="0 takes the likeliest."),
        Flag(name="top-p", sort="number", least=0, most=1, help="Only the likeliest of this sum."),
        Flag(name="seed", sort="whole", least=0, most=2**32 - 2, help="The same gives the same."),
        Flag(name="stop", sort="several", metavar="TEXT", help="End where this would be written."),
        Flag(name="schema", sort="file", help="Answer in JSON of this schema (a file)."),
        Flag(name="grammar", sort="file", help="Answer in this grammar (a file in GBNF)."),
        Flag(
            name="truncate",
            sort="choice",
            choices=("start", "middle", "end"),
            help="Cut a prompt that is too long, here.",
        ),
        Flag(name="continuing", sort="switch", help="Continue the prompt as text, not as a chat."),
    ),
)
