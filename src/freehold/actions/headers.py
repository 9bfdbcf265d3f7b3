"""Knows a model before its weights are there: every tensor and all metadata, from headers alone.

A model is a file, a folder, an address on the web or a repository of the Hub.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.local_model import expanded
from freehold.core.errors import BrokenInput, UsageError
from freehold.core.tensors import Tensor

if TYPE_CHECKING:
    from freehold.sources.base import Place

_HUB = re.compile(r"hf:([^/@\s]+/[^/@\s]+)(?:@([^/\s]+))?(?:/(.+))?")
_HUB_PAGE = re.compile(
    r"https://huggingface\.co/([^/]+/[^/?#]+)(?:/(?:blob|resolve|tree)/([^/?#]+)(?:/([^?#]+))?)?/?"
)
FORMS = "a file, a folder, https://..., or hf:OWNER/NAME[@REVISION][/FILE]"


class Headers(Struct, frozen=True):
    """What the headers of one model say.

    `format` is gguf, safetensors, diffusers, config, or the engine that a folder was made for.
    `metadata` are the keys of a GGUF file, the remarks of a safetensors file or the sizes that one
    of CTranslate2 tells, `lengths` the lengths of arrays of which nothing else is kept
    (vocabularies) and `arrays` where their items begin in the first file, `config` is config.json
    as it stands. `parts` are the components of a pipeline, or the `mmproj` beside a GGUF file.
    `files` were counted, with their bytes; `size` is their sum, those of the parts included.
    `requests` is how often a server was asked, for all parts together; `notes` say what was
    chosen or left out.
    """

    name: str
    format: str
    tensors: tuple[Tensor, ...] = ()
    metadata: dict[str, Any] = {}
    lengths: dict[str, int] = {}
    arrays: dict[str, int] = {}
    config: dict[str, Any] | None = None
    parts: dict[str, "Headers"] = {}
    files: tuple[tuple[str, int], ...] = ()
    size: int = 0
    requests: int = 0
    notes: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """All numbers as stored, those of the parts included."""
        inner = sum(part.parameters for part in self.parts.values())
        return inner + sum(tensor.count for tensor in self.tensors)


def read_headers(
    what: str | Path, *, revision: str | None = None, token: str | None = None,
    endpoint: str | None = None, sleep: Callable[[float], None] = time.sleep,
) -> Headers:  # fmt: skip
    """The headers of a model, here or on a server, of which nothing else is fetched.

    Raises UsageError for what names nothing, NotFound, NotAllowed, EnvironmentProblem without
    network, and BrokenInput, naming file and field, for headers that cannot be true.
    """
    from freehold.actions.headers_reading import read_file, read_place

    place, path = _place(what, revision, token, endpoint, sleep)
    found = read_file(place, path) if path else read_place(place)
    named = path.lower().endswith((".gguf", ".safetensors"))
    name = path.rpartition("/")[2] if named else place.name
    return replace(found, name=name, requests=place.requests)


def repository(text: str) -> tuple[str, str]:
    """The repository and revision in hf:OWNER/NAME[@REVISION][/FILE]; UsageError otherwise."""
    hub = _HUB.fullmatch(text)
    if hub is None:
        raise UsageError(f"{text[:200]!r} is no repository", hint=f"name {FORMS}")
    return hub[1], hub[2] or "main"


def _place(
    what: str | Path, revision: str | None, token: str | None, endpoint: str | None,
    sleep: Callable[[float], None],
) -> "tuple[Place, str]":  # fmt: skip
    """Where a model is, and the file in there that is meant, if one is."""
    text = str(what)
    hub = _HUB.fullmatch(text) or (None if endpoint else _HUB_PAGE.fullmatch(text))
    if hub and isinstance(what, str):
        from freehold.sources.repository import Repository

        found = Repository.at(
            hub[1], revision or hub[2] or "main", endpoint=endpoint, token=token, sleep=sleep
        )
        return found, hub[3] or ""
    if isinstance(what, str) and what.startswith("hf:"):
        raise UsageError(f"{what[:200]!r} is no repository", hint=f"name {FORMS}")
    if isinstance(what, str) and re.match(r"https?://", what):
        from freehold.sources.url import Website

        site = Website(what, token, sleep)
        return site, site.name
    return _folder(expanded(what))


def _folder(path: Path) -> "tuple[Place, str]":
    from freehold.formats.text import shown
    from freehold.sources.folder import Folder

    try:
        if path.is_dir():
            return Folder(path), ""
        if path.exists():
            return Folder(path.parent, below=path.name == "model_index.json"), path.name
    except OSError as error:
        raise BrokenInput(f"{shown(path)[:300]}: cannot be read: {error.strerror}") from error
    raise BrokenInput(f"{shown(path)[:300]} does not exist", hint=f"name {FORMS}")
