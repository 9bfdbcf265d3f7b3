"""Models that a server elsewhere answers for: how they are named, and what is known of them.

`http://host:port/v1#model` is any server of the OpenAI protocol, `ollama:NAME` an Ollama that runs
already, `openai:NAME` and `anthropic:NAME` the proprietary ones, to compare with.
"""

from pathlib import Path

from freehold.actions.layouts import LocalModel

PROPRIETARY = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}
TEXT, VECTORS = "text-generation", "feature-extraction"


def elsewhere(name: str) -> LocalModel | None:
    """The model that a server answers for under this name; None for any other name."""
    kind, _, rest = name.partition(":")
    if kind in PROPRIETARY and rest:
        return _there(kind, f"{PROPRIETARY[kind]}#{rest}", rest)
    if kind in ("http", "https") and "#" in name:
        return _there("openai", name, name.partition("#")[2])
    return None


def with_ollama(name: str) -> LocalModel:
    """The model of an Ollama that runs, wherever that is."""
    from freehold.engines.ollama import home

    model = name.removeprefix("ollama:")
    return _there("ollama", f"{home()}#{model}", model)


def _there(kind: str, address: str, model: str) -> LocalModel:
    """What is known of a model that is not here: how it is asked."""
    return LocalModel(
        file=Path(model),
        name=model,
        format=kind,
        architecture="not known",
        tasks=(TEXT,) if kind == "anthropic" else (TEXT, VECTORS),
        context=None,
        size=0,
        digest="",
        chat_template=True,
        address=address,
    )
