"""Statistics of weights, and what moved between two models: against plain arithmetic."""

import math
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.actions import inspect_blocks, inspect_stats
from freehold.actions.inspect import Watch, inspect
from freehold.actions.inspect_blocks import placed
from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.formats.invented_llama import Shape, write_llama
from tests.actions.weights import folder, llama, safetensors

np = pytest.importorskip("numpy")

from freehold.actions.inspect_against import of_pieces, summed  # noqa: E402
from freehold.actions.inspect_stats import Moments, merged, of_piece  # noqa: E402

FLOATS = st.floats(-1e6, 1e6, width=32)


def statistics(model: Path) -> Any:
    """The statistics of a model."""
    return inspect(model, stats=True).statistics


def difference(base: Path, tuned: Path) -> Any:
    """How two models differ."""
    return inspect(base, against=tuned).difference


@given(st.lists(st.lists(FLOATS, max_size=30), max_size=5))
@settings(deadline=None)
def test_pieces_put_together_are_the_whole(pieces: list[list[float]]) -> None:
    found = Moments()
    for piece in pieces:
        found = merged(found, of_piece(np.array(piece, np.float32)))
    every = np.array([x for piece in pieces for x in piece], np.float64)
    assert found.count == every.size
    if every.size:
        size = np.abs(every).max() or 1.0
        assert found.mean == pytest.approx(every.mean(), abs=1e-9 * size)
        assert found.std == pytest.approx(every.std(), abs=1e-6 * size)
        assert found.norm == pytest.approx(np.linalg.norm(every), rel=1e-6, abs=1e-9)
        assert (found.lowest, found.highest) == (every.min(), every.max())
        assert found.zeros == int((every == 0).sum())


def test_zeros_near_zeros_and_outliers_are_counted(tmp_path: Path) -> None:
    usual = [1.0, -1.0] * 500
    file = safetensors(tmp_path / "model.safetensors", {"a.weight": [*usual, 0.0, 1e-3, 50.0, 0.0]})
    found = statistics(file).rows[0].moments
    assert (found.count, found.zeros, found.near, found.outliers) == (1_004, 2, 3, 1)
    assert found.highest == 50.0


def test_a_tensor_that_is_read_twice_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = np.random.default_rng(1).normal(size=4_000).astype(np.float32)
    file = safetensors(tmp_path / "model.safetensors", {"a.weight": drawn.tolist()})
    once = statistics(file).rows[0].moments
    monkeypatch.setattr(inspect_blocks, "PIECE", 256)
    monkeypatch.setattr(inspect_stats, "KEPT", 1_000)
    again = statistics(file).rows[0].moments
    assert (again.near, again.outliers, again.zeros) == (once.near, once.outliers, once.zeros)
    assert again.std == pytest.approx(drawn.astype(np.float64).std())


def test_nan_and_infinite_numbers_are_reported(tmp_path: Path) -> None:
    values = [math.nan, math.inf, -math.inf, 1.0]
    file = safetensors(tmp_path / "model.safetensors", {"a": values, "b": [math.nan] * 4})
    found = inspect(file, stats=True)
    assert found.statistics
    one, other = (row.moments for row in found.statistics.rows)
    assert one
    assert other
    assert (one.nans, one.infinities, one.finite, one.mean) == (1, 2, 1, 1.0)
    assert (other.nans, other.lowest) == (4, None)
    form = found.form()["statistics"]
    assert form["broken"] == ["a", "b"]
    assert form["kinds"]["other"]["nan"] == 5


def test_infinite_numbers_are_no_outliers(tmp_path: Path) -> None:
    values = [1.0, -1.0] * 500 + [50.0, math.inf, -math.inf, math.nan]
    file = safetensors(tmp_path / "model.safetensors", {"a.weight": values})
    found = statistics(file).rows[0].moments
    assert (found.outliers, found.infinities, found.nans) == (1, 2, 1)


@pytest.mark.parametrize("kind", ["F32", "F16", "Q8_0", "Q4_0", "Q4_K"])
def test_gguf_files_are_read_where_their_heads_say(tmp_path: Path, kind: str) -> None:
    shape = Shape(layers=2, width=256, feed=512, heads=4, kv_heads=2, kind=kind)
    write_llama(tmp_path / "model.gguf", shape)
    found = statistics(tmp_path / "model.gguf")
    norms = [r.moments for r in found.rows if r.place.kind == "norm"]
    assert [(m.mean, m.std) for m in norms] == [(1.0, 0.0)] * 5
    assert all(0.005 < r.moments.std < 0.1 for r in found.rows if r.place.kind == "mlp")
    assert set(found.by_layer()) == {"embedding", "blk.0", "blk.1", "head"}


def test_types_that_are_not_read_are_said(tmp_path: Path) -> None:
    head = (b'{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]},'
            b'"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}')  # fmt: skip
    file = tmp_path / "model.safetensors"
    file.write_bytes(struct.pack("<Q", len(head)) + head + bytes(6))
    found = statistics(file)
    assert found.unread == {"F4": 1}
    assert [row.moments is None for row in found.rows] == [True, False]


def test_a_model_against_itself_has_not_moved(tmp_path: Path) -> None:
    base, same = folder(tmp_path / "base", llama()), folder(tmp_path / "same", llama())
    found = difference(base, same)
    assert found.moved == ()
    assert (found.whole.relative, found.whole.cosine) == (0.0, 1.0)


