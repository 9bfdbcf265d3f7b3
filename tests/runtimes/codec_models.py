"""Makes tiny codecs in their publishers' layouts, and lets the library encode and decode.

Run in the runtime: the folder (with `short.wav` in it), then the names of the functions below.
"""

import json
import sys
from pathlib import Path
from typing import Any

import soundfile
import torch
import transformers as hf

HERE = Path(sys.argv[1])


def saved(model: Any, folder: Path, std: float = 0.3) -> Any:
    """The codec with codebooks that differ, in its folder."""
    torch.manual_seed(1)
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        if value.ndim > 1 or name.endswith(("embed", "embed_sum")):
            torch.nn.init.normal_(value, std=std)
    model.save_pretrained(folder)
    return type(model).from_pretrained(folder).eval()


def sound() -> Any:
    """The recording: batch x channel x time."""
    return torch.from_numpy(soundfile.read(HERE / "short.wav", dtype="float32")[0])[None, None]


def encodec(folder: Path) -> Any:
    """EnCodec with two bandwidths."""
    model = saved(
        hf.EncodecModel(
            hf.EncodecConfig(
                sampling_rate=16_000,
                upsampling_ratios=[8, 5, 4, 2],
                num_filters=4,
                hidden_size=16,
                codebook_size=32,
                codebook_dim=16,
                num_lstm_layers=1,
                target_bandwidths=[0.5, 1.0],
            )
        ),
        folder,
        0.5,
    )
    codes = model.encode(sound(), bandwidth=1.0).audio_codes
    return codes[0, 0], model.decode(codes, [None]).audio_values


def dac(folder: Path) -> Any:
    """DAC."""
    model = saved(
        hf.DacModel(
            hf.DacConfig(
                sampling_rate=16_000,
                encoder_hidden_size=8,
                downsampling_ratios=[4, 8],
                upsampling_ratios=[8, 4],
                decoder_hidden_size=16,
                n_codebooks=3,
                codebook_size=32,
                codebook_dim=4,
            )
        ),
        folder,
    )
    codes = model.encode(sound(), n_quantizers=2).audio_codes
    return codes[0], model.decode(audio_codes=codes).audio_values


def mimi(folder: Path) -> Any:
    """Mimi."""
    model = saved(
        hf.MimiModel(
            hf.MimiConfig(
                sampling_rate=16_000,
                num_filters=4,
                hidden_size=32,
                upsampling_ratios=[8, 5, 4],
                codebook_size=32,
                codebook_dim=16,
                num_quantizers=4,
                num_hidden_layers=1,
                num_attention_heads=2,
                num_key_value_heads=2,
                head_dim=16,
                intermediate_size=32,
                vector_quantization_hidden_dimension=16,
                upsample_groups=32,
            )
        ),
        folder,
    )
    codes = model.encode(sound(), num_quantizers=4).audio_codes
    return codes[0], model.decode(audio_codes=codes).audio_values


if __name__ == "__main__":
    for name in sys.argv[2:]:
        target = HERE / name
        target.mkdir()
        with torch.inference_mode():
            codes, wave = globals()[name](target)
        told = {"codes": codes.tolist(), "wave": wave.reshape(-1).tolist()}
        (target / "expected.json").write_text(json.dumps(told))
        print(name, codes.shape, len(set(codes.reshape(-1).tolist())), float(wave.std()))
