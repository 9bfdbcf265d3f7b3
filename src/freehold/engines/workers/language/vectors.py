"""Turns texts and pictures into vectors: dense ones, weights of tokens, and one for each token."""

from collections.abc import Callable, Generator, Mapping, Sequence
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
from freehold.engines.workers.language.images import picture
from freehold.engines.workers.language.loading import (
    Opened,
    calm,
    configuration,
    opened,
    said,
    settle,
)
from freehold.engines.workers.language.pooling import read_pooling
from freehold.engines.workers.order import Order
from freehold.tasks.base import File, Progress, Work
from freehold.tasks.feature_extraction import Request, Result

Answer = Callable[[Request], Generator[Progress | Result, None, None]]
QUERY = ("query", "question", "web_search_query", "s2p_query")
DOCUMENT = ("document", "passage", "corpus", "text")
HEADS = ("lm_head.", "cls.", "head.", "classifier.", "score.", "qa_outputs.", "pooler.")
"""Beginnings of names of weights that are for other work than vectors."""
SEEN = 8
"""Pictures that are computed together."""


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


class OfPictures:
    """A model of pictures alone."""

    def __init__(self, opened: Opened) -> None:
        self.opened, self.model = opened, opened.model
        self.processor = image_processor(opened.folder)

    def answer(self, request: Request) -> Generator[Progress | Result, None, None]:
        """The vectors of pictures."""
        yield from answered(request, self.opened, None, self.seen)

    def seen(self, files: Sequence[File]) -> torch.Tensor:
        """The vectors of a few pictures: the pooled output, else the first state."""
        pixels = self.processor(images=[picture(f) for f in files], return_tensors="pt")
        found = self.model(pixel_values=fitting(pixels["pixel_values"], self.opened))
        pooled = getattr(found, "pooler_output", None)
        states = found.last_hidden_state[:, 0] if pooled is None else pooled
        return torch.as_tensor(states.flatten(1))


class OfBoth:
    """A model that puts texts and pictures into one space."""

    def __init__(self, opened: Opened) -> None:
        self.opened, self.model = opened, opened.model
        self.processor = image_processor(opened.folder)
        self.tokenizer = loaded_tokenizer(opened.folder)
        text = opened.config.get_text_config()
        self.limit = int(text.max_position_embeddings)
        self.full = "siglip" in opened.config.model_type
        """Models trained on texts of one length only."""

    def answer(self, request: Request) -> Generator[Progress | Result, None, None]:
        """The vectors of texts and pictures."""
        yield from answered(request, self.opened, self.read, self.seen)

    def read(self, texts: Sequence[str], truncate: bool) -> tuple[torch.Tensor, int]:
        """The vectors of a few texts, and their tokens; UsageError for one that is too long."""
        lengths = [len(tokens) for tokens in self.tokenizer(list(texts))["input_ids"]]
        if max(lengths) > self.limit and not truncate:
            raise UsageError(f"a text has {max(lengths):,} tokens and the model takes {self.limit}")
        batch = self.tokenizer(
            list(texts),
            padding="max_length" if self.full else True,
            truncation=True,
            max_length=self.limit,
            return_tensors="pt",
        )
        known = {key: value.to(self.opened.device) for key, value in batch.items()}
        return features(self.model.get_text_features(**known)), sum(lengths)

    def seen(self, files: Sequence[File]) -> torch.Tensor:
        """The vectors of a few pictures."""
        batch = dict(self.processor(images=[picture(f) for f in files], return_tensors="pt"))
        batch = {key: fitting(value, self.opened) for key, value in batch.items()}
        return features(self.model.get_image_features(**batch))


def answered(
    request: Request, opened: Opened, read: Any, seen: Callable[[Sequence[File]], torch.Tensor]
) -> Generator[Progress | Result, None, None]:
    """The vectors of all items, a few at a time; texts only where `read` can."""
    if request.form != "dense":
        raise UsageError(f"this model gives no {request.form} vectors")
    texts = [n for n, item in enumerate(request.items) if isinstance(item, str)]
    files = [n for n, item in enumerate(request.items) if isinstance(item, File)]
    if texts and read is None:
        raise UsageError("this model takes pictures only")
    if any(item.kind != "image" for item in request.items if isinstance(item, File)):
        raise UsageError("this model takes texts and pictures only" if read else "pictures only")
    steps, found, tokens = Steps(len(request.items), "items"), dict[int, bytes](), 0
    for places in (*parted(texts, SEEN), *parted(files, SEEN)):
        some: list[Any] = [request.items[place] for place in places]
        if isinstance(some[0], str):
            vectors, count = read(some, request.truncate)
            tokens += count
        else:
            vectors = seen(some)
        found.update(zip(places, dense(request, vectors, False), strict=True))
        yield steps.done(len(found))
    ordered = [found[place] for place in range(len(request.items))]
    work = Work(steps.seconds, len(ordered), "items")
    yield result(request, ordered, tokens, work, (), opened.notes)


def dense(request: Request, vectors: torch.Tensor, normal: bool) -> list[bytes]:
    """The bytes of dense vectors, shortened and of length 1 where it is asked for."""
    vectors = vectors.float().cpu()
    if request.dimensions is not None:
        if request.dimensions > vectors.shape[-1]:
            raise UsageError(f"the vectors of this model have {vectors.shape[-1]} numbers")
        vectors = vectors[:, : request.dimensions]
    if request.normalize or normal:
        vectors = torch.nn.functional.normalize(vectors, dim=-1)
    if not torch.isfinite(vectors).all():
        raise BrokenInput("the model computes what is not a number: its weights are broken")
    return [little(vector) for vector in vectors]


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


def result(
    request: Request,
    found: list[Any],
    tokens: int,
    work: Work,
    cut: tuple[int, ...],
    notes: tuple[str, ...],
) -> Result:
    """The result of this form."""
    words: dict[str, Any] = {"tokens": tokens, "work": work, "cut": cut, "notes": notes}
    if request.dimensions and request.form != "dense":
        raise UsageError("only dense vectors can be shortened")
    if request.form == "sparse":
        return Result(form="sparse", size=0, sparse=tuple(found), **words)
    if request.form == "multi-vector":
        size, several = found[0][0], tuple(row for _, row in found)
        return Result(form="multi-vector", size=size, several=several, **words)
    return Result(form="dense", size=len(found[0]) // 4, dense=tuple(found), **words)


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


def image_processor(folder: Path) -> Any:
    """What prepares pictures for the model; BrokenInput when its file cannot be read."""
    try:
        return transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BrokenInput(f"{folder.name}: cannot prepare pictures: {error}"[:300]) from error


def fitting(value: Any, opened: Opened) -> Any:
    """A tensor on the model's device, in its precision where it holds fractions."""
    value = value.to(opened.device)
    return value.to(opened.model.dtype) if value.is_floating_point() else value


def features(found: Any) -> torch.Tensor:
    """The vectors, bare or in an output with a name."""
    return torch.as_tensor(found if isinstance(found, torch.Tensor) else found.pooler_output)


def little(numbers: torch.Tensor) -> bytes:
    """32-bit floats, little-endian."""
    return bytes(numbers.contiguous().numpy().astype("<f4").tobytes())


def parted(items: list[int], many: int) -> list[list[int]]:
    """Lists of at most so many."""
    return [items[start : start + many] for start in range(0, len(items), many)]
