"""Speech recognition: picks the worker that knows the architecture of a model."""

from freehold.core.errors import UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import architecture, loader

MODULES = {
    "DeepSpeech": "deepspeech",
    "SeamlessM4TModel": "translating",
    "SeamlessM4Tv2Model": "translating",
    "WhisperForConditionalGeneration": "whisper",
    "Data2VecAudioForCTC": "ctc",
    "HubertForCTC": "ctc",
    "ParakeetForCTC": "ctc",
    "SEWForCTC": "ctc",
    "SEWDForCTC": "ctc",
    "UniSpeechForCTC": "ctc",
    "UniSpeechSatForCTC": "ctc",
    "Wav2Vec2BertForCTC": "ctc",
    "Wav2Vec2ConformerForCTC": "ctc",
    "Wav2Vec2ForCTC": "ctc",
    "WavLMForCTC": "ctc",
    "ConformerForCTC": "conformer",
    "ConformerForRNNT": "conformer",
    "CanaryForConditionalGeneration": "sequence",
    "MoonshineForConditionalGeneration": "sequence",
    "ParakeetForRNNT": "sequence",
    "ParakeetForTDT": "sequence",
    "Speech2TextForConditionalGeneration": "sequence",
}


def load(order: Order) -> object:
    """The model and how it answers."""
    if order.options and architecture(order) != "DeepSpeech":
        raise UsageError(f"{', '.join(order.options)}: only DeepSpeech has options")
    return loader(MODULES, order)
