"""Makes a small VISTA-3D with random weights, and what MONAI itself finds with it.

Run by the Python of the runtime: `python tiny_volumes.py FOLDER`.
"""

import json
import sys
from pathlib import Path

import numpy
import torch
from monai.networks.nets import vista3d132
from safetensors.torch import save_file

HERE = Path(sys.argv[1])
SIZE = (32, 32, 32)


def main() -> None:
    """The model, a volume in Hounsfield units, and the masks of two classes and of a point."""
    torch.manual_seed(0)
    model = vista3d132(encoder_embed_dim=8, in_channels=1).eval()
    (HERE / "vista").mkdir()
    said = {"architectures": ["VISTA3DModel"], "model_type": "VISTA3D", "encoder_embed_dim": 8}
    (HERE / "vista" / "config.json").write_text(json.dumps(said))
    weights = {f"network.{name}": value.clone() for name, value in model.state_dict().items()}
    save_file(weights, HERE / "vista" / "model.safetensors")
    volume = (torch.rand(SIZE) * 2000 - 1000).to(torch.int16)
    numpy.save(HERE / "volume.npy", volume.numpy())
    seen = (volume.float() + 963.8247715525971) / (1053.678477684517 + 963.8247715525971)
    seen = seen.clamp(0, 1)[None, None]
    with torch.inference_mode():
        found = model(seen, class_vector=torch.tensor([[1], [5]]))[:, 0] > 0
        shown = model(
            seen,
            point_coords=torch.tensor([[[5.0, 6.0, 7.0]]]),
            point_labels=torch.tensor([[1]]),
            prompt_class=torch.tensor([[133]]),
        )[:, 0] > 0  # fmt: skip
    for name, mask in zip(("one", "five", "point"), (*found, *shown), strict=True):
        numpy.save(HERE / f"{name}.npy", mask.numpy().astype(numpy.uint8))


if __name__ == "__main__":
    main()
