"""How many operations are handed in at once, worked off one after the other, and told in an archive."""

from __future__ import annotations

import asyncio
import gzip
import io
import secrets
import tarfile

import orjson

from integrations.sandbox.clock import MINUTE
from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.calls import Call, Route, page_of
from integrations.sandbox.mailchimp.errors import bad_request, not_found
from integrations.sandbox.mailchimp.fields import Names, names, page
from integrations.sandbox.mailchimp.jobs import Batch
from integrations.sandbox.mailchimp.shapes import FIELDS, PAGE, choice, listing, mapping, record, text
from integrations.sandbox.mailchimp.times import stamp, whole

MOST_PENDING = 500
ADDRESS_LIFE = 10 * MINUTE


def start(call: Call) -> Document:
    account = call.account
    if sum(not batch.is_done for batch in account.batches.values()) >= MOST_PENDING:
        raise bad_request(f"You have more than {MOST_PENDING} pending batches.")
    batch = Batch(account.new_hex("batch", 10), stamp(call.now), call.body["operations"])
    account.batches[batch.id] = batch
    task = asyncio.get_running_loop().create_task(_work_off(call, batch))
    call.mailchimp.in_background(task)
    return _shown(call, batch)


def get_batches(call: Call) -> Document:
    return page_of(call, "batches", [_shown(call, batch) for batch in call.account.batches.values()])


def get_batch(call: Call) -> Document:
    return _shown(call, _batch(call))


def delete_batch(call: Call) -> None:
    """What is still to do is not done any more; what was done stays."""
    batch = _batch(call)
    batch.operations = []
    del call.account.batches[batch.id]


async def _work_off(call: Call, batch: Batch) -> None:
    """The stages come one after the other, each at least a quarter of the wanted time."""
    for status in ("preprocessing", "started", "finalizing"):
        await asyncio.sleep(call.mailchimp.settings.batch_ms / 4000)
        batch.status = status
        if status == "started":
            await _run_all(call, batch)
    await asyncio.sleep(call.mailchimp.settings.batch_ms / 4000)
    batch.status, batch.completed_at = "finished", stamp(whole(call.mailchimp.clock.now()))


async def _run_all(call: Call, batch: Batch) -> None:
    for operation in list(batch.operations):
        if not batch.operations:
            return
        status, text_of_answer = await call.run(operation)
        batch.finished += 1
        batch.errored += status >= 400
        batch.results.append(
            {"status_code": status, "operation_id": operation.get("operation_id"), "response": text_of_answer}
        )
        await asyncio.sleep(0)


def _shown(call: Call, batch: Batch) -> Document:
    return {
        "id": batch.id, "status": batch.status, "total_operations": len(batch.operations),
        "finished_operations": batch.finished, "errored_operations": batch.errored,
        "submitted_at": batch.submitted_at, "completed_at": batch.completed_at,
        "response_body_url": _address(call, batch) if batch.is_done else "",
    }  # fmt: skip


def _address(call: Call, batch: Batch) -> str:
    """A fresh address for the archive, which needs no key but dies soon."""
    name = f"{batch.id}-{secrets.token_hex(12)}-response.tar.gz"
    now, results = call.mailchimp.clock.now(), call.mailchimp.results
    for old in [known for known, (until, _) in results.items() if until <= now]:
        del results[old]
    batch.archive = batch.archive or _archive(batch)
    results[name] = (now + ADDRESS_LIFE, batch.archive)
    return f"{call.origin}/mailchimp/results/{name}"


def _archive(batch: Batch) -> bytes:
    content, packed = orjson.dumps(batch.results), io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(f"{batch.id}.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def _batch(call: Call) -> Batch:
    found = call.account.batches.get(call.ids["batch_id"])
    if found is None:
        raise not_found()
    return found


_OPERATION = record(
    {
        "method": choice("GET", "POST", "PUT", "PATCH", "DELETE"),
        "path": text(at_least=1),
        "params": mapping,
        "body": text(),
        "operation_id": text(),
    },
    required=["method", "path"],
)
BATCH: Names = names(
    "id status total_operations finished_operations errored_operations submitted_at completed_at response_body_url"
)
ROUTES = [
    Route("GET", "/batches", get_batches, query=FIELDS | PAGE, shown=page("batches", BATCH)),
    Route(
        "POST", "/batches", start, body=record({"operations": listing(_OPERATION, at_least=1)}, required=["operations"])
    ),
    Route("GET", "/batches/{batch_id}", get_batch, query=FIELDS, shown=BATCH),
    Route("DELETE", "/batches/{batch_id}", delete_batch),
]  # fmt: skip
