"""What people compare: found by the names they use, never called more open than it is."""

import pytest

from freehold.judge.claims import Case
from freehold.judge.licensing import ANYONE
from freehold.judge.openness import LEVELS, Level, openness
from freehold.judge.statements import Judged, judge_statements
from freehold.judge.terms import terms
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.search import find_model
from freehold.knowledge.traits import modalities

NAMES = [
    ("T5", "t5"),
    ("Pythia", "pythia"),
    ("OLMo", "olmo-1"),
    ("OLMo 7B", "olmo-1"),
    ("BLOOM", "bloom"),
    ("StarCoder2", "starcoder2"),
    ("Falcon", "falcon-1"),
    ("Jamba Series", "jamba-1.5"),
    ("Sea-Lion", "sea-lion-1"),
    ("Qwen Series", "qwen-1"),
    ("Dolly 2.0", "dolly-2"),
    ("GPT-J", "gpt-j"),
    ("GPT-NeoX", "gpt-neox"),
    ("Gemma 2", "gemma-2"),
    ("Granite Series", "granite-3"),
    ("Granite 3.0 Series", "granite-3"),
    ("LLaMA 3.2", "llama-3.2"),
    ("Phi-3 Series", "phi-3"),
    ("Mixtral 8x22B", "mixtral-8x22b"),
    ("Mistral 7B", "mistral-7b"),
    ("NVLM 1.0 Family", "nvlm-1.0"),
    ("RakutenAI Series", "rakutenai-7b"),
    ("Grok-1", "grok-1"),
    ("Stable Diffusion 3.5", "stable-diffusion-3.5"),
    ("DeepFloyd IF", "deepfloyd-if"),
    ("DALL-E 3", "dall-e-3"),
    ("Imagen", "imagen"),
    ("Midjourney", "midjourney"),
    ("Firefly", "firefly"),
    ("SAM 2.1", "sam-2.1"),
    ("Consistency", "consistory"),
    ("VISTA-3D", "vista-3d"),
    ("NV-DINOv2", "nv-dinov2"),
    ("DeepLab", "deeplab"),
    ("Florence", "florence-2"),
    ("Florence-2", "florence-2"),
    ("CLIP", "clip"),
    ("TTS", "coqui-tts"),
    ("ESPnet", "espnet"),
    ("wav2vec 2.0", "wav2vec-2.0"),
    ("Transformers (Speech Models)", "transformers-speech"),
    ("MusicVAE", "musicvae"),
    ("MusicGen", "musicgen"),
    ("AudioGen", "audiogen"),
    ("EnCodec", "encodec"),
    ("DeepSpeech", "deepspeech"),
    ("NeMo (Speech Models)", "nemo-speech"),
    ("Jukebox", "jukebox"),
    ("Whisper", "whisper"),
    ("TFLite Speech Models", "tflite-speech"),
    ("Molmo", "molmo"),
    ("ImageBind", "imagebind"),
    ("SeamlessM4T", "seamless-m4t"),
    ("Spirit LM", "spirit-lm"),
    ("VILA", "vila-1.5"),
    ("MiniGPT-4", "minigpt-4"),
    ("BGE-M3", "bge-m3"),
    ("EmbedQA & ReRankQA", "nv-embedqa-rerankqa-1b-v2"),
    ("Codellama Series", "code-llama"),
    ("Granite (Specialized Models)", "granite-code"),
    ("Mamba-Codestral", "mamba-codestral"),
    ("Mathstral", "mathstral"),
    ("NeMo Guardrails", "nemo-guardrails"),
    ("ShieldGemma", "shieldgemma"),
    ("Granite-Guardian", "granite-guardian-3.0"),
    ("Amber", "amber"),
    ("CrystalCoder", "crystalcoder"),
    ("Python", "python"),
    ("PyTorch", "pytorch"),
    ("TensorFlow", "tensorflow"),
    ("Hugging Face Transformers", "transformers"),
    ("Nvidia NeMo", "nvidia-nemo"),
    ("Docker", "docker"),
    ("Ollama", "ollama"),
    ("LangChain", "langchain"),
    ("LlamaIndex", "llamaindex"),
    ("Llama 3.1", "llama-3.1"),
    ("Mixtral 8x7B", "mixtral-8x7b"),
    ("DBRX", "dbrx"),
    ("FLUX.1 [schnell]", "flux.1-schnell"),
    ("FLUX.1 [dev]", "flux.1-dev"),
    ("Stable Diffusion", "stable-diffusion-1"),
    ("GPT-4o", "gpt-4o"),
    ("GPT-4o mini", "gpt-4o-mini"),
    ("ChatGPT", "chatgpt"),
    ("GPT-4", "gpt-4"),
    ("Claude 3", "claude-3"),
    ("Claude 3.5", "claude-3.5"),
    ("Gemini", "gemini-1.5"),
    ("Imagen 3", "imagen-3"),
    ("Command R", "command-r"),
    ("Command R+", "command-r-plus"),
]

