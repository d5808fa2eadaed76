"""Where the records of one kind lie: the shared overlay store with QuickBooks' ids, names and numbered positions.

A position (STARTPOSITION) far down the list is found by counting, not by making the records before it.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from integrations.sandbox.generation import Document, Generated, first_at
from integrations.sandbox.store import ALWAYS, Collection, Entry, Key, Window

BOTH = frozenset((True, False))


class Made(Generated, Protocol):
    """Generated records that know which of them are active and which name belongs to which."""

    def active_before(self, index: int) -> int: ...
    def is_active(self, index: int) -> bool: ...
    def index_of_name(self, name: str) -> int | None: ...


class Shelf(Collection[Made]):
    """All records of one kind of one company. `named_by` is the field that must be unique."""

    def __init__(self, generated: Made, named_by: str | None = None) -> None:
        super().__init__(generated)
        self._named_by = named_by
        self._by_name: dict[str, str] = {}

    def create(self, document: Document, *, now: int, lag: int) -> Entry:
        entry = Entry(self.next_rank(), now, now, document)
        self._created_here[document["Id"]] = None
        self._keep(document["Id"], None, entry, now=now, lag=lag)
        return entry

    def replace(self, old: Entry, document: Document, *, now: int, lag: int, is_deleted: bool = False) -> Entry:
        entry = Entry(old.rank, old.created, now, document, is_deleted)
        if is_deleted and not old.is_deleted:
            if old.rank < self.generated.count:
                self._dead_generated += 1
            else:
                self._dead_created += 1
        self._keep(document["Id"], old, entry, now=now, lag=lag)
        return entry

    def _keep(self, record_id: str, old: Entry | None, entry: Entry, *, now: int, lag: int) -> None:
        if old is not None and self._by_name.get(self._name(old.document)) == record_id:
            del self._by_name[self._name(old.document)]
        if not entry.is_deleted and self._name(entry.document):
            self._by_name[self._name(entry.document)] = record_id
        self._write(record_id, entry, now=now, lag=lag)

    def _name(self, document: Document) -> str:
        return str(document.get(self._named_by or "", "")).casefold()

    def named(self, name: str) -> Entry | None:
        """The record that has this unique name or number, active or not."""
        if not self._named_by or not name:
            return None
        known = self._by_name.get(name.casefold())
        if known is not None:
            return self.live(known)
        index = self.generated.index_of_name(name)
        entry = self.at(index) if index is not None else None
        return entry if entry is not None and self._name(entry.document) == name.casefold() else None

    def total(self, window: Window = ALWAYS, shown: frozenset[bool] = BOTH) -> int:
        """How many records lists would show."""
        return _Order(self, window, shown, by_change=False).total

    def page(
        self, *, skip: int, limit: int, window: Window = ALWAYS, shown: frozenset[bool] = BOTH,
        by_change: bool = False, descending: bool = False,
    ) -> list[Entry]:  # fmt: skip
        """`limit` records behind the first `skip`, in the order of creation or of change."""
        order = _Order(self, window, shown, by_change=by_change)
        if not descending:
            return [self.entry_of(rank) for rank in order.ranks(skip, limit)]
        stop = max(0, order.total - skip)
        start = max(0, stop - limit)
        return [self.entry_of(rank) for rank in order.ranks(start, stop - start)][::-1]

    def counts(self) -> dict[str, int]:
        deleted = self._dead_generated + self._dead_created
        return {"live": self.next_rank() - deleted, "deleted": deleted}

    def entry_of(self, rank: int) -> Entry:
        return self._settled.get(rank) or self._generated_entry(rank)

    @property
    def settled(self) -> dict[int, Entry]:
        """What lists see instead of the generated records, by rank."""
        return self._settled

    def settled_keys(self, by_change: bool) -> list[Key]:
        return self._by_updated if by_change else self._by_created


class _Order:
    """One order of one shelf, with counted positions."""

    def __init__(self, shelf: Shelf, window: Window, shown: frozenset[bool], *, by_change: bool) -> None:
        made, settled = shelf.generated, shelf.settled
        self._made, self._settled, self._shown = made, settled, shown
        self._time_of = made.updated if by_change else made.created
        self._low = max(
            first_at(made.count, made.created, window.created_from),
            first_at(made.count, made.updated, window.updated_from),
        )
        self._high = max(
            self._low,
            min(
                first_at(made.count, made.created, window.created_to),
                first_at(made.count, made.updated, window.updated_to),
            ),
        )
        self._written = [key for key in shelf.settled_keys(by_change) if self._shows(settled[key[1]], window)]
        hidden = (rank for rank in settled if self._low <= rank < self._high and self._is_shown(rank))
        self._hidden = sorted(hidden)

    def _shows(self, entry: Entry, window: Window) -> bool:
        return not entry.is_deleted and entry.document.get("Active", True) in self._shown and window.holds(entry)

    def _is_shown(self, index: int) -> bool:
        return self._made.is_active(index) in self._shown

    def _untouched_before(self, index: int) -> int:
        """How many generated records stand before this one and are shown as they were made."""
        active = self._made.active_before(index) - self._made.active_before(self._low)
        inactive = index - self._low - active
        shown = (active if True in self._shown else 0) + (inactive if False in self._shown else 0)
        return shown - bisect.bisect_left(self._hidden, index)

    @property
    def total(self) -> int:
        return self._untouched_before(self._high) + len(self._written)

    def _position(self, index: int) -> int:
        key = (self._time_of(index), index)
        return self._untouched_before(index) + bisect.bisect_left(self._written, key)

    def ranks(self, skip: int, limit: int) -> list[int]:
        places = range(self._low, self._high)
        first = self._low + bisect.bisect_left(places, skip, key=self._position)
        written = self._written[max(0, skip - self._untouched_before(first)) :]
        merged = heapq.merge(self._untouched(first), written) if written else self._untouched(first)
        return [key[1] for key in islice(merged, limit)]

    def _untouched(self, first: int) -> Iterator[Key]:
        settled, time_of = self._settled, self._time_of
        for index in range(first, self._high):
            if index not in settled and self._is_shown(index):
                yield time_of(index), index
