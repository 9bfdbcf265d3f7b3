"""Says whether texts and pictures are safe: by a head with labels, or by what a guard would answer.

How a model of language judges is decided by its own chat template: one with a `guideline`
(ShieldGemma) or a `guardian_config` (Granite Guardian) answers yes or no, one that speaks of
`unsafe` and of categories (Llama Guard) names them. Where the template says nothing, the options
`yes` and `no` name the words to compare.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import torch
import transformers
from transformers.models.auto import modeling_auto as auto

from freehold.core.errors import UsageError
from freehold.engines.workers.language.encoding import (
    Reader,
    Steps,
    loaded_tokenizer,
    most_tokens,
)
from freehold.engines.workers.language.guards import Guard, recognized
from freehold.engines.workers.language.images import picture
from freehold.engines.workers.language.loading import (
    Opened,
    architecture,
    calm,
    configuration,
    opened,
    settle,
)
from freehold.engines.workers.language.spaces import fitting
from freehold.engines.workers.order import Order
from freehold.tasks.base import File, Progress, Work
from freehold.tasks.text_classification import Request, Result, Verdict
from freehold.tasks.text_generation import Message

Answer = Callable[[Request], Generator[Progress | Result, None, None]]
SAFE = ("safe", "benign", "neutral", "non", "not", "no", "clean", "normal", "none", "ok")
"""First words of labels that name no harm."""
NAMES = 24
"""Tokens that the names of categories may take."""
HARMFUL = ("unsafe", "toxic", "toxicity", "hate", "hateful", "harmful", "harm", "injection",
           "jailbreak", "malicious", "offensive", "abuse", "obscene", "threat", "insult",
           "violence", "sexual", "hap")  # fmt: skip
"""Words in labels that name a harm."""


def load(order: Order) -> Answer:
    """Open the model by what its configuration says it is."""
    folder = settle(order)
    config = configuration(folder)
    kind = architecture(config, auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES)
    model = opened(order, kind, config)
    if kind.__name__.endswith("ForImageClassification"):
        return calm(OfPictures(model).answer)
    if kind.__name__.endswith("ForSequenceClassification"):
        return calm(WithLabels(order, model).answer)
    if kind.__name__.endswith("ForCausalLM"):
        return calm(ByWords(order, model).answer)
    raise UsageError(f"a {kind.__name__} does not judge texts")


class WithLabels:
    """A classifier: a probability for each of its labels."""

    def __init__(self, order: Order, opened: Opened) -> None:
        self.opened = opened
        tokenizer = loaded_tokenizer(opened.folder)
        limit = most_tokens(opened.folder, opened.config, tokenizer, order.context)
        self.reader = Reader(tokenizer, limit)
        labels = opened.config.id2label
        self.labels = [str(labels[n]) for n in range(len(labels))]
        self.harms = harms(self.labels, order.options.get("unsafe"))
        self.several = opened.config.problem_type == "multi_label_classification"

    def answer(self, request: Request) -> Generator[Progress | Result, None, None]:
        """The verdicts, batch by batch."""
        if request.policy is not None:
            raise UsageError("a classifier judges by its labels; it takes no policy")
        texts = self.reader.read(contents(request), truncate=request.truncate)
        steps, found = Steps(len(texts.tokens), "texts"), dict[int, list[float]]()
        for places, batch in self.reader.batches(texts, self.opened.device):
            scores = self.opened.model(**batch).logits.float()
            chances = scores.sigmoid() if self.several else scores.softmax(-1)
            found.update(zip(places, chances.tolist(), strict=True))
            yield steps.done(len(found))
        verdicts = tuple(self._verdict(request, found[n]) for n in range(len(texts.tokens)))
        notes = [f"text {place + 1} was cut to {self.reader.limit:,} tokens" for place in texts.cut]
        if not self.harms:
            notes.append("the labels of this model say nothing of harm")
        yield Result(
            verdicts=verdicts,
            harm=bool(self.harms),
            tokens=texts.count,
            work=Work(steps.seconds, texts.count, "tokens"),
            notes=(*self.opened.notes, *notes),
        )

    def _verdict(self, request: Request, chances: list[float]) -> Verdict:
        named = dict(zip(self.labels, chances, strict=True))
        harmful = {label: named[label] for label in self.harms}
        wanted = chosen(request, harmful or named)
        if not self.harms:
            return Verdict(True, wanted)
        return Verdict(max(wanted.values()) < request.threshold, wanted)


class ByWords:
    """A guard: a model of language, asked whether a rule is broken."""

    def __init__(self, order: Order, opened: Opened) -> None:
        self.opened = opened
        self.tokenizer = loaded_tokenizer(opened.folder)
        self.limit = most_tokens(opened.folder, opened.config, self.tokenizer, order.context)
        self.guard: Guard = recognized(self.tokenizer, order.options)

    def answer(self, request: Request) -> Generator[Progress | Result, None, None]:
        """The verdicts, one question after another."""
        chats = [[Message("user", text)] for text in contents(request)]
        if request.messages:
            chats = [list(request.messages)]
        harms = self.guard.harms(request.policy, request.categories)
        steps, count, tokens = Steps(len(chats) * len(harms), "questions"), 0, 0
        verdicts = []
        for chat in chats:
            scores: dict[str, float] = {}
            for harm in harms:
                asked = self.guard.asked(chat, harm)
                tokens += len(asked)
                scores |= self.guard.scores(harm, self._last(asked, request.truncate))
                if self.guard.more and scores[harm] >= request.threshold:
                    scores |= dict.fromkeys(self._named(asked), scores[harm])
                count += 1
                yield steps.done(count)
            verdicts.append(Verdict(max(scores.values()) < request.threshold, scores))
        yield Result(
            verdicts=tuple(verdicts),
            tokens=tokens,
            work=Work(steps.seconds, tokens, "tokens"),
            notes=(*self.opened.notes, *self.guard.notes),
        )

    def _named(self, asked: Sequence[int]) -> list[str]:
        """The categories that the guard names after it found harm, likeliest tokens only."""
        more = self.tokenizer(self.guard.more, add_special_tokens=False)["input_ids"]
        given = torch.tensor([[*asked, *more]], device=self.opened.device)
        made = self.opened.model.generate(
            given, attention_mask=torch.ones_like(given), max_new_tokens=NAMES, do_sample=False
        )[0, given.shape[1] :]
        said = str(self.tokenizer.decode(made, skip_special_tokens=True)).strip()
        lines = said.splitlines()
        return [name.strip() for name in lines[0].split(",") if name.strip()] if lines else []

    def _last(self, tokens: Sequence[int], truncate: bool) -> torch.Tensor:
        """The scores (vocabulary,) of what comes after these tokens."""
        if len(tokens) > self.limit:
            says = "a guard judges a text as a whole" if truncate else "it is too long"
            raise UsageError(
                f"the text has {len(tokens):,} tokens and the model takes {self.limit:,}: {says}"
            )
        given = torch.tensor([list(tokens)], device=self.opened.device)
        return torch.as_tensor(self.opened.model(given, logits_to_keep=1).logits[0, -1].float())


class OfPictures:
    """A classifier of pictures; one that is asked about policies judges each of them."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.asks = "shieldgemma" in opened.config.model_type
        kind = transformers.AutoProcessor if self.asks else transformers.AutoImageProcessor
        self.processor = kind.from_pretrained(opened.folder, local_files_only=True)

    def answer(self, request: Request) -> Generator[Progress | Result, None, None]:
        """The verdicts, picture after picture."""
        files = [item for item in request.items if isinstance(item, File)]
        if len(files) < len(request.items) or request.messages:
            raise UsageError("this model judges pictures only")
        steps, verdicts = Steps(len(files), "pictures"), []
        for file in files:
            scores = self._asked(file, request) if self.asks else self._labeled(file)
            wanted = chosen(request, scores)
            verdicts.append(Verdict(max(wanted.values()) < request.threshold, wanted))
            yield steps.done(len(verdicts))
        yield Result(
            verdicts=tuple(verdicts),
            harm=self.asks,
            work=Work(steps.seconds, len(files), "pictures"),
            notes=self.opened.notes,
        )

    def _asked(self, file: File, request: Request) -> dict[str, float]:
        more: dict[str, Any] = {}
        names = list(self.processor.policy_definitions)
        if request.policy is not None:
            names, more = ["policy"], {"custom_policies": {"policy": request.policy}}
        batch = self.processor(images=[picture(file)], policies=names, return_tensors="pt", **more)
        known = {key: fitting(value, self.opened) for key, value in batch.items()}
        chances = self.opened.model(**known).probabilities[:, 0].tolist()
        return dict(zip(names, chances, strict=True))

    def _labeled(self, file: File) -> dict[str, float]:
        if self.opened.config.problem_type == "multi_label_classification":
            raise UsageError("a classifier of pictures with several labels at once is not known")
        pixels = self.processor(images=[picture(file)], return_tensors="pt")
        known = {key: fitting(value, self.opened) for key, value in pixels.items()}
        chances = self.opened.model(**known).logits[0].float().softmax(-1).tolist()
        return {str(self.opened.config.id2label[n]): c for n, c in enumerate(chances)}


