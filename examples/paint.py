"""Paints a picture from words; the same seed paints the same picture again.

python examples/paint.py MODEL "a red fox in the snow" fox.png
"""

import sys
from pathlib import Path
from typing import Any

import freehold


def main(model: str, prompt: str, out: str, **wishes: Any) -> Path:
    """Write the picture, and print its seed and what must be known of it."""
    answer = freehold.run(model, prompt, out=out, **wishes)
    print(f"seed {answer.result.seed}, {answer.result.work.seconds:.1f} seconds")
    for note in answer.notes:
        print(f"note: {note}")
    return answer.files[0]


if __name__ == "__main__":
    main(*sys.argv[1:4])
