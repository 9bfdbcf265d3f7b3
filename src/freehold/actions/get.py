"""`get`: bring a model here: allowed by the policy, verified as it comes, resumable, recorded."""

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.acceptance import known_terms
from freehold.actions.get_choice import Choice, choose_files
from freehold.actions.get_names import resolved
from freehold.actions.get_papers import Judged, judge_offer, look
from freehold.actions.get_terms import Agreement, agreements, settle
from freehold.actions.policed import advice, obey
from freehold.actions.policy_words import policy_form
from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.core.http import offline, shown
from freehold.judge.policy import Decision
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.sources.base import Supplier
from freehold.sources.download import Got, Stopped, Watch, bring
from freehold.sources.suppliers import supplier
from freehold.store import catalog
from freehold.store.layout import Spot, folder_of, point, spot
from freehold.store.ledger import note
from freehold.store.manifest import Manifest
from freehold.store.offer import Offer, Offered
from freehold.store.partial import UNFINISHED

AT_ONCE = 4
"""Files that are fetched at the same time."""
KEPT_FREE = 64 * 2**20
"""Bytes of the disk that a fetch leaves free."""


class Plan(Struct, frozen=True, kw_only=True):
    """What would be brought, and what stands against it; nothing of the weights is here yet.

    `size` counts all files, `missing` the bytes that are not here; `room` is what the disk has.
    """

    asked: str
    offer: Offer
    choice: Choice
    judged: Judged
    size: int
    missing: int
    room: int
    agreements: tuple[Agreement, ...]
    notes: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where the files will be seen."""
        return folder_of(self.offer)

    @property
    def license(self) -> str | None:
        """The id of the license of the model itself."""
        own = self.judged.report.report.terms.own
        return own.id if own else None

    @property
    def decision(self) -> Decision | None:
        """What the policies say; None where there is none."""
        return self.judged.report.report.policy

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        o = self.offer
        return {
            "name": o.name, "source": o.source, "origin": shown(o.origin), "commit": o.commit,
            "folder": str(self.folder), "format": self.choice.format,
            "files": [{"path": f.path, "size": f.size} for f in self.choice.files],
            "size": self.size, "missing": self.missing, "room": self.room,
            "license": self.license,
            "policy": policy_form(self.decision) if self.decision else None,
            "accept": [one.form() for one in self.agreements], "notes": list(self.notes),
        }  # fmt: skip


class Brought(Struct, frozen=True, kw_only=True):
    """A model that is in the store now; `how` says of each file how it came there."""

    manifest: Manifest
    how: dict[str, str]
    fetched: int
    seconds: float
    license: str | None = None
    notes: tuple[str, ...] = ()

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        m = self.manifest
        rows = [{"path": f.path, "size": f.size, "sha256": f.sha256,
                 "how": self.how.get(f.path, "there")} for f in m.files]  # fmt: skip
        return {
            "name": m.name, "source": m.source, "origin": shown(m.origin), "commit": m.commit,
            "folder": m.folder, "size": m.size, "fetched": self.fetched,
            "seconds": self.seconds, "license": m.license, "files": rows,
            "notes": list(self.notes),
        }  # fmt: skip


class Wishes(Struct, frozen=True, kw_only=True):
    """What of a model is wanted, and under which name; None takes what suits."""

    format: str | None = None
    precision: str | None = None
    files: tuple[str, ...] = ()
    sha256: str | None = None
    name: str | None = None
    token: str | None = None
    endpoint: str | None = None


def get(
    what: str | Path, *, accept: Sequence[str] = (), ask: Callable[[Agreement], bool] | None = None,
    base: KnowledgeBase | None = None, watch: Watch | None = None, **wishes: Any,
) -> Brought:  # fmt: skip
    """Bring a model into the store and return what came; keywords are those of `Wishes`.

    Raises NotAllowed where the policy refuses it, where it is gated or where terms are not
    accepted; BrokenInput for files that are not what they should be; EnvironmentProblem for
    networks and disks; NotFound and UsageError for what cannot be meant.
    """
    watch, base = watch or watching(), base or open_base()
    here = _offline(what, base)
    if here:
        return here
    plan, source = _planned(what, base, watch, Wishes(**wishes))
    _allowed(plan)
    settle(list(plan.agreements), tuple(accept), ask, plan.asked)
    _room(plan)
    return fetch(plan, source, watch)


def plan_get(
    what: str | Path, *, base: KnowledgeBase | None = None, watch: Watch | None = None,
    **wishes: Any,
) -> Plan:  # fmt: skip
    """What `get` would bring, judged by texts and headers alone; nothing is stored."""
    return _planned(what, base or open_base(), watch or watching(), Wishes(**wishes))[0]


def watching(**told: Any) -> Watch:
    """A watch whose pauses end when it is stopped; keywords are those of `Watch`."""
    stop = threading.Event()

    def sleep(seconds: float) -> None:
        stop.wait(seconds)

    return Watch(stop=stop, sleep=sleep, **told)


def fetch(plan: Plan, source: Supplier, watch: Watch) -> Brought:
    """Bring what was planned, look at it once more, and write it down."""
    began = time.monotonic()
    watch.begins(plan.size)
    got = _all(source, plan, watch)
    look(plan.folder, plan.choice.weights)
    point(plan.offer)
    manifest = catalog.save(_manifest(plan, got))
    seconds = round(time.monotonic() - began, 3)
    fetched = sum(one.fetched for one in got)
    note("fetch", _facts(plan, got, fetched, seconds), required=False, warn=watch.says)
    how = {one.stored.path: one.how for one in got}
    return Brought(manifest=manifest, how=how, fetched=fetched, seconds=seconds,
                   license=plan.license, notes=plan.notes)  # fmt: skip


def _planned(
    what: str | Path, base: KnowledgeBase, watch: Watch, how: Wishes
) -> tuple[Plan, Supplier]:
    asked = resolved(what, base)
    source = supplier(asked, token=how.token, endpoint=how.endpoint, sleep=watch.sleep)
    offer = source.offer()
    if how.name and offer.source == "huggingface":
        raise UsageError("a model of the Hub keeps its name", hint="leave out --name")
    offer = replace(offer, name=how.name or offer.name)
    catalog.claimed(offer.name, offer.source, offer.origin)
    choice = choose_files(
        offer, format=how.format, precision=how.precision, files=how.files
    )  # fmt: skip
    choice = _with_digest(_sized(choice), how.sha256)
    judged = judge_offer(source, offer, choice.files, base, watch)
    spots = [(file, spot(offer, file)) for file in choice.files]
    plan = Plan(
        asked=asked, offer=offer, choice=choice, judged=judged,
        size=sum(file.size or 0 for file in choice.files),
        missing=sum(_missing(file, at) for file, at in spots), room=_free(spots[0][1].data),
        agreements=tuple(agreements(
            judged, known_terms(offer.source, offer.name, base), gated=offer.gated, model=asked
        )),
        notes=(*offer.notes, *choice.notes, *_advice(judged)),
    )  # fmt: skip
    return plan, source


def _sized(choice: Choice) -> Choice:
    """Refuse files of unknown length: they might have no end."""
    unknown = [file.path for file in choice.files if file.size is None]
    if unknown:
        raise BrokenInput(f"{unknown[0]}: its server does not say how large it is")
    return choice


def _with_digest(choice: Choice, digest: str | None) -> Choice:
    """The digest that a person vouches for, on the one file that it can mean."""
    if digest is None:
        return choice
    plain = digest.lower().removeprefix("sha256:")
    if len(plain) != 64 or set(plain) - set("0123456789abcdef"):
        raise UsageError("a SHA-256 has 64 hexadecimal signs")
    if len(choice.weights) != 1:
        raise UsageError(f"one digest cannot be that of {len(choice.weights)} files")
    files = (
        replace(file, sha256=plain) if file.path == choice.weights[0] else file
        for file in choice.files
    )
    return replace(choice, files=tuple(files))


def _advice(judged: Judged) -> tuple[str, ...]:
    """What a policy says without refusing; in audit mode it is only written down."""
    return advice(judged.report.report.policy)


def _allowed(plan: Plan) -> None:
    obey("get", plan.offer.name, plan.decision)


def _room(plan: Plan) -> None:
    """Refuse what the disk or the quota cannot hold, with what could make room."""
    local = all(file.local is not None for file in plan.choice.files)
    if not local and plan.missing + KEPT_FREE > plan.room:
        raise EnvironmentProblem(
            f"{plan.missing:,} bytes are missing and the disk has room for {plan.room:,}",
            hint=_could_go(),
        )
    most = catalog.quota()
    taken = sum(m.size for m in catalog.manifests()) if most is not None else 0
    if most is not None and taken + plan.missing > most:
        raise EnvironmentProblem(
            f"the store holds {taken:,} bytes and may hold {most:,}; {plan.missing:,} are missing",
            hint=_could_go(),
        )


def _could_go() -> str:
    """What was not used for the longest time; it is only named."""
    oldest = min(catalog.manifests(), key=catalog.used, default=None)
    if oldest is None:
        return "make room on this disk, or move the store: HF_HUB_CACHE, FREEHOLD_MODELS"
    return f"longest not used: freehold store remove {oldest.name}"


def _all(source: Supplier, plan: Plan, watch: Watch) -> list[Got]:
    """Bring all files, the largest first; the first failure stops the others where they are."""
    files = sorted(plan.choice.files, key=lambda file: -(file.size or 0))

    def stop(done: "Future[Got]") -> None:
        if not done.cancelled() and done.exception():
            watch.stop.set()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:  # an interrupt may come while the first file is on its way and others are not
            tasks = [pool.submit(bring, source, f, spot(plan.offer, f), watch) for f in files]
            for task in tasks:
                task.add_done_callback(stop)
            errors = [error for task in tasks if (error := task.exception())]
        except BaseException:
            watch.stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    if errors:
        raise next((e for e in errors if not isinstance(e, Stopped)), errors[0])
    return [task.result() for task in tasks]


def _manifest(plan: Plan, got: list[Got]) -> Manifest:
    o = plan.offer
    return Manifest(
        name=o.name, source=o.source, origin=o.origin, folder=str(plan.folder),
        files=tuple(sorted((one.stored for one in got), key=lambda file: file.path)),
        revision=o.revision, commit=o.commit, license=plan.license,
        fetched=datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip


def _facts(plan: Plan, got: list[Got], fetched: int, seconds: float) -> dict[str, object]:
    """The row of the ledger."""
    weights = {one.stored.path: one.stored.sha256 for one in got}
    return {
        "model": plan.offer.name, "source": plan.offer.source,
        "origin": shown(plan.offer.origin), "commit": plan.offer.commit,
        "files": len(got), "size": plan.size, "fetched": fetched, "seconds": seconds,
        "license": plan.license, "policy": plan.decision.outcome if plan.decision else None,
        "weights": {path: weights[path] for path in plan.choice.weights[:64] if path in weights},
    }  # fmt: skip


def _missing(file: Offered, at: Spot) -> int:
    """The bytes that are still to come, by what lies there; what is wrong there shows later."""
    size = file.size or 0
    for path in (at.data, at.data.with_name(at.data.name + UNFINISHED)):
        if path.is_file():
            return max(0, size - path.stat().st_size)
    return size


def _free(path: Path) -> int:
    """The bytes that are free where a path would be."""
    there = next(folder for folder in path.parents if folder.exists())
    return shutil.disk_usage(there).free


def _offline(what: str | Path, base: KnowledgeBase) -> Brought | None:
    """The model as it is in the store already, where nothing may leave this machine."""
    asked = resolved(what, base)
    if not offline() or not asked.startswith(("hf:", "http", "ollama:", "oci:")):
        return None
    manifest = (
        catalog.find("/".join(asked.partition("@")[0].split("/")[:2]))
        if asked.startswith("hf:")
        else None
    )
    manifest = manifest or next((m for m in catalog.manifests() if m.origin == asked), None)
    if manifest is None:
        return None
    how = dict.fromkeys((f.path for f in manifest.files), "there")
    return Brought(
        manifest=manifest, how=how, fetched=0, seconds=0.0, license=manifest.license,
        notes=("offline: what the store has was not compared with its source",),
    )  # fmt: skip
