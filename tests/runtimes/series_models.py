"""Makes tiny models that forecast, in their publishers' layouts, and asks the library itself.

Run in the runtime: the folder (with `past.csv` in it), then the names of the functions below. Each
makes the folder of its name and `expected.json` in it.
"""

import csv
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy
import torch
import transformers as hf

HERE = Path(sys.argv[1])
SEED = 7


def past() -> Any:
    """The series of the table: time x series."""
    with (HERE / "past.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    return torch.tensor([[float(cell) for cell in row[1:]] for row in rows])


def saved(model: Any, folder: Path) -> Any:
    """The model with other weights than all its kind, in its folder."""
    torch.manual_seed(3)
    for value in model.parameters():
        if value.ndim > 1:
            torch.nn.init.normal_(value, std=0.2)
    model.save_pretrained(folder)
    return model.eval()


def patchtst(folder: Path) -> Any:
    """PatchTST for two series together."""
    model = saved(
        hf.PatchTSTForPrediction(
            hf.PatchTSTConfig(
                num_input_channels=2,
                context_length=16,
                prediction_length=4,
                patch_length=4,
                patch_stride=4,
                d_model=16,
                num_attention_heads=2,
                num_hidden_layers=1,
                ffn_dim=16,
                loss="mse",
            )
        ),
        folder,
    )
    return model(past_values=past()[None, -16:]).prediction_outputs[0]


def patchtsmixer(folder: Path) -> Any:
    """PatchTSMixer for any number of series, each by itself, with quantiles."""
    model = saved(
        hf.PatchTSMixerForPrediction(
            hf.PatchTSMixerConfig(
                num_input_channels=1,
                context_length=16,
                prediction_length=4,
                patch_length=4,
                patch_stride=4,
                d_model=8,
                num_layers=1,
                loss="nll",
                num_parallel_samples=50,
            )
        ),
        folder,
    )
    torch.manual_seed(SEED)
    drawn = model.generate(past_values=past()[-16:].T[:, :, None]).sequences
    return drawn.permute(3, 1, 2, 0)[0].numpy()


def timesfm(folder: Path) -> Any:
    """TimesFM, for weekly dates."""
    model = saved(
        hf.TimesFmModelForPrediction(
            hf.TimesFmConfig(
                patch_length=4,
                context_length=16,
                horizon_length=8,
                num_hidden_layers=1,
                hidden_size=16,
                intermediate_size=16,
                head_dim=8,
                num_attention_heads=2,
            )
        ),
        folder,
    )
    made = model(past_values=list(past()[-16:].T.contiguous()), freq=[1, 1])
    return {
        "middle": made.mean_predictions.T.tolist(),
        "0.1": made.full_predictions[:, :, 1].T.tolist(),
    }


def timesfm_2_5(folder: Path) -> Any:
    """TimesFM 2.5, which is told no frequency."""
    model = saved(
        hf.TimesFm2_5ModelForPrediction(
            hf.TimesFm2_5Config(
                patch_length=4,
                context_length=16,
                horizon_length=8,
                num_hidden_layers=1,
                hidden_size=16,
                intermediate_size=16,
                head_dim=8,
                num_attention_heads=2,
                num_key_value_heads=2,
                output_quantile_len=8,
            )
        ),
        folder,
    )
    made = model(past_values=list(past()[-16:].T.contiguous()))
    return {
        "middle": made.mean_predictions.T.tolist(),
        "0.1": made.full_predictions[:, :, 1].T.tolist(),
    }


def autoformer(folder: Path) -> Any:
    """Autoformer without features of time."""
    config = partial(hf.AutoformerConfig, label_length=4, moving_average=3)
    return informer(folder, config, hf.AutoformerForPrediction)


def informer(
    folder: Path, config: Any = hf.InformerConfig, kind: Any = hf.InformerForPrediction
) -> Any:
    """Informer without features of time."""
    model = saved(
        kind(
            config(
                prediction_length=4,
                context_length=8,
                input_size=1,
                lags_sequence=[1, 2, 3],
                num_time_features=0,
                d_model=16,
                encoder_layers=1,
                decoder_layers=1,
                encoder_attention_heads=2,
                decoder_attention_heads=2,
                encoder_ffn_dim=16,
                decoder_ffn_dim=16,
                num_parallel_samples=20,
            )
        ),
        folder,
    )
    given = past()[-11:].T
    torch.manual_seed(SEED)
    drawn = model.generate(
        past_values=given,
        past_time_features=torch.zeros(2, 11, 0),
        past_observed_mask=torch.ones_like(given),
        future_time_features=torch.zeros(2, 4, 0),
    ).sequences
    return drawn.median(dim=1).values.T if drawn.shape[1] % 2 else numpy.median(drawn, 1).T


def chronos(folder: Path) -> Any:
    """Chronos: T5 over bins; the tokens are computed here by other means."""
    told = {
        "tokenizer_class": "MeanScaleUniformBins",
        "tokenizer_kwargs": {"low_limit": -15.0, "high_limit": 15.0},
        "n_tokens": 64,
        "n_special_tokens": 2,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "use_eos_token": True,
        "model_type": "seq2seq",
        "context_length": 16,
        "prediction_length": 4,
        "num_samples": 5,
        "temperature": 1.0,
        "top_k": 50,
        "top_p": 1.0,
    }
    model = saved(
        hf.T5ForConditionalGeneration(
            hf.T5Config(
                vocab_size=64,
                d_model=16,
                d_ff=16,
                num_layers=1,
                num_heads=2,
                d_kv=8,
                pad_token_id=0,
                eos_token_id=1,
                decoder_start_token_id=0,
                chronos_config=told,
            )
        ),
        folder,
    )
    centers = [-15 + 30 * n / 60 for n in range(61)]
    ids, scales = [], []
    for series in past()[-16:].T.tolist():
        scales.append(sum(map(abs, series)) / len(series))
        away = [[abs(center - x / scales[-1]) for center in centers] for x in series]
        nearest = [row.index(min(row)) for row in away]
        ids.append([3 + n for n in nearest] + [1])
    torch.manual_seed(SEED)
    made = model.generate(
        input_ids=torch.tensor(ids),
        attention_mask=torch.ones(2, 17, dtype=torch.long),
        min_new_tokens=4,
        max_new_tokens=4,
        do_sample=True,
        num_return_sequences=5,
        top_k=50,
    )[:, 1:].reshape(2, 5, 4)
    values = [
        [[centers[min(max(int(t) - 3, 0), 60)] * scales[s] for t in one] for one in made[s]]
        for s in range(2)
    ]
    return numpy.median(numpy.array(values), axis=1).T


BOLT = {
    "d_model": 16,
    "d_ff": 16,
    "num_layers": 1,
    "num_decoder_layers": 1,
    "num_heads": 2,
    "d_kv": 8,
    "vocab_size": 2,
    "decoder_start_token_id": 0,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "feed_forward_proj": "relu",
    "chronos_config": {
        "context_length": 16,
        "prediction_length": 4,
        "input_patch_size": 4,
        "input_patch_stride": 4,
        "quantiles": [0.1, 0.5, 0.9],
        "use_reg_token": True,
    },
}


def bolt(folder: Path) -> Any:
    """Chronos-Bolt, with weights by a formula: its numbers are known from chronos-forecasting."""
    from safetensors.torch import save_file

    save_file(weights_of_bolt(), folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(
        json.dumps(
            {"architectures": ["ChronosBoltModelForForecasting"], "model_type": "t5", **BOLT}
        )
    )
    return {"from": "chronos-forecasting"}


def weights_of_bolt() -> dict[str, Any]:
    """Every tensor by its name; the numbers are sines of their places."""
    shapes = {
        name: tuple(value.shape)
        for name, value in hf.T5Model(hf.T5Config(**BOLT)).state_dict().items()
        if "embed_tokens" not in name
    }
    for name, rows, inner, columns in (("input", 16, 16, 8), ("output", 12, 16, 16)):
        block = f"{name}_patch_embedding"
        shapes[f"{block}.hidden_layer.weight"] = (inner, columns)
        shapes[f"{block}.hidden_layer.bias"] = (inner,)
        shapes[f"{block}.output_layer.weight"] = (rows, inner)
        shapes[f"{block}.output_layer.bias"] = (rows,)
        shapes[f"{block}.residual_layer.weight"] = (rows, columns)
        shapes[f"{block}.residual_layer.bias"] = (rows,)
    return sines({name: torch.empty(shape) for name, shape in shapes.items()})


def sines(out: dict[str, Any]) -> dict[str, Any]:
    """The same tensors, filled with sines of their places."""
    for number, name in enumerate(sorted(out)):
        places = torch.arange(out[name].numel(), dtype=torch.float64)
        out[name] = (torch.sin(places * 0.7 + number) * 0.5).float().reshape(out[name].shape)
    return out


def ttm(folder: Path, prefix: bool = False) -> Any:
    """Granite's TTM, with weights by a formula: its numbers are known from granite-tsfm."""
    from safetensors.torch import save_file

    save_file(weights_of_ttm(prefix), folder / "model.safetensors", {"format": "pt"})
    told = {**TTM, "resolution_prefix_tuning": prefix, "frequency_token_vocab_size": 10}
    (folder / "config.json").write_text(
        json.dumps({"architectures": ["TinyTimeMixerForPrediction"], **told})
    )
    return {"from": "granite-tsfm 0.3.11"}


def ttm_told(folder: Path) -> Any:
    """The same when it is told how far apart the rows are."""
    return ttm(folder, prefix=True)


TTM = {
    "context_length": 16,
    "prediction_length": 4,
    "patch_length": 4,
    "patch_stride": 4,
    "d_model": 16,
    "num_layers": 1,
    "adaptive_patching_levels": 2,
    "decoder_num_layers": 1,
    "decoder_d_model": 8,
    "decoder_raw_residual": True,
    "gated_attn": True,
    "scaling": "std",
    "mode": "common_channel",
    "decoder_mode": "common_channel",
    "expansion_factor": 2,
    "use_decoder": True,
    "num_input_channels": 1,
}


def weights_of_ttm(prefix: bool) -> dict[str, Any]:
    """Every tensor by its name; the numbers are sines of their places."""
    count = 5 if prefix else 4
    encoder = "backbone.encoder"
    shapes = {
        f"{encoder}.patcher": (16, 4),
        "decoder.adapter": (8, 16),
        "decoder.decoder_raw_embedding": (8, 4),
        "head.base_forecast_block": (4, 8 * count),
    }
    layers = {
        f"{encoder}.mlp_mixer_encoder.mixers.0.mixer_layers.0": (2 * count, 8),
        f"{encoder}.mlp_mixer_encoder.mixers.1.mixer_layers.0": (count, 16),
        "decoder.decoder_block.mixers.0": (count, 8),
    }
    out: dict[str, Any] = {}
    if prefix:
        shapes |= {f"{encoder}.freq_mod.1": (10, 4), f"{encoder}.freq_mod.3": (16, 10)}
        out[f"{encoder}.freq_mod.0.weight"] = torch.empty(10, 4)
    for name, (patches, width) in layers.items():
        for kind, size in (("patch_mixer", patches), ("feature_mixer", width)):
            shapes[f"{name}.{kind}.mlp.fc1"] = (2 * size, size)
            shapes[f"{name}.{kind}.mlp.fc2"] = (size, 2 * size)
            shapes[f"{name}.{kind}.gating_block.attn_layer"] = (size, size)
            out[f"{name}.{kind}.norm.norm.weight"] = torch.empty(width)
            out[f"{name}.{kind}.norm.norm.bias"] = torch.empty(width)
    for name, (rows, columns) in shapes.items():
        out[f"{name}.weight"] = torch.empty(rows, columns)
        out[f"{name}.bias"] = torch.empty(rows)
    return sines(out)


if __name__ == "__main__":
    for name in sys.argv[2:]:
        target = HERE / name
        target.mkdir()
        with torch.inference_mode():
            told = globals()[name](target)
        (target / "expected.json").write_text(
            json.dumps(told if isinstance(told, dict) else told.tolist())
        )
