"""A Celery worker that a word of the database ends at once, as a crash of the interpreter or the machine would.

`python -m tests.proofs.pills` takes the arguments of `celery`. Of our code nothing is replaced: the trigger that says
the word stands in the database, and whoever hears it ends the process with -9 in the middle of its transaction.
"""

import os
import signal
from typing import Any

from celery.bin.celery import main
from django.db.backends.signals import connection_created

WORD = "a pill"


def _listen(connection: Any, **_: Any) -> None:
    connection.connection.add_notice_handler(_end)


def _end(notice: Any) -> None:
    if notice.message_primary == WORD:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    connection_created.connect(_listen, weak=False)
    main()