SURE: list[tuple[str, Level]] = [
    ("T5", "fully open"),
    ("Amber", "fully open"),
    ("CrystalCoder", "fully open"),
    ("OLMo", "fully open"),
    ("OLMo 2", "fully open"),
    ("PyTorch", "fully open"),
    ("Hugging Face Transformers", "fully open"),
    ("Pythia", "open weights"),  # the data were taken down
    ("GPT-J", "open weights"),
    ("GPT-NeoX", "open weights"),
    ("Dolly 2.0", "open weights"),
    ("Mistral 7B", "open weights"),
    ("Mixtral 8x7B", "open weights"),
    ("Mixtral 8x22B", "open weights"),
    ("Mathstral", "open weights"),
    ("Mamba-Codestral", "open weights"),
    ("Falcon", "open weights"),
    ("Grok-1", "open weights"),
    ("Phi-3 Series", "open weights"),
    ("Granite Series", "open weights"),
    ("RakutenAI Series", "open weights"),
    ("Whisper", "open weights"),
    ("SAM 2.1", "open weights"),
    ("CLIP", "open weights"),
    ("DeepSeek-R1", "open weights"),
    ("gpt-oss", "open weights"),
    ("qwen2.5-7b", "open weights"),
    ("flux.2-klein-4b", "open weights"),
    ("depth-anything-v2-small", "open weights"),
    ("BLOOM", "restricted weights"),
    ("StarCoder2", "restricted weights"),
    ("Llama 2", "restricted weights"),
    ("Llama 3.1", "restricted weights"),
    ("Llama 3.2", "restricted weights"),
    ("Llama 3.3", "restricted weights"),
    ("Llama 4", "restricted weights"),
    ("Codellama Series", "restricted weights"),
    ("Gemma 2", "restricted weights"),
    ("Gemma 3", "restricted weights"),
    ("ShieldGemma", "restricted weights"),
    ("DBRX", "restricted weights"),
    ("Grok-2", "restricted weights"),
    ("falcon-180b", "restricted weights"),
    ("falcon-3", "restricted weights"),
    ("falcon-h1", "restricted weights"),
    ("Jamba Series", "restricted weights"),
    ("Qwen Series", "restricted weights"),
    ("deepseek-v3", "restricted weights"),
    ("deepseek-r1-distill-llama-8b", "restricted weights"),
    ("kimi-k2", "restricted weights"),
    ("minimax-m2", "restricted weights"),
    ("mistral-medium-3.5", "restricted weights"),
    ("codestral", "restricted weights"),
    ("Command R", "restricted weights"),
    ("Command R+", "restricted weights"),
    ("NVLM 1.0 Family", "restricted weights"),
    ("FLUX.1 [dev]", "restricted weights"),
    ("FLUX.2 [dev]", "restricted weights"),
    ("Stable Diffusion", "restricted weights"),
    ("Stable Diffusion 3.5", "restricted weights"),
    ("sdxl-turbo", "restricted weights"),
    ("DeepFloyd IF", "restricted weights"),
    ("Jukebox", "restricted weights"),
    ("MusicGen", "restricted weights"),
    ("AudioGen", "restricted weights"),
    ("ImageBind", "restricted weights"),
    ("SeamlessM4T", "restricted weights"),
    ("Spirit LM", "restricted weights"),
    ("VILA", "restricted weights"),
    ("VISTA-3D", "restricted weights"),
    ("MiniGPT-4", "restricted weights"),
    ("sensevoice", "restricted weights"),
    ("jina-embeddings-v3", "restricted weights"),
    ("nv-embed", "restricted weights"),
    ("GPT-4o", "open API"),
    ("GPT-4o mini", "open API"),
    ("ChatGPT", "proprietary"),
    ("Midjourney", "proprietary"),
    ("Firefly", "proprietary"),
    ("DALL-E 3", "proprietary"),
]

