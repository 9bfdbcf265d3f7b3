"""What the policies that hold here say of a model, whatever action asks and however it is named.

Every action asks here and obeys here, so that one question has one answer: `decision` judges,
`obey` refuses, warns or only writes down, as the mode of the policy says.
"""

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.core.errors import NotAllowed
from freehold.judge.openness import grade
from freehold.judge.policy import Decision, Objection, Subject, decide
from freehold.judge.policy_subject import subject
from freehold.judge.terms import terms
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.policy_file import has_policies, read_policies
from freehold.knowledge.policy_types import Placed
from freehold.knowledge.search import find_model
from freehold.knowledge.types import Family, Member

if TYPE_CHECKING:
    from freehold.actions.folder import FolderReport

LONGEST_FACT = 300
HUB = "huggingface"
BY_FACTS = "openness."
"""Rules that the files of a known model cannot settle."""


class Looked(Struct, frozen=True):
    """A model as policies look at it: what its files or facts show, and beside files the facts."""

    subject: Subject
    facts: Subject | None = None


def decision(
    model: str | Path, *, base: KnowledgeBase | None = None, today: date | None = None, **seen: Any
) -> Decision | None:
    """What the policies say of a model by name, file, folder, address or source.

    None where no policy holds. `seen` are fields of the `Subject` that the caller looked at, such
    as `source` or `memory_share`. A repository of the Hub is asked for its papers.
    """
    if not has_policies():
        return None
    from freehold.actions.policy_changes import note_changes

    base = base or open_base()
    policies = read_policies(base)
    note_changes(policies)
    return judged(looked_at(model, base), policies, today, **seen)


def judged(
    found: Looked | Subject, policies: Sequence[Placed], today: date | None = None, **seen: Any
) -> Decision | None:
    """The decision on what was looked at; None where no policy holds.

    Of a model that is known by its repository files and facts both count: openness by the facts,
    for data and code are published elsewhere, and all else by the stricter. So what `choose`
    refuses is refused for its files, too.
    """
    if not policies:
        return None
    looked = found if isinstance(found, Looked) else Looked(found)
    told = {name: value for name, value in seen.items() if value is not None}
    day = today or date.today()
    first = decide(policies, replace(looked.subject, **told), day)
    if looked.facts is None:
        return first
    source = looked.subject.source
    second = decide(policies, replace(looked.facts, **{"source": source, **told}), day)
    return stricter(first, second)


def stricter(by_files: Decision, by_facts: Decision) -> Decision:
    """Both decisions in one, each rule of a policy told once."""
    kept = [o for o in by_files.objections if not o.rule.startswith(BY_FACTS)]
    told = {(o.where, o.rule) for o in kept}
    more = [o for o in by_facts.objections if (o.where, o.rule) not in told]
    return Decision((*kept, *more), by_files.unjudged)


def looked_at(model: str | Path, base: KnowledgeBase) -> Looked:
    """A model as policies look at it, from its files where there are any."""
    from freehold.actions.local_model import is_path
    from freehold.store import catalog

    text = str(model)
    if text.startswith("hf:"):
        return _on_the_hub(text, base)
    if text.startswith(("http://", "https://")):
        return _at_an_address(text, base)
    if text.startswith(("ollama:", "oci:")):
        return _at_a_source(text, base)
    if is_path(model):
        return _in_files(Path(model).expanduser(), base)
    held = None if base.find(text) else catalog.find(text)
    if held is not None:
        return _in_files(Path(held.folder), base)
    return Looked(_by_facts(base, *find_model(base, text)))


def _by_facts(base: KnowledgeBase, family: Family, member: Member | None) -> Subject:
    bound = terms(base, family, member)
    level, _ = grade(base, family, member, bound)
    return subject(base, family, member, bound, level)


def named(found: "FolderReport", repo: str, base: KnowledgeBase) -> "FolderReport":
    """The report on files that belong to a repository, judged by its facts, too."""
    told = judged(_known(found.subject, repo, base), read_policies(base))
    return replace(found, report=replace(found.report, policy=told))


