"""Files and batches: kept for their owner, asked line by line, gone on with after a stop."""

import json
from pathlib import Path
from typing import Any

import pytest

from freehold.server.batching import answered_ids
from tests.engines.stubs import stub
from tests.server.conftest import ask
from tests.server.running import Here, Reply, config, serving
from tests.waiting import until

EDGE = "edge"
CHAT = "/v1/chat/completions"


def upload(here: Here, data: bytes, purpose: str = "batch", name: str = "in.jsonl") -> Reply:
    lines = [
        f'--{EDGE}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'.encode(),
        f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
        + data
        + b"\r\n",
        f"--{EDGE}--\r\n".encode(),
    ]
    kind = {"Content-Type": f"multipart/form-data; boundary={EDGE}"}
    return here.ask("POST", "/v1/files", b"".join(lines), kind)


def line(id: str, **more: Any) -> bytes:
    body = ask(id, max_tokens=4, **more)
    return json.dumps({"custom_id": id, "method": "POST", "url": CHAT, "body": body}).encode()


def begin(here: Here, data: bytes) -> dict[str, Any]:
    file = upload(here, data).json
    body = {"input_file_id": file["id"], "endpoint": CHAT, "completion_window": "24h"}
    found: dict[str, Any] = here.post("/v1/batches", body).json
    return found


def ended(here: Here, batch: dict[str, Any]) -> dict[str, Any]:
    def told() -> dict[str, Any]:
        found: dict[str, Any] = here.get(f"/v1/batches/{batch['id']}").json
        return found

    until(lambda: told()["status"] not in ("validating", "in_progress"))
    return told()


def results(here: Here, id: str) -> dict[str, Any]:
    rows = here.get(f"/v1/files/{id}/content").lines
    assert len({row["custom_id"] for row in rows}) == len(rows)
    return {row["custom_id"]: row for row in rows}


def test_a_file_is_kept_told_of_and_taken_away(shared: Here) -> None:
    found = upload(shared, b"abc", name="data.jsonl").json
    assert (found["bytes"], found["filename"], found["purpose"]) == (3, "data.jsonl", "batch")
    path = f"/v1/files/{found['id']}"
    assert shared.get(path).json == found
    assert shared.get(f"{path}/content").body == b"abc"
    assert found["id"] in {file["id"] for file in shared.get("/v1/files").json["data"]}
    assert shared.ask("DELETE", path).json["deleted"] is True
    assert shared.get(path).status == 404
    assert shared.get("/v1/files/..%2f..%2fkeys.sqlite3").status == 404


def test_a_file_without_a_purpose_or_a_form_is_refused(shared: Here) -> None:
    assert upload(shared, b"x", purpose="fun").json["error"]["param"] == "purpose"
    assert shared.post("/v1/files", {"file": "x"}).status == 400


def test_each_line_of_a_batch_is_answered_once(shared: Here) -> None:
    data = b"\n".join([line("a"), line("b"), line("c", temperature="hot")])
    batch = ended(shared, begin(shared, data))
    assert batch["status"] == "completed"
    assert batch["request_counts"] == {"total": 3, "completed": 2, "failed": 1}
    good = results(shared, batch["output_file_id"])
    body = good["a"]["response"]["body"]
    assert set(good) == {"a", "b"}
    assert body["choices"][0]["message"]["content"] == "Blue"
    assert "temperature" in results(shared, batch["error_file_id"])["c"]["error"]["message"]
    assert batch["id"] in {b["id"] for b in shared.get("/v1/batches").json["data"]}


@pytest.mark.parametrize("data", [b"{", line("a") + b"\n" + line("a"), b'{"custom_id": 1}'])
def test_a_wrong_input_fails_the_batch_and_says_where(shared: Here, data: bytes) -> None:
    batch = ended(shared, begin(shared, data))
    assert batch["status"] == "failed"
    assert "line" in batch["errors"]["data"][0]["message"]


def test_a_batch_goes_on_with_the_next_server(model: Path, tmp_path: Path, home: Path) -> None:
    stub(tmp_path, answers=2)
    names = [f"n{number}" for number in range(8)]
    with serving(config(model)) as here:
        batch = begin(here, b"\n".join(map(line, names)))
        at = f"/v1/batches/{batch['id']}"
        until(lambda: here.get(at).json["request_counts"]["completed"] >= 2)
    begun = set(answered_ids(home / "state" / "serve" / "batches" / f"{batch['id']}.good"))
    assert 2 <= len(begun) < 8
    stub(tmp_path)
    with serving(config(model)) as here:
        batch = ended(here, batch)
        assert batch["request_counts"] == {"total": 8, "completed": 8, "failed": 0}
        assert set(results(here, batch["output_file_id"])) == set(names)


def test_a_batch_can_be_cancelled(model: Path, tmp_path: Path) -> None:
    stub(tmp_path, pause=0.05)
    with serving(config(model)) as here:
        batch = begin(here, b"\n".join(line(f"n{number}") for number in range(20)))
        found = here.post(f"/v1/batches/{batch['id']}/cancel", {}).json
        assert found["status"] == "cancelled"
        assert here.post(f"/v1/batches/{batch['id']}/cancel", {}).status == 409
