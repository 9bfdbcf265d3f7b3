"""Golden facts: what license texts say, read by eye, against what the shipped files answer."""

import pytest

from freehold.judge.licensing import RESTRICTIVE, USES, Situation, is_open, permit, permits
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import License

LLAMA_2 = "LicenseRef-scancode-llama-2-license-2023"
LLAMA_3 = "LicenseRef-freehold-llama-3"
LLAMA_3_1 = "LicenseRef-scancode-llama-3.1-license-2024"
LLAMA_3_2 = "LicenseRef-scancode-llama-3.2-license-2024"
LLAMA_3_3 = "LicenseRef-scancode-llama-3.3-license-2024"
LLAMA_4 = "LicenseRef-scancode-llama-4-cla-2025"
GEMMA_2024 = "LicenseRef-scancode-gemma-tou-2024-04-01"
GEMMA = "LicenseRef-scancode-gemma-tou-2025-03-24"
GROK_2 = "LicenseRef-freehold-grok-2-community"
DBRX = "LicenseRef-freehold-dbrx"
QWEN_2024 = "LicenseRef-scancode-qwen-2024"
QWEN_RESEARCH = "LicenseRef-freehold-qwen-research"
TONGYI = "LicenseRef-scancode-tongyi-qianwen-2023"
TONGYI_RESEARCH = "LicenseRef-freehold-tongyi-qianwen-research"
HUNYUAN_VIDEO = "LicenseRef-freehold-hunyuan-video"
HUNYUAN_3D = "LicenseRef-scancode-tencent-hunyuan-3d-2.0-cla"
DEEPSEEK = "LicenseRef-scancode-deepseek-la-1.0"
STABILITY = "LicenseRef-scancode-stability-ai-community-2024"
STABILITY_NC = "LicenseRef-scancode-stability-ai-nc-2023-12-06"
SD_TURBO = "LicenseRef-freehold-stability-sd-turbo"
SDXL_TURBO = "LicenseRef-freehold-stability-sdxl-turbo"
SDXL_0_9 = "LicenseRef-freehold-stability-sdxl-0.9"
SVD = "LicenseRef-freehold-stability-svd"
SV3D = "LicenseRef-freehold-stability-sv3d"
OPENRAIL_M = "LicenseRef-scancode-stable-diffusion-2022-08-22"
OPENRAIL_PP = "LicenseRef-freehold-creativeml-openrail-plusplus-m"
OPENRAIL_PP_2022 = "LicenseRef-scancode-bigscience-open-rail-m2"
BLOOM_RAIL = "LicenseRef-scancode-bigscience-rail-1.0"
BIGSCIENCE = "LicenseRef-scancode-bigscience-open-rail-m"
BIGCODE = "LicenseRef-scancode-bigcode-open-rail-m-v1"
EXAONE = "LicenseRef-scancode-exaone-ai-model-1.1-nc"
MRL = "LicenseRef-freehold-mistral-mrl-0.1"
MNPL = "LicenseRef-freehold-mistral-mnpl-0.1"
FALCON_2 = "LicenseRef-scancode-falcon-2-11b-1.0"
FALCON_3 = "LicenseRef-freehold-falcon-3"
NVIDIA = "LicenseRef-scancode-nvidia-open-model-2025-04-28"
NVIDIA_DATA = "LicenseRef-scancode-nvidia-model-training-2025"
LFM = "LicenseRef-freehold-lfm-1.0"
KIMI_K2 = "LicenseRef-freehold-kimi-k2-modified-mit"
MINIMAX_M2 = "LicenseRef-freehold-minimax-m2-modified-mit"
FLUX_1 = "LicenseRef-scancode-flux-1-nc"
HYPERCLOVA = "LicenseRef-scancode-hyperclova-x-seed-2025"
LTXV = "LicenseRef-scancode-ltxv-owl-2025-05-05"
LTXV_APRIL = "LicenseRef-scancode-ltxv-owl-2025-04-17"
BILIBILI = "LicenseRef-scancode-bilibili-model-ula-2025-09-09"
PLAYGROUND = "LicenseRef-scancode-playground-v2-community"
CHAMELEON = "LicenseRef-scancode-chameleon-research-2024"
CHATGLM3 = "LicenseRef-freehold-chatglm3"
COHERE = "LicenseRef-freehold-cohere-cc-by-nc-4.0-with-use-policy"
OPENMDW_1_0 = "LicenseRef-scancode-openmdw-1.0"
OPENMDW_1_1 = "LicenseRef-freehold-openmdw-1.1"
OPENATOM = "LicenseRef-scancode-openatom-model-1.0"
OPEN_ALEPH = "LicenseRef-scancode-open-aleph-1.0"
MAX_MOJO = "LicenseRef-scancode-max-mojo-community-20240828"
OCTL = "LicenseRef-scancode-octl-0.21"
MONTREAL = "LicenseRef-scancode-mdl-2021"
MIT_NO_TRAINING = "LicenseRef-scancode-mit-proprietary"
RAIL_SOURCE_1_0 = "LicenseRef-scancode-responsible-ai-source-1.0"
RAIL_SOURCE_1_1 = "LicenseRef-scancode-responsible-ai-source-1.1"

