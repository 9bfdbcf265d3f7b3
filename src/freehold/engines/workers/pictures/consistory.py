"""One subject through several pictures with SDXL, after ConsiStory, without any training.

All prompts are painted together. While they are, the self-attention in the upper half of the
network of each picture may also look at the subject in the others. Where the subject is, the
cross-attention to its words tells: its mean so far, cut by Otsu's threshold. As in the paper
(Tewel et al., Training-Free Consistent Text-to-Image Generation, 2024, section 4.1) each place of
another picture is dropped by chance, so that the pictures keep layouts of their own. Its blending
of early queries (4.1) and its injection of features (4.2) are not done.
"""

from typing import Any

from freehold.core.errors import UsageError

DROPPED = 0.5
"""How many of the places of the subject in other pictures are not looked at, by chance."""
STOPWORDS = frozenset(
    ("a", "an", "the", "of", "in", "on", "at", "and", "or", "with", "to", "is", "are", "photo",
     "picture")
)  # fmt: skip
"""Words that name no subject by themselves."""
UPPER, SELF, CROSS = "up_blocks", "attn1.processor", "attn2.processor"


def shared_words(prompts: tuple[str, ...]) -> str:
    """The longest run of words that all prompts have; UsageError when it says nothing."""
    first, *others = (prompt.lower().replace(",", " ").split() for prompt in prompts)
    runs = sorted(
        (first[n:m] for n in range(len(first)) for m in range(n + 1, len(first) + 1)), key=len
    )
    for run in reversed(runs):
        if set(run) - STOPWORDS and all(_has(other, run) for other in others):
            return " ".join(run)
    raise UsageError("the prompts share no words that could name their subject")


def _has(words: list[str], run: list[str]) -> bool:
    return any(words[n : n + len(run)] == run for n in range(len(words) - len(run) + 1))


class Sharing:
    """What the pictures know of each other while they are painted."""

    def __init__(self, prompts: tuple[str, ...], size: tuple[int, int], seed: int) -> None:
        import torch

        self.count, self.size = len(prompts), size
        self.tokens: list[list[int]] = []
        self.chance = torch.Generator().manual_seed(seed)
        self._sum: Any = None
        self._new: list[Any] = []

    def find_tokens(self, tokenizer: Any, prompts: tuple[str, ...], subject: str) -> None:
        """At which places of each prompt its words for the subject stand."""
        wanted = tokenizer(subject, add_special_tokens=False).input_ids
        for prompt in prompts:
            ids = tokenizer(prompt.lower().replace(",", " ")).input_ids
            starts = range(len(ids) - len(wanted) + 1)
            start = next((n for n in starts if ids[n : n + len(wanted)] == wanted), None)
            if start is None:
                raise UsageError(f"{subject!r} cannot be found again among the tokens of a prompt")
            self.tokens.append(list(range(start, start + len(wanted))))

    def look(self, attention: Any) -> None:
        """Remember how much each place of the pictures looks at the words for the subject.

        `attention` is pictures x heads x places x words.
        """
        import torch

        maps = [
            part[:, :, words].mean((0, 2))
            for part, words in zip(attention, self.tokens, strict=True)
        ]
        high, wide = grid(maps[0].shape[0], self.size)
        self._new.append(resized(torch.stack(maps).float().view(-1, 1, high, wide), self.size))

    def step(self) -> None:
        """One step is over: what was looked at during it counts from now on."""
        if self._new:
            mean = sum(self._new) / len(self._new)
            self._sum = mean if self._sum is None else self._sum + mean
            self._new = []

    def masks(self, places: int) -> Any:
        """Where the subject is in each picture: pictures x places; None before it is known."""
        import torch

        if self._sum is None:
            return None
        maps = resized(self._sum, grid(places, self.size)).flatten(1)
        found = torch.stack([one > otsu(one) for one in maps])
        kept = torch.rand(found.shape, generator=self.chance) >= DROPPED
        return found & kept.to(found.device)


