"""What an owner chose, carried out: stored, and schedule and bookmarks brought in line, in one transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Unpack

from django.db import transaction

from connections import lifecycle
from connections.models import Connection, Status
from integrations import wishes
from integrations.models import IntegrationConfig, Venue
from integrations.providers.base import Provider
from integrations.providers.types import ObjectType
from syncing import queue, schedule
from syncing.models import LinkState, RecordLink, Trigger


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a choice: the wishes, which of them changed, and what is read anew, newly, or no longer.

    `jobs` is how many jobs wait now because of it: the caller rings for them.
    """

    config: IntegrationConfig
    changed: frozenset[str]
    anew: list[ObjectType]
    added: list[ObjectType]
    dropped: list[ObjectType]
    jobs: int = 0


@transaction.atomic
def carry_out(
    venue: Venue,
    provider: Provider,
    *,
    by: Any = None,
    offered: Collection[str] | None = None,
    **wish: Unpack[wishes.Wish],
) -> Carried:
    """Store what was chosen and do what follows from it for each of the venue's connections, also the ended ones.

    Raises Problem validation_failed before anything changes.
    """
    before = wishes.read_objects(provider, wishes.of(venue, provider).directions)
    choice = wishes.choose(venue, provider, offered=offered, **wish)
    after = wishes.read_objects(provider, choice.config.directions)
    anew = wishes.depending_on(provider, choice.changed)
    added = [each for each in after if each not in before]
    jobs = 0
    for connection in Connection.objects.filter(venue=venue, provider=provider.spec.key).select_related("venue"):
        jobs += _follow(connection, choice, anew, added, by)
    return Carried(
        choice.config,
        choice.changed,
        anew=[each for each in anew if each in after and each not in added],
        added=added,
        dropped=[each for each in before if each not in after],
        jobs=jobs,
    )


def names(connection: Connection, kind: ObjectType) -> dict[str, str]:
    """Return by id what the places or audiences are called that were read from the provider. One query."""
    links = RecordLink.objects.filter(connection=connection, external_type=kind).exclude(state=LinkState.DELETED)
    found = links.order_by("external_id").values_list("external_id", "record__fields__name")
    return {external_id: name for external_id, name in found if name}


def _follow(
    connection: Connection, choice: wishes.Choice, anew: list[ObjectType], added: list[ObjectType], by: Any
) -> int:
    """Bring one connection in line and return how many jobs wait for it now. One that never began stays so."""
    if not connection.sync_cursors.exists():
        return 0
    schedule.take_up(connection, added, choice.config)
    schedule.follow(connection, choice.config)
    jobs = schedule.read_anew(connection, anew, actor=by)
    if connection.status == Status.DISCONNECTED:
        return jobs
    if choice.changed:
        Connection.objects.filter(pk=connection.pk).update(history=lifecycle.happened("choice_changed", by=by))
    started = queue.enqueue(connection, added, trigger=Trigger.OWNER, actor=by, priority=queue.Priority.HIGH)
    return jobs + len(started.jobs)
