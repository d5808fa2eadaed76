"""The rows behind a write: the intent that is stored before the call, and what is stored of its result.

Every function is a fixed number of statements for a whole batch and belongs in a transaction that holds the lease.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection as database

from connections.models import Connection
from integrations.providers.types import ExternalRecord, ObjectType
from syncing import intents
from syncing.drafts import Raw
from syncing.models import NEW, LinkState
from syncing.planning import Step

_INTEND = """
INSERT INTO record_links (record_id, connection_id, external_type, external_id, state, remote_version, raw, raw_hash,
                          push, push_key, push_started_at, pulled_at, seen_at)
SELECT page.record, %(connection)s, %(object)s, page.external_id, 'waiting', '', '{}', '', page.push, page.key, now(),
       NULL, NULL
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(record uuid, external_id text, push jsonb, key text)
ON CONFLICT (record_id, connection_id, external_type) DO UPDATE
SET push = excluded.push, push_key = excluded.push_key, push_started_at = now()
RETURNING record_id, id
"""
# One that waited, such as after a version that was no longer theirs, has nothing to wait for any more.
_SETTLED = """
UPDATE record_links link
SET pushed_version = greatest(coalesce(link.pushed_version, 0), page.version),
    state = CASE link.state WHEN 'waiting' THEN 'in_step' ELSE link.state END,
    problem = CASE WHEN link.state <> 'waiting' THEN link.problem END
FROM jsonb_to_recordset(%s::jsonb) AS page(id bigint, version int)
WHERE link.id = page.id
"""
_LEFT_OUT = """
INSERT INTO record_links (record_id, connection_id, external_type, external_id, state, remote_version, raw, raw_hash,
                          pushed_version, problem, pulled_at, seen_at)
SELECT page.record, %(connection)s, %(object)s, page.external_id, 'left_out', '', '{}', '', page.version, page.problem,
       NULL, NULL
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(record uuid, external_id text, version int, problem jsonb)
ON CONFLICT (record_id, connection_id, external_type) DO UPDATE
SET pushed_version = excluded.pushed_version, problem = excluded.problem,
    state = CASE WHEN record_links.external_id LIKE 'new:%%' THEN 'left_out' ELSE record_links.state END
"""
# An inbound read may have met the object before its maker heard of it, and have made a record of it.
_DOUBLES = """
DELETE FROM record_links other
USING jsonb_to_recordset(%(page)s::jsonb) AS page(id bigint, external_id text)
WHERE other.connection_id = %(connection)s AND other.external_type = %(object)s
  AND other.external_id = page.external_id AND other.id <> page.id
RETURNING other.record_id
"""
_FORGET = """
DELETE FROM records WHERE id = ANY(%s) AND external_key IS NULL
  AND NOT EXISTS (SELECT 1 FROM record_links link WHERE link.record_id = records.id)
"""
# An inbound read may also have brought something newer meanwhile; that stays.
_SENT = """
WITH page AS (
    SELECT answer.*, answer.deleted OR coalesce(link.remote_updated_at > answer.changed, false) AS keeps
    FROM jsonb_to_recordset(%s::jsonb) AS answer(id bigint, external_id text, raw jsonb, raw_hash text,
                                                 remote_version text, changed timestamptz, base jsonb, version int,
                                                 pushed_hash text, deleted boolean)
    JOIN record_links link ON link.id = answer.id
)
UPDATE record_links link
SET external_id = page.external_id, pulled_at = now(), push = NULL, push_key = '', push_started_at = NULL,
    pushed_version = page.version, pushed_hash = page.pushed_hash,
    raw = CASE WHEN page.keeps THEN link.raw ELSE page.raw END,
    raw_hash = CASE WHEN page.keeps THEN link.raw_hash ELSE page.raw_hash END,
    remote_version = CASE WHEN page.keeps AND NOT (page.deleted AND page.remote_version <> '')
                          THEN link.remote_version ELSE page.remote_version END,
    remote_updated_at = CASE WHEN page.keeps THEN greatest(link.remote_updated_at, page.changed) ELSE page.changed END,
    base = CASE WHEN page.keeps THEN link.base ELSE page.base END,
    state = CASE WHEN page.deleted THEN 'deleted' WHEN link.state = 'conflict' THEN 'conflict' ELSE 'in_step' END,
    problem = CASE WHEN link.state = 'conflict' AND NOT page.deleted THEN link.problem END
