"""Changes a picture by words, everywhere or only where a mask is white.

python examples/change_image.py MODEL photo.png "a snowy day" snow.png
python examples/change_image.py MODEL photo.png "a red door" door.png mask.png
"""

import sys
from pathlib import Path
from typing import Any

import freehold


def main(model: str, picture: str, prompt: str, out: str, mask: str = "", **wishes: Any) -> Path:
    """Write the changed picture; `strength` in the wishes says how much may change."""
    images = [Path(picture), *([Path(mask)] if mask else [])]
    wishes = {"strength": 0.6, **wishes}
    return freehold.run(model, prompt, *images, out=out, **wishes).files[0]


if __name__ == "__main__":
    main(*sys.argv[1:6])
