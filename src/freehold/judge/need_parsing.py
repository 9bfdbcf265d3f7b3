"""Reads a need in plain words by cues alone: what stands in where the model is not."""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from freehold.core.quantities import Quantity
from freehold.judge import need_cues as cues
from freehold.judge.need_grammar import suits
from freehold.judge.said import FITTING, OSI, Said
from freehold.knowledge.mentions import Mention
from freehold.knowledge.spoken import Spoken, unaccented


class Heard(Struct, frozen=True, kw_only=True):
    """A text in small letters, and what was found in it by name or number."""

    text: str
    mentions: tuple[Mention, ...]
    quantities: tuple[Quantity, ...]
    spoken: tuple[Spoken, ...]

    @property
    def free(self) -> tuple[Quantity, ...]:
        """The numbers that are no part of a name."""
        named = [m for m in self.mentions if m.kind != "maker"]
        return tuple(
            q for q in self.quantities if not any(m.start <= q.start < m.end for m in named)
        )

    @property
    def unknown(self) -> tuple[str, ...]:
        """What is to be replaced and has no known name: one word, and a number behind it."""
        return self._behind(_REPLACED)

    @property
    def perhaps(self) -> tuple[str, ...]:
        """What may be such a name, behind any word of likeness; the model tells whether it is."""
        every = (*self.unknown, *self._behind(_LIKENED), *self._behind(_AHEAD))
        return tuple(dict.fromkeys(every))

    def _behind(self, pattern: re.Pattern[str]) -> tuple[str, ...]:
        known = [(m.start, m.end) for m in self.mentions if m.kind == "model"]
        places = [match.span("name") for match in pattern.finditer(unaccented(self.text))]
        return tuple(
            self.text[start:end]
            for start, end in places
            if not any(a < end and start < b for a, b in known)
        )


_NO_NAME = (
    r"(?:that|this|which|what|who|ones?|our|your|their|his|her|its|the|and|for|any|some|an?|free"
    r"|open|local|good|better|cheap|private|offline|self|hosted|paid|cloud|source|possible|libre"
    r"|ein\w*|kein\w*|der|die|das|les|des|une|las|los|una|qui|que|quoi|dass|wenn)"
)
"""Words behind which no name stands, though they stand where one would."""
_NAME = (
    r" (?:the |an? |den |die |das |le |la |el )?"
    rf"(?P<name>(?!{_NO_NAME}\b)[a-z][\w+-]{{2,}}"
    r"(?: (?:[a-z]?\d[\w.]*|pro|large|xl|mini|max)(?!\w))?)"
)
_AHEAD = re.compile(
    rf"(?P<name>\b(?!{_NO_NAME}\b)[a-z][\w+]{{2,}}(?: \d[\w.]*)?)"
    r"[ -](?:replacement|alternative|substitute|clone|ersatz)\b"
)
_REPLACED = re.compile(rf"\b{cues.REPLACED}{_NAME}")
_LIKENED = re.compile(rf"\b{cues.LIKE}{_NAME}")


def parse(heard: Heard) -> Said:
    """The need in the text; an empty one where no cue speaks of a model."""
    text = unaccented(heard.text)
    task = cues.first(cues.TASKS, text)
    like = _like(text, heard)
    if like and task and not _apart(text, task, like):
        task = None
    named = like.text if like else None
    if task is None and like is None:
        named = next(iter(heard.unknown), None)
    if task is None and named is None:
        return Said()
    return replace(limits(heard), task=task, like=named, abilities=tuple(able(text, task)))


def limits(heard: Heard) -> Said:
    """All that cues tell but the work and its abilities, whether or not they tell of work."""
    text = unaccented(heard.text)
    told = Said(
        uses=tuple(_uses(text)),
        licenses=tuple(_licenses(text, heard)),
        openness=cues.first(cues.OPENNESS, text),
        languages=tuple(_languages(text, heard)),
        machine=next((m.text for m in heard.mentions if m.kind == "machine"), None),
        not_from=tuple(_not_from(text, heard)),
        territory=_territory(text, heard),
    )
    return replace(told, **_amounts(text, heard))


def _apart(text: str, task: str, like: Mention) -> bool:
    """Whether the task is told beside the name and not by it."""
    rest = text[: like.start] + " " + text[like.end :]
    return bool(re.search(cues.TASKS[task], rest))