USERS, YEARLY = "monthly-active-users", "annual-revenue"
AT_RELEASE, SEPARATE = "release-date", "separate-license"
MILLION = 1_000_000
SMALL = Situation(users=1_000, revenue=100_000, territory="US")


def a(*, users: int = 1_000, revenue: int = 100_000, territory: str = "US") -> Situation:
    """Somebody small in the United States, but for what is said here."""
    return Situation(users=users, revenue=revenue, territory=territory)


def known(shipped: KnowledgeBase, id: str) -> License:
    license = shipped.license(id)
    assert license is not None, f"{id} is not shipped, or its file is broken"
    return license


@pytest.mark.parametrize(
    ("id", "use", "who", "verdict"),
    [
        # Llama: 700 million monthly users; outputs may train others only since 3.1.
        (LLAMA_2, "commercial", a(users=700 * MILLION), "conditional"),
        (LLAMA_2, "commercial", a(users=700 * MILLION + 1), "no"),
        (LLAMA_2, "use", a(users=700 * MILLION + 1), "no"),
        (LLAMA_2, "train-on-outputs", SMALL, "no"),
        (LLAMA_3, "train-on-outputs", SMALL, "no"),
        (LLAMA_3, "large-scale", SMALL, "no"),
        (LLAMA_3_1, "train-on-outputs", SMALL, "conditional"),
        (LLAMA_3_1, "redistribute", SMALL, "conditional"),
        (LLAMA_3_2, "host", SMALL, "conditional"),
        (LLAMA_3_3, "train-on-outputs", SMALL, "conditional"),
        (LLAMA_4, "large-scale", SMALL, "no"),
        (LLAMA_4, "train-on-outputs", SMALL, "conditional"),
        # DBRX copies the Llama limits; Grok 2 ties business to its guardrails.
        (DBRX, "commercial", a(users=700 * MILLION), "conditional"),
        (DBRX, "commercial", a(users=700 * MILLION + 1), "no"),
        (DBRX, "train-on-outputs", SMALL, "no"),
        (GROK_2, "commercial", SMALL, "conditional"),
        (GROK_2, "train-on-outputs", SMALL, "no"),
        # Gemma counts hosting as distribution and imitators as derivatives.
        (GEMMA_2024, "commercial", SMALL, "conditional"),
        (GEMMA, "host", SMALL, "conditional"),
        (GEMMA, "train-on-outputs", SMALL, "conditional"),
        (GEMMA, "large-scale", SMALL, "conditional"),
        # Alibaba: 100 million monthly users of the product; the research texts refuse business.
        (QWEN_2024, "commercial", a(users=100 * MILLION), "yes"),
        (QWEN_2024, "commercial", a(users=100 * MILLION + 1), "no"),
        (QWEN_2024, "train-on-outputs", SMALL, "conditional"),
        (QWEN_RESEARCH, "commercial", SMALL, "no"),
        (QWEN_RESEARCH, "modify", SMALL, "conditional"),
        (QWEN_RESEARCH, "train-on-outputs", SMALL, "conditional"),
        (TONGYI, "commercial", a(users=100 * MILLION), "yes"),
        (TONGYI, "commercial", a(users=100 * MILLION + 1), "no"),
        (TONGYI, "train-on-outputs", SMALL, "no"),
        (TONGYI_RESEARCH, "commercial", SMALL, "no"),
        (TONGYI_RESEARCH, "train-on-outputs", SMALL, "no"),
        # Tencent: not in the EU, the United Kingdom and South Korea, for any kind of model.
        (HUNYUAN_VIDEO, "commercial", a(users=100 * MILLION), "conditional"),
        (HUNYUAN_VIDEO, "commercial", a(users=100 * MILLION + 1), "no"),
        (HUNYUAN_VIDEO, "use", a(territory="DE"), "no"),
        (HUNYUAN_VIDEO, "use", a(territory="GB"), "no"),
        (HUNYUAN_VIDEO, "use", a(territory="KR"), "no"),
        (HUNYUAN_VIDEO, "use", a(territory="JP"), "conditional"),
        (HUNYUAN_VIDEO, "train-on-outputs", SMALL, "no"),
        (HUNYUAN_3D, "commercial", a(users=MILLION), "conditional"),
        (HUNYUAN_3D, "commercial", a(users=MILLION + 1), "no"),
        (HUNYUAN_3D, "eu", SMALL, "no"),
        # Responsible-use licenses allow business and hosting, but never without the list.
        (DEEPSEEK, "commercial", SMALL, "conditional"),
        (DEEPSEEK, "host", SMALL, "conditional"),
        (DEEPSEEK, "train-on-outputs", SMALL, "conditional"),
        (OPENRAIL_M, "host", SMALL, "conditional"),
        (OPENRAIL_PP, "commercial", SMALL, "conditional"),
        (OPENRAIL_PP_2022, "redistribute", SMALL, "conditional"),
        (BLOOM_RAIL, "host", SMALL, "conditional"),
        (BIGSCIENCE, "commercial", SMALL, "conditional"),
        (BIGCODE, "commercial", SMALL, "conditional"),
        (BIGCODE, "large-scale", SMALL, "conditional"),
        (OPENATOM, "commercial", SMALL, "conditional"),
        (RAIL_SOURCE_1_1, "use", SMALL, "conditional"),
        # Stability: above one million dollars of yearly revenue every license ends.
        (STABILITY, "commercial", a(revenue=MILLION), "conditional"),
        (STABILITY, "commercial", a(revenue=MILLION + 1), "no"),
        (STABILITY, "use", a(revenue=MILLION + 1), "no"),
        (STABILITY, "train-on-outputs", SMALL, "no"),
        (STABILITY_NC, "commercial", SMALL, "no"),
        (STABILITY_NC, "host", SMALL, "no"),
        (STABILITY_NC, "use", SMALL, "conditional"),
        (STABILITY_NC, "train-on-outputs", SMALL, "conditional"),
        (SDXL_TURBO, "host", SMALL, "no"),
        (SD_TURBO, "commercial", SMALL, "no"),
        (SV3D, "host", SMALL, "no"),
        (SVD, "commercial", SMALL, "no"),
        (SVD, "host", SMALL, "no"),
        (SDXL_0_9, "commercial", SMALL, "no"),
        (SDXL_0_9, "train-on-outputs", SMALL, "unknown"),
        # Research only.
        (EXAONE, "commercial", SMALL, "no"),
        (EXAONE, "train-on-outputs", SMALL, "no"),
        (EXAONE, "modify", SMALL, "conditional"),
        (MRL, "commercial", SMALL, "no"),
        (MRL, "host", SMALL, "unknown"),
        (MRL, "train-on-outputs", SMALL, "conditional"),
        (MNPL, "commercial", SMALL, "no"),
        (MNPL, "host", SMALL, "no"),
        (MNPL, "modify", SMALL, "conditional"),
        (CHAMELEON, "commercial", SMALL, "no"),
        (CHAMELEON, "redistribute", SMALL, "conditional"),
        (CHATGLM3, "commercial", SMALL, "conditional"),
        (CHATGLM3, "modify", SMALL, "unknown"),
        (CHATGLM3, "redistribute", SMALL, "unknown"),
        (COHERE, "commercial", SMALL, "no"),
        (OCTL, "commercial", SMALL, "no"),
        (OCTL, "redistribute", SMALL, "no"),
        # Limits on size that leave other uses alone.
        (LFM, "commercial", a(revenue=10 * MILLION - 1), "yes"),
        (LFM, "commercial", a(revenue=10 * MILLION), "no"),
        (LFM, "use", a(revenue=1_000 * MILLION), "yes"),
        (LTXV, "commercial", a(revenue=10 * MILLION - 1), "conditional"),
        (LTXV, "commercial", a(revenue=10 * MILLION), "no"),
        (LTXV, "use", a(revenue=10 * MILLION), "conditional"),
        (LTXV_APRIL, "host", a(revenue=10 * MILLION), "no"),
        (HYPERCLOVA, "commercial", a(users=10 * MILLION), "conditional"),
        (HYPERCLOVA, "commercial", a(users=10 * MILLION + 1), "no"),
        (HYPERCLOVA, "train-on-outputs", SMALL, "conditional"),
        (PLAYGROUND, "commercial", a(users=MILLION), "conditional"),
        (PLAYGROUND, "commercial", a(users=MILLION + 1), "no"),
        (PLAYGROUND, "train-on-outputs", SMALL, "no"),
        (BILIBILI, "commercial", a(users=100 * MILLION + 1), "no"),
        (BILIBILI, "train-on-outputs", SMALL, "no"),
        # Large products must show a name; nothing else changes for them.
        (KIMI_K2, "commercial", SMALL, "yes"),
        (KIMI_K2, "large-scale", SMALL, "yes"),
        (KIMI_K2, "train-on-outputs", SMALL, "yes"),
        (MINIMAX_M2, "commercial", a(revenue=31 * MILLION), "yes"),
        (MINIMAX_M2, "large-scale", SMALL, "yes"),
        # Others.
        (FALCON_2, "host", SMALL, "conditional"),
        (FALCON_3, "commercial", SMALL, "conditional"),
        (FALCON_3, "train-on-outputs", SMALL, "conditional"),
        (NVIDIA, "commercial", SMALL, "conditional"),
        (NVIDIA_DATA, "redistribute", SMALL, "no"),
        (NVIDIA_DATA, "use", SMALL, "conditional"),
        (FLUX_1, "commercial", SMALL, "no"),
        (FLUX_1, "train-on-outputs", SMALL, "no"),
        (OPEN_ALEPH, "commercial", SMALL, "no"),
        (OPEN_ALEPH, "use", SMALL, "conditional"),
        (MAX_MOJO, "modify", SMALL, "no"),
        (MAX_MOJO, "redistribute", SMALL, "no"),
        (MONTREAL, "commercial", SMALL, "no"),
        (MIT_NO_TRAINING, "train-on-outputs", SMALL, "no"),
        # Ordinary ones.
        ("Apache-2.0", "large-scale", SMALL, "yes"),
        ("MIT", "train-on-outputs", SMALL, "yes"),
        ("AGPL-3.0-only", "host", SMALL, "yes"),
        ("GPL-2.0-only", "commercial", SMALL, "yes"),
        ("CC-BY-4.0", "commercial", SMALL, "yes"),
        ("CC-BY-NC-4.0", "commercial", SMALL, "no"),
        ("CC-BY-NC-4.0", "modify", SMALL, "conditional"),
        ("CC-BY-NC-ND-3.0", "modify", SMALL, "no"),
        ("CC-BY-ND-4.0", "modify", SMALL, "conditional"),
        ("C-UDA-1.0", "use", SMALL, "conditional"),
        ("CDLA-Permissive-2.0", "train-on-outputs", SMALL, "yes"),
        ("BUSL-1.1", "commercial", SMALL, "no"),
        ("BUSL-1.1", "host", SMALL, "no"),
        ("Elastic-2.0", "commercial", SMALL, "yes"),
        ("Elastic-2.0", "host", SMALL, "no"),
        ("FSL-1.1-ALv2", "commercial", SMALL, "conditional"),
        ("SUL-1.0", "redistribute", SMALL, "conditional"),
        ("PolyForm-Noncommercial-1.0.0", "commercial", SMALL, "no"),
        ("PolyForm-Small-Business-1.0.0", "commercial", a(revenue=MILLION - 1), "conditional"),
        ("PolyForm-Small-Business-1.0.0", "commercial", a(revenue=MILLION), "no"),
        ("Hippocratic-2.1", "commercial", SMALL, "conditional"),
        ("JSON", "use", SMALL, "conditional"),
    ],
)
def test_a_use_is_judged_as_the_text_says(
    shipped: KnowledgeBase, id: str, use: str, who: Situation, verdict: str
) -> None:
    answer = permit(known(shipped, id), use, who)
    assert answer.verdict == verdict, answer.because


