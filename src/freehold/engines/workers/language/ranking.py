"""Says how well documents answer a question: by a head for it, by yes or no, or by likeness."""

from collections.abc import Callable, Generator
from math import isfinite
from typing import Any

import torch
import transformers
from transformers.models.auto import modeling_auto as auto

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.language import bidirectional
from freehold.engines.workers.language.encoding import (
    Reader,
    Steps,
    Texts,
    loaded_tokenizer,
    most_tokens,
)
from freehold.engines.workers.language.loading import (
    Opened,
    architecture,
    calm,
    configuration,
    opened,
    said,
    settle,
)
from freehold.engines.workers.language.spaces import OfBoth
from freehold.engines.workers.order import Order
from freehold.tasks.base import File, Progress, Work
from freehold.tasks.text_ranking import Ranked, Request, Result

Answer = Callable[[Request], Generator[Progress | Result, None, None]]
INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"
"""What the publisher of Qwen3's rerankers names as the usual instruction."""
JUDGE = (
    "Judge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".'
)
"""The publisher's words that the model was trained on."""


def load(order: Order) -> Answer:
    """Open the model by what its configuration says it is."""
    folder = settle(order)
    config = bidirectional.recognized(folder)
    if config is not None:
        return calm(WithHead(order, opened(order, bidirectional.Ranker, config), nvidia).answer)
    config = configuration(folder)
    kind = architecture(config, auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES)
    if kind.__name__.endswith("ForSequenceClassification"):
        return calm(WithHead(order, opened(order, kind, config), pairs).answer)
    if kind.__name__.endswith("ForCausalLM"):
        return calm(YesOrNo(order, opened(order, kind, config)).answer)
    model = opened(order, transformers.AutoModel, config)
    if not hasattr(model.model, "get_text_features"):
        raise UsageError(f"a {kind.__name__} does not rank documents")
    return calm(ByLikeness(model).answer)


class WithHead:
    """A cross-encoder: it reads question and document together and gives one number."""

    def __init__(self, order: Order, opened: Opened, read: Callable[..., Texts]) -> None:
        self.opened, self.read = opened, read
        tokenizer = loaded_tokenizer(opened.folder)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        config = opened.config
        config.pad_token_id = tokenizer.pad_token_id
        limit = most_tokens(opened.folder, config, tokenizer, order.context)
        self.reader = Reader(tokenizer, limit)
        if config.num_labels not in (1, 2):
            raise UsageError(f"a classifier of {config.num_labels} kinds does not rank documents")
        self.chance = config.num_labels == 2 or self._squashed()

    def answer(self, request: Request) -> Generator[Progress | Result, None, None]:
        """The scores of all documents, batch by batch."""
        documents = only_texts(request)
        texts = self.read(self.reader, request.query, documents, request.truncate)
        yield from ranked(request, self.opened, self.reader, texts, self._scores, self.chance)

    def _scores(self, batch: dict[str, Any]) -> torch.Tensor:
        found = self.opened.model(**batch).logits.float()
        if found.shape[-1] == 2:
            return found.softmax(-1)[:, 1]
        return found[:, 0].sigmoid() if self.chance else found[:, 0]

    def _squashed(self) -> bool:
        """Whether scores become probabilities: yes, unless the model's files say otherwise."""
        told = said(self.opened.folder, "config.json")
        function = (told.get("sentence_transformers") or {}).get("activation_fn")
        function = function or told.get("sbert_ce_default_activation_function") or "Sigmoid"
        return not str(function).endswith("Identity")


class YesOrNo:
    """A model of language that is asked whether a document answers: how likely is yes?"""

    def __init__(self, order: Order, opened: Opened) -> None:
        self.opened = opened
        tokenizer = loaded_tokenizer(opened.folder)
        tokenizer.padding_side = "left"
        self.limit = most_tokens(opened.folder, opened.config, tokenizer, order.context)
        self.reader = Reader(tokenizer, self.limit)
        self.instruction = order.options.get("instruction", INSTRUCTION)
        if "<|im_start|>" not in tokenizer.get_vocab():
            raise UsageError("this model of language was not made to rank documents")
        self.no, self.yes = (single(tokenizer, word) for word in ("no", "yes"))

    def answer(self, request: Request) -> Generator[Progress | Result, None, None]:
        """The chance of a yes for each document."""
        texts = self._texts(request)
        yield from ranked(request, self.opened, self.reader, texts, self._scores, True)

    def _scores(self, batch: dict[str, Any]) -> torch.Tensor:
        batch.pop("token_type_ids", None)
        found = self.opened.model(**batch, logits_to_keep=1).logits[:, -1].float()
        return found[:, [self.no, self.yes]].softmax(-1)[:, 1]

    def _texts(self, request: Request) -> Texts:
        before = f"<|im_start|>system\n{JUDGE}<|im_end|>\n<|im_start|>user\n"
        after = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
        asked = f"<Instruct>: {self.instruction}\n<Query>: {request.query}\n<Document>: "
        code = self.reader.tokenizer
        start, end = (code(t, add_special_tokens=False)["input_ids"] for t in (before, after))
        room = self.limit - len(start) - len(end)
        found, cut = [], []
        for place, document in enumerate(only_texts(request)):
            tokens = code(asked + document, add_special_tokens=False)["input_ids"]
            if len(tokens) > room:
                if not request.truncate:
                    raise UsageError(
                        f"document {place + 1} has {len(tokens):,} tokens with the question, "
                        f"and there is room for {room:,}"
                    )
                cut.append(place)
            found.append((*start, *tokens[:room], *end))
        return Texts(tokens=tuple(found), kinds=tuple((0,) * len(t) for t in found), cut=tuple(cut))