FROM page
WHERE link.id = page.id
"""
_REFUSED = """
UPDATE record_links link
SET push = NULL, push_key = '', push_started_at = NULL, state = page.state, problem = page.problem,
    pushed_version = CASE WHEN page.again THEN link.pushed_version ELSE page.version END
FROM jsonb_to_recordset(%s::jsonb) AS page(id bigint, state text, problem jsonb, version int, again boolean)
WHERE link.id = page.id
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A write that went through: its link, the object as it stands there, and what both sides agree on now.

    `base` None: on the record as it is. `is_more` when the object also holds what somebody else changed there: the next
    read takes that in.
    """

    link: int
    version: int
    record: ExternalRecord
    base: dict[str, Any] | None
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A write that did not: the state of its link from now on. `again` when it shall be tried without a new change."""

    link: int
    version: int
    state: LinkState
    problem: dict[str, Any]
    again: bool = False


def intend(connection: Connection, object_type: ObjectType, steps: Sequence[Step]) -> dict[uuid.UUID, int]:
    """Store the intent of each step and return the links by record. One statement."""
    page = [
        {
            "record": step.record, "external_id": f"{NEW}{step.record.hex}",
            "push": orjson.Fragment(intents.stored(step.write, step.version)), "key": step.write.key,
        }
        for step in steps
        if step.write is not None
    ]  # fmt: skip
    asked = _names(connection, object_type) | {"page": orjson.dumps(page).decode()}
    with database.cursor() as cursor:
        cursor.execute(_INTEND, asked)
        return dict(cursor.fetchall())


def settle(connection: Connection, object_type: ObjectType, steps: Sequence[Step]) -> None:
    """Note that nothing has to be sent of these versions, and of which it cannot be, with the reason."""
    done = [{"id": step.link, "version": step.version} for step in steps if step.link and not step.left_out]
    left = [
        {
            "record": step.record, "external_id": f"{NEW}{step.record.hex}", "version": step.version,
            "problem": {"class": "missing_value", "code": "", "field": "", "sentence": step.left_out, "since": None},
        }
        for step in steps
        if step.left_out
    ]  # fmt: skip
    with database.cursor() as cursor:
        if done:
            cursor.execute(_SETTLED, [orjson.dumps(done).decode()])
        if left:
            cursor.execute(_LEFT_OUT, _names(connection, object_type) | {"page": orjson.dumps(left).decode()})


def sent(connection: Connection, object_type: ObjectType, results: Sequence[Sent]) -> None:
    """Store what the provider has now. What an inbound read made of our own new objects goes to their links."""
    if not results:
        return
    rows = []
    for each in results:
        raw = Raw.of(each.record.raw)
        rows.append({
            "id": each.link, "external_id": each.record.id, "raw": orjson.Fragment(raw.text),
            "raw_hash": "" if each.is_more else raw.hash, "pushed_hash": raw.hash,
            "remote_version": each.record.version, "changed": each.record.updated_at, "base": each.base,
            "version": each.version, "deleted": each.record.deleted,
        })  # fmt: skip
    page = orjson.dumps(rows).decode()
    with database.cursor() as cursor:
        cursor.execute(_DOUBLES, _names(connection, object_type) | {"page": page})
        doubles = [row[0] for row in cursor.fetchall() if row[0]]
        if doubles:
            cursor.execute(_FORGET, [doubles])
        cursor.execute(_SENT, [page])


def refused(results: Sequence[Refused]) -> None:
    """Store what was refused and why. One statement."""
    rows = [
        {
            "id": each.link, "state": each.state, "problem": each.problem, "version": each.version, "again": each.again,
        }
        for each in results
    ]  # fmt: skip
    if rows:
        with database.cursor() as cursor:
            cursor.execute(_REFUSED, [orjson.dumps(rows).decode()])


def _names(connection: Connection, object_type: ObjectType) -> dict[str, Any]:
    return {"connection": connection.pk, "object": str(object_type)}
