"""An archive of NeMo becomes a folder that can be run, or is refused with the reason."""

import gzip
import json
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.convert_nemo import convert_nemo
from freehold.actions.local_model import find
from freehold.core.errors import BrokenInput, Contradiction, EnvironmentProblem
from freehold.formats.safetensors import read_safetensors
from freehold.store.ledger import Ledger
from tests.cli.running import freehold
from tests.formats.layouts import message, tar
from tests.scanners.assembling import checkpoint, table, tensor, whole
from tests.scanners.bad import RUN

WIDTH, HEADS = 4, 2
CONFIG = """
target: nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE
tokenizer: {type: bpe, model_path: 'nemo:ab12_tokenizer.model'}
preprocessor: {sample_rate: 16000, normalize: per_feature, window_size: 0.025,
  window_stride: 0.01, features: 80, n_fft: 512}
encoder: {subsampling: striding, subsampling_factor: 4, feat_in: 80, self_attention_model: rel_pos,
  att_context_size: [-1, -1], conv_norm_type: batch_norm, xscaling: true}
"""
WORDS = ("<unk>", "\u2581", "a", "b", "\u2581a", "ab", "\u2581ab")


def pieces(method: int = 2) -> bytes:
    """A SentencePiece model; the longer a piece, the likelier."""
    kept = [
        (1, message((1, word), (3, 2 if word == "<unk>" else 1)) + b"\x15" + struct.pack("<f", n))
        for n, word in enumerate(WORDS)
    ]
    return message(*kept, (2, message((3, method))))


def shapes() -> dict[str, tuple[int, ...]]:
    """The tensors of one layer with a head of CTC, as NeMo names them."""
    layer = "encoder.layers.0."
    found: dict[str, tuple[int, ...]] = {
        "preprocessor.featurizer.window": (400,),
        "encoder.pre_encode.conv.0.weight": (WIDTH, 1, 3, 3),
        "encoder.pre_encode.conv.2.weight": (WIDTH, WIDTH, 3, 3),
        "encoder.pre_encode.out.weight": (WIDTH, WIDTH * 20),
        f"{layer}feed_forward1.linear1.weight": (4 * WIDTH, WIDTH),
        f"{layer}self_attn.pos_bias_u": (HEADS, WIDTH // HEADS),
        f"{layer}self_attn.linear_q.weight": (WIDTH, WIDTH),
        f"{layer}self_attn.linear_pos.weight": (WIDTH, WIDTH),
        f"{layer}conv.depthwise_conv.weight": (WIDTH, 1, 31),
        f"{layer}conv.batch_norm.running_mean": (WIDTH,),
        "decoder.decoder_layers.0.weight": (len(WORDS) + 1, WIDTH, 1),
    }
    return found


def weights(**more: bytes) -> bytes:
    """A checkpoint with these tensors, one after the other in one storage."""
    made = {
        key: tensor("0", shape, count=4096, offset=at)
        for at, (key, shape) in enumerate(shapes().items())
    }
    return checkpoint(whole(table(**made, **more)), {"0": bytes(4 * 4096)})


def archive(
    config: str = CONFIG, files: Mapping[str, bytes] | None = None, *, packed: bool = False
) -> bytes:
    """What a publisher has on offer; `files` come instead."""
    members = {
        "model_config.yaml": config.encode(),
        "ab12_tokenizer.model": pieces(),
        "model_weights.ckpt": weights(),
        **(files or {}),
    }
    return tar([(f"./{name}", data) for name, data in members.items()], packed=packed)


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_comes_out_that_is_known(tmp_path: Path, packed: bool) -> None:
    (tmp_path / "m.nemo").write_bytes(archive(packed=packed))
    done = convert_nemo(tmp_path / "m.nemo", tmp_path / "m")
    found = find(tmp_path / "m")
    assert (done.architecture, found.architecture) == ("ConformerForCTC", "ConformerForCTC")
    assert found.tasks == ("automatic-speech-recognition",)
    assert done.left_out == ("preprocessor.featurizer.window",)
    names = {t.name for t in read_safetensors(tmp_path / "m" / "model.safetensors").tensor_list}
    assert len(names) == done.tensors == len(shapes()) - 1
    assert {"ctc_head.weight", "encoder.layers.0.self_attn.bias_u"} <= names
    told = json.loads((tmp_path / "m" / "config.json").read_text())
    assert (told["vocab_size"], told["pad_token_id"]) == (len(WORDS) + 1, len(WORDS))
    sizes = told["encoder_config"]
    assert (sizes["hidden_size"], sizes["num_attention_heads"]) == (WIDTH, HEADS)
    assert (sizes["conv_kernel_size"], sizes["attention_bias"]) == (31, False)
    lineage = json.loads((tmp_path / "m" / "freehold-lineage.json").read_text())
    assert lineage["base"]["sha256"] == {"m.nemo": done.source_sha256}
    with Ledger.open() as ledger:
        (row,) = ledger.rows("adaptation")
    assert row.facts["base_sha256"] == done.source_sha256


def test_pieces_of_bpe_say_what_is_joined_to_what_the_likeliest_first(tmp_path: Path) -> None:
    (tmp_path / "m.nemo").write_bytes(archive())
    convert_nemo(tmp_path / "m.nemo", tmp_path / "m")
    told: Any = json.loads((tmp_path / "m" / "tokenizer.json").read_text())
    assert told["model"]["merges"] == [
        ["\u2581", "ab"], ["\u2581a", "b"], ["a", "b"], ["\u2581", "a"],
    ]  # fmt: skip
    added = [(item["id"], item["content"]) for item in told["added_tokens"]]
    assert added == [(0, "<unk>"), (len(WORDS), "<blank>")]


OTHERWISE = {
    "rel_pos": "abs_pos",
    "[-1, -1]": "[128, 0]",
    "batch_norm": "layer_norm",
    "per_feature": "all_features",
    "subsampling: striding": "subsampling: vggnet",
    "EncDecCTCModelBPE": "EncDecMultiTaskModel",
    "type: bpe": "type: wpe",
    "feat_in: 80": "feat_in: eighty",
    "'nemo:ab12_tokenizer.model'": "'nemo:../../etc/passwd'",
}


@pytest.mark.parametrize("right", OTHERWISE)
def test_what_would_be_computed_otherwise_is_refused(tmp_path: Path, right: str) -> None:
    (tmp_path / "m.nemo").write_bytes(archive(CONFIG.replace(right, OTHERWISE[right])))
    with pytest.raises(BrokenInput, match=r"^m\.nemo"):
        convert_nemo(tmp_path / "m.nemo", tmp_path / "m")
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ""] == ["m.nemo"]