AT_MOST: list[tuple[str, Level]] = [
    ("FLUX.1 [schnell]", "open weights"),  # its text encoder needs a license as well
    ("BGE-M3", "open weights"),
    ("Sea-Lion", "open weights"),
    ("Florence-2", "open weights"),
    ("wav2vec 2.0", "open weights"),
    ("DeepLab", "open weights"),
    ("DeepSpeech", "open weights"),
    ("Granite-Guardian", "open weights"),
    ("deepseek-v3-0324", "open weights"),
    ("OLMoE", "open weights"),
    ("apertus", "open weights"),
    ("apertus-1.5", "open weights"),
    ("MusicVAE", "unknown"),  # nobody gives a license to the files
    ("EnCodec", "restricted weights"),
    ("Molmo", "restricted weights"),
    ("NV-DINOv2", "restricted weights"),
    ("Consistency", "restricted weights"),
    ("EmbedQA & ReRankQA", "restricted weights"),
    ("molmo-72b-0924", "restricted weights"),
    ("olmo-2-1124-7b-instruct", "restricted weights"),  # its card adds the Gemma terms
    ("qwen2.5-3b", "restricted weights"),
    ("qwen2.5-72b", "restricted weights"),
    ("qwen2.5-coder-3b", "restricted weights"),
    ("qwen2.5-omni-3b", "restricted weights"),
    ("qwen2.5-vl-3b-instruct", "restricted weights"),
    ("qwen2-72b", "restricted weights"),
    ("qwen-1.8b", "restricted weights"),
    ("internvl3-78b", "restricted weights"),
    ("colnomic-embed-multimodal-3b", "restricted weights"),
    ("colqwen2.5-v0.2", "restricted weights"),
    ("colpali", "restricted weights"),
    ("omnigen2", "restricted weights"),
    ("flux.2-klein-9b", "restricted weights"),
    ("flux.2-klein-base-9b", "restricted weights"),
    ("cogvideox-5b", "restricted weights"),
    ("canary-1b", "restricted weights"),
    ("depth-anything-v2-large", "restricted weights"),
    ("sea-lion-7b-instruct-research", "restricted weights"),
    ("harrier-oss-v1-27b", "restricted weights"),
    ("minigpt-4-vicuna-13b", "restricted weights"),
    ("hunyuan-video", "restricted weights"),
    ("orpheus", "restricted weights"),
    ("csm", "restricted weights"),
    ("wildguard", "restricted weights"),  # its page asks to agree to research use
    ("Claude 3", "open API"),
    ("Claude 3.5", "open API"),
    ("Gemini", "open API"),
    ("GPT-4", "open API"),
    ("Imagen", "open API"),
    ("Imagen 3", "open API"),
]

