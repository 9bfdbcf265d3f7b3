"""Finds an object in a picture by a point inside of it, or everything a model has labels for.

python examples/segment.py MODEL photo.jpg masks/ 240,180
python examples/segment.py MODEL street.jpg masks/
"""

import sys
from pathlib import Path

import freehold


def main(model: str, picture: str, out: str, *points: str) -> list[float]:
    """Write the masks into a folder; print and give back which part of the picture each covers."""
    Path(out).mkdir(exist_ok=True)
    answer = freehold.run(model, Path(picture), task="image-segmentation", out=out, point=points)
    print(answer.text)
    return [mask.share for mask in answer.result.masks]


if __name__ == "__main__":
    main(*sys.argv[1:])
