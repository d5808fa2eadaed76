"""Which webhook events wait to be sent, and which were sent and not yet acknowledged."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """Something happened to a record of a company. `moment` is in milliseconds."""

    realm: str
    entity: str
    record_id: str
    operation: str
    moment: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class Outbox:
    """Events in their order. While one POST is not acknowledged, everything newer waits behind it."""

    def __init__(self) -> None:
        self.waiting: deque[Event] = deque()
        self.held: list[Event] = []
        self.tries = 0
        self.lock = asyncio.Lock()
        self.task: asyncio.Task[None] | None = None

    def clear(self) -> None:
        self.waiting.clear()
        self.held, self.tries = [], 0
        self.lock = asyncio.Lock()
        if self.task is not None:
            self.task.cancel()
            self.task = None

    def take(self) -> list[Event]:
        """What the next POST carries: the unacknowledged events, or all that wait. They stay held until `done`."""
        if not self.held:
            self.held = list(self.waiting)
            self.waiting.clear()
        return self.held

    def done(self) -> None:
        self.held, self.tries = [], 0
