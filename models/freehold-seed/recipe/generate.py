# ruff: noqa: E501  (a pattern is easier to read on one line)
"""Makes the data: pairs of a need in plain words and the need as JSON, the same every time.

    python generate.py 1000000 pairs.tsv

writes one pair a line, a tab between, and prints the digest of it all.
"""

import hashlib
import random
import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from multiprocessing import Pool
from pathlib import Path

from grammar import Grammar
from implied import BUSINESS, FROM_ABOVE, MEDICAL, PRIVATE
from kinds import ABILITIES, OPEN, READING, RIVALS, SPEAKING, TASKS, USES, WEIGHTS
from needs import Pair
from openings import FOREIGN, GENERAL
from slips import slip
from verbs import with_zu

SHARD = 5000
LANGUAGES = ["en"] * 46 + ["de"] * 18 + ["fr"] * 18 + ["es"] * 18
HOW_MANY = [0] * 24 + [1] * 30 + [2] * 24 + [3] * 13 + [4] * 6 + [5] * 3
"""Limits of a need."""
SCENE, DO = 0.3, 0.72
"""How a kind of work is said: as a scene below the first, as a deed below the second, else as a thing."""
ELSEWHERE = ("not_country", "not_maker")
"""Limits whose words speak of other people's companies."""
AFTER_SCENE = [". ", ". ", ". ", ", ", ", ", "; ", " - ", " ", " ("]
WHOLE, LIKE, OUTSIDE, NO_TASK, SHORT = 18, 8, 7, 3, 5
"""Of a hundred pairs: written as a whole, to replace a model, no need at all, only limits, key words; the rest say a task."""
FILLS = {
    "license": "licenses", "osi": "licenses", "fully": "open", "weights": "open",
    "restricted": "open", "not_country": "not", "not_maker": "not",
}  # fmt: skip
"""The keys of limits that are not called as these are."""
FURTHER = 0.35
"""Part of the whole needs that get limits beside their own."""
FOLDED = 0.94
"""Part of the texts that are as Freehold hands them over; the others as people type them."""


def fold(text: str) -> str:
    """The text as Freehold hands it to the model: small letters, single spaces, plain quotes."""
    text = unicodedata.normalize("NFC", text).replace("’", "'").replace("`", "'")
    return " ".join(text.lower().split())


def pairs(count: int, seed: int = 2026) -> Iterator[tuple[str, str]]:
    """That many pairs; those of a shard depend on its number only."""
    for start in range(0, count, SHARD):
        yield from shard(start, min(SHARD, count - start), seed)


def shard(start: int, count: int, seed: int = 2026) -> list[tuple[str, str]]:
    """The pairs from this number on."""
    rng = random.Random(seed * 1_000_003 + start)
    return [one(rng) for _ in range(count)]


def one(rng: random.Random) -> tuple[str, str]:
    """One pair."""
    language = rng.choice(LANGUAGES)
    pair = Pair(rng, language)
    said = Saying(pair, grammar(language)).say()
    text = slip(rng, said, language)
    answer = pair.json()
    if rng.random() < FOLDED:
        text, answer = fold(text), fold(answer)
    return " ".join(text.split()), answer


@cache
def grammar(language: str) -> Grammar:
    """The phrasings of a language."""
    return Grammar(language)


