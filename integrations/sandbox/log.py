"""What was asked of the sandbox: the last requests, and counts of all of them. Never a token or a secret."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

KEPT = 5_000
_HIDDEN = {"code", "state", "code_challenge", "client_secret"}


@dataclass
class Entry:
    """One request while it is on its way; filled in when it is answered."""

    n: int
    at: str
    provider: str
    method: str
    path: str
    query: str
    client_request_id: str | None
    merchant: str | None = None
    status: int | None = None
    bytes_out: int = 0
    template: str | None = None


class RequestLog:
    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything; the numbers of the entries begin again at 1."""
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._by_path: Counter[str] = Counter()
        self._by_status: Counter[str] = Counter()
        self._in_flight = self._most_in_flight = self._total = 0

    def begin(
        self, provider: str, method: str, path: str, query: dict[str, str], *, at: str, client_request_id: str | None
    ) -> Entry:
        self._total += 1
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        shown = "&".join(f"{name}={'...' if name in _HIDDEN else value}" for name, value in query.items())
        entry = Entry(self._total, at, provider, method, path, shown, client_request_id)
        self._entries.append(entry)
        return entry

    def end(self, entry: Entry, *, status: int | None, bytes_out: int) -> None:
        """`status` is None when the connection was cut without an answer."""
        self._in_flight = max(0, self._in_flight - 1)
        entry.status, entry.bytes_out = status, bytes_out
        self._by_path[entry.template or entry.path] += 1
        self._by_status[str(status)] += 1

    def since(self, number: int, limit: int) -> list[dict[str, Any]]:
        found = [entry for entry in self._entries if entry.n > number][:limit]
        return [{name: value for name, value in vars(entry).items() if name != "template"} for entry in found]

    def counts(self) -> dict[str, Any]:
        return {
            "total": self._total,
            "by_path": dict(self._by_path),
            "by_status": dict(self._by_status),
            "max_in_flight": self._most_in_flight,
        }
