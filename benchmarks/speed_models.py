"""The shapes of public models that the speed benchmark knows, typed from their configurations.

Each name pattern leads to one shape; what is not listed is not used. Bytes follow from the
shapes by the recipes of the quantizers, so that no file is needed.
"""

import re

from msgspec import Struct
from msgspec.structs import replace

from freehold.judge.speed.work import Trait


class Body(Struct, frozen=True):
    """A language model: lengths as in its configuration.

    `feed` is the width of the feed-forward part and `matrices` how many it has; `experts`
    of width `expert`, of which `used` run, replace it in all but `dense` layers, `shared` is
    the width that always runs. `recurrent` layers have a mixer of `mixer` parameters instead
    of attention, of kind `trait`. `body` gives the active parameters between the embeddings as
    published, for architectures that the other fields do not describe, `total` all of them.
    """

    layers: int
    width: int
    feed: int = 0
    heads: int = 1
    kv: int = 1
    head: int = 128
    vocabulary: int = 32000
    tied: bool = False
    matrices: int = 3
    experts: int = 0
    used: int = 0
    expert: int = 0
    shared: int = 0
    dense: int = 0
    recurrent: int = 0
    mixer: int = 0
    gated: bool = False
    trait: Trait = "delta"
    latent: bool = False
    sandwich: bool = False
    body: float = 0.0
    total: float = 0.0


def _qwen35(
    layers: int, width: int, feed: int, heads: int, kv: int, values: int, tied: bool = False
) -> Body:
    """A hybrid of Qwen3.5: three of four layers keep a gated delta net of `values` heads."""
    mixer = width * (2 * 16 * 128 + 3 * values * 128)
    return Body(
        layers,
        width,
        feed,
        heads,
        kv,
        256,
        248320,
        tied,
        recurrent=layers * 3 // 4,
        mixer=mixer,
        gated=True,
    )


def _sparse(dense: Body, expert: int) -> Body:
    """The same with 256 experts instead, of which 8 and one shared run."""
    return replace(dense, experts=256, used=8, expert=expert, shared=expert)


LLAMA_1B = Body(16, 2048, 8192, 32, 8, 64, 128256, True)
LLAMA_3B = Body(28, 3072, 8192, 24, 8, 128, 128256, True)
LLAMA_8B = Body(32, 4096, 14336, 32, 8, 128, 128256)
MISTRAL_24B = Body(40, 5120, 32768, 32, 8, 128, 131072)
QWEN25_3B = Body(36, 2048, 11008, 16, 2, 128, 151936, True)
QWEN25_7B = Body(28, 3584, 18944, 28, 4, 128, 152064)
QWEN25_14B = Body(48, 5120, 13824, 40, 8, 128, 152064)
QWEN25_32B = Body(64, 5120, 27648, 40, 8, 128, 152064)
QWEN3_2B = Body(28, 2048, 6144, 16, 8, 128, 151936, True)
QWEN3_4B = Body(36, 2560, 9728, 32, 8, 128, 151936, True)
QWEN3_8B = Body(36, 4096, 12288, 32, 8, 128, 151936)
QWEN3_14B = Body(40, 5120, 17408, 40, 8, 128, 151936)
QWEN3_30B = Body(48, 2048, 0, 32, 4, 128, 151936, experts=128, used=8, expert=768)
QWEN35_1B = _qwen35(24, 1024, 3584, 8, 2, 16, tied=True)
QWEN35_2B = _qwen35(24, 2048, 6144, 8, 2, 16, tied=True)
QWEN35_4B = _qwen35(32, 2560, 9216, 16, 4, 32, tied=True)
QWEN35_9B = _qwen35(32, 4096, 12288, 16, 4, 32)
QWEN35_27B = _qwen35(64, 5120, 17408, 24, 4, 48)
QWEN35_35B = _sparse(_qwen35(40, 2048, 0, 16, 2, 32), 512)
QWEN35_122B = _sparse(_qwen35(48, 3072, 0, 32, 2, 64), 1024)
PHI_14B = Body(40, 5120, 17920, 40, 10, 128, 100352)
PHI_4_MINI = Body(32, 3072, 8192, 24, 8, 128, 200064, True)
GEMMA_4_12B = Body(48, 3840, 15360, 16, 8, 256, 262144, True, sandwich=True)
LFM2_1B = Body(
    16, 2048, vocabulary=65536, tied=True, trait="convolution", recurrent=10, body=1.04e9
)
LFM2_8B = Body(
    24,
    2048,
    vocabulary=65536,
    tied=True,
    recurrent=18,
    body=1.37e9,
    total=8.2e9,
    experts=32,
    used=4,
)
NEMOTRON_30B = Body(
    52, 2688, vocabulary=131072, recurrent=23, body=2.85e9, total=31e9, experts=128, used=6
)

