"""What the server says of its models: which there are for whom, and what each is."""

import asyncio
from typing import Any

from freehold.server.config import Model
from freehold.server.facts import Facts, facts
from freehold.server.forms.openai_chat import Body
from freehold.server.service import Service
from freehold.server.visit import Visit


def visible(service: Service, visit: Visit) -> list[tuple[str, Model]]:
    """Every name that this key may ask for, and its model: those of the store last."""
    named = [(n, m) for m in service.pool.models() for n in (m.called, *m.aliases)]
    taken = {name for name, _ in named}
    stored = [(m.called, m) for m in service.stored() if m.called not in taken]
    key = visit.key
    return [(n, m) for n, m in (*named, *stored) if key is None or key.may_use(m.called)]


async def facts_of(service: Service, model: Model) -> Facts:
    """What is known of a model, looked at once for each configuration."""
    found = service.facts.get(model)
    if found is None:
        found = service.facts[model] = await asyncio.to_thread(facts, model)
    return found


async def model_list(service: Service, visit: Visit) -> list[dict[str, Any]]:
    """Every model that may be asked for, under its name and its aliases."""
    return [
        _form(service, name, model, await facts_of(service, model))
        for name, model in visible(service, visit)
    ]


async def model_form(service: Service, visit: Visit, name: str) -> dict[str, Any]:
    """One model."""
    model = service.allowed(visit, name)
    return _form(service, name, model, await facts_of(service, model))


def _form(service: Service, name: str, model: Model, known: Facts) -> dict[str, Any]:
    """A model as OpenAI's clients read it, with what others read (`max_model_len`) and we say."""
    context = model.context or known.trained
    told = known.form()
    text = "text-generation" in known.tasks
    return {
        "id": name,
        "object": "model",
        "created": int(known.changed or service.started),
        "owned_by": "freehold",
        "root": model.called,
        "max_model_len": context,
        "license": known.license,
        "openness": known.level,
        "freehold": {
            **{key: told[key] for key in ("tasks", "architecture", "format", "size", "digest")},
            "context": context,
            "trained": known.trained,
            "parallel": model.parallel,
            "because": known.because,
            "obligations": told["obligations"],
            "loaded": service.pool.is_loaded(model.called),
            "honored": sorted(Body.__struct_fields__) if text else [],
            "problem": known.problem,
        },
    }
