"""A tiny ImageBind put together from the modules of PyTorch, with the published names of weights.

Run by the Python of the runtime: `python tiny_imagebind.py FOLDER`; what it gives lies beside it.
"""

import json
import sys
import wave
from pathlib import Path
from typing import Any

import numpy
import torch
from PIL import Image
from safetensors.torch import save_file
from tokenizers import pre_tokenizers
from torch import nn
from transformers import CLIPTokenizer
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

HERE = Path(sys.argv[1])
WIDTH, OUT, HEADS = {"vision": 16, "text": 12, "audio": 8}, 6, {"vision": 4, "text": 2, "audio": 2}


class Attention(nn.MultiheadAttention):  # type: ignore[misc]
    """Attention of a place to all, or to those before it."""

    def forward(self, x: Any, mask: Any = None) -> Any:
        return super().forward(x, x, x, need_weights=False, attn_mask=mask)[0]


class Block(nn.Module):  # type: ignore[misc]
    def __init__(self, kind: str) -> None:
        super().__init__()
        width = WIDTH[kind]
        self.attn = Attention(width, HEADS[kind], add_bias_kv=kind == "audio", batch_first=True)
        self.norm_1 = nn.LayerNorm(width, eps=1e-6)
        self.norm_2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Any, mask: Any = None) -> Any:
        x = x + self.attn(self.norm_1(x), mask)
        return x + self.mlp.fc2(nn.functional.gelu(self.mlp.fc1(self.norm_2(x))))


class Part(nn.Module):  # type: ignore[misc]
    """A module that holds others under names."""

    def __init__(self, **inner: Any) -> None:
        super().__init__()
        for name, module in inner.items():
            setattr(self, name, module)


def values(*shape: int) -> Any:
    return nn.Parameter(torch.randn(*shape) * 0.3)


class ImageBind(nn.Module):  # type: ignore[misc]
    """The assembly of the published model."""

    def __init__(self, letters: int) -> None:
        super().__init__()
        v, t, a = WIDTH["vision"], WIDTH["text"], WIDTH["audio"]
        self.modality_preprocessors = Part(
            vision=Part(
                cls_token=values(1, 1, v),
                rgbt_stem=Part(proj=nn.Sequential(
                    nn.Identity(), nn.Conv3d(3, v, (2, 14, 14), (2, 14, 14), bias=False))),
                pos_embedding_helper=Part(pos_embed=values(1, 5, v)),
            ),
            text=Part(pos_embed=values(1, 20, t), token_embedding=nn.Embedding(letters, t)),
            audio=Part(
                cls_token=values(1, 1, a),
                rgbt_stem=Part(proj=nn.Conv2d(1, a, 16, 10, bias=False),
                               norm_layer=nn.LayerNorm(a, eps=1e-6)),
                pos_embedding_helper=Part(pos_embed=values(1, 229, a)),
            ),
        )  # fmt: skip
        self.modality_trunks = Part(**{
            kind: Part(
                pre_transformer_layer=nn.Sequential(
                    nn.LayerNorm(WIDTH[kind], eps=1e-6) if kind == "vision" else nn.Identity()),
                blocks=nn.Sequential(Block(kind), Block(kind)),
            )
            for kind in WIDTH
        })  # fmt: skip

        def head(width: int, between: bool = True) -> Any:
            norm, out = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, OUT, bias=False)
            return nn.Sequential(norm, nn.Identity(), out) if between else nn.Sequential(norm, out)

        self.modality_heads = Part(vision=head(v), text=Part(proj=head(t, False)), audio=head(a))
        scale = {"text": 3.0, "audio": 2.0}
        self.modality_postprocessors = Part(**{
            kind: nn.Sequential(nn.Identity(), Part(log_logit_scale=nn.Parameter(torch.tensor(s))))
            for kind, s in scale.items()
        })  # fmt: skip

    def seen(self, picture: Any) -> Any:
        pre = self.modality_preprocessors.vision
        x = pre.rgbt_stem.proj[1](torch.stack([picture, picture], 2)).flatten(2).transpose(1, 2)
        x = torch.cat([pre.cls_token, x], 1) + pre.pos_embedding_helper.pos_embed
        x = self.modality_trunks.vision.pre_transformer_layer(x)
        return nn.functional.normalize(self.after("vision", x), dim=-1)[0]

    def heard(self, clips: Any) -> Any:
        pre = self.modality_preprocessors.audio
        x = pre.rgbt_stem.norm_layer(pre.rgbt_stem.proj(clips).flatten(2).transpose(1, 2))
        x = torch.cat([pre.cls_token.expand(len(x), -1, -1), x], 1)
        x = x + pre.pos_embedding_helper.pos_embed
        found = nn.functional.normalize(self.after("audio", x), dim=-1)
        return (found * self.modality_postprocessors.audio[1].log_logit_scale.exp()).mean(0)

    def read(self, ids: list[int]) -> Any:
        pre = self.modality_preprocessors.text
        padded = torch.tensor([ids + [0] * (20 - len(ids))])
        x = pre.token_embedding(padded) + pre.pos_embed
        mask = torch.full((20, 20), float("-inf")).triu(1)
        for block in self.modality_trunks.text.blocks:
            x = block(x, mask)
        end = self.modality_heads.text.proj(x[0, padded[0].argmax()])
        found = nn.functional.normalize(end, dim=-1)
        return found * self.modality_postprocessors.text[1].log_logit_scale.exp()

    def after(self, kind: str, x: Any) -> Any:
        for block in getattr(self.modality_trunks, kind).blocks:
            x = block(x)
        norm, _, out = getattr(self.modality_heads, kind)
        return out(norm(x)[:, 0])


