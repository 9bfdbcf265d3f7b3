"""Says what a recognizer published as .nemo is in the layout of Transformers: names and settings.

FastConformer is what Transformers calls Parakeet. Conformer differs from it in how it shortens
what it hears, so it keeps a name of its own (`ConformerForCTC`, `ConformerForRNNT`). Sizes are
taken from the weights; what the configuration says otherwise than the classes compute is refused.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats.sentencepiece import Pieces, as_tokenizer
from freehold.formats.structured import Table, as_table

HEADS = {
    "EncDecCTCModelBPE": "CTC",
    "EncDecRNNTBPEModel": "RNNT",
    "EncDecHybridRNNTCTCBPEModel": "RNNT",
}
"""The classes of NeMo that are known, and the heads that are taken over."""
SECOND = re.compile(r"ctc_decoder\..+")
"""The second head of a hybrid, which is left behind."""
SHORTENING = {"striding": "Conformer", "dw_striding": "Parakeet"}
COMPUTED = re.compile(r"preprocessor\.featurizer\.(?:fb|window)|encoder\.pos_enc\.pe")
"""What is kept among the weights, but follows from the settings."""
LAYER = re.compile(r"encoder\.layers\.(\d+)\.(.+)")
INSIDE = {
    "self_attn.linear_q": "self_attn.q_proj",
    "self_attn.linear_k": "self_attn.k_proj",
    "self_attn.linear_v": "self_attn.v_proj",
    "self_attn.linear_out": "self_attn.o_proj",
    "self_attn.linear_pos": "self_attn.relative_k_proj",
    "self_attn.pos_bias": "self_attn.bias",
    "conv.batch_norm": "conv.norm",
}
"""The parts of a layer that have another name."""
AROUND = (
    (re.compile(r"encoder\.pre_encode\.conv\.(\d+\..+)"), r"encoder.subsampling.layers.\1"),
    (re.compile(r"encoder\.pre_encode\.out\.(.+)"), r"encoder.subsampling.linear.\1"),
    (re.compile(r"decoder\.decoder_layers\.0\.(.+)"), r"ctc_head.\1"),
    (re.compile(r"decoder\.prediction\.embed\.(.+)"), r"decoder.embedding.\1"),
    (re.compile(r"decoder\.prediction\.dec_rnn\.lstm\.(.+)"), r"decoder.lstm.\1"),
    (re.compile(r"joint\.pred\.(.+)"), r"decoder.decoder_projector.\1"),
    (re.compile(r"joint\.enc\.(.+)"), r"encoder_projector.\1"),
    (re.compile(r"joint\.joint_net\.\d+\.(.+)"), r"joint.head.\1"),
)
MUST_BE = {
    ("encoder", "self_attention_model"): ("rel_pos",),
    ("encoder", "att_context_style"): ("regular",),
    ("encoder", "conv_norm_type"): ("batch_norm",),
    ("encoder", "conv_context_size"): ("null",),
    ("encoder", "causal_downsampling"): ("false",),
    ("encoder", "reduction"): ("null",),
    ("preprocessor", "normalize"): ("per_feature",),
    ("preprocessor", "window"): ("hann",),
    ("preprocessor", "log"): ("true",),
    ("preprocessor", "frame_splicing"): ("1",),
    ("preprocessor", "mag_power"): ("2.0", "2"),
    ("preprocessor", "mel_norm"): ("slaney",),
    ("preprocessor", "lowfreq"): ("0",),
    ("preprocessor", "highfreq"): ("null",),
    ("tokenizer", "type"): ("bpe",),
}
"""What the classes compute, where the configuration says it at all."""
Shapes = Mapping[str, tuple[int, ...]]


class Layout(Struct, frozen=True):
    """The files of the new folder beside its weights, and the weights' new names by the old."""

    files: dict[str, dict[str, Any]]
    names: dict[str, str]


def tokenizer_of(config: Table, name: str) -> str:
    """The name of the SentencePiece model inside the archive."""
    told = str(as_table(config.get("tokenizer")).get("model_path") or "")
    if not told.removeprefix("nemo:"):
        raise BrokenInput(f"{name}: does not name a SentencePiece model as its tokenizer")
    return told.removeprefix("nemo:").rpartition("/")[2]


