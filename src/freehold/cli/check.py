"""`freehold check`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._out import as_json, base, print_json, rows, say, title
from freehold.cli._size import who_asks
from freehold.core.errors import Contradiction

if TYPE_CHECKING:
    from freehold.actions.check import Report
    from freehold.actions.folder import FolderReport
    from freehold.actions.folder_reading import Evidence
    from freehold.judge.statements import Judged

BOMS = ("cyclonedx", "spdx")


@click.command(short_help="Show how open a model is, and what its license allows and asks.")
@click.argument("model")
@who_asks
@as_json
@click.option("--notice", is_flag=True, help="Print the notice file that its terms oblige.")
@click.option("--bom", type=click.Choice(BOMS), help="Print a bill of materials as JSON.")
@click.option("--html", is_flag=True, help="Print one self-contained page.")
@click.option("--explain", is_flag=True, help="For files: what the verdicts rest on.")
def command(
    model: str, as_json: bool, notice: bool, bom: str | None, html: bool, explain: bool, **who: Any
) -> None:
    """Judge a model: openness, license, duties, lineage, contradictions.

    MODEL is a folder or file, hf:OWNER/NAME on the Hub (needs network), or the id, Hub
    repository or name of a model of the knowledge base. Files are judged by what is in
    them: texts before tags, tags before prose.

    \b
    Examples:
      freehold check olmo-2
      freehold check meta-llama/Llama-3.2-1B --territory DE --users 50k
      freehold check flux.1-dev --json
      freehold check llama-3.2 --notice
      freehold check olmo-2 --bom cyclonedx
      freehold check whisper --html
    """
    _one_form({"--json": as_json, "--notice": notice, "--bom": bom, "--html": html})
    report, folder = _judged(model, who)
    if as_json:
        print_json((folder or report).form())
    elif notice:
        _notice(report)
    elif bom:
        _bom(report, bom)
    elif html:
        _html(report, folder)
    else:
        if folder:
            show_folder(folder, explain=explain)
        show(report)


def _judged(model: str, who: dict[str, Any]) -> "tuple[Report, FolderReport | None]":
    """The model as files, as a repository of the Hub, or by name, in this order."""
    from freehold.actions.check import check

    path = Path(os.path.expanduser(model))
    if model.startswith("hf:"):
        from freehold.actions.hub import check_hub

        folder = check_hub(model.removeprefix("hf:"), **who, base=base())
    elif _means_files(model, path):
        from freehold.actions.folder import check_folder

        folder = check_folder(path, **who, base=base())
    else:
        return check(model, **who, base=base()), None
    return folder.report, folder


def _means_files(model: str, path: Path) -> bool:
    if model.startswith((".", "/", "~")):
        return True
    return path.exists() and (os.sep in model or not base().find(model))


def show_folder(folder: "FolderReport", *, explain: bool) -> None:
    """Print what was read, and what does not fit together."""
    say(f"{len(folder.files)} files read in {folder.seen.name}")
    if folder.findings:
        title("Findings")
        rows((f.severity, f.kind, f.text) for f in folder.findings)
    _safety(folder)
    if explain:
        title("What the verdicts rest on")
        rows((_sign(row) for row in folder.evidence), color=None)
        terms = [(f.path, c.kind, c.sentence) for f in folder.seen.licenses for c in f.found.terms]
        if terms:
            title("Terms read from texts")
            rows(terms, color=None)
        title("Files")
        rows(((f.kind, f.path, f.problem or f"{f.size:,} bytes") for f in folder.files), color=None)


def _sign(row: "Evidence") -> tuple[str, str, str]:
    """One piece of evidence: how near it is, where it stands, and what it says of what."""
    about = row.about.replace("-", " ")
    means = f" -> {row.id or 'unknown'}" if row.about == "license" else ""
    return row.level, row.path, f"{about}: {row.says}{means}"


def _safety(folder: "FolderReport") -> None:
    """The files that are not known to be safe, and how many are."""
    from freehold.actions.scan import Scan
    from freehold.cli.scan import show
    from freehold.scanners.base import SAFE

    if folder.safety:
        title(f"Safety: {Scan(folder.safety).verdict}")
        show(file for file in folder.safety if file.verdict != SAFE)
        safe = sum(file.verdict == SAFE for file in folder.safety)
        say(f"  {safe:,} of {len(folder.safety):,} files load no code")


def _one_form(forms: dict[str, bool | str | None]) -> None:
    """What is printed can have one form only."""
    wanted = [name for name, given in forms.items() if given]
    if len(wanted) > 1:
        raise Contradiction(
            f"{' and '.join(wanted)} contradict each other", hint="ask for one form at a time"
        )


def _notice(report: "Report") -> None:
    from freehold.actions.notice import notice

    click.echo(notice(report), nl=False)


def _html(report: "Report", folder: "FolderReport | None") -> None:
    from freehold.actions.page import page

    click.echo(page(report, findings=folder.findings if folder else ()), nl=False)


def _bom(report: "Report", kind: str) -> None:
    from datetime import UTC, datetime

    from freehold.actions.bom_cyclonedx import cyclonedx
    from freehold.actions.bom_spdx import spdx

    write = {"cyclonedx": cyclonedx, "spdx": spdx}[kind]
    print_json(write(report, datetime.now(UTC), base=base()))


def show(report: "Report") -> None:
    """Print everything that was found out."""
    from freehold.cli._rights import show_rights

    _head(report)
    _policy(report)
    show_rights(report.permits, report.obligations)
    if report.family.kind in ("model", "method"):
        _openness(report)
    _lineage(report)
    _statements(report)
    _compared(report)


def _policy(report: "Report") -> None:
    if report.policy is None:
        return
    title(f"Policy: {report.policy.outcome}")
    rows((o.rule, o.outcome, str(o)) for o in report.policy.objections)
    if report.policy.unjudged:
        say(f"  to be judged when there are files: {', '.join(report.policy.unjudged)}")


def _head(report: "Report") -> None:
    from freehold.judge.licensing import how_read

    family, member, own = report.family, report.member, report.terms.own
    about = [family.name, family.maker, family.kind]
    about += [family.released.isoformat()] if family.released else []
    title(" · ".join(about) + (f" · {member.id}" if member else ""))
    say(family.summary)
    lines = [("level", report.level, report.openness.because)]
    if own:
        lines.append(("license", own.short, f"{own.name}; {how_read(own)}"))
    for binding in report.terms.bindings:
        if binding.bond == "member" and binding.license:
            lines.append(("", binding.license.short, f"{binding.because}; see the members"))
    rows(lines, indent=0)


def _openness(report: "Report") -> None:
    osaid, mof, osai = report.openness.osaid, report.openness.mof, report.openness.osai
    title(f"Open Source AI Definition 1.0: {osaid.verdict} (an opinion, not a certificate)")
    rows((f.name, f.answer, f.because) for f in osaid.criteria)
    title(f"Model Openness Framework 1.0: class {mof.mof_class}")
    rows((f.name, f.answer, f.because) for f in mof.criteria)
    title(f"European OSAI index: {osai.score:.2f} of 1 ({osai.unknown} of 12 unknown, count as 0)")
    rows((f.name, f.answer, f.because) for f in osai.dimensions)


def _lineage(report: "Report") -> None:
    made = [b for b in report.terms.bindings if b.bond not in ("own", "member", "contradiction")]
    if made:
        title("Made from")
        rows((b.via, b.license.short if b.license else "unknown", b.because) for b in made)


def _statements(report: "Report") -> None:
    if report.statements:
        title("Said of it, and what holds")
        rows((s.by, s.standing, f"{s.about}: “{s.says}”{_holds(s)}") for s in report.statements)


def _compared(report: "Report") -> None:
    if report.family.kind == "service" and report.family.tasks:
        say(f"\nOpen alternatives: freehold choose --like {report.family.id}")
    if report.compared:
        title("People compare it with")
        rows((c.id, c.level, "; ".join(c.prices) or f"by {c.maker}") for c in report.compared)


def _holds(statement: "Judged") -> str:
    if statement.standing == "holds":
        return ""
    said = f" — holds: {statement.holds}" if statement.holds else ""
    because = f" ({statement.because})" if statement.because else ""
    washing = "; makes it look more open than it is" if statement.open_washing else ""
    return said + because + washing
