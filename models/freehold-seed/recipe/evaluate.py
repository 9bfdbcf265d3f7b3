"""Measures how well needs are understood: everything exact, and slot by slot.

    python evaluate.py                    all readers on all files, as a table
    python evaluate.py --write            the same, into the model card
    python evaluate.py open.tsv parser    one reader on one file; of the first two with every miss
    python evaluate.py fresh both         one reader on new texts of the generator

The readers are Freehold's own: the plain parser; the model on llama.cpp under the grammar of each
need; and both as `choose` uses them, where the parser fills what the model is silent of. A need is
right when `choose` would be asked exactly what was meant.
"""

import re
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from generate import pairs
from msgspec import json

from freehold.actions.need import LONGEST, hear, read_need
from freehold.actions.need_options import options
from freehold.actions.seed import reading
from freehold.judge.need_parsing import parse
from freehold.judge.said import Said
from freehold.knowledge.base import KnowledgeBase, open_base

HOME = Path(__file__).parent.parent
READ = ("open.tsv", "development.tsv")
FILES = (*READ, "closed.tsv", "unseen.tsv")
"""The misses of the first two alone are shown, so that the others can judge the next attempt."""
READERS = ("parser", "model", "both")
LISTED = ("uses", "licenses", "languages", "abilities", "not")
FRESH, FRESH_SEED = 4_000, 7
"""How many new texts, and where they begin; the data begin elsewhere."""
FIELDS = {"open": "openness", "not": "not_from", "where": "territory"}
BEGIN, END = "<!-- results: written by recipe/evaluate.py -->\n", "<!-- end of results -->"
Slots = dict[str, Any]


class Score:
    """What was right in one file by one reader."""

    def __init__(self) -> None:
        self.total = self.exact = 0
        self.slots: dict[str, list[int]] = {}
        self.misses: list[tuple[str, Slots, Slots]] = []

    def count(self, text: str, wanted: Slots, got: Slots) -> None:
        """One need more."""
        self.total += 1
        self.exact += wanted == got
        if wanted != got:
            self.misses.append((text, wanted, got))
        for key in {*wanted, *got}:
            right, all_ = self.slots.get(key, [0, 0])
            self.slots[key] = [right + (wanted.get(key) == got.get(key)), all_ + 1]

    @property
    def share(self) -> str:
        """The exact ones as people say it."""
        return f"{self.exact} of {self.total} ({100 * self.exact / self.total:.1f} %)"


def fresh() -> Iterator[tuple[str, Said]]:
    """New texts of the generator that are short enough to be read, and what they mean."""
    for text, answer in pairs(FRESH, FRESH_SEED):
        if len(text) <= LONGEST:
            yield text, json.decode(answer, type=Said)


def phrasings(file: str) -> Iterator[tuple[str, Said]]:
    """The texts of a file and what they mean."""
    for line in (HOME / "phrasings" / file).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            text, _, meant = line.partition("\t")
            yield text, Said(**dict(_slots(meant)))


def _slots(meant: str) -> Iterator[tuple[str, Any]]:
    for word in meant.split():
        key, _, value = word.partition("=")
        plain = value.replace("_", " ")
        yield FIELDS.get(key, key), tuple(plain.split(",")) if key in LISTED else plain


def asked(said: Said, base: KnowledgeBase) -> Slots:
    """What `choose` would be asked, lists as sets."""
    found: Slots = {}
    for key, value in options(said, base).items():
        several = isinstance(value, tuple)
        found[key] = frozenset(map(_folded, value)) if several else _folded(value)
    return found


def _folded(value: object) -> str:
    return str(value).casefold()


def measure(file: str, read: Callable[[str], Said], base: KnowledgeBase) -> Score:
    """Read every phrasing of a file, or new ones."""
    score = Score()
    for text, meant in fresh() if file == "fresh" else phrasings(file):
        score.count(text, asked(meant, base), asked(read(text), base))
    return score


def measured(wanted: list[tuple[str, str]]) -> dict[tuple[str, str], Score]:
    """The score of each (file, reader)."""
    base = open_base()
    scores = {
        (file, reader): measure(file, lambda text: parse(hear(text, base)), base)
        for file, reader in wanted
        if reader == "parser"
    }
    if all(reader == "parser" for _, reader in wanted):
        return scores
    with reading() as (read, _):

        def alone(text: str) -> Said:
            return read_need(read, hear(text, base), base, cues=False)

        def helped(text: str) -> Said:
            return read_need(read, hear(text, base), base)

        readers = {"model": alone, "both": helped}
        model = {(f, r): measure(f, readers[r], base) for f, r in wanted if r in readers}
    return scores | model


def table(scores: dict[tuple[str, str], Score]) -> str:
    """All scores in Markdown."""
    columns = [(file, reader) for file in FILES for reader in READERS]
    names = [f"{file.removesuffix('.tsv')}: {reader}" for file, reader in columns]
    slots = sorted({slot for score in scores.values() for slot in score.slots})
    rows = [["", *names], ["---"] * (len(names) + 1)]
    rows.append(["everything exact", *(scores[column].share for column in columns)])
    for slot in slots:
        counts = [scores[column].slots.get(slot, [0, 0]) for column in columns]
        rows.append([slot, *(f"{right} of {all_}" for right, all_ in counts)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def write(made: str) -> None:
    """Put the table into the model card."""
    card = HOME / "README.md"
    told = f"{BEGIN}Measured on {date.today().isoformat()}:\n\n{made}{END}"
    pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
    card.write_text(re.sub(pattern, lambda _: told, card.read_text("utf-8"), flags=re.S), "utf-8")


def show_misses(score: Score) -> None:
    """Every need that was not understood, with what was got and not meant, and the reverse."""
    for text, wanted, got in score.misses:
        print(text)
        print("   got  ", _told({k: v for k, v in got.items() if wanted.get(k) != v}))
        print("   meant", _told({k: v for k, v in wanted.items() if got.get(k) != v}))
    print(score.share)


def _told(slots: Slots) -> str:
    plain = {k: "|".join(sorted(v)) if isinstance(v, frozenset) else v for k, v in slots.items()}
    return ", ".join(f"{key}={value}" for key, value in plain.items()) or "-"


def main() -> None:
    """As the words after the name of the program say."""
    if len(sys.argv) == 3:
        pair = (sys.argv[1], sys.argv[2])
        score = measured([pair])[pair]
        show_misses(score) if pair[0] in READ else print(score.share)
        return
    made = table(measured([(file, reader) for file in FILES for reader in READERS]))
    print(made)
    if "--write" in sys.argv:
        write(made)


if __name__ == "__main__":
    main()
