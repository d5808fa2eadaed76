"""How operations are handed in by the batch, and how their answers are fetched."""

from __future__ import annotations

import io
import json
import tarfile
import time
from typing import Any

from tests.sandbox.mailchimp.conftest import Sandbox, hash_of, refusal, wrong_fields


def finished(sandbox: Sandbox, batch: dict[str, Any]) -> dict[str, Any]:
    for _ in range(200):
        batch = sandbox.api.get(f"batches/{batch['id']}").json()
        if batch["status"] == "finished":
            return batch
        time.sleep(0.01)
    raise AssertionError("the batch did not end")


def results(sandbox: Sandbox, url: str) -> list[dict[str, Any]]:
    with tarfile.open(fileobj=io.BytesIO(sandbox.stranger.get(url).content), mode="r:gz") as archive:
        files = [archive.extractfile(name) for name in archive.getnames() if name.endswith(".json")]
        return [result for file in files if file is not None for result in json.loads(file.read())]


def start(sandbox: Sandbox, operations: list[dict[str, Any]]) -> dict[str, Any]:
    answer = sandbox.api.post("batches", json={"operations": operations})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_batch_ends_although_some_of_it_failed(sandbox: Sandbox) -> None:
    path, email = f"/{sandbox.members_path}", "a@example.net"
    body = json.dumps({"email_address": email, "status_if_new": "pending"})
    begun = start(
        sandbox,
        [
            {"method": "PUT", "path": f"{path}/{hash_of(email)}", "operation_id": "one", "body": body},
            {"method": "PUT", "path": f"{path}/{hash_of('b@x.example')}", "operation_id": "two", "body": body},
            {"method": "GET", "path": path, "operation_id": "three", "params": {"count": 2, "fields": "members.id"}},
            {"method": "DELETE", "path": f"{path}/{hash_of(email)}", "operation_id": "four"},
            {"method": "GET", "path": "/nowhere", "operation_id": "five"},
            {"method": "POST", "path": "/batches", "operation_id": "six", "body": '{"operations": []}'},
        ],
    )
    assert (begun["status"], begun["total_operations"], begun["response_body_url"]) == ("pending", 6, "")
    done = finished(sandbox, begun)
    assert (done["finished_operations"], done["errored_operations"]) == (6, 3)
    told = {one["operation_id"]: one for one in results(sandbox, done["response_body_url"])}
    assert [one["status_code"] for one in told.values()] == [200, 400, 200, 204, 404, 400]
    assert json.loads(told["one"]["response"])["email_address"] == email
    assert json.loads(told["two"]["response"])["title"] == "Invalid Resource"
    assert len(json.loads(told["three"]["response"])["members"]) == 2


def test_the_address_of_the_answers_dies_and_is_given_anew(sandbox: Sandbox) -> None:
    done = finished(sandbox, start(sandbox, [{"method": "GET", "path": "/ping"}]))
    assert done["response_body_url"].startswith(f"{sandbox.url}/results/")
    assert len(results(sandbox, done["response_body_url"])) == 1
    sandbox.advance(601)
    assert refusal(sandbox.stranger.get(done["response_body_url"])) == (403, "Forbidden")
    fresh = sandbox.api.get(f"batches/{done['id']}").json()["response_body_url"]
    assert len(results(sandbox, fresh)) == 1


def test_batches_are_listed_and_removed(sandbox: Sandbox) -> None:
    done = finished(sandbox, start(sandbox, [{"method": "GET", "path": "/ping"}]))
    assert sandbox.api.get("batches").json()["total_items"] == 1
    assert sandbox.api.delete(f"batches/{done['id']}").status_code == 204
    assert refusal(sandbox.api.get(f"batches/{done['id']}")) == (404, "Resource Not Found")


def test_a_batch_may_take_its_time(sandbox: Sandbox) -> None:
    sandbox.settings(batch_ms=60_000)
    begun = start(sandbox, [{"method": "GET", "path": "/ping"}])
    assert sandbox.api.get(f"batches/{begun['id']}").json()["status"] == "pending"


def test_a_wrong_operation_is_refused_before_anything_runs(sandbox: Sandbox) -> None:
    for wrong, field in [
        ({"method": "LOOK", "path": "/ping"}, "operations.0.method"),
        ({"method": "GET", "path": "/ping", "body": {"a": 1}}, "operations.0.body"),
        ({"method": "GET"}, "operations.0"),
    ]:
        assert wrong_fields(sandbox.api.post("batches", json={"operations": [wrong]})) == [field]
