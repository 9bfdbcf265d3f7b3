"""Asks a model that sees and writes about a picture.

python examples/vision_chat.py MODEL photo.jpg "What is this?"
"""

import sys
from pathlib import Path

import freehold


def main(model: str, picture: str, question: str, most: int = 300) -> str:
    """Print the answer and give it back."""
    answer = freehold.run(model, Path(picture), question, max_tokens=most)
    print(answer.text)
    return answer.text


if __name__ == "__main__":
    main(*sys.argv[1:4])
