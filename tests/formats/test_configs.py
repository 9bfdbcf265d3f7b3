"""The JSON and YAML files beside a model tell what it is, needs and runs."""

from pathlib import Path

import pytest

from freehold.core.errors import BrokenInput
from freehold.formats.adapter import read_adapter
from freehold.formats.config import read_config
from freehold.formats.diffusers_index import Part, read_index
from freehold.formats.merge import read_merge
from freehold.formats.tokenizer import read_tokenizer


def test_a_config_says_what_it_is_and_what_it_was_made_from(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("""{"architectures": ["LamaForCausalLM"], "model_type": "lama",
        "_name_or_path": "lab/lama-7b", "torch_dtype": "bfloat16", "transformers_version": "4.51.0",
        "auto_map": {"AutoConfig": "configuration_lama.LamaConfig",
                     "AutoModel": "lab/code--modeling_lama.LamaModel"},
        "vision_config": {"_name_or_path": "lab/eye"},
        "quantization_config": {"quant_method": "awq"}}""")
    found = read_config(file)
    assert (found.architectures, found.model_type) == (("LamaForCausalLM",), "lama")
    assert (found.name_or_path, found.inner) == ("lab/lama-7b", ("lab/eye",))
    assert (found.dtype, found.quantization) == ("bfloat16", "awq")
    assert found.transformers_version == "4.51.0"
    assert found.needs_remote_code
    assert "lab/code--modeling_lama.LamaModel" in found.remote_code


def test_a_config_of_wrong_types_says_nothing() -> None:
    found = read_config('{"architectures": 7, "model_type": [], "auto_map": "x", "a": {"b": 1}}')
    assert (found.model_type, found.needs_remote_code) == (None, False)


def test_errors_name_the_file_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(BrokenInput, match=str(tmp_path / "config.json")):
        read_config(tmp_path / "config.json")


def test_an_adapter_names_its_base() -> None:
    found = read_adapter(
        '{"base_model_name_or_path": "lab/lama", "peft_type": "LORA", "revision": null}'
    )
    assert (found.base, found.peft_type, found.revision) == ("lab/lama", "LORA", None)


def test_a_tokenizer_says_whether_it_brings_a_template_and_code() -> None:
    found = read_tokenizer(
        '{"tokenizer_class": "T", "chat_template": [{"name": "default", "template": "{{ x }}"}],'
        ' "auto_map": {"AutoTokenizer": [null, "tok.Fast"]}}'
    )
    assert (found.tokenizer_class, found.chat_template, found.remote_code) == (
        "T",
        True,
        ("tok.Fast",),
    )
    assert not read_tokenizer("{}").chat_template


def test_a_pipeline_lists_its_components_and_its_own_code() -> None:
    found = read_index("""{"_class_name": ["pipe", "MyPipeline"], "_diffusers_version": "0.30.0",
        "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": [null, null],
        "text_encoder": ["my_encoder", "Encoder"], "requires_safety_checker": true,
        "feature_extractor": ["stable_diffusion", "Checker"]}""")
    assert found.pipeline_class == "MyPipeline"
    assert found.custom_code == ("pipe.MyPipeline", "my_encoder.Encoder")
    assert Part("unet", "diffusers", "UNet2DConditionModel") in found.parts
    assert len(found.parts) == 3


def test_a_pipeline_of_known_libraries_brings_no_code() -> None:
    found = read_index('{"_class_name": "P", "vae": ["diffusers", "AutoencoderKL"]}')
    assert (found.pipeline_class, found.custom_code) == ("P", ())


@pytest.mark.parametrize(
    ("text", "method", "base", "models"),
    [
        (
            "merge_method: ties\nbase_model: lab/base\nmodels:\n  - model: lab/one+lab/lora\n"
            "    parameters: {weight: 0.5}\n  - model: {model: {path: lab/two}, lora: lab/three}\n",
            "ties", "lab/base", ("lab/base", "lab/one", "lab/lora", "lab/two", "lab/three"),
        ),
        (
            "merge_method: passthrough\nslices:\n  - sources:\n    - {model: lab/a}\n"
            "  - sources:\n    - {model: lab/b, layer_range: [4, 9]}\n",
            "passthrough", None, ("lab/a", "lab/b"),
        ),
        (
            "base_model: lab/a\ngate_mode: hidden\nexperts:\n  - source_model: lab/b\n",
            "moe", "lab/a", ("lab/a", "lab/b"),
        ),
    ],
)  # fmt: skip
def test_a_merge_names_everything_that_went_in(
    text: str, method: str, base: str | None, models: tuple[str, ...]
) -> None:
    found = read_merge(text)
    assert (found.method, found.base, found.models) == (method, base, models)
