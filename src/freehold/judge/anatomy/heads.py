"""How many heads a layer has and how long they are, from the many names of the same numbers."""

from msgspec import Struct

from freehold.judge.anatomy.keys import Keys

HEADS = ("decoder_attention_heads", "num_attention_heads", "n_head", "n_heads", "num_heads",
         "attention_heads")  # fmt: skip
KV_HEADS = (
    "num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num",
    "num_attention_groups", "kv_n_heads", "attention_num_kv_heads",
)  # fmt: skip
HEAD = ("head_dim", "attention_head_dim", "kv_channels", "d_kv", "attention_key_length")


class Heads(Struct, frozen=True):
    """The heads of one layer: how many ask, how many are kept, how long a key and a value are."""

    asking: int
    kept: int
    key: int
    value: int


def heads(keys: Keys, width: int, index: int) -> Heads:
    """The heads of a layer with full attention."""
    asking, length = _asking(keys, index), keys.number(*HEAD)
    if asking is None:
        keys.doubt("the number of attention heads is not stated; the bound is the model's width")
        asking = max(1, -(-width // (length or 64)))
        kept = _kept(keys, asking, index) if length else asking
    else:
        kept = _kept(keys, asking, index)
    key = length or max(1, width // asking)
    if keys.text("model_type") == "jetmoe":  # each expert asks with heads of its own
        asking = kept * (keys.number("num_local_experts") or 1)
    if keys.number("kv_lora_rank"):
        return Heads(asking, kept, key, key)
    return Heads(asking, kept, key, keys.number("v_head_dim", "head_v_dim") or key)


def windowed(keys: Keys, whole: Heads, index: int) -> Heads:
    """The heads of a layer that sees a window, where they differ (MiMo, Step)."""
    other = keys.inner("attention_other_setting")
    asking = keys.number("swa_num_attention_heads", "num_sliding_attention_heads")
    asking = asking or other.number(*HEADS) or whole.asking
    kept = keys.number("swa_num_key_value_heads") or other.number(*KV_HEADS) or whole.kept
    key = keys.number("swa_head_dim") or other.number("head_dim") or whole.key
    value = keys.number("swa_v_head_dim") or (key if keys.has("swa_head_dim") else whole.value)
    return Heads(asking, kept, key, value)


def wide(keys: Keys, usual: Heads) -> Heads:
    """The heads of a layer that sees everything, where they differ from the others (Gemma 4)."""
    length = keys.number("global_head_dim")
    if length is None:
        return usual
    own = keys.number("num_global_key_value_heads") if keys.flag("attention_k_eq_v") else None
    return Heads(usual.asking, own or usual.kept, length, length)


def _asking(keys: Keys, index: int) -> int | None:
    for name in (*HEADS, "num_query_heads"):
        if found := keys.at(name, index):
            return found
    return keys.inner("attn_config").number("n_heads")


def _kept(keys: Keys, asking: int, index: int) -> int:
    if keys.flag("new_decoder_architecture"):
        return keys.number("num_kv_heads") or asking
    if keys.flag("multi_query"):
        return 1
    if keys.get("multi_query_attention") is False:
        return asking
    for name in KV_HEADS:
        if found := keys.at(name, index):
            return found
    return keys.inner("attn_config").number("kv_n_heads") or asking
