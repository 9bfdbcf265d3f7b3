"""From a config.json to the anatomy of a language model; decided by keys, not by names.

What is not understood is never guessed below: it counts as full attention with all heads, and the
anatomy says that it is not sure. BrokenInput is raised only where not even a bound can be given:
no width, or no possible number of layers.
"""

from collections.abc import Mapping
from typing import Literal, cast

from msgspec.structs import replace

from freehold.core.errors import BrokenInput
from freehold.judge.anatomy.keys import Keys, Table
from freehold.judge.anatomy.layers import drafts, how_many, layers
from freehold.judge.anatomy.shapes import Anatomy, Attention, Cross, Layer, Tower
from freehold.judge.anatomy.towers import text_encoder, towers
from freehold.judge.anatomy.understood import doubt_the_rest

WIDTH = ("hidden_size", "n_embd", "d_model", "dim", "model_dim", "embed_dim")
CONTEXT = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx",
           "max_sequence_length", "max_target_positions", "model_max_length")  # fmt: skip
TEXT = ("text_config", "llm_config", "language_config", "text_model", "language_model",
        "thinker_config", "lm_config", "decoder", "talker_config")  # fmt: skip
DEEPEST = 4
TIED = frozenset((
    "gemma", "gemma2", "gemma3", "gemma3_text", "gemma3n", "gemma3n_text", "gemma4", "gemma4_text",
    "gpt2", "gpt_neo", "gpt_bigcode", "bloom", "falcon", "mpt", "opt", "t5", "mt5", "umt5", "bart",
    "mbart", "whisper", "marian", "pegasus", "cohere", "cohere2", "mamba", "mamba2", "starcoder2",
    "xglm", "m2m_100", "recurrent_gemma", "granite", "lfm2", "command-r", "refinedwebmodel",
))  # fmt: skip
"""Models whose input and output embeddings are one table unless the configuration says no."""
ENCODERS = frozenset((
    "bert", "roberta", "xlm-roberta", "xlm-roberta-xl", "distilbert", "modernbert", "electra",
    "camembert", "mpnet", "albert", "deberta", "deberta-v2", "nomic_bert", "new", "eurobert",
    "longformer", "esm", "ernie", "layoutlm", "layoutlmv3", "jina_bert", "xlm", "gte", "neobert",
))  # fmt: skip
WRITING = ("ForCausalLM", "ForConditionalGeneration", "LMHeadModel")
HEADS = ("ForMaskedLM", "ForSequenceClassification", "ForCausalLM", "ForConditionalGeneration",
         "LMHeadModel")  # fmt: skip


def anatomy(config: Mapping[str, object]) -> Anatomy:
    """The anatomy of the language model that this configuration describes."""
    keys = language(config)
    width = keys.number(*WIDTH)
    if width is None:
        raise BrokenInput("the configuration does not say how wide the model is")
    kind = _kind(keys)
    count = how_many(keys)
    rows = layers(keys, width)
    found = Keys(config)
    found.doubts = keys.doubts
    front = towers(found, width)
    if kind == "encoder-decoder":
        rows, front = _decoder(keys, rows, width), (*front, *_encoder(keys, width))
    guessing = drafts(keys, width, count)
    doubt_the_rest(keys)
    return Anatomy(
        architecture=_architecture(keys, config), kind=kind, width=width,
        vocabulary=keys.number("vocab_size", "padded_vocab_size", "n_vocab") or 0,
        layers=rows, context=_context(keys), tied=_tied(keys, kind), towers=front,
        drafts=guessing, lookups=_lookups(keys, width, count),
        extra=_extra(keys, width, count), embedding=_narrow(keys, width),
        repeats=_repeats(keys, count),
        headless=_headless(keys, kind), sure=not keys.doubts, notes=tuple(keys.doubts),
    )  # fmt: skip


def language(config: Mapping[str, object]) -> Keys:
    """The part of a configuration that describes the language model."""
    table: Table = config
    around: Table = {}
    for _ in range(DEEPEST):
        inner = next((table[name] for name in TEXT if isinstance(table.get(name), Mapping)), None)
        if inner is None or (_complete(table) and not _complete(cast(Table, inner))):
            break
        around, table = {**around, **table}, cast(Table, inner)
    return Keys(table, _shared(around))


def _shared(around: Table) -> Table:
    """What a nested configuration takes from the one around it."""
    shared = ("tie_word_embeddings", "architectures", "vision_config", "vocab_size", "dtype",
              "torch_dtype", "quantization_config", "encoder")  # fmt: skip
    return {name: around[name] for name in shared if name in around}


