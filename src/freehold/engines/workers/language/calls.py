"""Reads the calls of tools out of an answer, where the chat template declares how they look.

Knows no library. Three ways of writing them are known, each by what the template tells the model:
JSON between marks (`<tool_call>`), a list after a mark (`[TOOL_CALLS]`), and an answer that is one
JSON object with `name` and `parameters`. Anything else stays text.
"""

import json
import secrets
from typing import Any

from freehold.engines.workers.language.pieces import Tags
from freehold.tasks.text_generation import Call

MARKS = Tags("call", "<tool_call>", "</tool_call>")
LISTED = Tags("call", "[TOOL_CALLS]", "\0")
WHOLE = '"parameters"'
"""What the templates of Llama 3 tell the model to write."""
MOST = 64
"""Calls in one answer."""


def marks(template: str) -> tuple[Tags, ...]:
    """The marks that a template declares around calls."""
    return tuple(tag for tag in (MARKS, LISTED) if tag.opens in template)


def whole(template: str) -> bool:
    """Whether an answer that is one JSON object is a call."""
    return not marks(template) and WHOLE in template and '"name"' in template


def calls(text: str, names: frozenset[str]) -> tuple[Call, ...]:
    """The calls in the text of one section; nothing when one is not as it should be."""
    try:
        said = json.loads(text)
    except ValueError:
        return ()
    found = [call(item) for item in (said if isinstance(said, list) else [said])][:MOST]
    good = [one for one in found if one is not None and one.name in names]
    return tuple(good) if len(good) == len(found) else ()


def call(said: Any) -> Call | None:
    """One call from what was read."""
    if not isinstance(said, dict) or not isinstance(said.get("name"), str):
        return None
    given = said.get("arguments", said.get("parameters", {}))
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return Call(f"call_{secrets.token_hex(8)}", said["name"], text)
