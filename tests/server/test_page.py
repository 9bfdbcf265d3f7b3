"""The page and what it asks for: what actions say, and every task by one route."""

import base64
from pathlib import Path
from typing import Any

import pytest

from freehold.core import paths
from freehold.server import web
from freehold.server.asked import Heard, Served
from freehold.server.config import Model
from freehold.server.forms import own
from freehold.server.forms.native import Native, result_form
from freehold.server.problems import Refused
from freehold.tasks.base import TASKS, File, Work
from freehold.tasks.text_to_image import Result as Images
from tests.server.running import Here, config, serving
from tests.waiting import until

FILES = sorted(path.name for path in Path(web.__file__).parent.iterdir() if path.suffix != ".py")
SERVED = Served(name="tiny", digest="d", engine="e", context=1)


def test_the_page_and_all_of_its_files_are_served_and_load_nothing_from_elsewhere(
    shared: Here,
) -> None:
    assert b"<main" in shared.get("/").body
    for name in FILES:
        if Path(name).suffix in (".html", ".js", ".css", ".svg"):
            found = shared.get(f"/page/{name}")
            assert found.status == 200
            assert "default-src 'self'" in found.headers["content-security-policy"]
            assert b"https://" not in found.body.replace(b"https?://", b"")


@pytest.mark.parametrize("name", ["..%2fapp.py", "__init__.py", "nothing.js", "%2e%2e", "a/b.js"])
def test_nothing_else_is_served_as_a_file(shared: Here, name: str) -> None:
    assert shared.get(f"/page/{name}").status == 404


def test_a_ledger_that_is_only_just_begun_has_no_rows(home: Path) -> None:
    (home / "state").mkdir(exist_ok=True)
    assert own.ledger({}) == []
    paths.ledger().touch()
    assert own.ledger({}) == []


@pytest.mark.parametrize(
    "path",
    ["words", "tasks", "choose?task=chat&uses=commercial,host", "catalog", "catalog/olmo-2",
     "plan/olmo-2-1124-7b", "machine", "history", "ledger", "served", "loaded"],
)  # fmt: skip
def test_everything_that_the_page_shows_is_told(shared: Here, path: str) -> None:
    found = shared.get(f"/freehold/{path}")
    assert (found.status, bool(found.json) or path == "ledger") == (200, True)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("choose?task=flying", 404, "flying"),
        ("choose?color=red", 400, "a need has no color"),
        ("choose?memory=much", 400, "memory is a number"),
        ("choose?most=-1", 400, "most cannot be -1"),
        ("catalog/nothing-like-it", 404, "there is no model"),
        ("plan//etc/passwd", 400, "named here, not a path"),
        ("plan/hf:a/b", 400, "named here, not a path"),
        ("plan/olmo-2-1124-7b?context=1e99", 400, "context cannot be"),
        ("ledger?most=x", 400, "most is a number"),
    ],
)
def test_what_cannot_be_told_is_an_error_in_words(
    shared: Here, path: str, status: int, says: str
) -> None:
    found = shared.get(f"/freehold/{path}")
    assert (found.status, says in found.json["error"]["message"]) == (status, True), found.body


def test_a_chat_is_answered_piece_by_piece_and_at_once_alike(shared: Here) -> None:
    body = {"model": "tiny", "task": "text-generation", "flags": {"seed": 1},
            "messages": [{"role": "user", "content": "Why?"}]}  # fmt: skip
    whole = shared.post("/freehold/ask", body).json
    first, *rest, last = shared.post("/freehold/ask", {**body, "stream": True}).events
    assert first == {"model": "tiny", "engine": "llama.cpp"}
    assert "".join(e["piece"]["text"] for e in rest) == whole["result"]["text"] == whole["words"]
    assert (last["id"], last["result"]["text"]) == (whole["id"], whole["result"]["text"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"task": "flying"}, "there is no task"),
        ({"inputs": []}, "the prompt is empty"),
        ({"inputs": [7]}, "Expected"),
        ({"flags": {"wings": 2}}, "does not know wings"),
        ({"flags": {"messages": []}}, "does not know messages"),
        ({"inputs": [{"name": "a.png", "data": "?"}]}, "is not Base64"),
        ({"inputs": [{"name": "a.exe", "data": ""}]}, "what it holds cannot be told"),
        ({"messages": [{"role": "god", "content": "x"}]}, "a role and a content"),
        ({"model": "none"}, "there is no model"),
    ],
)
def test_what_is_wrong_with_a_request_is_named(
    shared: Here, change: dict[str, Any], says: str
) -> None:
    body = {"model": "tiny", "task": "text-generation", "inputs": ["Why?"], **change}
    found = shared.post("/freehold/ask", body)
    assert 400 <= found.status < 500
    assert says in found.json["error"]["message"]


