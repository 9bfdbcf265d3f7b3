"""A checkpoint becomes safetensors without being unpickled; what is not only tensors is refused."""

import json
import struct
from pathlib import Path

import pytest

from freehold.actions.convert import convert
from freehold.core.errors import BrokenInput, Contradiction
from freehold.formats.pickled.tensors import Storage, View, numbers
from freehold.formats.safetensors import read_safetensors
from freehold.store.ledger import Ledger
from tests.cli.running import freehold
from tests.scanners.assembling import (
    CANARY,
    checkpoint,
    many,
    name,
    number,
    of_2017,
    table,
    tensor,
    text,
    whole,
)
from tests.scanners.bad import ARCHIVES, RUN
from tests.scanners.good import GOOD

SIX = struct.pack("<6f", *range(6))
TWO = checkpoint(
    whole(
        table(
            straight=tensor("0", (2, 3)),
            turned=tensor("0", (3, 2), steps=(1, 3)),
            part=tensor("0", (2,), count=6, offset=2, steps=(3,)),
            again=tensor("0", (2, 3)),
        )
    ),
    {"0": SIX},
)


def content(path: Path, key: str) -> tuple[float, ...]:
    """The numbers of one tensor."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    start, end = json.loads(data[8 : 8 + size])[key]["data_offsets"]
    return struct.unpack(f"<{(end - start) // 4}f", data[8 + size + start : 8 + size + end])


def test_views_are_written_in_their_own_order_and_shared_ones_once(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(TWO)
    done = convert(tmp_path / "a.pt", tmp_path / "a.safetensors")
    out = tmp_path / "a.safetensors"
    assert content(out, "straight") == (0, 1, 2, 3, 4, 5)
    assert content(out, "turned") == (0, 3, 1, 4, 2, 5)
    assert content(out, "part") == (2, 5)
    assert done.shared == {"again": "straight"}
    assert read_safetensors(out).metadata["again"] == "straight"
    assert read_safetensors(out).metadata["source_sha256"] == done.source_sha256


def test_the_layout_of_2017_is_converted_too(tmp_path: Path) -> None:
    old = of_2017(table(w=tensor("0", (2, 3), legacy=True)), {"0": (6, SIX)})
    (tmp_path / "old.bin").write_bytes(old)
    convert(tmp_path / "old.bin", tmp_path / "old.safetensors")
    assert content(tmp_path / "old.safetensors", "w") == (0, 1, 2, 3, 4, 5)


def test_weights_beside_notes_are_found_and_the_notes_are_told(tmp_path: Path) -> None:
    (tmp_path / "half.ckpt").write_bytes(GOOD["half.ckpt"])
    done = convert(tmp_path / "half.ckpt", tmp_path / "half.safetensors")
    assert (done.tensors, done.dtypes, done.left_out) == (1, {"F16": 2}, ("epoch",))


def test_a_key_of_ones_own_can_be_named(tmp_path: Path) -> None:
    nested = whole(table(ema=table(w=tensor("0", (2, 3))), step=number(1)))
    (tmp_path / "a.pt").write_bytes(checkpoint(nested, {"0": SIX}))
    done = convert(tmp_path / "a.pt", tmp_path / "a.safetensors", under="ema")
    assert (done.tensors, done.left_out) == (1, ("step",))
    assert read_safetensors(tmp_path / "a.safetensors").tensor_list[0].name == "w"


@pytest.mark.parametrize(
    "bad",
    [n for n in ARCHIVES if n.endswith((".pt", ".bin")) and n != "hidden-name.pt"
     and not n.startswith(("second-", "numbers-", "torchscript"))],
)  # fmt: skip
def test_what_is_not_only_tensors_is_refused_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / bad).write_bytes(ARCHIVES[bad])
    with pytest.raises(BrokenInput):
        convert(tmp_path / bad, tmp_path / "out.safetensors")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [bad]
    assert not list(tmp_path.glob(".freehold-*"))
    assert not (tmp_path / CANARY).exists()


def test_the_call_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(
        checkpoint(whole(table(w=tensor("0", (2,)), x=RUN)), {"0": SIX})
    )
    with pytest.raises(BrokenInput, match=r"would call os\.system\('touch"):
        convert(tmp_path / "a.pt", tmp_path / "a.safetensors")


def test_numbers_that_are_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(checkpoint(whole(table(w=tensor("0", (200,)))), {"0": SIX}))
    with pytest.raises(BrokenInput, match="reaches outside"):
        convert(tmp_path / "a.pt", tmp_path / "a.safetensors")


def test_a_view_that_repeats_itself_without_end_is_refused(tmp_path: Path) -> None:
    endless = tensor("0", (2**30, 2**3), count=6, steps=(0, 0))
    (tmp_path / "a.pt").write_bytes(checkpoint(whole(table(w=endless)), {"0": SIX}))
    with pytest.raises(BrokenInput, match="far more than it has"):
        convert(tmp_path / "a.pt", tmp_path / "a.safetensors")


def test_nothing_is_written_over_and_names_must_fit(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(TWO)
    (tmp_path / "b.safetensors").write_bytes(b"mine")
    with pytest.raises(Contradiction, match="there already"):
        convert(tmp_path / "a.pt", tmp_path / "b.safetensors")
    with pytest.raises(Contradiction, match="does not end"):
        convert(tmp_path / "a.pt", tmp_path / "b.bin")


def test_a_pickle_without_named_tensors_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(checkpoint(whole(table(epoch=number(1)))))
    with pytest.raises(BrokenInput, match="keys are epoch"):
        convert(tmp_path / "a.pt", tmp_path / "a.safetensors")


def test_old_views_of_storages_are_refused(tmp_path: Path) -> None:
    view = many(text("1"), number(0), number(2))
    parts = (text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), number(6))
    kept = many(*parts, view) + b"Q"
    made = name("torch._utils", "_rebuild_tensor")
    old = made + many(kept, number(0), many(number(2)), many(number(1))) + b"R"
    (tmp_path / "a.bin").write_bytes(of_2017(table(w=old), {"0": (6, SIX)}))
    with pytest.raises(BrokenInput, match="way of 2016"):
        convert(tmp_path / "a.bin", tmp_path / "a.safetensors")


def test_every_order_of_three_dimensions_comes_out_right() -> None:
    data = bytes(range(24))
    for steps, shape in (((12, 4, 1), (2, 3, 4)), ((1, 4, 12), (4, 3, 2)), ((4, 12, 1), (3, 2, 4))):
        view = View("0", "U8", 1, shape, steps, 0)
        got = b"".join(map(bytes, numbers(view, Storage(data, 0, 24))))
        a, b, c = shape
        x, y, z = steps
        wanted = [i * x + j * y + k * z for i in range(a) for j in range(b) for k in range(c)]
        assert got == bytes(wanted)


def test_the_command_says_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.pt").write_bytes(TWO)
    done = freehold(capsys, "convert", "a.pt", "-o", "a.safetensors")
    assert (done.code, "3 tensors with 14 numbers" in done.out) == (0, True)
    assert "again is straight" in done.out
    assert freehold(capsys, "convert", "a.pt", "-o", "a.safetensors").code == 2


def test_what_was_converted_is_in_the_ledger_with_the_digest_of_its_base(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(TWO)
    done = convert(tmp_path / "a.pt", tmp_path / "a.safetensors")
    with Ledger.open() as ledger:
        (row,) = ledger.rows("adaptation")
    assert row.facts["base_sha256"] == done.source_sha256
