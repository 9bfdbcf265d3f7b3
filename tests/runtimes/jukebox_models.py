"""Makes tiny Jukeboxes in the layout of Transformers 4.40, and sings with them by plain functions.

Run in the runtime: the folder (with `begun.wav` in it), then names: `merged`, whose coarsest level
reads lyrics itself, as the published one of 1 billion; `apart`, where a transformer of its own
reads them, as that of 5 billion. Nothing here is shared with the workers: it is the other opinion.
Attention is computed over everything each time, with a mask that says who sees whom.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import soundfile
import torch
from torch.nn import functional as f

HERE = Path(sys.argv[1])
RATE, LONGEST, BINS, CODES, WIDE, HEADS, GENRES = 1000, 4.0, 8, 24, 16, 2, 5
LETTERS, SPOKEN, DOWNS, GROWTH, DEPTH, THIN = 80, 8, (2, 1, 1), 3, 2, 8
SONG = ("The Band", "Country", "Caf\u00e9 au lait, + tea\\ for me")
ROWS = ["block_attn", "transpose_block_attn", "prev_block_attn"]
Numbers = dict[str, Any]


def prior(level: int, **more: Any) -> Numbers:
    """The settings of one transformer."""
    return {
        "level": level, "act_fn": "quick_gelu", "mask": True, "attn_res_scale": True,
        "attention_multiplier": 0.5, "mlp_multiplier": 1.0, "hidden_size": WIDE, "n_heads": HEADS,
        "music_vocab_size": CODES, "lyric_vocab_size": LETTERS, "metadata_dims": [6, 7],
        "res_conv_depth": DEPTH, "res_conv_width": THIN, "res_dilation_growth_rate": GROWTH,
        "res_downs_t": DOWNS, "res_strides_t": (2, 2, 2), "blocks": 4, "n_ctx": 32,
        "nb_relevant_lyric_tokens": 0, "is_encoder_decoder": False, "merged_decoder": False,
        "attention_pattern": "raw_column_previous_row_attention", "num_layers": 3, **more,
    }  # fmt: skip


def config(name: str) -> Numbers:
    """The settings of all."""
    top: Numbers = {"n_ctx": 24, "nb_relevant_lyric_tokens": SPOKEN}
    if name == "merged":
        top |= {"attention_pattern": "enc_dec_with_lyrics", "num_layers": 48,
                "is_encoder_decoder": True, "merged_decoder": True}  # fmt: skip
    else:
        reader = prior(0, n_ctx=SPOKEN, nb_relevant_lyric_tokens=SPOKEN, blocks=2)
        top |= {"attention_pattern": "large_separated_enc_dec_w_lyrics", "num_layers": 20,
                "encoder_config": reader}  # fmt: skip
    return {
        "architectures": ["JukeboxModel"], "model_type": "jukebox", "nb_priors": 3,
        "sampling_rate": RATE, "timing_dims": BINS, "min_duration": 0, "max_duration": LONGEST,
        "max_nb_genres": GENRES, "metadata_conditioning": True,
        "prior_0": prior(0, **top), "prior_1": prior(1), "prior_2": prior(2),
        "vqvae_config": {
            "nb_discrete_codes": CODES, "embed_dim": 8, "res_conv_width": THIN,
            "res_conv_depth": DEPTH, "res_dilation_growth_rate": GROWTH, "res_downs_t": DOWNS,
            "res_strides_t": (2, 2, 2), "multipliers": (2, 1, 1), "conv_res_scale": True,
            "hop_fraction": (0.5, 0.5, 0.125), "levels": 3,
        },
    }  # fmt: skip


def kinds(told: Numbers) -> list[str]:
    """How each layer looks back."""
    found = []
    for n in range(told["num_layers"]):
        kind = ROWS[n % 3]
        if told["attention_pattern"].startswith("enc_dec") and n % 16 == 15:
            kind = "dense_attn" if n == 47 else "prime_attn"
        if told["attention_pattern"].startswith("large"):
            kind = "cross_attention" if n == 18 else ROWS[0] if n == 19 else kind
        found.append(kind)
    return found


class Drawn:
    """Random weights under the published names."""

    def __init__(self, told: Numbers) -> None:
        self.source, self.made = torch.Generator().manual_seed(11), Numbers()
        self.codec("vqvae.")
        for level in range(3):
            self.prior(f"priors.{level}.", told[f"prior_{level}"], level)

    def put(self, name: str, *shape: int, bias: int = 0, wide: float = 0.6) -> None:
        value = torch.randn(*shape, generator=self.source) * wide
        self.made[name if not bias else f"{name}.weight"] = value
        if bias:
            self.made[f"{name}.bias"] = torch.randn(bias, generator=self.source) * 0.1

    def residual(self, at: str, inside: int, depth: int) -> None:
        for n in range(depth):
            self.put(f"{at}resnet_block.{n}.conv1d_1", inside, inside, 3, bias=inside, wide=0.2)
            self.put(f"{at}resnet_block.{n}.conv1d_2", inside, inside, 1, bias=inside, wide=0.2)

    def longer(self, at: str, width: int, times: int, downs: int) -> None:
        inside, depth = THIN * times, DEPTH * times
        self.put(f"{at}proj_in", inside, width, 3, bias=inside, wide=0.2)
        for n in range(downs):
            self.residual(f"{at}upsample_block.{2 * n}.", inside, depth)
            out = width if n == downs - 1 else inside
            self.put(f"{at}upsample_block.{2 * n + 1}", inside, out, 4, bias=out, wide=0.2)

    def codec(self, at: str) -> None:
        for level in range(3):
            times = 2 if level == 0 else 1
            inside, depth = THIN * times, DEPTH * times
            for n in range(level + 1):
                block = f"{at}encoders.{level}.level_blocks.{n}."
                for step in range(DOWNS[n]):
                    before = inside if step else 8 if n else 1
                    self.put(f"{block}downsample_block.{2 * step}", inside, before, 4, bias=inside)
                    self.residual(f"{block}downsample_block.{2 * step + 1}.", inside, depth)
                self.put(f"{block}proj_out", 8, inside, 3, bias=8)
                self.longer(f"{at}decoders.{level}.level_blocks.{n}.", 8, times, DOWNS[n])
            self.put(f"{at}decoders.{level}.out", 1, 8, 3, bias=1, wide=0.1)
            self.put(f"{at}bottleneck.level_blocks.{level}.codebook", CODES, 8, wide=1)

    def layers(self, at: str, told: Numbers) -> None:
        inner = WIDE // 2
        for n, kind in enumerate(kinds(told)):
            layer = f"{at}transformer._attn_mods.{n}."
            parts = 1 if kind == "cross_attention" else 3
            self.put(f"{layer}attn.c_attn", WIDE, parts * inner, bias=parts * inner)
            if parts == 1:
                self.put(f"{layer}attn.c_enc_kv", WIDE, 2 * inner, bias=2 * inner)
            self.put(f"{layer}attn.c_proj", inner, WIDE, bias=WIDE)
            for norm in (0, 1):
                self.put(f"{layer}layer_norm_{norm}", WIDE, bias=WIDE, wide=1)
            self.put(f"{layer}mlp.c_fc", WIDE, WIDE, bias=WIDE)
            self.put(f"{layer}mlp.c_proj", WIDE, WIDE, bias=WIDE)

    def prior(self, at: str, told: Numbers, level: int) -> None:
        merged = told["is_encoder_decoder"]
        names = CODES + (LETTERS if merged else 0)
        self.put(f"{at}prior.embed_tokens.weight", names, WIDE)
        self.put(f"{at}prior.pos_emb.pos_emb", told["n_ctx"] + (SPOKEN if merged else 0), WIDE)
        self.layers(f"{at}prior.", told)
        self.made[f"{at}prior.fc_proj_out.weight"] = self.made[f"{at}prior.embed_tokens.weight"]
        if merged:
            self.put(f"{at}prior.fc_proj_out.weight", names, WIDE)
        self.put(f"{at}metadata_embedding.bow_genre_emb.weight", 6, WIDE)
        self.put(f"{at}metadata_embedding.artist_emb.weight", 7, WIDE)
        if level:
            self.put(f"{at}conditioner_blocks.embed_tokens.weight", CODES, WIDE)
            self.longer(f"{at}conditioner_blocks.upsampler.", WIDE, 1, DOWNS[level])
            self.put(f"{at}conditioner_blocks.layer_norm", WIDE, bias=WIDE, wide=1)
        else:
            for time in ("total_length", "absolute_pos", "relative_pos"):
                self.put(f"{at}metadata_embedding.{time}_emb.emb.weight", BINS, WIDE)
        if reader := told.get("encoder_config"):
            self.put(f"{at}encoder.embed_tokens.weight", LETTERS, WIDE)
            self.put(f"{at}encoder.start_token", 1, WIDE)
            self.put(f"{at}encoder.pos_emb.pos_emb", SPOKEN, WIDE)
            self.layers(f"{at}encoder.", reader)
            self.put(f"{at}encoder.proj_in", WIDE, WIDE, bias=WIDE)
            self.put(f"{at}encoder.final_layer_norm", WIDE, bias=WIDE, wide=1)
            self.put(f"{at}encoder.lm_head.weight", LETTERS, WIDE)


def of(w: Numbers, name: str) -> tuple[Any, Any]:
    return w[f"{name}.weight"], w[f"{name}.bias"]


def times(x: Any, w: Numbers, name: str) -> Any:
    weight, bias = of(w, name)
    return x @ weight + bias


def norm(x: Any, w: Numbers, name: str) -> Any:
    return f.layer_norm(x, (WIDE,), *of(w, name))


def sees(kind: str, count: int, row: int, blocks: int) -> Any:
    """Who sees whom: a place of another, where it is true."""
    asks, seen = torch.arange(count)[:, None], torch.arange(count)[None]
    if kind == "block_attn":
        return (asks // row == seen // row) & (seen <= asks)
    if kind == "transpose_block_attn":
        return (asks % row == seen % row) & (seen <= asks)
    if kind == "prev_block_attn":
        return asks // row == seen // row + 1
    if kind == "prime_attn":
        return (seen <= asks) & (seen < (SPOKEN // blocks + 1) * blocks)
    return seen <= asks


def transformed(w: Numbers, at: str, told: Numbers, x: Any, length: int, heard: Any) -> Any:
    """What vectors become, all of them at once."""
    row, size = length // told["blocks"], WIDE // 2 // HEADS
    for n, kind in enumerate(kinds(told)):
        layer = f"{at}transformer._attn_mods.{n}."
        into = times(norm(x, w, f"{layer}layer_norm_0"), w, f"{layer}attn.c_attn")
        if kind == "cross_attention":
            q, (k, v) = into, times(heard, w, f"{layer}attn.c_enc_kv").chunk(2, 1)
            mask = torch.ones(len(q), len(k), dtype=torch.bool)
        else:
            q, k, v = into.chunk(3, 1)
            mask = sees(kind, len(x), row, told["blocks"])
        parts = []
        for head in range(HEADS):
            one = slice(head * size, (head + 1) * size)
            scores = q[:, one] @ k[:, one].T / math.sqrt(size)
            shares = scores.masked_fill(~mask, -math.inf).softmax(1).nan_to_num(0.0)
            parts.append(shares @ v[:, one])
        seen = times(torch.cat(parts, 1), w, f"{layer}attn.c_proj")
        y = times(norm(x + seen, w, f"{layer}layer_norm_1"), w, f"{layer}mlp.c_fc")
        y = times(y * torch.sigmoid(1.702 * y), w, f"{layer}mlp.c_proj")
        x = x + (seen + y) / told["num_layers"]
    return x


def residual(x: Any, w: Numbers, at: str, depth: int, back: bool, share: float) -> Any:
    for n in range(depth):
        far = GROWTH ** (depth - 1 - n if back else n)
        y = f.conv1d(x.relu(), *of(w, f"{at}resnet_block.{n}.conv1d_1"), padding=far, dilation=far)
        x = x + share * f.conv1d(y.relu(), *of(w, f"{at}resnet_block.{n}.conv1d_2"))
    return x


def longer(x: Any, w: Numbers, at: str, downs: int, depth: int, back: bool) -> Any:
    share = depth**-0.5 if back else 1.0
    x = f.conv1d(x, *of(w, f"{at}proj_in"), padding=1)
    for n in range(downs):
        x = residual(x, w, f"{at}upsample_block.{2 * n}.", depth, back, share)
        x = f.conv_transpose1d(x, *of(w, f"{at}upsample_block.{2 * n + 1}"), stride=2, padding=1)
    return x


def sound(w: Numbers, codes: list[int]) -> Any:
    """The samples of the finest codes."""
    x = w["vqvae.bottleneck.level_blocks.0.codebook"][codes].T[None]
    x = longer(x, w, "vqvae.decoders.0.level_blocks.0.", DOWNS[0], 2 * DEPTH, True)
    return f.conv1d(x, *of(w, "vqvae.decoders.0.out"), padding=1)[0, 0]


def coded(w: Numbers, samples: Any, level: int) -> list[int]:
    """The codes of a recording, level 0 the finest."""
    x, depth = samples[None, None], DEPTH * (2 if level == 0 else 1)
    for n in range(level + 1):
        at = f"vqvae.encoders.{level}.level_blocks.{n}."
        for step in range(DOWNS[n]):
            x = f.conv1d(x, *of(w, f"{at}downsample_block.{2 * step}"), stride=2, padding=1)
            down = f"{at}downsample_block.{2 * step + 1}."
            x = residual(x, w, down, depth, False, depth**-0.5)
        x = f.conv1d(x, *of(w, f"{at}proj_out"), padding=1)
    book = w[f"vqvae.bottleneck.level_blocks.{level}.codebook"]
    return [int(((book - one) ** 2).sum(1).argmin()) for one in x[0].T]


class Singer:
    """One level."""

    def __init__(self, w: Numbers, told: Numbers, level: int) -> None:
        self.w, self.told, self.level, self.at = w, told, level, f"priors.{level}."
        self.merged, self.length = told["is_encoder_decoder"], told["n_ctx"]
        self.hop = 2 ** sum(DOWNS[: 3 - level])

    def sing(self, song: Numbers, total: int, upper: list[int], codes: list[int]) -> list[int]:
        """All codes of the level, window by window."""
        count, codes = total // self.hop, list(codes)
        hop = int((0.5, 0.5, 0.125)[self.level] * self.length)
        start = 0
        while len(codes) < count:
            end = min(start + self.length, count)
            above = upper[start // 2 : (start + self.length) // 2]
            begin, around = self.around(song, start * self.hop, total, above)
            letters = self.letters(song["lyrics"], start * self.hop, total)
            shift = LETTERS if self.merged else 0
            names = [code + shift for code in codes[start:]]
            known = len(names)
            while start + len(names) < end:
                names.append(self.next(names, letters, begin, around))
            codes += [max(name - shift, 0) for name in names[known:]]
            start = min(start + hop, max(count - self.length, 0))
        return codes

    def letters(self, lyrics: list[int], offset: int, total: int) -> list[int]:
        if self.level:
            return []
        middle = int(len(lyrics) * (offset + self.length * self.hop / 2) / total)
        middle = min(max(middle, SPOKEN // 2), len(lyrics) - SPOKEN // 2)
        return lyrics[middle - SPOKEN // 2 : middle + SPOKEN // 2]

    def around(self, song: Numbers, offset: int, total: int, above: list[int]) -> tuple[Any, Any]:
        """The vector at the first place, and what is added at each."""
        w, labels = self.w, f"{self.at}metadata_embedding."
        begin = w[f"{labels}artist_emb.weight"][song["artist"][self.level]].clone()
        for genre in song["genres"][self.level]:
            begin += w[f"{labels}bow_genre_emb.weight"][genre]
        if self.level:
            full = above + [0] * (self.length // 2 - len(above))
            x = w[f"{self.at}conditioner_blocks.embed_tokens.weight"][full].T[None]
            x = longer(x, w, f"{self.at}conditioner_blocks.upsampler.", 1, DEPTH, False)
            return begin, norm(x[0].T, w, f"{self.at}conditioner_blocks.layer_norm")
        rows = []
        for place in range(self.length):
            now = offset + self.hop * place
            last = min((offset + self.hop * self.length) / total, 1.0)
            share = offset / total + (last - offset / total) * place / self.length
            bins = (total / (LONGEST * RATE), now / (LONGEST * RATE), share)
            names = ("total_length", "absolute_pos", "relative_pos")
            rows.append(sum(
                w[f"{labels}{name}_emb.emb.weight"][int(BINS * part + 1e-6)]
                for name, part in zip(names, bins, strict=True)
            ))  # fmt: skip
        return begin, torch.stack(rows)

    def next(self, names: list[int], letters: list[int], begin: Any, around: Any) -> int:
        """The name after these, drawn: that of a code, or (rarely) of a letter."""
        w, own = self.w, f"{self.at}prior."
        names = [*(letters if self.merged else ()), *names]
        padded = torch.cat([torch.zeros(len(letters) if self.merged else 0, WIDE), around])
        x = torch.cat([begin[None], w[f"{own}embed_tokens.weight"][names]])
        x = x + w[f"{own}pos_emb.pos_emb"][: len(x)] + padded[: len(x)]
        heard = self.read(letters) if letters and not self.merged else None
        x = transformed(w, own, self.told, x, len(padded), heard)[-1]
        if not self.merged:
            x = x + padded[len(names)]
        logits = w[f"{own}fc_proj_out.weight"] @ x
        freely = 0.99 if self.level == 2 else 0.98
        return int(torch.multinomial((logits / freely).softmax(0)[None], 1))

    def read(self, letters: list[int]) -> Any:
        """The lyrics as a transformer of their own understands them."""
        w, at = self.w, f"{self.at}encoder."
        x = torch.cat([w[f"{at}start_token"], w[f"{at}embed_tokens.weight"][letters[:-1]]])
        x = x + w[f"{at}pos_emb.pos_emb"]
        x = transformed(w, at, self.told["encoder_config"], x, SPOKEN, None)
        return norm(times(x, w, f"{at}proj_in"), w, f"{at}final_layer_norm")


def sung(w: Numbers, told: Numbers, song: Numbers, total: int, begun: Any) -> list[float]:
    """The samples of a song of so many samples, with a seed."""
    torch.manual_seed(5)
    upper: list[int] = []
    for level in range(3):
        known = [] if begun is None else coded(w, begun, 2 - level)
        upper = Singer(w, told[f"prior_{level}"], level).sing(song, total, upper, known)
    return [float(x) for x in sound(w, upper)]


def made(name: str) -> None:
    """One folder, and what it sings."""
    folder, told = HERE / name, config(name)
    folder.mkdir()
    weights = Drawn(told).made
    torch.save(weights, folder / "pytorch_model.bin")
    version = ["v2" if name == "merged" else "v3", "v2", "v2"]
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:;!?-'\"()[] \t\n"
    for file, content in {
        "config.json": told,
        "tokenizer_config.json": {"version": version, "n_genres": GENRES},
        "artists.json": {"unknown": 0, "the band": 1, "the_band.v2": 2, "someone.v2": 3},
        "genres.json": {"unknown": 0, "country": 1, "country.v2": 2, "rock.v2": 3},
        "lyrics.json": {"<unk>": 0, **{sign: n for n, sign in enumerate(signs, 1)}},
    }.items():
        (folder / file).write_text(json.dumps(content))
    plus = signs.replace("-", "-+") if name == "merged" else signs
    letters = SONG[2].replace("\u00e9", "e").replace("\\", "\n")
    letters = letters.replace("+", "") if name == "merged" else letters
    top = 2 if name == "merged" else 1
    song = {
        "artist": [top, 2, 2], "genres": [[top], [2], [2]],
        "lyrics": [plus.find(sign) + 1 for sign in letters],
    }  # fmt: skip
    begun = torch.from_numpy(soundfile.read(HERE / "begun.wav", dtype="float32")[0][:192])
    with torch.inference_mode():
        found = {
            "short": sung(weights, told, song, 192, None),
            "long": sung(weights, told, song, 496, None),
            "begun": sung(weights, told, song, 496, begun),
        }
    (folder / "expected.json").write_text(json.dumps(found))


torch.set_num_threads(1)
for wanted in sys.argv[2:]:
    made(wanted)