def contents(request: Request) -> list[str]:
    """The texts to judge: each item, or the last turn of a chat."""
    if request.messages:
        return [request.messages[-1].content]
    found = [item for item in request.items if isinstance(item, str)]
    if len(found) < len(request.items):
        raise UsageError("this model judges texts only")
    return found


def harms(labels: Sequence[str], said: str | None) -> list[str]:
    """The labels that name a harm: those that are said, else by their words; none when unclear."""
    if said is not None:
        names = [name.strip() for name in said.split(",")]
        unknown = [name for name in names if name not in labels]
        if unknown:
            raise UsageError(f"no label {unknown[0]!r}; there are {', '.join(labels)}")
        return names
    words = {label: label.lower().replace("-", " ").replace("_", " ").split() for label in labels}
    bad = [n for n in labels if set(words[n]) & set(HARMFUL) and words[n][0] not in SAFE]
    if bad:
        return bad
    safe = [n for n in labels if words[n] and words[n][0] in SAFE]
    return [n for n in labels if n not in safe] if len(safe) == 1 else []


def chosen(request: Request, scores: Mapping[str, float]) -> dict[str, float]:
    """The scores of the categories that are asked for; all when none are named."""
    unknown = [name for name in request.categories if name not in scores]
    if unknown:
        raise UsageError(f"no category {unknown[0]!r}; there are {', '.join(scores)}")
    return {name: scores[name] for name in request.categories or scores}