class Saying:
    """Says a need: what is wanted, and the limits around it."""

    def __init__(self, pair: Pair, grammar: Grammar) -> None:
        self.pair, self.grammar, self.rng = pair, grammar, pair.rng
        self.tables = grammar.tables
        self.private = self.business = self.scene = False

    def say(self) -> str:
        """A whole text, with its marks."""
        text = self._say()
        if self.pair.need and not self.private and self.business:
            self.pair.add("uses", "commercial")
        return text

    def _say(self) -> str:
        chance = self.rng.randrange(100)
        if chance < OUTSIDE:
            return self._outside()
        chance -= OUTSIDE
        if chance < NO_TASK:
            return self._only_limits()
        chance -= NO_TASK
        if chance < SHORT:
            return self._key_words()
        chance -= SHORT
        if chance < WHOLE:
            return self._whole()
        chance -= WHOLE
        main = self._like() if chance < LIKE else self._task()
        return self._around(main, self._limits(self._kinds()))

    def _phrase(self, options: list[str], inner: str = "") -> str:
        phrase = options[self.rng.randrange(len(options))]
        said = self.grammar.say(self.rng, phrase, self.pair.fill, inner)
        said = tidy(self.rng, said, self.grammar.language)
        if self.pair.kind not in ELSEWHERE and BUSINESS.search(said):
            self.business = True
        return said

    def _task(self) -> str:
        task = self._drawn()
        chance = self.rng.random()
        if chance < SCENE and "scene" in self.tables["tasks"][task]:
            return self._scene(task)
        form = "do" if chance < DO else "thing"
        inner = self._work(task, form)
        if self.grammar.language == "de" and form == "do":
            return self._german(inner)
        return self._phrase(self.tables[f"{form}_frames"], inner)

    def _drawn(self) -> str:
        """A kind of work, which is what the need asks for."""
        task = self.rng.choice(TASKS)
        self.pair.need["task"] = task
        return task

    def _work(self, task: str, form: str) -> str:
        """The work in one of its forms, with what its words mean beside it."""
        self.pair.begin("task")
        words = self._phrase(self.tables["tasks"][task][form])
        self._imply(words)
        return words

    def _imply(self, words: str) -> None:
        """Note the abilities that words mean by the way."""
        fitting = ABILITIES.get(self.pair.need.get("task", ""), ())
        for ability, pattern in (("geospatial", FROM_ABOVE), ("medical", MEDICAL)):
            if ability in fitting and pattern.search(words):
                self.pair.add("abilities", ability)

    def _scene(self, task: str) -> str:
        """Work that is told and not named; now and then with a question around it."""
        words = self._work(task, "scene").rstrip(".!")
        self.scene = True
        glue = self.tables["glue"]
        if self.rng.random() < 0.1:
            words = self._phrase(glue["scene_before"]) + self.rng.choice([": ", ". ", ", "]) + words
        if self.rng.random() < 0.22:
            words += self.rng.choice([". ", ". ", ", ", " - "]) + self._phrase(glue["scene_after"])
        return words

    def _german(self, inner: str) -> str:
        """German puts "zu" into the infinitive after some frames."""
        frame = self.rng.choice(self.tables["do_frames"])
        split = "<dozu>" in frame and "<do>" not in frame
        return self._phrase([frame], with_zu(inner) if split else inner)

    def _whole(self) -> str:
        """A need as somebody wrote it; its closed words stand beside it, `not` for its countries."""
        wholes = self.grammar.wholes
        meant, phrase = wholes[self.rng.randrange(len(wholes))]
        self.pair.begin("not_country" if "not" in meant else "whole")
        for word in meant:
            self._mean(word)
        words = self._phrase([phrase]).rstrip(".!?")
        self._imply(words)
        self.scene = True
        further = self._kinds() if self.rng.random() < FURTHER else []
        return self._around(words, self._limits([k for k in further if self._unsaid(k)]))

    def _unsaid(self, kind: str) -> bool:
        """Whether the need has nothing yet of what this limit would say."""
        rivals = [r for group in RIVALS if kind in group for r in group]
        return not any(FILLS.get(k, k) in self.pair.need for k in (kind, *rivals))

    def _mean(self, word: str) -> None:
        """Note one closed word: a kind of work, an ability, a use or what is to be open."""
        if "task" not in self.pair.need and word in TASKS:
            self.pair.need["task"] = word
        elif word in USES.values():
            self.pair.add("uses", word)
        elif word in OPEN or word == "osi":
            self._note(word)
        elif word not in ("none", "not"):
            self.pair.add("abilities", word)

    def _like(self) -> str:
        self.pair.begin("like")
        main = self._phrase(self.tables["like"]["main"])
        if self.rng.random() < 0.25:
            inner = self._work(self._drawn(), "do" if self.rng.random() < 0.5 else "thing")
            main += self.rng.choice({"en": [" to ", " for ", ", ", ": ", " that can "], "de": [", ", ": ", " - "],
                                     "fr": [" pour ", ", ", ": "], "es": [" para ", ", ", ": "]}[self.grammar.language]) + inner  # fmt: skip
        return main

    def _kinds(self) -> list[str]:
        """Which limits are told: as many as drawn, none that cannot be."""
        weights = {k: w for k, w in WEIGHTS.items() if self._possible(k)}
        chosen: list[str] = []
        for _ in range(HOW_MANY[self.rng.randrange(len(HOW_MANY))]):
            kind = self.rng.choices(list(weights), list(weights.values()))[0]
            chosen.append(kind)
            for rivals in RIVALS:
                if kind in rivals:
                    for rival in rivals:
                        weights.pop(rival, None)
            if kind == "ability" and self.rng.random() < 0.2:
                chosen.append(kind)
            if kind == "memory" and self._possible("machine") and self.rng.random() < 0.1:
                weights["machine"] = 9
            weights.pop(kind, None)
        return chosen

    def _possible(self, kind: str) -> bool:
        task = self.pair.need.get("task")
        if kind == "ability":
            return task in ABILITIES
        if kind == "like":
            return task is not None and "like" not in self.pair.need
        if kind == "context":
            return task is None or task in READING
        if kind == "languages":
            return (task is None or task in SPEAKING) and "languages" not in self.pair.need
        return True

    def _limits(self, kinds: list[str]) -> list[str]:
        """Their words, in the order that was drawn; that it is private is never told beside trade."""
        order = sorted(range(len(kinds)), key=lambda at: kinds[at] == "nothing")
        said = {at: self._limit(kinds[at]) for at in order}
        return [said[at] for at in range(len(kinds)) if said[at]]

    def _limit(self, kind: str) -> str:
        if kind == "ability":
            return self._ability()
        self._note(kind)
        self.pair.begin(kind)
        if kind == "like":
            return self._phrase(self.tables["like"]["with_task"])
        text = self._phrase(self.tables["clauses"][kind])
        if kind == "nothing" and PRIVATE.search(text):
            if self.pair.need.get("uses"):
                return self._limit(kind)
            self.private = True
        return text

    def _ability(self, table: str = "abilities") -> str:
        """One more ability that fits the work; nothing where all are said."""
        said = self.pair.need.get("abilities", [])
        left = [a for a in ABILITIES[self.pair.need["task"]] if a not in said]
        if not left:
            return ""
        ability = self.rng.choice(left)
        self.pair.add("abilities", ability)
        self.pair.begin(ability)
        return self._phrase(self.tables[table][ability])

    def _note(self, kind: str) -> None:
        if kind in USES:
            self.pair.add("uses", USES[kind])
        elif kind in OPEN:
            self.pair.need["open"] = OPEN[kind]
        elif kind == "osi":
            self.pair.add("licenses", "osi")
        elif kind == "revenue":
            self.business = True

    def _around(self, main: str, limits: list[str]) -> str:
        """The limits around what is wanted: before it, behind it, or as sentences of their own."""
        glue = self.tables["glue"]
        text = main
        fronted = ""
        for limit in limits:
            sentence = limit.startswith("=")
            words = limit.removeprefix("=")
            if sentence and not fronted and self.rng.random() < 0.3:
                fronted = words
                continue
            between = glue["and" if sentence else "tail"]
            text += self.rng.choice(AFTER_SCENE if self.scene else between) + words
        if fronted:
            text = fronted + self.rng.choice(glue["before"]) + text
        elif limits and not limits[0].startswith("=") and self.rng.random() < 0.06:
            text = limits[0] + self.rng.choice([", ", ": ", " "]) + text.replace(limits[0], "", 1)
        return self._frame(text)

    def _frame(self, text: str) -> str:
        glue = self.tables["glue"]
        if self.rng.random() < 0.12:
            text = self.rng.choice(glue["fillers_before"]) + text
        if self.rng.random() < 0.12:
            text += self.rng.choice(glue["fillers_after"])
        text = text.rstrip(" (-") + (")" if text.count("(") > text.count(")") else "")
        return text + self.rng.choice(["", "", "", ".", ".", "?", "!", "..."])

    def _only_limits(self) -> str:
        kinds = [k for k in self._kinds() if k != "ability"] or ["nothing"]
        limits = [limit.removeprefix("=") for limit in self._limits(kinds)]
        start = self.rng.choice(["", "", *GENERAL[self.grammar.language]])
        return self._frame(
            (start + self.rng.choice([" ", ", ", " "])).lstrip(" ,")
            + self.rng.choice([", ", ". ", " "]).join(limits)
        )

    def _outside(self) -> str:
        chance = self.rng.random()
        if chance < 0.8:
            lines = [
                self._phrase(self.tables["outside"]["lines"]) for _ in range(1 + (chance < 0.2))
            ]
            return self.rng.choice([". ", ", ", " "]).join(lines) + self.rng.choice(
                ["", "", ".", "?", "!"]
            )
        if chance < 0.92:
            return self.rng.choice(FOREIGN)
        letters = "abcdefghijklmnopqrstuvwxyz0123456789 .,!?"
        return (
            "".join(self.rng.choice(letters) for _ in range(self.rng.randrange(1, 40))).strip()
            or "?"
        )

    def _key_words(self) -> str:
        """The need as people type it into a search box."""
        short = self.tables["short"]
        thing = self._work(self._drawn(), "thing")
        thing = re.sub(r"^(an?|eine?n?|un|une|de l'|de la|des|ein\(e?\)) ", "", thing)
        kinds = [k for k in self._kinds() if k in short or k == "ability"]
        parts = [thing]
        for kind in kinds:
            if kind == "ability":
                parts.append(self._ability("short_abilities"))
                continue
            self._note(kind)
            self.pair.begin(kind)
            parts.append(self._phrase(short[kind]))
        if self.rng.random() < 0.4:
            self.rng.shuffle(parts)
        return self.rng.choice([" ", " ", ", ", " / ", "; "]).join(part for part in parts if part)


