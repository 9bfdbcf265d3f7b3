"""How the architectures lay out a block: the tensors that llama.cpp asks of each, by name."""

from collections.abc import Callable, Iterator

from tests.gguf_models.writer import TYPES, Model, Value, Weight

Mix = Callable[[str, int], str]
"""Which type a tensor of this name in this layer is given (-1: outside of the layers)."""


def plain(kind: str) -> Mix:
    """Every matrix of the one type."""
    return lambda name, layer: kind


def medium(name: str, layer: int) -> str:
    """As Q4_K_M mixes: some matrices more precise."""
    if name in ("output", "token_embd"):
        return "Q6_K"
    return "Q6_K" if name in ("attn_v", "ffn_down", "ffn_down_exps") and layer % 2 else "Q4_K"


class Layout:
    """Collects the weights and the keys of one model."""

    def __init__(self, architecture: str, mix: Mix, layers: int, width: int, vocabulary: int):
        self.architecture, self.mix, self.width, self.vocabulary = (
            architecture, mix, width, vocabulary,
        )  # fmt: skip
        self.layers = layers
        self.weights: list[Weight] = []
        self.metadata: dict[str, Value] = {
            "general.architecture": architecture,
            "tokenizer.ggml.model": "none",
        }
        self.keys(
            block_count=layers, context_length=1 << 20, embedding_length=width,
            vocab_size=vocabulary,
        )  # fmt: skip

    def keys(self, **values: Value) -> None:
        """Add keys of the architecture; `__` stands for a dot."""
        for key, value in values.items():
            self.metadata[f"{self.architecture}.{key.replace('__', '.')}"] = value

    def matrix(self, name: str, *shape: int, layer: int = -1) -> None:
        """A matrix of the type that the mix gives it, or one whose blocks fit its rows."""
        kind = self.mix(name, layer)
        fits = shape[0] % TYPES[kind][1] == 0
        small = "Q8_0" if shape[0] % 32 == 0 else "F16"
        self._add(f"{name}.weight", kind if fits else small, shape, layer)

    def exact(self, name: str, *shape: int, layer: int = -1) -> None:
        """A tensor of F32 with the name as it stands."""
        self._add(name, "F32", shape, layer)

    def norm(self, *names: str, layer: int = -1, width: int = 0, bias: bool = False) -> None:
        """Weights (and biases) of normalizations."""
        for name in names:
            self.exact(f"{name}.weight", width or self.width, layer=layer)
            if bias:
                self.exact(f"{name}.bias", width or self.width, layer=layer)

    def _add(self, name: str, kind: str, shape: tuple[int, ...], layer: int) -> None:
        side = name[:4] if name.startswith(("enc.", "dec.")) else ""
        block = f"blk.{layer}." if layer >= 0 else ""
        self.weights.append(Weight(side + block + name.removeprefix(side), kind, shape))

    def ends(self, tied: bool = False, bias: bool = False, final: str = "output_norm") -> None:
        """The embedding, the last normalization and the output."""
        self.matrix("token_embd", self.width, self.vocabulary)
        self.norm(final, bias=bias)
        if not tied:
            self.matrix("output", self.width, self.vocabulary)

    def attention(
        self, layer: int, heads: int, kv: int, key: int, *, value: int = 0, bias: bool = False,
        output_bias: bool = False, normed: int = 0, gated: bool = False, fused: bool = False,
    ) -> None:  # fmt: skip
        """The matrices of attention; `normed`: the length of the norms of queries and keys."""
        value = value or key
        sizes = {
            "attn_q": heads * key * (2 if gated else 1),
            "attn_k": kv * key,
            "attn_v": kv * value,
        }
        if fused:
            sizes = {"attn_qkv": sum(sizes.values())}
        for name, size in sizes.items():
            self.matrix(name, self.width, size, layer=layer)
            if bias:
                self.exact(f"{name}.bias", size, layer=layer)
        self.matrix("attn_output", heads * value, self.width, layer=layer)
        if output_bias:
            self.exact("attn_output.bias", self.width, layer=layer)
        if normed:
            self.norm("attn_q_norm", "attn_k_norm", layer=layer, width=normed)

    def feed(self, layer: int, width: int, *, gated: bool = True, bias: bool = False) -> None:
        """The matrices of a feed-forward part."""
        if gated:
            self.matrix("ffn_gate", self.width, width, layer=layer)
        self.matrix("ffn_up", self.width, width, layer=layer)
        self.matrix("ffn_down", width, self.width, layer=layer)
        if bias:
            self.exact("ffn_up.bias", width, layer=layer)
            self.exact("ffn_down.bias", self.width, layer=layer)

    def experts(
        self, layer: int, width: int, count: int, *, shared: int = 0, inner: int = 0
    ) -> None:
        """The router and the matrices of experts; `inner`: the length of their own input."""
        inner = inner or self.width
        self.exact("ffn_gate_inp.weight", self.width, count, layer=layer)
        for name in ("ffn_gate_exps", "ffn_up_exps"):
            self.matrix(name, inner, width, count, layer=layer)
        self.matrix("ffn_down_exps", width, inner, count, layer=layer)
        if shared:
            for name in ("ffn_gate_shexp", "ffn_up_shexp"):
                self.matrix(name, self.width, shared, layer=layer)
            self.matrix("ffn_down_shexp", shared, self.width, layer=layer)

    def heads(
        self, heads: int, kv: int | list[int], key: int, value: int = 0, rope: int = 0
    ) -> None:
        """The keys that say how attention is shaped."""
        self.keys(
            attention__head_count=heads, attention__head_count_kv=kv, attention__key_length=key,
            attention__value_length=value or key, rope__dimension_count=rope or key,
            attention__layer_norm_rms_epsilon=1e-5, attention__layer_norm_epsilon=1e-5,
        )  # fmt: skip

    def each(self) -> Iterator[int]:
        """The numbers of the layers."""
        return iter(range(self.layers))

    def model(self, name: str) -> Model:
        """What was collected."""
        return Model(name, self.architecture, self.metadata, tuple(self.weights))
