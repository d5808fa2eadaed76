"""The worker's own look at the queue: work flows when no message comes, and even while the broker is dead."""

import logging
import threading
from typing import Any, ClassVar

from celery import bootsteps
from django.conf import settings
from django.db import DatabaseError
from django.db import connections as database_connections

from integrations import walls
from syncing import presence, runner, tasks

logger = logging.getLogger(__name__)


class Look(bootsteps.StartStopStep):
    """Threads beside Celery's own that take jobs whenever there are some. Added to the worker in `config/celery.py`.

    A worker of another queue looks at that queue's own table: see the subclasses.
    """

    requires = {"celery.worker.components:Pool"}
    queue: ClassVar[str] = "syncs"
    lookers: ClassVar[int] = 2

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, worker: Any) -> None:
        """Start looking."""
        if self.queue not in worker.app.amqp.queues.consume_from:
            return
        self._threads = [
            threading.Thread(target=self._look, name=f"look-{self.queue}-{number}", daemon=True)
            for number in range(self.lookers)
        ]
        for thread in self._threads:
            thread.start()
        logger.info("worker.ready", extra={"queue": self.queue, "lookers": self.lookers})

    def stop(self, worker: Any) -> None:
        """Stop looking; a slice under way ends at its next page."""
        runner.Shutdown.requested = True
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=8)

    terminate = stop

    def turn(self) -> bool:
        """Do what there is to do for a moment. Return whether there was anything."""
        return tasks.work_once()

    def _look(self) -> None:
        walls.move(walls.PLATFORM)
        while not self._stop.is_set():
            presence.tell(self.queue)
            try:
                busy = self.turn()
            except DatabaseError as error:
                logger.warning("look.database_away", extra={"error": type(error).__name__})
                busy = False
            except Exception:  # whatever it was, this thread goes on looking
                logger.exception("look.crashed")
                busy = False
            finally:
                for connection in database_connections.all(initialized_only=True):
                    connection.close_if_unusable_or_obsolete()
            if not busy:
                self._stop.wait(settings.WORKER_LOOK_SECONDS)
