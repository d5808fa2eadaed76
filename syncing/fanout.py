"""Who has to hear of a change: the connections that records of this kind are sent to."""

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