def layout(config: Table, shapes: Shapes, pieces: Pieces, name: str) -> Layout:
    """What is written; BrokenInput for a model that the classes would not compute rightly."""
    target = str(config.get("target") or "").rpartition(".")[2]
    kind = str(as_table(config.get("encoder")).get("subsampling"))
    if target not in HEADS or kind not in SHORTENING:
        raise BrokenInput(
            f"{name}: is {target or 'nothing that says its class'} with the subsampling {kind!r}; "
            f"{' and '.join(HEADS)} with {' or '.join(SHORTENING)} are known here"
        )
    _check(config, name)
    kept = [old for old in shapes if not (COMPUTED.fullmatch(old) or SECOND.fullmatch(old))]
    names = {old: _renamed(old, name) for old in kept}
    sized = {new: shapes[old] for old, new in names.items()}
    count = len(pieces.pieces)
    try:
        encoder, extra = _encoder(config, sized), _durations(config)
        head = "TDT" if extra and HEADS[target] == "RNNT" else HEADS[target]
        if head == "TDT" and SHORTENING[kind] == "Conformer":
            raise ValueError("is a Conformer that also says durations, which is not known here")
        top = _ctc(sized, count) if head == "CTC" else _transducer(config, sized, count, extra)
        heard = _heard(as_table(config.get("preprocessor")))
    except (KeyError, IndexError) as error:
        raise BrokenInput(f"{name}: a tensor that it needs is not there: {error}") from error
    except (ValueError, OverflowError) as error:
        raise BrokenInput(f"{name}: {error}") from error
    architecture = f"{SHORTENING[kind]}For{head}"
    files = {
        "config.json": {"architectures": [architecture], "encoder_config": encoder, **top},
        "processor_config.json": {
            "processor_class": "ParakeetProcessor",
            "decoder_type": head.lower(),
            "blank_token": "<blank>",
            "feature_extractor": heard,
        },
        **_spelled(pieces),
    }
    if head != "CTC":
        files["generation_config.json"] = {
            "decoder_start_token_id": count, "pad_token_id": count,
        }  # fmt: skip
    return Layout(files, names)


def _check(config: Table, name: str) -> None:
    """Refuse settings that would be computed otherwise than they say."""
    for (part, key), right in MUST_BE.items():
        told = as_table(config.get(part)).get(key)
        if told is not None and str(told).strip().lower() not in (*right, ""):
            raise BrokenInput(
                f"{name}: {part}.{key} is {told!r}, and only {right[0]!r} is known here"
            )
    context = as_table(config.get("encoder")).get("att_context_size")
    if context is not None and context != ["-1", "-1"]:
        raise BrokenInput(f"{name}: hears {context!r} steps around each, and not everything")


def _renamed(old: str, name: str) -> str:
    """The name of a tensor in the classes of Transformers."""
    layer = LAYER.fullmatch(old)
    if layer:
        inside = layer[2]
        for part, new in INSIDE.items():
            if inside.startswith(part):
                inside = new + inside.removeprefix(part)
        return f"encoder.layers.{layer[1]}.{inside}"
    for pattern, new in AROUND:
        if pattern.fullmatch(old):
            return pattern.sub(new, old)
    raise BrokenInput(f"{name}: holds a tensor that is not known here: {old!r}")


def _encoder(config: Table, sized: Shapes) -> dict[str, Any]:
    """The encoder as its weights are shaped."""
    told, first = as_table(config.get("encoder")), "encoder.layers.0."
    width = sized["encoder.subsampling.linear.weight"][0]
    layers = {int(m[1]) for m in map(LAYER.fullmatch, sized) if m}
    if layers != set(range(len(layers))):
        raise ValueError("a layer is missing")
    return {
        "model_type": "parakeet_encoder",
        "hidden_size": width,
        "num_hidden_layers": len(layers),
        "num_attention_heads": sized[f"{first}self_attn.bias_u"][0],
        "intermediate_size": sized[f"{first}feed_forward1.linear1.weight"][0],
        "attention_bias": f"{first}self_attn.q_proj.bias" in sized,
        "convolution_bias": f"{first}conv.depthwise_conv.bias" in sized,
        "conv_kernel_size": sized[f"{first}conv.depthwise_conv.weight"][2],
        "subsampling_factor": _whole(told, "subsampling_factor", "4"),
        "subsampling_conv_channels": sized["encoder.subsampling.layers.0.weight"][0],
        "num_mel_bins": _whole(told, "feat_in", "80"),
        "max_position_embeddings": _whole(told, "pos_emb_max_len", "5000"),
        "scale_input": str(told.get("xscaling", "true")).lower() == "true",
    }


