"""Whatever a recognizer of NeMo says of itself, its layout is known or refused."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.formats.nemo_layout import Layout, layout
from freehold.formats.sentencepiece import Piece, Pieces
from freehold.formats.structured import read_yaml
from tests.actions.test_convert_nemo import CONFIG, shapes

PIECES = Pieces(tuple(Piece(text, 0.0, 1) for text in "abcdefg"), 1)
TRANSDUCER = {
    "decoder.prediction.embed.weight": (8, 6),
    "decoder.prediction.dec_rnn.lstm.weight_ih_l0": (24, 6),
    "joint.pred.weight": (6, 6),
    "joint.enc.weight": (6, 4),
    "joint.joint_net.2.weight": (8, 6),
}
ODD: st.SearchStrategy[Any] = st.sampled_from(
    ["", "null", "-1", "0", "1e999", "nan", "9" * 5000, "${model.x}", "true", [], ["1"], {}, None]
)


def table() -> dict[str, Any]:
    return dict(read_yaml(CONFIG, "c.yaml"))


def transducer(**more: Any) -> Layout:
    """The layout of a FastConformer with a transducer; `more` stands in the configuration."""
    found = table() | {"target": "x.EncDecRNNTBPEModel", **more}
    found["encoder"] = {**found["encoder"], "subsampling": "dw_striding"}
    sized = {name: shape for name, shape in shapes().items() if not name.startswith("decoder")}
    extra = int(more.get("joint", {}).get("num_extra_outputs", 0))
    head = {"joint.joint_net.2.weight": (8 + extra, 6)}
    return layout(found, {**sized, **TRANSDUCER, **head}, PIECES, "m.nemo")


def test_a_transducer_starts_with_the_blank_and_says_how_much_a_step_may_say() -> None:
    made = transducer(decoding={"greedy": {"max_symbols": "3"}})
    told = made.files["config.json"]
    assert told["architectures"] == ["ParakeetForRNNT"]
    assert (told["vocab_size"], told["blank_token_id"]) == (8, 7)
    assert (told["decoder_hidden_size"], told["max_symbols_per_step"]) == (6, 3)
    assert made.files["generation_config.json"]["decoder_start_token_id"] == 7
    assert made.names["joint.joint_net.2.weight"] == "joint.head.weight"


def test_durations_are_taken_where_they_are_0_1_2_and_so_on() -> None:
    head = {"num_extra_outputs": "3"}
    made = transducer(joint=head, model_defaults={"tdt_durations": ["0", "1", "2"]})
    assert made.files["config.json"]["architectures"] == ["ParakeetForTDT"]
    assert made.files["config.json"]["durations"] == [0, 1, 2]
    with pytest.raises(BrokenInput, match="3 durations"):
        transducer(joint=head, model_defaults={"tdt_durations": ["0", "2", "4"]})


@given(
    part=st.sampled_from(["encoder", "preprocessor", "tokenizer", "joint", "decoding", "target"]),
    key=st.sampled_from([
        "subsampling_factor", "feat_in", "xscaling", "att_context_size", "sample_rate", "n_fft",
        "window_size", "window_stride", "preemph", "features", "num_extra_outputs", "greedy", "",
    ]),
    odd=ODD,
    lost=st.sampled_from([*shapes(), None]),
    shape=st.sampled_from([(), (1,), (8, 4, 1), None]),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_any_configuration_is_laid_out_or_refused(
    part: str, key: str, odd: Any, lost: str | None, shape: tuple[int, ...] | None
) -> None:
    found, sized = table(), dict(shapes())
    inner = found.get(part)
    found[part] = {**inner, key: odd} if isinstance(inner, dict) and key else odd
    if lost is not None and shape is not None:
        sized[lost] = shape
    elif lost is not None:
        del sized[lost]
    with contextlib.suppress(BrokenInput):
        made = layout(found, sized, PIECES, "m.nemo")
        assert json.dumps(made.files, allow_nan=False)