def _like(text: str, heard: Heard) -> Mention | None:
    for mention in heard.mentions:
        if mention.kind == "model" and mention.text not in cues.NO_NAME:
            before, after = text[max(0, mention.start - 40) : mention.start], text[mention.end :]
            near = re.search(rf"\b{cues.LIKE}\b[^.;]{{0,14}}$", before)
            alone = not before.strip() and re.match(r" (?:but|aber|mais|pero)\b", after)
            if near or alone or re.match(rf"[ -]*{cues.LIKE_AFTER}", after):
                return mention
    return None


def _uses(text: str) -> Iterator[str]:
    private = re.search(cues.PRIVATE, text)
    for use, pattern in cues.USES.items():
        found = [m for m in re.finditer(pattern, text) if not cues.denied(text, m.start())]
        business = use == "commercial" and re.search(cues.BUSINESS, text)
        if found or (business and not private and not _refused(text, pattern)):
            yield use


def _refused(text: str, pattern: str) -> bool:
    return any(cues.denied(text, m.start()) for m in re.finditer(pattern, text))


def _licenses(text: str, heard: Heard) -> Iterator[str]:
    if re.search(cues.OSI, text):
        yield OSI
    others = [(m.start, m.end) for m in heard.mentions if m.kind in ("model", "maker")]
    for mention in heard.mentions:
        if mention.kind != "license" or len(mention.text) < 3 or mention.text in cues.NO_LICENSE:
            continue
        of_another = any(start < mention.end and mention.start < end for start, end in others)
        named = re.match(rf"\W*{cues.TERMS}\W{{0,2}}", text[mention.end :])
        at = mention.end + (named.end() if named else 0)
        of_next = named and any(m.kind == "license" and m.start == at for m in heard.mentions)
        if of_another or of_next or cues.denied(text, mention.start):
            continue
        before, after = text[: mention.start], text[mention.end :]
        if mention.text != "mit" or _told(before, after):
            yield mention.text


def _told(before: str, after: str) -> bool:
    """Whether "mit" is a license here, and no German word."""
    told = re.search(rf"\b{cues.UNDER}\b\W*$", before) or re.match(rf"\W*{cues.TERMS}", after)
    alone = re.search(r"(?:^|[,;(:/] ?)$", before) and re.match(r" ?(?:$|[,.;)/])", after)
    listed = re.match(r",? ?(?:or|oder|ou|o|/) ?(?:apache|bsd|[al]?gpl|mpl|cc)", after)
    ending = re.search(r"(?:apache|bsd|\d\.0|clause),? ?(?:or|oder|ou|o|/) ?$", before)
    return bool(told or alone or listed or ending)


def _languages(text: str, heard: Heard) -> Iterator[str]:
    """Languages that are named and asked for."""
    places = {s.start for s in heard.spoken if s.kind == "country"}
    places.update(_not_from(text, heard).values())
    named = (w for w in heard.spoken if w.kind == "language" and w.start not in places)
    yield from dict.fromkeys(word.code for word in named if _asked_for(text, word))


def _asked_for(text: str, word: Spoken) -> bool:
    """Whether a language is that of the work, and not of makers, of a country or of who speaks."""
    others = rf"\W*(?:{cues.PEOPLE}|{cues.FIRM}|{cues.OWN})\b"
    excused = re.search(rf"\b{cues.EXCUSE} ?$", text[: word.start])
    if excused or re.match(others, text[word.end :]):
        return False
    return not _unwanted(text, word.start, word.end)


SHORTEST_COUNTRY = 3
"""Letters of a name that is a country without an article."""
AMBIGUOUS = ("voice-cloning", "audio")
"""Who cleans a recording of their own voice does not want it imitated."""


def able(text: str, task: str | None) -> Iterator[str]:
    """The abilities that cues tell of and that fit this work; the text has no accents."""
    for ability in cues.ABILITIES:
        if ability in FITTING.get(task or "", ()) and (ability, task) != AMBIGUOUS:
            told = re.finditer(cues.ABILITIES[ability], text)
            if any(not cues.denied(text, match.start()) for match in told):
                yield ability


