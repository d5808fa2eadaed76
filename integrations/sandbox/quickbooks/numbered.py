"""What all generated records of QuickBooks have in common: running numbers as ids, whole seconds, a sync token."""

from __future__ import annotations

from functools import lru_cache

from integrations.sandbox.generation import Document, Timeline
from integrations.sandbox.quickbooks.zones import Zone, whole_second


class Numbered:
    """Records by index. Kinds that share one sequence of ids take turns: `place` of `stride`."""

    def __init__(self, timeline: Timeline, zone: Zone, *, stride: int = 1, place: int = 0) -> None:
        self.count, self.timeline, self.zone = timeline.count, timeline, zone
        self._stride, self._first = stride, place + 1
        self._moments = lru_cache(maxsize=8)(self._both_moments)  # each is asked for several times in a row

    def id_of(self, index: int) -> str:
        return str(index * self._stride + self._first)

    def index_of(self, record_id: str) -> int | None:
        if not record_id.isascii() or not record_id.isdigit() or record_id[0] == "0":
            return None
        index, rest = divmod(int(record_id) - self._first, self._stride)
        return None if rest or index < 0 else index

    def created(self, index: int) -> int:
        return self._moments(index)[0]

    def updated(self, index: int) -> int:
        return self._moments(index)[1]

    def _both_moments(self, index: int) -> tuple[int, int]:
        return whole_second(self.timeline.created(index)), whole_second(self.timeline.updated(index))

    def exists(self, index: int) -> bool:
        return True

    def is_active(self, index: int) -> bool:
        return True

    def active_before(self, index: int) -> int:
        return index

    def index_of_name(self, name: str) -> int | None:
        return None

    def head(self, index: int, sync_token: int = 0) -> Document:
        """The fields that every record has."""
        text = self.zone.text
        return {
            "domain": "QBO",
            "sparse": False,
            "Id": self.id_of(index),
            "SyncToken": str(sync_token),
            "MetaData": {"CreateTime": text(self.created(index)), "LastUpdatedTime": text(self.updated(index))},
        }


class SomeInactive(Numbered):
    """One in fifty was made inactive, always at the same place of the fifty, so that they can be counted."""

    def is_active(self, index: int) -> bool:
        return index % 50 != 37

    def active_before(self, index: int) -> int:
        return index - (index + 12) // 50


class Written(Numbered):
    """A short list that is written out: the same records in every company of a country."""

    def __init__(self, timeline: Timeline, zone: Zone, documents: list[Document]) -> None:
        super().__init__(timeline, zone)
        self.count, self._documents = len(documents), documents
        self._by_name = {str(one["Name"]).casefold(): index for index, one in enumerate(documents) if "Name" in one}

    def created(self, index: int) -> int:
        return whole_second(self.timeline.begin)

    def updated(self, index: int) -> int:
        return whole_second(self.timeline.begin)

    def index_of_name(self, name: str) -> int | None:
        return self._by_name.get(name.casefold())

    def document(self, index: int) -> Document:
        return self._documents[index] | self.head(index)
