"""Speech translation and spoken conversation: picks the worker that knows a model."""

from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import loader

MODULES = {
    "LlamaForCausalLM": "spiritlm",
    "Qwen2AudioForConditionalGeneration": "listening",
    "SeamlessM4TModel": "translating",
    "SeamlessM4Tv2Model": "translating",
}


def load(order: Order) -> object:
    """The model and how it answers."""
    return loader(MODULES, order)
