"""What the server says of its models: the names, and what each is."""

from typing import Any

from freehold.server.config import Model
from freehold.server.service import Service
from freehold.server.visit import Visit


async def model_list(service: Service, visit: Visit) -> list[dict[str, Any]]:
    """Every model that may be asked for, under its name and its aliases."""
    found = []
    for model in service.pool.models():
        found += [_form(service, model, name) for name in (model.called, *model.aliases)]
    return found


async def model_form(service: Service, visit: Visit, name: str) -> dict[str, Any]:
    """One model."""
    return _form(service, service.pool.model(name), name)


def _form(service: Service, model: Model, name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": int(service.started),
        "owned_by": "freehold",
        "root": model.called,
    }
