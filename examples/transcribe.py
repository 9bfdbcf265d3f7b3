"""Writes down a recording, with times, and prints each part as soon as it is heard.

python examples/transcribe.py MODEL meeting.mp3 [LANGUAGE]
"""

import sys
from pathlib import Path

import freehold
from freehold.actions.run import stream
from freehold.tasks.automatic_speech_recognition import Piece


def main(model: str, recording: str, language: str | None = None) -> str:
    """Print what is said while it is heard, then when; give all of it back."""
    text = ""
    for part in stream(model, Path(recording), language=language, timestamps="segment"):
        if isinstance(part, Piece):
            print(part.text, end="", flush=True)
        elif isinstance(part, freehold.Answer):
            text = part.result.text
            print()
            for segment in part.result.segments:
                print(f"{segment.start:8.2f} {segment.end:8.2f}  {segment.text.strip()}")
    return text


if __name__ == "__main__":
    main(*sys.argv[1:4])