SHAPES: tuple[tuple[str, Body], ...] = (
    (
        r"deepseek-coder-v2-lite",
        Body(
            27, 2048, latent=True, vocabulary=102400, body=2.03e9, total=15.3e9, experts=64, used=6
        ),
    ),
    (r"r1-distill-qwen-1\.5b", Body(28, 1536, 8960, 12, 2, 128, 151936)),
    (r"r1-distill-qwen-7b|deepseek-r1:7b|infracelestial-7b", QWEN25_7B),
    (r"r1-distill-qwen-14b|deepseek-r1:14b", QWEN25_14B),
    (
        r"llama-?3\.1[-:]8b|r1-distill-llama-8b|tulu-3-8b|nemotron-nano-8b|assistant_pepe_8b",
        LLAMA_8B,
    ),
    (r"assistant_pepe_70b", Body(80, 8192, 28672, 64, 8, 128, 128256)),
    (r"llama-?3\.2[-:]1b", LLAMA_1B),
    (r"llama-?3\.2[-:]3b", LLAMA_3B),
    (r"llama-2-7b", Body(32, 4096, 11008, 32, 32, 128, 32000)),
    (r"mistral-7b", Body(32, 4096, 14336, 32, 8, 128, 32768)),
    (r"ministral-8b", Body(36, 4096, 12288, 32, 8, 128, 131072)),
    (r"mistral-nemo", Body(40, 5120, 14336, 32, 8, 128, 131072)),
    (r"mistral-small-(24b|3\.2)|magistral-small|devstral|magistry-24b", MISTRAL_24B),
    (r"codestral-22b", Body(56, 6144, 16384, 48, 8, 128, 32768)),
    (r"ministral-3(-|:)3b", Body(26, 3072, 9216, 32, 8, 128, 131072, True)),
    (r"ministral-3(-|:)8b", Body(34, 4096, 14336, 32, 8, 128, 131072)),
    (r"ministral-3(-|:)14b", Body(40, 5120, 16384, 32, 8, 128, 131072)),
    (r"smollm2-135m", Body(30, 576, 1536, 9, 3, 64, 49152, True)),
    (r"smollm2-360m", Body(32, 960, 2560, 15, 5, 64, 49152, True)),
    (r"smollm2[-:]1\.7b", Body(24, 2048, 8192, 32, 32, 64, 49152, True)),
    (r"smollm3-3b", Body(36, 2048, 11008, 16, 4, 128, 128256, True)),
    (r"qwen2\.5(-coder)?[-:]0\.5b", Body(24, 896, 4864, 14, 2, 64, 151936, True)),
    (r"qwen2\.5(-coder)?[-:]1\.5b", Body(28, 1536, 8960, 12, 2, 128, 151936, True)),
    (r"qwen2\.5(-coder)?[-:]3b", QWEN25_3B),
    (r"qwen2\.5(-coder|-1m-abliterated)?[-:]7b", QWEN25_7B),
    (r"qwen2\.5(-coder)?[-:]14b", QWEN25_14B),
    (r"qwen2\.5(-coder)?[-:]32b", QWEN25_32B),
    (r"qwen3-(omni-)?30b-a3b|qwen3:30b-a3b|qwen3-coder[-:]30b", QWEN3_30B),
    (
        r"qwen3-coder-next",
        Body(
            48,
            2048,
            0,
            16,
            2,
            256,
            151936,
            experts=512,
            used=10,
            expert=512,
            shared=512,
            recurrent=36,
            mixer=2048 * (2 * 16 * 128 + 3 * 32 * 128),
            gated=True,
        ),
    ),
    (r"qwen3-0\.6b", Body(28, 1024, 3072, 16, 8, 128, 151936, True)),
    (r"qwen3(-|:|vl-)(1\.7|2)b", QWEN3_2B),
    (r"qwen3[-:]4b|jan-v3-4b|jan-code-4b", QWEN3_4B),
    (r"qwen3[-:]8b|sera-8b|r1-0528-qwen3-8b|bonsai-8b", QWEN3_8B),
    (r"qwen3[-:]14b|nouscoder-14b", QWEN3_14B),
    (r"qwen3[-:]32b", Body(64, 5120, 25600, 64, 8, 128, 151936)),
    (r"qwen3\.5[-:]0\.8b", QWEN35_1B),
    (r"qwen3\.5[-:]2b", QWEN35_2B),
    (r"qwen3\.5[-:]4b|fara1\.5-4b", QWEN35_4B),
    (r"qwen3\.5[-:]9b|fara1\.5-9b|ornith(-1\.0-|:)9b|omnicoder-9b", QWEN35_9B),
    (r"qwen3\.[568][-:]27b|fara1\.5-27b", QWEN35_27B),
    (r"qwen3\.[56][-:]35b|agentworld-35b|ornith(-1\.[05]-|-1\.5:|:)35b|-35b-a3b", QWEN35_35B),
    (r"qwen3\.5-122b", QWEN35_122B),
    (r"gemma-2-2b", Body(26, 2304, 9216, 8, 4, 256, 256000, True, sandwich=True)),
    (r"gemma-2-9b", Body(42, 3584, 14336, 16, 8, 256, 256000, True, sandwich=True)),
    (r"gemma-2-27b", Body(46, 4608, 36864, 32, 16, 128, 256000, True, sandwich=True)),
    (r"gemma-3-270m", Body(18, 640, 2048, 4, 1, 256, 262144, True, sandwich=True)),
    (r"gemma-?3[-:]1b", Body(26, 1152, 6912, 4, 1, 256, 262144, True, sandwich=True)),
    (r"gemma-?3[-:]4b", Body(34, 2560, 10240, 8, 4, 256, 262144, True, sandwich=True)),
    (r"gemma-?3[-:]12b", Body(48, 3840, 15360, 16, 8, 256, 262144, True, sandwich=True)),
    (r"gemma-?3[-:]27b", Body(62, 5376, 21504, 32, 16, 128, 262144, True, sandwich=True)),
    (r"gemma-?4[-:]12b", GEMMA_4_12B),
    (r"gemma-?4[-:]31b", Body(60, 5376, 21504, 32, 16, 256, 262144, True, sandwich=True)),
    (
        r"gemma-?4[-:]26b",
        Body(
            30,
            2816,
            0,
            16,
            8,
            256,
            262144,
            True,
            experts=128,
            used=8,
            expert=704,
            shared=2112,
            sandwich=True,
        ),
    ),
    (r"gemma-?4[-:]e2b", Body(35, 1536, vocabulary=262144, tied=True, body=1.85e9, sandwich=True)),
    (
        r"gemma-?4[-:](e4b|latest)",
        Body(42, 2560, vocabulary=262144, tied=True, body=3.85e9, sandwich=True),
    ),
    (r"phi-3\.5-mini", Body(32, 3072, 8192, 32, 32, 96, 32064)),
    (r"phi-3-medium", Body(40, 5120, 17920, 40, 10, 128, 32064)),
    (r"phi-4-mini", PHI_4_MINI),
    (r"phi-4(-reasoning|-q4|-4bit)", PHI_14B),
    (r"falcon3-1b", Body(18, 2048, 8192, 8, 4, 256, 131072)),
    (r"falcon3-3b", Body(22, 3072, 9216, 12, 4, 256, 131072)),
    (r"falcon3-7b", Body(28, 3072, 23040, 12, 4, 256, 131072)),
    (r"falcon3-10b", Body(40, 3072, 23040, 12, 4, 256, 131072)),
    (
        r"falcon-h1-0\.5b",
        Body(36, 1024, vocabulary=32784, tied=True, trait="mamba", recurrent=36, body=0.49e9),
    ),
    (
        r"falcon-h1-1\.5b",
        Body(24, 2048, vocabulary=65537, tied=True, trait="mamba", recurrent=24, body=1.42e9),
    ),
    (
        r"falcon-h1-3b",
        Body(32, 2560, vocabulary=65537, tied=True, trait="mamba", recurrent=32, body=2.98e9),
    ),
    (
        r"granite-?3\.1-moe:1b|granite-3\.1-1b-a400m",
        Body(24, 1024, 0, 16, 8, 64, 49155, True, experts=32, used=8, expert=512),
    ),
    (
        r"granite-?3\.1-moe:3b|granite-3\.1-3b-a800m",
        Body(32, 1536, 0, 24, 8, 64, 49155, True, experts=40, used=8, expert=512),
    ),
    (r"granite-3\.1-8b", Body(40, 4096, 12800, 32, 8, 128, 49155, True)),
    (r"granite-3\.3-2b", Body(40, 2048, 8192, 32, 8, 64, 49159, True)),
    (r"granite-?4\.1[-:]8b", Body(40, 4096, 12800, 32, 8, 128, 100352, True)),
    (r"granite-?4\.1[-:]3b|granite-?4(\.0-|:)micro", Body(40, 2560, 8192, 40, 8, 64, 100352, True)),
    (
        r"granite-4\.0-h-350m",
        Body(32, 768, vocabulary=100352, tied=True, trait="mamba", recurrent=28, body=0.263e9),
    ),
    (
        r"granite-4\.0-h-1b",
        Body(40, 1536, vocabulary=100352, tied=True, trait="mamba", recurrent=36, body=1.31e9),
    ),
    (
        r"granite-4\.0-h-small",
        Body(
            40,
            4096,
            vocabulary=100352,
            tied=True,
            trait="mamba",
            recurrent=36,
            body=8.6e9,
            total=31.8e9,
            experts=72,
            used=10,
        ),
    ),
    (
        r"granite4:tiny-h",
        Body(
            40,
            1536,
            vocabulary=100352,
            tied=True,
            trait="mamba",
            recurrent=36,
            body=0.85e9,
            total=6.8e9,
            experts=64,
            used=6,
        ),
    ),
    (r"internlm3-8b", Body(48, 4096, 10240, 32, 2, 128, 128512)),
    (r"internlm2_5-20b", Body(48, 6144, 16384, 48, 8, 128, 92544)),
    (r"internlm2_5-1_8b", Body(24, 2048, 8192, 16, 8, 128, 92544)),
    (r"yi-1\.5-9b", Body(48, 4096, 11008, 32, 4, 128, 64000)),
    (r"yi-1\.5-34b", Body(60, 7168, 20480, 56, 8, 128, 64000)),
    (r"olmo-2-0425-1b", Body(16, 2048, 8192, 16, 16, 128, 100352)),
    (r"olmo-2-1124-13b", Body(40, 5120, 13824, 40, 40, 128, 100352)),
    (r"olmo-2-0325-32b", Body(64, 5120, 27648, 40, 8, 128, 100352)),
    (r"exaone-3\.5-2\.4b", Body(30, 2560, 7168, 32, 8, 80, 102400, True)),
    (r"exaone-3\.5-7\.8b", Body(32, 4096, 14336, 32, 8, 128, 102400)),
    (r"aya-expanse-8b|command-r7b", Body(32, 4096, 14336, 32, 8, 128, 256000, True)),
    (r"aya-expanse-32b", Body(40, 8192, 24576, 64, 8, 128, 256000, True)),
    (r"glm-4-9b", Body(40, 4096, 13696, 32, 2, 128, 151552)),
    (r"glm-z1-32b", Body(61, 6144, 23040, 48, 2, 128, 151552)),
    (
        r"glm-4\.7-flash",
        Body(
            47, 2048, latent=True, vocabulary=154880, body=2.75e9, total=29.6e9, experts=64, used=4
        ),
    ),
    (r"apertus-8b", Body(32, 4096, 21504, 32, 8, 128, 131072, matrices=2)),
    (r"afm-4\.5b", Body(36, 2560, 18432, 20, 4, 128, 128004, matrices=2)),
    (r"nemotron-mini-4b", Body(32, 3072, 9216, 24, 8, 128, 256000, matrices=2)),
    (r"nemotron-(3|cascade-2)(-nano)?(-omni)?[-:]30b|nemotron-3\.5-lightning", NEMOTRON_30B),
    (
        r"lfm2-700m",
        Body(
            16, 1536, vocabulary=65536, tied=True, trait="convolution", recurrent=10, body=0.642e9
        ),
    ),
    (r"lfm2(\.5)?-1\.2b", LFM2_1B),
    (
        r"lfm2(\.5)?-350m",
        Body(
            16, 1024, vocabulary=65536, tied=True, trait="convolution", recurrent=10, body=0.287e9
        ),
    ),
    (
        r"lfm2(\.5)?-2\.6b",
        Body(30, 2048, vocabulary=65536, tied=True, trait="convolution", recurrent=22, body=2.43e9),
    ),
    (r"lfm2(\.5)?[-:]8b", LFM2_8B),
    (
        r"lfm2-24b-a2b|lfm2:latest",
        Body(
            40,
            2048,
            vocabulary=65536,
            tied=True,
            trait="convolution",
            recurrent=30,
            body=2.17e9,
            total=23.7e9,
            experts=64,
            used=4,
        ),
    ),
    (r"tinyllama-1\.1b", Body(22, 2048, 5632, 32, 4, 64, 32000)),
    (r"stable-code-instruct-3b", Body(32, 2560, 6912, 32, 32, 80, 50304)),
    (r"starcoder2-3b", Body(30, 3072, 12288, 24, 2, 128, 49152, True, matrices=2)),
    (r"hunyuan-1\.8b", Body(32, 2048, 6144, 16, 4, 128, 120818, True)),
    (r"danube3-4b", Body(24, 3840, 10240, 32, 8, 120, 32000)),
    (r"bielik-11b", Body(50, 4096, 14336, 32, 8, 128, 32128)),
    (r"salamandra-2b", Body(24, 2048, 5440, 16, 16, 128, 256000)),
    (r"kanana-nano-2\.1b", Body(32, 1792, 8064, 24, 8, 128, 128256, True)),
    (r"zeta-2", Body(32, 4096, 14336, 32, 8, 128, 155136)),
    (r"gpt-oss[-:]20b", Body(24, 2880, 0, 64, 8, 64, 201088, experts=32, used=4, expert=2880)),
    (r"gpt-oss[-:]120b", Body(36, 2880, 0, 64, 8, 64, 201088, experts=128, used=4, expert=2880)),
    (r"ernie-4\.5-0\.3b", Body(18, 1024, 3072, 16, 2, 128, 103424, True)),
    (
        r"ernie-4\.5-21b-a3b",
        Body(
            28,
            2560,
            12288,
            20,
            4,
            128,
            103424,
            True,
            experts=64,
            used=6,
            expert=1536,
            shared=3072,
            dense=1,
        ),
    ),
    (
        r"kimi-linear-48b",
        Body(
            27, 2304, vocabulary=163840, recurrent=20, body=2.65e9, total=48e9, experts=256, used=8
        ),
    ),
)


def find(name: str) -> Body | None:
    """The shape that a model's name in a report leads to, the first pattern that fits."""
    lowered = name.lower()
    return next((body for pattern, body in SHAPES if re.search(pattern, lowered)), None)