def loudness(clip: Any) -> Any:
    """The logarithm of loudness in 128 bands, as Kaldi computes it."""
    bands = mel_filter_bank(
        257, 128, 20, 8000, 16000, None, "kaldi", triangularize_in_mel_space=True
    )
    found = spectrogram(
        (clip - clip.mean()).astype(numpy.float64), window_function(400, "hann", periodic=False),
        400, 160, 512, power=2.0, center=False, preemphasis=0.97, mel_filters=bands,
        log_mel="log", mel_floor=1.192092955078125e-07, remove_dc_offset=True,
    )  # fmt: skip
    filled = numpy.zeros((128, 204), numpy.float32)
    filled[:, : found.shape[1]] = found[:, :204]
    return (filled + 4.268) / 9.138


def main() -> None:
    """The model, what goes in, and what comes out."""
    torch.manual_seed(0)
    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    letters = [*signs, *(s + "</w>" for s in signs), "<|startoftext|>", "<|endoftext|>"]
    folder = HERE / "imagebind"
    CLIPTokenizer(vocab={s: n for n, s in enumerate(letters)}, merges=[]).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({s: n for n, s in enumerate(letters)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    model = ImageBind(len(letters)).eval()
    save_file(
        {k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors"
    )
    (folder / "config.json").write_text(
        json.dumps({"architectures": ["ImageBindModel"], "heads": HEADS})
    )
    color = numpy.random.default_rng(0).integers(0, 255, (28, 40, 3), dtype=numpy.uint8)
    Image.fromarray(color).save(HERE / "picture.png")
    middle = torch.tensor(color[:, 6:34]).permute(2, 0, 1)[None] / 255
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073])[None, :, None, None]
    deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711])[None, :, None, None]
    tone = (numpy.sin(numpy.arange(48_000) ** 1.5 / 300) * 20_000).astype("<i2")
    with wave.open(str(HERE / "sound.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(tone.tobytes())
    heard = tone.astype(numpy.float32) / 32768
    clips = [loudness(heard[at : at + 32_000]) for at in (0, 8_000, 16_000)]
    ids = [512, *(signs.index(s) for s in "fo"), 256 + signs.index("x"), 513]
    with torch.inference_mode():
        found = {
            "picture": model.seen((middle - mean) / deviation),
            "sound": model.heard(torch.tensor(numpy.stack(clips))[:, None].float()),
            "text": model.read(ids),
        }
    (HERE / "vectors.json").write_text(json.dumps({k: v.tolist() for k, v in found.items()}))


if __name__ == "__main__":
    main()
