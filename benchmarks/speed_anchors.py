"""Published speeds of models on machines, typed from their reports, to fit the defaults on.

Rows are (accelerator, engine, model, quantization, length of the text, tokens per second made,
tokens per second read or None). All with one processor and one request at a time.
"""

from typing import NamedTuple

SOURCES = {
    "dai": "XiongjieDai, GPU-Benchmarks-on-LLM-Inference, llama.cpp of May 2024",
    "geerling": "Jeff Geerling, ai-benchmarks, llama.cpp of November 2025 to February 2026",
    "normie": "normiebench results, llama.cpp, reported 2026-03-08",
    "gaessler": "Johannes Gaessler, llama.cpp pull requests 4766 and 15802, 2024 and 2025",
    "vulkanforge": "VulkanForge benchmarks of llama.cpp's Vulkan backend, 2026-06-10",
    "gerganov": "llama.cpp on DGX Spark, build 6767, 2025-10-15",
    "teply": "CambrianTech continuum, pull request 1627, 2026-06-15",
}


class Anchor(NamedTuple):
    """One published measurement."""

    source: str
    device: str
    model: str
    quant: str
    decode: float
    prefill: float | None = None
    length: int = 64


ANCHORS = tuple(
    Anchor(*row)
    for row in (
        ("dai", "rtx-3070", "llama-3.1-8b", "q4_k_m", 72.79, 2402.5, 256),
        ("dai", "rtx-3080", "llama-3.1-8b", "q4_k_m", 109.57, 3728.9, 256),
        ("dai", "rtx-3080-ti", "llama-3.1-8b", "q4_k_m", 110.60, 3690.3, 256),
        ("dai", "rtx-4070-ti", "llama-3.1-8b", "q4_k_m", 83.50, 3936.3, 256),
        ("dai", "rtx-4080", "llama-3.1-8b", "q4_k_m", 108.15, 5389.7, 256),
        ("dai", "rtx-4080", "llama-3.1-8b", "f16", 40.58, 7247.0, 256),
        ("dai", "rtx-3090", "llama-3.1-8b", "q4_k_m", 115.42, 4030.4, 256),
        ("dai", "rtx-3090", "llama-3.1-8b", "f16", 47.40, 4444.7, 256),
        ("dai", "rtx-4090", "llama-3.1-8b", "q4_k_m", 130.58, 7139.0, 256),
        ("dai", "rtx-4090", "llama-3.1-8b", "f16", 54.84, 9382.0, 256),
        ("dai", "apple-m1", "llama-3.1-8b", "q4_k_m", 10.20, 94.5, 256),
        ("dai", "apple-m1-max", "llama-3.1-8b", "q4_k_m", 35.73, 408.2, 256),
        ("dai", "apple-m1-max", "llama-3.1-8b", "f16", 18.75, 517.3, 256),
        ("dai", "apple-m2-ultra", "llama-3.1-8b", "q4_k_m", 78.81, 994.0, 256),
        ("dai", "apple-m2-ultra", "llama-3.1-8b", "f16", 36.90, 1175.4, 256),
        ("dai", "apple-m3-max", "llama-3.1-8b", "q4_k_m", 48.97, 693.3, 256),
        ("dai", "apple-m3-max", "llama-3.1-8b", "f16", 22.04, 769.8, 256),
        ("geerling", "rtx-4090", "deepseek-r1:14b", "q4_k_m", 92.49),
        ("geerling", "rtx-4090", "gpt-oss:20b", "mxfp4", 279.65),
        ("geerling", "rtx-4090", "llama3.2:3b", "q4_k_m", 334.67),
        ("geerling", "rtx-3080-ti", "deepseek-r1:14b", "q4_k_m", 70.74),
        ("geerling", "rtx-3080-ti", "llama3.2:3b", "q4_k_m", 263.24),
        ("geerling", "radeon-pro-r9700", "deepseek-r1:14b", "q4_k_m", 53.72),
        ("geerling", "radeon-pro-r9700", "gpt-oss:20b", "mxfp4", 163.26),
        ("geerling", "radeon-pro-r9700", "llama3.2:3b", "q4_k_m", 195.91),
        ("geerling", "apple-m3-ultra", "deepseek-r1:14b", "q4_k_m", 51.85),
        ("geerling", "apple-m3-ultra", "gpt-oss:20b", "mxfp4", 115.29),
        ("geerling", "apple-m3-ultra", "llama3.2:3b", "q4_k_m", 154.60),
        ("geerling", "rtx-4070-ti", "deepseek-r1:14b", "q4_k_m", 49.74),
        ("geerling", "rtx-4070-ti", "gpt-oss:20b", "mxfp4", 163.14),
        ("geerling", "rtx-4070-ti", "llama3.2:3b", "q4_k_m", 196.15),
        ("geerling", "rtx-2080-ti", "deepseek-r1:14b", "q4_k_m", 45.06),
        ("geerling", "rtx-2080-ti", "llama3.2:3b", "q4_k_m", 180.38),
        ("geerling", "apple-m1-ultra", "deepseek-r1:14b", "q4_k_m", 41.51),
        ("geerling", "apple-m1-ultra", "gpt-oss:20b", "mxfp4", 100.43),
        ("geerling", "apple-m1-ultra", "llama3.2:3b", "q4_k_m", 127.6),
        ("geerling", "rtx-3060", "deepseek-r1:14b", "q4_k_m", 29.77),
        ("geerling", "rtx-3060", "gpt-oss:20b", "mxfp4", 83.96),
        ("geerling", "rtx-3060", "llama3.2:3b", "q4_k_m", 122.85),
        ("geerling", "gb10", "deepseek-r1:14b", "q4_k_m", 23.92),
        ("geerling", "gb10", "gpt-oss:20b", "mxfp4", 87.97),
        ("geerling", "gb10", "llama3.2:3b", "q4_k_m", 97.93),
        ("geerling", "apple-m4", "llama3.2:3b", "q4_k_m", 41.31),
        ("geerling", "ryzen-ai-max-plus-395", "llama3.2:3b", "q4_k_m", 88.14),
        ("geerling", "raspberry-pi-5", "llama3.2:3b", "q4_k_m", 4.88),
        ("geerling", "raspberry-pi-5", "deepseek-r1:14b", "q4_k_m", 1.20),
        ("normie", "apple-m1-max", "llama-3.1-8b", "q4_k_m", 46.2, 499.6),
        ("normie", "apple-m4", "llama-3.1-8b", "q4_k_m", 20.87, 224.8),
        ("normie", "rtx-4070-laptop", "llama-3.1-8b", "q4_k_m", 48.12, 2365.3),
        ("normie", "radeon-780m", "llama-3.1-8b", "q4_k_m", 16.31, 253.6),
        ("normie", "core-9th-gen", "llama-3.1-8b", "q4_k_m", 6.51, 35.4),
        ("normie", "core-11th-gen", "llama-3.1-8b", "q4_k_m", 6.86, 25.5),
        ("normie", "n100", "llama-3.1-8b", "q4_k_m", 3.01, 6.5),
        ("gaessler", "p40", "llama-2-7b", "q4_0", 56.29, 934.7),
        ("gaessler", "rtx-3090", "llama-3.1-8b", "q4_0", 156.56, None, 256),
        ("vulkanforge", "rx-9070-xt", "qwen3-8b", "q4_k_m", 114.9, 4472.0),
        ("vulkanforge", "rx-9070-xt", "llama-3.1-8b", "q4_k_m", 119.6, 4802.0),
        ("vulkanforge", "rx-9070-xt", "mistral-7b", "q4_k_m", 127.5, 4826.0),
        ("gerganov", "gb10", "gpt-oss-20b", "mxfp4", 79.74, 3610.6),
        ("teply", "rtx-5090", "qwen3-8b", "q4_k_m", 221.7),
    )
)
