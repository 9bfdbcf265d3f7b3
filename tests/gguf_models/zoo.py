"""The models that memory prediction is held against, at their real sizes."""

from collections.abc import Iterator

from tests.gguf_models import dense, encoders, experts, recurrent
from tests.gguf_models.layouts import plain
from tests.gguf_models.likes import likes
from tests.gguf_models.writer import Model


def zoo() -> Iterator[Model]:
    """Every model, from 100 MB to 400 GB, and a small one of each that is like another."""
    yield dense.llama("llama-8b", 32, 4096, 32, 8, 14336, 128256)
    yield dense.llama("llama-70b", 80, 8192, 64, 8, 28672, 128256)
    yield dense.llama(
        "llama-1b-tied", 16, 2048, 32, 8, 8192, 128256, plain("Q8_0"), key=64, tied=True
    )
    yield dense.llama("llama-7b-mha", 32, 4096, 32, 32, 11008, 32000, plain("Q4_0"))
    yield dense.llama("llama-42m", 8, 512, 8, 8, 1376, 32000, plain("F16"), key=64)
    yield dense.llama(
        "qwen2-0.5b", 24, 896, 14, 2, 4864, 151936, plain("Q8_0"), key=64, architecture="qwen2",
        bias=True, tied=True,
    )  # fmt: skip
    yield dense.llama(
        "qwen3-0.6b", 28, 1024, 16, 8, 3072, 151936, architecture="qwen3", normed=True, tied=True,
    )  # fmt: skip
    yield dense.llama(
        "qwen3-32b", 64, 5120, 64, 8, 25600, 151936, architecture="qwen3", normed=True
    )
    yield dense.gemma("gemma-2b-mqa", "gemma", 18, 2048, 8, 1, 16384, 256000)
    yield dense.gemma("gemma2-9b", "gemma2", 42, 3584, 16, 8, 14336, 256000, window=4096)
    yield dense.gemma(
        "gemma3-1b", "gemma3", 26, 1152, 4, 1, 6912, 262144, mix=plain("Q4_0"), window=512
    )
    yield dense.gemma("gemma3-27b", "gemma3", 62, 5376, 32, 16, 21504, 262144, key=128, window=1024)
    yield dense.gemma3n("gemma3n-e4b", 35, 2048, 16384, 262144, plain("Q4_K"))
    yield dense.olmo2("olmo2-7b", 32, 4096, 32, 32, 11008, 100352)
    yield dense.phi3("phi3-mini", 32, 3072, 32, 8192, 32064)
    yield dense.starcoder2("starcoder2-3b", 30, 3072, 24, 2, 12288)
    yield dense.starcoder("starcoder-1b-mqa", 24, 2048, 16, 8192)
    yield dense.command_r("command-r-35b", 40, 8192, 64, 64, 22528)
    yield experts.mixture(
        "mixtral-8x7b", "llama", 32, 4096, 32, 8, 14336, experts=8, used=2, vocabulary=32000
    )
    yield experts.mixture(
        "qwen3moe-30b",
        "qwen3moe",
        48,
        2048,
        32,
        4,
        768,
        experts=128,
        used=8,
        vocabulary=151936,
        normed=True,
    )
    yield experts.gpt_oss("gpt-oss-20b", 24, 32)
    yield experts.llama4("llama4-scout", 48, 16, 1)
    yield experts.deepseek2(
        "deepseek2-lite", 27, 2048, 16, 10944, 1408, 64, used=6, vocabulary=102400
    )
    yield experts.deepseek2(
        "deepseek-v3",
        61,
        7168,
        128,
        18432,
        2048,
        256,
        used=8,
        vocabulary=129280,
        query=1536,
        dense=3,
        shared=1,
    )
    yield recurrent.mamba("mamba-2.8b", 64, 2560, 50280)
    yield recurrent.mamba2("mamba2-2.7b", 64, 2560, 50288)
    yield recurrent.jamba("jamba-mini", 32, 4096, 16)
    yield recurrent.granite_hybrid("granite4-tiny", 40, 1536, 62, 512)
    yield recurrent.nemotron_h(
        "nemotron-h-8b", "M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M-", 4096, 21504
    )
    yield recurrent.qwen3next("qwen3next-80b", 48, 2048, 512, 512)
    yield recurrent.qwen35("qwen35-9b", 32, 4096, 16, 4, 12288)
    yield recurrent.lfm2("lfm2-1.2b", 16, 2048, 8192)
    yield recurrent.rwkv7("rwkv7-1.5b", 24, 2048)
    yield encoders.bert("bert-base", "bert", 12, 768, 12, 3072)
    yield encoders.bert("nomic-embed", "nomic-bert", 12, 768, 12, 3072)
    yield encoders.t5("t5-large", 24, 1024, 16, 2816)
    yield from likes()
