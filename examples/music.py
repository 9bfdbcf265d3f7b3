"""Makes music or a sound from words, and says how far it is.

python examples/music.py MODEL "slow piano in the rain" out.wav [SECONDS]
"""

import sys

import freehold
from freehold.actions.run import stream
from freehold.tasks.base import Progress


def main(model: str, words: str, out: str, seconds: float = 8.0) -> int:
    """Write the music to `out`; give back the seed, with which it can be made again."""
    seed = 0
    for part in stream(model, words, task="text-to-audio", length=seconds, out=out):
        if isinstance(part, Progress) and part.left is not None:
            print(f"\r{part.done} of {part.of} {part.what}, {part.left:.0f} s left ", end="")
        elif isinstance(part, freehold.Answer):
            seed = part.result.seed
            print(f"\n{out}: {part.result.seconds:.1f} seconds, seed {seed}")
    return seed


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(float, sys.argv[4:5]))
