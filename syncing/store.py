"""Writes a page of records with a fixed number of statements, however many records it holds.

What is stored of a record: its canonical fields in `records`, and in `record_links` what the provider sent. Rows whose
raw content did not change are not touched at all; a record's version moves only when its canonical fields do.
"""

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import orjson
from django.db import connection as database

from connections.models import Connection
from integrations.ids import uuid7, uuid7_text
from integrations.providers.types import ExternalRecord, ObjectType
from syncing.models import LinkState

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
# An escaped NUL; a backslash that is itself escaped is stepped over, for behind it “u0000” is ordinary text.
_NUL = re.compile(r"(\\\\)|\\u0000")

_KNOWN = """
SELECT link.external_id, link.id, link.record_id, link.raw_hash, link.remote_version, link.remote_updated_at,
       link.state, record.content_hash
FROM record_links link LEFT JOIN records record ON record.id = link.record_id
WHERE link.connection_id = %s AND link.external_type = %s
  AND link.external_id = ANY(ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)))
"""
# Not COPY: it refuses tables with policies on rows.
_NEW_RECORDS = """
INSERT INTO records (id, venue_id, object_type, fields, version, content_hash, identity, twin, source_updated_at)
SELECT page.id, %(venue)s, %(object)s, page.fields, 1, page.content_hash, page.identity, page.twin, page.changed
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(id uuid, fields jsonb, content_hash text, identity text, twin text,
                                                 changed timestamptz)
"""
_NEW_LINKS = """
INSERT INTO record_links (record_id, connection_id, external_type, external_id, state, remote_version,
                          remote_updated_at, raw, raw_hash, problem, base, pushed_version)
SELECT page.record, %(connection)s, %(object)s, page.external_id, page.state, page.version, page.changed, page.raw,
       page.raw_hash, page.problem, page.base, page.pushed
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(record uuid, external_id text, state text, version text,
                                                 changed timestamptz, raw jsonb, raw_hash text, problem jsonb,
                                                 base jsonb, pushed bigint)
"""
_CHANGED_RECORDS = """
UPDATE records SET fields = page.fields, content_hash = page.content_hash, source_updated_at = page.changed,
                   version = records.version + 1, changed_at = now(), deleted_at = NULL, identity = page.identity,
                   twin = page.twin
FROM jsonb_to_recordset(%s::jsonb) AS page(id uuid, fields jsonb, content_hash text, identity text, twin text,
                                           changed timestamptz)
WHERE records.id = page.id AND (records.content_hash <> page.content_hash OR records.deleted_at IS NOT NULL)
"""
# Before a record changes: what its other counterparts agreed on is what it has until now.
_BASES_OF_OTHERS = """
UPDATE record_links other SET base = records.fields
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(id uuid, content_hash text), records
WHERE records.id = page.id AND records.content_hash <> page.content_hash
  AND other.record_id = page.id AND other.base IS NULL AND other.connection_id <> %(connection)s
"""
_CHANGED_LINKS = """
UPDATE record_links SET record_id = page.record, state = page.state, remote_version = page.version,
       remote_updated_at = page.changed, raw = page.raw, raw_hash = page.raw_hash, base = page.base,
       external_id = page.external_id, pulled_at = now(), seen_at = now(), problem = page.problem,
       pushed_version = CASE WHEN page.base IS NULL THEN (SELECT version FROM records WHERE id = page.record) END
FROM jsonb_to_recordset(%s::jsonb) AS page(id bigint, record uuid, state text, version text, changed timestamptz,
                                           raw jsonb, raw_hash text, problem jsonb, base jsonb, external_id text)
WHERE record_links.id = page.id
"""
_DELETED_LINKS = """
UPDATE record_links SET state = 'deleted', pulled_at = now(),
       remote_version = coalesce(nullif(page.version, ''), remote_version),
       remote_updated_at = coalesce(page.changed, remote_updated_at)
FROM jsonb_to_recordset(%s::jsonb) AS page(id bigint, version text, changed timestamptz)
WHERE record_links.id = page.id AND record_links.state <> 'deleted'
"""
_DELETED_RECORDS = """
UPDATE records SET deleted_at = now(), changed_at = now(), version = version + 1
WHERE id = ANY(%s) AND deleted_at IS NULL AND external_key IS NULL
  AND NOT EXISTS (SELECT 1 FROM record_links link WHERE link.record_id = records.id AND link.state <> 'deleted')
"""
_SEEN = "UPDATE record_links SET seen_at = now() WHERE id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of an external id before a page is written."""

    link: int
    record: uuid.UUID | None
    raw_hash: str
    version: str
    updated_at: datetime | None
    state: str
    content_hash: str | None

    def is_newer_than(self, incoming: ExternalRecord) -> bool:
        """Return whether the incoming one is older news, by the provider's own version or time, never by arrival.

        What is gone comes back with something newer only, not with what was known of it before.
        """
        same = self.state == LinkState.DELETED and not incoming.deleted
        if self.version.isdigit() and incoming.version.isdigit():
            return int(self.version) > int(incoming.version) - same
        if self.updated_at is None or incoming.updated_at is None:
            return False
        return self.updated_at > incoming.updated_at or (same and self.updated_at == incoming.updated_at)