class ByLikeness:
    """A model of texts and pictures in one space: the likeness of question and document."""

    def __init__(self, opened: Opened) -> None:
        self.opened, self.both = opened, OfBoth(opened)

    def answer(self, request: Request) -> Generator[Progress | Result, None, None]:
        """Likeness times the scale that the model has learned, for each document."""
        steps = Steps(len(request.documents), "documents")
        query, tokens = self.both.read([request.query], request.truncate)
        scores: list[float] = []
        for document in request.documents:
            if isinstance(document, File):
                vector = self.both.seen([document])
            else:
                vector, count = self.both.read([document], request.truncate)
                tokens += count
            scores.append(self._likeness(query, vector))
            yield steps.done(len(scores))
        work = Work(steps.seconds, len(scores), "documents")
        yield best(request, scores, "logit", tokens, work, self.opened.notes)

    def _likeness(self, one: torch.Tensor, other: torch.Tensor) -> float:
        model = self.opened.model
        found = torch.nn.functional.cosine_similarity(one.float(), other.float())
        found = found * model.logit_scale.exp().float()
        return float(found + getattr(model, "logit_bias", torch.zeros(1)).float())


def pairs(reader: Reader, query: str, documents: list[str], truncate: bool) -> Texts:
    """Question and document as a pair, as tokenizers join them."""
    return reader.read([query] * len(documents), documents, truncate=truncate)


def nvidia(reader: Reader, query: str, documents: list[str], truncate: bool) -> Texts:
    """Question and document in the words that NVIDIA's rankers were trained on."""
    texts = [f"question:{query} \n \n passage:{document}" for document in documents]
    return reader.read(texts, truncate=truncate)


def only_texts(request: Request) -> list[str]:
    """The documents; UsageError when one is a picture."""
    found = [document for document in request.documents if isinstance(document, str)]
    if len(found) < len(request.documents):
        raise UsageError("this model ranks texts only")
    return found


def single(tokenizer: Any, word: str) -> int:
    """The one token of a word."""
    found = tokenizer.convert_tokens_to_ids(word)
    if found is None or found == tokenizer.unk_token_id:
        raise UsageError(f"the vocabulary of this model has no token {word!r}")
    return int(found)


def ranked(
    request: Request,
    opened: Opened,
    reader: Reader,
    texts: Texts,
    score: Callable[[dict[str, Any]], torch.Tensor],
    chance: bool,
) -> Generator[Progress | Result, None, None]:
    """The documents by the scores of their texts."""
    steps, found = Steps(len(texts.tokens), "documents"), dict[int, float]()
    for places, batch in reader.batches(texts, opened.device):
        found.update(zip(places, score(batch).tolist(), strict=True))
        yield steps.done(len(found))
    scores = [found[place] for place in range(len(texts.tokens))]
    cut = [f"document {place + 1} was cut to {reader.limit:,} tokens" for place in texts.cut]
    work = Work(steps.seconds, texts.count, "tokens")
    scale = "probability" if chance else "logit"
    yield best(request, scores, scale, texts.count, work, (*opened.notes, *cut))


def best(
    request: Request,
    scores: list[float],
    scale: str,
    tokens: int,
    work: Work,
    notes: tuple[str, ...],
) -> Result:
    """The documents with their scores, the best first."""
    if not all(map(isfinite, scores)):
        raise BrokenInput("the model computes what is not a number: its weights are broken")
    order = sorted(range(len(scores)), key=lambda place: -scores[place])[: request.top]
    found = tuple(Ranked(place, scores[place]) for place in order)
    return Result(ranked=found, scale=scale, tokens=tokens, work=work, notes=notes)