def test_a_file_that_goes_in_keeps_its_kind_and_one_that_comes_out_its_bytes(
    tmp_path: Path,
) -> None:
    def keep(data: bytes, ending: str) -> Path:
        (tmp_path / f"in{ending}").write_bytes(data)
        return tmp_path / f"in{ending}"

    heard = Heard(now=0, most_choices=1, keep=keep, earlier=lambda _: ())
    data = base64.b64encode(b"a cat").decode()
    body = {
        "model": "m",
        "task": "text-to-image",
        "inputs": ["A cat", {"name": "c.PNG", "data": data}],
    }
    (request,) = Native().read(body, heard).requests
    assert request.image.path.read_bytes() == b"a cat"
    made = tmp_path / "made.png"
    made.write_bytes(b"picture")
    result = Images(images=(File(made, "image"),), width=1, height=1, seed=0, work=Work(1, 1, "s"))
    (image,) = result_form(TASKS.get("text-to-image"), result, SERVED)["result"]["images"]
    assert image["url"] == "data:image/png;base64," + base64.b64encode(b"picture").decode()
    assert not made.exists()


def test_a_model_that_cannot_be_read_is_served_with_what_is_wrong(tmp_path: Path) -> None:
    (row,) = own.served([Model(model=str(tmp_path / "none.gguf"))])
    assert row["tasks"] == []
    assert "check the path" in row["problem"] or "there is no file" in row["problem"]


def test_what_is_loaded_is_told_and_can_be_let_go(shared: Here) -> None:
    rows = shared.get("/freehold/loaded").json
    row = next(row for row in rows if row["task"] == "text-generation")
    assert (row["id"], row["replicas"], row["resident"] > 0) == ("tiny", 1, True)
    assert shared.ask("DELETE", "/freehold/loaded/none").status == 404
    assert shared.ask("DELETE", "/freehold/loaded/tiny").json == []


def test_errors_are_refusals_before_anything_is_kept() -> None:
    heard = Heard(now=0, most_choices=1, keep=lambda *_: Path(), earlier=lambda _: ())
    with pytest.raises(Refused):
        Native().read({"model": 3}, heard)


def test_keys_are_made_listed_and_withdrawn_and_their_words_are_told_once(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREEHOLD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("freehold.server.doorman.LOOK", 0.02)
    with serving(config(model)) as here:
        made = here.post("/freehold/keys", {"name": "me", "role": "admin", "days": 9})
        assert (made.status, made.headers["cache-control"]) == (201, "no-store")
        key = {"Authorization": f"Bearer {made.json['key']}"}
        until(lambda: here.get("/freehold/keys").status == 401)
        assert made.json["key"].encode() not in here.get("/freehold/keys", key).body
        user = here.ask("POST", "/freehold/keys", {"name": "she"}, key).json
        words = {"Authorization": f"Bearer {user['key']}"}
        until(lambda: here.get("/freehold/served", words).status == 200)
        assert here.get("/freehold/keys", words).status == 403
        assert here.get("/freehold/ledger", words).status == 403
        assert here.get("/").status == 200  # the page itself asks for the key
        assert here.ask("DELETE", f"/freehold/keys/{user['id']}", None, key).status == 200
        until(lambda: here.get("/freehold/served", words).status == 401)
        kinds = [
            (r["kind"], r["facts"].get("what")) for r in here.get("/freehold/ledger", key).json
        ]
        assert kinds.count(("key", "made")) == 2
        assert kinds.count(("key", "removed")) == 1


@pytest.mark.parametrize(
    "body", [{}, {"name": "x", "role": "god"}, {"name": "x", "wings": 2}, {"name": "x", "days": 0}]
)
def test_a_key_that_cannot_be_is_refused(shared: Here, body: dict[str, Any]) -> None:
    assert shared.post("/freehold/keys", body).status == 400
