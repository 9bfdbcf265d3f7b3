"""Models that write about an image: Florence-2 (captions, boxes, texts) and BLIP (captions)."""

import time
from collections.abc import Callable, Generator
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.aside import TellSteps, stepwise
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.locations import boxes, plain, texts
from freehold.engines.workers.pictures.pixels import opened
from freehold.engines.workers.pictures.read_image import looks
from freehold.engines.workers.torchwork import finite, model_of, processor_of
from freehold.tasks.base import Progress, Work
from freehold.tasks.image_to_text import Request, Result

Answer = Generator[Progress | Result, None, None]
FLORENCE = {
    "caption": "<CAPTION>",
    "detailed-caption": "<MORE_DETAILED_CAPTION>",
    "objects": "<OD>",
    "regions": "<DENSE_REGION_CAPTION>",
    "ground": "<CAPTION_TO_PHRASE_GROUNDING>",
    "text": "<OCR>",
    "text-regions": "<OCR_WITH_REGION>",
}
"""What Florence-2 calls its tasks."""
PLACES = {"objects": boxes, "regions": boxes, "ground": boxes, "text-regions": texts}
MOST_TOKENS = 1024


def load(order: Order, name: str) -> Callable[[Request], Answer]:
    """Open the model."""
    import transformers

    model = model_of(getattr(transformers, name), order)
    processor = processor_of(transformers.AutoProcessor, order)
    known = tuple(FLORENCE) if name.startswith("Florence2") else ("caption",)
    return Writer(name, model, processor, known).answer


class Writer:
    """One model and what it can look for."""

    def __init__(self, name: str, model: Any, processor: Any, known: tuple[str, ...]) -> None:
        self.name, self.model, self.processor, self.known = name, model, processor, known

    def answer(self, request: Request) -> Answer:
        """The tokens as they are counted, then what they say."""
        look = looks(request, self.name, *self.known)
        if bool(request.words) != (look == "ground"):
            needs = "needs words to find" if look == "ground" else "takes no words"
            raise UsageError(f"{self.name}: {look} {needs}")
        started, image = time.monotonic(), opened(request.image)
        most = request.max_tokens or MOST_TOKENS
        tokens = yield from stepwise(
            lambda tell: self._written(self._given(image, look, request), most, tell), "tokens"
        )
        text, finished = self._text(tokens, look)
        regions = PLACES[look](text, image.width, image.height) if look in PLACES else ()
        yield Result(
            look=look,  # type: ignore[arg-type]
            text="" if look in PLACES else plain(text),
            regions=regions,
            work=Work(time.monotonic() - started, len(tokens), "tokens"),
            notes=() if finished else (f"it ends at {most} tokens, unfinished",),
        )

    def _given(self, image: Any, look: str, request: Request) -> Any:
        """The inputs of the model."""
        if len(self.known) == 1:
            return self.processor(images=image, return_tensors="pt")
        words = ", ".join(request.words)
        return self.processor(text=FLORENCE[look] + words, images=image, return_tensors="pt")

    def _written(self, given: Any, most: int, tell: TellSteps) -> list[int]:
        """The tokens that the model writes."""
        import torch
        from transformers import StoppingCriteriaList

        count = iter(range(1, most + 2))

        def counted(ids: Any, scores: Any, **_: Any) -> Any:
            tell(next(count), most)
            return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)

        kind = self.model.dtype
        inputs = {
            k: v.to(self.model.device, kind) if v.is_floating_point() else v.to(self.model.device)
            for k, v in given.items()
        }
        with torch.inference_mode():
            found = self.model.generate(
                **inputs,
                max_new_tokens=most,
                output_scores=True,
                return_dict_in_generate=True,
                stopping_criteria=StoppingCriteriaList([counted]),
            )
        finite(found.scores[0].softmax(-1), "what the model computes")
        tokens: list[int] = found.sequences[0].tolist()
        return tokens

    def _text(self, tokens: list[int], look: str) -> tuple[str, bool]:
        """What was written, and whether it came to its end."""
        ends = self.model.generation_config.eos_token_id
        finished = any(end in tokens[1:] for end in (ends if isinstance(ends, list) else [ends]))
        text = self.processor.tokenizer.decode(tokens, skip_special_tokens=look not in PLACES)
        return text, finished
