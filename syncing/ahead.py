"""Fetches pages in threads of their own while earlier ones are written, and hands over together what has come.

A provider's page may be small (Square gives a hundred customers), and every transaction has its price; so pages that
came while one was being written are written as one. A large read is cut into windows that are read at the same time:
a thread that has nothing to do takes over half of what another one still has before it. Memory stays flat: what
waits and what is just being fetched are some three thousand records at most, or one page of any size.
"""

import gc
import itertools
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from django.db import connections as database_connections

from integrations import walls
from integrations.providers.types import Page, Position
from syncing.windows import Part, Windows

_WAITING_PAGES = 8
_WAITING_RECORDS = 3000  # with those that are just being fetched
# The threads that read wait for short answers and need the interpreter soon when one comes; with Python's own five
# milliseconds they are the bottleneck while another thread maps (measured: 7,000 records a second, not 4,900).
_SWITCH_SECONDS = 0.001
# Thousands of decoded records wait here and none is part of a cycle; with Python's own thresholds the collector walks
# them over and over (measured: a third of the time at pages of a thousand).
_LOOK_FOR_CYCLES = (100_000, 20, 50)
_RECORDS_AT_ONCE = 1000
_PAGES_BEFORE_A_CUT = 2  # a window that may be through with its next page is not worth a call of its own
_SIGN_OF_LIFE_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 0.25


class _End:
    """The readers' last word: nothing more, or the error that stopped one of them."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class ReadAhead:
    """Iterates over pages that are read in the background. Use as a context manager, so that reading ends with it."""

    def __init__(
        self,
        windows: Windows,
        read: Callable[[Position], Iterator[Page]],
        *,
        split: Callable[[Position], tuple[Position, Position] | None] | None = None,
        at_once: int = 1,
        enough: Callable[[], bool],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Read the open `windows` until they end or `enough()`; what was fetched by then is still handed over.

        `split` cuts a window for a thread that has nothing to do; without it there is one thread. `meanwhile` is
        called, where the pages are used, every few seconds that nothing comes; what it raises is raised.
        """
        self._windows, self._read, self._split = windows, read, split
        self._enough, self._meanwhile = enough, meanwhile
        self._todo: Final[deque[tuple[int, Position]]] = deque(windows.open.items())
        self._numbers = itertools.count(max(windows.open, default=0) + 1)
        self._changed = threading.Condition()
        self._waiting: Final[deque[Part | _End]] = deque()
        self._records = self._page_size = self._fetching = self._idle = self._busy = 0
        self._abandoned = False
        count = max(1, at_once if split is not None else 1)
        self._left = count
        work = walls.carried(self._work)
        self._threads = [
            threading.Thread(target=work, name=f"read-ahead-{number}", daemon=True) for number in range(count)
        ]

    def __enter__(self) -> "ReadAhead":
        """Begin to read."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        gc.set_threshold(*_LOOK_FOR_CYCLES)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let the readers go; at most the calls under way are waited for."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def __iter__(self) -> Iterator[Page]:
        """Yield what has come, as one page of about a thousand records at most. Raises what a reader met."""
        while True:
            first = self._first_that_came()
            if first is None:
                self._meanwhile()
            elif isinstance(first, _End):
                if first.error is not None:
                    raise first.error
                return
            else:
                yield self._with_what_came(first)

    def _first_that_came(self) -> Part | _End | None:
        with self._changed:
            if not self._waiting:
                self._changed.wait_for(lambda: bool(self._waiting), timeout=_SIGN_OF_LIFE_SECONDS)
            return self._taken() if self._waiting else None

    def _with_what_came(self, part: Part) -> Page:
        """Return the part and those that wait behind it as one page, with the position that is true for all of them."""
        self._windows.take(part)
        records, total = part.page.records, part.page.total
        with self._changed:
            while len(records) < _RECORDS_AT_ONCE and self._waiting and isinstance(self._waiting[0], Part):
                following = self._taken()
                assert isinstance(following, Part)  # noqa: S101 - looked at above, under the same lock
                self._windows.take(following)
                records = records + following.page.records
                total = following.page.total if following.page.total is not None else total
        return Page(records, self._windows.position, total=total, last=self._windows.is_over)

    def _taken(self) -> Part | _End:
        item = self._waiting.popleft()
        if isinstance(item, Part):
            self._records -= len(item.page.records)
        self._changed.notify_all()
        return item

    def _work(self) -> None:
        """Read one window after the other, until there is none left to read or to share."""
        end = _End()
        try:
            window = self._next_window(even_late=True)
            while window is not None:
                self._read_window(*window)
                window = self._next_window()
        except BaseException as error:  # noqa: BLE001 - it is raised where the pages are used
            end = _End(error)
        finally:
            database_connections.close_all()
            with self._changed:
                self._left -= 1
                is_last = self._left == 0
            if is_last or end.error is not None:
                self._hand_over(end)

    def _next_window(self, *, even_late: bool = False) -> tuple[int, Position] | None:
        """Return a window to read, waiting for one while others may still give some away. `even_late`: time or not."""
        with self._changed:
            self._idle += 1
            try:
                while not self._todo and self._busy and not self._is_over():
                    self._changed.wait(_LOOK_AGAIN_SECONDS)
                if not self._todo or self._abandoned or (self._is_over() and not even_late):
                    return None
                self._busy += 1
                return self._todo.popleft()
            finally:
                self._idle -= 1

    def _is_over(self) -> bool:
        return self._abandoned or self._enough()

    def _read_window(self, number: int, position: Position) -> None:
        try:
            pages, come = self._read(position), 0
            while self._has_room():
                try:
                    page = next(pages, None)
                    if page is None:
                        return
                    come += 1
                    kept, *rest = self._cut(page) if come >= _PAGES_BEFORE_A_CUT else [page.position]
                    given = tuple((next(self._numbers), each) for each in rest)
                    self._hand_over(Part(number, replace(page, position=kept), given))
                finally:
                    self._leave_room()
                if given:
                    with self._changed:
                        self._todo.extend(given)
                        self._changed.notify_all()
                    pages, come = self._read(kept), 0
                if page.last or self._is_over():
                    return
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _has_room(self) -> bool:
        """Wait until one page more may come, and keep a place for it. Return False when nobody wants it any more."""
        with self._changed:
            while not self._abandoned and self._is_full():
                self._changed.wait(_LOOK_AGAIN_SECONDS)
            self._fetching += not self._abandoned
            return not self._abandoned

    def _is_full(self) -> bool:
        """Return whether enough wait or are just fetched; an empty house has room for a page of any size."""
        pages = len(self._waiting) + self._fetching
        records = self._records + self._page_size * (self._fetching + 1)
        return pages > 0 and (pages >= _WAITING_PAGES + len(self._threads) or records > _WAITING_RECORDS)

    def _leave_room(self) -> None:
        with self._changed:
            self._fetching -= 1
            self._changed.notify_all()

    def _cut(self, page: Page) -> list[Position]:
        """Return what the window still has to read, in as many parts as there are threads with nothing to do."""
        parts = [page.position]
        if self._split is None or page.last or self._is_over():
            return parts
        while len(parts) <= self._idle - len(self._todo):
            finer = [half for part in parts for half in (self._split(part) or (part,))]
            if len(finer) == len(parts):
                break
            parts = finer
        return parts

    def _hand_over(self, item: Part | _End) -> None:
        with self._changed:
            if not self._abandoned:
                self._waiting.append(item)
                if isinstance(item, Part):
                    self._records += len(item.page.records)
                    self._page_size = max(self._page_size, len(item.page.records))
                self._changed.notify_all()