@pytest.mark.parametrize("id", [LLAMA_3_2, LLAMA_3_3, LLAMA_4])
def test_multimodal_llama_grants_nothing_in_the_eu_and_text_models_are_untouched(
    shipped: KnowledgeBase, id: str
) -> None:
    license = known(shipped, id)
    sees = ("text", "image")
    assert permit(license, "use", a(territory="DE"), sees).verdict == "no"
    assert permit(license, "use", a(territory="DE"), ("text",)).verdict == "conditional"
    assert permit(license, "use", a(territory="US"), sees).verdict == "conditional"


@pytest.mark.parametrize("id", [LLAMA_2, LLAMA_3, LLAMA_3_1])
def test_earlier_llama_has_no_territory_clause(shipped: KnowledgeBase, id: str) -> None:
    assert known(shipped, id).territory is None


@pytest.mark.parametrize("id", [LLAMA_2, LLAMA_3, LLAMA_3_1, LLAMA_3_2, LLAMA_3_3, LLAMA_4])
def test_llama_points_to_the_most_recent_copy_of_its_policy(
    shipped: KnowledgeBase, id: str
) -> None:
    policy = known(shipped, id).use_policy
    assert policy is not None
    assert (policy.where, policy.moving, policy.pass_on) == ("linked", True, False)


