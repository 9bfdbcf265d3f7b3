"""TinyTimeMixer, the model of Granite's TTM: a small port that runs its published weights.

Ekambaram et al. 2024 (arXiv 2401.03955). Patches of each series are mixed by small networks over
patches and over features; each level looks at them in other sizes. Names of the weights are those
of `granite-tsfm`. Parts that its zero-shot checkpoints do not use are refused by name.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import torch
from torch.nn.functional import gelu, layer_norm, linear

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.series.forecasters import Forecaster
from freehold.engines.workers.sound.loading import on_processor
from freehold.engines.workers.sound.tensors import named_weights, taken

EXPECTED: dict[str, Any] = {
    "mode": "common_channel",
    "decoder_mode": "common_channel",
    "gated_attn": True,
    "gate_mode": "softmax",
    "norm_mlp": "LayerNorm",
    "self_attn": False,
    "scaling": "std",
    "use_decoder": True,
    "use_positional_encoding": False,
    "multi_scale": False,
    "enable_base_norm_always": False,
    "register_tokens": 0,
    "fft_length": 0,
    "multi_quantile_head": False,
    "enable_forecast_channel_mixing": False,
    "categorical_vocab_size_list": None,
    "prediction_channel_indices": None,
    "masked_context_length": None,
    "use_register_context_gating": False,
}
"""What a configuration may say of parts that are not ported; leaving it out says the same."""
SMALLEST, LEAST_SCALE = 4, 1e-5
PACES = ((1 / 1440, 1), (2 / 1440, 2), (5 / 1440, 3), (10 / 1440, 4), (15 / 1440, 5),
         (30 / 1440, 6), (1 / 24, 7), (1, 8), (7, 9))  # fmt: skip
"""Days between two rows, and the number of that frequency; 0 is any other."""


class Ttm(Forecaster):
    """Any number of series, each by itself; a single forecast, no quantiles."""

    def __init__(self, order: Order) -> None:
        super().__init__(None)
        on_processor(order)
        try:
            text = (Path(order.model) / "config.json").read_text(encoding="utf-8")
            self.said: dict[str, Any] = json.loads(text)
            self.horizon = int(self.said["prediction_length"])
            self.least = self.most = int(self.said["context_length"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokenInput(f"config.json does not describe the model: {error!r}") from error
        for name, value in EXPECTED.items():
            if self.said.get(name, value) != value:
                raise UsageError(f"TTM with {name} = {self.said[name]} is not known here")
        self.cut = self.said.get("prediction_filter_length")
        self.horizon = int(self.cut or self.horizon)
        self.weights = named_weights(Path(order.model))

    def look(self, past: Any, quantiles: Sequence[float], days: float | None) -> tuple[Any, Any]:
        """The next steps of each series."""
        series = torch.from_numpy(numpy.ascontiguousarray(past.T))
        middle = series.mean(1, keepdim=True)
        scale = ((series - middle).square().mean(1, keepdim=True) + LEAST_SCALE).sqrt()
        patches = self._patches((series - middle) / scale)
        flow = self._linear(patches, "backbone.encoder.patcher")
        if self.said.get("resolution_prefix_tuning"):
            flow = torch.cat([self._frequency(days).expand(len(flow), 1, -1), flow], 1)
            patches = torch.cat([torch.zeros_like(patches[:, :1]), patches], 1)
        flow = self._mixed(flow, "backbone.encoder.mlp_mixer_encoder", "")
        if "decoder.adapter.weight" in self.weights:
            flow = self._linear(flow, "decoder.adapter")
        if self.said.get("decoder_raw_residual"):
            flow = flow + self._linear(patches, "decoder.decoder_raw_embedding")
        flow = self._mixed(flow, "decoder.decoder_block", "decoder_")
        made = self._linear(flow.flatten(1), "head.base_forecast_block") * scale + middle
        made = made[:, : self.cut].T.numpy()
        return made, numpy.zeros((0, *made.shape), "float32")

    def _patches(self, series: Any) -> Any:
        """The series in patches: series x patch x value; the first values may be left out."""
        size, step = int(self.said["patch_length"]), int(self.said["patch_stride"])
        spare = (series.shape[1] - size) % step
        return series[:, spare:].unfold(1, size, step)

    def _frequency(self, days: float | None) -> Any:
        """A patch that tells how far apart the rows are."""
        number = next((n for d, n in PACES if days and abs(d - days) < 1e-6), 0)
        name = "backbone.encoder.freq_mod"
        table = taken(self.weights, f"{name}.0.weight", None, None)
        flow = table[number if number < len(table) else 0][None, None]
        return self._linear(gelu(self._linear(flow, f"{name}.1")), f"{name}.3")

    def _mixed(self, flow: Any, name: str, part: str) -> Any:
        """All levels of mixing, each of which divides the patches once less than the one before."""
        levels = int(self.said.get(f"{part}adaptive_patching_levels", 0))
        layers = int(self.said[f"{part}num_layers"])
        if not levels:
            for n in range(layers):
                flow = self._layer(flow, f"{name}.mixers.{n}")
            return flow
        for n, level in enumerate(reversed(range(levels))):
            series, patches, width = flow.shape
            factor = 2**level if width // 2**level > SMALLEST else 1
            flow = flow.reshape(series, patches * factor, width // factor)
            for m in range(layers):
                flow = self._layer(flow, f"{name}.mixers.{n}.mixer_layers.{m}")
            flow = flow.reshape(series, patches, width)
        return flow

    def _layer(self, flow: Any, name: str) -> Any:
        """Mixing over patches, then over features."""
        if flow.shape[1] > 1:
            turned = self._norm(flow, f"{name}.patch_mixer").transpose(1, 2)
            flow = flow + self._mlp(turned, f"{name}.patch_mixer").transpose(1, 2)
        return flow + self._mlp(self._norm(flow, f"{name}.feature_mixer"), f"{name}.feature_mixer")

    def _mlp(self, flow: Any, name: str) -> Any:
        """Two layers, and a gate that divides one attention over what comes out."""
        flow = self._linear(gelu(self._linear(flow, f"{name}.mlp.fc1")), f"{name}.mlp.fc2")
        return flow * self._linear(flow, f"{name}.gating_block.attn_layer").softmax(-1)

    def _norm(self, flow: Any, name: str) -> Any:
        weight = taken(self.weights, f"{name}.norm.norm.weight", None)
        bias = taken(self.weights, f"{name}.norm.norm.bias", None)
        return layer_norm(flow, weight.shape, weight, bias, self.said.get("norm_eps", 1e-5))

    def _linear(self, flow: Any, name: str) -> Any:
        weight = taken(self.weights, f"{name}.weight", None, flow.shape[-1])
        return linear(flow, weight, taken(self.weights, f"{name}.bias", None))
