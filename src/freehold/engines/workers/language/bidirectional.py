"""NVIDIA's Llama that reads in both directions: for vectors, and with a head for ranking.

Its files name `llama_bidirec`, a class that comes with the model as code. The same numbers come
from the library's own Llama with causality switched off; the head is one linear layer over the
pooled states, divided by a temperature.
"""

from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaModel
from transformers.modeling_outputs import SequenceClassifierOutput

from freehold.engines.workers.language.loading import said
from freehold.engines.workers.language.pooling import MODES, pooled

KIND = "llama_bidirec"
PROMPTS = {"query": "query: ", "document": "passage: "}
"""What its publisher puts before questions and passages."""


def recognized(folder: Path) -> Any | None:
    """The configuration of such a model, or None for any other."""
    told = said(folder, "config.json")
    if told.get("model_type") != KIND:
        return None
    kept = {key: value for key, value in told.items() if key not in ("model_type", "auto_map")}
    config = LlamaConfig(**kept)
    config.is_causal = False
    config.pooling = told.get("pooling", "avg")
    config.temperature = float(told.get("temperature", 1.0))
    config.usual_prompts = PROMPTS
    return config


class Ranker(LlamaModel):
    """The same with one score for a text."""

    base_model_prefix = "model"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.score = torch.nn.Linear(config.hidden_size, config.num_labels, bias=False)
        self.post_init()

    def forward(self, input_ids: Any, attention_mask: Any, **_: Any) -> SequenceClassifierOutput:
        """Scores (texts, labels)."""
        found = super().forward(input_ids=input_ids, attention_mask=attention_mask)
        states = found.last_hidden_state
        vectors = pooled(MODES[self.config.pooling], states, attention_mask)
        return SequenceClassifierOutput(logits=self.score(vectors) / self.config.temperature)
