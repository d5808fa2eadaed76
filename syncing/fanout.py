"""Who has to hear of a change: the connections that records of this kind are sent to, and what waited for it."""

import uuid
from typing import Any

from connections.models import Connection, Status
from integrations.providers.types import ObjectType
from mappings.models import Direction
from syncing import queue
from syncing.models import SyncCursor, Trigger


def wake(venue: uuid.UUID, object_type: ObjectType, *, trigger: Trigger, actor: Any = None) -> int:
    """Queue an outbound sync wherever the venue agreed to send these records; return how many connections that are.

    What waits already is joined, so it may be called after every change.
    """
    agreed = SyncCursor.objects.filter(
        connection__venue=venue, connection__status=Status.CONNECTED, object_type=object_type,
        direction=Direction.OUT, next_run_at__isnull=False,
    ).values("connection")  # fmt: skip
    connections = list(Connection.objects.filter(pk__in=agreed))
    for connection in connections:
        queue.enqueue(connection, [object_type], direction=Direction.OUT, trigger=trigger, actor=actor)
    return len(connections)


def wake_later(connection: Connection, object_type: ObjectType, *, trigger: Trigger, actor: Any = None) -> None:
    """Queue what the venue agreed to send there and what may point to these records: it may have waited for them."""
    kinds = list(ObjectType)
    later = kinds[kinds.index(object_type) + 1 :]
    agreed = SyncCursor.objects.filter(
        connection=connection, object_type__in=later, direction=Direction.OUT, next_run_at__isnull=False
    ).values_list("object_type", flat=True)
    queue.enqueue(connection, map(ObjectType, agreed), direction=Direction.OUT, trigger=trigger, actor=actor)
