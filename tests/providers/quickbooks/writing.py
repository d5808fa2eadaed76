"""Writes as a runner makes them, and what the sandbox saw of them."""

import hashlib
from dataclasses import replace
from typing import Any, cast

from integrations.providers import PROVIDERS
from integrations.providers.base import Outlet, WritableStream
from integrations.providers.errors import Transient
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks.streams import STREAMS
from integrations.providers.types import ExternalRecord, ObjectType, Operation, ReadScope, Values, Write, WriteResult
from tests.provider_sandbox import Sandbox


def stream(object_type: ObjectType) -> WritableStream:
    found = STREAMS[object_type]
    assert isinstance(found, WritableStream)
    return found


def outlet(object_type: ObjectType) -> Outlet:
    return PROVIDERS["quickbooks"].writers[object_type]


def key_of(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:40]


def create(values: Values, *, number: int = 0, attempt: int = 1) -> Write:
    key = key_of(f"create {number} {sorted(values.items(), key=str)}")
    return Write(key, key[:32], Operation.CREATE, values, whole=values, attempt=attempt)


def update(
    record: ExternalRecord, values: Values, *, whole: Values | None = None, operation: Operation = Operation.UPDATE
) -> Write:
    """Return a change; `whole` is what there is after it, where that counts."""
    key = key_of(f"{operation} {record.id} {record.version} {sorted(values.items(), key=str)}")
    return Write(
        key, key[:32], operation, values, whole=(whole or {}) | values, external_id=record.id, version=record.version,
        raw=record.raw,
    )  # fmt: skip


def delete(record: ExternalRecord) -> Write:
    return update(record, {}, operation=Operation.DELETE)


def again(writes: list[Write]) -> list[Write]:
    return [replace(write, attempt=write.attempt + 1) for write in writes]


def persistently(api: ApiSession, object_type: ObjectType, writes: list[Write]) -> list[WriteResult]:
    """Write until there is an answer, as a queue would."""
    for _ in range(10):
        try:
            return outlet(object_type).write_batch(api, writes)
        except Transient:
            writes = again(writes)
    raise AssertionError("there was never an answer")


def known(api: ApiSession, object_type: ObjectType) -> dict[str, ExternalRecord]:
    pages = STREAMS[object_type].read(api, {}, ReadScope())
    return {record.id: record for page in pages for record in page.records}


def lose(books: Sandbox, path: str, *, kind: str = "lost_answer", times: int = 1, skip: int = 0) -> None:
    """Let answers get lost after the work is done."""
    fault = {"provider": "quickbooks", "kind": kind, "path": path, "times": times, "skip": skip}
    books.ask("POST", "/faults", fault)


def asked(books: Sandbox) -> list[str]:
    """Return the last part of each path that was asked for, in their order."""
    entries = cast(list[dict[str, Any]], books.ask("GET", "/log")["entries"])
    return [str(entry["path"]).rpartition("/")[2] for entry in entries]


def good(results: list[WriteResult]) -> list[ExternalRecord]:
    assert [result.error for result in results] == [None] * len(results)
    return [result.record for result in results if result.record is not None]
