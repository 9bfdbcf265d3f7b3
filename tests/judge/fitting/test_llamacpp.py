"""What a GGUF model takes on llama.cpp is predicted from its head: within 3 %, never too little."""

import json
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from freehold.core.tensors import Tensor
from freehold.formats.gguf import read_gguf
from freehold.judge.anatomy.from_gguf import anatomy
from freehold.judge.anatomy.shapes import Anatomy
from freehold.judge.fitting.allocating import Graph
from freehold.judge.fitting.llamacpp import memory
from freehold.judge.fitting.llamacpp_offload import layers_that_fit, split
from freehold.judge.fitting.parts import Parts, Setting
from tests.gguf_models import dense
from tests.gguf_models.layouts import plain
from tests.gguf_models.writer import Model
from tests.gguf_models.zoo import zoo
from tests.judge.fitting.llamacpp_measured import MEASURED, Line

MODELS = {model.name: model for model in zoo()}
BOUNDS = {"t5-large"}
"""What only has an upper bound."""


@cache
def read(name: str) -> tuple[Anatomy, tuple[Tensor, ...]]:
    return opened(MODELS[name])


def opened(model: Model) -> tuple[Anatomy, tuple[Tensor, ...]]:
    head = read_gguf(model.head())
    return anatomy(head.metadata, head.tensor_list), head.tensor_list


def predicted(line: Line) -> Parts:
    name, context, parallel, kept, flash, full, batch, outputs, *_ = line
    setting = Setting(
        context=context, parallel=parallel, keys=kept, values=kept, batch=batch,
        full_window=full, flash=flash,
    )  # fmt: skip
    return memory(*read(name), setting, outputs=outputs or batch)


@pytest.mark.parametrize("name", MODELS)
def test_never_below_the_engine_and_within_3_percent(name: str) -> None:
    lines = [line for line in MEASURED if line[0] == name]
    assert len(lines) >= 2
    for line in lines:
        weights, state, compute = line[-3:]
        ours = predicted(line)
        assert ours.weights >= weights
        assert ours.state == state
        assert ours.compute >= compute, line
        whole = ours.weights + ours.state + ours.compute
        if name in BOUNDS:
            assert ours.bound
        else:
            assert not ours.bound
            assert whole <= 1.03 * (weights + state + compute), line


def test_of_a_plain_model_the_compute_buffer_is_known_to_a_few_bytes_per_token() -> None:
    for line in (line for line in MEASURED if line[0] == "llama-8b"):
        assert 0 <= predicted(line).compute - line[-1] <= 64 * 512 + 64


def test_the_server_asks_for_logits_of_one_token_per_sequence() -> None:
    model = read("qwen3-0.6b")
    setting = Setting(context=8192)
    every = memory(*model, setting, outputs=512)
    assert memory(*model, setting).compute < every.compute - 250 * 2**20


def test_an_unknown_architecture_gets_an_upper_bound_that_says_so() -> None:
    built, tensors = read("llama-8b")
    known = memory(built, tensors, Setting(context=8192))
    unknown = memory(replace(built, architecture="novel"), tensors, Setting(context=8192))
    assert unknown.bound
    assert unknown.compute > known.compute
    assert any("novel" in note for note in unknown.notes)


def test_the_upper_bound_would_have_held_for_every_architecture_that_is_known_by_now() -> None:
    for line in (line for line in MEASURED if line[1] == 32768):
        built, tensors = read(line[0])
        setting = Setting(context=32768, keys="q8_0", values="q8_0")
        bound = memory(replace(built, architecture="novel"), tensors, setting)
        assert bound.compute >= line[-1], line


def test_a_layer_of_no_known_kind_gets_a_rough_bound_above_what_a_graph_would_take() -> None:
    built, tensors = read("llama-8b")
    for setting in (Setting(context=8192), Setting(context=8192, flash=False, parallel=4)):
        nothing = memory(built, (), setting)
        assert nothing.bound
        assert nothing.compute > memory(built, tensors, setting).compute