@pytest.mark.parametrize(
    ("id", "metric", "value", "inclusive", "measured", "effect"),
    [
        (LLAMA_2, USERS, 700 * MILLION, False, AT_RELEASE, SEPARATE),
        (LLAMA_3, USERS, 700 * MILLION, False, AT_RELEASE, SEPARATE),
        (LLAMA_3_1, USERS, 700 * MILLION, False, AT_RELEASE, SEPARATE),
        (LLAMA_3_2, USERS, 700 * MILLION, False, AT_RELEASE, SEPARATE),
        (LLAMA_3_3, USERS, 700 * MILLION, False, AT_RELEASE, SEPARATE),
        (LLAMA_4, USERS, 700 * MILLION, False, AT_RELEASE, SEPARATE),
        (DBRX, USERS, 700 * MILLION, False, AT_RELEASE, SEPARATE),
        (QWEN_2024, USERS, 100 * MILLION, False, "ongoing", SEPARATE),
        (TONGYI, USERS, 100 * MILLION, False, "ongoing", SEPARATE),
        (HUNYUAN_VIDEO, USERS, 100 * MILLION, False, AT_RELEASE, SEPARATE),
        (HUNYUAN_3D, USERS, MILLION, False, AT_RELEASE, SEPARATE),
        (HYPERCLOVA, USERS, 10 * MILLION, False, AT_RELEASE, SEPARATE),
        (BILIBILI, USERS, 100 * MILLION, False, "ongoing", SEPARATE),
        (PLAYGROUND, USERS, MILLION, False, "ongoing", SEPARATE),
        (STABILITY, YEARLY, MILLION, False, "ongoing", SEPARATE),
        (LFM, YEARLY, 10 * MILLION, True, "unstated", "no-commercial"),
        (LTXV, YEARLY, 10 * MILLION, True, "unstated", "no-commercial"),
        (LTXV_APRIL, YEARLY, 10 * MILLION, True, "unstated", "no-commercial"),
        (KIMI_K2, USERS, 100 * MILLION, False, "ongoing", "display"),
        (KIMI_K2, "monthly-revenue", 20 * MILLION, False, "ongoing", "display"),
        (MINIMAX_M2, USERS, 100 * MILLION, False, "ongoing", "display"),
        (MINIMAX_M2, YEARLY, 30 * MILLION, False, "ongoing", "display"),
        ("PolyForm-Small-Business-1.0.0", "employees", 100, True, "ongoing", "no-rights"),
        ("PolyForm-Small-Business-1.0.0", YEARLY, MILLION, True, "ongoing", "no-rights"),
    ],
)
def test_a_threshold_has_the_number_of_the_text(
    shipped: KnowledgeBase,
    id: str,
    metric: str,
    value: int,
    inclusive: bool,
    measured: str,
    effect: str,
) -> None:
    rows = {
        (t.metric, t.value, t.inclusive, t.measured, t.effect)
        for t in known(shipped, id).thresholds
    }
    assert (metric, value, inclusive, measured, effect) in rows


