"""Reads a picture: describes it, or finds things, texts, distances or labels in it.

python examples/read_image.py MODEL photo.jpg
python examples/read_image.py MODEL photo.jpg objects
python examples/read_image.py MODEL photo.jpg labels "a fox" "a dog"
"""

import sys
from pathlib import Path

import freehold


def main(model: str, picture: str, look: str | None = None, *words: str) -> str:
    """Print what was read and give it back; `look` is one of the words of `freehold run --help`."""
    answer = freehold.run(model, Path(picture), *words, task="image-to-text", look=look)
    print(answer.text)
    return answer.text


if __name__ == "__main__":
    main(*sys.argv[1:])
