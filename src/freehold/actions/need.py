"""Understands a need in plain words: by our own small model where it is, else by a plain parser.

Neither states a fact: both only say what was asked for. `choose` answers from the facts.
"""

import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from freehold.actions.need_options import corrected, in_words, option_named, options
from freehold.actions.seed import HINT, reading, seed_model
from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.core.quantities import quantities
from freehold.judge.need_grammar import Quotable, grammar
from freehold.judge.need_joining import joined, named_work
from freehold.judge.need_parsing import Heard, parse
from freehold.judge.said import Said, sensible
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.mentions import mentions
from freehold.knowledge.spoken import nearly_spoken, spoken, unaccented

Reader = Literal["model", "parser"]
FAILED = "freehold-seed failed"
LONGEST = 600
"""Characters of a need that are read."""


class Understood(Struct, frozen=True, kw_only=True):
    """What was understood, by whom, and why by that one."""

    text: str
    said: Said
    reader: Reader
    because: str

    @property
    def failed(self) -> bool:
        """Whether the model should have read it and could not."""
        return self.reader == "parser" and self.because.startswith(FAILED)

    @property
    def by(self) -> str:
        """Who understood it, and why by that one."""
        if self.reader == "model":
            return self.because
        return f"the plain parser, because {self.because}"


class Asked(Struct, frozen=True, kw_only=True):
    """A need in words as options of `choose`: those understood, and all after correction."""

    understood: Understood
    rows: tuple[tuple[str, str], ...]
    options: dict[str, Any]

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        it = self.understood
        return {"text": it.text, "need": it.said.form(), "by": it.reader, "because": it.because}


def ask_for(
    text: str, given: Mapping[str, Any], *, ignore: Sequence[str] = (), base: KnowledgeBase
) -> Asked:
    """The options of `choose` for a need in words; those in `given` take their places.

    `ignore` names options, as on the command line, that were understood but not meant. Raises
    UsageError where nothing was understood and no option says what the model is for.
    """
    understood = understand(text, base=base)
    unwanted = {option_named(name) for name in ignore}
    found = {k: v for k, v in options(understood.said, base).items() if k not in unwanted}
    if not found and not (given.get("task") or given.get("like")):
        raise UsageError(
            f"no need for a model was understood in {text!r}",
            hint="say what it is for (transcribe, chat, code, draw, ...), or --task TASK",
        )
    rows = tuple(in_words(found, base))
    return Asked(understood=understood, rows=rows, options=corrected(found, given))


def understand(
    text: str, *, reader: Reader | None = None, base: KnowledgeBase | None = None
) -> Understood:
    """The need in a text, in English, German, French or Spanish; an empty one for any other text.

    Without `reader` the model reads where it and its engine are there, else the parser. Raises
    UsageError for a text that is too long, with both numbers.
    """
    base = base or open_base()
    heard = hear(text, base)
    absent = _absent() if reader != "parser" else "it was asked for"
    if reader == "model" and absent:
        raise EnvironmentProblem(f"freehold-seed cannot read: {absent}", hint=HINT)
    if absent is None:
        try:
            return _by_model(text, heard, base)
        except (BrokenInput, EnvironmentProblem, UsageError) as error:
            if reader == "model":
                raise
            absent = f"{FAILED}: {error}"
    return Understood(text=text, said=parse(heard), reader="parser", because=absent)


def hear(text: str, base: KnowledgeBase) -> Heard:
    """The text in small letters, with the names and numbers in it."""
    if len(text) > LONGEST:
        raise UsageError(
            f"the need has {len(text):,} characters, and at most {LONGEST} are read",
            hint="say it shorter, or use the options: freehold choose --help",
        )
    folded = fold(text)
    return Heard(
        text=folded,
        mentions=mentions(base, folded),
        quantities=tuple(quantities(folded)),
        spoken=spoken(folded),
    )


def fold(text: str) -> str:
    """The text as the model knows texts: small letters, single spaces, plain quotes, no marks."""
    plain = unicodedata.normalize("NFC", text).replace("’", "'").replace("`", "'")
    printable = "".join(sign if sign.isprintable() else " " for sign in plain.replace("<|", "< |"))
    return " ".join(printable.encode("utf-8", "replace").decode().lower().split())


def quotable(heard: Heard, base: KnowledgeBase) -> Quotable:
    """What the model may quote from a text, and the languages and countries there are."""
    by_kind: dict[str, list[str]] = {"model": [], "maker": [], "license": [], "machine": []}
    for mention in heard.mentions:
        by_kind[mention.kind].append(mention.text)
    near = nearly_spoken(heard.text)
    origins = {f.country.lower() for f in base.families()}
    places = sorted(near["country"] | near["origin"])
    return Quotable(
        models=(*by_kind["model"], *heard.perhaps),
        makers=tuple(by_kind["maker"]),
        licenses=tuple(by_kind["license"]),
        machines=tuple(by_kind["machine"]),
        quantities=heard.free,
        languages=tuple(sorted(near["language"])),
        origins=tuple(code for code in places if code in origins),
        countries=tuple(places),
    )


def read_need(
    read: Callable[[str, str], Said], heard: Heard, base: KnowledgeBase, *, cues: bool = True
) -> Said:
    """What the model makes of a text: a need of which every part makes sense.

    Where it understood no work, though a cue speaks of some, it must say which. With
    `cues` the parser corrects and fills what its cues tell surely.
    """
    offered, cued = quotable(heard, base), parse(heard)
    said = read(heard.text, grammar(offered))
    cue = named_work(unaccented(heard.text)) if said == Said() else cued.task
    if cue and not said.task and not said.like:
        said = read(heard.text, grammar(offered, task=True))
    return joined(said, heard) if cues else sensible(said)


def _absent() -> str | None:
    """What is missing for the model to read; None when all is there."""
    from freehold.engines.llamacpp import Engine

    if seed_model() is None:
        return "the package freehold-seed is not installed"
    return None if Engine().find() else "llama.cpp is not installed"


def _by_model(text: str, heard: Heard, base: KnowledgeBase) -> Understood:
    began = time.monotonic()
    with reading() as (read, version):
        said = read_need(read, heard, base)
    took = time.monotonic() - began
    because = f"freehold-seed on llama.cpp {version or ''}".rstrip() + f", {took:.2f} s"
    return Understood(text=text, said=said, reader="model", because=because)
