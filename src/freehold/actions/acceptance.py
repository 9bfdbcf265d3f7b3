"""`accept`: the terms of a model that need agreement, shown, agreed to by somebody, written down.

Nothing is ever implied: a person types yes at the terminal, or an automation names the digest of
the text (`--accept`, or `FREEHOLD_ACCEPT` with one or more digests). An agreement holds for one
text; the row in the ledger is what counts, so it is written before anything else happens.
"""

import getpass
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from freehold.actions.check import Report, check
from freehold.actions.folder import FolderReport, check_folder
from freehold.actions.folder_licenses import text_ids
from freehold.actions.license_text import LARGEST
from freehold.core.errors import NotAllowed, UsageError
from freehold.formats.text import read_bytes
from freehold.judge.accepting import Agreement, Text, agreements
from freehold.judge.terms import Terms as Bound
from freehold.judge.terms import terms as terms_that_bind
from freehold.knowledge import traits
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.sources.suppliers import source_of
from freehold.store import catalog
from freehold.store.ledger import Ledger, note
from freehold.store.ledger_file import NoLedger
from freehold.store.ledger_rows import Row

VARIABLE = "FREEHOLD_ACCEPT"
YES = "yes"
BINDING_TEXTS = ("license", "use-policy")

Ask = Callable[["Terms"], str]
"""Shows terms to a person and gives back what they typed; only a typed `yes` agrees."""


class Terms(Struct, frozen=True):
    """One agreement, its text, and the row of the ledger where it was accepted."""

    model: str
    agreement: Agreement
    text: str
    accepted: Row | None = None

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        a, row = self.agreement, self.accepted
        return {
            "model": self.model,
            "license": a.license,
            "name": a.name,
            "digest": a.digest,
            "because": list(a.because),
            "obligations": to_builtins(a.obligations),
            "file": a.path,
            "url": a.url,
            "accepted": {"time": row.time, "row": row.number} if row else None,
        }


def terms_of(
    model: str | Path, *, base: KnowledgeBase | None = None, ledger: Path | None = None
) -> tuple[Terms, ...]:
    """What a model needs agreement to: in a folder, in the store, at a source, or by name.

    Of one at a source the texts and headers are fetched, as `get` does first.
    """
    base = base or open_base()
    name = str(model)
    path = Path(model).expanduser()
    if isinstance(model, Path) or path.exists() or name.startswith((".", "/", "~")):
        return _in_folder(path, name, base, ledger)
    if source_of(name) != "local":
        return _at_a_source(name, base, ledger)
    held = catalog.find(name)
    if held is not None:
        known = known_terms(held.source, held.name, base)
        return _in_folder(Path(held.folder), name, base, ledger, known)
    return terms_named(check(name, base=base), base=base, ledger=ledger)


def terms_named(
    report: Report, *, base: KnowledgeBase, ledger: Path | None = None
) -> tuple[Terms, ...]:
    """What a model known by name needs agreement to, while no text of it is here."""
    gated = traits.gated(report.family, report.member)
    found = agreements(report.terms, (), base.words, gated)
    return _joined(report.id, found, {}, ledger)


def known_terms(source: str, name: str, base: KnowledgeBase) -> Bound | None:
    """The terms of a model that is known by its repository on the Hub; None for every other."""
    found = base.find(name) if source == "huggingface" else None
    return terms_that_bind(base, *found) if found else None


def terms_in(
    found: FolderReport, root: Path, model: str, *, base: KnowledgeBase,
    gated: bool = False, known: Bound | None = None, ledger: Path | None = None,
) -> tuple[Terms, ...]:  # fmt: skip
    """What the files in a folder need agreement to; `found` is what `check` said of it.

    `known` are terms that bind by the facts, whatever the files say.
    """
    paths = [f.path for f in found.seen.licenses if f.kind in BINDING_TEXTS]
    texts = {path: read_bytes(root / path, LARGEST) for path in paths}
    return terms_with(found, texts, model, base=base, gated=gated, known=known, ledger=ledger)


def terms_with(
    found: FolderReport, texts: Mapping[str, bytes], model: str, *, base: KnowledgeBase,
    gated: bool = False, known: Bound | None = None, ledger: Path | None = None,
) -> tuple[Terms, ...]:  # fmt: skip
    """The same with the bytes of the texts by their paths, as they were read."""
    gated = gated or found.report.family.gated
    bound = Bound((*found.report.terms.bindings, *(known.bindings if known else ())))
    rows = agreements(bound, tuple(_texts(found, texts)), base.words, gated)
    return _joined(model, rows, texts, ledger)


