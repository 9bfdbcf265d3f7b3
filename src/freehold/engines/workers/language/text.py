"""Writes text: answers chats, continues texts, fills in; with decoders, or encoders before them."""

import secrets
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import torch
from msgspec import Struct
from transformers import LogitsProcessor, LogitsProcessorList, StoppingCriteria
from transformers.models.auto import modeling_auto as auto

from freehold.core.errors import Contradiction, UsageError
from freehold.engines.workers.language.answer import Answer
from freehold.engines.workers.language.background import Watch, layers, streamed
from freehold.engines.workers.language.choosing import Chooser, likeliest, taste
from freehold.engines.workers.language.constraint import Constraint
from freehold.engines.workers.language.encoding import loaded_tokenizer
from freehold.engines.workers.language.loading import (
    Opened,
    architecture,
    configuration,
    longest,
    opened,
    said,
    settle,
)
from freehold.engines.workers.language.memory import Memory
from freehold.engines.workers.language.ports import assembly
from freehold.engines.workers.language.prompts import Prompt, Writer
from freehold.engines.workers.language.seeing import Seer, processor
from freehold.engines.workers.order import Order
from freehold.tasks.base import Progress
from freehold.tasks.text_generation import Piece, Request, Result, Token

OURS = ("temperature", "top_p", "top_k", "min_p", "typical_p", "penalty_alpha", "dola_layers",
        "num_beam_groups", "diversity_penalty", "prompt_lookup_num_tokens",
        "cache_implementation")  # fmt: skip
"""What a published configuration may ask for and is chosen here."""
CLASSES = {
    **auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    **auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    **auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
}


def load(order: Order) -> "Generating":
    """Open the model and its tokenizer."""
    folder = settle(order)
    parts = assembly(said(folder, "config.json"))
    model, writer = parts.load(order) if parts else usual(order, folder)
    return Generating(model, writer, longest(model.config, order.context))


def usual(order: Order, folder: Path) -> tuple[Opened, Writer]:
    """A model in one folder, and what makes its prompts."""
    config = configuration(folder)
    if getattr(config, "use_mamba_kernels", False):
        config.use_mamba_kernels = order.device != "cpu"
    model = opened(order, architecture(config, CLASSES), config)
    prepares = processor(folder)
    if prepares is None:
        template = order.options.get("template")
        return model, Writer(loaded_tokenizer(folder), folder, template)
    return model, Seer(prepares, folder, order.device, model.model.dtype)


class Generating:
    """One model that answers requests for text."""

    def __init__(self, opened: Opened, writer: Writer, limit: int) -> None:
        self.opened, self.model, self.writer, self.limit = opened, opened.model, writer, limit
        self.encodes = bool(getattr(opened.config, "is_encoder_decoder", False))
        self.whole = self.encodes or isinstance(writer, Seer)
        """Whether it takes one text as it is, where there is no template."""
        self.ends = ends(opened.model, writer.tokenizer)
        self.memory, self.layers = Memory(), layers(opened.model)
        self.count, self.split, self.spell = writer.count, writer.encoded, writer.decoded

    def answer(self, request: Request) -> Generator[Piece | Progress | Result, None, None]:
        """The pieces as they come, then the result."""
        refuse(request)
        if request.text is None and not self.writer.template and not self.whole:
            raise UsageError(
                "this model has no chat template: it continues texts",
                hint="--continuing takes the prompt as the beginning of a text",
            )
        prompt = self.writer.prompt(request, self.limit)
        seed = secrets.randbelow(2**31) if request.seed is None else request.seed
        answer = Answer(self.writer, request, prompt, self.ends)
        held = None
        if request.schema is not None or request.grammar is not None:
            held = Constraint(request, self.writer.tokenizer, self.ends)
        watch = Watch(self.layers)

        def work(give: Callable[[Any], None]) -> tuple[Token, ...]:
            before = self.likely(prompt, request) if request.of_prompt else ()
            self.write(Turn(request, prompt, seed, answer, give, held))
            return before

        before = yield from streamed(work, watch)
        yield from answer.close()
        yield answer.result(seed, before, self.opened.notes)

    def write(self, turn: "Turn") -> None:
        """Let the library go through the model token by token; we choose them."""
        prompt, request = turn.prompt, turn.request
        tokens = torch.tensor([prompt.tokens], device=self.model.device)
        used = 0 if self.encodes else len(prompt.tokens)
        room = self.limit - used
        turn.answer.most = min(request.max_tokens or room, room)
        turn.answer.full = turn.answer.most == room and request.max_tokens != room
        config = plainly(self.model.generation_config, turn.answer.most, self.ends)
        choice = Choice(turn, taste(request, self.model.generation_config))
        more = dict(prompt.more)
        keeps = not more and not self.encodes
        if keeps:
            more["past_key_values"], turn.answer.cached = self.memory.taken(prompt.tokens)
        found = self.model.generate(
            input_ids=tokens,
            attention_mask=torch.ones_like(tokens),
            generation_config=config,
            logits_processor=LogitsProcessorList([choice]),
            stopping_criteria=[Enough(turn.answer)],
            return_dict_in_generate=True,
            **{name: value for name, value in more.items() if value is not None},
        )
        if keeps:
            self.memory.keep(found.sequences[0].tolist(), found.past_key_values)

    def likely(self, prompt: Prompt, request: Request) -> tuple[Token, ...]:
        """The tokens of the prompt, each with its probability after those before it."""
        if self.encodes:
            raise UsageError("a model with an encoder gives no probabilities of the prompt")
        tokens = torch.tensor([prompt.tokens], device=self.model.device)
        with torch.no_grad():
            scores = self.model(tokens, use_cache=False).logits[0]
        found = [Token(self.writer.decoded(prompt.tokens[:1]), 0.0)]
        for place, token in enumerate(prompt.tokens[1:]):
            found.append(told(self.writer, scores[place], token, request.likely or 0))
        return tuple(found)


