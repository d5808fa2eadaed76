"""The statements behind `syncing/own.py`: each works on any number of records at once."""

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from django.db import IntegrityError, OperationalError, transaction
from django.db import connection as database
from psycopg.errors import DeadlockDetected, UniqueViolation

from integrations.providers.types import ObjectType
from syncing import drafts

_Answer = TypeVar("_Answer")
_TRIES = 3
_BY_KEY = """
SELECT id, external_key, fields, version, content_hash, deleted_at IS NOT NULL FROM records
WHERE venue_id = %(venue)s AND object_type = %(object)s AND external_key = ANY(%(asked)s)
ORDER BY id FOR NO KEY UPDATE
"""
_BY_ID = """
SELECT id, external_key, fields, version, content_hash, deleted_at IS NOT NULL FROM records
WHERE venue_id = %(venue)s AND object_type = %(object)s AND id = ANY(%(asked)s)
ORDER BY id FOR NO KEY UPDATE
"""
_INSERT = """
INSERT INTO records (id, venue_id, object_type, external_key, fields, version, content_hash)
SELECT page.id, %(venue)s, %(object)s, page.key, page.fields, 1, page.content_hash
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(id uuid, key text, fields jsonb, content_hash text)
ON CONFLICT (venue_id, object_type, external_key) WHERE external_key IS NOT NULL DO NOTHING
RETURNING id
"""
# What both sides agreed on is what the record has until now.
_BASES = """
UPDATE record_links link SET base = records.fields
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(id uuid, content_hash text), records
WHERE records.id = page.id AND records.content_hash <> page.content_hash
  AND link.record_id = page.id AND link.base IS NULL
"""
_CHANGE = """
UPDATE records SET fields = page.fields, content_hash = page.content_hash, version = records.version + 1,
                   changed_at = statement_timestamp(), deleted_at = NULL
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(id uuid, fields jsonb, content_hash text)
WHERE records.id = page.id
RETURNING records.id, records.version
"""
# One that came from a provider, is told apart by the same, and has no key of the venue's yet, becomes the venue's own.
_TAKE_OVER = """
UPDATE records SET external_key = page.key
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(key text, identity text)
WHERE records.venue_id = %(venue)s AND records.object_type = %(object)s AND records.identity = page.identity
  AND records.external_key IS NULL AND records.deleted_at IS NULL
"""
_DELETE = """
UPDATE records SET deleted_at = statement_timestamp(), changed_at = statement_timestamp(), version = version + 1
WHERE venue_id = %(venue)s AND object_type = %(object)s AND id = ANY(%(asked)s) AND deleted_at IS NULL
RETURNING id
"""


def in_one_piece(work: Callable[[], _Answer]) -> _Answer:
    """Return what the work returns, done in one transaction; again when it and another one were at the
    same records in the same moment."""
    for _ in range(_TRIES - 1):
        try:
            with transaction.atomic():
                return work()
        except (IntegrityError, OperationalError) as error:
            if not isinstance(error.__cause__, (DeadlockDetected, UniqueViolation)):
                raise
    with transaction.atomic():
        return work()


@dataclass(frozen=True, slots=True)
class Held:
    """A record as it is stored, locked until the transaction ends."""

    id: uuid.UUID
    key: str | None
    fields: dict[str, Any]
    version: int
    content_hash: str
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A record's new content as it is stored."""

    id: uuid.UUID
    key: str | None
    text: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Table:
    """The records of one object of a venue."""

    venue: uuid.UUID
    object_type: ObjectType

    def by_key(self, keys: Collection[str]) -> dict[str, Held]:
        """Return the records with these keys of the venue, locked. One query, none for none."""
        return {row.key: row for row in self._held(_BY_KEY, sorted(keys)) if row.key is not None}

    def by_id(self, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Held]:
        """Return the records with these ids, locked. One query, none for none."""
        return {row.id: row for row in self._held(_BY_ID, list(ids))}

    def take_over(self, identities: Mapping[str, str]) -> None:
        """Give records that came from a provider the venue's own keys, by what tells them apart. One statement."""
        if identities:
            page = [{"key": key, "identity": identity} for key, identity in identities.items()]
            with database.cursor() as cursor:
                cursor.execute(_TAKE_OVER, self._names() | {"page": orjson.dumps(page).decode()})

    def insert(self, rows: Collection[Row]) -> set[uuid.UUID]:
        """Return the ids of those that were made; somebody else has made the others, by key, in this moment."""
        if not rows:
            return set()
        in_order = sorted(rows, key=lambda each: each.key or "")  # two at once never wait for each other crosswise
        with database.cursor() as cursor:
            cursor.execute(_INSERT, self._names() | {"page": _page(in_order)})
            return {row[0] for row in cursor.fetchall()}

    def change(self, rows: Collection[Row]) -> dict[uuid.UUID, int]:
        """Change locked records and return their new versions; what their counterparts agreed on is noted before."""
        if not rows:
            return {}
        page = {"page": _page(rows)}
        with database.cursor() as cursor:
            cursor.execute(_BASES, page)
            cursor.execute(_CHANGE, page)
            return dict(cursor.fetchall())

    def delete(self, ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
        """Return the ids of those that became tombstones; the others were gone already or never there."""
        if not ids:
            return []
        with database.cursor() as cursor:
            cursor.execute(_DELETE, self._names() | {"asked": list(ids)})
            return [row[0] for row in cursor.fetchall()]

    def _held(self, query: str, asked: list[Any]) -> Iterable[Held]:
        if not asked:
            return []
        with database.cursor() as cursor:
            cursor.execute(query, self._names() | {"asked": asked})
            return [Held(row[0], row[1], orjson.loads(row[2]), *row[3:]) for row in cursor.fetchall()]

    def _names(self) -> dict[str, Any]:
        return {"venue": self.venue, "object": str(self.object_type)}


def row(record: uuid.UUID, key: str | None, fields: dict[str, Any]) -> Row:
    """Return fields as they are stored."""
    text, content_hash = drafts.content(fields)
    return Row(record, key, text, content_hash)


def _page(rows: Iterable[Row]) -> str:
    page = [
        {"id": each.id, "key": each.key, "fields": orjson.Fragment(each.text), "content_hash": each.content_hash}
        for each in rows
    ]
    return orjson.dumps(page).decode()
