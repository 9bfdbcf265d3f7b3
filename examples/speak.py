"""Speaks a text.

    python examples/speak.py MODEL "Good day to you." out.wav [VOICE]

For models whose voice is a vector, VOICE is a file (.npy); for others the name of a voice.
"""

import sys
from pathlib import Path

import freehold


def main(model: str, text: str, out: str, voice: str | None = None) -> float:
    """Write the speech to `out`, and give back how many seconds it has."""
    inputs: list[str | Path] = [text]
    if voice is not None and voice.endswith(".npy"):
        inputs.append(Path(voice))
        voice = None
    answer = freehold.run(model, *inputs, task="text-to-audio", voice=voice, out=out)
    print(f"{out}: {answer.result.seconds:.1f} seconds")
    return float(answer.result.seconds)


if __name__ == "__main__":
    main(*sys.argv[1:5])