NOT_FOR_BUSINESS = [
    "FLUX.1 [dev]",
    "flux.2-klein-9b",
    "NVLM 1.0 Family",
    "MusicGen",
    "AudioGen",
    "Jukebox",
    "Command R",
    "qwen2.5-3b",
    "codestral",
    "mistral-large-2",
    "SeamlessM4T",
    "ImageBind",
    "VILA",
    "Spirit LM",
    "VISTA-3D",
    "DeepFloyd IF",
    "sdxl-turbo",
    "canary-1b",
    "depth-anything-v2-large",
    "encodec-32khz",
    "minigpt-4-vicuna-13b",
    "jina-embeddings-v3",
    "nv-embed",
]

WRONG = [
    ("FLUX.1 [schnell]", "Customize"),
    ("FLUX.1 [schnell]", "Non-commercial use"),
    ("FLUX.1 [dev]", "Apache 2.0"),
    ("Gemma 2", "Apache 2.0"),
    ("Llama 3.2", "Research-only"),
    ("Llama 3.2", "1B to 405B"),
    ("StarCoder2", "Apache 2.0"),
    ("BLOOM", "OpenRAIL-M"),
    ("Stable Diffusion 3.5", "OpenRAIL-M"),
    ("Stable Diffusion", "all under open licenses"),
    ("NVLM 1.0 Family", "CC by SA 3.0"),
    ("Jukebox", "MIT"),
    ("GPT-NeoX", "MIT"),
    ("Dolly 2.0", "CC BY-SA 3.0"),
    ("RakutenAI Series", "Custom"),
    ("BGE-M3", "Custom"),
    ("Sea-Lion", "Custom"),
    ("MiniGPT-4", "Apache 2.0"),
    ("MiniGPT-4", "Vicuna Team"),
    ("VISTA-3D", "Commercial Friendly (NVIDIA Open Model License), in the table"),
    ("Command R", "proprietary"),
    ("Command R+", "only accessible through an official service"),
    ("Granite Series", "proprietary or custom license"),
    ("NeMo (Speech Models)", "proprietary or custom"),
    ("Codellama Series", "research only"),
    ("Mixtral 8x22B", "derived from LLaMA, with its restrictions"),
    ("DBRX", "Equivalent to 36B"),
    ("Molmo", "OSAID-compliant"),
    ("Molmo", "1B, 70B"),
    ("Consistency", "a vision model"),
    ("SeamlessM4T", "mit"),
    ("DALL-E 3", "listed among open-source image models"),
    ("Midjourney", "listed among open-source image models"),
    ("Llama 3.1", "leading open-source models"),
    ("Mistral 7B", "leading open-source models"),
    ("olmo-2-instruct", "our fully open OLMo 2-Instruct models"),
]

RIGHT = [
    ("T5", "OSAID compliant"),
    ("OLMo", "OSAID compliant"),
    ("Amber", "OSAID compliant"),
    ("Falcon", "Apache 2.0"),
    ("Grok-1", "Apache 2.0"),
    ("Phi-3 Series", "MIT"),
    ("Whisper", "MIT"),
    ("SAM 2.1", "38.9M to 224.4M"),
    ("MusicGen", "MIT / CC BY-NC 4.0"),
    ("Gemma 2", "Customize"),
    ("Llama 3.1", "Customize"),
    ("DBRX", "Customize"),
    ("Jamba Series", "Custom"),
    ("ShieldGemma", "Custom"),
    ("NeMo (Speech Models)", "Apache 2.0"),
    ("NeMo Guardrails", "Toolkit for programmable guardrails"),
    ("GPT-4o", "proprietary"),
    ("Claude 3", "proprietary"),
]

OPEN_WASHED = [
    ("FLUX.1 [dev]", "Apache 2.0"),
    ("Gemma 2", "Apache 2.0"),
    ("StarCoder2", "Apache 2.0"),
    ("NVLM 1.0 Family", "CC by SA 3.0"),
    ("Jukebox", "MIT"),
    ("MiniGPT-4", "Apache 2.0"),
    ("Midjourney", "listed among open-source image models"),
]