@pytest.mark.parametrize(
    "id",
    [
        GEMMA, GROK_2, DEEPSEEK, NVIDIA, EXAONE, MRL, MNPL, FLUX_1, FALCON_3, OPENRAIL_M,
        BIGCODE, STABILITY_NC, QWEN_RESEARCH, CHATGLM3, OPENMDW_1_0, OPENMDW_1_1,
    ],
)  # fmt: skip
def test_these_texts_name_no_size_of_business(shipped: KnowledgeBase, id: str) -> None:
    license = known(shipped, id)
    assert license.thresholds == ()
    assert "threshold" not in license.limits


@pytest.mark.parametrize(
    ("id", "kind", "when", "string"),
    [
        (LLAMA_2, "notice-file", "distribute",
         "Llama 2 is licensed under the LLAMA 2 Community License, "
         "Copyright (c) Meta Platforms, Inc. All Rights Reserved."),
        (LLAMA_3, "notice-file", "distribute",
         "Meta Llama 3 is licensed under the Meta Llama 3 Community License, "
         "Copyright © Meta Platforms, Inc. All Rights Reserved."),
        (LLAMA_3, "display", "product", "Built with Meta Llama 3"),
        (LLAMA_3, "name-prefix", "derivative", "Llama 3"),
        (LLAMA_3_1, "notice-file", "distribute",
         "Llama 3.1 is licensed under the Llama 3.1 Community License, "
         "Copyright © Meta Platforms, Inc. All Rights Reserved."),
        (LLAMA_3_1, "display", "distribute", "Built with Llama"),
        (LLAMA_3_1, "name-prefix", "outputs-training", "Llama"),
        (LLAMA_3_2, "notice-file", "distribute",
         "Llama 3.2 is licensed under the Llama 3.2 Community License, "
         "Copyright © Meta Platforms, Inc. All Rights Reserved."),
        (LLAMA_3_2, "name-prefix", "derivative", "Llama"),
        (LLAMA_3_3, "notice-file", "distribute",
         "Llama 3.3 is licensed under the Llama 3.3 Community License, "
         "Copyright © Meta Platforms, Inc. All Rights Reserved."),
        (LLAMA_3_3, "display", "product", "Built with Llama"),
        (LLAMA_4, "notice-file", "distribute",
         "Llama 4 is licensed under the Llama 4 Community License, "
         "Copyright © Meta Platforms, Inc. All Rights Reserved."),
        (LLAMA_4, "display", "product", "Built with Llama"),
        (LLAMA_4, "name-prefix", "derivative", "Llama"),
        (LLAMA_4, "name-prefix", "outputs-training", "Llama"),
        (GEMMA_2024, "notice-file", "distribute",
         "Gemma is provided under and subject to the Gemma Terms of Use "
         "found at ai.google.dev/gemma/terms"),
        (GEMMA, "notice-file", "distribute",
         "Gemma is provided under and subject to the Gemma Terms of Use "
         "found at ai.google.dev/gemma/terms"),
        (GROK_2, "notice-file", "distribute",
         "This product includes materials licensed under the xAI Community License. "
         "All rights reserved. Copyright © xAI [applicable year]."),
        (GROK_2, "notice-file", "product",
         "This product includes materials licensed under the xAI Community License. "
         "All rights reserved. Copyright © xAI [applicable year]."),
        (GROK_2, "display", "product", "Powered by xAI"),
        (DBRX, "notice-file", "distribute",
         "DBRX is provided under and subject to the Databricks Open Model License, "
         "Copyright © Databricks, Inc. All rights reserved."),
        (STABILITY, "notice-file", "distribute",
         "This Stability AI Model is licensed under the Stability AI Community License, "
         "Copyright © Stability AI Ltd. All Rights Reserved"),
        (STABILITY, "display", "product", "Powered by Stability AI"),
        (STABILITY_NC, "notice-file", "distribute",
         "This Stability AI Model is licensed under the Stability AI Non-Commercial Research "
         "Community License, Copyright (c) Stability AI Ltd. All Rights Reserved."),
        (SVD, "notice-file", "distribute",
         "Stable Video Diffusion is licensed under the Stable Video Diffusion Research License, "
         "Copyright (c) Stability AI Ltd. All Rights Reserved."),
        (SDXL_0_9, "attribution", "distribute",
         "SDXL 0.9 is licensed under the SDXL Research License, "
         "Copyright (c) Stability AI Ltd. All Rights Reserved."),
        (KIMI_K2, "display", "threshold", "Kimi K2"),
        (MINIMAX_M2, "display", "threshold", "MiniMax M2"),
        (QWEN_2024, "notice-file", "distribute",
         "Qwen is licensed under the Qwen LICENSE AGREEMENT, "
         "Copyright (c) Alibaba Cloud. All Rights Reserved."),
        (QWEN_2024, "display", "derivative", "Built with Qwen"),
        (QWEN_2024, "display", "outputs-training", "Built with Qwen"),
        (QWEN_RESEARCH, "notice-file", "distribute",
         "Qwen is licensed under the Qwen RESEARCH LICENSE AGREEMENT, "
         "Copyright (c) Alibaba Cloud. All Rights Reserved."),
        (TONGYI, "notice-file", "distribute",
         "Tongyi Qianwen is licensed under the Tongyi Qianwen LICENSE AGREEMENT, "
         "Copyright (c) Alibaba Cloud. All Rights Reserved."),
        (HUNYUAN_VIDEO, "notice-file", "distribute",
         "Tencent Hunyuan is licensed under the Tencent Hunyuan Community License Agreement, "
         "Copyright © 2024 Tencent. All Rights Reserved. The trademark rights of "
         "“Tencent Hunyuan” are owned by Tencent or its affiliate."),
        (HUNYUAN_3D, "notice-file", "distribute",
         "Tencent Hunyuan 3D 2.0 is licensed under the Tencent Hunyuan 3D 2.0 Community License "
         "Agreement, Copyright © 2025 Tencent. All Rights Reserved. The trademark rights of "
         "“Tencent Hunyuan” are owned by Tencent or its affiliate."),
        (NVIDIA, "notice-file", "distribute",
         "Licensed by NVIDIA Corporation under the NVIDIA Open Model License"),
        (NVIDIA, "display", "outputs-training", "Built on NVIDIA Cosmos"),
        (EXAONE, "name-prefix", "derivative", "EXAONE"),
        (MRL, "notice-file", "distribute",
         "Licensed by Mistral AI under the Mistral AI Research License"),
        (MNPL, "notice-file", "distribute",
         "Licensed by Mistral AI under the Mistral AI Non-Production License"),
        (FALCON_2, "display", "derivative",
         "[name of relevant Derivative Work] is built using Falcon LLM technology "
         "from the Technology Innovation Institute"),
        (FALCON_3, "display", "derivative",
         "[name of relevant Derivative Work] is built using artificial intelligence technology "
         "from the Technology Innovation Institute"),
        (HYPERCLOVA, "notice-file", "distribute",
         "HyperCLOVA X SEED Model is licensed under the HyperCLOVA X SEED Model License Agreement, "
         "Copyright © NAVER Corp. All Rights Reserved."),
        (HYPERCLOVA, "display", "product", "Powered by HyperCLOVA X"),
        (HYPERCLOVA, "name-prefix", "outputs-training", "HyperCLOVA X"),
        (PLAYGROUND, "notice-file", "distribute",
         "Playground v2 is licensed under the Playground v2 Community License."),
        (CHAMELEON, "notice-file", "distribute",
         "Chameleon is licensed under the Chameleon Research License, "
         "Copyright (c) Meta Platforms, Inc. All Rights Reserved."),
        (CHAMELEON, "attribution", "publication",
         "This material is based on work supported by the Chameleon Research License, "
         "Copyright (c) Meta Platforms, Inc. All Rights Reserved."),
    ],
)  # fmt: skip
def test_a_duty_has_the_exact_words_of_the_text(
    shipped: KnowledgeBase, id: str, kind: str, when: str, string: str
) -> None:
    duties = {(duty.kind, duty.when, duty.string) for duty in known(shipped, id).duties}
    assert (kind, when, string) in duties