class Turn(Struct, frozen=True):
    """One request while it is answered; `give` takes the pieces."""

    request: Request
    prompt: Prompt
    seed: int
    answer: Answer
    give: Callable[[Any], None]
    constraint: Constraint | None = None


class Choice(LogitsProcessor):
    """Chooses the next token in the place of the library, and gives what it says at once."""

    def __init__(self, turn: Turn, taste: Any) -> None:
        self._turn, self._chooser = turn, Chooser(taste, turn.seed)
        self._held = turn.constraint
        turn.answer.taste = taste.says()

    def __call__(self, tokens: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores that leave the chosen token only."""
        turn = self._turn
        likely = turn.request.likely
        raw = None if likely is None else scores[0].clone()
        if turn.request.ignore_end:
            scores[:, sorted(turn.answer.ends)] = -torch.inf
        held = self._held if turn.answer.section == "answer" else None
        chosen = self._chooser.choose(held.masked(scores[0]) if held else scores[0])
        told_ = None if raw is None else told(turn.answer.writer, raw, chosen, likely or 0)
        for piece in turn.answer.push(chosen, told_):
            turn.give(piece)
        if held and not turn.answer.done:
            turn.answer.done = held.take(chosen)
        only = torch.full_like(scores, -torch.inf)
        only[:, chosen] = 0
        return only


class Enough(StoppingCriteria):
    """Says when an answer is complete."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, tokens: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """For each sequence whether it has ended."""
        return torch.full((tokens.shape[0],), self._answer.done, device=tokens.device)


def told(writer: Writer, scores: torch.Tensor, token: int, many: int) -> Token:
    """A token with its probability and the likeliest at its place."""
    logs, best = likeliest(scores, many)
    others = tuple((writer.decoded([other]), log) for other, log in best)
    return Token(writer.decoded([token]), float(logs[token]), others)


def ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """The tokens that end an answer: those of the publisher's configuration."""
    found = model.generation_config.eos_token_id
    found = tokenizer.eos_token_id if found is None else found
    if found is None:
        return frozenset()
    return frozenset(map(int, found)) if isinstance(found, list) else frozenset({int(found)})


def plainly(published: Any, most: int, ends: frozenset[int]) -> Any:
    """The publisher's configuration without its way of choosing, which is ours to follow."""
    from copy import deepcopy

    config = deepcopy(published)
    config.do_sample, config.num_beams = False, 1
    for name in OURS:
        setattr(config, name, None)
    config.max_length, config.max_new_tokens = None, most
    if config.pad_token_id is None:
        config.pad_token_id = min(ends, default=0)
    config.eos_token_id = None
    return config


def refuse(request: Request) -> None:
    """Refuse by name what is not held to here."""
    if request.schema is not None and request.grammar is not None:
        raise Contradiction("an answer is held to a schema or to a grammar, not to both")
    if request.choice not in (None, "auto", "none"):
        raise UsageError(f"transformers cannot force the use of a tool: {request.choice}")
    if request.ignore_end and (request.schema is not None or request.grammar is not None):
        raise Contradiction("an answer that holds to a grammar ends where the grammar ends")
