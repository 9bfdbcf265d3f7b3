"""Figures for Prometheus: the names and units of vLLM behind `freehold_`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freehold.server.pool import Pool

FIRST = (0.001, 0.005, 0.01, 0.02, 0.04, 0.08, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
EACH = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5)
WHOLE = (0.005, 0.05, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800)
WAITING = (0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """Counters and histograms that requests fill, and gauges that are read when asked."""

    def __init__(self, pool: "Pool") -> None:
        import prometheus_client as prometheus

        self.registry = prometheus.CollectorRegistry()
        more: dict[str, Any] = {"registry": self.registry, "namespace": "freehold"}
        by_model = ("model_name",)

        def counter(name: str, says: str, *labels: str) -> Any:
            return prometheus.Counter(name, says, (*by_model, *labels), **more)

        def histogram(name: str, says: str, buckets: tuple[float, ...]) -> Any:
            return prometheus.Histogram(name, says, by_model, buckets=buckets, **more)

        self.prompt = counter("prompt_tokens", "Tokens of prompts.")
        self.generated = counter("generation_tokens", "Tokens that were generated.")
        self.success = counter("request_success", "Requests answered.", "finished_reason")
        self.failure = counter("request_failure", "Requests that failed.", "kind")
        self.events = counter("model_events", "Models loaded, unloaded, died.", "event")
        self.first = histogram("time_to_first_token_seconds", "Until the first piece.", FIRST)
        self.each = histogram("time_per_output_token_seconds", "For each token after it.", EACH)
        self.whole = histogram("e2e_request_latency_seconds", "For the whole answer.", WHOLE)
        self.queued = histogram("request_queue_time_seconds", "Until a slot was free.", WAITING)
        self.load = histogram("model_load_seconds", "Until a model was loaded.", WHOLE)
        self.registry.register(_Now(pool))
        self._of: dict[str, Of] = {}

    def of(self, model: str) -> "Of":
        """The figures of one model."""
        found = self._of.get(model)
        if found is None:
            found = self._of[model] = Of(self, model)
        return found

    def text(self) -> bytes:
        """All figures in the text form."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)


class Of:
    """The figures of one model, found once: to look for them takes longer than to count."""

    def __init__(self, every: Metrics, model: str) -> None:
        self.prompt, self.generated = every.prompt.labels(model), every.generated.labels(model)
        self.first, self.each = every.first.labels(model), every.each.labels(model)
        self.whole, self.queued = every.whole.labels(model), every.queued.labels(model)


class _Now:
    """What is so now: requests that run and wait, memory of the models."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    def collect(self) -> Iterator[Any]:
        """One figure for each model and task."""
        from prometheus_client.core import GaugeMetricFamily

        named = (
            ("num_requests_running", "Requests that are answered now.", lambda e: e.busy),
            ("num_requests_waiting", "Requests that wait for a slot.", lambda e: len(e.line)),
            ("model_replicas", "Engines of the model that run.", lambda e: len(e.replicas)),
            ("model_memory_bytes", "Memory that its plan gives it.", lambda e: e.taken),
            ("engine_restarts", "Engines that died.", lambda e: e.restarts),
        )
        for name, says, of in named:
            family = GaugeMetricFamily(f"freehold_{name}", says, labels=("model_name", "task"))
            for entry in self._pool.entries:
                family.add_metric((entry.name, entry.task), of(entry))
            yield family
