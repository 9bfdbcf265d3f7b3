"""`freehold policy`, and what a policy does to `choose` and `check`."""

import json
from pathlib import Path

import pytest

from freehold.actions.policy_template import TEMPLATE
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.policy_file import read_policy
from freehold.store.ledger import Ledger
from tests.cli.running import freehold

Capsys = pytest.CaptureFixture[str]
OSI = 'schema = 1\nmode = "enforce"\n[licenses]\nallow = ["osi"]\n'
WAIVED = (
    OSI + '[[waivers]]\nrule = "licenses.allow"\nmodel = "llama-3.2"\nreason = "Contract"\n'
    'person = "Ada"\nuntil = 2999-01-01\n'
)
EXAMPLES = (
    OSI + '[[examples]]\nmodel = "olmo-2"\nexpect = "allowed"\n'
    '[[examples]]\nmodel = "llama-3.2-1b"\nexpect = "refused"\nrule = "licenses.allow"\n'
)


@pytest.fixture
def mine(home: Path) -> Path:
    """Where this user's policy is."""
    return home / "policy.toml"


def test_without_a_policy_nothing_changes(capsys: Capsys) -> None:
    assert "No policy holds here" in freehold(capsys, "policy", "show").out
    assert json.loads(freehold(capsys, "check", "llama-3.2-1b", "--json").out)["policy"] is None


def test_init_writes_a_policy_that_objects_to_nothing_and_notes_it(
    capsys: Capsys, mine: Path
) -> None:
    assert freehold(capsys, "policy", "init").code == 0
    assert "advise" in freehold(capsys, "policy", "show").out
    assert freehold(capsys, "policy", "test", "llama-3.2-1b").code == 0
    with Ledger.open(reading=True) as ledger:
        assert [row.facts["file"] for row in ledger.rows("policy")] == [str(mine)]
    again = freehold(capsys, "policy", "init")
    assert again.code == 4
    assert "is there already" in again.err


