"""Picks the forecaster that knows the architecture of a model."""

import json
from pathlib import Path
from typing import Any

import transformers

from freehold.core.errors import UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.series.bolt import Bolt
from freehold.engines.workers.series.chronos import Chronos
from freehold.engines.workers.series.forecasters import Forecaster, Lagged, Patches, TimesFm
from freehold.engines.workers.series.ttm import Ttm
from freehold.engines.workers.sound.loading import architecture, weights

NATIVE: dict[str, Any] = {
    "AutoformerForPrediction": Lagged,
    "InformerForPrediction": Lagged,
    "PatchTSMixerForPrediction": Patches,
    "PatchTSTForPrediction": Patches,
    "TimeSeriesTransformerForPrediction": Lagged,
    "TimesFm2_5ModelForPrediction": TimesFm,
    "TimesFmModelForPrediction": TimesFm,
}
OURS: dict[str, Any] = {
    "ChronosBoltModelForForecasting": Bolt,
    "T5ForConditionalGeneration": Chronos,
    "TinyTimeMixerForPrediction": Ttm,
}


def forecaster(order: Order) -> Forecaster:
    """The model of an order."""
    name = architecture(order)
    if name == "T5ForConditionalGeneration" and not _is_chronos(Path(order.model)):
        raise UsageError("a T5 forecasts only when its config.json says how: chronos_config")
    if name in NATIVE:
        found: Forecaster = NATIVE[name](weights(getattr(transformers, name), order))
        return found
    if name in OURS:
        ours: Forecaster = OURS[name](order)
        return ours
    known = ", ".join(sorted({**NATIVE, **OURS}))
    raise UsageError(f"{name} is not a forecaster that is known here: {known} are")


def _is_chronos(folder: Path) -> bool:
    told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return isinstance(told, dict) and "chronos_config" in told
