"""Makes the model from nothing: data, tokenizer, network, files, figures.

    pip install -r requirements.txt
    python make.py WORKFOLDER

With `--data` it makes the data only and proves their digest.
"""

import subprocess
import sys
import time
from pathlib import Path

PAIRS = 1_700_000
DIGEST = "4c6f22892b2d4c717da396d82e5789604f19778a9028b8cdf5e67ded4bb85d71"
"""Of the pairs: SHA-256 over all lines."""
HERE = Path(__file__).parent


def step(name: str, *words: str) -> str:
    """Run one program of the recipe and tell how long it took; what it prints."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(HERE / name), *words], check=True, text=True, stdout=subprocess.PIPE
    )
    print(done.stdout.strip())
    print(f"{name}: {(time.monotonic() - began) / 60:.1f} min", flush=True)
    return done.stdout


def main() -> None:
    """All steps, in their order."""
    work = Path(sys.argv[1])
    work.mkdir(parents=True, exist_ok=True)
    pairs, tokenizer, weights = work / "pairs.tsv", work / "tokenizer.json", work / "weights.pt"
    if DIGEST not in step("generate.py", str(PAIRS), str(pairs)):
        sys.exit(f"error: the data are other data: their digest is not {DIGEST}")
    if "--data" in sys.argv:
        return
    step("tokenizing.py", str(pairs), str(tokenizer))
    step("train.py", str(pairs), str(tokenizer), str(weights))
    step("export.py", str(weights), str(tokenizer), str(HERE.parent))
    step("evaluate.py", "--write")


if __name__ == "__main__":
    main()
