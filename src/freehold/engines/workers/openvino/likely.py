"""How likely each token is after those before it, by a pass of the model over the whole text."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from freehold.engines.workers.openvino.devices import device, of_state, properties
from freehold.engines.workers.order import Order
from freehold.tasks.text_generation import Token

FILE = "openvino_model.xml"


class Likely:
    """The plain model beside the pipeline; it is opened when it is first asked."""

    def __init__(self, order: Order, words: Any) -> None:
        self._order, self._words = order, words
        self._model: Any = None

    def tokens(self, ids: Sequence[int], first: int, many: int) -> tuple[Token, ...]:
        """From the place `first` on: each token, its logarithm, the likeliest at its place.

        The very first token follows nothing, so its logarithm is 0.
        """
        numpy, scores = import_module("numpy"), self._scores(ids)
        found = [Token(self._text(ids[0]), 0.0)] if first == 0 else []
        for place in range(max(first, 1), len(ids)):
            logs = scores[place - 1].astype(numpy.float64)
            logs -= logs.max()
            logs -= numpy.log(numpy.exp(logs).sum())
            best = numpy.argsort(-logs)[:many]
            others = tuple((self._text(int(one)), float(logs[one])) for one in best)
            found.append(Token(self._text(ids[place]), float(logs[ids[place]]), others))
        return tuple(found)

    def _scores(self, ids: Sequence[int]) -> Any:
        """Of every place the scores of what may come next."""
        numpy = import_module("numpy")
        if self._model is None:
            self._model = self._opened()
        length, request = len(ids), self._model.create_infer_request()
        given = {
            "input_ids": numpy.array([ids], dtype=numpy.int64),
            "attention_mask": numpy.ones((1, length), dtype=numpy.int64),
            "position_ids": numpy.arange(length, dtype=numpy.int64)[None],
            "beam_idx": numpy.zeros(1, dtype=numpy.int32),
        }
        names = {name for port in self._model.inputs for name in port.names}
        request.infer({name: value for name, value in given.items() if name in names})
        return request.get_tensor("logits").data[0]

    def _opened(self) -> Any:
        told = {**properties(self._order), **of_state(self._order)}
        path = str(Path(self._order.model) / FILE)
        return import_module("openvino").Core().compile_model(path, device(self._order), told)

    def _text(self, token: int) -> str:
        return str(self._words.decode([int(token)], skip_special_tokens=False))
