"""The events worker's own looks at its tables: news flows when no message comes, and while the broker is dead."""

from typing import ClassVar

from syncing import look
from webhooks import tasks, upkeep


class Look(look.Look):
    """One thread beside Celery's own that works off events whenever there are some."""

    queue: ClassVar[str] = "webhooks"
    lookers: ClassVar[int] = 1

    def turn(self) -> bool:
        """Work off one batch. Return whether there was anything."""
        return tasks.work_once()


class UpkeepLook(look.Look):
    """Another thread that registers what is missing; it waits for providers, and news does not wait for it."""

    queue: ClassVar[str] = "webhooks"
    lookers: ClassVar[int] = 1

    def turn(self) -> bool:
        """See to one connection. Return whether there was one."""
        return upkeep.work_once()