@pytest.mark.parametrize("id", [LLAMA_2, GEMMA, MRL, MNPL, TONGYI, HUNYUAN_VIDEO, PLAYGROUND])
def test_these_texts_ask_for_a_notice_but_no_name_and_no_display(
    shipped: KnowledgeBase, id: str
) -> None:
    assert {duty.kind for duty in known(shipped, id).duties} == {"notice-file"}


@pytest.mark.parametrize(
    "id",
    [
        GEMMA_2024, GEMMA, HUNYUAN_VIDEO, HUNYUAN_3D, DEEPSEEK, OPENRAIL_M, OPENRAIL_PP,
        OPENRAIL_PP_2022, BLOOM_RAIL, BIGSCIENCE, BIGCODE, FALCON_2, FALCON_3, HYPERCLOVA, LTXV,
        LTXV_APRIL, BILIBILI, PLAYGROUND, RAIL_SOURCE_1_1,
    ],
)  # fmt: skip
def test_the_use_restrictions_must_be_passed_on(shipped: KnowledgeBase, id: str) -> None:
    license = known(shipped, id)
    assert "pass-on-restrictions" in license.conditions
    assert license.use_policy is not None
    assert license.use_policy.pass_on


def test_the_first_responsible_source_license_does_not_ask_to_pass_its_list_on(
    shipped: KnowledgeBase,
) -> None:
    assert "pass-on-restrictions" not in known(shipped, RAIL_SOURCE_1_0).conditions


