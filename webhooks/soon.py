"""How something that may fail or take long is done beside the requests that ask for it, never in them."""

import logging
import os
import threading
import time
from collections.abc import Callable

from integrations import walls

logger = logging.getLogger(__name__)


class Soon:
    """Does one thing in a thread of its own, as often as it is asked but at most once in `every` seconds.

    Asking costs nothing. Whoever asks while it is being done, or rests, sees it done once more: the last asking is
    never lost while the process lives.
    """

    def __init__(self, do: Callable[[], object], *, every: float) -> None:
        self._do, self._every = do, every
        self._asked = threading.Event()
        self._starting = threading.Lock()
        self._at_work_in = 0  # process id: a thread does not live on in a fork

    def __call__(self) -> None:
        """Ask for it. Returns at once."""
        self._asked.set()
        if self._at_work_in != os.getpid():
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._at_work_in != os.getpid():
                threading.Thread(target=self._run, name="soon", daemon=True).start()
                self._at_work_in = os.getpid()

    def _run(self) -> None:
        walls.move(walls.PLATFORM)
        while True:
            self._asked.wait()
            self._asked.clear()
            try:
                self._do()
            except Exception:  # whatever it was, the next asking is served
                logger.exception("soon.failed")
            time.sleep(self._every)