def test_what_moved_is_measured(tmp_path: Path) -> None:
    base = folder(tmp_path / "base", llama())
    tuned = folder(tmp_path / "tuned", llama(step=0.5) | {"extra.weight": [1.0] * 4})
    found = difference(base, tuned)
    assert [pair.name for pair in found.moved] == [
        f"model.layers.{layer}.self_attn.q_proj.weight" for layer in (1, 0)
    ]
    far = found.moved[0].shift
    before = np.arange(16) / 8
    assert far.relative == pytest.approx(np.linalg.norm(np.ones(16)) / np.linalg.norm(before))
    assert far.largest == 1.0
    after = before + 1
    cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
    assert far.cosine == pytest.approx(cosine)
    assert found.added == ("extra.weight",)
    assert found.by_kind()["mlp"].relative == 0.0
    layer = math.sqrt((before**2).sum() + (before**2).sum() + 4)
    assert found.by_layer()["model.layers.1"].relative == pytest.approx(4.0 / layer)


def test_two_precisions_of_one_model_show_what_rounding_did(tmp_path: Path) -> None:
    drawn = np.random.default_rng(2).normal(size=4_096).tolist()
    base = safetensors(tmp_path / "base.safetensors", {"a.weight": drawn})
    half = safetensors(tmp_path / "half.safetensors", {"a.weight": drawn}, "F16")
    found = difference(base, half)
    assert found.pairs[0].types == ("F32", "F16")
    assert 1e-5 < found.whole.relative < 1e-3


def test_removed_and_reshaped_tensors_are_named(tmp_path: Path) -> None:
    base = safetensors(tmp_path / "a.safetensors", {"x": [1.0] * 4, "y": [1.0] * 4, "z": [1.0] * 2})
    tuned = safetensors(tmp_path / "b.safetensors", {"x": [1.0] * 4, "z": [1.0] * 3})
    found = difference(base, tuned)
    assert found.removed == ("y",)
    assert found.reshaped == {"z": ((2,), (3,))}


def test_two_architectures_are_said_and_strangers_refused(tmp_path: Path) -> None:
    base = folder(tmp_path / "base", llama())
    config = {"architectures": ["Qwen2ForCausalLM"]}
    other = folder(tmp_path / "other", llama(3), config)
    found = difference(base, other)
    assert "LlamaForCausalLM and Qwen2ForCausalLM" in found.notes[0]
    stranger = folder(tmp_path / "stranger", {"q": [1.0] * 4}, config)
    with pytest.raises(UsageError, match="no tensor of the same name"):
        difference(base, stranger)


def test_nan_in_both_is_no_change() -> None:
    nan = math.nan
    before, after = np.array([nan, 1.0, 2.0, nan]), np.array([nan, 1.0, 3.0, 1.0])
    found = of_pieces(before, after)
    assert (found.changed, found.strange, found.largest, found.apart) == (2, 2, 1.0, 1.0)


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=40), st.integers(1, 39))
@settings(deadline=None)
def test_shifts_of_parts_add_up(pairs: list[tuple[float, float]], cut: int) -> None:
    a, b = (np.array(side, np.float64) for side in zip(*pairs, strict=True))
    whole = of_pieces(a, b)
    parts = summed([of_pieces(a[:cut], b[:cut]), of_pieces(a[cut:], b[cut:])])
    assert parts.changed == whole.changed
    assert parts.apart == pytest.approx(whole.apart)
    assert whole.relative is None or whole.relative >= 0
    assert whole.cosine is None or -1 <= whole.cosine <= 1


def test_progress_comes_to_its_total(tmp_path: Path) -> None:
    base, tuned = folder(tmp_path / "base", llama()), folder(tmp_path / "tuned", llama(step=1.0))
    totals, read = list[int](), list[int]()
    watch = Watch(totals.append, lambda what, count: read.append(count))
    inspect(base, stats=True, against=tuned, watch=watch)
    assert sum(totals) == sum(read) > 0


def test_a_file_that_shrinks_while_it_is_read_is_broken(tmp_path: Path) -> None:
    file = safetensors(tmp_path / "model.safetensors", {"a": [1.0] * 64})
    (one,) = placed([(file, "")]).values()
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(BrokenInput, match="ends in the middle of 'a'"):
        inspect_stats.moments_of(one, lambda count: None)


def test_without_numpy_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = safetensors(tmp_path / "model.safetensors", {"a": [1.0] * 4})
    monkeypatch.setattr(inspect_blocks, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentProblem) as raised:
        inspect(file, stats=True)
    assert "freehold[inspect]" in (raised.value.hint or "")


def test_whole_numbers_are_in_no_sum_and_have_no_distance(tmp_path: Path) -> None:
    def written(name: str, packed: int) -> Path:
        head = (b'{"a.0.qweight":{"dtype":"I32","shape":[2,1],"data_offsets":[0,8]},'
                b'"a.0.scales":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]}}')  # fmt: skip
        data = struct.pack("<iif", packed, packed, 2.0)
        (tmp_path / name).write_bytes(struct.pack("<Q", len(head)) + head + data)
        return tmp_path / name

    base, tuned = written("a.safetensors", 10**9), written("b.safetensors", 5)
    found = statistics(base)
    assert (found.whole, found.by_layer()["a.0"].count) == (1, 1)
    assert [pair.name for pair in difference(base, tuned).unread] == ["a.0.qweight"]
    assert difference(base, base).unread == ()
