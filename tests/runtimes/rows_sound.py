"""What was seen to run of the rows about sound, music and series: by which test.

A row names a family of the knowledge base. `part` says what is not there; empty where nothing is
missing.
"""

from typing import TypedDict

HEARS, SOUNDS = "automatic-speech-recognition", "text-to-audio"
TALKS, CODES, NOTES = "audio-to-audio", "audio-codec", "music-latents"
FORECASTS, VECTORS = "time-series-forecasting", "feature-extraction"
HEARD = "tests/runtimes/test_recognition.py::"
SPOKEN = "tests/runtimes/test_speaking.py::"
TALKED = "tests/runtimes/test_conversing.py::"
SEEN = "tests/runtimes/test_forecasting.py::"
PORTS = "tests/runtimes/test_sound_ports.py::"
WHISPER = f"{HEARD}test_whisper_hears_what_the_library_hears"
OTHERS = f"{HEARD}test_others_hear_what_the_library_hears"
CANARY = f"{HEARD}test_canary_is_told_two_languages"
VITS = f"{SPOKEN}test_vits_speaks_as_the_library_and_says_what_it_cannot_read"
UNPROVEN = "held against a second computation, not against the published weights"


class Row(TypedDict):
    """One family on one engine."""

    engine: str
    task: str
    test: str
    part: str


def row(task: str, test: str, part: str = "") -> Row:
    """One row on this engine."""
    return Row(engine="transformers", task=task, test=test, part=part)


ROWS: dict[str, Row] = {
    "whisper": row(HEARS, WHISPER),
    "distil-whisper": row(HEARS, WHISPER),
    "wav2vec-2.0": row(
        HEARS,
        f"{HEARD}test_wav2vec2_says_when_each_word_was_said_and_hears_long_recordings",
    ),
    "mms": row(HEARS, f"{HEARD}test_mms_takes_the_adapter_of_each_language_and_comes_back"),
    "transformers-speech": row(
        SOUNDS, f"{SPOKEN}test_speecht5_takes_its_voice_from_a_file",
        "a voice is a vector in a file: none is made from a recording",
    ),
    "parakeet": row(
        HEARS, f"{OTHERS}[parakeet]",
        f"archives named .nemo become folders by `freehold convert`, which is {UNPROVEN}",
    ),
    "canary": row(HEARS, CANARY, "times of parts only, not of words"),
    "nemo-speech": row(
        HEARS, CANARY, "recognition; its speech (FastPitch, HiFi-GAN) is in no library here"
    ),
    "nvidia-conformer": row(
        HEARS,
        "tests/runtimes/test_nemo.py::test_a_recognizer_of_nemo_says_what_plain_functions_say",
        f"`freehold convert` makes a folder of the .nemo first; {UNPROVEN}",
    ),
    "moonshine": row(HEARS, f"{OTHERS}[moonshine]"),
    "deepspeech": row(
        HEARS, f"{PORTS}test_deepspeech_hears_what_plain_loops_hear",
        f"written without a language model; the released .pbmm files are not read; {UNPROVEN}",
    ),
    "coqui-tts": row(
        SOUNDS, VITS, "VITS in the layout of Transformers; XTTS, Tacotron 2 and Glow-TTS need "
        "Coqui's own library",
    ),
    "espnet": row(
        SOUNDS, f"{SPOKEN}test_fastspeech_speaks_phonemes",
        "FastSpeech2Conformer from phonemes; letters are not turned into them",
    ),
    "musicgen": row(
        SOUNDS, f"{SPOKEN}test_musicgen_plays_as_long_as_was_asked_and_says_how_far_it_is",
        "the models that follow a melody are not there",
    ),
    "audiogen": row(
        SOUNDS, f"{SPOKEN}test_musicgen_plays_as_long_as_was_asked_and_says_how_far_it_is",
        "in the layout of MusicGen at 16 kHz; the publisher's own files are not converted",
    ),
    "encodec": row(
        CODES, "tests/runtimes/test_codec.py::"
        "test_sound_becomes_the_codes_of_the_library_and_sound_again[encodec-1.0]",
        "24 kHz and other models of one channel; the one of 48 kHz in stereo is refused",
    ),
    "seamless-m4t": row(
        TALKS,
        f"{TALKED}test_seamless_translates_speech_and_text_into_speech_and_text[seamless_v2]",
    ),
    "musicvae": row(
        NOTES, f"{PORTS}test_musicvae_encodes_and_unrolls_as_plain_loops_do[musicvae_js]",
        f"flat melody models; drums, trios and 16 bars are refused; {UNPROVEN}",
    ),
    "granite-timeseries-ttm": row(
        FORECASTS, f"{SEEN}test_granite_ttm_gives_the_numbers_of_its_own_library",
        "zero-shot checkpoints without exogenous channels or quantiles",
    ),
    "chronos": row(
        FORECASTS, f"{SEEN}test_chronos_bolt_gives_the_numbers_of_its_own_library",
        "the T5 models and Bolt, on the processor; Chronos-2 is a family of its own",
    ),
    "timesfm-2.5": row(FORECASTS, f"{SEEN}test_timesfm_2_5_gives_what_the_library_gives"),
    "jukebox": row(
        SOUNDS, "tests/runtimes/test_jukebox.py::test_jukebox_sings_what_plain_functions_sing",
        "in the layout of Transformers 4.40, not the publisher's .pth.tar files; a voice is an "
        f"artist; {UNPROVEN}",
    ),
    "spirit-lm": row(
        TALKS,
        "tests/runtimes/test_spiritlm.py::test_it_goes_on_in_speech_or_text_as_plain_functions_do",
        "the base model, in speech or in text; the expressive one reads and writes text only, as "
        f"pitch and style are neither heard nor spoken; no answer that mixes both; {UNPROVEN}",
    ),
}  # fmt: skip
