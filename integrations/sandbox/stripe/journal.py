"""Which events an account has: those that were kept since it was opened, and those of its generated past."""

from __future__ import annotations

import heapq
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from integrations.sandbox.clock import DAY
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.past import EventKey, Frame, Past

KEPT = 30 * DAY
MOST = 20_000  # events of one account; the oldest are forgotten for newer ones
_EFFORT = 1  # of packing; more makes it hardly smaller
_WRITTEN = 1 << 20  # written events stand behind generated ones of the same moment


@dataclass(slots=True)
class Written:
    """An event that happened here, packed. `waiting` are the endpoints that have not said yes."""

    key: EventKey
    id: str
    kind: str
    packed: bytes
    waiting: tuple[str, ...] = ()

    def shown(self) -> Document:
        event: Document = orjson.loads(zlib.decompress(self.packed))
        return event | {"pending_webhooks": len(self.waiting)}

    def acknowledge(self, endpoint_id: str) -> None:
        self.waiting = tuple(one for one in self.waiting if one != endpoint_id)


class Journal:
    def __init__(self, past: Past) -> None:
        self._past = past
        self._written: deque[Written] = deque()
        self._count = 0
        self._by_id: dict[str, Written] = {}

    def add(self, document: Document, *, now: int, waiting: Sequence[str]) -> Written:
        key, self._count = (now, _WRITTEN, self._count, 0), self._count + 1
        packed = zlib.compress(orjson.dumps(document), _EFFORT)
        written = Written(key, document["id"], document["type"], packed, tuple(waiting))
        self._written.append(written)
        self._by_id[written.id] = written
        if len(self._written) > MOST:
            del self._by_id[self._written.popleft().id]
        return written

    def find(self, event_id: str, now: int) -> EventKey | None:
        """The key of an event that is not too old to be read."""
        written = self._by_id.get(event_id)
        key = written.key if written else self._past.find(event_id)
        return key if key is not None and now - KEPT < key[0] <= now else None

    def document(self, key: EventKey, frame: Frame) -> Document:
        if key[1] != _WRITTEN:
            return self._past.document(key, frame)
        return self._written[key[2] - self._count + len(self._written)].shown()

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
            (one.key, one.kind)
            for one in self._written
            if begin <= one.key[0] < end
            and (types is None or one.kind in types)
            and (delivered is None or (not one.waiting) is delivered)
        ]
        return iter(sorted(found, reverse=is_descending))
