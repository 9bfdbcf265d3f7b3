"""OpenAI's moderations."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from freehold.server.asked import Asked, Heard, Served, Writer, identity
from freehold.server.forms.openai_chat import said_beside_all
from freehold.server.forms.openai_parts import HARMLESS, content
from freehold.server.forms.reading import dropped, typed
from freehold.server.problems import Refused
from freehold.tasks.text_classification import Request, Result


class Body(Struct, kw_only=True):
    """What is honored of a body; a `policy` is for models that take one."""

    input: str | list[Any]
    model: str = "moderation"
    policy: str | None = None
    threshold: float | None = None


class Moderation:
    """`POST /v1/moderations`; without a model the one that answers to `moderation`."""

    task = "text-classification"
    media_type = "application/json"
    body = Body

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """Texts, or parts that belong together."""
        said = typed(body, Body)
        request = Request(
            items=_items(said.input, heard),
            policy=said.policy,
            threshold=0.5 if said.threshold is None else said.threshold,
        )
        return Asked(
            model=said.model,
            task=self.task,
            requests=(request,),
            id=identity("modr-", body, None),
            body=said,
            created=heard.now,
            dropped=tuple(dropped(body, Body, HARMLESS)),
        )

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """One verdict for each; none where the model's labels say nothing of harm."""
        (found,) = results
        if not found.harm:
            says = f"the labels of {asked.model} say nothing of harm, so it cannot call a text safe"
            raise Refused("invalid", says, param="model")
        return {
            "id": asked.id,
            "model": asked.model,
            "results": [
                {
                    "flagged": not verdict.safe,
                    "categories": {
                        name: score >= asked.requests[0].threshold
                        for name, score in verdict.scores.items()
                    },
                    "category_scores": verdict.scores,
                    "category_applied_input_types": {name: ["text"] for name in verdict.scores},
                }
                for verdict in found.verdicts
            ],
            **said_beside_all(found.notes, (), served),
        }

    def writer(self, asked: Asked, served: Served) -> Writer:
        """Verdicts are not streamed."""
        raise Refused("invalid", "moderations are not streamed", param="stream")


def _items(said: str | list[Any], heard: Heard) -> tuple[Any, ...]:
    if isinstance(said, str):
        return (said,)
    if not said:
        raise Refused("invalid", "there is nothing to judge", param="input")
    if all(isinstance(item, str) for item in said):
        return tuple(said)
    text, files = content(said, "input", heard)
    return (*((text,) if text else ()), *files)
