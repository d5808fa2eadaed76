"""The events worker's own look at the table: news flows when no message comes, and while the broker is dead."""

from typing import ClassVar

from syncing import look
from webhooks import tasks


class Look(look.Look):
    """One thread beside Celery's own that works off events whenever there are some."""

    queue: ClassVar[str] = "webhooks"
    lookers: ClassVar[int] = 1

    def turn(self) -> bool:
        """Work off one batch. Return whether there was anything."""
        return tasks.work_once()
