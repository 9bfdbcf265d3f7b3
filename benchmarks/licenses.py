"""How well and how fast license texts are recognized, beside a peer, in one run.

    python benchmarks/licenses.py FOLDER [FOLDER ...]

The folders are those from which the fingerprints were built (scripts/build_fingerprints.py).
Times are of the processor, so that other work on the machine counts little.
With PEER set to a Python that has licenseid and scancode-toolkit, both are measured on a sample
of the same texts in the same run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.actions.test_license_traps import EVERY, insert
from tests.actions.test_second_file import PLACES as PLACES_BESIDE
from tests.actions.test_second_file import SENTENCES, second
from tests.actions.test_second_file import check as check_beside

from freehold.actions.license_text import identify
from freehold.judge.clauses import clauses
from freehold.knowledge.base import open_base
from freehold.knowledge.fingerprints import Fingerprints

PLACES = ("start", "middle", "end")
NORMAL = (200, 2500)
"""Words of a text of normal length."""


def texts(folder: Path) -> list[tuple[str, str]]:
    """(name, text) of every text, without a catalog's header."""
    found = []
    for path in sorted(folder.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        if (folder / "index.json").exists() and text.startswith("---"):
            text = text.split("\n---", 1)[1].split("\n", 1)[1]
        found.append((path.stem, text))
    return found


def canonical(every: list[tuple[str, str]]) -> None:
    """Every known text as it stands."""
    base = open_base()
    relations = Counter(identify(text, base=base).relation for _, text in every)
    print(f"{len(every)} texts as published: {dict(relations)}")


def traps(every: list[tuple[str, str]]) -> None:
    """Every permissive text with every clause at every place."""
    base = open_base()
    permissive = [text for _, text in every if identify(text, base=base).permissive]
    permissive = [text for text in permissive if "\n" in text[len(text) // 2 :]]
    false, cases = 0, 0
    for text in permissive:
        for _, clause in EVERY:
            for place in PLACES:
                cases += 1
                false += identify(insert(text, clause, place), base=base).permissive
    size = f"{len(permissive)} permissive texts x {len(EVERY)} clauses x {len(PLACES)} places"
    print(f"traps: {size}: {cases} cases, {false} false-permissive")


def second_files() -> None:
    """Every clause of the tests in a policy, notice, terms, second license or card beside MIT."""
    false = cases = 0
    with tempfile.TemporaryDirectory() as place:
        for sort in PLACES_BESIDE:
            for clause in SENTENCES:
                cases += 1
                report = check_beside(Path(place) / str(cases), second(sort, clause)).report
                false += all(permit.verdict == "yes" for permit in report.permits)
    size = f"{len(SENTENCES)} clauses x {len(PLACES_BESIDE)} kinds of file"
    print(f"a clause in a second file: {size}: {cases} cases, {false} false-permissive")


def speed(every: list[tuple[str, str]]) -> None:
    """Time to load, and per text of normal length."""
    loads = []
    for _ in range(5):
        start = time.process_time()
        Fingerprints()
        loads.append(1000 * (time.process_time() - start))
    base = open_base()
    normal = [text for _, text in every if NORMAL[0] <= len(text.split()) <= NORMAL[1]]
    ours = _times(normal, lambda text: identify(text, base=base))
    changed = [insert(text, EVERY[0][1], "end") for text in normal]
    theirs = _times(changed, lambda text: identify(text, base=base))
    terms = median(_times(normal, clauses)) / median(map(len, normal)) * 10_000
    print(f"reading the terms alone: {terms:.2f} ms for 10,000 characters")
    print(f"load {median(loads):.1f} ms (median of 5)")
    print(f"{len(normal)} texts of normal length: median {median(ours):.2f} ms, "
          f"90 % under {sorted(ours)[int(0.9 * len(ours))]:.2f}")  # fmt: skip
    print(f"the same with a clause added: median {median(theirs):.2f} ms, "
          f"90 % under {sorted(theirs)[int(0.9 * len(theirs))]:.2f}")  # fmt: skip


def peers(every: list[tuple[str, str]]) -> None:
    """The peers beside us: a sample of plain texts, and of one permissive text with each clause."""
    python = os.environ.get("PEER")
    if not python:
        print("no peers: set PEER to a Python that has licenseid and scancode-toolkit")
        return
    base = open_base()
    normal = [text for _, text in every if NORMAL[0] <= len(text.split()) <= NORMAL[1]]
    named = dict(every)
    sample = [{"kind": "plain", "text": text} for text in normal[::11]]
    for key in ("mit", "apache-2.0", "bsd-new"):
        sample += [{"kind": "trap", "text": insert(named[key], c, "end")} for _, c in EVERY]
    ours = _times(
        [r["text"] for r in sample if r["kind"] == "plain"], lambda t: identify(t, base=base)
    )
    false = sum(identify(r["text"], base=base).permissive for r in sample if r["kind"] == "trap")
    print(
        f"freehold: median {median(ours):.2f} ms, {false} of {len(EVERY) * 3} traps taken for plain"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(sample, file)
        file.flush()
        for name in ("licenseid", "scancode"):
            script = str(Path(__file__).parent / "license_peer.py")
            done = subprocess.run(
                [python, script, name, file.name], capture_output=True, text=True, check=False
            )
            if done.returncode:
                print(f"{name}: {done.stderr.strip().splitlines()[-1]}")
                continue
            row = json.loads(done.stdout.strip().splitlines()[-1])
            print(f"{name}: load {row['load_s']:.2f} s, median {median(row['ms']):.2f} ms, "
                  f"{row['one_license_only']} of {row['traps']} traps named as one plain license; "
                  f"{median(row['ms']) / median(ours):.1f} times our time")  # fmt: skip


def _times(every: list[str], ask: object) -> list[float]:
    found = []
    for text in every:
        start = time.process_time()
        ask(text)  # type: ignore[operator]
        found.append(1000 * (time.process_time() - start))
    return found


def main() -> None:
    """Print the figures."""
    print(json.dumps({"freehold": version("freehold"), "date": time.strftime("%Y-%m-%d")}))
    every = [row for folder in sys.argv[1:] for row in texts(Path(folder))]
    canonical(every)
    speed(every)
    peers(every)
    second_files()
    traps(every)


if __name__ == "__main__":
    main()