def _not_from(text: str, heard: Heard) -> Mapping[str, int]:
    """Countries and makers that are refused, also behind one of a list, each with its place."""
    countries = [
        (w.start, w.end, w.code, _avoided(text, w)) for w in heard.spoken if w.kind != "language"
    ]
    makers = [
        (m.start, m.end, m.text, _unwanted(text, m.start, m.end))
        for m in heard.mentions
        if m.kind == "maker"
    ]
    last, found = len(text), dict[str, int]()
    for start, end, name, unwanted in sorted([*countries, *makers]):
        if unwanted or _listed(text[last:start], text[end:]):
            found.setdefault(name, start)
            last = end
    return found


def _listed(between: str, after: str) -> bool:
    """Whether a name goes on a list of names, of which this stands before and behind it."""
    if re.fullmatch(rf",? {cues.OR} (?:{cues.FROM} )?", between):
        return True
    goes_on = re.match(rf"(?:,| {cues.OR}\b)", after) or re.match(r"[.;:!?)]|$", after)
    return bool(goes_on and re.fullmatch(r", ?", between))


def _avoided(text: str, word: Spoken) -> bool:
    """Whether makers of a country are refused; its adjective alone may be a language."""
    told = word.kind == "country" or re.match(rf"\W*{cues.PEOPLE}\b", text[word.end :])
    near = cues.denied(text, word.start, 12) or not cues.denied(text, word.start)
    return _unwanted(text, word.start, word.end) and bool(told or near)


def _unwanted(text: str, start: int, end: int) -> bool:
    """Whether a name is refused: "not from Meta", "we boycott Meta", "Meta-free"."""
    before = re.search(rf"\b(?:{cues.REFUSING})\b[^.;]{{0,30}}$", text[max(0, start - 60) : start])
    return cues.denied(text, start) or bool(before or re.match(cues.FREE_OF, text[end:]))


def _territory(text: str, heard: Heard) -> str | None:
    refused = _not_from(text, heard).values()
    for word in heard.spoken:
        if (
            word.kind == "language"
            or word.start in refused
            or _unwanted(text, word.start, word.end)
        ):
            continue
        firm = word.kind == "origin" and re.match(rf" ?{cues.FIRM}\b", text[word.end :])
        if firm or (word.kind == "country" and _there(text, word, heard)):
            return word.code
    return None


def _there(text: str, word: Spoken, heard: Heard) -> bool:
    """Whether a country is a place here: "us" and "eu" are words, "italien" is French, too."""
    spoken = any(s.kind == "language" and s.start == word.start for s in heard.spoken)
    short = word.end - word.start < SHORTEST_COUNTRY
    place = r"(?:the|der|den|die|les|aux|la|los)" if short else r"(?:in|aus|nach)"
    return bool(re.search(rf"\b{place if short or spoken else cues.PLACE} ?$", text[: word.start]))


def _amounts(text: str, heard: Heard) -> dict[str, str | None]:
    """Which number is which, by its unit and the words beside it."""
    found: dict[str, str | None] = {}
    ends = {m.end for m in heard.mentions if m.kind == "machine"}
    for quantity in heard.free:
        if not {quantity.start, quantity.start - 1} & ends:
            fitting = (key for key in _keys(text, quantity) if suits(key, quantity))
            found.setdefault(next(fitting, ""), quantity.text)
    found.pop("", None)
    return found


def _keys(text: str, quantity: Quantity) -> Iterator[str]:
    """What a number may be, the likeliest first."""
    end = quantity.start + len(quantity.text)
    before, after = text[max(0, quantity.start - 24) : quantity.start], text[end : end + 26]
    if quantity.unit == "bytes":
        yield "memory"
    if re.match(rf"\W*(?:\w+ )?{cues.CONTEXT}", after) or re.search(rf"{cues.CONTEXT}\D*$", before):
        yield "context"
    if re.match(rf"\W*(?:de |d')?{cues.MONEY}", after) or re.search(
        rf"(?:[$€]|{cues.MONEY}\D{{0,14}})$", before
    ):
        yield "revenue"
    if re.match(rf"[ +]*(?:de )?{cues.USERS}", after) or re.search(
        rf"{cues.USERS}\D{{0,4}}$", before
    ):
        yield "users"
    if quantity.unit == "b" or re.match(r"\W*(?:de )?param", after):
        yield "size"
