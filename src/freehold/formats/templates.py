"""Takes chat templates out of the files that hold them, and reads them without rendering.

A template is a small program in the language of Jinja. What it may not do can be seen in its
words: reach for names that begin with an underscore, put such names together, load other files.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from freehold.formats.gguf import read_gguf_metadata
from freehold.formats.structured import read_json
from freehold.formats.text import read_bytes

LARGEST = 2**20
"""Bytes of one template; the longest known have some 30,000."""
MOST = 20
"""Templates of one file."""
HOLDERS = frozenset({
    "tokenizer_config.json", "chat_template.json", "processor_config.json",
    "preprocessor_config.json", "generation_config.json",
})  # fmt: skip
ENDINGS = (".jinja", ".jinja2", ".j2")

_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_LITERAL = re.compile(r"'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\"", re.DOTALL)
_INSIDES = (
    "class|mro|base|bases|subclasses|globals|builtins|init|import|dict|getattribute|getattr|code"
    "|reduce|reduce_ex|closure|module|self|func|wrapped|call|getitem|new|loader|spec|doc|name"
)
Rules = tuple[tuple[re.Pattern[str], str], ...]
_IN_ALL: Rules = (
    (re.compile(rf"__(?:{_INSIDES})\w*"), "reaches for {}"),
    (re.compile(r"\[\s*(['\"])_\w+\1"), "reaches for {}"),
    (re.compile(r"attribute\s*=\s*['\"][\w.]*(?<!\w)_"), "reaches for {}"),
    (re.compile(r"\\x[2-7][0-9a-fA-F]|\\[uU](?:0000)?00[2-7][0-9a-fA-F]|\\[01][0-7]{2}|\\N\{LOW"),
     "hides letters as {}"),
)  # fmt: skip
"""Looked for everywhere in the code of a template, also inside its texts."""
_OUTSIDE_TEXTS: Rules = (
    (re.compile(r"__\w+|\.\s*_\w*"), "reaches for {}"),
    (re.compile(r"\|\s*attr\b"), "takes attributes by names that it makes up"),
    (re.compile(r"attribute\s*=\s*(?!'')"), "takes attributes by names that it makes up"),
    (re.compile(r"\[\s*''\s*[~+%|]"), "puts names together"),
    (
        re.compile(r"(?:~|\|\s*(?:join|reverse|format|replace|lower)\b)[^\[\]{}%]*\]"),
        "puts names together",
    ),
    (
        re.compile(r"\[[^\]]*(?:~|\|\s*(?:join|reverse|format|replace|lower)\b)"),
        "puts names together",
    ),
    (re.compile(r"\b(?:lipsum|cycler|joiner|url_for|get_flashed_messages|request)\b"), "uses {}"),
    (re.compile(r"\bself\b\s*[.\[|]"), "looks into itself"),
    (re.compile(r"\{%[-+]?\s*(?:include|import|extends|from)\b"), "loads other files: {}"),
    (re.compile(r"\.\s*(?:format|format_map)\s*\("), "formats texts in a way that reaches inside"),
    (re.compile(r"\b(?:mro|func_globals|gi_frame|cr_frame|f_globals|tb_frame)\b"), "uses {}"),
)
"""Looked for in the code of a template, with its texts taken out."""
_LONG: Rules = (
    (re.compile(r"(?<![\w.])\d{7,}"), "counts to {}"),
    (re.compile(r"\d\s*\*\*\s*\d"), "takes powers: {}"),
    (re.compile(r"''\s*\*\s*\d{5,}"), "repeats a text {}"),
)


def templates_of(path: Path, last: str, kind: str) -> list[str]:
    """The chat templates in a file of this name and kind; BrokenInput where it is broken."""
    if kind == "gguf":
        found = read_gguf_metadata(path).metadata
        keys = (key for key in found if key.startswith("tokenizer.chat_template"))
        return [value for key in keys if isinstance(value := found[key], str)][:MOST]
    if last.endswith(ENDINGS):
        return [read_bytes(path, LARGEST).decode("utf-8", "replace")]
    if last in HOLDERS and kind == "json":
        return list(_in_table(read_json(path, last)))[:MOST]
    return []


def _in_table(table: dict[str, Any]) -> Iterator[str]:
    given = table.get("chat_template")
    for one in given if isinstance(given, list) else [given]:
        text = one.get("template") if isinstance(one, dict) else one
        if isinstance(text, str):
            yield text


def tricks(template: str) -> list[str]:
    """What a template does that no chat template needs; pure."""
    code, outside = _code(template)
    return list(dict.fromkeys([*_matches(code, _IN_ALL), *_matches(outside, _OUTSIDE_TEXTS)]))


def lengths(template: str) -> list[str]:
    """What may take far too much time or memory; pure."""
    return list(dict.fromkeys(_matches(_code(template)[1], _LONG)))


def _code(template: str) -> tuple[str, str]:
    """The code of a template, and the same with every text in it empty."""
    code = "\n".join(_CODE.findall(template[:LARGEST]))
    return code, _LITERAL.sub("''", code)


def _matches(code: str, rules: Rules) -> Iterator[str]:
    for pattern, words in rules:
        if found := pattern.search(code):
            yield words.format(repr(found.group()[:40]))