def outside(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    """An archive with one more member that leads outside."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return tar([member, ("model_config.yaml", CONFIG.encode())])


BROKEN = {
    "a path that leads outside": outside("../evil"),
    "a path from the root": outside("/evil"),
    "a link": outside("model_weights.ckpt", tarfile.SYMTYPE),
    "a pickle with code": archive(files={"model_weights.ckpt": weights(x=RUN)}),
    "no weights": tar([("model_config.yaml", CONFIG.encode()), ("ab12_tokenizer.model", pieces())]),
    "another tensor": archive(
        files={"model_weights.ckpt": weights(odd=tensor("0", (2,), count=4096))}
    ),
    "broken pieces": archive(files={"ab12_tokenizer.model": b"\x0a\xff"}),
    "another head": archive(files={"ab12_tokenizer.model": message((1, message((1, "a"))))}),
    "no archive": b"nothing of the kind" * 100,
    "a bomb": gzip.compress(bytes(80 * 2**20), 9),
    "cut off": archive()[:-12_000],
    "gzip cut off": archive(packed=True)[:-60],
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_and_hostile_archives_leave_nothing_behind(tmp_path: Path, name: str) -> None:
    (tmp_path / "m.nemo").write_bytes(BROKEN[name])
    with pytest.raises(BrokenInput):
        convert_nemo(tmp_path / "m.nemo", tmp_path / "m")
    assert not (tmp_path / "m").exists()
    assert not list(tmp_path.glob(".freehold-*"))
    assert not (tmp_path.parent / "evil").exists()


def test_the_command_makes_the_folder_and_never_writes_over_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.nemo").write_bytes(archive())
    for place in (tmp_path / "m.nemo", tmp_path):
        with pytest.raises(EnvironmentProblem) as told:
            find(place)
        hint = f"freehold convert {tmp_path / 'm.nemo'} -o m makes a folder of it"
        assert told.value.hint == hint
    words = ("convert", str(tmp_path / "m.nemo"), "-o", str(tmp_path / "m"))
    done = freehold(capsys, *words)
    assert done.code == 0, done.err
    assert "ConformerForCTC" in done.out
    with pytest.raises(Contradiction, match="is there already"):
        convert_nemo(tmp_path / "m.nemo", tmp_path / "m")
    assert "--under" in freehold(capsys, *words[:3], str(tmp_path / "n"), "--under", "x").err
