"""Which tasks models of sound and series can do, by what their configurations say."""

import pytest

from freehold.judge.abilities import of_class


@pytest.mark.parametrize(
    ("architecture", "first"),
    [
        ("WhisperForConditionalGeneration", "automatic-speech-recognition"),
        ("Wav2Vec2ForCTC", "automatic-speech-recognition"),
        ("ParakeetForTDT", "automatic-speech-recognition"),
        ("Wav2Vec2ForPreTraining", "feature-extraction"),
        ("ClapModel", "feature-extraction"),
        ("VitsModel", "text-to-audio"),
        ("SeamlessM4Tv2Model", "audio-to-audio"),
        ("MimiModel", "audio-codec"),
        ("MusicVAE", "music-latents"),
        ("JukeboxModel", "text-to-audio"),
        ("ConformerForCTC", "automatic-speech-recognition"),
        ("ConformerForRNNT", "automatic-speech-recognition"),
        ("TimesFm2_5ModelForPrediction", "time-series-forecasting"),
        ("ChronosBoltModelForForecasting", "time-series-forecasting"),
        ("TinyTimeMixerForPrediction", "time-series-forecasting"),
    ],
)
def test_the_usual_task_follows_from_the_architecture(architecture: str, first: str) -> None:
    assert of_class(architecture)[0] == first


def test_a_t5_that_says_how_values_become_tokens_forecasts() -> None:
    assert of_class("T5ForConditionalGeneration", {"chronos_config": {}}) == (
        "time-series-forecasting",
    )
    assert of_class("T5ForConditionalGeneration", {}) == ("text-generation",)


def test_a_model_that_hears_and_writes_does_both() -> None:
    tasks = of_class("Qwen2AudioForConditionalGeneration")
    assert tasks == ("text-generation", "audio-to-audio")
