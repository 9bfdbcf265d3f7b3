"""Finds and reads the policies that hold here. A broken one stops what asks for it.

Up to three files hold at once, and each is judged by itself, so the stricter always counts:
that of the organization (`FREEHOLD_POLICY`, else /etc/freehold/policy.toml), that of the project
(`freehold-policy.toml` in this folder or above) and that of the user (`policy.toml` in the
settings folder).
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import rtoml
from msgspec.structs import replace

from freehold.core import paths
from freehold.core.errors import BrokenInput, nearest
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.policy_types import Names, Placed, Policy, Where
from freehold.knowledge.schema import Problem, build, explain
from freehold.knowledge.search import known_license

SCHEMA, LARGEST = 1, 1_000_000
PROJECT_FILE = "freehold-policy.toml"
ORGANIZATION_FILE = Path("/etc/freehold/policy.toml")
LEVELS = ("fully open", "open weights", "restricted weights")
CLASSES = ("I", "II", "III")
EXPECTED = ("allowed", "refused")
ANY_OSI = "osi"


def policy_places(here: Path | None = None) -> Iterator[tuple[Where, Path]]:
    """Where a policy may be, the widest first."""
    named = os.environ.get("FREEHOLD_POLICY")
    yield "organization", Path(named) if named else ORGANIZATION_FILE
    here = (here or Path.cwd()).absolute()
    above = (folder / PROJECT_FILE for folder in (here, *here.parents))
    yield "project", next((file for file in above if file.is_file()), here / PROJECT_FILE)
    yield "user", paths.config() / "policy.toml"


def has_policies(here: Path | None = None) -> bool:
    """Whether a policy holds here, so that there is something to obey; nothing is read."""
    named = bool(os.environ.get("FREEHOLD_POLICY"))
    return named or any(path.exists() for _, path in policy_places(here))


def read_policies(base: KnowledgeBase, here: Path | None = None) -> tuple[Placed, ...]:
    """Every policy that holds; BrokenInput when one cannot be read or understood.

    A file that `FREEHOLD_POLICY` names must be there.
    """
    named = bool(os.environ.get("FREEHOLD_POLICY"))
    return tuple(
        read_policy(path, where, base)
        for where, path in policy_places(here)
        if path.exists() or (named and where == "organization")
    )


def read_policy(path: Path, where: Where, base: KnowledgeBase) -> Placed:
    """One policy; BrokenInput names everything that is wrong with it."""
    raw = _bytes(path)
    try:
        table = rtoml.loads(raw.decode())
    except ValueError as error:
        raise _broken(path, [f"is not TOML: {error}"]) from error
    found = build(Policy, table, str(path), base.words)
    problems = explain(Policy, table, str(path), base.words)
    if not isinstance(found, list) and not problems:
        problems = [Problem(str(path), *p) for p in _wrong(found, base)]
        if not problems:
            return Placed(where, str(path), sha256(raw).hexdigest(), _with_ids(found, base))
    known = problems or (found if isinstance(found, list) else [])
    raise _broken(path, [f"{p.field}: {p.message}" if p.field else p.message for p in known])


def _with_ids(policy: Policy, base: KnowledgeBase) -> Policy:
    """The licenses by their ids, however they were named."""

    def ids(names: tuple[str, ...]) -> tuple[str, ...]:
        known = ((name, known_license(base, name)) for name in names)
        return tuple(license.id if license else name for name, license in known)

    given = policy.licenses
    return replace(policy, licenses=Names(allow=ids(given.allow), deny=ids(given.deny)))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise _broken(path, [f"cannot be read: {error.strerror}"]) from error
    if len(raw) > LARGEST:
        raise _broken(path, [f"is larger than {LARGEST:,} bytes"])
    return raw


def _broken(path: Path, says: list[str]) -> BrokenInput:
    hint = "until it is right, nothing that must obey it runs; freehold policy show reads it again"
    return BrokenInput(f"the policy {path} cannot be used: {'; '.join(says[:10])}", hint=hint)


def _wrong(policy: Policy, base: KnowledgeBase) -> Iterator[tuple[str, str]]:
    """(field, message) for what the types alone do not show."""
    if policy.schema != SCHEMA:
        yield "schema", f"should be {SCHEMA}, is {policy.schema}"
    yield from _one_of("openness.least", policy.openness.least, LEVELS)
    yield from _one_of("openness.mof-class", policy.openness.mof_class, CLASSES)
    share = policy.memory.share
    if share is not None and not 0 < share <= 1:
        yield "memory.share", f"should be above 0 and up to 1, is {share:g}"
    territory = policy.use.territory
    if territory is not None and not (len(territory) == 2 and territory.isalpha()):
        yield "use.territory", f"should be a two-letter code, is {territory!r}"
    for field, count in (("use.users", policy.use.users), ("use.revenue", policy.use.revenue)):
        if count is not None and count < 0:
            yield field, "should not be below 0"
    for field, names in (("allow", policy.licenses.allow), ("deny", policy.licenses.deny)):
        yield from _licenses(f"licenses.{field}", names, base)
    for n, example in enumerate(policy.examples):
        yield from _one_of(f"examples[{n}].expect", example.expect, EXPECTED)


def _one_of(field: str, value: Any, allowed: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if value is not None and value not in allowed:
        yield field, f"{value!r} is not one of: {', '.join(allowed)}"


def _licenses(field: str, names: tuple[str, ...], base: KnowledgeBase) -> Iterator[tuple[str, str]]:
    for name in names:
        if name != ANY_OSI and known_license(base, name) is None:
            close = ", ".join(nearest(name, (x.id for x in base.licenses()), 3)) or "none alike"
            yield field, f"there is no license {name!r}; nearest: {close}"
