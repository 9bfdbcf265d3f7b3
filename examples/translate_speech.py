"""Translates what is said in a recording, as text and as speech.

python examples/translate_speech.py MODEL said.wav LANGUAGE out.wav
"""

import sys
from pathlib import Path

import freehold


def main(model: str, recording: str, language: str, out: str) -> str:
    """Write the translated speech to `out`; print its text and give it back."""
    answer = freehold.run(model, Path(recording), task="audio-to-audio", language=language, out=out)
    print(answer.result.text)
    return str(answer.result.text)


if __name__ == "__main__":
    main(*sys.argv[1:5])