def require(
    terms: Sequence[Terms], *, given: Iterable[str] = (), ask: Ask | None = None,
    again: str = "", ledger: Path | None = None,
) -> tuple[Terms, ...]:  # fmt: skip
    """Have every agreement, or raise NotAllowed with the command that gives it.

    `again` is the command to which an automation adds digests; without one that of `accept`.
    `given` are digests that an automation accepts, beside those of `FREEHOLD_ACCEPT`; `ask`
    shows terms to a person. What is newly accepted is written into the ledger first.
    """
    said = _digests((*given, *os.environ.get(VARIABLE, "").replace(",", " ").split()))
    rows = {one.agreement.digest: one.accepted or _agreed(one, said, ask, ledger) for one in terms}
    missing = [one for one in terms if rows[one.agreement.digest] is None]
    if missing:
        raise _missing(missing, again)
    return tuple(replace(one, accepted=rows[one.agreement.digest]) for one in terms)


def accepted(ledger: Path | None = None) -> dict[str, Row]:
    """Every text that was agreed to, by digest, with the latest row; empty without a ledger."""
    try:
        with Ledger.open(ledger, reading=True) as opened:
            return {str(row.facts.get("digest")): row for row in opened.rows("acceptance")}
    except NoLedger:
        return {}


def _in_folder(
    path: Path, name: str, base: KnowledgeBase, ledger: Path | None, known: Bound | None = None
) -> tuple[Terms, ...]:
    root = path if path.is_dir() else path.parent
    found = check_folder(path, base=base)
    return terms_in(found, root, name, base=base, known=known, ledger=ledger)


def _at_a_source(name: str, base: KnowledgeBase, ledger: Path | None) -> tuple[Terms, ...]:
    """What `get` would ask for, so that what is agreed to here counts there."""
    from freehold.actions.get import plan_get

    found = [one.of for one in plan_get(name, base=base).agreements]
    rows = accepted(ledger) if found else {}
    return tuple(replace(one, accepted=rows.get(one.agreement.digest)) for one in found)


def _joined(
    model: str, found: Sequence[Agreement], texts: Mapping[str, bytes], ledger: Path | None
) -> tuple[Terms, ...]:
    rows = accepted(ledger) if found else {}
    return tuple(Terms(model, a, _text(a, texts), rows.get(a.digest)) for a in found)


def _text(agreement: Agreement, texts: Mapping[str, bytes]) -> str:
    """The words that are agreed to."""
    if agreement.path is None:
        return agreement.says
    return texts[agreement.path].decode("utf-8-sig", errors="replace")


def _texts(found: FolderReport, texts: Mapping[str, bytes]) -> Iterator[Text]:
    """The texts beside a model that say what binds, each with its digest."""
    for file in found.seen.licenses:
        binding = file.kind in BINDING_TEXTS and file.found.relation != "reference"
        if binding and file.path in texts:
            digest = sha256(texts[file.path]).hexdigest()
            known = file.found.relation == "exact"
            yield Text(file.path, digest, file.kind, text_ids(file), known)


def _agreed(one: Terms, said: Sequence[str], ask: Ask | None, ledger: Path | None) -> Row | None:
    """The new row, where the digest was named or a person said yes."""
    if one.agreement.digest in said:
        return _write(one, "digest", ledger)
    if ask and ask(one).strip().lower() == YES:
        return _write(one, "person", ledger)
    return None


def _digests(said: Iterable[str]) -> tuple[str, ...]:
    """Digests as they were named; UsageError for what is none."""
    found = tuple(one.strip().lower().removeprefix("sha256:") for one in said)
    for one in found:
        if not re.fullmatch("[0-9a-f]{64}", one):
            raise UsageError(
                f"{one[:80]!r} is not the digest of a text",
                hint="it has 64 hexadecimal signs: freehold accept MODEL --list",
            )
    return found


def _write(one: Terms, by: str, ledger: Path | None) -> Row:
    """The row of an agreement; an agreement that cannot be written down is none."""
    a = one.agreement
    facts: dict[str, object] = {
        "digest": a.digest,
        "license": _plain(a.license),
        "model": _plain(one.model),
        "file": _plain(a.path) if a.path else None,
        "by": by,
        "person": _plain(_user()),
        "shown": "license" if a.path else "summary",
    }
    row = note("acceptance", facts, path=ledger)
    assert row is not None
    return row


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _plain(text: str) -> str:
    """A name as it may stand in the ledger."""
    return "".join(sign for sign in text if sign.isprintable())[:300]


def _missing(left: Sequence[Terms], again: str) -> NotAllowed:
    first = left[0]
    name = shlex.quote(first.model)
    more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
    said = " ".join(one.agreement.digest for one in left)
    if not again:
        again, said = f"freehold accept {name} --digest", said.replace(" ", " --digest ")
    else:
        said = said.replace(" ", " --accept ")
    return NotAllowed(
        f"{first.model}: the terms of {first.agreement.name}{more} must be accepted first; "
        f"{'; '.join(first.agreement.because[:3])}",
        hint=f"read them and agree: freehold accept {name}; once they are read, {again} {said}",
    )
