"""When are an account's fields looked at, and what follows from what is different?

Each connection has one row: its fields as last seen, the date, and what changed. It is due when it is connected, a day
after each look, and after a provider refused a field. What is different is noted, and a rule whose field is gone or
changed is held alone, with the field as it was, until its owner decides or the field is back.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from connections.models import Connection, Status
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider, SeenSchema
from integrations.providers.types import JSON, Field, ObjectType
from mappings import catalogue, holding
from mappings.catalogue import Fields
from mappings.differences import Difference, differences
from mappings.evidence import Sample
from mappings.models import SchemaWatch

_DAILY = timedelta(days=1)
_AGAIN = timedelta(hours=1)  # after a look that saw nothing
_LEASE = timedelta(minutes=5)
_SETTLED = timedelta(minutes=10)  # a look this fresh has seen what the provider refuses
_MOST_CHANGES = 200

# What is different, by object; and some records of an object, to see what that means for them.
Found: TypeAlias = list[tuple[ObjectType, Difference]]
Sampling: TypeAlias = Callable[[ObjectType], Sequence[Sample]]


def begin() -> int:
    """Give every connection that is authorised its row and return how many had none. Safe to call at any time."""
    unwatched = Connection.objects.filter(status=Status.CONNECTED, schema_watch=None)
    keys = list(unwatched.values_list("pk", flat=True)[:500])
    SchemaWatch.objects.bulk_create([SchemaWatch(connection_id=key) for key in keys], ignore_conflicts=True)
    return len(keys)


@transaction.atomic
def claim() -> SchemaWatch | None:
    """Return a row that is due and nobody else's for some minutes, None when there is none."""
    due = SchemaWatch.objects.filter(due_at__lte=Now(), connection__status=Status.CONNECTED)
    watch = due.select_for_update(skip_locked=True, of=("self",)).select_related("connection__venue")
    found = watch.order_by("due_at").first()
    if found is not None:
        found.due_at = timezone.now() + _LEASE
        found.save(update_fields=["due_at"])
    return found


def ask_again(connection: Connection) -> bool:
    """Let the fields be looked at soon, because the provider refused one. Return whether they will be."""
    stale = Q(taken_at=None) | Q(taken_at__lt=Now() - _SETTLED)
    return bool(SchemaWatch.objects.filter(stale, connection=connection, due_at__gt=Now()).update(due_at=Now()))


def mends_itself(connection: Connection) -> bool:
    """Return whether the owner wished that what is certain and loses nothing is put right by itself."""
    return SchemaWatch.objects.filter(connection=connection, mends_itself=True).exists()


def let_mend(connection: Connection, wished: bool) -> None:
    """Store the owner's wish about mending by itself."""
    SchemaWatch.objects.update_or_create(connection=connection, defaults={"mends_itself": wished})


def look_again(watch: SchemaWatch, *, after: timedelta) -> None:
    """Let the fields be looked at again before the day is over."""
    SchemaWatch.objects.filter(pk=watch.pk).update(due_at=Now() + after)


def failed(watch: SchemaWatch, sentence: str) -> None:
    """Note that nothing was seen; what was known stays. It is tried again in an hour."""
    SchemaWatch.objects.filter(pk=watch.pk).update(problem=sentence[:300], due_at=Now() + _AGAIN)


def seen(
    watch: SchemaWatch,
    *,
    live: Fields,
    stored: Fields,
    chosen: Mapping[str, Sequence[str]],
    sampling: Sampling = lambda kind: (),
) -> Found:
    """Store what was seen, hold what broke and return what is different.

    `live` is what the provider said, `stored` what its stored objects show. The first look, and one at something else
    than the last (`chosen`), has nothing to compare with. May be called twice: the second time nothing is different.
    """
    provider = PROVIDERS[watch.connection.provider]
    with transaction.atomic():
        watch = SchemaWatch.objects.select_for_update(of=("self",)).select_related("connection__venue").get(pk=watch.pk)
        before = catalogue.from_json(watch.fields)
        fields = _completed(provider, before, live, stored)
        is_first = watch.taken_at is None or watch.chosen != chosen
        found = [] if is_first else _compared(before, fields)
        _keep(watch, fields, found, chosen)
        for kind in {kind for kind, _ in found}:
            holding.hold(watch.connection, kind, before.get(kind, []), fields[kind], sampling(kind))
        holding.release(watch.connection, fields)
        holding.note_need(watch.connection)
    return found


def _completed(provider: Provider, before: Fields, live: Fields, stored: Fields) -> Fields:
    """Return all fields. Nothing said of an object is no news of it, and what was seen once is not gone unseen."""
    own: Fields = {kind: [*live.get(kind, ()), *stored.get(kind, ())] for kind in {*live, *stored}}
    fields = catalogue.merged(provider, own)
    for kind, known in before.items():
        here = {each.id for each in fields.get(kind, ())}
        left = [each for each in known if each.id not in here and _stays(provider, kind, each, is_told=kind in live)]
        if left:
            fields.setdefault(kind, []).extend(left)
    return fields


def _stays(provider: Provider, kind: ObjectType, field: Field, *, is_told: bool) -> bool:
    """Return whether a field that is not told any more is still counted on."""
    schema = provider.schema
    if schema is not None and field.id.startswith(schema.decided.get(kind, ())):
        return not is_told
    return isinstance(schema, SeenSchema) and kind in schema.looks_at


def _compared(before: Fields, fields: Fields) -> Found:
    return [
        (kind, difference)
        for kind, found in fields.items()
        if kind in before
        for difference in differences(before[kind], found)
    ]


def _keep(
    watch: SchemaWatch,
    fields: Fields,
    found: Found,
    chosen: Mapping[str, Sequence[str]],
) -> None:
    watch.fields, watch.chosen = catalogue.as_json(fields), dict(chosen)
    watch.taken_at, watch.due_at, watch.problem = timezone.now(), timezone.now() + _DAILY, ""
    watch.changes = [*watch.changes, *(_noted(kind, each) for kind, each in found)][-_MOST_CHANGES:]
    watch.save(update_fields=["fields", "chosen", "taken_at", "due_at", "problem", "changes"])


def _noted(kind: ObjectType, difference: Difference) -> JSON:
    field = difference.before or difference.after
    return {
        "at": timezone.now().isoformat(timespec="seconds"), "object": str(kind), "kind": str(difference.kind),
        "field": field.id if field else "", "sentence": difference.sentence,
    }  # fmt: skip
