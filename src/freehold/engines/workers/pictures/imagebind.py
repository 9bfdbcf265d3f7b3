"""ImageBind: pictures, texts and sounds as vectors in one space, without its own library.

The weights keep the names of the published file (`imagebind_huge.pth`, after `freehold convert`),
beside a config.json that says `{"architectures": ["ImageBindModel"]}`; texts also need vocab.json
and merges.txt of CLIP. All sizes are read from the weights. Depth, heat and motion are not taken.
Girdhar et al., ImageBind: One Embedding Space To Bind Them All, 2023.
"""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.pixels import opened
from freehold.engines.workers.torchwork import TYPES, finite, prepared, wanted_type
from freehold.tasks.base import File, Progress, Work
from freehold.tasks.feature_extraction import Request, Result

Answer = Generator[Progress | Result, None, None]
HEADS = {"vision": 16, "text": 16, "audio": 12}
"""Heads of attention of the published model; a config.json may say others."""
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Of the colors that CLIP was trained on."""
RATE, SECONDS, CLIPS = 16_000, 2, 3
BANDS, FRAMES, STRIDE = 128, 204, 10
LOUD_MEAN, LOUD_DEVIATION = -4.268, 9.138
"""Of the logarithms of loudness that it was trained on."""
EPSILON = 1e-6
LARGEST_SCALE = 100.0


def load(order: Order) -> Callable[[Request], Answer]:
    """Read the weights."""
    return ImageBind(order).answer


class ImageBind:
    """The model as its weights by their published names."""

    def __init__(self, order: Order) -> None:
        torch, folder = prepared(order), Path(order.model)
        from freehold.formats.structured import read_json

        config = read_json(folder / "config.json", "config.json")
        self.heads = {**HEADS, **dict(config.get("heads") or {})}
        self.kind = getattr(torch, TYPES[wanted_type(order, folder)])
        self.device, self.folder = order.device, folder
        self.weights = _weights(folder, self.device, self.kind)
        self.tokenizer = _tokenizer(folder)

    def answer(self, request: Request) -> Answer:
        """One vector for each item."""
        import torch

        if request.form != "dense" or request.dimensions is not None or request.role is not None:
            raise UsageError("ImageBind gives dense vectors of one size, without roles")
        started, found, tokens = time.monotonic(), [], 0
        for done, item in enumerate(request.items):
            yield Progress(done, len(request.items), "items")
            with torch.inference_mode():
                vector, used = self._one(item)
            finite(vector, "the vector")
            tokens += used
            found.append(vector / vector.norm() if request.normalize else vector)
        yield Result(
            form="dense",
            size=len(found[0]),
            dense=tuple(v.cpu().numpy().astype("<f4").tobytes() for v in found),
            tokens=tokens,
            work=Work(time.monotonic() - started, len(found), "items"),
        )

    def _one(self, item: str | File) -> tuple[Any, int]:
        if isinstance(item, str):
            return self.text(item)
        if item.kind == "image":
            return self.picture(item), 0
        if item.kind == "audio":
            return self.sound(item), 0
        raise UsageError(f"ImageBind takes texts, pictures and sounds, not {item.kind}")

    def picture(self, file: File) -> Any:
        """The vector of a picture, whose middle square is looked at."""
        import torch
        from torch.nn.functional import conv3d

        stem = self.of("vision", "rgbt_stem.proj.1.weight")
        places = self.of("vision", "pos_embedding_helper.pos_embed")
        side = round((places.shape[1] - 1) ** 0.5) * stem.shape[-1]
        values = _square(opened(file), side).to(self.device, self.kind)
        values = values[:, :, None].expand(-1, -1, stem.shape[2], -1, -1)
        tokens = conv3d(values, stem, stride=stem.shape[2:]).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.of("vision", "cls_token"), tokens], 1) + places
        tokens = self.norm(tokens, "modality_trunks.vision.pre_transformer_layer.0")
        return self._head("vision", self.blocks(tokens, "vision"))[0].float()

    def sound(self, file: File) -> Any:
        """The mean of the vectors of clips that are spread over a sound."""
        import torch
        from torch.nn.functional import conv2d

        values = torch.tensor(_clips(_samples(file))).to(self.device, self.kind)
        stem = self.of("audio", "rgbt_stem.proj.weight")
        tokens = conv2d(values, stem, stride=STRIDE).flatten(2).transpose(1, 2)
        tokens = self.norm(tokens, "modality_preprocessors.audio.rgbt_stem.norm_layer")
        first = self.of("audio", "cls_token").expand(len(tokens), -1, -1)
        tokens = torch.cat([first, tokens], 1) + self.of("audio", "pos_embedding_helper.pos_embed")
        return self._head("audio", self.blocks(tokens, "audio")).float().mean(0)

    def text(self, text: str) -> tuple[Any, int]:
        """The vector of a text, and its tokens; UsageError when it is too long."""
        import torch
        from torch.nn.functional import embedding

        if self.tokenizer is None:
            raise UsageError("texts need vocab.json and merges.txt of CLIP beside the weights")
        places = self.of("text", "pos_embed")
        ids = self.tokenizer(text).input_ids
        if len(ids) > places.shape[1]:
            raise UsageError(
                f"{text[:40]!r} has {len(ids)} tokens, this model reads {places.shape[1]}"
            )
        padded = torch.tensor([[*ids, *[0] * (places.shape[1] - len(ids))]], device=self.device)
        tokens = embedding(padded, self.of("text", "token_embedding.weight")) + places
        seen = self.blocks(tokens, "text", causal=True)[:, len(ids) - 1]
        seen = self.norm(seen, "modality_heads.text.proj.0")
        return self._scaled("text", seen @ self.weights["modality_heads.text.proj.1.weight"].T)[
            0
        ].float(), len(ids)

    def of(self, kind: str, name: str) -> Any:
        """A weight of what comes before the blocks."""
        return self.weights[f"modality_preprocessors.{kind}.{name}"]

    def norm(self, values: Any, name: str) -> Any:
        """Values minus their mean over their deviation, times a weight, plus a bias."""
        from torch.nn.functional import layer_norm

        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return layer_norm(values, weight.shape, weight, bias, EPSILON)

    def linear(self, values: Any, name: str) -> Any:
        """Values times a matrix, plus a bias."""
        return values @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def blocks(self, values: Any, kind: str, causal: bool = False) -> Any:
        """All blocks of one kind of input, one after the other."""
        from torch.nn.functional import gelu

        number = 0
        while f"{(at := f'modality_trunks.{kind}.blocks.{number}')}.norm_1.weight" in self.weights:
            values = values + self._attention(self.norm(values, f"{at}.norm_1"), at, kind, causal)
            inner = gelu(self.linear(self.norm(values, f"{at}.norm_2"), f"{at}.mlp.fc1"))
            values = values + self.linear(inner, f"{at}.mlp.fc2")
            number += 1
        return values

    def _attention(self, values: Any, at: str, kind: str, causal: bool) -> Any:
        """Attention; some kinds have one more key and value, which belong to no place."""
        import torch
        from torch.nn.functional import scaled_dot_product_attention

        both = values @ self.weights[f"{at}.attn.in_proj_weight"].T
        q, k, v = (both + self.weights[f"{at}.attn.in_proj_bias"]).chunk(3, -1)
        if f"{at}.attn.bias_k" in self.weights:
            more = (self.weights[f"{at}.attn.bias_{n}"].expand(len(values), -1, -1) for n in "kv")
            k, v = (torch.cat([x, extra], 1) for x, extra in zip((k, v), more, strict=True))
        heads = self.heads[kind]
        q, k, v = (x.reshape(len(x), x.shape[1], heads, -1).transpose(1, 2) for x in (q, k, v))
        found = scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.linear(found.transpose(1, 2).flatten(2), f"{at}.attn.out_proj")

    def _head(self, kind: str, values: Any) -> Any:
        """The first place, brought into the common space."""
        first = self.norm(values, f"modality_heads.{kind}.0")[:, 0]
        return self._scaled(kind, first @ self.weights[f"modality_heads.{kind}.2.weight"].T)

    def _scaled(self, kind: str, vectors: Any) -> Any:
        """Vectors of length 1, times the scale that a kind has."""
        vectors = vectors / vectors.norm(dim=-1, keepdim=True)
        scale = self.weights.get(f"modality_postprocessors.{kind}.1.log_logit_scale")
        return vectors if scale is None else vectors * scale.exp().clamp(max=LARGEST_SCALE)


def _weights(folder: Path, device: str, kind: Any) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = {
            name: value.to(device, kind)
            for path in sorted(folder.glob("*.safetensors"))
            for name, value in load_file(path).items()
        }
    except (SafetensorError, OSError) as error:
        raise BrokenInput(f"{folder.name}: its weights cannot be read: {error}") from error
    wanted = [f"modality_heads.{n}.weight" for n in ("vision.2", "text.proj.1", "audio.2")]
    missing = [name for name in wanted if name not in found]
    if missing:
        raise BrokenInput(f"{folder.name}: no weights of ImageBind: {missing[0]} is missing")
    return found


def _tokenizer(folder: Path) -> Any:
    from transformers import CLIPTokenizer

    if not (folder / "vocab.json").is_file():
        return None
    return CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)


def _square(image: Any, side: int) -> Any:
    """The middle of a picture whose shorter side was brought to `side` (bicubic)."""
    import numpy
    import torch

    scale = side / min(image.size)
    wide, high = (max(side, int(length * scale)) for length in image.size)
    image = image.resize((wide, high), resample=3)
    left, top = round((wide - side) / 2), round((high - side) / 2)
    image = image.crop((left, top, left + side, top + side))
    values = torch.from_numpy(numpy.array(image)).permute(2, 0, 1)[None].float() / 255
    mean, deviation = (torch.tensor(x).view(1, 3, 1, 1) for x in (MEAN, DEVIATION))
    return (values - mean) / deviation


def _samples(file: File) -> Any:
    """One channel at 16,000 samples per second."""
    import soundfile
    from scipy.signal import resample_poly

    try:
        samples, rate = soundfile.read(str(file.path), dtype="float32", always_2d=True)
    except (RuntimeError, OSError) as error:
        raise BrokenInput(f"the sound cannot be read: {error}") from error
    if not len(samples):
        raise BrokenInput("the sound is empty")
    one = samples.mean(1)
    return one if rate == RATE else resample_poly(one, RATE, rate).astype("float32")


def _clips(samples: Any) -> Any:
    """Loudness in bands over time of three clips: clips x 1 x bands x frames."""
    import numpy
    from transformers import ASTFeatureExtractor

    ear = ASTFeatureExtractor(
        sampling_rate=RATE, num_mel_bins=BANDS, max_length=FRAMES, mean=LOUD_MEAN,
        std=LOUD_DEVIATION / 2,
    )  # fmt: skip
    length = SECONDS * RATE
    last = max(0, len(samples) - length)
    found = []
    for number in range(CLIPS):
        start = last * number // (CLIPS - 1)
        clip = samples[start : start + length]
        heard = ear(clip - clip.mean(), sampling_rate=RATE, return_tensors="np")
        found.append(heard["input_values"][0].T[None])
    return numpy.stack(found)
