"""What lists show of an audience: any page of any order, found without walking to it.

Generated members are counted by arithmetic, written ones by sorted keys; the two are merged where the page begins.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from integrations.sandbox.generation import first_at
from integrations.sandbox.mailchimp.slots import EVERYBODY, Wanted
from integrations.sandbox.mailchimp.subscribers import Subscribers
from integrations.sandbox.store import ALWAYS, Entry, Key, Window


@dataclass(frozen=True)
class Question:
    """What is asked of a list: which members, changed or joined when, in which order."""

    wanted: Wanted = EVERYBODY
    window: Window = ALWAYS
    by_change: bool = False
    descending: bool = False


@dataclass(frozen=True)
class _Found:
    """The parts of an answer: generated indexes from low to high, those of them that were overwritten, written ones."""

    low: int
    high: int
    hidden: list[int]
    written: list[Key]


class Sight:
    def __init__(self, generated: Subscribers) -> None:
        self._made = generated
        self._settled: dict[int, Entry] = {}
        self._overwritten: list[int] = []
        self._by_created: list[Key] = []
        self._by_updated: list[Key] = []

    def show(self, entry: Entry) -> None:
        """From now on lists see the member like this."""
        old = self._settled.get(entry.rank)
        if old is not None:
            del self._by_created[bisect.bisect_left(self._by_created, (old.created, old.rank))]
            del self._by_updated[bisect.bisect_left(self._by_updated, (old.updated, old.rank))]
        elif entry.rank < self._made.count:
            bisect.insort(self._overwritten, entry.rank)
        bisect.insort(self._by_created, (entry.created, entry.rank))
        bisect.insort(self._by_updated, (entry.updated, entry.rank))
        self._settled[entry.rank] = entry

    def count(self, question: Question) -> int:
        return self._total(question, self._find(question))

    def page(self, question: Question, *, offset: int, count: int) -> tuple[list[Entry], int]:
        """The members from `offset` on, and how many there are in all."""
        found = self._find(question)
        total = self._total(question, found)
        if question.descending:
            rows = self._slice(question, found, max(total - offset - count, 0), max(total - offset, 0))
            rows.reverse()
        else:
            rows = self._slice(question, found, offset, min(offset + count, total))
        return rows, total

    def _find(self, question: Question) -> _Found:
        made, window, slots = self._made, question.window, self._made.slots
        low = max(
            first_at(made.count, made.created, window.created_from),
            first_at(made.count, made.updated, window.updated_from),
        )
        high = min(
            first_at(made.count, made.created, window.created_to), first_at(made.count, made.updated, window.updated_to)
        )
        hidden = [
            index for index in self._overwritten if low <= index < high and slots.fits(question.wanted, index)
        ]  # fmt: skip
        keys = self._by_updated if question.by_change else self._by_created
        return _Found(low, max(low, high), hidden, [key for key in keys if self._fits(question, key)])

    def _fits(self, question: Question, key: Key) -> bool:
        entry = self._settled[key[1]]
        return not entry.is_deleted and question.window.holds(entry) and fits(question.wanted, entry)

    def _total(self, question: Question, found: _Found) -> int:
        below = self._made.slots.below
        generated = below(question.wanted, found.high) - below(question.wanted, found.low)
        return generated - len(found.hidden) + len(found.written)

    def _slice(self, question: Question, found: _Found, start: int, stop: int) -> list[Entry]:
        if start >= stop:
            return []
        made, wanted, low, written = self._made, question.wanted, found.low, found.written
        time_of = made.updated if question.by_change else made.created
        offset = made.slots.below(wanted, low)

        def before(index: int) -> int:
            """How many members of the answer stand before this generated one."""
            generated = made.slots.below(wanted, index) - offset - bisect.bisect_left(found.hidden, index)
            return generated + bisect.bisect_left(written, (time_of(index), index))

        place = bisect.bisect_right(range(low, found.high), start, key=before)
        first = low + max(place - 1, 0)
        skip, begin = start, 0
        if place:
            skip, begin = start - before(first), bisect.bisect_left(written, (time_of(first), first))
        indexes = (
            index for index in range(first, found.high)
            if made.slots.fits(wanted, index) and index not in self._settled
        )  # fmt: skip
        ranks: Iterable[int] = indexes
        if begin < len(written):
            keys = heapq.merge(((time_of(index), index) for index in indexes), written[begin:])
            ranks = (rank for _, rank in keys)
        return [self.entry(rank) for rank in islice(ranks, skip, skip + stop - start)]

    def entry(self, rank: int) -> Entry:
        """The member as lists see it."""
        return self._settled.get(rank) or generated_entry(self._made, rank)


def fits(wanted: Wanted, entry: Entry) -> bool:
    member = entry.document
    return wanted.fits(member["status"], member["vip"], member["email_type"], (tag["id"] for tag in member["tags"]))


def generated_entry(made: Subscribers, index: int) -> Entry:
    created, updated = made.created(index), made.updated(index)
    return Entry(index, created, updated, made.document(index, created=created, updated=updated))
