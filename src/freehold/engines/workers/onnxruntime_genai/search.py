"""How a token is chosen, in the words of onnxruntime-genai, and what its graph rounds."""

import re
from pathlib import Path
from typing import Any

from freehold.formats.genai import Genai
from freehold.tasks.text_generation import Request

TINY = 1e-6
"""The least share of probability; at 0 the library would leave nothing out."""
SEARCHED = 64 * 2**20
"""Bytes of a graph that are looked through."""
ROUNDED = re.compile(rb"accuracy_level\x18\x04")
"""How a graph says that it multiplies in 8 bits (`MatMulNBits`)."""


def chosen(request: Request, told: Genai, length: int) -> dict[str, Any]:
    """What was asked for, over what the model's own file says where that draws.

    Its builder always writes a `top_k`; where nothing draws, that is nobody's wish. Keys and
    values get room for `length` tokens, no more.
    """
    found: dict[str, Any] = {"max_length": length, "num_beams": 1, "num_return_sequences": 1}
    if request.ignore_end:
        found["min_length"] = length
    own = told.search if told.search.get("do_sample") else {}
    asked = {name: getattr(request, name) for name in ("temperature", "top_p", "top_k")}
    wanted = {name: value for name, value in asked.items() if value is not None}
    if request.temperature == 0 or not (own or wanted):
        return found | {"do_sample": False}
    drawn = {"temperature": 1.0, "top_p": 1.0, "top_k": 0}
    drawn |= {name: own[name] for name in drawn if isinstance(own.get(name), int | float)} | wanted
    drawn["temperature"] = drawn["temperature"] or 1.0
    top_k = min(int(drawn["top_k"]), told.vocabulary or int(drawn["top_k"]))
    return found | drawn | {"do_sample": True, "top_p": max(drawn["top_p"], TINY), "top_k": top_k}


def rounds(graph: Path) -> bool:
    """Whether a graph rounds what goes into its narrow matrices: it is searched, not understood.

    What is done stands before the numbers, where these are in the same file.
    """
    if not graph.is_file():
        return False
    with graph.open("rb") as opened:
        return ROUNDED.search(opened.read(SEARCHED)) is not None