def test_every_commented_line_of_the_first_policy_is_right(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    lines = [line.removeprefix("# ") for line in TEMPLATE.splitlines() if is_rule(line)]
    file = tmp_path / "policy.toml"
    file.write_text("\n".join(lines))
    policy = read_policy(file, "user", shipped).policy
    assert policy.licenses.deny == ("CC-BY-NC-4.0",)
    assert policy.memory.share == 0.8
    assert policy.waivers[0].person == "Ada Lovelace"
    assert policy.examples[1].rule == "licenses.allow"


def is_rule(line: str) -> bool:
    """Whether a line is TOML, commented out or not."""
    plain = line.removeprefix("# ")
    return plain.startswith("[") or " = " in plain


def test_choose_refuses_what_the_policy_refuses_and_names_the_rule(
    capsys: Capsys, mine: Path
) -> None:
    words = ["choose", "--task", "chat", "--memory", "8GB", "--most", "20", "--json"]
    free = json.loads(freehold(capsys, *words).out)
    mine.write_text(OSI)
    held = json.loads(freehold(capsys, *words).out)
    assert {r["id"] for r in held["ranked"]} != {r["id"] for r in free["ranked"]}
    assert all(r["policy"]["outcome"] == "allowed" for r in held["ranked"])
    reasons = [reason for row in held["refused"] for reason in row["because"]]
    assert any(reason.startswith("policy (user) licenses.allow: ") for reason in reasons)


def test_choose_goes_on_and_says_so_when_a_policy_only_advises(capsys: Capsys, mine: Path) -> None:
    words = ["choose", "--task", "chat", "--memory", "8GB", "--most", "20", "--json"]
    free = json.loads(freehold(capsys, *words).out)
    mine.write_text(OSI.replace("enforce", "advise"))
    held = json.loads(freehold(capsys, *words).out)
    assert [r["id"] for r in held["ranked"]] == [r["id"] for r in free["ranked"]]
    against = [r for r in held["ranked"] if r["policy"]["outcome"] == "advised against"]
    assert against
    assert any("policy (user) licenses.allow" in reason for reason in against[0]["reasons"])


def test_check_shows_what_the_policy_says(capsys: Capsys, mine: Path) -> None:
    mine.write_text(OSI + "[files]\nsignature = true\n")
    done = freehold(capsys, "check", "llama-3.2-1b")
    assert "Policy: refused" in done.out
    assert "files.signature" in done.out
    mine.write_text(WAIVED)
    form = json.loads(freehold(capsys, "check", "llama-3.2-1b", "--json").out)["policy"]
    assert form["outcome"] == "allowed"
    assert form["objections"][0]["waiver"]["person"] == "Ada"


def test_check_of_a_folder_holds_to_the_policy_too(
    capsys: Capsys, mine: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "README.md").write_text("---\nlicense: llama3.2\n---\n# A model\n")
    mine.write_text(OSI)
    form = json.loads(freehold(capsys, "check", str(folder), "--json").out)
    assert form["policy"]["outcome"] == "refused"


def test_a_folder_that_nobody_vouches_for_may_come_from_a_denied_publisher(
    capsys: Capsys, mine: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Llama-3.2-1B\n")
    mine.write_text('schema = 1\nmode = "enforce"\n[publishers]\ndeny = ["CN"]\n')
    form = json.loads(freehold(capsys, "check", str(folder), "--json").out)["policy"]
    assert [o["rule"] for o in form["objections"]] == ["publishers.deny"]


def test_the_files_of_a_folder_are_held_to_the_policy(
    capsys: Capsys, mine: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02.")
    (folder / "config.json").write_text('{"auto_map": {"AutoModel": "modeling.Model"}}')
    mine.write_text(
        'schema = 1\nmode = "enforce"\n[formats]\nallow = ["safetensors"]\n'
        "[files]\nremote-code = false\n"
    )
    form = json.loads(freehold(capsys, "check", str(folder), "--json").out)["policy"]
    assert [o["rule"] for o in form["objections"]] == ["formats.allow", "files.remote-code"]


def test_project_and_organization_add_to_the_users(
    capsys: Capsys, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project" / "below"
    project.mkdir(parents=True)
    (project.parent / "freehold-policy.toml").write_text(OSI)
    organization = tmp_path / "organization.toml"
    organization.write_text('schema = 1\nmode = "audit"\n[publishers]\ndeny = ["US"]\n')
    mine.write_text(WAIVED)
    monkeypatch.chdir(project)
    monkeypatch.setenv("FREEHOLD_POLICY", str(organization))
    shown = json.loads(freehold(capsys, "policy", "show", "--json").out)
    assert [p["policy"] for p in shown["policies"]] == ["organization", "project", "user"]
    (tried,) = json.loads(freehold(capsys, "policy", "test", "llama-3.2-1b", "--json").out)
    assert [(o["policy"], o["outcome"]) for o in tried["objections"]] == [
        ("organization", "noted"),
        ("project", "refused"),
        ("user", "allowed"),
    ]


def test_examples_are_tried_and_a_wrong_one_ends_with_one(capsys: Capsys, mine: Path) -> None:
    mine.write_text(EXAMPLES)
    done = freehold(capsys, "policy", "test")
    assert done.code == 0
    assert done.out.count("as expected") == 2
    mine.write_text(EXAMPLES.replace('"allowed"', '"refused"'))
    done = freehold(capsys, "policy", "test")
    assert done.code == 1
    assert "NOT as expected" in done.out
    mine.write_text(EXAMPLES.replace('rule = "licenses.allow"', 'rule = "licenses.deny"'))
    assert freehold(capsys, "policy", "test").code == 1


def test_another_policy_can_be_tried_on_any_model(capsys: Capsys, tmp_path: Path) -> None:
    file = tmp_path / "draft.toml"
    file.write_text(OSI)
    assert freehold(capsys, "policy", "test", "olmo-2", "--file", str(file)).code == 0
    done = freehold(capsys, "policy", "test", "llama-3.2-1b", "--file", str(file))
    assert done.code == 1
    assert "refused" in done.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "schema: is missing"),
        ("schema = 1\n", "mode: is missing"),
        ('schema = 2\nmode = "advise"\n', "should be 1, is 2"),
        ('schema = 1\nmode = "advice"\n', "did you mean 'advise'"),
        ('schema = 1\nmode = "advise"\n[license]\nallow = []\n', "unknown key"),
        ('schema = 1\nmode = "advise"\n[licenses]\nallow = ["MTI"]\n', "there is no license"),
        ('schema = 1\nmode = "advise"\n[licenses]\nallow = "MIT"\n', "should be a list"),
        ('schema = 1\nmode = "advise"\n[use]\npermissions = ["sell"]\n', "not a word of uses"),
        ('schema = 1\nmode = "advise"\n[use]\nusers = -1\n', "below 0"),
        ('schema = 1\nmode = "advise"\n[use]\nterritory = "Germany"\n', "two-letter"),
        ('schema = 1\nmode = "advise"\n[openness]\nleast = "open"\n', "fully open"),
        ('schema = 1\nmode = "advise"\n[openness]\nmof-class = "IV"\n', "I, II, III"),
        ('schema = 1\nmode = "advise"\n[memory]\nshare = 80.0\n', "up to 1"),
        (WAIVED.replace('person = "Ada"\n', ""), "person: is missing"),
        (WAIVED.replace("until = 2999-01-01\n", ""), "until: is missing"),
        (WAIVED.replace('"Contract"', '" "'), "is empty"),
        (WAIVED.replace("licenses.allow", "licences.allow"), "did you mean 'licenses.allow'"),
        ("schema = ", "is not TOML"),
        ("\x00", "is not TOML"),
    ],
)
def test_a_broken_policy_stops_what_must_obey_it(
    capsys: Capsys, mine: Path, text: str, said: str
) -> None:
    mine.write_text(text)
    for words in (["policy", "show"], ["check", "olmo-2"], ["choose", "--task", "chat"]):
        done = freehold(capsys, *words)
        assert done.code == 3
        assert said in done.err


def test_a_policy_that_was_named_and_is_gone_stops_everything(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FREEHOLD_POLICY", str(tmp_path / "gone.toml"))
    assert freehold(capsys, "check", "olmo-2").code == 3


def test_an_example_of_a_model_that_is_not_known_says_which(capsys: Capsys, mine: Path) -> None:
    mine.write_text(EXAMPLES.replace('"olmo-2"', '"olmo-99"'))
    done = freehold(capsys, "policy", "test")
    assert done.code == 2
    assert "an example of" in done.err
