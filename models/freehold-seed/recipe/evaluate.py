"""Measures how well needs are understood: all slots exact, and slot by slot.

    python evaluate.py ../phrasings/open.tsv parser
    python evaluate.py ../phrasings/closed.tsv model

reads the phrasings with Freehold itself (the parser, or the model on llama.cpp under its grammar)
and prints the share of needs in which everything is right, then each slot's.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from freehold.actions.need import hear, quotable, understand
from freehold.actions.need_options import options
from freehold.actions.seed import reading
from freehold.judge.need_grammar import grammar
from freehold.judge.said import Said
from freehold.knowledge.base import KnowledgeBase, open_base

LISTED = ("uses", "licenses", "languages", "abilities", "not")
FIELDS = {"open": "openness", "not": "not_from", "where": "territory"}
SLOTS = ("task", "like", "uses", "licenses", "open", "languages", "abilities", "memory", "machine",
         "context", "size", "not", "users", "revenue", "where")  # fmt: skip


def phrasings(path: Path) -> Iterator[tuple[str, Said]]:
    """The texts of a file and what they mean."""
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            text, _, meant = line.partition("\t")
            yield text, Said(**dict(_slots(meant)))


def _slots(meant: str) -> Iterator[tuple[str, Any]]:
    for word in meant.split():
        key, _, value = word.partition("=")
        plain = value.replace("_", " ")
        yield FIELDS.get(key, key), tuple(plain.split(",")) if key in LISTED else plain


def compared(said: Said, base: KnowledgeBase) -> dict[str, Any]:
    """A need by what `choose` would be asked, with lists as sets and names as ids."""
    found = options(said, base)
    return {
        key: frozenset(str(v).casefold() for v in value) if isinstance(value, tuple)
        else str(value).casefold()
        for key, value in found.items()
    }  # fmt: skip


def measure(path: Path, read: Callable[[str], Said]) -> None:
    """Read every phrasing and print what was right."""
    base = open_base()
    right, total, wrong = 0, 0, []
    slots: dict[str, list[int]] = {}
    for text, meant in phrasings(path):
        wanted, got = compared(meant, base), compared(read(text), base)
        total += 1
        right += wanted == got
        if wanted != got:
            wrong.append(
                (
                    text,
                    {k: v for k, v in got.items() if wanted.get(k) != v},
                    {k: v for k, v in wanted.items() if got.get(k) != v},
                )
            )
        for key in {*wanted, *got}:
            slots.setdefault(key, [0, 0, 0])
            same = wanted.get(key) == got.get(key)
            slots[key][0] += same
            slots[key][1] += not same
    if "-v" in sys.argv:
        for text, got, wanted in wrong:
            print(f"{text}\n   got {_shown(got)}\n   not {_shown(wanted)}")
    print(f"{path.name}: {right} of {total} exact, {100 * right / total:.1f} %")
    for key, (same, other, _) in sorted(slots.items()):
        print(f"  {key:16} {same:4} of {same + other}")


def _shown(found: dict[str, Any]) -> str:
    return ", ".join(
        f"{k}={'|'.join(sorted(v)) if isinstance(v, frozenset) else v}" for k, v in found.items()
    )


def main() -> None:
    """Measure one file with one reader."""
    base, path = open_base(), Path(sys.argv[1])
    if sys.argv[2] == "parser":
        measure(path, lambda text: understand(text, reader="parser", base=base).said)
        return
    with reading() as (read, version):
        print(f"freehold-seed on llama.cpp {version}")

        def by_model(text: str) -> Said:
            heard = hear(text, base)
            return read(heard.text, grammar(quotable(heard, base)))

        measure(path, by_model)


if __name__ == "__main__":
    main()
