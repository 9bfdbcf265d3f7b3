"""Turns a recording into codes and back, and says how small the codes are.

python examples/codec.py MODEL song.wav codes.npy again.wav
"""

import sys
from pathlib import Path

import freehold


def main(model: str, recording: str, codes: str, again: str) -> float:
    """Write the codes and the sound that they stand for; give back kbit per second."""
    coded = freehold.run(model, Path(recording), task="audio-codec", out=codes).result
    freehold.run(model, Path(codes), task="audio-codec", out=again)
    rate = Path(codes).stat().st_size * 8 / 1000 / coded.seconds
    print(f"{coded.codebooks} codebooks x {coded.frames} frames for {coded.seconds:.1f} seconds")
    return rate


if __name__ == "__main__":
    main(*sys.argv[1:5])
