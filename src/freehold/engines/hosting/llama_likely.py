"""Asks a server of llama.cpp how likely each token of a prompt was, which it has no words for.

The prompt is read token by token: each time the next one is forced by a bias, and the server tells
its likelihood from before the bias. What was read stays known, so each step reads one token.
"""

from contextlib import aclosing
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.hosting.llama_cutting import rendered, tokens
from freehold.engines.hosting.openai_text import likelihoods
from freehold.engines.hosting.wire import Wire
from freehold.tasks.text_generation import Request, Token

FORCED = 1e9
LONGEST = 4096
"""Tokens of a prompt that are read so; it takes as long as writing them."""


async def of_prompt(wire: Wire, request: Request) -> list[Token]:
    """The likelihood of each token of the prompt but the first one."""
    if any(turn.files for turn in request.messages):
        raise UsageError("llama.cpp tells no likelihoods of prompts with images or sounds")
    text = request.text if request.text is not None else await rendered(wire, request)
    ids = await tokens(wire, text, special=True)
    if len(ids) > LONGEST:
        raise UsageError(
            f"the prompt has {len(ids):,} tokens; llama.cpp tells the likelihoods of {LONGEST:,}"
        )
    return [await _next(wire, ids[:place], ids[place], request) for place in range(1, len(ids))]


async def _next(wire: Wire, before: list[int], token: int, request: Request) -> Token:
    """The likelihood of one token after others."""
    likely = request.likely or 0
    body: dict[str, Any] = {
        "prompt": before,
        "n_predict": 1,
        "n_probs": max(1, likely),
        "logit_bias": [[token, FORCED]],
        "temperature": 0.0,
        "stream": True,  # else it tells nothing where the token ends a text
    }
    async with aclosing(wire.stream("/completion", body, marked=False)) as events:
        async for event in events:
            given = event.get("completion_probabilities")
            if given:
                return next(likelihoods({"content": given}, likely))
    raise UsageError(
        "llama.cpp tells no likelihood of a token that is only part of a letter",
        hint="the prompt has letters that this model divides, so they cannot be told for it",
    )
