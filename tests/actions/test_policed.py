"""The policy holds everywhere: every action that is asked the same question answers the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.actions.check import check
from freehold.actions.choose import choose
from freehold.actions.folder import check_folder
from freehold.actions.plan import plan
from freehold.actions.policed import decision, looked_at, named, obey, stricter
from freehold.actions.policy import try_policy
from freehold.actions.run import Wishes, prepare
from freehold.core.errors import NotAllowed
from freehold.judge.policy import Decision, Objection
from freehold.knowledge.base import KnowledgeBase
from freehold.store.ledger import Ledger
from tests.engines.stubs import stub, tiny

Mode = Callable[..., None]
NAMES = ("llama-3.2-1b", "olmo-2-1124-7b", "qwen3-8b", "gemma-3-1b-it", "mistral-7b-v0.3")


@pytest.fixture
def mode(home: Path) -> Mode:
    """Writes this user's policy: only open licenses, in a mode."""

    def write(mode: str, rules: str = '[licenses]\nallow = ["osi"]\n') -> None:
        (home / "policy.toml").write_text(f'schema = 1\nmode = "{mode}"\n{rules}')

    return write


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small model whose card names terms that are not open."""
    monkeypatch.setenv("FREEHOLD_LLAMA_SERVER", str(stub(tmp_path)))
    folder = tmp_path / "small"
    folder.mkdir()
    tiny(folder)
    (folder / "README.md").write_text("---\nlicense: llama3.2\n---\n# Small\n")
    return folder


def said(ask: Callable[[], Decision | None]) -> list[tuple[str, str]]:
    """(rule, fact) of a decision, or of the refusal in its place."""
    found = ask()
    assert found is not None
    return [(o.rule, o.fact) for o in found.objections]


def objections() -> list[tuple[str, str]]:
    with Ledger.open() as ledger:
        return [(str(r.facts["action"]), str(r.facts["outcome"])) for r in ledger.rows("objection")]


@pytest.mark.parametrize("name", NAMES)
def test_all_actions_say_the_same_of_a_model_by_name(
    mode: Mode, shipped: KnowledgeBase, name: str
) -> None:
    mode("advise")
    asked = {
        "decision": said(lambda: decision(name, base=shipped)),
        "check": said(lambda: check(name, base=shipped).policy),
        "plan": said(lambda: plan(name, base=shipped).policy),
        "policy test": said(lambda: try_policy([name], base=shipped)[0].decision),
    }
    assert len({str(one) for one in asked.values()}) == 1, asked


def test_choose_refuses_exactly_what_plan_refuses(mode: Mode, shipped: KnowledgeBase) -> None:
    mode("enforce")
    chosen = choose("chat", most=30, base=shipped)
    assert chosen.ranked
    for candidate in chosen.ranked:
        assert not (decision(candidate.id, base=shipped) or Decision()).refused, candidate.id
    by_policy = [c for c in chosen.refused if any("policy (user)" in r for r in c.refusals)]
    assert by_policy
    for candidate in by_policy[:5]:
        with pytest.raises(NotAllowed, match=r"licenses\.allow"):
            plan(candidate.id, base=shipped)


def test_all_actions_say_the_same_of_files(mode: Mode, shipped: KnowledgeBase, model: Path) -> None:
    mode("advise")
    asked = {
        "decision": said(lambda: decision(model, base=shipped)),
        "check": said(lambda: check_folder(model, base=shipped).report.policy),
        "plan": said(lambda: plan(model, base=shipped).policy),
        "policy test": said(lambda: try_policy([str(model)], base=shipped)[0].decision),
    }
    assert len({str(one) for one in asked.values()}) == 1, asked
    notes = prepare(model, Wishes()).notes
    assert [n for n in notes if "licenses.allow: " in n] == [
        str(o) for o in (decision(model, base=shipped) or Decision()).objections
    ]


def test_enforce_refuses_with_rule_and_fact_before_anything_starts(
    mode: Mode, shipped: KnowledgeBase, model: Path
) -> None:
    mode("enforce")
    for ask in (lambda: prepare(model, Wishes()), lambda: plan(model, base=shipped)):
        with pytest.raises(NotAllowed, match=r"licenses\.allow: .*Llama 3\.2.* is not allowed"):
            ask()
    assert objections() == [("run", "refused"), ("plan", "refused")]


def test_audit_only_writes_down(mode: Mode, shipped: KnowledgeBase, model: Path) -> None:
    mode("audit")
    assert not [n for n in prepare(model, Wishes()).notes if "policy" in n]
    assert not [n for n in plan(model, base=shipped).notes if "policy" in n]
    assert objections() == [("run", "noted"), ("plan", "noted")]


def test_without_a_policy_nothing_is_judged_or_written(model: Path, home: Path) -> None:
    assert decision(model) is None
    assert prepare(model, Wishes()).notes == ()
    assert not (home / "state" / "ledger.sqlite3").exists()


def test_a_waiver_lifts_the_refusal_and_stays_visible(mode: Mode, shipped: KnowledgeBase) -> None:
    mode(
        "enforce",
        '[licenses]\nallow = ["osi"]\n[[waivers]]\nrule = "licenses.allow"\n'
        'model = "llama-3.2-1b"\nreason = "Contract"\nperson = "Ada"\nuntil = 2999-01-01\n',
    )
    (told,) = plan("llama-3.2-1b", base=shipped).objections
    assert "set aside until 2999-01-01 by Ada" in told


def test_the_share_of_the_memory_is_judged_where_it_is_predicted(
    mode: Mode, shipped: KnowledgeBase, model: Path
) -> None:
    mode("enforce", "[memory]\nshare = 0.0000001\n")
    with pytest.raises(NotAllowed, match=r"memory\.share: it takes"):
        plan(model, base=shipped)
    with pytest.raises(NotAllowed, match=r"memory\.share: it takes"):
        prepare(model, Wishes())


def test_a_lone_file_is_judged_by_its_own_header(mode: Mode, model: Path) -> None:
    mode("enforce", '[licenses]\nallow = ["MIT"]\n')
    with pytest.raises(NotAllowed, match=r"licenses\.allow"):
        prepare(model / "tiny.gguf", Wishes())


def test_a_snapshot_in_a_cache_is_judged_whole_and_by_the_names_of_its_repository(
    mode: Mode, shipped: KnowledgeBase, model: Path, tmp_path: Path
) -> None:
    mode("advise")
    place = tmp_path / "models--meta-llama--Llama-3.2-1B" / "snapshots"
    place.mkdir(parents=True)
    model.rename(place / "0123")
    found = decision(place / "0123" / "tiny.gguf", base=shipped)
    assert found
    assert found == decision(place / "0123", base=shipped)
    assert [o.rule for o in found.objections] == ["licenses.allow"]
    assert "llama-3.2-1b" in looked_at(place / "0123", shipped).subject.ids


def test_what_is_known_of_a_repository_counts_beside_its_files(
    mode: Mode, shipped: KnowledgeBase, model: Path
) -> None:
    mode("enforce", '[publishers]\ndeny = ["Meta"]\n[openness]\nleast = "restricted weights"\n')
    files = check_folder(model, base=shipped, source="huggingface")
    assert files.report.policy
    assert [o.rule for o in files.report.policy.objections if "Meta" in o.fact] == []
    found = named(files, "meta-llama/Llama-3.2-1B", shipped).report.policy
    assert found
    assert [o.rule for o in found.objections if "Meta" in o.fact] == ["publishers.deny"]


def test_a_known_name_elsewhere_is_not_the_known_model(
    mode: Mode, shipped: KnowledgeBase, model: Path
) -> None:
    mode("enforce", '[openness]\nleast = "fully open"\n')
    repo = "allenai/OLMo-2-1124-7B"
    rules = {
        source: [
            o.rule for o in (named(found, repo, shipped).report.policy or Decision()).objections
        ]
        for source in ("huggingface", "oci")
        for found in [check_folder(model, base=shipped, source=source)]
    }
    assert rules == {"huggingface": [], "oci": ["openness.least"]}


def test_each_rule_of_a_policy_is_told_once() -> None:
    one = Objection("licenses.deny", "by files", "user", "enforce")
    other = Objection("licenses.deny", "by facts", "user", "enforce")
    level = Objection("openness.least", "it is unknown", "user", "enforce")
    assert stricter(Decision((one, level)), Decision((other,))) == Decision((one,))


def test_a_lone_address_is_judged_by_what_is_not_known_of_it(
    mode: Mode, shipped: KnowledgeBase
) -> None:
    mode("advise", '[licenses]\nallow = ["osi"]\n[sources]\nallow = ["huggingface"]\n')
    found = decision("https://example.org/a/model.gguf?key=1", base=shipped)
    assert found
    assert {o.rule for o in found.objections} == {"licenses.allow", "sources.allow"}


def test_a_ledger_that_cannot_be_written_is_said_and_does_not_stop_advice(
    mode: Mode, shipped: KnowledgeBase, home: Path
) -> None:
    mode("advise")
    (home / "state").rmdir()
    (home / "state").write_text("in the way")
    notes = obey("run", "llama-3.2-1b", decision("llama-3.2-1b", base=shipped))
    assert "not written down" in notes[-1]


def test_a_changed_policy_and_a_new_waiver_are_rows_of_the_ledger_once(
    mode: Mode, shipped: KnowledgeBase
) -> None:
    waiver = (
        '[[waivers]]\nrule = "licenses.allow"\nmodel = "llama-3.2"\nreason = "a trial"\n'
        'person = "Ada"\nuntil = 2100-01-01\n'
    )
    mode("advise")
    decision("llama-3.2", base=shipped)
    decision("llama-3.2", base=shipped)
    mode("advise", '[licenses]\nallow = ["MIT"]\n' + waiver)
    decision("llama-3.2", base=shipped)
    decision("olmo-2", base=shipped)
    with Ledger.open() as ledger:
        changes = [row.facts["change"] for row in ledger.rows("policy")]
        waivers = [row.facts["person"] for row in ledger.rows("waiver")]
        assert ledger.verify() == []
    assert changes == ["seen first", "changed"]
    assert waivers == ["Ada"]
