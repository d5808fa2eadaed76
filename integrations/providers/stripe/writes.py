"""How customers are made, changed and deleted: one call for each, for Stripe has no bulk endpoints.

Stripe remembers an idempotency key for a day, and its search may lag behind for a minute, in bad times for an hour.
So a creation that is repeated is first searched for by our reference, ten with one call, and then sent with its old
key: what the search does not know yet, the key still protects, and what the key no longer protects, the search has
long known. Changes have no versions, the last one wins; one that is repeated says the same thing again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from integrations.providers.errors import (
    Conflict,
    Duplicate,
    Invalid,
    NotFound,
    ProviderError,
    Settled,
    Transient,
)
from integrations.providers.http import ApiSession
from integrations.providers.stripe import bodies
from integrations.providers.stripe.streams.paging import clock
from integrations.providers.types import JSON, ExternalRecord, Operation, Write, WriteResult

MOST_CLAUSES = 10  # that one search takes
_OF_ONE_RECORD = (Invalid, Conflict, Duplicate, NotFound, Settled)
_PATH = "/v1/customers"


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes customers. `record` and `fetched` are those of the stream that reads them."""

    api: ApiSession
    record: Callable[[JSON, int], ExternalRecord]
    fetched: Callable[[ApiSession, str], ExternalRecord | None]

    def write(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Return one result for each write, in their order.

        When Stripe stops answering in the middle, what was done is told and the rest is left as Transient; when it
        does not answer at all, that is raised.
        """
        made = self._made_before(writes)
        results: list[WriteResult] = []
        for at, write in enumerate(writes):
            try:
                results.append(self._written(write, made.get(write.ours)))
            except _OF_ONE_RECORD as error:
                results.append(WriteResult(write.key, error=_in_our_words(error)))
            except Transient as error:
                if not results:
                    raise
                return results + [WriteResult(each.key, error=error) for each in writes[at:]]
        return results

    def _written(self, write: Write, made: str | None) -> WriteResult:
        if write.operation is Operation.DELETE:
            return WriteResult(write.key, self._deleted(write))
        if write.operation is Operation.CREATE and made:
            record = self.fetched(self.api, made)
            return WriteResult(write.key, record)
        return WriteResult(write.key, self._posted(write))

    def _posted(self, write: Write) -> ExternalRecord | None:
        """Return the customer as it is now; the answer to a repeated request tells how it was then."""
        path = _path(write.external_id) if write.operation is Operation.UPDATE else _PATH
        form = bodies.customer(write)
        answer = self.api.post_form(path, form, repeatable=True, headers={"Idempotency-Key": write.key})
        if write.attempt > 1 and answer.headers.get("idempotent-replayed") == "true":
            return self.fetched(self.api, str(answer.body.get("id")))
        return self.record(answer.body, clock(answer))

    def _deleted(self, write: Write) -> ExternalRecord:
        try:
            answer = self.api.call("DELETE", _path(write.external_id), repeatable=True)
        except NotFound:
            return ExternalRecord(write.external_id, {}, version=write.version, deleted=True)
        return ExternalRecord(write.external_id, {}, version=str(clock(answer)), deleted=True)

    def _made_before(self, writes: Sequence[Write]) -> dict[str, str]:
        """Return by our record's id the customers that earlier attempts made, as far as the search knows them."""
        repeated = [each.ours for each in writes if each.operation is Operation.CREATE and each.attempt > 1]
        found: dict[str, str] = {}
        for at in range(0, len(repeated), MOST_CLAUSES):
            found |= self._searched(repeated[at : at + MOST_CLAUSES])
        return found

    def _searched(self, references: Sequence[str]) -> dict[str, str]:
        query = " OR ".join(f"metadata['{bodies.REFERENCE}']:'{each}'" for each in references)
        try:
            body = self.api.get(f"{_PATH}/search", {"query": query, "limit": 100}).body
        except Invalid:  # accounts in some countries have no search; their keys alone protect them
            return {}
        listed: list[JSON] = body.get("data") or []
        return {str(raw["metadata"].get(bodies.REFERENCE)): str(raw["id"]) for raw in reversed(listed)}


def _path(external_id: str) -> str:
    return f"{_PATH}/{quote(external_id, safe='')}"


def _in_our_words(error: ProviderError) -> ProviderError:
    """Return the refusal with our field id in place of Stripe's parameter."""
    if not isinstance(error, Invalid) or not error.field:
        return error
    return Invalid(str(error), field=bodies.field_of(error.field), code=error.code, status=error.status)
