"""All members of one audience: the generated ones, and whatever was written over them or added."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.ids import subscriber_hash
from integrations.sandbox.mailchimp.sight import Sight, generated_entry
from integrations.sandbox.mailchimp.subscribers import Subscribers
from integrations.sandbox.store import Entry


class Register:
    """Finds a member at once; `sight` is what lists show, which follows when the lag is over."""

    def __init__(self, generated: Subscribers) -> None:
        self.generated, self.sight = generated, Sight(generated)
        self._latest: dict[int, Entry] = {}
        self._ranks_of_hash: dict[str, int | None] = {}
        self._ranks_of_contact: dict[str, int] = {}
        self._pending: deque[tuple[int, Entry]] = deque()
        self._added = 0
        self.forgotten: set[str] = set()

    def find(self, address: str) -> Entry | None:
        """The member by hash, e-mail address or contact_id; forgotten ones are not found."""
        if "@" in address:
            rank = self._rank_of_hash(subscriber_hash(address))
        else:
            rank = self._rank_of_hash(address)
            if rank is None:
                rank = self._rank_of_contact(address)
        entry = None if rank is None else self.latest(rank)
        return None if entry is None or entry.is_deleted else entry

    def latest(self, rank: int) -> Entry:
        return self._latest.get(rank) or generated_entry(self.generated, rank)

    def next_rank(self) -> int:
        return self.generated.count + self._added

    def add(self, document: Document, *, joined: int, now: int, lag: int) -> Entry:
        entry = Entry(self.next_rank(), joined, now, document)
        self._added += 1
        self._ranks_of_contact[document["contact_id"]] = entry.rank
        self._write(entry, lag)
        return entry

    def replace(
        self, old: Entry, document: Document, *, now: int, lag: int, joined: int | None = None, is_deleted: bool = False
    ) -> Entry:
        """A new state of a known member, who may have a new address, and so a new hash."""
        if document["id"] != old.document["id"]:
            self._ranks_of_hash[old.document["id"]] = None
        entry = Entry(old.rank, old.created if joined is None else joined, now, document, is_deleted)
        self._write(entry, lag)
        return entry

    def forget(self, old: Entry, *, now: int, lag: int) -> Entry:
        """Delete for good: the address can never be added again."""
        self.forgotten.add(old.document["id"])
        entry = self.replace(old, old.document, now=now, lag=lag, is_deleted=True)
        self._ranks_of_hash[old.document["id"]] = None
        return entry

    def settle(self, now: int) -> None:
        """Let lists see every write whose lag is over."""
        while self._pending and self._pending[0][0] <= now:
            self.sight.show(self._pending.popleft()[1])

    def everything(self) -> Iterator[Entry]:
        """Every member that ever was, as of now."""
        for rank in range(self.next_rank()):
            yield self.latest(rank)

    def forgotten_count(self) -> int:
        return sum(1 for entry in self._latest.values() if entry.is_deleted)

    def _write(self, entry: Entry, lag: int) -> None:
        self._latest[entry.rank] = entry
        self._ranks_of_hash[entry.document["id"]] = entry.rank
        if lag <= 0 and not self._pending:
            self.sight.show(entry)
        else:
            self._pending.append((entry.updated + lag, entry))

    def _rank_of_hash(self, wanted: str) -> int | None:
        if wanted in self._ranks_of_hash:
            return self._ranks_of_hash[wanted]
        if len(wanted) != 32 or set(wanted) - set("0123456789abcdef"):
            return None
        return self.generated.index_of_hash(wanted)

    def _rank_of_contact(self, contact_id: str) -> int | None:
        known = self._ranks_of_contact.get(contact_id)
        return self.generated.index_of_contact(contact_id) if known is None else known
