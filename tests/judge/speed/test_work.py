"""What a token costs is read off the shape of a model and its tensors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.shapes import Anatomy, Attention, Feed, Latent, Layer, Recurrent
from freehold.judge.speed.work import EXTRA, of_file, of_size, touched, weighted
from tests.judge.speed.works import dense, sparse

ATTENTION = Attention(heads=8, kv_heads=2, key=64, value=64)
LLAMA = Layer((ATTENTION,), Feed(1024))


def anatomy(*layers: Layer, tied: bool = False) -> Anatomy:
    """A small decoder of these layers."""
    return Anatomy(
        architecture="llama", kind="decoder", width=512, vocabulary=1000, layers=layers, tied=tied
    )


def tensor(name: str, *shape: int, dtype: str = "Q8_0", each: float = 1.0625) -> Tensor:
    """A tensor of this name; eight bits and a half for each number."""
    count = 1
    for length in shape:
        count *= length
    return Tensor(name, dtype, shape, int(count * each))


TABLE = tensor("token_embd.weight", 1000, 512)
OUTPUT = tensor("output.weight", 1000, 512)
BLOCK = tensor("blk.0.ffn_up.weight", 1024, 512)


def test_an_input_embedding_is_not_read_for_each_token() -> None:
    work = of_file(anatomy(LLAMA), [TABLE, OUTPUT, BLOCK])
    assert work.weights == OUTPUT.size + BLOCK.size
    assert work.head == OUTPUT.count


def test_an_embedding_that_is_the_output_too_is_read() -> None:
    work = of_file(anatomy(LLAMA, tied=True), [TABLE, BLOCK])
    assert work.weights == TABLE.size + BLOCK.size
    assert work.head == TABLE.count


@pytest.mark.parametrize(
    "name",
    ["v.blk.0.attn_q.weight", "vision_tower.layers.0.weight", "per_layer_token_embd.weight"],
)
def test_pictures_and_embeddings_per_layer_are_not_read(name: str) -> None:
    with_it = of_file(anatomy(LLAMA), [TABLE, OUTPUT, BLOCK, tensor(name, 4096, 512)])
    assert with_it.weights == of_file(anatomy(LLAMA), [TABLE, OUTPUT, BLOCK]).weights


def test_of_experts_those_that_run_are_read() -> None:
    layer = Layer((ATTENTION,), Feed(256, experts=16, used=4))
    routed = tensor("blk.0.ffn_up_exps.weight", 16, 256, 512)
    work = of_file(anatomy(layer), [TABLE, OUTPUT, routed])
    assert work.read(0) == pytest.approx(OUTPUT.size + routed.size / 4)
    assert work.active == pytest.approx(OUTPUT.count + routed.count / 4)


def test_more_tokens_touch_more_experts_but_never_more_than_all() -> None:
    assert touched(128, 8, 1) == pytest.approx(8 / 128)
    assert touched(128, 8, 2) == pytest.approx(8 / 128 * (2 - 8 / 128))
    assert touched(128, 8, 10_000) == pytest.approx(1.0)
    assert touched(0, 0, 5) == 1.0


@given(st.integers(1, 100_000), st.integers(1, 64))
def test_longer_texts_and_more_of_them_read_more(length: int, texts: int) -> None:
    for work in (dense(), sparse()):
        assert work.read(length, texts, texts) <= work.read(length + 1, texts, texts)
        assert work.read(length, texts, texts) <= work.read(length, texts + 1, texts + 1)


def test_a_window_bounds_what_is_read_of_the_past() -> None:
    layer = Layer((Attention(heads=8, kv_heads=2, key=64, value=64, window=100),), Feed(1024))
    work = of_file(anatomy(layer), [TABLE, OUTPUT])
    assert work.read(100) == work.read(100_000) > work.read(50)


def test_keys_and_values_in_eight_bits_are_read_faster() -> None:
    full = of_file(anatomy(LLAMA), [OUTPUT])
    half = of_file(anatomy(LLAMA), [OUTPUT], "q8_0", "q8_0")
    kept = full.read(1000) - full.read(0)
    assert half.read(1000) - half.read(0) == pytest.approx(kept * 8.5 / 16)


def test_a_state_that_does_not_grow_is_read_and_written_whole() -> None:
    layer = Layer((Recurrent("delta", 100, 900),))
    work = of_file(anatomy(layer), [OUTPUT])
    assert work.read(0) == work.read(5000) == OUTPUT.size + 2 * 4 * 1000


def test_layers_that_start_more_programs_weigh_more() -> None:
    delta, latent = Recurrent("delta", 1, 1), Latent(8, 512, 64, 128, 128)
    assert weighted(anatomy(LLAMA, LLAMA)) == 2
    assert weighted(anatomy(Layer((delta,)))) == 1 + EXTRA["delta"]
    assert weighted(anatomy(Layer((latent,)))) == 1 + EXTRA["latent"]
    assert weighted(anatomy(LLAMA), sandwich=True) == 1 + EXTRA["sandwich"]
    assert weighted(anatomy(Layer((Recurrent("something new", 1, 1),)))) == 1 + EXTRA["mamba"]


def test_norms_on_both_sides_are_seen_by_their_names() -> None:
    norm = tensor("blk.0.post_ffw_norm.weight", 512)
    assert of_file(anatomy(LLAMA), [OUTPUT, norm]).layers == 1 + EXTRA["sandwich"]


def test_plain_floats_are_multiplied_in_sixteen_bits() -> None:
    floats = tensor("output.weight", 10, 10, dtype="BF16", each=2)
    assert of_file(anatomy(LLAMA), [floats]).grade == "16-bit"
    assert of_file(anatomy(LLAMA), [OUTPUT]).grade == "8-bit"


def test_numbers_packed_in_safetensors_are_counted_unpacked() -> None:
    packed = tensor("lm_head.weight", 10, 64, dtype="I32", each=4)
    assert of_file(anatomy(LLAMA), [packed]).active == 10 * 64 * 8


def test_from_the_size_alone_the_work_is_near_and_more_doubtful() -> None:
    eight = of_size(8.03e9, None, 4.85, 131072)
    assert eight.layers == pytest.approx(32, rel=0.3)
    assert eight.read(0) == pytest.approx(8.03e9 * 4.85 / 8)
    assert eight.doubt > 0


def test_from_the_size_alone_a_sparse_model_reads_its_active_weights() -> None:
    work = of_size(30e9, 3e9, 4.85)
    assert work.read(0) == pytest.approx(3e9 * 4.85 / 8, rel=0.03)
    assert work.read(0, 1000) == pytest.approx(30e9 * 4.85 / 8, rel=0.01)
