# ruff: noqa: E501  (a table is easier to read so)
"""What a pair of the data is made of: the need that grows while its words are chosen."""

import json
import random
from typing import Any

from grammar import names, words

ORDER = (
    "task", "like", "uses", "licenses", "open", "languages", "abilities", "memory", "machine",
    "context", "size", "not", "users", "revenue", "where",
)  # fmt: skip
"""The keys of a need, in the order in which they are written."""
SPOKEN = ["en", "de", "fr", "es"]
COMMON_LANGUAGES = 40
MARK, END = "\ue000", "\ue001"
"""Around words that the need quotes; no slip of the pen touches them."""
POPULAR = [
    "ChatGPT", "GPT-4o", "GPT-5", "Claude", "Gemini", "DALL-E 3", "Midjourney", "ElevenLabs",
    "Whisper", "Copilot", "Llama 3", "Mistral", "DeepL", "Stable Diffusion", "Sora", "Suno",
]  # fmt: skip
MAKERS = ["Meta", "Google", "OpenAI", "Alibaba", "Microsoft", "Mistral", "DeepSeek", "NVIDIA"]
MACHINES = [
    "RTX 4090", "RTX 3060", "RTX 3090", "H100", "A100", "RTX 5090", "M3 Max", "M4 Pro", "M2",
    "RTX 4060 Ti", "2x RTX 4090", "H100x2", "L40S", "MacBook M3", "RX 7900 XTX", "Raspberry Pi 5",
]  # fmt: skip