def tidy(rng: random.Random, text: str, language: str) -> str:
    """Spaces and English articles as they should be, most of the time."""
    text = text.replace("' ?", "'").replace("?", "").replace("a the best", "the best")
    if language == "en":
        text = re.sub(
            r"\ban? (?=[\w])", lambda m: m[0] if rng.random() < 0.05 else _article(text, m), text
        )
    return re.sub(r" {2,}", " ", text).strip()


def _article(text: str, match: re.Match[str]) -> str:
    return "an " if text[match.end()].lower() in "aeiou" else "a "


def lines(which: tuple[int, int]) -> str:
    """The pairs of a shard as they stand in the file."""
    return "".join(f"{text}\t{answer}\n" for text, answer in shard(*which))


def main() -> None:
    """Write the pairs and print their digest."""
    count, target = int(sys.argv[1]), Path(sys.argv[2])
    digest = hashlib.sha256()
    starts = range(0, count, SHARD)
    sizes = [min(SHARD, count - start) for start in starts]
    with Pool() as pool, target.open("w", encoding="utf-8", newline="\n") as file:
        for found in pool.imap(lines, zip(starts, sizes, strict=True)):
            digest.update(found.encode())
            file.write(found)
    print(f"{count} pairs, sha256 {digest.hexdigest()}")


if __name__ == "__main__":
    main()
