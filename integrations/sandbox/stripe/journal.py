"""Which events an account has: those that were kept since it was opened, and those of its generated past."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from integrations.sandbox.clock import DAY
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.past import EventKey, Frame, Past

KEPT = 30 * DAY
_WRITTEN = 1 << 20  # written events stand behind generated ones of the same moment


@dataclass
class Written:
    """An event that happened here. `waiting` counts the endpoints that have not said yes."""

    key: EventKey
    document: Document
    waiting: int = 0

    def shown(self) -> Document:
        return self.document | {"pending_webhooks": self.waiting}


class Journal:
    def __init__(self, past: Past) -> None:
        self._past = past
        self._written: list[Written] = []
        self._by_id: dict[str, Written] = {}

    def add(self, document: Document, *, now: int, waiting: int) -> Written:
        written = Written((now, _WRITTEN, len(self._written), 0), document, waiting)
        self._written.append(written)
        self._by_id[document["id"]] = written
        return written

    def find(self, event_id: str, now: int) -> EventKey | None:
        """The key of an event that is not too old to be read."""
        written = self._by_id.get(event_id)
        key = written.key if written else self._past.find(event_id)
        return key if key is not None and now - KEPT < key[0] <= now else None

    def document(self, key: EventKey, frame: Frame) -> Document:
        return self._written[key[2]].shown() if key[1] == _WRITTEN else self._past.document(key, frame)

    def scan(
        self,
        *,
        begin: int,
        end: int,
        types: frozenset[str] | None,
        is_descending: bool,
        after: EventKey | None,
        delivered: bool | None,
    ) -> Iterator[EventKey]:
        """Keys from just behind `after`, in the wanted direction."""
        if after is not None:
            begin, end = (begin, min(end, after[0] + 1)) if is_descending else (max(begin, after[0]), end)
        past = () if delivered is False else self._past.keys(
            begin=begin, end=end, types=types, is_descending=is_descending
        )  # fmt: skip
        written = self._kept(begin, end, types, is_descending, delivered)
        for key, _ in heapq.merge(past, written, reverse=is_descending):
            if after is None or (key < after if is_descending else key > after):
                yield key

    def _kept(
        self, begin: int, end: int, types: frozenset[str] | None, is_descending: bool, delivered: bool | None
    ) -> Iterator[tuple[EventKey, str]]:
        found = [
            (one.key, one.document["type"])
            for one in self._written
            if begin <= one.key[0] < end
            and (types is None or one.document["type"] in types)
            and (delivered is None or (one.waiting == 0) is delivered)
        ]
        return iter(sorted(found, reverse=is_descending))
