"""How ids of one family are made: records that belong together share the part behind their prefix."""

from __future__ import annotations

from functools import lru_cache

from integrations.sandbox.generation import MIXED, Ids, key_of

_LENGTH = 22


class Stems:
    """Stems by index; an id is a prefix and a stem, and leads back to its index."""

    def __init__(self, key: bytes, kind: str, length: int = _LENGTH) -> None:
        ids = _Recent(key_of(key, kind, "id"), length, alphabet=MIXED)
        self.of, self._index_of = ids.of, ids.index_of

    def index_of(self, prefix: str, record_id: str) -> int | None:
        return self._index_of(record_id[len(prefix) :]) if record_id.startswith(prefix) else None


class _Recent(Ids):
    """Ids that know the last few, as several records of one family are often asked for together."""

    def __init__(self, key: bytes, length: int, *, alphabet: str) -> None:
        super().__init__(key, length, alphabet=alphabet)
        self._recent = lru_cache(maxsize=2048)(super().of)

    def of(self, index: int) -> str:
        return self._recent(index)