@pytest.mark.parametrize(
    ("id", "revocability", "patents"),
    [
        (LLAMA_2, "on-breach", "retaliation"),
        (LLAMA_4, "on-breach", "retaliation"),
        (GEMMA, "on-breach", "unstated"),
        (GROK_2, "at-will", "retaliation"),
        (EXAONE, "at-will", "unstated"),
        (HYPERCLOVA, "at-will", "retaliation"),
        (STABILITY, "at-will", "retaliation"),
        (SDXL_0_9, "at-will", "excluded"),
        (FLUX_1, "at-will", "retaliation"),
        (CHAMELEON, "at-will", "retaliation"),
        (CHATGLM3, "at-will", "unstated"),
        (NVIDIA, "at-will", "retaliation"),
        (NVIDIA_DATA, "at-will", "retaliation"),
        (MRL, "on-breach", "retaliation"),
        (BILIBILI, "on-breach", "retaliation"),
        (LFM, "on-breach", "grant-with-retaliation"),
        (DEEPSEEK, "irrevocable", "grant-with-retaliation"),
        (OPENRAIL_M, "irrevocable", "grant-with-retaliation"),
        (BLOOM_RAIL, "irrevocable", "grant-with-retaliation"),
        (FALCON_3, "irrevocable", "grant-with-retaliation"),
        (OPENMDW_1_0, "on-breach", "grant-with-retaliation"),
        ("Apache-2.0", "irrevocable", "grant-with-retaliation"),
        ("CC-BY-4.0", "irrevocable", "excluded"),
        ("BSD-3-Clause-Clear", "unstated", "excluded"),
    ],
)
def test_the_grant_lasts_and_speaks_of_patents_as_the_text_says(
    shipped: KnowledgeBase, id: str, revocability: str, patents: str
) -> None:
    license = known(shipped, id)
    assert (license.revocability, license.patents) == (revocability, patents)


@pytest.mark.parametrize(
    ("id", "ownership", "training", "derivative"),
    [
        (LLAMA_3, "unstated", "forbidden", False),
        (LLAMA_3_1, "unstated", "conditional", False),
        (GEMMA, "unclaimed", "conditional", True),
        (EXAONE, "publisher", "forbidden", False),
        (STABILITY, "user", "forbidden", True),
        (HUNYUAN_VIDEO, "unclaimed", "forbidden", True),
        (DEEPSEEK, "unclaimed", "conditional", True),
        (BIGCODE, "unclaimed", "conditional", True),
        (FLUX_1, "unclaimed", "forbidden", False),
        (NVIDIA, "unclaimed", "allowed", False),
        (HYPERCLOVA, "unclaimed", "conditional", True),
        (OPENMDW_1_0, "unstated", "allowed", False),
    ],
)
def test_outputs_belong_and_may_teach_as_the_text_says(
    shipped: KnowledgeBase, id: str, ownership: str, training: str, derivative: bool
) -> None:
    outputs = known(shipped, id).outputs
    assert (outputs.ownership, outputs.training, outputs.derivative) == (
        ownership,
        training,
        derivative,
    )


@pytest.mark.parametrize("id", [OPENRAIL_M, BIGSCIENCE, BLOOM_RAIL, BIGCODE, GEMMA, DBRX, LTXV])
def test_the_publisher_keeps_the_right_to_restrict_use_from_afar(
    shipped: KnowledgeBase, id: str
) -> None:
    assert "remote-restriction" in known(shipped, id).limits


@pytest.mark.parametrize(
    "id", [BIGSCIENCE, BLOOM_RAIL, BIGCODE, HUNYUAN_VIDEO, DBRX, LTXV, RAIL_SOURCE_1_0]
)
def test_outputs_must_be_marked_as_made_by_a_machine(shipped: KnowledgeBase, id: str) -> None:
    assert "mark-outputs" in known(shipped, id).conditions


