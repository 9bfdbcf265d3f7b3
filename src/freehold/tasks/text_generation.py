"""Text generation: a chat or a text goes in, its continuation comes out piece by piece."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.tasks.base import Cut, File, Flag, Spent, Task, Times, sorted_out

Role = Literal["system", "user", "assistant", "tool"]
Place = Literal["start", "middle", "end"]
Finish = Literal["stop", "length", "context", "tools"]


class Call(Struct, frozen=True):
    """A tool that the model wants to be used; `arguments` is JSON as it was written."""

    id: str
    name: str
    arguments: str


class Tool(Struct, frozen=True):
    """A tool that the model may ask for; `parameters` is a JSON schema."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}


class Message(Struct, frozen=True):
    """One turn of a chat: its text, the images and sounds that come with it, and tools' work.

    `calls` are those that an assistant's turn asked for; `call_id` says which of them a tool's
    turn answers.
    """

    role: Role
    content: str
    files: tuple[File, ...] = ()
    calls: tuple[Call, ...] = ()
    call_id: str | None = None


class Request(Struct, frozen=True, kw_only=True):
    """What to write: an answer to `messages`, or the continuation of `text`.

    What is None is left to the engine. `suffix` is what stands after the place to fill in.
    `schema` is a JSON schema and `grammar` one in GBNF that the answer must follow. A `choice` of
    tools is `auto`, `none`, `required` or the name of one. `likely` asks for the logarithms of so
    many likeliest tokens at each place, `of_prompt` for those of the prompt, too. A prompt that is
    too long is refused, unless `truncate` says where to cut it.
    """

    messages: tuple[Message, ...] = ()
    text: str | None = None
    suffix: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    bias: dict[int, float] = {}
    seed: int | None = None
    stop: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    grammar: str | None = None
    tools: tuple[Tool, ...] = ()
    choice: str | None = None
    likely: int | None = None
    of_prompt: bool = False
    thinking: bool | None = None
    truncate: Place | None = None
    ignore_end: bool = False


class Token(Struct, frozen=True):
    """One token and the logarithm of its probability; `others` are the likeliest at its place."""

    text: str
    log: float
    others: tuple[tuple[str, float], ...] = ()


class CallPiece(Struct, frozen=True):
    """The next letters of one call: `index` says of which; id and name come once, at first."""

    index: int
    arguments: str = ""
    id: str | None = None
    name: str | None = None


class Piece(Struct, frozen=True):
    """The next few letters; `thinking` when they belong to the reasoning before the answer."""

    text: str
    thinking: bool = False
    call: CallPiece | None = None
    tokens: tuple[Token, ...] = ()


class Result(Struct, frozen=True, kw_only=True):
    """The whole answer.

    `finish` is why it ended: by itself, at `max_tokens`, context full, or to have tools used.
    `notes` say everything that was done beside what was asked.
    """

    text: str
    thinking: str
    finish: Finish
    seed: int
    spent: Spent
    times: Times
    calls: tuple[Call, ...] = ()
    tokens: tuple[Token, ...] = ()
    prompt_tokens: tuple[Token, ...] = ()
    cut: Cut | None = None
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """One turn of a user with all texts and files; or, with `continuing`, a text to go on with."""
    said = dict(flags)
    system, continuing = said.pop("system", None), said.pop("continuing", False)
    texts = [x for x in sorted_out(inputs, "text", "image", "audio") if isinstance(x, str)]
    files = tuple(x for x in inputs if isinstance(x, File))
    text = "\n\n".join(texts)
    if not text.strip():
        raise UsageError("the prompt is empty")
    if continuing or said.get("suffix") is not None:
        if system or files:
            raise UsageError("a text that is continued takes no system message and no files")
        return Request(text=text, **said)
    first = (Message("system", system),) if system else ()
    return Request(messages=(*first, Message("user", text, files)), **said)


TASK = Task(
    id="text-generation",
    says="Write text: answer a chat or continue a text.",
    takes=("text", "image", "audio"),
    gives=("text",),
    route="/v1/chat/completions",
    request=Request,
    result=Result,
    piece=Piece,
    requested=requested,
    filled=("messages", "text"),
    words=lambda result: str(result.text),
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
        Flag(name="suffix", sort="text", metavar="TEXT", help="Fill in before this text (code)."),
    ),
)
