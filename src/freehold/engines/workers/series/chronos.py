"""Chronos on the library's own T5: values become tokens, futures are drawn, tokens become values.

Ansari et al. 2024 (arXiv 2403.07815): each series is divided by the mean of its absolute values
and put into even bins; what is below and above falls into the outer ones.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import T5ForConditionalGeneration

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.series.forecasters import Forecaster, of_samples
from freehold.engines.workers.sound.loading import weights


class Chronos(Forecaster):
    """Any number of series, each by itself; quantiles of the futures that it draws."""

    least = 1

    def __init__(self, order: Order) -> None:
        super().__init__(weights(T5ForConditionalGeneration, order))
        try:
            text = (Path(order.model) / "config.json").read_text(encoding="utf-8")
            said = json.loads(text)["chronos_config"]
            low, high = (
                said["tokenizer_kwargs"]["low_limit"],
                said["tokenizer_kwargs"]["high_limit"],
            )
            self.tokens, self.special = int(said["n_tokens"]), int(said["n_special_tokens"])
            self.pad, self.end = int(said["pad_token_id"]), int(said["eos_token_id"])
            self.horizon, self.most = int(said["prediction_length"]), int(said["context_length"])
            self.drawn = int(said["num_samples"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokenInput(f"config.json does not describe a Chronos: {error!r}") from error
        if said.get("tokenizer_class") != "MeanScaleUniformBins" or not said.get("use_eos_token"):
            raise UsageError("only Chronos with MeanScaleUniformBins and an end token is known")
        self.said = {name: said[name] for name in ("temperature", "top_k", "top_p")}
        self.centers = torch.linspace(low, high, self.tokens - self.special - 1)
        inner = (self.centers[1:] + self.centers[:-1]) / 2
        self.edges = torch.cat([torch.tensor([-1e20]), inner, torch.tensor([1e20])])

    def quantiles(self) -> None:
        """Any."""

    def look(self, past: Any, quantiles: Sequence[float], days: float | None) -> tuple[Any, Any]:
        """The median of the futures that it draws."""
        series = torch.from_numpy(past.T.copy()).float()
        scale = series.abs().mean(1)
        scale[~(scale > 0)] = 1.0
        ids = torch.bucketize(series / scale[:, None], self.edges, right=True) + self.special
        ids = ids.clamp(0, self.tokens - 1)
        ids = torch.cat([ids, torch.full((len(ids), 1), self.end)], 1).to(self.model.device)
        made = self.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            min_new_tokens=self.horizon,
            max_new_tokens=self.horizon,
            do_sample=True,
            num_return_sequences=self.drawn,
            eos_token_id=self.end,
            pad_token_id=self.pad,
            **self.said,
        )[:, 1:].cpu()
        at = (made - self.special - 1).clamp(0, len(self.centers) - 1)
        values = self.centers[at].reshape(len(series), self.drawn, -1) * scale[:, None, None]
        return of_samples(values.permute(1, 2, 0)[None], quantiles)