@pytest.mark.parametrize(
    "id",
    [
        LLAMA_2, LLAMA_3, LLAMA_3_1, LLAMA_3_2, LLAMA_3_3, LLAMA_4, GEMMA_2024, GEMMA, GROK_2,
        DBRX, QWEN_2024, QWEN_RESEARCH, TONGYI, TONGYI_RESEARCH, HUNYUAN_VIDEO, HUNYUAN_3D,
        DEEPSEEK, STABILITY, STABILITY_NC, SD_TURBO, SDXL_TURBO, SDXL_0_9, SVD, SV3D, OPENRAIL_M,
        OPENRAIL_PP, OPENRAIL_PP_2022, BLOOM_RAIL, BIGSCIENCE, BIGCODE, EXAONE, MRL, MNPL,
        FALCON_2, FALCON_3, NVIDIA, NVIDIA_DATA, LFM, KIMI_K2, MINIMAX_M2, FLUX_1, HYPERCLOVA,
        LTXV, LTXV_APRIL, BILIBILI, PLAYGROUND, CHAMELEON, CHATGLM3, COHERE, OPENATOM, OPEN_ALEPH,
        MAX_MOJO, OCTL, MONTREAL, MIT_NO_TRAINING, RAIL_SOURCE_1_0, RAIL_SOURCE_1_1,
        "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0", "CC-BY-ND-4.0", "C-UDA-1.0",
        "BUSL-1.1", "Elastic-2.0", "FSL-1.1-ALv2", "SUL-1.0", "SSPL-1.0", "JSON",
        "Hippocratic-2.1", "PolyForm-Noncommercial-1.0.0", "PolyForm-Small-Business-1.0.0",
    ],
)  # fmt: skip
def test_a_restricted_license_is_never_open(shipped: KnowledgeBase, id: str) -> None:
    license = known(shipped, id)
    assert not is_open(license)
    assert not license.osi
    assert not license.fsf
    assert not license.open_content


def test_of_the_licenses_outside_spdx_only_openmdw_is_open(shipped: KnowledgeBase) -> None:
    named = [license for license in shipped.licenses() if license.id.startswith("LicenseRef-")]
    assert {license.id for license in named if is_open(license)} == {OPENMDW_1_0, OPENMDW_1_1}


@pytest.mark.parametrize(
    "id",
    [
        "0BSD", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "Artistic-2.0",
        "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CDDL-1.0", "ECL-2.0", "EPL-2.0", "EUPL-1.2",
        "GPL-2.0-only", "GPL-3.0-only", "GPL-3.0-or-later", "ISC", "LGPL-2.1-only",
        "LGPL-3.0-only", "MIT", "MIT-0", "MPL-2.0", "MS-PL", "MulanPSL-2.0", "NCSA", "OFL-1.1",
        "OSL-3.0", "PostgreSQL", "Python-2.0", "UPL-1.0", "Unlicense", "Zlib",
    ],
)  # fmt: skip
def test_an_osi_approved_license_is_open(shipped: KnowledgeBase, id: str) -> None:
    license = known(shipped, id)
    assert license.osi
    assert is_open(license)


@pytest.mark.parametrize(
    "id",
    ["CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "CDLA-Permissive-2.0", "ODC-By-1.0", "ODbL-1.0"],
)
def test_an_open_content_license_is_open_without_the_osi(shipped: KnowledgeBase, id: str) -> None:
    license = known(shipped, id)
    assert license.open_content
    assert not license.osi
    assert is_open(license)


def test_the_fsf_counts_as_free_what_the_osi_never_approved(shipped: KnowledgeBase) -> None:
    for id in ("BSD-4-Clause", "BSD-3-Clause-Clear", "WTFPL", "X11"):
        license = known(shipped, id)
        assert (license.osi, license.fsf) == (False, True)


def test_no_license_that_restricts_is_called_open_by_anybody(shipped: KnowledgeBase) -> None:
    """No OSI-approved, FSF-free or open-content text has a limit that no open license has."""
    both = [
        license.id
        for license in shipped.licenses()
        if RESTRICTIVE.intersection(license.limits)
        and (license.osi or license.fsf or license.open_content)
    ]
    assert both == []


def test_whoever_forbids_business_does_not_grant_it(shipped: KnowledgeBase) -> None:
    refusing = {"non-commercial", "research-only", "no-production"}
    both = [
        license.id
        for license in shipped.licenses()
        if refusing.intersection(license.limits) and "commercial" in license.permissions
    ]
    assert both == []


def test_a_threshold_a_policy_and_a_territory_are_always_named_as_limits(
    shipped: KnowledgeBase,
) -> None:
    for license in shipped.licenses():
        limits = set(license.limits)
        assert ("threshold" in limits) == bool(license.thresholds), license.id
        assert ("territory" in limits) == (license.territory is not None), license.id
        assert license.use_policy is None or "use-restrictions" in limits, license.id
        forbidden = license.outputs.training == "forbidden"
        assert not forbidden or "no-training" in limits, license.id


def test_no_unread_text_ever_gives_a_yes(shipped: KnowledgeBase) -> None:
    unread = [license for license in shipped.licenses() if not license.text.read]
    assert unread
    for license in unread:
        verdicts = {answer.verdict for answer in permits(license, SMALL)}
        assert verdicts <= {"no", "unknown"}, license.id


def test_every_read_license_answers_every_use_with_a_reason(shipped: KnowledgeBase) -> None:
    for license in shipped.licenses():
        answers = permits(license, SMALL)
        assert len(answers) == len(USES)
        assert all(answer.because.startswith(f"{license.short}: ") for answer in answers)
