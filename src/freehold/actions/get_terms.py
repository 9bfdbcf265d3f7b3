"""Terms that must be agreed to: shown once, accepted by their digest, written into the ledger."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from msgspec import Struct

from freehold.actions.get_papers import Judged
from freehold.core.errors import FreeholdError, NotAllowed
from freehold.judge.terms import Terms
from freehold.store.ledger import Ledger, note

CONDITION = "accept-terms"


class Agreement(Struct, frozen=True):
    """One license that must be agreed to; `digest` is the SHA-256 of its text."""

    license: str
    name: str
    digest: str
    duties: tuple[str, ...]
    terms: str = ""

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {"license": self.license, "name": self.name, "digest": self.digest,
                "duties": list(self.duties)}  # fmt: skip


def agreements(judged: Judged, known: Terms | None = None) -> list[Agreement]:
    """The licenses whose terms must be accepted before files are had: by the files, and by facts.

    `known` are the terms of a model that the knowledge base knows by that name.
    """
    found, report = {}, judged.report.report
    for binding in (*report.terms.bindings, *(known.bindings if known else ())):
        license = binding.license
        if license and binding.binds and CONDITION in license.conditions:
            duties = tuple(o.do for o in report.obligations if o.license == license.id)
            digest, terms = _text(judged, license.id)
            found[license.id] = Agreement(license.id, license.name, digest, duties, terms)
    return list(found.values())


def settle(
    wanted: list[Agreement], accept: tuple[str, ...], ask: Callable[[Agreement], bool] | None,
    model: str,
) -> None:  # fmt: skip
    """See to it that all terms are accepted: once before, now by digest, or by a person asked.

    NotAllowed names the digest to accept. An acceptance that cannot be written down counts not.
    """
    before = set(_accepted()) if wanted else set()
    for one in wanted:
        if one.digest in before:
            continue
        if any(len(given) >= 12 and one.digest.startswith(given.lower()) for given in accept):
            _write(one, model, "digest")
        elif ask is not None and ask(one):
            _write(one, model, "person")
        else:
            raise NotAllowed(
                f"{model}: the terms of {one.name} must be accepted first",
                hint=f"read them, then: freehold get {model} --accept {one.digest}",
            )


def _write(one: Agreement, model: str, by: str) -> None:
    note("acceptance", {"license": one.license, "digest": one.digest, "model": model, "by": by})


def _accepted() -> Iterator[str]:
    """The digests that were accepted on this machine."""
    try:
        with Ledger.open(reading=True) as ledger:
            yield from (str(row.facts.get("digest")) for row in ledger.rows("acceptance"))
    except FreeholdError:
        return


def _text(judged: Judged, license: str) -> tuple[str, str]:
    """(digest, text) of the license as it came with the files; else the digest of its id."""
    for file in judged.report.seen.licenses:
        if license in (file.found.id, *file.found.ids) and file.path in judged.texts:
            data = judged.texts[file.path]
            return sha256(data).hexdigest(), data.decode("utf-8", "replace")
    return sha256(f"license {license}".encode()).hexdigest(), ""
