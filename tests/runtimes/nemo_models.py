"""Makes tiny recognizers as NeMo publishes them, and computes what they say by plain functions.

Run in the runtime: the folder (with `short.wav` in it), then names: conformer or fast, _ctc or
_rnnt, _tdt, _hybrid. Each makes `NAME.nemo` and `NAME.json`. Nothing here is shared with the
converter or the workers: it is the other opinion, and it reads the names that NeMo gives.
"""

import io
import json
import math
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy
import sentencepiece
import soundfile
import torch
from torch.nn import functional as f

HERE = Path(sys.argv[1])
WIDTH, HEADS, LAYERS, KERNEL, HIDDEN, CHANNELS = 32, 4, 2, 5, 24, 8
TEXT = """the quick brown fox jumps over the lazy dog while seven wizards make toxic brew
how vexingly quick daft zebras jump and bright vixens jump over dozy fowl quack"""
CONFIG = """sample_rate: 16000
target: nemo.collections.asr.models.{target}
nemo_version: 1.10.0
tokenizer:
  dir: /a/folder/of/the/trainer
  type: bpe
  model_path: nemo:0123abcd_tokenizer.model
  vocab_path: nemo:0123abcd_vocab.txt
preprocessor:
  _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor
  sample_rate: 16000
  normalize: per_feature
  window_size: 0.025
  window_stride: 0.01
  window: hann
  features: 80
  n_fft: 512
  log: true
  frame_splicing: 1
  dither: 1.0e-05
  pad_to: 0
encoder:
  _target_: nemo.collections.asr.modules.ConformerEncoder
  feat_in: 80
  feat_out: -1
  n_layers: {layers}
  d_model: {width}
  subsampling: {subsampling}
  subsampling_factor: {factor}
  subsampling_conv_channels: -1
  ff_expansion_factor: 4
  self_attention_model: rel_pos
  n_heads: {heads}
  att_context_size:
  - -1
  - -1
  xscaling: true
  untie_biases: true
  pos_emb_max_len: 5000
  conv_kernel_size: {kernel}
  conv_norm_type: batch_norm
  conv_context_size: null
decoding:
  strategy: greedy_batch
  greedy:
    max_symbols: 3
joint:
  num_extra_outputs: {extra}
  jointnet:
    activation: relu
model_defaults:
  tdt_durations: [0, 1, 2]
"""
TARGETS = {
    "ctc": "ctc_bpe_models.EncDecCTCModelBPE",
    "rnnt": "rnnt_bpe_models.EncDecRNNTBPEModel",
    "tdt": "rnnt_bpe_models.EncDecRNNTBPEModel",
    "hybrid": "hybrid_rnnt_ctc_bpe_models.EncDecHybridRNNTCTCBPEModel",
}
DURATIONS = 3
Weights = dict[str, Any]