def _ctc(sized: Shapes, count: int) -> dict[str, Any]:
    """The head that names a piece, or none, for each step."""
    _has(sized["ctc_head.weight"][0], count)
    return {"model_type": "parakeet_ctc", "vocab_size": count + 1, "pad_token_id": count}


def _durations(config: Table) -> int:
    """How many durations the head of a TDT chooses from: 0, 1, 2 and so on; 0 for other heads."""
    extra = str(as_table(config.get("joint")).get("num_extra_outputs", "0"))
    said = as_table(config.get("model_defaults")).get("tdt_durations")
    said = said or as_table(config.get("decoding")).get("durations")
    if extra in ("0", "null"):
        return 0
    if not extra.isdecimal() or said != [str(n) for n in range(int(extra))]:
        raise ValueError(f"it says {extra} durations, which are {said!r}, and not 0, 1, 2, ...")
    return int(extra)


def _transducer(config: Table, sized: Shapes, count: int, extra: int) -> dict[str, Any]:
    """The head that also hears what was said so far; one width for both of its sides."""
    width = sized["decoder.embedding.weight"][1]
    _has(sized["joint.head.weight"][0] - extra, count)
    if sized["decoder.decoder_projector.weight"] != (width, width):
        raise ValueError("what was said and what is heard meet in another width, unknown here")
    decoding = as_table(as_table(config.get("decoding")).get("greedy"))
    most = decoding.get("max_symbols") or decoding.get("max_symbols_per_step") or "10"
    return {
        "model_type": "parakeet_tdt" if extra else "parakeet_rnnt",
        **({"durations": list(range(extra))} if extra else {}),
        "vocab_size": count + 1,
        "blank_token_id": count,
        "pad_token_id": count,
        "decoder_hidden_size": width,
        "num_decoder_layers": sum(".lstm.weight_ih_l" in name for name in sized),
        "hidden_act": str(as_table(as_table(config.get("joint")).get("jointnet"))
                          .get("activation", "relu")),
        "max_symbols_per_step": int(most) if str(most).isdecimal() else 10,
    }  # fmt: skip


def _has(rows: int, count: int) -> None:
    if rows != count + 1:
        raise ValueError(f"its head names {rows} pieces, but there are {count} and the blank")


def _heard(told: Table) -> dict[str, Any]:
    """How sound becomes what the encoder takes."""
    rate = _whole(told, "sample_rate", "16000")
    return {
        "feature_extractor_type": "ParakeetFeatureExtractor",
        "sampling_rate": rate,
        "feature_size": _whole(told, "features", "64"),
        "n_fft": _whole(told, "n_fft", "512"),
        "win_length": round(_part(told, "window_size", "0.02") * rate),
        "hop_length": round(_part(told, "window_stride", "0.01") * rate),
        "preemphasis": _part(told, "preemph", "0.97"),
        "padding_value": 0.0,
        "return_attention_mask": True,
    }


def _part(told: Table, key: str, usual: str) -> float:
    value = float(str(told.get(key, usual)))
    if not 0 <= value <= 1:
        raise ValueError(f"{key} is {value}, and not between 0 and 1")
    return value


def _whole(told: Table, key: str, usual: str) -> int:
    value = str(told.get(key, usual))
    if not value.isdecimal() or not 0 < int(value) <= 10**6:
        raise ValueError(f"{key} is {value!r}, and no number that can be")
    return int(value)


def _spelled(pieces: Pieces) -> dict[str, dict[str, Any]]:
    """The tokenizer: the pieces, and the blank as one more."""
    unknown = next((piece.text for piece in pieces.pieces if piece.kind == 2), None)
    named = {"unk_token": unknown} if unknown else {}
    return {
        "tokenizer.json": as_tokenizer(pieces, "<blank>"),
        "tokenizer_config.json": {
            "tokenizer_class": "ParakeetTokenizer",
            "processor_class": "ParakeetProcessor",
            "clean_up_tokenization_spaces": False,
            "pad_token": "<blank>",
            **named,
        },
    }