def level_of(shipped: KnowledgeBase, name: str) -> Level:
    """The level of the family or member with this name."""
    hit = find_model(shipped, name)
    return openness(shipped, hit.family, hit.member).level


def said_of(shipped: KnowledgeBase, name: str, says: str) -> list[Judged]:
    """What became of every statement with these words."""
    family = find_model(shipped, name).family
    bound, verdict = terms(shipped, family), openness(shipped, family)
    rows = judge_statements(Case(shipped, family, None, bound, verdict))
    return [row for row in rows if row.says == says]


def commercial(shipped: KnowledgeBase, name: str) -> str:
    """Whether somebody of whom nothing is known may use this model commercially."""
    family, member = find_model(shipped, name)
    kinds = modalities(family, member)
    return terms(shipped, family, member).permit("commercial", ANYONE, kinds).verdict


@pytest.mark.parametrize(("name", "id"), NAMES)
def test_what_people_compare_is_found_by_their_names(
    shipped: KnowledgeBase, name: str, id: str
) -> None:
    assert find_model(shipped, name).family.id == id


@pytest.mark.parametrize(("name", "level"), SURE)
def test_well_known_models_have_their_level(
    shipped: KnowledgeBase, name: str, level: Level
) -> None:
    assert level_of(shipped, name) == level


@pytest.mark.parametrize(("name", "most"), AT_MOST)
def test_disputed_models_are_never_called_more_open(
    shipped: KnowledgeBase, name: str, most: Level
) -> None:
    assert LEVELS.index(level_of(shipped, name)) >= LEVELS.index(most)


@pytest.mark.parametrize("name", NOT_FOR_BUSINESS)
def test_what_may_not_be_sold_is_never_permitted(shipped: KnowledgeBase, name: str) -> None:
    assert commercial(shipped, name) == "no"


@pytest.mark.parametrize(("name", "says"), WRONG)
def test_known_errors_are_found(shipped: KnowledgeBase, name: str, says: str) -> None:
    rows = said_of(shipped, name, says)
    assert {row.standing for row in rows} == {"contradicted"}


@pytest.mark.parametrize(("name", "says"), RIGHT)
def test_true_statements_hold(shipped: KnowledgeBase, name: str, says: str) -> None:
    rows = said_of(shipped, name, says)
    assert {row.standing for row in rows} == {"holds"}


@pytest.mark.parametrize(("name", "says"), OPEN_WASHED)
def test_errors_that_flatter_are_called_open_washing(
    shipped: KnowledgeBase, name: str, says: str
) -> None:
    assert {row.open_washing for row in said_of(shipped, name, says)} == {True}


def test_where_the_publisher_says_both_the_stricter_holds(shipped: KnowledgeBase) -> None:
    (row,) = said_of(
        shipped, "VISTA-3D", "Commercial Friendly (NVIDIA Open Model License), in the table"
    )
    assert "the stricter holds" in row.because


def test_a_codec_whose_sources_disagree_is_not_taken_for_mit(shipped: KnowledgeBase) -> None:
    (row,) = said_of(shipped, "EnCodec", "MIT (pages of the 24 and 48 kHz files on the Hub)")
    assert row.standing == "contradicted"
    assert commercial(shipped, "EnCodec") == "no"


def test_no_service_has_weights(shipped: KnowledgeBase) -> None:
    services = [family for family in shipped.families() if family.kind == "service"]
    assert services
    levels = {openness(shipped, family).level for family in services}
    assert levels <= {"open API", "proprietary", "unknown"}


def test_a_toolkit_is_licensed_by_itself_and_not_by_the_models_it_runs(
    shipped: KnowledgeBase,
) -> None:
    for family in shipped.families():
        if family.kind == "toolkit":
            assert len(terms(shipped, family).names) <= 1, family.id