class SelfAttention:
    """Self-attention that also sees the subject in the other pictures."""

    def __init__(self, sharing: Sharing) -> None:
        self.sharing = sharing

    def __call__(self, attn: Any, hidden_states: Any, *_: Any, **__: Any) -> Any:
        """What diffusers calls; half of the batch may be without words (guidance)."""
        import torch

        q, k, v = (_heads(f(hidden_states), attn) for f in (attn.to_q, attn.to_k, attn.to_v))
        masks = self.sharing.masks(q.shape[2])
        count = self.sharing.count
        found = [
            extended(q[n : n + count], k[n : n + count], v[n : n + count], masks)
            for n in range(0, len(q), count)
        ]
        return _out(torch.cat(found), attn)


class CrossAttention:
    """Cross-attention that tells where the words for the subject are looked at."""

    def __init__(self, sharing: Sharing) -> None:
        self.sharing = sharing

    def __call__(
        self, attn: Any, hidden_states: Any, encoder_hidden_states: Any, *_: Any, **__: Any
    ) -> Any:
        """What diffusers calls; the last pictures of the batch are those with words."""
        q = _heads(attn.to_q(hidden_states), attn)
        k, v = (_heads(f(encoder_hidden_states), attn) for f in (attn.to_k, attn.to_v))
        weights = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)
        self.sharing.look(weights[-self.sharing.count :])
        return _out(weights @ v, attn)


def extended(q: Any, k: Any, v: Any, masks: Any) -> Any:
    """Attention of each picture to all of itself, and to the others where their mask is true.

    `q`, `k` and `v` are pictures x heads x places x numbers, `masks` pictures x places or None.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    if masks is None:
        return scaled_dot_product_attention(q, k, v)
    count, _, places, _ = q.shape
    own = torch.eye(count, dtype=torch.bool, device=q.device).repeat_interleave(places, 1)
    seen = own | masks.to(q.device).flatten()[None]

    def together(x: Any) -> Any:
        return x.transpose(0, 1).flatten(1, 2)[None].expand(count, -1, -1, -1)

    return scaled_dot_product_attention(q, together(k), together(v), seen[:, None, None])


def otsu(values: Any) -> float:
    """The threshold that parts values best into two groups (largest variance between them)."""
    ordered = values.flatten().double().sort().values
    count = len(ordered)
    sums, n = ordered.cumsum(0), ordered.new_tensor(range(1, count + 1))
    left, right = sums / n, (sums[-1] - sums) / (count - n).clamp(min=1)
    between = n * (count - n) * (left - right) ** 2
    at = int(between[:-1].argmax()) if count > 1 else 0
    return float(ordered[at])


def grid(places: int, size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of so many places of a picture of this height and width."""
    high, wide = size
    while high * wide > places:
        high, wide = (high + 1) // 2, (wide + 1) // 2
    if high * wide != places:
        raise UsageError(f"pictures of {size[1]} x {size[0]} latent pixels cannot share a subject")
    return high, wide


def resized(maps: Any, size: tuple[int, int]) -> Any:
    """Maps in another height and width."""
    from torch.nn.functional import interpolate

    return interpolate(maps, size, mode="bilinear", align_corners=False)


def put_in(unet: Any, sharing: Sharing) -> dict[str, Any]:
    """Let a network share; what it had before is returned, to be put back."""
    before = dict(unet.attn_processors)
    mine = {
        name: SelfAttention(sharing)
        if name.endswith(SELF) and name.startswith(UPPER)
        else CrossAttention(sharing)
        if name.endswith(CROSS)
        else kept
        for name, kept in before.items()
    }
    unet.set_attn_processor(mine)
    return before


def _heads(values: Any, attn: Any) -> Any:
    batch, places, width = values.shape
    return values.view(batch, places, attn.heads, width // attn.heads).transpose(1, 2)


def _out(values: Any, attn: Any) -> Any:
    """The heads side by side again, through the last layer (its dropout rests)."""
    return attn.to_out[0](values.transpose(1, 2).flatten(2))