class Pair:
    """A need in one language: what is meant, filled by the words that say it."""

    def __init__(self, rng: random.Random, language: str) -> None:
        self.rng = rng
        self.column = SPOKEN.index(language)
        self.language = language
        self.need: dict[str, Any] = {}
        self.kind = ""
        self._chosen: dict[str, str] = {}

    def add(self, key: str, value: str) -> None:
        """One more value of a key that takes several."""
        listed = self.need.setdefault(key, [])
        if value not in listed:
            listed.append(value)

    def begin(self, kind: str) -> None:
        """A new phrase: languages and names in it are chosen afresh."""
        self.kind = kind
        self._chosen = {}

    def fill(self, slot: str) -> str:
        """The words for a slot, which are noted in the need."""
        if slot[0] in "lLF" and slot[1:] in ("", "2", "3"):
            return self._language(slot)
        return str(getattr(self, f"_{slot.rstrip('2')}")(slot))

    def json(self) -> str:
        """The need as it is written: keys in order, nothing between."""
        ordered = {key: self.need[key] for key in ORDER if key in self.need}
        return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))

    def _language(self, slot: str) -> str:
        table = words()["languages"]
        place = slot[1:]
        if place not in self._chosen:
            codes = list(table)
            many = COMMON_LANGUAGES if self.rng.random() < 0.8 else len(codes)
            at = min(self.rng.randrange(many), self.rng.randrange(many))
            while codes[at] in self._chosen.values():
                at = self.rng.randrange(many)
            self._chosen[place] = codes[at]
            self.add("languages", codes[at])
        name: str = table[self._chosen[place]][self.column]
        if self.language == "de" and slot[0] == "L":
            return name.capitalize()
        return feminine(name, self.language) if slot[0] == "F" else name

    def _quoted(self, key: str, text: str, several: bool = False) -> str:
        if several:
            self.add(key, text)
        else:
            self.need[key] = text
        return f"{MARK}{text}{END}"

    def _mem(self, slot: str) -> str:
        size = self.rng.choice(
            [2, 4, 6, 8, 8, 8, 10, 12, 16, 16, 16, 20, 24, 24, 32, 32, 40, 48, 64, 80, 96, 128, 512]
        )
        gigas = {"en": ["GB", "GB", "GB", "GiB", "gigs", "gig", "gigabytes", "G"],
                 "de": ["GB", "GB", "GB", "GiB", "Gigabyte", "Giga"],
                 "fr": ["Go", "Go", "Go", "GB", "Gio", "gigas", "gigaoctets"],
                 "es": ["GB", "GB", "GB", "GiB", "gigas", "gigabytes", "Gb"]}[self.language]  # fmt: skip
        if size == 512:
            return self._quoted(
                "memory",
                f"512{self.rng.choice([' ', ''])}{'Mo' if self.language == 'fr' else 'MB'}",
            )
        unit = self.rng.choice(gigas)
        if self.rng.random() < 0.04:
            size = self.rng.randrange(3, 300)
        if self.rng.random() < 0.04:
            return self._quoted("memory", f"{size}{',' if self.column else '.'}5 {unit}")
        return self._quoted(
            "memory", f"{size}{self.rng.choice([' '] * 10 + [''] * 6 + ['-'])}{unit}"
        )

    def _ctx(self, slot: str) -> str:
        size = self.rng.choice([4, 8, 16, 32, 32, 64, 100, 128, 128, 200, 256, 1000])
        if size == 1000:
            return self._quoted("context", self.rng.choice(["1M", "1 million", "1m"]))
        form = self.rng.random()
        if form < 0.6:
            return self._quoted("context", f"{size}{self.rng.choice(['k', 'k', 'K', ' k'])}")
        number = size * self.rng.choice([1000, 1024])
        return self._quoted("context", self._number(number))

    def _number(self, number: int) -> str:
        if self.rng.random() < 0.4:
            return str(number)
        return f"{number:,}".replace(
            ",", {"en": ",", "de": ".", "fr": " ", "es": "."}[self.language]
        )

    def _size(self, slot: str) -> str:
        small = self.rng.random() < 0.2
        size = self.rng.choice([100, 300, 500, 600, 800]) if small else self.rng.choice(
            [1, 2, 3, 3, 4, 7, 7, 7, 8, 8, 9, 10, 12, 13, 14, 20, 27, 30, 32, 34, 70, 120])  # fmt: skip
        point = "." if self.language == "en" else self.rng.choice([",", "."])
        text = f"{self.rng.randrange(1, 4)}{point}5" if self.rng.random() < 0.08 else str(size)
        spoken = {
            "en": (" million", " billion"),
            "de": (" Millionen", " Milliarden"),
            "fr": (" millions", " milliards"),
            "es": (" millones", " mil millones"),
        }[self.language]
        brief = {"de": ("M", " Mrd"), "fr": ("M", " Mds")}.get(self.language, ("M", "B"))
        form = self.rng.random()
        unit = ("M", "B") if form < 0.6 else spoken if form < 0.92 else brief
        return self._quoted("size", text + (unit[0] if small else unit[1]))

    def _users(self, slot: str) -> str:
        return self._quoted(
            "users",
            self._count(
                [
                    100,
                    500,
                    1000,
                    5000,
                    10000,
                    20000,
                    50000,
                    200000,
                    500000,
                    1000000,
                    2000000,
                    30000000,
                ]
            ),
        )

    def _rev(self, slot: str) -> str:
        count = self._count(
            [50000, 100000, 300000, 500000, 800000, 1000000, 2000000, 3000000, 5000000, 20000000]
        )
        coin = self.rng.random()
        quoted = self._quoted("revenue", count)
        if coin < 0.35:
            return self.rng.choice("$$€" if self.language == "en" else "€€$") + quoted
        return quoted + self.rng.choice(
            {
                "en": [" dollars", " usd", " euros", ""],
                "de": [" Euro", " €", " Dollar"],
                "fr": [" euros", " €", " d'euros"],
                "es": [" euros", " €", " dólares"],
            }[self.language]
        )

    def _count(self, sizes: list[int]) -> str:
        number = self.rng.choice(sizes) * (
            1 if self.rng.random() < 0.6 else self.rng.choice([1, 2, 3, 4, 6])
        )
        form = self.rng.random()
        if form < 0.5:
            return self._number(number)
        million = {
            "en": ["M", "m", " million"],
            "de": [" Millionen", " Mio"],
            "fr": [" millions", "M"],
            "es": [" millones", "M"],
        }[self.language]
        thousand = {
            "en": ["k", "k", " thousand", "K"],
            "de": [" tausend", "k", ".000"],
            "fr": [" mille", "k", " 000"],
            "es": [" mil", "k", ".000"],
        }[self.language]
        if number % 1000000 == 0:
            return f"{number // 1000000}{self.rng.choice(million)}"
        return f"{number // 1000}{self.rng.choice(thousand)}" if number >= 1000 else str(number)

    def _gpu(self, slot: str) -> str:
        name = (
            self.rng.choice(MACHINES)
            if self.rng.random() < 0.6
            else self.rng.choice(names()["machines"])
        )
        return self._quoted("machine", self._careless(name))

    def _lic(self, slot: str) -> str:
        return self._quoted(
            "licenses", self._careless(self.rng.choice(names()["licenses"])), several=True
        )

    def _like(self, slot: str) -> str:
        chance = self.rng.random()
        if chance < 0.3:
            name = self.rng.choice(POPULAR)
        elif chance < 0.9:
            name = self.rng.choice(names()["services" if chance < 0.65 else "models"])
        else:
            name = invented(self.rng)
        return self._quoted("like", self._careless(name))

    def _maker(self, slot: str) -> str:
        name = (
            self.rng.choice(MAKERS)
            if self.rng.random() < 0.6
            else self.rng.choice(names()["makers"])
        )
        return self._quoted("not", name, several=True)

    def _careless(self, name: str) -> str:
        """The name as people write it: other hyphens, no spaces."""
        chance = self.rng.random()
        if chance < 0.1:
            return name.replace("-", " ")
        if chance < 0.16:
            return name.replace(" ", "")
        return name.replace("-", "") if chance < 0.2 else name

    def _country(self, adjective: bool) -> str:
        table = words()["countries"]
        codes = list(table)
        code = (
            codes[0]
            if self.kind == "not_country" and self.rng.random() < 0.35
            else self.rng.choice(codes)
        )
        if self.kind == "not_country" and code not in KNOWN_ORIGINS:
            code = self.rng.choice(KNOWN_ORIGINS)
        if self.kind == "not_country":
            self.add("not", code)
        else:
            self.need["where"] = code
        more = words()["also"].get(code)
        if more and not adjective and self.rng.random() < 0.5:
            return str(self.rng.choice(more[self.column]))
        return str(table[code][2 * self.column + (1 if adjective else 0)])

    def _c(self, slot: str) -> str:
        name = self._country(adjective=False)
        return _bare(name) if self.language == "fr" else name

    def _n(self, slot: str) -> str:
        return self._country(adjective=True)

    def _in(self, slot: str) -> str:
        return self._country(adjective=False)

    def _from(self, slot: str) -> str:
        name = self._country(adjective=False)
        for start, then in (
            ("aux ", "des "),
            ("au ", "du "),
            ("à ", "de "),
            ("dans l'", "de l'"),
            ("dans ", "de "),
        ):
            if name.startswith(start):
                return then + name[len(start) :]
        bare = name.removeprefix("en ")
        return ("d'" if bare[0].lower() in "aeéiou" else "de ") + bare


