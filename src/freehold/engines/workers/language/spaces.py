"""Models that turn pictures into vectors, alone or in one space with texts."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.language.encoding import Steps, loaded_tokenizer
from freehold.engines.workers.language.images import picture
from freehold.engines.workers.language.loading import Opened
from freehold.engines.workers.language.shaping import dense, result
from freehold.tasks.base import File, Progress, Work
from freehold.tasks.feature_extraction import Request, Result

SEEN = 8
"""Pictures that are computed together."""


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


def parted(items: list[int], many: int) -> list[list[int]]:
    """Lists of at most so many."""
    return [items[start : start + many] for start in range(0, len(items), many)]
