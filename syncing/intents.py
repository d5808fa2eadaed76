"""A write as it is stored before the call, so that it can be sent again exactly as it was. Pure."""

import hashlib
import uuid
from typing import Any

import orjson

from connections.models import Connection
from integrations.providers.types import OWN_KEYS, ObjectType, Operation, Write
from syncing.models import NEW
from syncing.typed_json import frozen, thawed


def key_of(
    connection: Connection,
    object_type: ObjectType,
    record: uuid.UUID,
    version: int,
    operation: Operation,
    *,
    rules: int = 0,
) -> str:
    """Return the idempotency key: the same for the same change of the same record, 40 hex characters (160 bits).

    `rules` is the version of the rules when it is for other rules that the same version is sent again.

    It begins with those that all writes of the connection share: where a provider tells by which request something
    changed, our own changes are known by them.
    """
    ours = f"hub:{connection.venue_id}:{connection.pk}"
    change = f"{version}:{operation}" + (f":rules {rules}" if rules else "")
    return _digest(ours)[:OWN_KEYS] + _digest(f"{ours}:{object_type}:{record}:{change}")[:32]


def stored(write: Write, version: int) -> str:
    """Return a write, and the record's version that it carries, as JSON."""
    told: dict[str, Any] = {
        "operation": write.operation, "values": frozen(write.values), "whole": frozen(write.whole),
        "remote_version": write.version, "version": version, "attempt": write.attempt,
    }  # fmt: skip
    return orjson.dumps(told).decode()


def reopened(record: uuid.UUID, external_id: str, key: str, push: str, raw: str | None) -> Write:
    """Return the write that was stored before a call whose outcome is not known, as the next attempt."""
    told = orjson.loads(push)
    return Write(
        key, record.hex, Operation(told["operation"]), thawed(told["values"]), thawed(told["whole"]),
        external_id="" if external_id.startswith(NEW) else external_id, version=told["remote_version"],
        raw=orjson.loads(raw or "{}"), attempt=told["attempt"] + 1,
    )  # fmt: skip


def version_of(push: str) -> int:
    """Return the record's version that a stored write carries."""
    return int(orjson.loads(push)["version"])


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
