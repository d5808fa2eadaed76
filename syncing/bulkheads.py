"""How many of this process's threads may work for one provider at once, so that a slow one never holds them all."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from syncing import queue
from syncing.queue import Claim

_lock = threading.Lock()
_busy: Counter[str] = Counter()


@contextmanager
def claimed() -> Iterator[Claim | None]:
    """Claim a job of a provider that has a place left, hold the place for the time of the block, and give the claim."""
    with _lock:  # so that two threads never take the last place both
        claim = queue.claim(without=full())
        if claim is not None:
            _busy[claim.provider] += 1
    try:
        yield claim
    finally:
        if claim is not None:
            with _lock:
                _busy[claim.provider] -= 1


def full() -> list[str]:
    """Return the providers that have no place left in this process."""
    return [provider for provider, number in _busy.items() if number >= settings.SYNC_PLACES_PER_PROVIDER]
