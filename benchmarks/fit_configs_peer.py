"""Runs under the peers' own Python: what they say about each configuration in a folder.

    PYTHON_OF_THE_PEERS benchmarks/fit_configs_peer.py FOLDER

Without network: hf-mem's formula is given the configuration itself (its command would fetch it),
accelerate builds the model from it on the meta device (its command asks the Hub first), and
`llmfit plan` looks the name up in its own list. Prints one JSON object for each configuration;
a question that a peer cannot answer has a reason instead of a number.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONTEXT = 32_768
LONGEST = 120
"""Seconds that one answer may take."""
FLAT = 0.5
"""GiB that llmfit adds to weights and state."""


def hf_mem(config: dict[str, Any], _name: str) -> dict[str, float]:
    """State by the formula of hf-mem: of the text part, keys and values in bf16."""
    from hf_mem.safetensors.kv_cache import (  # type: ignore[import-not-found]
        compute_safetensors_kv_cache_size,
    )

    text = config.get("text_config", config)
    missing = {"hidden_size", "num_hidden_layers", "num_attention_heads"} - set(text)
    if missing:
        raise ValueError(f"needs {', '.join(sorted(missing))}")
    return {"state": compute_safetensors_kv_cache_size(text, "BF16", CONTEXT)}


def llmfit(_config: dict[str, Any], name: str) -> dict[str, float]:
    """State and weights (4 bits) by `llmfit plan`, which knows models by name."""
    tool = Path(sys.executable).parent / "llmfit"
    command = [str(tool), "plan", name, "--context", str(CONTEXT), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    if done.returncode:
        raise ValueError("does not list it")
    plan = json.loads(done.stdout)
    if plan["model_name"].casefold() != name.casefold():
        raise ValueError(f"takes it for {plan['model_name']}")
    weights = plan["disk_size_gb"]
    return {"state": (plan["minimum"]["vram_gb"] - weights - FLAT) * 2**30}


def accelerate(config: dict[str, Any], _name: str) -> dict[str, float]:
    """Weights in 16 bits, as `accelerate estimate-memory` counts them from a configuration."""
    import torch
    from accelerate import init_empty_weights
    from accelerate.utils import calculate_maximum_sizes
    from transformers import AutoConfig, AutoModel

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text(json.dumps(config))
        read = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    with init_empty_weights():
        model = AutoModel.from_config(read, dtype=torch.float32)
    total, _ = calculate_maximum_sizes(model)
    return {"weights": total / 2}


PEERS: dict[str, Callable[[dict[str, Any], str], dict[str, float]]] = {
    "hf-mem": hf_mem, "llmfit": llmfit, "accelerate": accelerate,
}  # fmt: skip


def ask(peer: str, config: dict[str, Any], name: str) -> dict[str, Any]:
    """What one peer says, or why it cannot."""
    signal.alarm(LONGEST)
    try:
        return dict(PEERS[peer](json.loads(json.dumps(config)), name))
    except Exception as error:  # a peer may fail in any way; the table says how
        return {"reason": f"{type(error).__name__}: {error}".splitlines()[0][:120]}
    finally:
        signal.alarm(0)


def too_long(_number: int, _frame: object) -> None:
    """End an answer that takes too long."""
    raise TimeoutError(f"no answer in {LONGEST} s")


def main() -> None:
    """Ask every peer about every configuration."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    signal.signal(signal.SIGALRM, too_long)
    for path in sorted(Path(sys.argv[1]).glob("*_config.json")):
        if "_hf_quant_" in path.name:
            continue
        config = json.loads(path.read_text())
        name = path.name.removesuffix("_config.json").replace("--", "/")
        answers = {peer: ask(peer, config, name) for peer in PEERS}
        print(json.dumps({"file": path.name, **answers}), flush=True)


if __name__ == "__main__":
    main()
