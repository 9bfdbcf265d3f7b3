"""Look inside a model: how it is built and stored, and what its weights are like.

    python examples/inspect_model.py [MODEL]

Without a model, a small one with random weights is invented. The statistics need numpy:
pip install 'freehold[inspect]'.
"""

import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from freehold import inspect
from freehold.formats.invented_llama import Shape, write_llama

SHAPE = Shape(layers=4, width=256, feed=512, heads=4, kv_heads=2, kind="Q4_K")


def main(model: Path) -> None:
    """Print a model's size, the parts of its tree, its types, and the spread of each layer."""
    found = inspect(model, stats=find_spec("numpy") is not None, text="Hello world")
    print(f"{found.name}: {found.parameters:,} parameters, {found.bits:.2f} bits a weight")
    for branch in found.tree.inside:
        print(f"  {branch.name}: {branch.times} x {branch.parameters // branch.times:,}")
    for kind in found.kinds:
        print(f"  {kind.name}: {kind.bits:.2f} bits in {', '.join(kind.types)}")
    if found.tokenizer:
        print(f"  {found.tokenizer.kind}: {found.tokenizer.pieces}")
    if found.statistics:
        for layer, moments in found.statistics.by_layer().items():
            print(f"  {layer}: std {moments.std:.4f}, {moments.outliers} outliers")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            write_llama(Path(folder) / "invented.gguf", SHAPE)
            main(Path(folder) / "invented.gguf")
