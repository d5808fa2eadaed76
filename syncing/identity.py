"""Which records of a venue are one and the same. Nothing is guessed: a match is exact, or a person decides.

A customer is told apart by e-mail, else by phone number and family name; a product by the SKU of its first variant,
else by name and kind; everything else by nothing. The first record with an identity holds it (a unique constraint
sees to that); another with the same one is kept beside it, as its twin, and shows as a possible duplicate.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection as database

from integrations.providers.types import ObjectType

_LONGEST = 340
_HOLDERS = """
SELECT record.identity, record.id, record.fields, record.version, record.changed_at,
       link.id IS NOT NULL, CASE WHEN link.external_id LIKE 'new:%%' THEN link.id END
FROM records record
LEFT JOIN record_links link ON link.record_id = record.id AND link.connection_id = %(connection)s
     AND link.external_type = record.object_type
WHERE record.venue_id = %(venue)s AND record.object_type = %(object)s
  AND record.identity = ANY(ARRAY(SELECT jsonb_array_elements_text(%(identities)s::jsonb)))
"""
_GIVE_UP = """
UPDATE records SET identity = NULL
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(id uuid, identity text)
WHERE records.id = page.id AND records.identity IS DISTINCT FROM page.identity
"""
_CLAIM = """
UPDATE records SET identity = page.identity
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(id uuid, identity text)
WHERE records.id = page.id AND page.identity IS NOT NULL AND records.identity IS NULL
  AND NOT EXISTS (SELECT FROM records other WHERE other.venue_id = %(venue)s AND other.object_type = %(object)s
                  AND other.identity = page.identity)
"""


_TWINS = """
UPDATE records SET twin = CASE WHEN records.identity IS NULL THEN page.identity END
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(id uuid, identity text)
WHERE records.id = page.id
  AND records.twin IS DISTINCT FROM CASE WHEN records.identity IS NULL THEN page.identity END
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """The record that holds an identity, and whether it has a counterpart at the connection that asked.

    `waiting` is the link of one that was sent there and whose id is not known yet.
    """

    record: uuid.UUID
    fields: dict[str, Any]
    version: int
    changed_at: datetime
    is_linked: bool
    waiting: int | None


def of(object_type: ObjectType, fields: Mapping[str, Any]) -> str | None:
    """Return what tells a record apart, None where nothing does, without NUL characters, as it is stored. Pure."""
    if object_type == ObjectType.CUSTOMER:
        found = _customer(fields)
    elif object_type == ObjectType.PRODUCT:
        found = _product(fields)
    else:
        return None
    return found.replace("\x00", "")[:_LONGEST] if found else None


def holders(
    venue: uuid.UUID, connection: uuid.UUID, object_type: ObjectType, identities: Iterable[str]
) -> dict[str, Holder]:
    """Return who holds these identities. One query."""
    asked = sorted(set(identities))
    if not asked:
        return {}
    names: dict[str, Any] = {
        "venue": venue, "connection": connection, "object": str(object_type),
        "identities": orjson.dumps(asked).decode(),
    }  # fmt: skip
    with database.cursor() as cursor:
        cursor.execute(_HOLDERS, names)
        return {row[0]: Holder(row[1], orjson.loads(row[2]), *row[3:]) for row in cursor.fetchall()}


def claim(venue: uuid.UUID, object_type: ObjectType, fields_by_record: Mapping[uuid.UUID, Mapping[str, Any]]) -> None:
    """Bring the identities of records that the venue itself wrote in line with their fields; three statements.

    One that another record holds already is left empty and noted as its `twin`: a possible duplicate. Belongs in the
    writer's transaction.
    """
    told = {record: of(object_type, fields) for record, fields in fields_by_record.items()}
    first = {identity: record for record, identity in reversed(told.items())}  # of several alike the first has it
    rows = [{"id": record, "identity": each if first[each] == record else None} for record, each in told.items()]
    wanted = [{"id": record, "identity": each} for record, each in told.items()]
    names: dict[str, Any] = {"venue": venue, "object": str(object_type), "page": orjson.dumps(rows).decode()}
    with database.cursor() as cursor:
        cursor.execute(_GIVE_UP, names)
        cursor.execute(_CLAIM, names)
        cursor.execute(_TWINS, {"page": orjson.dumps(wanted).decode()})


def _customer(fields: Mapping[str, Any]) -> str:
    if fields.get("email"):
        return f"email:{str(fields['email']).lower()}"
    if fields.get("phone") and fields.get("family_name"):
        return f"phone:{fields['phone']}:{str(fields['family_name']).casefold()}"
    return ""


def _product(fields: Mapping[str, Any]) -> str:
    variants = fields.get("variants") or []
    sku = next((str(each["sku"]) for each in variants if isinstance(each, Mapping) and each.get("sku")), "")
    if sku:
        return f"sku:{sku}"
    return f"name:{str(fields['name']).casefold()}:{fields.get('kind') or ''}" if fields.get("name") else ""
