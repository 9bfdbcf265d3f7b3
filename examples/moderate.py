"""Says whether texts are safe, by a classifier or by a guard.

python examples/moderate.py MODEL "Have a nice day." "You are an idiot."
"""

import sys

import freehold


def main(model: str, *texts: str) -> list[bool]:
    """Print a verdict for each text; whether each is safe."""
    found = freehold.run(model, *texts, task="text-classification").result
    for text, verdict in zip(texts, found.verdicts, strict=True):
        scores = ", ".join(f"{name} {score:.2f}" for name, score in verdict.scores.items())
        print(f"{'safe' if verdict.safe else 'unsafe':6}  {text}  ({scores})")
    return [verdict.safe for verdict in found.verdicts]


if __name__ == "__main__":
    main(*sys.argv[1:])
