"""How customers are made, changed and deleted: one call for each.

Stripe's search may lag behind for a minute, in bad times for an hour. So a creation that is repeated is first searched
for by our reference, ten with one call, and then sent with its old key: what the search does not know yet, the key
still protects, and what the key no longer protects, the search has long known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from integrations.providers.errors import Invalid, NotFound
from integrations.providers.http import ApiSession
from integrations.providers.stripe import bodies, writes
from integrations.providers.stripe.marks import REFERENCE
from integrations.providers.stripe.streams.paging import clock
from integrations.providers.types import JSON, ExternalRecord, Operation, Write, WriteResult

MOST_CLAUSES = 10  # that one search takes
_PATH = "/v1/customers"


@dataclass(frozen=True, slots=True)
class CustomerWriter:
    """Writes customers. `record` and `fetched` are those of the stream that reads them."""

    api: ApiSession
    record: Callable[[JSON, int], ExternalRecord]
    fetched: Callable[[ApiSession, str], ExternalRecord | None]

    def write(self, wanted: Sequence[Write]) -> list[WriteResult]:
        """Return one result for each write, in their order; see `writes.in_turn`."""
        made = self._made_before(wanted)
        return writes.in_turn(wanted, lambda write: self._written(write, made.get(write.ours)))

    def _written(self, write: Write, made: str | None) -> WriteResult:
        if write.operation is Operation.DELETE:
            return WriteResult(write.key, self._deleted(write))
        if write.operation is Operation.CREATE and made:
            return WriteResult(write.key, self.fetched(self.api, made))
        with writes.in_our_words(bodies.field_of):
            return WriteResult(write.key, self._posted(write))

    def _posted(self, write: Write) -> ExternalRecord | None:
        """Return the customer as it is now; the answer to a repeated request tells how it was then."""
        path = _path(write.external_id) if write.operation is Operation.UPDATE else _PATH
        answer = writes.make(self.api, write, path, bodies.customer(write))
        if write.attempt > 1 and writes.is_replayed(answer):
            return self.fetched(self.api, str(answer.body.get("id")))
        return self.record(answer.body, clock(answer))

    def _deleted(self, write: Write) -> ExternalRecord:
        try:
            answer = self.api.call("DELETE", _path(write.external_id), repeatable=True)
        except NotFound:
            return ExternalRecord(write.external_id, {}, version=write.version, deleted=True)
        return ExternalRecord(write.external_id, {}, version=str(clock(answer)), deleted=True)

    def _made_before(self, wanted: Sequence[Write]) -> dict[str, str]:
        """Return by our record's id the customers that earlier attempts made, as far as the search knows them."""
        repeated = [each.ours for each in wanted if each.operation is Operation.CREATE and each.attempt > 1]
        found: dict[str, str] = {}
        for at in range(0, len(repeated), MOST_CLAUSES):
            found |= self._searched(repeated[at : at + MOST_CLAUSES])
        return found

    def _searched(self, references: Sequence[str]) -> dict[str, str]:
        query = " OR ".join(f"metadata['{REFERENCE}']:'{each}'" for each in references)
        try:
            body = self.api.get(f"{_PATH}/search", {"query": query, "limit": 100}).body
        except Invalid:  # accounts in some countries have no search; their keys alone protect them
            return {}
        listed: list[JSON] = body.get("data") or []
        return {str(raw["metadata"].get(REFERENCE)): str(raw["id"]) for raw in reversed(listed)}


def _path(external_id: str) -> str:
    return f"{_PATH}/{quote(external_id, safe='')}"
