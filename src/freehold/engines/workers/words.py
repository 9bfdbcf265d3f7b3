"""Turns texts and chats into the tokens of a converted model, and tokens into text."""

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from freehold.core.errors import BrokenInput, UsageError
from freehold.tasks.text_generation import Message

UNFINISHED = "\ufffd"
"""What stands for letters of which not every byte is there."""


class Words:
    """The tokenizer in a folder, and its chat template."""

    def __init__(self, folder: Path) -> None:
        file = folder / "tokenizer.json"
        if not file.is_file():
            raise BrokenInput(f"{folder.name}: holds no tokenizer.json, so its words are unknown")
        self.tokenizer = import_module("tokenizers").Tokenizer.from_file(str(file))
        self.config = table(folder / "tokenizer_config.json")
        template = folder / "chat_template.jinja"
        said = template.read_text(encoding="utf-8") if template.is_file() else None
        self.template = said or self.config.get("chat_template")

    def tokens(self, text: str, *, marked: bool) -> list[str]:
        """The tokens of a text; `marked` with those that the model wants around it."""
        return list(self.tokenizer.encode(text, add_special_tokens=marked).tokens)

    def ids(self, text: str, *, marked: bool) -> list[int]:
        """The numbers of the tokens of a text."""
        return list(self.tokenizer.encode(text, add_special_tokens=marked).ids)

    def spelled(self, ids: list[int]) -> str:
        """The text of tokens, with the marks among them."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=False))

    def text(self, ids: list[int]) -> str:
        """The text of tokens, without marks."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))

    def chat(self, messages: tuple[Message, ...], thinking: bool | None) -> str:
        """The chat as the template writes it, in a sandbox."""
        if not isinstance(self.template, str):
            raise UsageError("the model has no chat template, so it only continues texts")
        sandbox = import_module("jinja2.sandbox")
        jinja = sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        jinja.globals["raise_exception"] = refuse
        said = {} if thinking is None else {"enable_thinking": thinking}
        marks = {name: _mark(self.config.get(name)) for name in ("bos_token", "eos_token")}
        turns = [{"role": turn.role, "content": turn.content} for turn in messages]
        told = {"messages": turns, "add_generation_prompt": True, **marks, **said}
        return str(jinja.from_string(self.template).render(**told))


def refuse(why: str) -> None:
    """What a template calls when it does not take a chat."""
    raise UsageError(f"its chat template refuses: {why}")


class Letters:
    """Gives the new letters of an answer as its tokens come."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.ids: list[int] = []
        self._said = 0

    def take(self, token: int) -> Iterator[str]:
        """The letters that this token finishes."""
        self.ids.append(token)
        text = self.words.text(self.ids)
        if not text.endswith(UNFINISHED) and len(text) > self._said:
            yield text[self._said :]
            self._said = len(text)

    def rest(self) -> Iterator[str]:
        """What is left at the end, finished or not."""
        text = self.words.text(self.ids)
        if len(text) > self._said:
            yield text[self._said :]
            self._said = len(text)


def table(file: Path) -> dict[str, Any]:
    """A small JSON file of a model; nothing where there is none."""
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BrokenInput(f"{file.name}: is not JSON") from error
    return found if isinstance(found, dict) else {}


def _mark(told: Any) -> str:
    return str(told.get("content", "") if isinstance(told, dict) else told or "")
