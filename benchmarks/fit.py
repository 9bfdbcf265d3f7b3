"""How well memory and speed are predicted: every table of accuracy in one run.

python benchmarks/fit.py [--engine PYTHON] [--torch PYTHON] [--peers PYTHON] [--configs FOLDER]
                         [--speeds FILE]

`--engine` is a Python that has xllamacpp, `--torch` one with torch, transformers and diffusers,
`--peers` one with hf-mem, llmfit, accelerate and transformers; `--configs` is a folder of
config.json files, `--speeds` a file of decode speeds that users reported. What is not given is
named and left out. With everything it takes about an hour on two cores.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run what can be run, in order; 1 when a part failed."""
    said = arguments()
    parts = [
        ("GGUF on llama.cpp, against its own allocator", "fit_gguf.py", [said.engine], {}),
        ("GGUF on llama.cpp, small models run for real", "fit_gguf_real.py", [said.engine], {}),
        ("Transformers and diffusers, against what they took", "fit_torch.py",
         ["--python", said.torch], {}),
        ("Weights and state of Transformers' own default configurations", "fit_defaults.py", [],
         {"PEER": said.peers}),
        ("The same configurations by other tools", "fit_configs.py", [said.configs],
         {"PEER": said.peers}),
        ("Speed, devices left out", "speed.py", [said.speeds], {}),
        ("This machine, calibrated and held against a run", "calibration.py", [], {}),
    ]  # fmt: skip
    return max(one(title, script, words, more) for title, script, words, more in parts)


def arguments() -> argparse.Namespace:
    """The places of what is measured against."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("engine", "torch", "peers", "configs", "speeds"):
        parser.add_argument(f"--{name}")
    return parser.parse_args()


def one(title: str, script: str, words: list[str | None], more: dict[str, str | None]) -> int:
    """Run one script and let it print; 0 also where something for it was not given."""
    print(f"\n## {title}\n", flush=True)
    given = [word for word in words if word is not None]
    if len(given) < len(words) or None in more.values():
        print(f"left out: {script} needs what was not given")
        return 0
    path = f"{HERE.parent / 'src'}{os.pathsep}{HERE.parent}"
    extra = {name: value for name, value in more.items() if value is not None}
    done = subprocess.run(
        [sys.executable, str(HERE / script), *given],
        env={**os.environ, "PYTHONPATH": path, **extra},
        check=False,
    )
    return int(done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
