"""Which terms of a model somebody must agree to, and what exactly is agreed to.

Agreement is to a text, told by its SHA-256: the text that lies beside the model where one does,
else the summary of the terms that is shown in its place. A changed text is another agreement.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from msgspec import Struct

from freehold.judge.answers import Obligation
from freehold.judge.licensing import RESTRICTIVE
from freehold.judge.obligations import obligations
from freehold.judge.terms import Terms
from freehold.knowledge.types import License

NOTICES = frozenset(
    {
        *("include-license", "keep-notices", "state-changes", "attribution", "notice-file"),
        *("no-endorsement", "no-technical-measures"),
    }
)
"""Conditions that are kept by passing texts and names on; they need nobody's agreement."""
GATED = "its publisher lets nobody have the files who has not agreed"


class Text(Struct, frozen=True):
    """A license or use policy that lies beside a model; `ids` are the licenses it is the text of.

    `kind` is license or use-policy; `known` is false where not every word of it is recognized.
    """

    path: str
    digest: str
    kind: str
    ids: tuple[str, ...] = ()
    known: bool = True


class Agreement(Struct, frozen=True, kw_only=True):
    """Terms that need somebody's agreement, why, what they oblige to, and the digest of the text.

    `path` is where the text lies beside the model; without one, `says` is what is agreed to.
    """

    digest: str
    license: str
    name: str
    because: tuple[str, ...]
    obligations: tuple[Obligation, ...] = ()
    path: str | None = None
    url: str | None = None
    says: str = ""


def agreements(
    terms: Terms, texts: Sequence[Text], words: Mapping[str, Mapping[str, str]], gated: bool = False
) -> tuple[Agreement, ...]:
    """Everything to be agreed to before a model is got, each text once.

    `words` are the vocabularies `conditions` and `limits`; `gated` when the publisher asks for
    agreement whatever the license says.
    """
    rows = [*_of_licenses(terms, texts, words, gated), *_of_other_texts(terms, texts)]
    return tuple({row.digest: row for row in reversed(rows)}.values())[::-1]


def reasons(license: License, words: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Why a license needs agreement; nothing for one that only asks to pass texts on."""
    if license.use_policy is not None:
        yield "it has a list of forbidden uses"
    if not license.text.read:
        yield "its text has not been read for the facts here"
    for word in license.limits:
        if word in RESTRICTIVE:
            yield words["limits"][word].rstrip(".").lower()
    for word in license.conditions:
        if word not in NOTICES:
            yield words["conditions"][word].rstrip(".").lower()


def _of_licenses(
    terms: Terms, texts: Sequence[Text], words: Mapping[str, Mapping[str, str]], gated: bool
) -> Iterator[Agreement]:
    for binding in terms.bindings:
        license = binding.license
        if license is None or not binding.binds or binding.bond == "outputs":
            continue
        own = binding.bond in ("own", "member")
        why = (*reasons(license, words), *([GATED] if gated and own else []))
        if why:
            yield _of_license(license, why, texts, words)


def _of_license(
    license: License, why: tuple[str, ...], texts: Sequence[Text],
    words: Mapping[str, Mapping[str, str]],
) -> Agreement:  # fmt: skip
    """The agreement to one license: to its text, or to the summary where no text is here."""
    duties = obligations(license, words["conditions"])
    text = next((t for t in texts if license.id in t.ids), None)
    summary = "" if text else _summary(license, why, duties)
    return Agreement(
        digest=text.digest if text else sha256(summary.encode()).hexdigest(),
        license=license.id,
        name=license.name,
        because=why,
        obligations=duties,
        path=text.path if text else None,
        url=license.text.url,
        says=summary,
    )


def _summary(license: License, why: tuple[str, ...], duties: tuple[Obligation, ...]) -> str:
    """The terms in the words of the facts: what is agreed to where no text lies."""
    lines = [license.name, f"({license.id}; the text: {license.text.url or 'not known'})"]
    lines += ["What it limits and asks for:", *(f"- {line}" for line in why)]
    lines += ["What it obliges to:", *(f"- {row.do}" for row in duties)] if duties else []
    return "\n".join(lines) + "\n"


def _of_other_texts(terms: Terms, texts: Sequence[Text]) -> Iterator[Agreement]:
    """Use policies, and texts of which words are not recognized, that no binding stands for."""
    bound = {b.license.id for b in terms.bindings if b.license and b.binds}
    for text in texts:
        if text.kind == "use-policy":
            why = "it lists forbidden uses"
        elif not text.known and not bound.intersection(text.ids):
            why = "not all of its words are those of a known license"
        else:
            continue
        yield Agreement(
            digest=text.digest, license=text.ids[0] if text.ids else text.path,
            name=text.path, because=(why,), path=text.path,
        )  # fmt: skip
