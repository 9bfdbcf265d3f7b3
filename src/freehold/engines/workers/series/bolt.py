"""Chronos-Bolt on the library's own T5: patches go in, all quantiles of all steps come out at once.

The network that Ansari et al. released in November 2024; names of the weights are those of
`chronos-forecasting`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import torch
from torch.nn.functional import linear, pad
from transformers import T5Model
from transformers.activations import ACT2FN

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.series.forecasters import Forecaster
from freehold.engines.workers.sound.loading import on_processor, weights
from freehold.engines.workers.sound.tensors import named_weights, taken

REGISTER = 1
"""The number of the token that ends the patches, where a model has one."""
LEAST_SCALE = 1e-5


class Bolt(Forecaster):
    """Any number of series, each by itself, with nine quantiles."""

    least = 1

    def __init__(self, order: Order) -> None:
        on_processor(order)
        super().__init__(weights(T5Model, order))
        try:
            text = (Path(order.model) / "config.json").read_text(encoding="utf-8")
            said = json.loads(text)["chronos_config"]
            self.horizon, self.most = int(said["prediction_length"]), int(said["context_length"])
            self.size, step = int(said["input_patch_size"]), int(said["input_patch_stride"])
            self.given = tuple(float(q) for q in said["quantiles"])
            self.register = bool(said.get("use_reg_token"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokenInput(f"config.json does not describe a Chronos: {error!r}") from error
        if step != self.size or 0.5 not in self.given:
            raise UsageError("only Chronos-Bolt with patches side by side and a median is known")
        self.act = ACT2FN[self.model.config.dense_act_fn]
        self.weights = named_weights(Path(order.model))

    def quantiles(self) -> tuple[float, ...]:
        """Those that it was trained for."""
        return self.given

    def look(self, past: Any, quantiles: Sequence[float], days: float | None) -> tuple[Any, Any]:
        """The next steps of each series."""
        series = torch.from_numpy(numpy.ascontiguousarray(past.T)).float()
        middle = series.mean(1, keepdim=True)
        scale = (series - middle).square().mean(1, keepdim=True).sqrt()
        scale = torch.where(scale == 0, LEAST_SCALE, scale)
        made = self._ahead((series - middle) / scale) * scale[:, None] + middle[:, None]
        chosen = [min(range(len(self.given)), key=lambda n: abs(self.given[n] - q))
                  for q in (0.5, *quantiles)]  # fmt: skip
        found = made[:, chosen].permute(1, 2, 0).numpy()
        return found[0], found[1:]

    def _ahead(self, series: Any) -> Any:
        """Quantiles of scaled series: series x quantile x step."""
        spare = -series.shape[1] % self.size
        seen = pad(torch.ones_like(series), (spare, 0))
        patches = torch.cat(
            [x.unfold(1, self.size, self.size) for x in (pad(series, (spare, 0)), seen)], 2
        )
        flow = self._block(patches, "input_patch_embedding")
        if self.register:
            end = self.model.shared.weight[REGISTER].expand(len(flow), 1, -1)
            flow = torch.cat([flow, end], 1)
        start = torch.full((len(flow), 1), self.model.config.decoder_start_token_id)
        out = self.model(inputs_embeds=flow, decoder_input_ids=start).last_hidden_state[:, 0]
        out = self._block(out, "output_patch_embedding")
        return out.reshape(len(flow), len(self.given), self.horizon)

    def _block(self, flow: Any, name: str) -> Any:
        """Two layers and a straight one beside them."""
        hidden = self.act(self._linear(flow, f"{name}.hidden_layer"))
        return self._linear(hidden, f"{name}.output_layer") + self._linear(
            flow, f"{name}.residual_layer"
        )

    def _linear(self, flow: Any, name: str) -> Any:
        weight = taken(self.weights, f"{name}.weight", None, flow.shape[-1])
        return linear(flow, weight, taken(self.weights, f"{name}.bias", None))
