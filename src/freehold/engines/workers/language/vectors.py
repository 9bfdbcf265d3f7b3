"""Turns texts and pictures into vectors: dense ones, weights of tokens, and one for each token."""

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.language import bidirectional
from freehold.engines.workers.language.encoding import (
    Reader,
    Steps,
    loaded_tokenizer,
    most_tokens,
)
from freehold.engines.workers.language.loading import (
    Opened,
    calm,
    configuration,
    opened,
    said,
    settle,
)
from freehold.engines.workers.language.pooling import read_pooling
from freehold.engines.workers.language.shaping import dense, little, result
from freehold.engines.workers.language.spaces import OfBoth, OfPictures
from freehold.engines.workers.order import Order
from freehold.tasks.base import Progress, Work
from freehold.tasks.feature_extraction import Request, Result

Answer = Callable[[Request], Generator[Progress | Result, None, None]]
QUERY = ("query", "question", "web_search_query", "s2p_query")
DOCUMENT = ("document", "passage", "corpus", "text")
HEADS = ("lm_head.", "cls.", "head.", "classifier.", "score.", "qa_outputs.", "pooler.")
"""Beginnings of names of weights that are for other work than vectors."""


def load(order: Order) -> Answer:
    """Open the model: one of texts, of pictures, or of both."""
    folder = settle(order)
    config = bidirectional.recognized(folder)
    if config is not None:
        return calm(
            OfTexts(order, opened(order, transformers.LlamaModel, config, idle=HEADS)).answer
        )
    config = configuration(folder)
    speaks = (folder / "tokenizer_config.json").is_file()
    spare = ("pooler.",) if speaks else ()
    model = opened(order, transformers.AutoModel, config, spare=spare, idle=HEADS)
    if hasattr(model.model, "get_text_features"):
        return calm(OfBoth(model).answer)
    return calm(OfTexts(order, model).answer if speaks else OfPictures(model).answer)


class OfTexts:
    """A model of texts alone."""

    def __init__(self, order: Order, opened: Opened) -> None:
        folder = opened.folder
        self.opened, self.model = opened, opened.model
        self.pooling = read_pooling(folder, opened.config, order.options)
        tokenizer = loaded_tokenizer(folder)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        limit = most_tokens(folder, opened.config, tokenizer, order.context)
        self.reader = Reader(tokenizer, limit)
        self.prompts, self.usual = prompts(folder, order.options)
        self.prompts = self.prompts or getattr(opened.config, "usual_prompts", {})
        self.sparse, self.several = head(folder, "sparse"), head(folder, "colbert")

    def answer(self, request: Request) -> Generator[Progress | Result, None, None]:
        """The vectors of texts, batch by batch."""
        items = [item for item in request.items if isinstance(item, str)]
        if len(items) < len(request.items):
            raise UsageError("this model takes texts only")
        self._possible(request)
        prompt, notes = self._prompt(request.role)
        texts = self.reader.read([prompt + item for item in items], truncate=request.truncate)
        hidden = self._hidden(prompt)
        steps, found = Steps(len(items), "texts"), dict[int, Any]()
        for places, batch in self.reader.batches(texts, self.opened.device):
            states = self.model(**batch).last_hidden_state
            made = self._made(request, states, batch, hidden)
            found.update(zip(places, made, strict=True))
            yield steps.done(len(found))
        ordered = [found[place] for place in range(len(items))]
        work = Work(steps.seconds, texts.count, "tokens")
        yield result(request, ordered, texts.count, work, texts.cut, (*self.opened.notes, *notes))

    def _possible(self, request: Request) -> None:
        lacking = {"sparse": self.sparse, "multi-vector": self.several, "dense": True}
        if lacking[request.form] is None:
            raise UsageError(f"this model gives no {request.form} vectors")

    def _prompt(self, role: str | None) -> tuple[str, tuple[str, ...]]:
        """What is put before texts of a role, and what must be said about it."""
        if role is None:
            return self.usual, ()
        names = QUERY if role == "query" else DOCUMENT
        known = next((self.prompts[name] for name in names if name in self.prompts), None)
        if known is None and not self.prompts:
            return "", ("the files of this model do not tell questions from documents",)
        return known or "", ()

    def _hidden(self, prompt: str) -> int:
        """Tokens at the beginning that do not count for a vector."""
        if not prompt or self.pooling.with_prompt:
            return 0
        tokens = self.reader.tokenizer(prompt)["input_ids"]
        return len(tokens) - int(tokens[-1] in self.reader.tokenizer.all_special_ids)

    def _made(
        self, request: Request, states: torch.Tensor, batch: Mapping[str, Any], hidden: int
    ) -> list[Any]:
        mask = batch["attention_mask"]
        if request.form == "sparse":
            return weighted(self.sparse, states, batch, self.reader.tokenizer)
        if request.form == "multi-vector":
            return each(self.several, states, mask, request.normalize)
        if hidden:
            first = mask.long().argmax(1, keepdim=True)
            mask = mask * (torch.arange(mask.shape[1], device=mask.device) >= first + hidden)
        return list(dense(request, self.pooling.pool(states, mask), self.pooling.normal))


def weighted(
    head: Any, states: torch.Tensor, batch: Mapping[str, Any], tokenizer: Any
) -> list[dict[str, float]]:
    """The largest weight of each token of a text; special tokens have none."""
    weights = torch.relu(head(states.float())).squeeze(-1).cpu()
    special, made = frozenset(tokenizer.all_special_ids), []
    for row, tokens in enumerate(batch["input_ids"].tolist()):
        best: dict[int, float] = {}
        for place, token in enumerate(tokens):
            weight = float(weights[row, place])
            if token not in special and weight > best.get(token, 0.0):
                best[token] = weight
        names = tokenizer.convert_ids_to_tokens(list(best))
        made.append(dict(zip(names, best.values(), strict=True)))
    return made


def each(
    head: Any, states: torch.Tensor, mask: torch.Tensor, normalize: bool
) -> list[tuple[int, bytes]]:
    """One vector for each token after the first, with their size."""
    vectors = head(states.float())
    if normalize:
        vectors = torch.nn.functional.normalize(vectors, dim=-1)
    rows = [vector[kept.bool()][1:].cpu() for vector, kept in zip(vectors, mask, strict=True)]
    return [(row.shape[-1], little(row)) for row in rows]


def prompts(folder: Path, options: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The texts that are put before questions and documents, and before what is neither."""
    told = said(folder, "config_sentence_transformers.json")
    known = {str(k): str(v) for k, v in (told.get("prompts") or {}).items()}
    known |= {name: options[name] for name in ("query", "document") if name in options}
    return known, known.get(str(told.get("default_prompt_name")), "")


def head(folder: Path, name: str) -> Any:
    """One of the linear heads of BGE-M3, or None; a pickle is read as numbers only."""
    from safetensors.torch import load_file

    good, old = folder / f"{name}_linear.safetensors", folder / f"{name}_linear.pt"
    try:
        if good.is_file():
            weights = load_file(good)
        elif old.is_file():
            weights = torch.load(old, map_location="cpu", weights_only=True)
        else:
            return None
        linear = torch.nn.Linear(*reversed(weights["weight"].shape))
        linear.load_state_dict({key: value.float() for key, value in weights.items()})
    except Exception as error:
        raise BrokenInput(f"{folder.name}: {name}_linear cannot be read: {error}"[:300]) from error
    return linear