def spelled(method: str) -> bytes:
    """A SentencePiece model of a few words."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT.splitlines()), model_writer=written, vocab_size=48,
        model_type=method, bos_id=-1, eos_id=-1, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    return written.getvalue()


class Drawn:
    """Random weights under the names of NeMo."""

    def __init__(self, fast: bool, head: str, rows: int) -> None:
        self.source, self.made = torch.Generator().manual_seed(7), Weights()
        self.shortening(fast)
        for number in range(LAYERS):
            self.layer(f"encoder.layers.{number}.")
        if head == "ctc":
            self.put("decoder.decoder_layers.0", rows, WIDTH, 1)
        else:
            self.transducer(rows, DURATIONS if head == "tdt" else 0)
        if head == "hybrid":
            self.put("ctc_decoder.decoder_layers.0", rows, WIDTH, 1)
        self.made["preprocessor.featurizer.window"] = torch.hann_window(400, periodic=False)
        self.made["preprocessor.featurizer.fb"] = torch.from_numpy(triangles())[None].float()

    def some(self, *shape: int, wide: float = 0.3) -> Any:
        return torch.randn(*shape, generator=self.source) * wide

    def put(self, name: str, *shape: int, bias: bool = True) -> None:
        self.made[f"{name}.weight"] = self.some(*shape)
        if bias:
            self.made[f"{name}.bias"] = self.some(shape[0], wide=0.1)

    def shortening(self, fast: bool) -> None:
        self.put("encoder.pre_encode.conv.0", CHANNELS, 1, 3, 3)
        for at in (2, 5) if fast else ():
            self.put(f"encoder.pre_encode.conv.{at}", CHANNELS, 1, 3, 3)
            self.put(f"encoder.pre_encode.conv.{at + 1}", CHANNELS, CHANNELS, 1, 1)
        if not fast:
            self.put("encoder.pre_encode.conv.2", CHANNELS, CHANNELS, 3, 3)
        self.put("encoder.pre_encode.out", WIDTH, CHANNELS * (10 if fast else 20))

    def layer(self, at: str) -> None:
        for norm in ("feed_forward1", "self_att", "conv", "feed_forward2", "out"):
            self.put(f"{at}norm_{norm}", WIDTH)
        for feed in ("feed_forward1", "feed_forward2"):
            self.put(f"{at}{feed}.linear1", 4 * WIDTH, WIDTH)
            self.put(f"{at}{feed}.linear2", WIDTH, 4 * WIDTH)
        for part in ("q", "k", "v", "out", "pos"):
            self.put(f"{at}self_attn.linear_{part}", WIDTH, WIDTH, bias=part != "pos")
        for bias in "uv":
            self.made[f"{at}self_attn.pos_bias_{bias}"] = self.some(HEADS, WIDTH // HEADS, wide=1)
        self.put(f"{at}conv.pointwise_conv1", 2 * WIDTH, WIDTH, 1)
        self.put(f"{at}conv.depthwise_conv", WIDTH, 1, KERNEL)
        self.put(f"{at}conv.batch_norm", WIDTH)
        self.made[f"{at}conv.batch_norm.running_mean"] = self.some(WIDTH, wide=0.1)
        self.made[f"{at}conv.batch_norm.running_var"] = self.some(WIDTH).abs() + 0.5
        self.made[f"{at}conv.batch_norm.num_batches_tracked"] = torch.tensor(9)
        self.put(f"{at}conv.pointwise_conv2", WIDTH, WIDTH, 1)

    def transducer(self, rows: int, extra: int) -> None:
        self.put("decoder.prediction.embed", rows, HIDDEN, bias=False)
        self.made["decoder.prediction.embed.weight"][-1] = 0
        for part in ("ih", "hh"):
            for kind, shape in (("weight", (4 * HIDDEN, HIDDEN)), ("bias", (4 * HIDDEN,))):
                name = f"decoder.prediction.dec_rnn.lstm.{kind}_{part}_l0"
                self.made[name] = self.some(*shape)
        self.put("joint.pred", HIDDEN, HIDDEN)
        self.put("joint.enc", HIDDEN, WIDTH)
        self.put("joint.joint_net.2", rows + extra, HIDDEN)
        if extra:
            self.made["joint.joint_net.2.bias"][rows] = -9  # hardly ever stays at a step


def triangles() -> Any:
    """The 80 mel bands of Slaney: even steps to 1000 Hz, logarithmic ones above."""

    def hertz(mel: float) -> float:
        return mel * 200 / 3 if mel < 15 else 1000 * math.exp(math.log(6.4) / 27 * (mel - 15))

    top = 15 + math.log(8) / (math.log(6.4) / 27)
    corners = [hertz(top * n / 81) for n in range(82)]
    bands = numpy.zeros((80, 257))
    for band in range(80):
        low, middle, high = corners[band : band + 3]
        for bin in range(257):
            at = bin * 8000 / 256
            bands[band, bin] = max(
                0, min((at - low) / (middle - low), (high - at) / (high - middle))
            )
        bands[band] *= 2 / (high - low)
    return bands


def heard() -> Any:
    """What goes into the encoder: time x band, each band with mean 0 and deviation 1."""
    samples = soundfile.read(HERE / "short.wav", dtype="float32")[0].astype("float64")
    sharp = numpy.append(samples[0], samples[1:] - 0.97 * samples[:-1])
    padded = numpy.pad(sharp, 256)
    window = numpy.pad(0.5 - 0.5 * numpy.cos(2 * numpy.pi * numpy.arange(400) / 399), 56)
    frames = [padded[160 * n : 160 * n + 512] * window for n in range(len(samples) // 160)]
    power = numpy.abs(numpy.fft.rfft(numpy.array(frames))) ** 2
    logs = numpy.log(power @ triangles().T + 2.0**-24)
    return torch.from_numpy((logs - logs.mean(0)) / (logs.std(0, ddof=1) + 1e-5)).float()


def encoded(w: Weights, fast: bool) -> Any:
    """What the encoder makes of the recording: time x width."""
    x = f.relu(f.conv2d(heard()[None, None], *of(w, "encoder.pre_encode.conv.0"), 2, 1))
    for at in (2, 5) if fast else ():
        x = f.conv2d(x, *of(w, f"encoder.pre_encode.conv.{at}"), 2, 1, groups=CHANNELS)
        x = f.relu(f.conv2d(x, *of(w, f"encoder.pre_encode.conv.{at + 1}")))
    if not fast:
        x = f.relu(f.conv2d(x, *of(w, "encoder.pre_encode.conv.2"), 2, 1))
    x = x[0].transpose(0, 1).flatten(1)
    x = f.linear(x, *of(w, "encoder.pre_encode.out")) * math.sqrt(WIDTH)
    for number in range(LAYERS):
        x = block(w, f"encoder.layers.{number}.", x)
    return x


def of(w: Weights, name: str) -> tuple[Any, Any]:
    return w[f"{name}.weight"], w.get(f"{name}.bias")


def block(w: Weights, at: str, x: Any) -> Any:
    """One layer: half a feed, attention, convolution, half a feed."""

    def norm(name: str, x: Any) -> Any:
        return f.layer_norm(x, (WIDTH,), *of(w, f"{at}norm_{name}"))

    def feed(name: str, x: Any) -> Any:
        inner = f.silu(f.linear(norm(name, x), *of(w, f"{at}{name}.linear1")))
        return f.linear(inner, *of(w, f"{at}{name}.linear2")) / 2

    x = x + feed("feed_forward1", x)
    x = x + attention(w, f"{at}self_attn.", norm("self_att", x))
    y = f.glu(f.conv1d(norm("conv", x).T[None], *of(w, f"{at}conv.pointwise_conv1")), 1)
    y = f.conv1d(y, *of(w, f"{at}conv.depthwise_conv"), padding=KERNEL // 2, groups=WIDTH)
    means = w[f"{at}conv.batch_norm.running_mean"], w[f"{at}conv.batch_norm.running_var"]
    y = f.silu(f.batch_norm(y, *means, *of(w, f"{at}conv.batch_norm")))
    x = x + f.conv1d(y, *of(w, f"{at}conv.pointwise_conv2"))[0].T
    return norm("out", x + feed("feed_forward2", x))


def attention(w: Weights, at: str, x: Any) -> Any:
    """Each step asks each other by what it holds and by how far away it is."""
    size, count = WIDTH // HEADS, len(x)
    q, k, v = (f.linear(x, *of(w, f"{at}linear_{p}")).view(count, HEADS, size) for p in "qkv")
    far = torch.zeros(2 * count - 1, WIDTH)
    for row, distance in enumerate(range(-count + 1, count)):
        for pair in range(WIDTH // 2):
            angle = distance / 10_000 ** (2 * pair / WIDTH)
            far[row, 2 * pair], far[row, 2 * pair + 1] = math.sin(angle), math.cos(angle)
    far = f.linear(far, w[f"{at}linear_pos.weight"]).view(-1, HEADS, size)
    out = torch.zeros(count, HEADS, size)
    for step in range(count):
        away = far[[step - other + count - 1 for other in range(count)]]
        by_content = ((q[step] + w[f"{at}pos_bias_u"]) * k).sum(2)
        by_distance = ((q[step] + w[f"{at}pos_bias_v"]) * away).sum(2)
        shares = ((by_content + by_distance) / math.sqrt(size)).softmax(0)
        out[step] = (shares[:, :, None] * v).sum(0)
    return f.linear(out.flatten(1), *of(w, f"{at}linear_out"))


def written_ctc(w: Weights, x: Any) -> list[int]:
    """The likeliest piece of each step, without repetitions and blanks."""
    matrix, bias = of(w, "decoder.decoder_layers.0")
    best = f.linear(x, matrix[:, :, 0], bias).argmax(1).tolist()
    blank = len(bias) - 1
    return [n for before, n in zip([blank, *best], best, strict=False) if n not in (before, blank)]


def written_rnnt(w: Weights, x: Any, extra: int = 0) -> list[int]:
    """At most three pieces for each step, each heard by the next; or each with its duration."""
    blank = len(w["joint.joint_net.2.bias"]) - 1 - extra
    said: list[int] = []
    state, c, h = blank, torch.zeros(HIDDEN), torch.zeros(HIDDEN)

    def scores(step: Any, h: Any) -> Any:
        inner = f.linear(step, *of(w, "joint.enc")) + f.linear(h, *of(w, "joint.pred"))
        return f.linear(f.relu(inner), *of(w, "joint.joint_net.2"))

    def cell(token: int, c: Any, h: Any) -> tuple[Any, Any]:
        lstm = "decoder.prediction.dec_rnn.lstm."
        gates = sum(
            w[f"{lstm}weight_{p}_l0"] @ side + w[f"{lstm}bias_{p}_l0"]
            for p, side in (("ih", w["decoder.prediction.embed.weight"][token]), ("hh", h))
        )
        i, g, z, o = gates.chunk(4)  # in, forget, new, out
        c = g.sigmoid() * c + i.sigmoid() * z.tanh()
        return c, o.sigmoid() * c.tanh()

    c, h = cell(state, c, h)
    at = 0
    while extra and at < len(x):
        found = scores(x[at], h)
        best, lasts = int(found[: blank + 1].argmax()), int(found[blank + 1 :].argmax())
        if best != blank:
            said.append(best)
            c, h = cell(best, c, h)
        at += lasts or best == blank
    for step in () if extra else x:
        for _ in range(3):
            best = int(scores(step, h).argmax())
            if best == blank:
                break
            said.append(best)
            c, h = cell(best, c, h)
    return said


def made(name: str) -> None:
    """One archive, and what it says."""
    kind, _, head = name.partition("_")
    fast = kind == "fast"
    model = spelled("unigram" if fast else "bpe")
    reader = sentencepiece.SentencePieceProcessor(model_proto=model)
    weights = Drawn(fast, head, reader.get_piece_size() + 1).made
    config = CONFIG.format(
        target=TARGETS[head], layers=LAYERS, width=WIDTH, heads=HEADS, kernel=KERNEL,
        subsampling="dw_striding" if fast else "striding", factor=8 if fast else 4,
        extra=DURATIONS if head == "tdt" else 0,
    )  # fmt: skip
    kept = io.BytesIO()
    torch.save(weights, kept)
    packing = "w" if fast else "w:gz"
    with tarfile.open(HERE / f"{name}.nemo", packing) as archive:  # type: ignore[call-overload]
        for file, content in (
            ("model_config.yaml", config.encode()),
            ("0123abcd_vocab.txt", b"unused"),
            ("0123abcd_tokenizer.model", model),
            ("model_weights.ckpt", kept.getvalue()),
        ):
            member = tarfile.TarInfo(f"./{file}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    with torch.inference_mode():
        x = encoded(weights, fast)
        if head == "ctc":
            numbers = written_ctc(weights, x)
        else:
            numbers = written_rnnt(weights, x, DURATIONS if head == "tdt" else 0)
    told = {"text": reader.decode(numbers), "numbers": numbers, "steps": len(x)}
    (HERE / f"{name}.json").write_text(json.dumps(told))


for wanted in sys.argv[2:]:
    made(wanted)
