"""What the sandbox remembers: generated records plus an overlay of everything that was changed, created or deleted.

Two views of the same records. `get` sees every write at once. `scan` (lists and searches) sees a write only once its
lag has passed, as the real search indexes do. Memory grows with the number of writes, never with the number of records.
"""

from __future__ import annotations

import bisect
import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from integrations.sandbox.generation import Document, Generated, first_at

Key = tuple[int, ...]  # (time, rank) and perhaps a place inside the record: the stable order in which pages are cut
FOREVER = 1 << 60
Made = TypeVar("Made", bound=Generated)


class Entry(NamedTuple):
    """One record as the overlay holds it. `rank` is its index, or a number after all indexes if it was created here."""

    rank: int
    created: int
    updated: int
    document: Document
    is_deleted: bool = False


@dataclass(frozen=True)
class Window:
    """Half-open time ranges on creation and last change: begin counts, end does not."""

    created_from: int = 0
    created_to: int = FOREVER
    updated_from: int = 0
    updated_to: int = FOREVER

    def holds(self, entry: Entry) -> bool:
        return (
            self.created_from <= entry.created < self.created_to
            and self.updated_from <= entry.updated < self.updated_to
        )


ALWAYS = Window()


class Collection(Generic[Made]):
    """All records of one kind of one owner."""

    def __init__(self, generated: Made) -> None:
        self.generated = generated
        self._latest: dict[str, Entry] = {}
        self._settled: dict[int, Entry] = {}
        self._by_created: list[Key] = []
        self._by_updated: list[Key] = []
        self._pending: deque[tuple[int, Entry]] = deque()
        self._created_here: dict[str, None] = {}
        self._dead_generated = 0
        self._dead_created = 0

    def get(self, record_id: str) -> Entry | None:
        """The record as it is now, deleted or not; None when it never existed."""
        known = self._latest.get(record_id)
        if known is not None:
            return known
        index = self.generated.index_of(record_id)
        if index is None or index >= self.generated.count or not self.generated.exists(index):
            return None
        return self._generated_entry(index)

    def live(self, record_id: str) -> Entry | None:
        entry = self.get(record_id)
        return None if entry is None or entry.is_deleted else entry

    def at(self, rank: int) -> Entry | None:
        """The record with this index, if there is one and it is alive."""
        if not 0 <= rank < self.generated.count or not self.generated.exists(rank):
            return None
        return self.live(self.generated.id_of(rank))

    def next_rank(self) -> int:
        return self.generated.count + len(self._created_here)

    def create(self, document: Document, *, now: int, lag: int) -> Entry:
        entry = Entry(self.next_rank(), now, now, document)
        self._created_here[document["id"]] = None
        self._write(document["id"], entry, now=now, lag=lag)
        return entry

    def replace(self, old: Entry, document: Document, *, now: int, lag: int, is_deleted: bool = False) -> Entry:
        """Store a new state of a known record; it moves to the end of the order by change."""
        entry = Entry(old.rank, old.created, now, document, is_deleted)
        if is_deleted and not old.is_deleted:
            if old.rank < self.generated.count:
                self._dead_generated += 1
            else:
                self._dead_created += 1
        self._write(document["id"], entry, now=now, lag=lag)
        return entry

    def _write(self, record_id: str, entry: Entry, *, now: int, lag: int) -> None:
        self._latest[record_id] = entry
        if lag <= 0 and not self._pending:
            self._settle_one(entry)
        else:
            self._pending.append((now + lag, entry))

    def settle(self, now: int) -> None:
        """Let lists and searches see every write whose lag is over."""
        while self._pending and self._pending[0][0] <= now:
            self._settle_one(self._pending.popleft()[1])

    def _settle_one(self, entry: Entry) -> None:
        old = self._settled.get(entry.rank)
        if old is None:
            bisect.insort(self._by_created, (entry.created, entry.rank))
        else:
            position = bisect.bisect_left(self._by_updated, (old.updated, old.rank))
            del self._by_updated[position]
        bisect.insort(self._by_updated, (entry.updated, entry.rank))
        self._settled[entry.rank] = entry

    def scan(
        self,
        *,
        by_change: bool = False,
        descending: bool = False,
        after: Key | None = None,
        window: Window = ALWAYS,
        keep_index: Callable[[int], bool] | None = None,
        with_deleted: bool = False,
    ) -> Iterator[tuple[Key, Entry]]:
        """Records in the stable order (time, rank), from just behind `after`, deleted ones only on request."""
        base = self._base_keys(by_change, descending, after, window, keep_index)
        overlay = self._overlay_keys(by_change, descending, after)
        keys = heapq.merge(base, overlay, reverse=descending) if self._settled else base
        for key in keys:
            entry = self._settled.get(key[1]) or self._generated_entry(key[1])
            if (with_deleted or not entry.is_deleted) and window.holds(entry):
                yield key, entry

    def _base_keys(
        self,
        by_change: bool,
        descending: bool,
        after: Key | None,
        window: Window,
        keep_index: Callable[[int], bool] | None,
    ) -> Iterator[Key]:
        made = self.generated
        time_of = made.updated if by_change else made.created
        low = max(
            first_at(made.count, made.created, window.created_from),
            first_at(made.count, made.updated, window.updated_from),
        )
        high = min(
            first_at(made.count, made.created, window.created_to), first_at(made.count, made.updated, window.updated_to)
        )
        if after is not None:
            low, high = self._cut(after, time_of, low, high, descending)
        indexes = range(high - 1, low - 1, -1) if descending else range(low, high)
        settled = self._settled
        for index in indexes:
            if index not in settled and made.exists(index) and (keep_index is None or keep_index(index)):
                yield time_of(index), index

    def _cut(self, after: Key, time_of: Callable[[int], int], low: int, high: int, descending: bool) -> tuple[int, int]:
        """Leave out the indexes up to and including the key `after`, in the direction of the scan."""
        moment, rank = after[0], after[1]
        first = first_at(self.generated.count, time_of, moment)
        behind = first_at(self.generated.count, time_of, moment + 1)
        if descending:
            return low, min(high, max(first, min(rank, behind)))
        return max(low, min(behind, max(rank + 1, first))), high

    def _overlay_keys(self, by_change: bool, descending: bool, after: Key | None) -> Iterator[Key]:
        keys = self._by_updated if by_change else self._by_created
        if descending:
            stop = len(keys) if after is None else bisect.bisect_left(keys, after)
            return (keys[position] for position in range(stop - 1, -1, -1))
        start = 0 if after is None else bisect.bisect_right(keys, after)
        return (keys[position] for position in range(start, len(keys)))

    def everything(self) -> Iterator[Entry]:
        """Every record that ever existed, in its latest state, by rank; sees writes at once."""
        latest = {entry.rank: entry for entry in self._latest.values()}
        for index in range(self.generated.count):
            if self.generated.exists(index):
                yield latest.get(index) or self._generated_entry(index)
        for record_id in list(self._created_here):
            yield self._latest[record_id]

    def counts(self) -> dict[str, int]:
        made = self.generated
        generated = sum(map(made.exists, range(made.count)))
        deleted = self._dead_generated + self._dead_created
        return {"live": generated + len(self._created_here) - deleted, "deleted": deleted}

    def last_change(self) -> int:
        """When anything that lists can see was last changed."""
        made = self.generated
        generated = made.updated(made.count - 1) if made.count else 0
        return max(generated, self._by_updated[-1][0] if self._by_updated else 0)

    def _generated_entry(self, index: int) -> Entry:
        made = self.generated
        return Entry(index, made.created(index), made.updated(index), made.document(index))
