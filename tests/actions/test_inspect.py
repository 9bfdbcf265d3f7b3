"""What headers tell of a model: tree, kinds, types, settings, tokenizer, template."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.actions.inspect import chosen, inspect
from freehold.actions.inspect_names import KINDS, kind, ordered, place
from freehold.actions.inspect_storage import by_kind, by_type, mixed
from freehold.actions.inspect_tree import Branch, spans, tree
from freehold.core.errors import BrokenInput, EnvironmentProblem
from freehold.core.tensors import Tensor
from freehold.formats.invented_llama import Shape, write_llama
from freehold.store import catalog
from freehold.store.manifest import Manifest, Stored
from tests.actions.weights import folder, llama, safetensors

TINY = Shape(layers=3, width=256, feed=512, heads=4, kv_heads=2, kind="Q4_K")


def names(branch: Branch) -> list[str]:
    """The names of a tree from top to bottom."""
    return [branch.name, *(name for inner in branch.inside for name in names(inner))]


def tensor(
    name: str, dtype: str = "F16", shape: tuple[int, ...] = (4, 4), size: int = 32
) -> Tensor:
    return Tensor(name, dtype, shape, size)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("model.layers.0.self_attn.q_proj.weight", "attention"),
        ("model.layers.0.input_layernorm.weight", "norm"),
        ("model.layers.0.self_attn.q_norm.weight", "norm"),
        ("model.layers.0.mlp.down_proj.weight", "mlp"),
        ("model.layers.0.mlp.experts.3.w1.weight", "experts"),
        ("model.embed_tokens.weight", "embedding"),
        ("transformer.wte.weight", "embedding"),
        ("transformer.h.0.ln_1.weight", "norm"),
        ("transformer.ln_f.weight", "norm"),
        ("lm_head.weight", "head"),
        ("blk.0.ffn_gate_exps.weight", "experts"),
        ("blk.0.ffn_gate.weight", "mlp"),
        ("blk.0.attn_output.weight", "attention"),
        ("blk.0.attn_norm.weight", "norm"),
        ("blk.0.ssm_conv1d.weight", "mixer"),
        ("token_embd.weight", "embedding"),
        ("output_norm.weight", "norm"),
        ("output.weight", "head"),
        ("encoder.layer.0.attention.self.query.weight", "attention"),
        ("encoder.layer.0.intermediate.dense.weight", "mlp"),
        ("down_blocks.0.resnets.0.conv1.weight", "convolution"),
        ("mystery", "other"),
    ],
)
def test_a_name_tells_what_a_tensor_is_for(name: str, wanted: str) -> None:
    assert kind(name) == wanted


def test_a_name_tells_the_layer_and_the_role() -> None:
    found = place("model.layers.12.mlp.experts.7.w1.weight")
    assert (found.stack, found.layer, found.role) == ("model.layers", 12, "mlp.experts.*.w1")
    assert place("lm_head.weight").layer is None
    assert place("a.0").layer is None


def test_layers_are_in_the_order_of_their_numbers() -> None:
    assert ordered(["norm", "a.layers.10", "head", "a.layers.2", "embedding", "b.0"]) == [
        "embedding", "a.layers.2", "a.layers.10", "b.0", "norm", "head"]  # fmt: skip


@given(st.lists(st.text(alphabet="a.0b9", min_size=1, max_size=12), unique=True, max_size=20))
def test_any_names_make_a_tree_that_holds_every_number(given: list[str]) -> None:
    found = tree("model", [tensor(name) for name in given])
    assert found.parameters == 16 * len(given)
    assert sum(found.types.values()) == len(given)
    for name in given:
        assert place(name).kind in KINDS


def test_layers_that_are_alike_are_one_branch_and_others_stay() -> None:
    plain = [tensor(f"l.{n}.{part}.weight") for n in range(4) for part in ("a", "b")]
    found = tree("model", [*plain, tensor("l.4.a.weight", shape=(2, 8)), tensor("l.5.a.weight"),
                           tensor("l.5.b.weight")])  # fmt: skip
    (layers,) = found.inside
    assert [(b.name, b.times, b.parameters) for b in layers.inside] == [
        ("0-3,5", 5, 160), ("4.a.weight", 1, 16)]  # fmt: skip


def test_layers_of_other_shapes_are_branches_of_their_own() -> None:
    shapes = [(4, 4), (4, 4), (2, 8)]
    tensors = [tensor(f"l.{n}.a.weight", shape=shape) for n, shape in enumerate(shapes)]
    (layers,) = tree("model", tensors).inside
    assert [(b.name, b.shape) for b in layers.inside] == [
        ("0-1.a.weight", (4, 4)), ("2.a.weight", (2, 8))]  # fmt: skip


def test_layers_that_differ_in_types_alone_are_folded_and_their_types_told() -> None:
    types = ["Q4_K"] * 3 + ["Q6_K"]
    tensors = [tensor(f"blk.{n}.ffn_down.weight", dtype) for n, dtype in enumerate(types)]
    assert tree("model", tensors).inside[0].types == {"Q4_K": 3, "Q6_K": 1}
    assert mixed(tensors)[0].layers == {"Q4_K": "0-2", "Q6_K": "3"}


def test_bits_count_the_scales() -> None:
    tensors = [tensor("blk.0.attn_q.weight", "Q8_0", (1, 32), 34), tensor("x", "F32", (4,), 16)]
    assert {one.name: one.bits for one in by_type(tensors)} == {"Q8_0": 8.5, "F32": 32.0}
    assert [one.name for one in by_kind(tensors)] == ["attention", "other"]


def test_spans_of_numbers() -> None:
    assert spans([0, 1, 2, 5, 7, 8]) == "0-2,5,7-8"


def test_a_gguf_file_is_described(tmp_path: Path) -> None:
    write_llama(tmp_path / "tiny.gguf", TINY)
    found = inspect(tmp_path / "tiny.gguf", text="Hi", template=True)
    assert (found.name, found.architecture, found.format) == ("tiny.gguf", "llama", "gguf")
    assert found.settings["layers"] == 3
    assert found.settings["vocabulary"] == 512
    assert "blk.0-2" in names(found.tree)
    assert found.parameters == found.tree.parameters
    assert 4.5 < found.bits < 4.6
    known, template = found.tokenizer, found.template
    assert known
    assert template
    assert (known.size, known.specials["bos"]) == (512, (1, "<s>"))
    assert known.marks == ("<s>", "</s>")
    assert known.pieces == ("\u2581", "H", "i")
    assert template.rendered is None or "user: Hello" in template.rendered


def test_a_folder_with_a_tokenizer_is_described(tmp_path: Path) -> None:
    model = folder(tmp_path / "model", llama(4))
    table = {"model": {"type": "BPE", "vocab": {"h": 0, "i": 1, "hi": 2}, "merges": ["h i"]},
             "added_tokens": [{"id": 3, "content": "<s>", "special": True}],
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False}}  # fmt: skip
    (model / "tokenizer.json").write_text(json.dumps(table))
    config = {"bos_token": {"content": "<s>"}, "chat_template": "{{ bos_token }}x"}
    (model / "tokenizer_config.json").write_text(json.dumps(config))
    found = inspect(model, text="hi", template=True)
    assert found.architecture == "LlamaForCausalLM"
    assert "layers.0-3" in names(found.tree)
    assert found.tokenizer
    assert (found.tokenizer.kind, found.tokenizer.size) == ("BPE of bytes", 4)
    assert found.tokenizer.specials == {"bos": (3, "<s>")}
    assert found.tokenizer.pieces == ("hi",)
    assert found.template
    assert found.template.rendered in (None, "<s>x")


def test_a_template_that_reaches_inside_is_not_rendered(tmp_path: Path) -> None:
    model = folder(tmp_path / "model", llama())
    (model / "chat_template.jinja").write_text("{{ ''.__class__.__mro__ }}")
    found = inspect(model, template=True).template
    assert found
    assert found.rendered is None
    assert "reaches for" in (found.why or "")


def test_a_template_with_an_endless_mark_or_of_its_own_errors_says_so(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    model = folder(tmp_path / "model", llama())
    (model / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE", "vocab": {}}}))
    (model / "tokenizer_config.json").write_text(json.dumps({"bos_token": "ä" * 90_000}))
    (model / "chat_template.jinja").write_text("{{ bos_token }}")
    found = inspect(model, template=True).template
    assert found
    assert found.rendered == "ä" * 1_000
    (model / "chat_template.jinja").write_text("{{ raise_exception('no system please') }}")
    found = inspect(model, template=True).template
    assert found
    assert found.why == "it refused the talk: no system please"


def test_shards_and_pipelines_are_one_model(tmp_path: Path) -> None:
    safetensors(tmp_path / "model-00001-of-00002.safetensors", {"a.0.x": [1.0] * 4})
    safetensors(tmp_path / "model-00002-of-00002.safetensors", {"a.1.x": [1.0] * 4})
    assert inspect(tmp_path).tree.inside[0].name == "a.0-1.x"
    pipe = tmp_path / "pipe"
    pipe.mkdir()
    folder(pipe / "unet", {"conv_in.weight": [1.0] * 4})
    folder(pipe / "vae", {"conv_out.weight": [1.0] * 4})
    index = {"_class_name": "P", "unet": ["diffusers", "U"], "vae": ["diffusers", "V"]}
    (pipe / "model_index.json").write_text(json.dumps(index))
    found = inspect(pipe)
    assert {t.name for t in found.tensors} == {"unet/conv_in.weight", "vae/conv_out.weight"}
    assert [b.name for b in found.tree.inside] == ["unet", "vae"]


def test_a_model_of_the_store_is_found_by_its_name(tmp_path: Path) -> None:
    model = folder(tmp_path / "model", llama())
    files = tuple(Stored(path=p.name, size=p.stat().st_size, sha256="") for p in model.iterdir())
    catalog.save(Manifest(name="me/mine", source="folder", origin="x", folder=str(model),
                          files=files))  # fmt: skip
    assert inspect("me/mine").name == "me/mine"
    with pytest.raises(EnvironmentProblem, match="not on this machine"):
        inspect("me/other")


def test_what_is_broken_or_empty_is_refused(tmp_path: Path) -> None:
    whole = safetensors(tmp_path / "model.safetensors", llama()).read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[:-1])
    with pytest.raises(BrokenInput, match="cut off"):
        inspect(tmp_path / "cut.safetensors")
    safetensors(tmp_path / "none.safetensors", {})
    with pytest.raises(BrokenInput, match="no tensors"):
        inspect(tmp_path / "none.safetensors")


def test_patterns_choose_tensors() -> None:
    tensors = (tensor("a.0.attn.weight"), tensor("a.1.attn.weight"), tensor("a.1.mlp.weight"))
    assert len(chosen(tensors, "attn")) == 2
    assert [t.name for t in chosen(tensors, "a.1.*")] == ["a.1.attn.weight", "a.1.mlp.weight"]


def test_headers_are_read_without_numpy(tmp_path: Path) -> None:
    safetensors(tmp_path / "model.safetensors", llama())
    code = ("import sys; from freehold.actions.inspect import inspect; "
            f"inspect({str(tmp_path / 'model.safetensors')!r}); print(*sys.modules)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"numpy", "torch", "click"}
