"""Asks a model of language a question and prints the answer while it is written.

    python examples/chat.py MODEL "Why is the sky blue?"

MODEL is a folder or file on this machine, or the name of one that `freehold get` brought.
"""

import sys

from freehold.actions.run import Answer, stream


def main(model: str, question: str, most: int = 300) -> str:
    """Print the pieces as they come, then what the run took; the whole answer."""
    for part in stream(model, question, max_tokens=most):
        if isinstance(part, Answer):
            took = part.measured
            print(f"\n[{took.engine} {took.version}, {took.peak / 2**30:.2f} GiB at most]")
            for note in part.notes:
                print(f"[{note}]")
            return part.text
        print(getattr(part, "text", ""), end="", flush=True)
    return ""


if __name__ == "__main__":
    main(*sys.argv[1:3])
