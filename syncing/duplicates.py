"""Records that may be one and the same, and what a person says: the same, or somebody else.

A pair is shown when one record would be told apart by what another one holds, or when a provider refused to make a
record because it has one of that name already. Nothing is guessed: until a person has spoken, both are kept.
"""

import logging
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection as database
from django.db import transaction
from django.db.models import F

from integrations.models import Venue
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from mappings import canonical
from syncing import fanout, identity, merge, own_rows, tasks
from syncing.merge import Policy
from syncing.models import NEW, LinkState, Record, RecordLink, Trigger

logger = logging.getLogger(__name__)

_PAIRS = """
SELECT other.id, holder.id, '' AS sentence
FROM records other
JOIN records holder ON holder.venue_id = other.venue_id AND holder.object_type = other.object_type
     AND holder.identity = other.twin AND holder.id <> other.id
WHERE other.venue_id = %(venue)s AND other.twin IS NOT NULL AND other.twin IS DISTINCT FROM other.apart
  AND other.deleted_at IS NULL AND holder.deleted_at IS NULL
  AND (%(only)s::uuid[] IS NULL OR (other.id = ANY(%(only)s) AND holder.id = ANY(%(only)s)))
UNION
SELECT refused.record_id, there.record_id, refused.problem ->> 'sentence'
FROM record_links refused
JOIN connections link ON link.id = refused.connection_id AND link.venue_id = %(venue)s
JOIN record_links there ON there.connection_id = refused.connection_id
     AND there.external_type = refused.external_type AND there.external_id = refused.problem ->> 'existing'
JOIN records ours ON ours.id = refused.record_id AND ours.deleted_at IS NULL
WHERE refused.state = 'conflict' AND refused.problem ->> 'existing' <> '' AND there.record_id IS NOT NULL
  AND there.record_id <> refused.record_id
  AND (%(only)s::uuid[] IS NULL OR (refused.record_id = ANY(%(only)s) AND there.record_id = ANY(%(only)s)))
ORDER BY 1, 2
LIMIT %(limit)s
"""
# The counterparts go over with what both sides agreed on, so that the next outbound sync sees what differs.
_MOVE = """
UPDATE record_links link SET record_id = %(keep)s, base = coalesce(link.base, gone.fields), pushed_version = NULL
FROM records gone
WHERE gone.id = %(drop)s AND link.record_id = gone.id AND link.external_id NOT LIKE 'new:%%'
"""
_FORGET = "DELETE FROM record_links WHERE record_id = ANY(%(records)s) AND external_id LIKE 'new:%%' AND push IS NULL"
_DROP = """
UPDATE records SET deleted_at = statement_timestamp(), changed_at = statement_timestamp(), version = version + 1,
       merged_into_id = %(keep)s, external_key = NULL, identity = NULL, twin = NULL
WHERE id = %(drop)s
"""
_KEEP_KEY = "UPDATE records SET external_key = coalesce(external_key, %(key)s) WHERE id = %(keep)s"
_REDIRECT = "UPDATE records SET merged_into_id = %(keep)s WHERE merged_into_id = %(drop)s"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one. `refusal` is the sentence of the provider that has one already, "" where none is.

    `why_not` says why they cannot be made one here, "" when they can.
    """

    first: Record
    second: Record
    refusal: str
    why_not: str


@dataclass(frozen=True, slots=True)
class _Standing:
    """A counterpart of one of them: where, under which id, and whether a write to it has no result yet."""

    connection: uuid.UUID
    provider: str
    external_id: str
    is_under_way: bool

    @property
    def is_there(self) -> bool:
        """Return whether the provider has named it."""
        return not self.external_id.startswith(NEW)


def pairs(venue: Venue, *, limit: int = 50, only: Collection[uuid.UUID] | None = None) -> list[Pair]:
    """Return the pairs about which a person has to decide, the older record of each first. Three queries.

    `only`: those of these records.
    """
    asked: dict[str, Any] = {"venue": venue.pk, "limit": limit, "only": list(only) if only is not None else None}
    with database.cursor() as cursor:
        cursor.execute(_PAIRS, asked)
        found = {tuple(sorted(row[:2])): str(row[2]) for row in cursor.fetchall()}
    ids = {each for pair in found for each in pair}
    records = Record.objects.in_bulk(ids)
    standing = dict[uuid.UUID, list[_Standing]]()
    links = RecordLink.objects.filter(record__in=ids).exclude(state=LinkState.DELETED)
    told = links.values_list("record", "connection", "connection__provider", "external_id", "push__attempt")
    for record, connection, provider, external_id, attempt in told:
        standing.setdefault(record, []).append(_Standing(connection, provider, external_id, attempt is not None))
    return [
        Pair(
            records[one], records[other], sentence,
            _why_not(records[one], records[other], standing.get(one, []), standing.get(other, [])),
        )
        for (one, other), sentence in found.items()
    ]  # fmt: skip


def any_of(venue: Venue, object_type: ObjectType) -> bool:
    """Return whether there is anything to decide about records of one object. One query, by its own index."""
    twins = Record.objects.live().filter(venue=venue, object_type=object_type, twin__isnull=False)
    return twins.exclude(twin=F("apart")).exists()


def same(venue: Venue, first: uuid.UUID, second: uuid.UUID, *, by: Any) -> Record:
    """Make two records one and return it: the one with a key of the venue's, else the older, with what both know.

    What it then says goes to every provider that has it. Raises Problem `not_found` for what is no pair, and `conflict`
    for two that cannot be one here.
    """

    def write() -> Record:
        pair = _pair(venue, first, second)
        if pair.why_not:
            raise Problem("conflict", pair.why_not)
        keep, drop = (pair.second, pair.first) if pair.second.external_key else (pair.first, pair.second)
        _unite(keep, drop)
        return keep

    kept = own_rows.in_one_piece(write)
    kind = ObjectType(kept.object_type)
    logger.info("records.united", extra={"venue": str(venue.pk), "record": str(kept.pk), "by": getattr(by, "pk", None)})
    tasks.ring(fanout.wake(venue.pk, kind, trigger=Trigger.OWNER, actor=by))
    return kept


@transaction.atomic
def apart(venue: Venue, first: uuid.UUID, second: uuid.UUID, *, by: Any) -> None:
    """Keep two records apart from now on. Raises Problem `not_found` for what is no pair."""
    pair = _pair(venue, first, second)
    for record, other in ((pair.first, pair.second), (pair.second, pair.first)):
        if record.twin and record.twin == other.identity:
            Record.objects.filter(pk=record.pk).update(apart=record.twin)
    refused = RecordLink.objects.filter(record__in=[first, second], state="conflict", problem__has_key="existing")
    for link in refused.exclude(problem__existing=""):
        problem = {**(link.problem or {}), "existing": ""}
        RecordLink.objects.filter(pk=link.pk).update(state="failing", problem=problem)
    logger.info("records.kept_apart", extra={"venue": str(venue.pk), "records": [str(first), str(second)],
                                             "by": getattr(by, "pk", None)})  # fmt: skip


def _pair(venue: Venue, first: uuid.UUID, second: uuid.UUID) -> Pair:
    asked = {first, second}
    list(Record.objects.filter(venue=venue, pk__in=asked).order_by("pk").select_for_update().values_list("pk"))
    found = pairs(venue, only=asked)
    if not found:
        raise Problem("not_found", "These two are no possible duplicates any more.")
    return found[0]


def _why_not(one: Record, other: Record, at_one: Sequence[_Standing], at_other: Sequence[_Standing]) -> str:
    if one.external_key and other.external_key:
        return "Both have a key of your own system. Make them one there, then it is one here."
    if any(each.is_under_way for each in (*at_one, *at_other)):
        return "One of them is just being sent. Look again in a minute."
    there = {each.connection: each.provider for each in at_one if each.is_there}
    both = [there[each.connection] for each in at_other if each.is_there and each.connection in there]
    return f"{PROVIDERS[both[0]].spec.name} has both. Make them one there, then it is one here." if both else ""


def _unite(keep: Record, drop: Record) -> None:
    """Let one record have the counterparts, the key and the values of both; the other becomes a tombstone."""
    kind = ObjectType(keep.object_type)
    names: dict[str, Any] = {"keep": keep.pk, "drop": drop.pk, "key": drop.external_key, "records": [keep.pk, drop.pk]}
    fields = _united(kind, keep, drop)
    with database.cursor() as cursor:
        cursor.execute(_FORGET, names)
        cursor.execute(_MOVE, names)
        cursor.execute(_DROP, names)
        cursor.execute(_KEEP_KEY, names)
        cursor.execute(_REDIRECT, names)
    own_rows.Table(keep.venue_id, kind).change([own_rows.row(keep.pk, keep.external_key, fields)])
    identity.claim(keep.venue_id, kind, {keep.pk: fields})


def _united(kind: ObjectType, keep: Record, drop: Record) -> dict[str, Any]:
    """Return what both know; where they differ, what was changed last. Consent: the strictest; tags: all."""
    covers = {field.path.split(".")[0] for field in canonical.OBJECTS[kind].fields}
    newest = drop.changed_at >= keep.changed_at
    united = merge.merge(
        {}, drop.fields, keep.fields, covers=covers, policy=lambda path: Policy.NEWEST, theirs_is_newer=newest
    ).fields
    fields: dict[str, Any] = orjson.loads(orjson.dumps(united))
    return fields
