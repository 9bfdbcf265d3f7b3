"""Gives arrays to an ONNX or TFLite file and writes the arrays that come out.

python examples/tensors.py model.onnx out/ a.npy b.npy
"""

import sys
from pathlib import Path

import freehold


def main(model: str, out: str, *arrays: str) -> list[Path]:
    """Write each array that comes out into a folder; print their names and shapes."""
    Path(out).mkdir(exist_ok=True)
    answer = freehold.run(model, *map(Path, arrays), out=out)
    print(answer.text)
    return list(answer.files)


if __name__ == "__main__":
    main(*sys.argv[1:])
