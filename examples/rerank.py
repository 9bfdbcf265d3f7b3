"""Sorts documents by how well they answer a question.

python examples/rerank.py MODEL "Who wrote Faust?" "Goethe wrote Faust." "A fast car."
"""

import sys

import freehold


def main(model: str, question: str, *documents: str) -> list[str]:
    """Print the documents, the best first, and give them back."""
    found = freehold.run(model, question, *documents, task="text-ranking").result
    for one in found.ranked:
        print(f"{one.score:8.4f}  {documents[one.index]}")
    return [documents[one.index] for one in found.ranked]


if __name__ == "__main__":
    main(*sys.argv[1:])
