"""Writes as a runner makes them, and what a sandbox saw of them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from integrations.providers.base import WritableStream
from integrations.providers.errors import Transient
from integrations.providers.http import ApiSession
from integrations.providers.types import ExternalRecord, Operation, ReadScope, Values, Write, WriteResult
from tests.provider_sandbox import Sandbox

Writing = Callable[[list[Write]], list[WriteResult]]


def key_of(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:40]


def create(values: Values, *, number: int = 0, attempt: int = 1) -> Write:
    key = key_of(f"create {number} {sorted(values.items(), key=str)}")
    return Write(key, key[:32], Operation.CREATE, values, whole=values, attempt=attempt)


def update(record: ExternalRecord, values: Values, *, operation: Operation = Operation.UPDATE) -> Write:
    key = key_of(f"{operation} {record.id} {record.version} {sorted(values.items(), key=str)}")
    return Write(key, key[:32], operation, values, external_id=record.id, version=record.version, raw=record.raw)


def delete(record: ExternalRecord) -> Write:
    return update(record, {}, operation=Operation.DELETE)


def again(writes: list[Write]) -> list[Write]:
    return [replace(write, attempt=write.attempt + 1) for write in writes]


def persistently(write_batch: Writing, writes: list[Write]) -> tuple[list[WriteResult], list[Write]]:
    """Write until everything is answered, as a queue would; return the last results and the writes as last sent."""
    for _ in range(10):
        try:
            results = write_batch(writes)
        except Transient:
            writes = again(writes)
            continue
        if not any(isinstance(result.error, Transient) for result in results):
            return results, writes
        writes = again(writes)
    raise AssertionError("there was never an answer")


def known(stream: WritableStream, api: ApiSession) -> dict[str, ExternalRecord]:
    pages = stream.read(api, {}, ReadScope())
    return {record.id: record for page in pages for record in page.records if not record.deleted}


def lose(
    sandbox: Sandbox, provider: str, path: str, *, kind: str = "lost_answer", times: int = 1, skip: int = 0
) -> None:
    """Let answers get lost after the work is done."""
    fault = {"provider": provider, "kind": kind, "path": path, "times": times, "skip": skip}
    sandbox.ask("POST", "/faults", fault)


def asked(sandbox: Sandbox) -> list[str]:
    """Return method and path of each call since the log was cleared, in their order."""
    entries = cast(list[dict[str, Any]], sandbox.ask("GET", "/log")["entries"])
    return [f"{entry['method']} {entry['path']}" for entry in entries]


def good(results: list[WriteResult]) -> list[ExternalRecord]:
    assert [result.error for result in results] == [None] * len(results)
    return [result.record for result in results if result.record is not None]
