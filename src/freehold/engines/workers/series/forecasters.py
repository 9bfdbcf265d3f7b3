"""Models that look ahead: one class for each kind, all asked in the same way."""

from collections.abc import Sequence
from typing import Any

import numpy
import torch

from freehold.core.errors import UsageError


class Forecaster:
    """A model; `horizon` steps are seen at once, `least` to `most` steps of the past looked at.

    `channels` is the number of series it was made for; None takes any number, each by itself.
    """

    horizon: int
    least: int
    most: int
    channels: int | None = None

    def __init__(self, model: Any) -> None:
        self.model = model

    def check(self, shape: tuple[int, int], quantiles: Sequence[float]) -> None:
        """Refuse a past that is too short or too wide, and quantiles that it cannot give."""
        rows, columns = shape
        if rows < self.least:
            raise UsageError(f"the model looks at {self.least:,} rows, and the table has {rows:,}")
        if self.channels not in (None, columns):
            raise UsageError(
                f"the model was made for {self.channels} series together, and there are {columns}",
                hint="name the columns to take (--column)",
            )
        offered = self.quantiles()
        for quantile in quantiles:
            if not 0 < quantile < 1:
                raise UsageError(f"a quantile lies between 0 and 1, and {quantile:g} does not")
            if offered is not None and not any(abs(quantile - q) < 1e-6 for q in offered):
                told = ", ".join(f"{q:g}" for q in offered) or "no quantiles at all"
                raise UsageError(f"the model gives {told}; {quantile:g} is not among them")

    def quantiles(self) -> tuple[float, ...] | None:
        """Those that it gives; None means any."""
        return ()

    def look(self, past: Any, quantiles: Sequence[float], days: float | None) -> tuple[Any, Any]:
        """From the past (time x series) to the middles (time x series) and the quantiles.

        `days` lie between two rows where the table had dates.
        """
        raise NotImplementedError

    def tensor(self, past: Any) -> Any:
        """The past as the model takes numbers."""
        return torch.from_numpy(numpy.ascontiguousarray(past)).to(
            self.model.device, self.model.dtype
        )


class Patches(Forecaster):
    """PatchTST and PatchTSMixer."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        config = model.config
        self.horizon, self.least = config.prediction_length, config.context_length
        self.most = config.context_length
        self.channels = None if config.num_input_channels == 1 else config.num_input_channels

    def quantiles(self) -> tuple[float, ...] | None:
        """Any, where it was trained to give a distribution."""
        return None if self._drawn else ()

    @property
    def _drawn(self) -> bool:
        return getattr(self.model, "distribution_output", None) is not None

    def look(self, past: Any, quantiles: Sequence[float], days: float | None) -> tuple[Any, Any]:
        """The next steps of all series together, or of each by itself."""
        given = self.tensor(past)
        given = given.T[:, :, None] if self.channels is None else given[None]
        if self._drawn:
            drawn = self.model.generate(past_values=given).sequences.float()
            return of_samples(drawn if self.channels else drawn.permute(3, 1, 2, 0), quantiles)
        made = self.model(past_values=given).prediction_outputs.float()
        made = made[0] if self.channels else made[:, :, 0].T
        return made.cpu().numpy(), numpy.zeros((0, *made.shape), "float32")


class TimesFm(Forecaster):
    """TimesFM: any number of series, each by itself, with nine quantiles."""

    least = 1

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.horizon, self.most = model.config.horizon_length, model.config.context_length

    def quantiles(self) -> tuple[float, ...]:
        """Those that it was trained for."""
        return tuple(self.model.config.quantiles)

    def look(self, past: Any, quantiles: Sequence[float], days: float | None) -> tuple[Any, Any]:
        """The next steps of each series; how far apart the dates are tells it its frequency."""
        series = list(self.tensor(past).T.contiguous())
        said = {}
        if self.model.config.model_type == "timesfm":
            said["freq"] = [_pace(days)] * len(series)
        made = self.model(past_values=series, **said)
        middle = made.mean_predictions.float().T.cpu().numpy()
        offered = list(self.quantiles())
        at = [min(range(len(offered)), key=lambda n: abs(offered[n] - q)) for q in quantiles]
        full = made.full_predictions.float().cpu().numpy()
        spread = [full[:, :, 1 + n].T for n in at]
        return middle, numpy.array(spread).reshape(len(at), *middle.shape)


class Lagged(Forecaster):
    """Informer, Autoformer and the Time Series Transformer, without features of time."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        config = model.config
        wants = {
            "features of time": config.num_time_features,
            "features of each series": config.num_static_real_features
            + config.num_static_categorical_features + config.num_dynamic_real_features,
        }  # fmt: skip
        for what, count in wants.items():
            if count:
                raise UsageError(f"the model wants {count} {what}, and its files do not say which")
        self.horizon = config.prediction_length
        self.least = self.most = config.context_length + max(config.lags_sequence)
        self.channels = None if config.input_size == 1 else config.input_size

    def quantiles(self) -> None:
        """Any."""

    def look(self, past: Any, quantiles: Sequence[float], days: float | None) -> tuple[Any, Any]:
        """The median of the futures that it draws."""
        given = self.tensor(past)
        given = given.T if self.channels is None else given[None]
        batch, rows = given.shape[:2]
        drawn = self.model.generate(
            past_values=given,
            past_time_features=torch.zeros(batch, rows, 0, device=given.device),
            past_observed_mask=torch.ones_like(given),
            future_time_features=torch.zeros(batch, self.horizon, 0, device=given.device),
        ).sequences.float()
        return of_samples(drawn if self.channels else drawn.permute(1, 2, 0)[None], quantiles)


def of_samples(drawn: Any, quantiles: Sequence[float]) -> tuple[Any, Any]:
    """Median and quantiles of drawn futures (1 x sample x time x series)."""
    futures = drawn[0].cpu().numpy()
    middle = numpy.median(futures, axis=0)
    spread = numpy.quantile(futures, list(quantiles), axis=0) if quantiles else ()
    return middle, numpy.array(spread, "float32").reshape(len(quantiles), *middle.shape)


def _pace(days: float | None) -> int:
    """What TimesFM calls a frequency: 0 up to daily, 1 weekly and monthly, 2 beyond."""
    if days is None or days < 5:
        return 0
    return 1 if days < 80 else 2
