"""A model that says what it was told to say, and templates that it can be asked with.

Each token stands for itself in the embeddings, nothing happens in the layers, and the output
turns each token into the one that follows it. So llama.cpp really computes what it says.
"""

import random
import struct
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from freehold.formats import invented_llama as invented
from freehold.formats.gguf_writing import Sheet, write_gguf
from freehold.formats.invented_llama import Shape

SIZE = 384
"""Tokens, and as many numbers for each."""
PLAIN_TOKENS, END = 354, 2
GAP = ("<before>", "<after>", "<between>")
SHAPE = Shape(
    layers=1, width=SIZE, feed=32, heads=4, kv_heads=2, kind="F16", context=4096, vocabulary=SIZE
)

TEMPLATE = """\
{%- if tools %}<|system|>
You may use: {% for tool in tools %}
{{ tool | tojson }}{% endfor %}
Write <tool_call>
{"name": NAME, "arguments": ARGUMENTS}
</tool_call><|over|>
{% endif %}
{%- for turn in messages %}<|{{ turn.role }}|>
{% if turn.reasoning_content %}<think>
{{ turn.reasoning_content }}
</think>

{% endif %}
{%- if turn.content %}{{ turn.content }}{% endif %}
{%- for call in turn.tool_calls or [] %}
<tool_call>
{"name": {{ call.function.name | tojson }}, "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|over|>
{% endfor %}
{%- if add_generation_prompt %}<|assistant|>
{% if enable_thinking is defined and not enable_thinking %}<think>

</think>

{% endif %}{% endif %}"""


def write_told(path: Path, says: Sequence[str], template: str = TEMPLATE) -> Path:
    """A model that writes these pieces one after the other, whatever it is asked, and ends."""
    metadata = invented._metadata(SHAPE)
    tokens, kinds, scores = (metadata[f"tokenizer.ggml.{name}"] for name in LISTS)
    assert isinstance(tokens, list)
    assert isinstance(kinds, list)
    assert isinstance(scores, list)
    for place, text in enumerate((*says, *GAP), PLAIN_TOKENS):
        tokens[place] = text.replace(" ", "\u2581")
        kinds[place] = 3 if text in GAP else 1
        scores[place] = -1e6  # never made from letters, so that prompts are read as usual
    for name, place in zip(("pre", "suf", "mid"), range(SIZE), strict=False):
        metadata[f"tokenizer.ggml.fim_{name}_token_id"] = PLAIN_TOKENS + len(says) + place
    metadata["tokenizer.chat_template"] = template
    write_gguf(path, metadata, _sheets(len(says)))
    return path


LISTS = ("tokens", "token_type", "scores")


def _sheets(pieces: int) -> list[Sheet]:
    """The weights: nothing but zeros, except for what comes in and what goes out."""
    follows = dict.fromkeys(range(SIZE), PLAIN_TOKENS)
    last = PLAIN_TOKENS + pieces - 1
    follows |= {token: token + 1 for token in range(PLAIN_TOKENS, last)} | {last: END}
    same = _matrix({(token, token) for token in range(SIZE)})
    out = _matrix({(after, token) for token, after in follows.items()})
    told = {"token_embd.weight": same, "output.weight": out}
    zero = struct.pack("<e", 0.0)
    return [
        replace(sheet, pattern=told.get(sheet.name, zero)) if sheet.kind == "F16" else sheet
        for sheet in invented._sheets(SHAPE, random.Random(0))
    ]


def _matrix(ones: set[tuple[int, int]]) -> bytes:
    rows = [[0.0] * SIZE for _ in range(SIZE)]
    for row, column in ones:
        rows[row][column] = 1.0
    return b"".join(struct.pack(f"<{SIZE}e", *row) for row in rows)
