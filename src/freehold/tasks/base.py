"""What all tasks share: their description as data, what goes in, and what comes out.

How to add one: write `tasks/<pipeline_tag>.py` with a `Request`, a `Result` and a `TASK`. The
flags of `TASK` become the options of commands, the fields of forms and the parameters of the
server. Requests and results travel as JSON: bytes in Base64, files as their paths.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, convert, json

from freehold.core.errors import UsageError
from freehold.core.registry import Registry

Sort = Literal["text", "whole", "number", "choice", "file", "switch", "several"]
Kind = Literal["text", "image", "audio", "video", "volume", "table", "notes", "array"]
Input = str | Path

TASKS = Registry("task", "freehold.tasks", "TASK")
ENDINGS: dict[Kind, tuple[str, ...]] = {
    "text": (".txt", ".md"),
    "image": (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
    "audio": (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"),
    "video": (".mp4", ".mov", ".webm", ".mkv", ".avi"),
    "volume": (".nii", ".nii.gz"),
    "table": (".csv", ".tsv", ".json", ".jsonl"),
    "notes": (".mid", ".midi"),
    "array": (".npy",),
}


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
    """One kind of work; `id` is the Hugging Face pipeline tag where there is one.

    `takes` and `gives` name what a person has: text, image, audio, .... `requested` makes the
    request from inputs (texts, and files as `File`) and the values of flags, and fills the fields
    `filled` of it; the other fields can be said beside the flags. `words` is a result as text for
    a terminal; `route` is the path under which a server offers it.
    """

    id: str
    says: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    flags: tuple[Flag, ...]
    route: str
    request: type[Struct]
    result: type[Struct]
    piece: type[Struct] | None = None
    requested: Callable[[tuple["str | File", ...], Mapping[str, Any]], Any]
    filled: tuple[str, ...]
    words: Callable[[Any], str]

    @property
    def parameters(self) -> frozenset[str]:
        """What can be said with a request: its flags, and its fields that inputs do not fill."""
        fields = set(self.request.__struct_fields__) - set(self.filled)
        return frozenset(fields | {flag.parameter for flag in self.flags})


class File(Struct, frozen=True):
    """A file that goes in or comes out, and what it holds."""

    path: Path
    kind: Kind


class Progress(Struct, frozen=True):
    """How far long work is: `done` of `of` steps of `what`; `left` seconds are expected."""

    done: int
    of: int
    what: str
    left: float | None = None


class Work(Struct, frozen=True):
    """What was done in how many seconds: `count` of `unit` (tokens, steps, seconds of audio)."""

    seconds: float
    count: float
    unit: str


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


def packed(value: Any) -> bytes:
    """A request or a result as JSON."""
    return json.encode(value, enc_hook=str)


def unpacked(data: bytes, form: type) -> Any:
    """A request or a result from JSON; msgspec.ValidationError when it is not one."""
    return json.decode(data, type=form, dec_hook=lambda wanted, told: wanted(told))


def unfolded(value: Any, form: type) -> Any:
    """The same from JSON that was read already."""
    return convert(value, form, str_keys=True, dec_hook=lambda wanted, told: wanted(told))


def with_files(value: Any, change: Callable[["File"], "File"]) -> Any:
    """The same request or result with each file in it changed."""
    if isinstance(value, File):
        return change(value)
    if isinstance(value, tuple):
        return tuple(with_files(item, change) for item in value)
    if isinstance(value, Struct):
        return type(value)(
            **{name: with_files(getattr(value, name), change) for name in value.__struct_fields__}
        )
    return value


def kind_of(path: Path) -> Kind:
    """What a file holds, by its ending; UsageError when that is not known."""
    name = path.name.lower()
    for kind, endings in ENDINGS.items():
        if name.endswith(endings):
            return kind
    known = " ".join(ending for endings in ENDINGS.values() for ending in endings)
    raise UsageError(f"{path}: what it holds cannot be told", hint=f"known endings: {known}")


def one(inputs: Iterable["str | File"], *kinds: str) -> Any:
    """The one input, a text (`text`) or a file of these kinds; UsageError for anything else."""
    found = list(inputs)
    if len(found) != 1:
        raise UsageError(f"it takes one input ({' or '.join(kinds)}), not {len(found)}")
    return sorted_out(found, *kinds)[0]


def sorted_out(inputs: Iterable["str | File"], *kinds: str) -> list[Any]:
    """The inputs, each of which must be of one of these kinds."""
    found = list(inputs)
    for item in found:
        kind = item.kind if isinstance(item, File) else "text"
        if kind not in kinds:
            told = item.path if isinstance(item, File) else repr(item[:40])
            raise UsageError(f"it takes {' or '.join(kinds)}, and {told} is {kind}")
    return found
