"""Turns texts into vectors, and prints how alike each is to the first.

python examples/embed.py MODEL "a red fox" "a fox in the snow" "the stock market"
"""

import sys

import freehold
from freehold.tasks.feature_extraction import floats


def main(model: str, *texts: str) -> list[float]:
    """Print and give back the likeness of each text with the first: vectors have length 1."""
    found = freehold.run(model, *texts, task="feature-extraction").result
    first, *others = (floats(vector) for vector in found.dense)
    alike = [sum(a * b for a, b in zip(first, other, strict=True)) for other in others]
    for text, likeness in zip(texts[1:], alike, strict=True):
        print(f"{likeness:+.3f}  {text}")
    return alike


if __name__ == "__main__":
    main(*sys.argv[1:])