def obey(
    action: str, model: str | Path, found: Decision | None, *, record: bool = True
) -> tuple[str, ...]:
    """Raise NotAllowed where a policy refuses; otherwise what it advises against, as notes.

    Every objection is written into the ledger, in audit mode that alone; a ledger that cannot
    be written is told in the notes.
    """
    if found is None or not found.objections:
        return ()
    name = _plain(str(model))
    problems: list[str] = []
    if record:
        from freehold.store.ledger import note

        note("objection", _row(action, name, found), required=False, warn=problems.append)
    refusing = [str(o) for o in found.objections if o.outcome == "refused"]
    if refusing:
        raise NotAllowed(
            f"{action} of {name} is refused: {'; '.join(refusing)}",
            hint="freehold policy show names the rules; whoever owns the policy may waive one",
        )
    return (*advice(found), *problems)


def advice(found: Decision | None) -> tuple[str, ...]:
    """What policies advise against, and what a waiver sets aside, in words."""
    rows = found.objections if found else ()
    return tuple(str(o) for o in rows if o.outcome == "advised against" or o.waiver)


def _row(action: str, name: str, found: Decision) -> dict[str, object]:
    return {
        "action": action,
        "model": name,
        "outcome": found.outcome,
        "objections": [_objection(o) for o in found.objections[:50]],
    }


def _objection(one: Objection) -> dict[str, object]:
    waiver = one.waiver
    waived = (
        {"person": _plain(waiver.person), "until": waiver.until.isoformat()} if waiver else None
    )
    return {
        "rule": one.rule,
        "fact": _plain(one.fact),
        "policy": one.where,
        "outcome": one.outcome,
        **({"waiver": waived} if waived else {}),
    }


def _plain(text: str) -> str:
    """A text as it may stand in the ledger and on one line."""
    return "".join(sign for sign in text if sign.isprintable())[:LONGEST_FACT]


def _in_files(path: Path, base: KnowledgeBase, **more: Any) -> Looked:
    """What a file or folder shows; what lies in the store, or in a snapshot, is judged whole."""
    from freehold.actions.folder import check_folder
    from freehold.store import catalog

    folder = path.absolute().parent if path.is_file() else path.absolute()
    held = next((m for m in catalog.manifests() if _is_in(folder, Path(m.folder))), None)
    if held is not None:
        place = Path(held.folder)
        return _known(check_folder(place, base=base, source=held.source).subject, held.name, base)
    repo = folder.parent.parent.name.split("--")
    if folder.parent.name != "snapshots" or repo[0] != "models":
        return Looked(check_folder(path, base=base, **more).subject)
    return _known(check_folder(folder, base=base, source=HUB).subject, "/".join(repo[1:]), base)


def _is_in(folder: Path, home: Path) -> bool:
    return folder == home or home in folder.parents


def _on_the_hub(text: str, base: KnowledgeBase) -> Looked:
    """What the papers of a repository show."""
    from freehold.actions.headers import repository
    from freehold.actions.hub import check_hub

    repo, revision = repository(text)
    found = check_hub(repo, revision=revision, base=base).subject
    return _known(replace(found, source=HUB), repo, base)


def _at_a_source(text: str, base: KnowledgeBase) -> Looked:
    """What `get` would judge: texts and headers of the files that it would bring."""
    from freehold.actions.get import plan_get

    plan = plan_get(text, base=base)
    return _known(plan.judged.report.subject, plan.offer.name, base)


def _known(found: Subject, repo: str, base: KnowledgeBase) -> Looked:
    """With its name, and, for a repository of the Hub, with what is known of it under that name.

    Anybody can give the same name to files elsewhere; facts and waivers are not for those.
    """
    hit = base.find(repo) if found.source == HUB else None
    names = tuple(one.id for one in reversed(hit) if one) if hit else ()
    facts = _by_facts(base, *hit) if hit else None
    subject = replace(found, ids=(*found.ids, repo, *names))
    if facts:  # files do not say who publishes them, nor always what for
        subject = replace(
            subject, makers=found.makers or facts.makers, tasks=found.tasks or facts.tasks
        )
    return Looked(subject, facts)


def _at_an_address(url: str, base: KnowledgeBase) -> Looked:
    """A lone file on the web: its name tells the format, and nothing tells a license."""
    from freehold.actions.folder import Fetched
    from freehold.actions.folder_reading import File, kind_of_file
    from freehold.core.http import shown

    name = shown(url).rpartition("/")[2] or "file"
    with tempfile.TemporaryDirectory(prefix="freehold-") as folder:
        fetched = Fetched(None, (File(name, kind_of_file(name), 0),))
        return _in_files(Path(folder), base, fetched=fetched, source="url")
