"""Writes a page in a thread with a database connection of its own while the next one is mapped.

Mapping is our processor's work and writing is mostly the database's, so the two take turns badly. One page at most is
under way, and pages are written in the order in which they came: the bookmark never runs ahead of the rows.
"""

from collections.abc import Callable, Set
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from django.db import connections as database_connections

from integrations import walls


class WriteBehind:
    """Runs one write after the other. Use as a context manager, so that none is under way when it ends."""

    def __init__(self) -> None:
        """Start nothing yet: a read of one page needs no thread."""
        self._thread: ThreadPoolExecutor | None = None
        self._under_way: Future[None] | None = None
        self._ids: Set[str] = frozenset()

    def __enter__(self) -> Self:
        """Be ready."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the write under way; raise what it met, unless something else went wrong before."""
        if self._thread is None:
            return
        self._thread.submit(database_connections.close_all)
        self._thread.shutdown()
        if kind is None:
            self.wait()

    def put(self, write: Callable[[], None], ids: Set[str], *, last: bool) -> None:
        """Start a write of the rows of these external ids; one that is the `last` has ended when this returns.

        Raises what the write before met, and of the last what it met itself.
        """
        self.wait()
        if last:
            write()
            return
        self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="write-behind")
        self._ids, self._under_way = ids, self._thread.submit(walls.carried(write))

    def wait_for(self, ids: Set[str]) -> None:
        """Wait while any of these is being written. Raises what that write met."""
        if not self._ids.isdisjoint(ids):
            self.wait()

    def wait(self) -> None:
        """Wait for the write under way, if there is one. Raises what it met."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()
