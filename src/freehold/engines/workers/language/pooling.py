"""From the states of a model to one vector for a text, as the files of the model say.

`modules.json` is the list of steps that sentence-transformers publishes with a model; a step that
is not known is refused by its name.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from msgspec import Struct
from safetensors.torch import load_file

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.language.loading import said

MODES = {
    "cls": "cls",
    "cls_token": "cls",
    "mean": "mean",
    "avg": "mean",
    "mean_tokens": "mean",
    "max": "max",
    "max_tokens": "max",
    "lasttoken": "last",
    "last": "last",
    "mean_sqrt_len_tokens": "root",
    "weightedmean_tokens": "weighted",
    "weightedmean": "weighted",
}
FUNCTIONS: Mapping[str, Any] = {
    "Tanh": torch.tanh,
    "Identity": lambda x: x,
    "ReLU": torch.relu,
    "GELU": torch.nn.functional.gelu,
}


class Dense(Struct, frozen=True):
    """A linear step after pooling."""

    weight: Any
    bias: Any
    function: str

    def apply(self, vectors: torch.Tensor) -> torch.Tensor:
        """The vectors after this step."""
        found = torch.nn.functional.linear(vectors, self.weight.to(vectors), self._bias(vectors))
        return torch.as_tensor(FUNCTIONS[self.function](found))

    def _bias(self, vectors: torch.Tensor) -> Any:
        return None if self.bias is None else self.bias.to(vectors)


class Pooling(Struct, frozen=True, kw_only=True):
    """How vectors are made from states: several ways are laid side by side."""

    modes: tuple[str, ...]
    dense: tuple[Dense, ...] = ()
    with_prompt: bool = True
    normal: bool = False

    def pool(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Vectors (texts, numbers) from states (texts, tokens, numbers) in 32 bits."""
        states = states.float()
        found = torch.cat([pooled(mode, states, mask) for mode in self.modes], dim=-1)
        for step in self.dense:
            found = step.apply(found)
        return found


def pooled(mode: str, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """One vector for each text; `mask` is 1 where there are tokens."""
    if mode in ("cls", "last"):
        places = torch.arange(mask.shape[1], device=mask.device)
        first = (mask == 0).long().cumprod(1).sum(1)
        last = (places * mask).argmax(1)
        at = first if mode == "cls" else last
        return states[torch.arange(len(states), device=states.device), at]
    weights = mask.unsqueeze(-1).to(states)
    if mode == "max":
        return states.masked_fill(weights == 0, -torch.inf).amax(1)
    if mode == "weighted":
        weights = weights * torch.arange(1, states.shape[1] + 1, device=states.device)[:, None]
    total = weights.sum(1).clamp(min=1e-9)
    return (states * weights).sum(1) / (total.sqrt() if mode == "root" else total)


def read_pooling(folder: Path, config: Any, options: Mapping[str, str]) -> Pooling:
    """What the model's files say, else the option `pooling`; UsageError when nobody says it."""
    steps = modules(folder)
    if steps:
        return _from_modules(folder, steps)
    told = options.get("pooling") or getattr(config, "pooling", None)
    if told is None:
        raise UsageError(
            f"{folder.name} does not say how its vectors are made",
            hint="say it with the option pooling: mean, cls or last",
        )
    return Pooling(modes=(_mode(str(told)),))


def modules(folder: Path) -> list[dict[str, Any]]:
    """The steps in `modules.json`; nothing when there is none."""
    try:
        found = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    except OSError:
        return []
    except ValueError as error:
        raise BrokenInput(f"{folder.name}: modules.json cannot be read") from error
    return [step for step in found if isinstance(step, dict)] if isinstance(found, list) else []


def _from_modules(folder: Path, steps: list[dict[str, Any]]) -> Pooling:
    modes: tuple[str, ...] = ()
    dense, with_prompt, normal = [], True, False
    for step in steps:
        kind, place = str(step.get("type")).split(".")[-1], folder / str(step.get("path") or "")
        if kind == "Pooling":
            config = said(place, "config.json")
            modes, with_prompt = _modes(config), bool(config.get("include_prompt", True))
        elif kind == "Dense":
            dense.append(_dense(place))
        elif kind == "Normalize":
            normal = True
        elif kind != "Transformer":
            raise UsageError(f"{folder.name}: the step {kind!r} of its vectors is not known")
    if not modes:
        raise UsageError(f"{folder.name}: its modules.json says nothing of pooling")
    return Pooling(modes=modes, dense=tuple(dense), with_prompt=with_prompt, normal=normal)


def _modes(config: Mapping[str, Any]) -> tuple[str, ...]:
    told = config.get("pooling_mode")
    if isinstance(told, str):
        return tuple(_mode(word) for word in told.split("+"))
    if isinstance(told, list):
        return tuple(_mode(str(word)) for word in told)
    prefix = "pooling_mode_"
    names = [key.removeprefix(prefix) for key in config if key.startswith(prefix) and config[key]]
    return tuple(_mode(name) for name in names)


def _mode(name: str) -> str:
    if name not in MODES:
        raise UsageError(f"pooling by {name!r} is not known", hint="known: " + ", ".join(MODES))
    return MODES[name]


def _dense(folder: Path) -> Dense:
    config = said(folder, "config.json")
    function = str(config.get("activation_function", "torch.nn.modules.activation.Tanh"))
    name = function.rsplit(".", maxsplit=1)[-1]
    if name not in FUNCTIONS:
        raise UsageError(f"the function {name!r} of a step of the vectors is not known")
    try:
        weights = load_file(folder / "model.safetensors")
        return Dense(weights["linear.weight"], weights.get("linear.bias"), name)
    except (OSError, KeyError) as error:
        raise BrokenInput(f"{folder.name}: its weights in safetensors are missing") from error
