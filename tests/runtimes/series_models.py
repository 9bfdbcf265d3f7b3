"""Makes tiny models that forecast, in their publishers' layouts, and asks the library itself.

Run in the runtime: the folder (with `past.csv` in it), then the names of the functions below. Each
makes the folder of its name and `expected.json` in it.
"""

import csv
import json
import sys
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


def informer(folder: Path) -> Any:
    """Informer without features of time."""
    model = saved(
        hf.InformerForPrediction(
            hf.InformerConfig(
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


if __name__ == "__main__":
    for name in sys.argv[2:]:
        target = HERE / name
        target.mkdir()
        with torch.inference_mode():
            told = globals()[name](target)
        (target / "expected.json").write_text(
            json.dumps(told if isinstance(told, dict) else told.tolist())
        )
