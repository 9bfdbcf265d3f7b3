"""Small GGUF models, loaded and run for real: their peak memory beside what Freehold predicts.

    PYTHONPATH=. python benchmarks/fit_gguf_real.py ENGINE_PYTHON

Every model is written whole, with noise for weights, and runs in a process of its own, without a
vocabulary and without a server; the words of the vocabulary are therefore taken out of what is
predicted, the server is not. With a mapped file the process also shows pages that the system can
drop at any time; they stand in a column of their own.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.gguf_models import dense, encoders, experts, recurrent
from tests.gguf_models.layouts import plain
from tests.gguf_models.writer import Model

from freehold.formats.gguf import read_gguf
from freehold.judge.anatomy.from_gguf import anatomy
from freehold.judge.fitting.llamacpp import PER_WORD, memory
from freehold.judge.fitting.parts import Setting

ORACLE = Path(__file__).with_name("llamacpp_oracle.py")
CONTEXT = 4096
MB = 1e6


def models() -> Iterator[Model]:
    """From 60 to 400 MB, of each kind."""
    for kind in ("F16", "Q8_0", "Q4_0"):
        mix = plain(kind)
        yield dense.llama(f"llama {kind}", 12, 1024, 16, 8, 2816, 32000, mix, key=64)
    yield dense.gemma(
        "gemma3 Q4_0", "gemma3", 12, 1024, 4, 1, 4096, 65536, mix=plain("Q4_0"), window=512
    )
    yield experts.mixture(
        "qwen3moe Q8_0", "qwen3moe", 6, 1024, 16, 4, 512, experts=16, used=4, vocabulary=32000,
        key=64, mix=plain("Q8_0"), normed=True,
    )  # fmt: skip
    yield experts.deepseek2(
        "deepseek2 Q4_K", 4, 1024, 16, 2816, 512, 16, used=4, vocabulary=32000, query=512
    )
    yield recurrent.mamba2("mamba2 Q8_0", 8, 1024, 32000)
    yield recurrent.lfm2("lfm2 Q4_K", 9, 1024, 4608)
    yield recurrent.qwen35("qwen35 Q4_K", 4, 1024, 8, 2, 3072)
    yield encoders.bert("bert F16", "bert", 12, 768, 12, 3072)


def main() -> None:
    """One line per model and way to load it."""
    engine = sys.argv[1]
    names = ("file", "how", "predicted", "peak", "droppable", "error")
    print(f"{'model':20}" + "".join(f"{name:>11}" for name in names) + "   (MB)")
    with TemporaryDirectory() as folder:
        for model in models():
            path = model.whole(Path(folder) / "model.gguf")
            for mapped in (True, False):
                _compare(engine, model, path, mapped)


def _compare(engine: str, model: Model, path: Path, mapped: bool) -> None:
    head = read_gguf(path)
    setting = Setting(context=512 if model.architecture == "bert" else CONTEXT)
    built = anatomy(head.metadata, head.tensor_list)
    ours = memory(built, head.tensor_list, setting, mapped=mapped)
    asked = {
        "context": setting.context, "mapped": mapped, "outputs": 1,
        "embeddings": built.kind == "encoder",
    }  # fmt: skip
    command = (engine, str(ORACLE), str(path), "--run", json.dumps(asked))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    dropped = ours.loading if mapped else 0
    needed = seen["peak"] - dropped
    total = ours.total - PER_WORD * built.vocabulary
    kind = "mapped" if mapped else "read"
    sizes = (total, needed, dropped)
    print(
        f"{model.name:20}{model.size / MB:11.0f}{kind:>11}"
        + "".join(f"{size / MB:11.1f}" for size in sizes)
        + f"{100 * (total / needed - 1):+10.1f} %",
        flush=True,
    )


if __name__ == "__main__":
    main()