def test_a_tied_table_that_the_processor_wants_reordered_is_held_twice() -> None:
    tied = dense.llama("m", 2, 256, 4, 2, 512, 4096, plain("Q4_0"), key=64, tied=True)
    built, tensors = opened(tied)
    table = next(tensor.size for tensor in tensors if tensor.name == "token_embd.weight")
    once = memory(built, tensors, Setting(context=512), repacks=frozenset())
    twice = memory(built, tensors, Setting(context=512))
    assert twice.weights - once.weights == table
    assert any("twice" in note for note in twice.notes)


def test_a_mapped_file_that_is_reordered_says_how_much_the_system_can_drop() -> None:
    model = read("llama-7b-mha")
    mapped = memory(*model, Setting(context=512))
    assert mapped.loading > 0.9 * mapped.weights
    assert memory(*model, Setting(context=512), mapped=False).loading < 0.1 * mapped.weights
    assert memory(*model, Setting(context=512), repacks=frozenset()).loading == 0


def test_layers_go_to_the_device_from_the_last_one_on() -> None:
    model = read("llama-8b")
    setting = Setting(context=8192)
    nothing, output, some, whole = (split(*model, setting, n) for n in (0, 1, 17, 99))
    assert nothing.device.total == 0
    assert output.device.state == 0
    assert output.device.weights == pytest.approx(128256 * 4096 * 210 / 256, rel=0.001)
    assert some.device.state == some.host.state == whole.device.state // 2
    assert whole.layers == 33
    assert whole.host.weights == pytest.approx(128256 * 4096 * 210 / 256, rel=0.001)
    both = some.device.weights + some.host.weights
    assert both == pytest.approx(sum(tensor.size for tensor in model[1]), rel=0.001)


def test_the_most_layers_that_fit_are_found() -> None:
    model = read("llama-8b")
    setting = Setting(context=8192)
    for layers in (0, 1, 12, 30, 33):
        room = split(*model, setting, layers).device.total
        assert layers_that_fit(*model, setting, room) == layers
    assert layers_that_fit(*model, setting, 2**40) == 33


sizes = st.lists(st.integers(1, 5000), min_size=1, max_size=40)


@given(sizes, st.randoms(use_true_random=False))
def test_the_buffer_holds_what_is_alive_and_no_more_than_everything(
    lengths: list[int], chance: Random
) -> None:
    graph = Graph(64)
    reads = [
        tuple(chance.sample(range(n), min(n, chance.randint(0, 3)))) for n in range(len(lengths))
    ]
    for length, read_ in zip(lengths, reads, strict=True):
        graph.node(length, *read_)
    rooms = [-(-length // 64) * 64 for length in lengths]
    last = {read_: n for n, several in enumerate(reads) for read_ in several}
    alive = [
        sum(rooms[k] for k in range(n + 1) if last.get(k, len(rooms)) >= n)
        for n in range(len(rooms))
    ]
    assert max(alive) <= graph.room() <= sum(rooms)


def test_a_result_may_take_the_place_of_what_it_alone_reads() -> None:
    graph = Graph(64)
    first = graph.leaf(640)
    second = graph.node(640, first, within=True)
    graph.node(640, second, second, within=True)
    assert graph.room() == 1280


@pytest.mark.slow
@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="needs the xllamacpp wheel")
@pytest.mark.parametrize("name", MODELS)
def test_the_engine_itself_still_answers_what_the_table_says(name: str, tmp_path: Path) -> None:
    path = MODELS[name].hole(tmp_path / "model.gguf")
    oracle = Path(__file__).parents[3] / "benchmarks" / "llamacpp_oracle.py"
    for line in (line for line in MEASURED if line[0] == name):
        _, context, parallel, kept, flash, full, batch, outputs, *bytes_ = line
        asked = {
            "context": context, "parallel": parallel, "keys": kept, "values": kept,
            "flash": flash, "full_window": full, "batch": batch, "outputs": outputs,
        }  # fmt: skip
        command = (sys.executable, str(oracle), str(path), json.dumps(asked))
        answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        parts = ("model", "context", "compute")
        assert [sum(one[part] for one in answer.values()) for part in parts] == bytes_
