"""Build the fingerprints of license texts from a folder of texts.

    python scripts/build_fingerprints.py FOLDER [FOLDER ...]

A folder holds *.txt files, either plain (`llama2.txt`; its id is looked up by name in
data/licenses, or given in the table ALIASES below) or in the form of the ScanCode LicenseDB
(a YAML header between `---` lines, an index.json with keys, SPDX ids and categories).
Only 16-bit prints of words and samples of them are written, never a text: they tell whether
a text is the same, not what it says.
"""

import json
import sys
import zlib
from array import array
from pathlib import Path
from typing import Any

from freehold.core import paths
from freehold.core.errors import NotFound
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.fingerprints import FILE, MAGIC, shingles
from freehold.knowledge.license_text import read_words, word_print
from freehold.knowledge.search import find_license

SHORT, SAMPLE_SHORT, SAMPLE_LONG = 400, 2, 8
COMMON = 120
"""A sample found in more texts than this says nothing."""
ALIASES = {
    "chatglm3": "LicenseRef-freehold-chatglm3",
    "dbrx": "LicenseRef-freehold-dbrx",
    "deepseek-model-1.0": "LicenseRef-scancode-deepseek-la-1.0",
    "falcon-3": "LicenseRef-freehold-falcon-3",
    "grok-2": "LicenseRef-freehold-grok-2-community",
    "hunyuan-video": "LicenseRef-freehold-hunyuan-video",
    "kimi-k2": "LicenseRef-freehold-kimi-k2-modified-mit",
    "lfm-1.0": "LicenseRef-freehold-lfm-1.0",
    "llama2": "LicenseRef-scancode-llama-2-license-2023",
    "llama3": "LicenseRef-freehold-llama-3",
    "llama3_1": "LicenseRef-scancode-llama-3.1-license-2024",
    "llama3_2": "LicenseRef-scancode-llama-3.2-license-2024",
    "llama3_3": "LicenseRef-scancode-llama-3.3-license-2024",
    "llama4": "LicenseRef-scancode-llama-4-cla-2025",
    "minimax-m2": "LicenseRef-freehold-minimax-m2-modified-mit",
    "mistral-mnpl-0.1": "LicenseRef-freehold-mistral-mnpl-0.1",
    "mistral-mrl-0.1": "LicenseRef-freehold-mistral-mrl-0.1",
    "openmdw-1.0": "LicenseRef-scancode-openmdw-1.0",
    "openmdw-1.1": "LicenseRef-freehold-openmdw-1.1",
    "qwen-research": "LicenseRef-freehold-qwen-research",
    "stability-sd-turbo": "LicenseRef-freehold-stability-sd-turbo",
    "stability-sdxl-turbo": "LicenseRef-freehold-stability-sdxl-turbo",
    "stability-sdxl0.9": "LicenseRef-freehold-stability-sdxl-0.9",
    "stability-sdxl1.0": "LicenseRef-freehold-creativeml-openrail-plusplus-m",
    "stability-sv3d": "LicenseRef-freehold-stability-sv3d",
    "stability-svd": "LicenseRef-freehold-stability-svd",
    "tongyi-qianwen": "LicenseRef-scancode-tongyi-qianwen-2023",
    "tongyi-qianwen-research": "LicenseRef-freehold-tongyi-qianwen-research",
    "yi": "Apache-2.0",
}
SKIPPED = {"nvidia-nemotron-open"}
"""Stubs that only point somewhere."""


def texts(folder: Path) -> list[dict[str, Any]]:
    """The texts of one folder with what is known of each."""
    index_file = folder / "index.json"
    index = {}
    if index_file.exists():
        index = {row["license_key"]: row for row in json.loads(index_file.read_text())}
    found = []
    for path in sorted(folder.glob("*.txt")):
        if path.stem in SKIPPED:
            continue
        text = path.read_text(encoding="utf-8")
        if index:
            text = text.split("\n---", 1)[1].split("\n", 1)[1] if text.startswith("---") else text
            row = index[path.stem]
            spdx = row["spdx_license_key"] or f"LicenseRef-scancode-{path.stem}"
            found.append({"key": path.stem, "id": spdx, "category": row["category"], "text": text})
        else:
            name = path.stem
            found.append({"key": name, "id": ALIASES.get(name, f"LicenseRef-freehold-{name}"),
                          "category": "", "text": text})  # fmt: skip
    return found


def entry(base: KnowledgeBase, row: dict[str, Any]) -> dict[str, Any]:
    """What is shipped of one text beside its prints: ids, names as prints, the optional tail."""
    names = [row["id"], row["key"]]
    try:
        known = find_license(base, row["id"])
        row["id"] = known.id
        names += [known.name, known.short, *known.aliases]
    except NotFound:
        pass
    words = {word for name in names for word in name.replace("-", " ").replace("_", " ").split()}
    title = sorted({word_print(w) for word in words for w in word.split("/") if w})
    return {"key": row["key"], "id": row["id"], "category": row["category"], "title": title}


def optional_from(text: str, spans: tuple[tuple[int, int], ...]) -> int:
    """The first word of the part that a file may leave out: how to apply the license."""
    end = -1
    for mark in ("end of terms and conditions", "how to apply these terms"):
        at = text.lower().find(mark)
        end = at if at >= 0 and (end < 0 or at < end) else end
    if end < 0:
        return len(spans)
    return next((n for n, (start, _) in enumerate(spans) if start >= end), len(spans))


def main() -> None:
    """Write the fingerprints."""
    base = KnowledgeBase()
    rows = [row for folder in sys.argv[1:] for row in texts(Path(folder))]
    entries, prints, offsets = [], array("H"), array("I", [0])
    samples: dict[int, set[int]] = {}
    for n, row in enumerate(rows):
        words = read_words(row["text"])
        made = entry(base, row)
        made["optional"] = optional_from(row["text"], words.spans)
        entries.append(made)
        prints.extend(words.prints)
        offsets.append(len(prints))
        sample = SAMPLE_SHORT if len(words.prints) < SHORT else SAMPLE_LONG
        for shingle in shingles(words.prints):
            if shingle % sample == 0:
                samples.setdefault(shingle, set()).add(n)
    keys = sorted(key for key, found in samples.items() if len(found) <= COMMON)
    starts, members = array("I", [0]), array("H")
    for key in keys:
        members.extend(sorted(samples[key]))
        starts.append(len(members))
    header = json.dumps({"entries": entries, "words": len(prints), "keys": len(keys),
                         "members": len(members)}, separators=(",", ":")).encode()  # fmt: skip
    body = b"".join(
        (len(header).to_bytes(4, "little"), header, offsets.tobytes(), array("I", keys).tobytes(),
         starts.tobytes(), prints.tobytes(), members.tobytes())
    )  # fmt: skip
    target = paths.DATA / FILE
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(MAGIC + zlib.compress(body, 9))
    print(f"{len(rows)} texts, {len(prints)} words, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