def _complete(table: Table) -> bool:
    return Keys(table).number(*WIDTH) is not None


def _architecture(keys: Keys, config: Mapping[str, object]) -> str:
    named = Keys(config).row("architectures") or keys.row("architectures")
    first = named[0] if named else None
    return first if isinstance(first, str) else keys.text("model_type") or "unknown"


def _kind(keys: Keys) -> Literal["decoder", "encoder", "encoder-decoder"]:
    if keys.flag("is_encoder_decoder") or _complete(keys.inner("encoder").table):
        return "encoder-decoder"
    if keys.has("decoder_layers") and keys.has("encoder_layers"):
        return "encoder-decoder"
    named = [name for name in keys.row("architectures") if isinstance(name, str)]
    model = keys.text("model_type")
    masked = any(name.endswith("ForMaskedLM") for name in named)
    if keys.flag("is_decoder") or any(name.endswith(WRITING) for name in named):
        return "decoder"
    both = keys.get("use_bidirectional_attention") is True
    return "encoder" if masked or both or model in ENCODERS else "decoder"


def _headless(keys: Keys, kind: str) -> bool:
    """Whether there is no matrix that turns vectors into words."""
    named = [name for name in keys.row("architectures") if isinstance(name, str)]
    if kind == "encoder":
        return not any(name.endswith("ForMaskedLM") for name in named)
    return bool(named) and not any(name.endswith(HEADS) for name in named)


def _tied(keys: Keys, kind: str) -> bool:
    usual = kind == "encoder" or keys.text("model_type") in TIED
    return keys.flag("tie_word_embeddings", usual)


def _narrow(keys: Keys, width: int) -> int:
    """The width of the input table where a matrix leads from it to the model's (ALBERT, OPT)."""
    own = keys.number("embedding_size", "word_embed_proj_dim") or width
    return 0 if own == width else own


def _repeats(keys: Keys, count: int) -> int:
    """How many layers use the same weights (ALBERT)."""
    groups = keys.number("num_hidden_groups")
    return max(1, count // groups) if groups else 1


def _extra(keys: Keys, width: int, count: int) -> int:
    """What leads from embeddings per layer into each layer (Gemma 3n, Gemma 4)."""
    per_layer = keys.number("hidden_size_per_layer_input") or 0
    low = keys.number("laurel_rank") or 0
    mixed = keys.number("altup_num_inputs") or 1
    return count * width * (3 * per_layer + 2 * low) + 2 * (mixed - 1) * width * width


def _context(keys: Keys) -> int | None:
    return keys.number(*CONTEXT)


def _lookups(keys: Keys, width: int, count: int) -> int:
    """Learned positions, and the embeddings per layer of Gemma 3n and 4."""
    width = _narrow(keys, width) or width
    per_layer = keys.number("hidden_size_per_layer_input") or 0
    rows = keys.number("vocab_size_per_layer_input") or 0
    model = keys.text("model_type")
    learned = model in ENCODERS or model in ("gpt2", "gpt_neo", "opt", "gpt_bigcode", "whisper",
                                             "bart", "mbart", "biogpt")  # fmt: skip
    placed = learned and keys.text("position_embedding_type") in ("", "absolute")
    if model in ("modernbert", "nomic_bert", "new", "eurobert", "neobert", "deberta-v2", "gte"):
        placed = False
    return per_layer * rows * count + (width * (_context(keys) or 0) if placed else 0)


def _decoder(keys: Keys, rows: tuple[Layer, ...], width: int) -> tuple[Layer, ...]:
    """Each layer also looks at what the encoder made."""
    tokens = _source(keys)
    if tokens is None:
        keys.doubt("how much an encoder takes in is not stated; counted as 512 tokens")
    return tuple(Layer((*row.mixers, _cross(row, tokens or 512)), row.feed) for row in rows)


def _cross(row: Layer, tokens: int) -> Cross:
    own = next((mixer for mixer in row.mixers if isinstance(mixer, Attention)), None)
    own = own or Attention(1, 1, 64, 64)
    return Cross(own.heads, own.kv_heads, own.key, own.value, tokens)


def _encoder(keys: Keys, width: int) -> tuple[Tower, ...]:
    inner = keys.inner("encoder")
    part = inner if _complete(inner.table) else keys
    table = (inner.number("vocab_size") or 0) * width if part is inner else 0
    found = text_encoder(part, part.number(*WIDTH) or width, _source(keys))
    return (replace(found, extra=found.extra + table),) if found else ()


def _source(keys: Keys) -> int | None:
    """How many tokens the encoder takes in."""
    return keys.number("max_source_positions", "n_positions", *CONTEXT)
