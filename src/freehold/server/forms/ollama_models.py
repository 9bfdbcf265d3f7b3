"""What Ollama's clients are told about models."""

from datetime import UTC, datetime
from typing import Any

from freehold.server.facts import Facts

ABILITIES = {
    "text-generation": "completion",
    "feature-extraction": "embedding",
}


def listed(name: str, facts: Facts) -> dict[str, Any]:
    """One model in a list."""
    return {
        "name": name,
        "model": name,
        "modified_at": expires(facts.changed),
        "size": facts.size,
        "digest": facts.digest,
        "details": _details(facts),
    }


def shown(facts: Facts) -> dict[str, Any]:
    """All that is known of a model."""
    return {
        "license": facts.license or "unknown",
        "modelfile": "",
        "parameters": "",
        "template": "",
        "details": _details(facts),
        "model_info": {
            "general.architecture": facts.architecture,
            f"{facts.architecture}.context_length": facts.trained,
        },
        "capabilities": [ABILITIES[task] for task in facts.tasks if task in ABILITIES],
        "modified_at": expires(facts.changed),
        "freehold": facts.form(),
    }


def expires(at: float) -> str:
    """A time as Ollama writes it."""
    return datetime.fromtimestamp(max(0.0, min(at, 4e9)), UTC).isoformat().replace("+00:00", "Z")


def _details(facts: Facts) -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": facts.format,
        "family": facts.architecture,
        "families": [facts.architecture],
        "parameter_size": "",
        "quantization_level": "",
    }
