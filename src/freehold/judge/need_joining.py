"""Joins what the model understood with what cues tell surely: each corrects the other's weakness.

The model reads what is said in a roundabout way and errs now and then where a plain word decides;
a cue is deaf to all but its word, and right where it stands.
"""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from freehold.core.quantities import read_quantity
from freehold.judge import need_cues as cues
from freehold.judge.need_parsing import Heard, able, limits, parse
from freehold.judge.need_words import EVIDENCE, LENGTH, OPEN, PEOPLE, REFUSED, SURE, TERMS, UNLESS
from freehold.judge.said import OSI, Said, sensible
from freehold.knowledge.spoken import unaccented

FILLED = ("uses", "memory", "machine", "context", "size", "users", "revenue")
"""What cues tell surely enough to be taken where the model is silent."""
COMPLETED = ("like", "languages", "not_from", "territory")
"""What they tell as surely of texts in which they understand the work, too."""
LISTED = ("languages", "not_from")
"""Lists of which the model may have left out a part."""
NUMBERS = ("memory", "context", "size", "users", "revenue")
LEAST = {"users": 100, "revenue": 10_000}
"""So many are users, and not a team that speaks of itself; so much is revenue, and not a price."""
UNDENIABLE = ("commercial", "host", "modify", "redistribute", "train-on-outputs")
"""Uses that are meant where cues tell of them; in generated texts 95 to 100 of 100 are right."""
_SURE = {task: re.compile(rf"\b(?:{pattern})\b") for task, pattern in SURE.items()}
_UNLESS = {task: re.compile(rf"\b(?:{pattern})\b") for task, pattern in UNLESS.items()}
_EVIDENCE = {word: re.compile(rf"\b(?:{pattern})\b") for word, pattern in EVIDENCE.items()}


def joined(said: Said, heard: Heard) -> Said:
    """What the model understood, corrected and filled by the cues of the same text."""
    if said == Said():
        return said
    text, cued = unaccented(heard.text), limits(heard)
    task = _task(said, text)
    fitting = sensible(replace(said, task=task)).abilities
    made = replace(
        said,
        task=task,
        uses=_uses(said, cued, text),
        licenses=_licenses(said, cued, text),
        abilities=tuple(dict.fromkeys((*_told(fitting, text), *able(text, task)))),
        users=said.users if _near(PEOPLE, said.users, text) else None,
        context=said.context if _near(LENGTH, said.context, text) else None,
    )
    if made.like in cued.not_from:
        made = replace(made, like=None, not_from=cued.not_from)
    small = {slot: None for slot, least in LEAST.items() if not _many(getattr(cued, slot), least)}
    cued = replace(cued, **small)
    made = replace(made, **dict.fromkeys(_mistaken(made, cued)))
    whole = parse(heard)
    if whole.like in heard.unknown:
        whole = replace(whole, like=None)
    filled = {slot: getattr(cued, slot) for slot in FILLED if not getattr(made, slot)}
    completed = {slot: getattr(whole, slot) for slot in COMPLETED if not getattr(made, slot)}
    longer = {slot: getattr(cued, slot) for slot in LISTED if _continues(made, cued, slot)}
    return replace(made, **filled, **completed, **longer)


def named_work(text: str) -> str | None:
    """The one kind of work that a text without accents names outright."""
    named = [
        task
        for task, pattern in _SURE.items()
        if any(not cues.denied(text, match.start()) for match in pattern.finditer(text))
    ]
    if len(named) != 1 or (named[0] in _UNLESS and _UNLESS[named[0]].search(text)):
        return None
    return named[0]


def _task(said: Said, text: str) -> str | None:
    """The work that the text names outright, beside what is to be replaced; else the model's."""
    if said.like:
        name = unaccented(said.like)
        text = text.replace(name, "#" * len(name))
    return named_work(text) or said.task


def _told(words: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Those of these abilities or uses that the text can have told."""
    return tuple(w for w in words if w not in _EVIDENCE or _EVIDENCE[w].search(text))


def _uses(said: Said, cued: Said, text: str) -> tuple[str, ...]:
    """Its uses and those that cues tell surely; no trade where it is refused and not spoken of."""
    refusal = REFUSED.search(text)
    uses = _told(said.uses, text)
    if refusal and not TERMS.search(text[max(0, refusal.start() - 30) : refusal.end() + 24]):
        rest = REFUSED.sub(" ", text)
        if not re.search(rf"{cues.BUSINESS}|{cues.USES['commercial']}", rest):
            uses = tuple(use for use in uses if use != "commercial")
    sure = (use for use in cued.uses if use in UNDENIABLE)
    return tuple(dict.fromkeys((*uses, *sure)))


def _licenses(said: Said, cued: Said, text: str) -> tuple[str, ...]:
    """Its licenses and those named; beside a name, any open one only where a word for it is."""
    quoted = [name for name in said.licenses if name != OSI]
    named = [n for n in cued.licenses if n != OSI and not any(q in n or n in q for q in quoted)]
    meant = OSI in said.licenses and not ((named or quoted) and not OPEN.search(text))
    kept = tuple(name for name in said.licenses if name != OSI or meant)
    return (*kept, *named)


def _continues(made: Said, cued: Said, slot: str) -> bool:
    """Whether cues tell all that the model did of this list, and more."""
    said, told = set(getattr(made, slot)), set(getattr(cued, slot))
    return set() < said < told


def _mistaken(made: Said, cued: Said) -> Iterator[str]:
    """Slots with a number of which its neighbors say that it is another."""
    meant = {getattr(cued, slot): slot for slot in NUMBERS if getattr(cued, slot)}
    return (slot for slot in NUMBERS if meant.get(getattr(made, slot), slot) != slot)


def _near(words: re.Pattern[str], number: str | None, text: str) -> bool:
    """Whether one of these words stands near this number."""
    places = re.finditer(re.escape(unaccented(number)), text) if number else ()
    return any(words.search(text[max(0, at.start() - 30) : at.end() + 30]) for at in places)


def _many(number: str | None, least: int) -> bool:
    """Whether this number is at least so large."""
    quantity = read_quantity(number) if number else None
    return quantity is not None and quantity.amount >= least