KNOWN_ORIGINS = ["cn", "us", "fr", "de", "gb", "ca", "il", "ae", "sg", "ch", "at", "jp", "kr", "ru",
                 "cz", "sa", "nl", "es", "in"]  # fmt: skip


def _bare(name: str) -> str:
    return name.partition(" ")[2] if " " in name else name


def feminine(name: str, language: str) -> str:
    """The feminine of a language's adjective in French or Spanish."""
    if language == "fr":
        if name.endswith(("e", "i", "u", "ï", "a", "o", "é")):
            return name
        return (
            name + "ne" if name.endswith("en") else name + "que" if name == "turc" else name + "e"
        )
    if name.endswith("o"):
        return name[:-1] + "a"
    for ending, then in (("és", "esa"), ("án", "ana"), ("ón", "ona"), ("ol", "ola"), ("ín", "ina")):
        if name.endswith(ending):
            return name[: -len(ending)] + then
    return name


def invented(rng: random.Random) -> str:
    """A name that no model has, so that names are quoted and not learned by heart."""
    sounds = [
        "ka",
        "lo",
        "mi",
        "ver",
        "ta",
        "nex",
        "qu",
        "or",
        "za",
        "lin",
        "pho",
        "tra",
        "bel",
        "cy",
        "dra",
        "sol",
    ]
    name = "".join(rng.choice(sounds) for _ in range(rng.randrange(2, 4))).capitalize()
    tail = rng.choice(
        [
            "",
            "",
            f"-{rng.randrange(1, 9)}",
            f" {rng.randrange(1, 9)}",
            f" {rng.randrange(1, 5)}.{rng.randrange(0, 9)}",
            " Pro",
            " Large",
            "-XL",
        ]
    )
    return name + tail
