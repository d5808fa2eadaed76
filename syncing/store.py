"""Writes a page of records with a fixed number of statements, however many records it holds.

What is stored of a record: its canonical fields in `records`, and in `record_links` what the provider sent. Rows whose
raw content did not change are not touched at all; a record's version moves only when its canonical fields do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from django.db import connection as database

from connections.models import Connection
from integrations.providers.types import ObjectType
from syncing.drafts import Counts, Known
from syncing.sheets import Sheet

_KNOWN = """
SELECT link.external_id, link.id, link.record_id, link.raw_hash, link.remote_version, link.remote_updated_at,
       link.state, record.content_hash
FROM record_links link LEFT JOIN records record ON record.id = link.record_id
WHERE link.connection_id = %s AND link.external_type = %s
  AND link.external_id = ANY(ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)))
"""
# A page comes as one array for each column. Not COPY: it refuses tables with policies on rows. Ids are made of text as
# whole arrays: where a comparison casts, the wall between venues keeps it from the index.
_NEW_RECORDS = """
INSERT INTO records (id, venue_id, object_type, fields, version, content_hash, identity, twin, source_updated_at)
SELECT page.id, %(venue)s, %(object)s, page.fields::jsonb, 1, page.content_hash, page.identity, page.twin,
       page.changed
FROM unnest(%(id)b::uuid[], %(fields)b::text[], %(content_hash)b::text[], %(identity)b::text[], %(twin)b::text[],
            %(changed)b::timestamptz[]) AS page(id, fields, content_hash, identity, twin, changed)
"""
_NEW_LINKS = """
INSERT INTO record_links (record_id, connection_id, external_type, external_id, state, remote_version,
                          remote_updated_at, raw, raw_hash, problem, base, pushed_version)
SELECT page.record, %(connection)s, %(object)s, page.external_id, page.state, page.version, page.changed,
       page.raw::jsonb, page.raw_hash, page.problem::jsonb, page.base::jsonb, page.pushed
FROM unnest(%(record)b::uuid[], %(external_id)b::text[], %(state)b::text[], %(version)b::text[],
            %(changed)b::timestamptz[], %(raw)b::text[], %(raw_hash)b::text[], %(problem)b::text[], %(base)b::text[],
            %(pushed)b::bigint[])
     AS page(record, external_id, state, version, changed, raw, raw_hash, problem, base, pushed)
"""
_CHANGED_RECORDS = """
UPDATE records SET fields = page.fields::jsonb, content_hash = page.content_hash, source_updated_at = page.changed,
                   version = records.version + 1, changed_at = now(), deleted_at = NULL, identity = page.identity,
                   twin = page.twin
FROM unnest(%(id)b::uuid[], %(fields)b::text[], %(content_hash)b::text[], %(identity)b::text[], %(twin)b::text[],
            %(changed)b::timestamptz[]) AS page(id, fields, content_hash, identity, twin, changed)
WHERE records.id = page.id AND (records.content_hash <> page.content_hash OR records.deleted_at IS NOT NULL)
"""
# Before a record changes: what its other counterparts agreed on is what it has until now.
_BASES_OF_OTHERS = """
UPDATE record_links other SET base = records.fields
FROM unnest(%(id)b::uuid[], %(content_hash)b::text[]) AS page(id, content_hash), records
WHERE records.id = page.id AND records.content_hash <> page.content_hash
  AND other.record_id = records.id AND other.base IS NULL AND other.connection_id <> %(connection)s
"""
_CHANGED_LINKS = """
UPDATE record_links SET record_id = page.record, state = page.state, remote_version = page.version,
       remote_updated_at = page.changed, raw = page.raw::jsonb, raw_hash = page.raw_hash, base = page.base::jsonb,
       external_id = page.external_id, pulled_at = now(), seen_at = now(), problem = page.problem::jsonb,
       pushed_version = CASE WHEN page.base IS NULL
                             THEN (SELECT version FROM records WHERE id = page.record) END
FROM unnest(%(id)b::bigint[], %(record)b::uuid[], %(external_id)b::text[], %(state)b::text[], %(version)b::text[],
            %(changed)b::timestamptz[], %(raw)b::text[], %(raw_hash)b::text[], %(problem)b::text[], %(base)b::text[])
     AS page(id, record, external_id, state, version, changed, raw, raw_hash, problem, base)
WHERE record_links.id = page.id
"""
_DELETED_LINKS = """
UPDATE record_links SET state = 'deleted', pulled_at = now(),
       remote_version = coalesce(nullif(page.version, ''), remote_version),
       remote_updated_at = coalesce(page.changed, remote_updated_at)
FROM unnest(%(id)b::bigint[], %(version)b::text[], %(changed)b::timestamptz[]) AS page(id, version, changed)
WHERE record_links.id = page.id AND record_links.state <> 'deleted'
"""
_DELETED_RECORDS = """
UPDATE records SET deleted_at = now(), changed_at = now(), version = version + 1
WHERE id = ANY(%s) AND deleted_at IS NULL AND external_key IS NULL
  AND NOT EXISTS (SELECT 1 FROM record_links link WHERE link.record_id = records.id AND link.state <> 'deleted')
"""
_SEEN = "UPDATE record_links SET seen_at = now() WHERE id = ANY(%s)"


def known(connection: Connection, object_type: ObjectType, ids: Sequence[str]) -> dict[str, Known]:
    """Return what is stored of these external ids. One query."""
    with database.cursor() as cursor:
        # As JSON: a thousand texts bound as an array cost three times as much.
        cursor.execute(_KNOWN, [connection.pk, object_type, orjson.dumps(list(ids)).decode()])
        return {row[0]: Known(*row[1:]) for row in cursor.fetchall()}


def write(connection: Connection, object_type: ObjectType, sheet: Sheet, *, full: bool) -> Counts:
    """Write a sheet and return the counts. To be called in the transaction that also saves the cursor.

    It was prepared under the same lease: this job is the stream's only writer. In a `full` read the links that were met
    are marked, so that those that were not can be asked about.
    """
    counts = replace(sheet.counts)
    beside: dict[str, Any] = {"venue": connection.venue_id, "connection": connection.pk, "object": object_type}
    with database.binding_cursor() as cursor:  # type: ignore[attr-defined]  # of integrations/walled
        if sheet.matched:
            counts.updated += _change_records(cursor, beside | sheet.matched)
        if sheet.records:
            cursor.execute(_NEW_RECORDS, beside | sheet.records)
        if sheet.links:
            cursor.execute(_NEW_LINKS, beside | sheet.links)
        if sheet.changed_links:
            updated = _change_records(cursor, beside | sheet.changed) if sheet.changed else 0
            cursor.execute(_CHANGED_LINKS, sheet.changed_links)
            counts.updated += updated
            counts.unchanged -= updated
        if sheet.deleted_links:
            counts.deleted = _delete(cursor, sheet)
        if full and sheet.met:
            cursor.execute(_SEEN, [sheet.met])
    return counts


def _change_records(cursor: Any, page: Mapping[str, Any]) -> int:
    """Change records and return how many really changed; what others agreed on with them is noted before."""
    cursor.execute(_BASES_OF_OTHERS, page)
    cursor.execute(_CHANGED_RECORDS, page)
    count: int = cursor.rowcount
    return count


def _delete(cursor: Any, sheet: Sheet) -> int:
    """Return how many links became tombstones."""
    cursor.execute(_DELETED_LINKS, sheet.deleted_links)
    count: int = cursor.rowcount
    if count:
        cursor.execute(_DELETED_RECORDS, [sheet.deleted_records])
    return count
