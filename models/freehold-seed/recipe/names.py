"""Writes grammar/names.toml: the names that needs may speak of, from the knowledge base.

It is run by hand and its result is kept, so that the data stay the same when facts are added.
"""

import re

from grammar import HERE

from freehold.knowledge.base import KnowledgeBase, open_base

LICENSES = [
    "Apache", "Apache 2.0", "Apache-2.0", "Apache 2", "MIT", "MIT", "GPLv3", "GPL 3.0",
    "BSD 3-Clause",
    "CC BY 4.0", "CC-BY-4.0", "CC0", "MPL 2.0", "LGPL 3.0", "AGPL 3.0", "CC BY-SA 4.0", "EUPL 1.2",
    "BSD 2-Clause", "ISC", "OpenMDW 1.1", "Llama 3.1 Community", "Llama 3.3 Community", "Unlicense",
]  # fmt: skip
PLAIN = re.compile(r"[\w][\w.+ -]{1,28}")


def names(base: KnowledgeBase) -> dict[str, list[str]]:
    """The names by kind; services apart, for they are what people want to leave."""
    families = [f for f in base.families() if f.kind in ("model", "service")]
    services = {f.name for f in families if f.kind == "service"}
    services |= {a for f in families if f.kind == "service" for a in f.aliases}
    models = {f.name for f in families if f.kind == "model" and " and " not in f.name}
    models |= {m.id for f in families for m in f.members[:2]}
    makers = {f.maker.partition(" (")[0].partition(",")[0] for f in families}
    chips = [a.name for maker in base.accelerators() for a in maker.accelerators]
    return {
        "services": _plain(services),
        "models": _plain(models - services),
        "makers": _plain(m for m in makers if " and " not in m),
        "licenses": LICENSES,
        "machines": _plain(_bare(name) for name in chips),
    }


def _bare(name: str) -> str:
    return re.sub(r"(?i)\b(nvidia|geforce|amd|radeon|intel|apple|graphics)\b ?", "", name).strip()


def _plain(found: object) -> list[str]:
    return sorted({n for n in found if PLAIN.fullmatch(n)})  # type: ignore[attr-defined]


if __name__ == "__main__":
    lines = ["# Names from the knowledge base, written by names.py on 2026-11-28.", ""]
    for kind, listed in names(open_base()).items():
        lines += [f"{kind} = [", *(f'  "{name}",' for name in listed), "]", ""]
    (HERE / "names.toml").write_text("\n".join(lines), "utf-8")
