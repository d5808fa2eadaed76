"""Sending a venue's records to a provider: looked at first, agreed to once, and then kept going with every change."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from connections.models import Connection
from integrations import wishes
from integrations.models import IntegrationConfig
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from mappings import canonical
from mappings.models import Direction
from syncing import consent, queue
from syncing.consent import Plan
from syncing.models import Priority, SyncCursor, SyncJob, Trigger
from syncing.planning import Planner
from syncing.work import WorkStatus


def objects_of(connection: Connection) -> list[ObjectType]:
    """Return the objects that can be sent there: those that can be written and, where they can be read, are read."""
    provider = PROVIDERS[connection.provider]
    read = wishes.read_objects(provider, wishes.of(connection.venue, provider).directions)
    return [each for each in provider.writers if each in read or each in provider.outlets]


def unread_objects(connection: Connection) -> list[ObjectType]:
    """Return those of them of which it is not known yet what is there already: they cannot be sent before."""
    read = SyncCursor.objects.filter(
        connection=connection, direction=Direction.IN, last_succeeded_at__isnull=False
    ).values_list("object_type", flat=True)
    streams, known = PROVIDERS[connection.provider].streams, set(read)
    return [each for each in objects_of(connection) if each in streams and each not in known]


def sent_objects(connection: Connection) -> list[ObjectType]:
    """Return the objects that the venue agreed to send."""
    return [each for each in objects_of(connection) if consent.has_begun(connection, each)]


def deletable_objects(connection: Connection) -> list[ObjectType]:
    """Return those of them that can be deleted there as well."""
    writers = PROVIDERS[connection.provider].writers
    return [each for each in objects_of(connection) if writers[each].deletable]


def preview(
    connection: Connection, objects: Collection[ObjectType], *, deletes: Collection[str] | None = None
) -> list[Plan]:
    """Return what sending these objects would do now. Writes nothing and calls nobody.

    `deletes` are the objects of which what was deleted here is deleted there, None as the venue wished before. Raises
    Problem `conflict` for an object that cannot be sent, and `busy` while what is there is not known yet.
    """
    return [consent.plan(planner) for planner in _planners(connection, list(objects), deletes)]


def plan_id(plans: Sequence[Plan]) -> str:
    """Return the id that stands for all of these plans together."""
    return hashlib.sha256(" ".join(f"{plan.object_type}:{plan.id}" for plan in plans).encode()).hexdigest()[:32]


def start(
    connection: Connection,
    objects: Collection[ObjectType],
    *,
    plan: str = "",
    deletes: Collection[str] | None = None,
    by: Any = None,
) -> queue.Started:
    """Send these objects now, and from now on with every change. Raises Problem.

    With a `plan`, exactly that is agreed to, its `deletes` included: `plan_stale` when it is another by now. Without
    one, the venue must have agreed before: `conflict`.
    """
    if plan:
        plans = preview(connection, objects, deletes=deletes)
        if plan_id(plans) != plan:
            raise Problem("plan_stale", "Something changed since you looked. Look at the plan again, then send it.")
        _agree(connection, plans, deletes, by)
    unseen = [each for each in objects if not consent.has_begun(connection, each)]
    if unseen:
        words = ", ".join(canonical.OBJECTS[each].plural for each in unseen)
        name = PROVIDERS[connection.provider].spec.name
        raise Problem("conflict", f"No {words} were ever sent to {name}. Look at what would be sent first.")
    return queue.enqueue(
        connection, objects, direction=Direction.OUT, trigger=Trigger.OWNER, actor=by, priority=Priority.HIGH
    )


@transaction.atomic
def withdraw(connection: Connection, objects: Collection[ObjectType], *, by: Any) -> int:
    """Send no more of these objects; what was sent stays there. Return how many jobs were stopped."""
    config = IntegrationConfig.objects.select_for_update().get(
        venue=connection.venue_id, integration=connection.provider
    )
    kept = {each: way for each, way in config.directions.items() if each not in objects or way != "out"}
    config.directions = kept | {each: Direction.IN for each in objects if kept.get(each) == "both"}
    config.deletes = [each for each in config.deletes if each not in objects]
    config.save(update_fields=["directions", "deletes", "updated_at"])
    SyncCursor.objects.filter(connection=connection, direction=Direction.OUT, object_type__in=objects).delete()
    jobs = SyncJob.objects.open().filter(connection=connection, direction=Direction.OUT, object_type__in=objects)
    stopping = jobs.filter(status=WorkStatus.RUNNING).update(stop_requested_at=Now(), stop_requested_by=by)
    return stopping + jobs.filter(status=WorkStatus.QUEUED).update(status=WorkStatus.CANCELLED, finished_at=Now())


@transaction.atomic
def _agree(connection: Connection, plans: Sequence[Plan], deletes: Collection[str] | None, by: Any) -> None:
    config = IntegrationConfig.objects.select_for_update().get(
        venue=connection.venue_id, integration=connection.provider
    )
    outlets = PROVIDERS[connection.provider].outlets
    config.directions |= {each.object_type: "out" if each.object_type in outlets else "both" for each in plans}
    if deletes is not None:
        others = [each for each in config.deletes if each not in [plan.object_type for plan in plans]]
        config.deletes = sorted({*others, *map(str, deletes)})
    config.save(update_fields=["directions", "deletes", "updated_at"])
    consent.accept(connection, {plan.object_type: plan.id for plan in plans}, by=by)
    SyncCursor.objects.filter(
        connection=connection, direction=Direction.OUT, object_type__in=[plan.object_type for plan in plans],
        next_run_at=None,
    ).update(next_run_at=Now() + timedelta(minutes=config.interval_minutes))  # fmt: skip


def _planners(connection: Connection, objects: Sequence[ObjectType], deletes: Collection[str] | None) -> list[Planner]:
    """Return a planner for each object, in their order; each counts on those before it."""
    possible, provider = objects_of(connection), PROVIDERS[connection.provider]
    for each in objects:
        if each not in possible:
            raise Problem("conflict", f"{_capital(each)} cannot be sent to {provider.spec.name}.")
    for kind in deletes or ():
        if kind not in objects or not provider.writers[ObjectType(kind)].deletable:
            raise Problem("conflict", f"{_capital(ObjectType(kind))} cannot be deleted in {provider.spec.name}.")
    unread = [each for each in unread_objects(connection) if each in objects]
    if unread:
        raise Problem(
            "busy", f"{_capital(unread[0])} of {provider.spec.name} are still being read. Look again when that is "
            "done: only then is it known what is there already.",
        )  # fmt: skip
    return [Planner(connection, each, beside=objects, deletes=deletes) for each in objects]


def _capital(object_type: ObjectType) -> str:
    return canonical.OBJECTS[object_type].plural.capitalize()