@dataclass(frozen=True, slots=True)
class Raw:
    """A provider's JSON as text, and 32 hex characters that are equal for equal JSON."""

    text: str
    hash: str

    @classmethod
    def of(cls, value: Any) -> Self:
        """Return the text and hash of a decoded JSON value."""
        text = _text(value)
        return cls(text, hash_of(text))


@dataclass(slots=True)
class Draft:
    """One record as it shall be stored: `fields` None when the record cannot be kept, `problem` then says why."""

    external: ExternalRecord
    raw: "Raw"
    fields: dict[str, Any] | None = None
    state: LinkState = LinkState.IN_STEP
    problem: dict[str, Any] | None = None
    # Set by `joining`: the record that it is the counterpart of, where it has none of its own, that record's version,
    # what tells it apart (or, where another record has that, its `twin`), and what theirs says where the record says
    # something else.
    record: uuid.UUID | None = None
    record_version: int = 0
    identity: str | None = None
    twin: str | None = None
    base: dict[str, Any] | None = None


@dataclass(slots=True)
class Counts:
    """What became of the records of a page."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    left_out: int = 0
    failed: int = 0


@dataclass(slots=True)
class Batch:
    """A page, sorted by what has to be done."""

    drafts: list[Draft] = field(default_factory=list)
    deleted: list[ExternalRecord] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)


def known(connection: Connection, object_type: ObjectType, ids: Sequence[str]) -> dict[str, Known]:
    """Return what is stored of these external ids. One query."""
    with database.cursor() as cursor:
        # As JSON: a thousand texts bound as an array cost three times as much.
        cursor.execute(_KNOWN, [connection.pk, object_type, orjson.dumps(list(ids)).decode()])
        return {row[0]: Known(*row[1:]) for row in cursor.fetchall()}


def write(
    connection: Connection, object_type: ObjectType, batch: Batch, stored: dict[str, Known], *, full: bool
) -> Counts:
    """Write a batch and return the counts. To be called in the transaction that also saves the cursor.

    `stored` is what `known` returned under the same lease: this job is the stream's only writer. In a `full` read the
    links that were met are marked, so that those that were not can be asked about.
    """
    counts = Counts(unchanged=len(batch.unchanged))
    new = [draft for draft in batch.drafts if draft.external.id not in stored]
    matched = [draft for draft in new if draft.record is not None]
    changed = [draft for draft in batch.drafts if draft.external.id in stored]
    for draft in batch.drafts:
        counts.left_out += draft.state == LinkState.LEFT_OUT
        counts.failed += draft.state == LinkState.FAILING
    with database.cursor() as cursor:
        if matched:
            counts.updated += _change_records(
                cursor, connection, [_row(draft, draft.record) for draft in matched if draft.record]
            )
        if new:
            counts.created = _insert(cursor, connection, object_type, new)
        if changed:
            updated = _update(cursor, connection, object_type, changed, stored)
            kept = sum(draft.fields is not None for draft in changed)
            counts.unchanged += kept - updated
            counts.updated += updated
        if batch.deleted:
            counts.deleted = _delete(cursor, batch.deleted, stored)
        if full and batch.unchanged:
            cursor.execute(_SEEN, [batch.unchanged])
    return counts


def _insert(cursor: Any, connection: Connection, object_type: ObjectType, drafts: list[Draft]) -> int:
    """Return how many records are new; a counterpart of one that was there already brings none."""
    ids = [_record_of(draft) for draft in drafts]
    made = [_row(d, i) for i, d in zip(ids, drafts, strict=True) if i and d.record is None]
    _insert_records(cursor, connection, object_type, made)
    page = _text([_link(record, draft) for record, draft in zip(ids, drafts, strict=True)])
    cursor.execute(_NEW_LINKS, {"connection": connection.pk, "object": object_type, "page": page})
    return len(made)


def _link(record: str | None, draft: Draft) -> dict[str, Any]:
    external = draft.external
    return {
        "record": record, "external_id": external.id, "state": draft.state, "version": external.version,
        "changed": external.updated_at, "raw": orjson.Fragment(draft.raw.text), "raw_hash": draft.raw.hash,
        "problem": draft.problem or None, "base": draft.base, "pushed": _pushed(draft),
    }  # fmt: skip


def _record_of(draft: Draft) -> str | None:
    if draft.record is not None:
        return str(draft.record)
    return uuid7_text() if draft.fields is not None else None


def _pushed(draft: Draft) -> int | None:
    """Return the version of the record that theirs is as new as, None where the record says something else."""
    if draft.base is not None or draft.fields is None:
        return None
    return draft.record_version or 1


def _row(draft: Draft, record: uuid.UUID | str) -> dict[str, Any]:
    text = _text(draft.fields)
    return {
        "id": record, "fields": orjson.Fragment(text), "content_hash": hash_of(text), "identity": draft.identity,
        "twin": draft.twin, "changed": draft.external.updated_at,
    }  # fmt: skip


def _change_records(cursor: Any, connection: Connection, rows: list[dict[str, Any]]) -> int:
    """Change records and return how many really changed; what others agreed on with them is noted before."""
    page = _text(rows)
    cursor.execute(_BASES_OF_OTHERS, {"page": page, "connection": connection.pk})
    cursor.execute(_CHANGED_RECORDS, [page])
    count: int = cursor.rowcount
    return count


def _insert_records(cursor: Any, connection: Connection, object_type: ObjectType, rows: list[dict[str, Any]]) -> None:
    if rows:
        cursor.execute(_NEW_RECORDS, {"venue": connection.venue_id, "object": object_type, "page": _text(rows)})


def _update(
    cursor: Any, connection: Connection, object_type: ObjectType, drafts: list[Draft], stored: dict[str, Known]
) -> int:
    """Return how many records' canonical fields changed; links are refreshed for all."""
    records, links, fresh = [], [], []
    for draft in drafts:
        before, external = stored[draft.external.id], draft.external
        record = before.record
        if draft.fields is not None:
            if record is None:
                record = uuid7()
                fresh.append(_row(draft, record))
            else:
                records.append(_row(draft, record))
        links.append({
            "id": before.link, "record": record, "state": draft.state, "version": external.version,
            "changed": external.updated_at, "raw": orjson.Fragment(draft.raw.text), "raw_hash": draft.raw.hash,
            "problem": draft.problem, "base": draft.base, "external_id": external.id,
        })  # fmt: skip
    if fresh:
        _insert_records(cursor, connection, object_type, fresh)
    updated = len(fresh)
    if records:
        updated += _change_records(cursor, connection, records)
    cursor.execute(_CHANGED_LINKS, [_text(links)])
    return updated


def _delete(cursor: Any, deleted: list[ExternalRecord], stored: dict[str, Known]) -> int:
    """Return how many links became tombstones; what was never stored needs none."""
    rows = [
        {"id": stored[each.id].link, "version": each.version, "changed": each.updated_at}
        for each in deleted
        if each.id in stored
    ]
    if not rows:
        return 0
    cursor.execute(_DELETED_LINKS, [_text(rows)])
    count: int = cursor.rowcount
    if count:
        cursor.execute(_DELETED_RECORDS, [[stored[each.id].record for each in deleted if each.id in stored]])
    return count


def content(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return a record's fields as the text that is stored, and their content hash."""
    text = _text(fields)
    return text, hash_of(text)


def _text(value: Any) -> str:
    """Return sorted JSON text; PostgreSQL's jsonb cannot hold NUL, so an escaped one is dropped."""
    text = orjson.dumps(value, option=_CANONICAL).decode()
    return _NUL.sub(r"\1", text) if "\\u0000" in text else text


def hash_of(text: str) -> str:
    """Return 32 hex characters that are equal for equal text."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
