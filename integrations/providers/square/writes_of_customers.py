"""How customers are made, changed and deleted: up to a hundred with one call for each of the three.

New customers are protected by their idempotency keys: the same key with the same customer brings the first answer
again. How long Square remembers a key it does not say, so what was sent twice already is searched for by our
reference before it is sent a third time. Changes name the version that they are made to: when the answer to one was
lost, its repetition is refused, and a look at the customer tells whether our change or somebody else's came first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import orjson

from integrations.providers.errors import (
    AccountBlocked,
    AuthExpired,
    AuthRevoked,
    Conflict,
    Invalid,
    Misconfigured,
    NotFound,
    ProviderError,
    Transient,
)
from integrations.providers.http import ApiSession
from integrations.providers.square import client, groups
from integrations.providers.square.bodies_of_customers import customer, field_of
from integrations.providers.types import JSON, ExternalRecord, Operation, Values, Write, WriteResult

Results = dict[str, WriteResult]
_STATUS = {"API_ERROR": 500, "AUTHENTICATION_ERROR": 401, "RATE_LIMIT_ERROR": 429}  # of an entry, by its category
_OF_THE_ACCOUNT = (AccountBlocked, AuthExpired, AuthRevoked)
_FORGETTABLE = 2  # attempts that a key protects beyond doubt


@dataclass(frozen=True, slots=True)
class CustomerWriter:
    """Writes customers. `record` and `values` are those of the stream that reads them."""

    api: ApiSession
    record: Callable[[JSON], ExternalRecord]
    values: Callable[[JSON], Values]

    def write(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Return one result for each write, in their order. Raises a ProviderError when all of them are open."""
        chosen = {kind: [each for each in writes if each.operation is kind] for kind in Operation}
        results = self._created(chosen[Operation.CREATE])
        results |= self._changed(chosen[Operation.UPDATE])
        results |= self._deleted(chosen[Operation.DELETE])
        return [results[each.key] for each in writes]

    def _created(self, writes: Sequence[Write]) -> Results:
        results = _merged(self._searched(each) for each in writes if each.attempt > _FORGETTABLE)
        left = [each for each in writes if each.key not in results]
        answers = self._sent("/v2/customers/bulk-create", {each.key: customer(each) for each in left})
        for write in left:
            result = self._result(write, answers.get(write.key))
            if isinstance(result.error, Misconfigured):  # the key made a customer before, of another content
                result = self._searched(write).get(write.key, WriteResult(write.key, error=_not_found_yet()))
            results[write.key] = result
        return results

    def _changed(self, writes: Sequence[Write]) -> Results:
        answers = self._sent("/v2/customers/bulk-update", {each.external_id: customer(each) for each in writes})
        results = {each.key: self._result(each, answers.get(each.external_id)) for each in writes}
        refused = [each for each in writes if isinstance(results[each.key].error, Conflict)]
        return results | self._explained(refused)

    def _deleted(self, writes: Sequence[Write]) -> Results:
        if not writes:
            return {}
        body = {"customer_ids": [each.external_id for each in writes]}
        answers = self.api.post("/v2/customers/bulk-delete", body, repeatable=True).body.get("responses") or {}
        return {each.key: _deletion(each, answers.get(each.external_id)) for each in writes}

    def _sent(self, path: str, customers: dict[str, JSON]) -> dict[str, JSON]:
        """Return Square's answer for each customer. When it refuses them all, the halves are sent by themselves."""
        if not customers:
            return {}
        try:
            found = self.api.post(path, {"customers": customers}, repeatable=True).body.get("responses")
            return dict(found or {})
        except Invalid as error:
            if len(customers) == 1:
                entry = {"code": error.code, "detail": str(error), "field": error.field}
                return {key: {"errors": [entry]} for key in customers}
        keys = list(customers)
        half = len(keys) // 2
        return self._sent(path, {key: customers[key] for key in keys[:half]}) | self._sent(
            path, {key: customers[key] for key in keys[half:]}
        )

    def _result(self, write: Write, answer: JSON | None) -> WriteResult:
        raw = (answer or {}).get("customer")
        if not isinstance(raw, dict):
            return WriteResult(write.key, error=_refusal(answer))
        return WriteResult(write.key, self._read(write, raw))

    def _read(self, write: Write, raw: JSON) -> ExternalRecord:
        """Return a customer as a read brings it: with the names of its groups, known ones where they are the same."""
        if raw.get("group_ids") and raw["group_ids"] == write.raw.get("group_ids") and "group_names" in write.raw:
            return self.record(raw | {"group_names": write.raw["group_names"]})
        groups.add_names(self.api, [raw])
        return self.record(raw)

    def _searched(self, write: Write) -> Results:
        """Return the customer that carries our reference, made by an earlier attempt; nothing where there is none."""
        query = {"filter": {"reference_id": {"exact": write.ours}}, "sort": {"field": "CREATED_AT", "order": "ASC"}}
        body = self.api.post("/v2/customers/search", {"query": query, "limit": 1}, repeatable=True).body
        found = body.get("customers")
        return {write.key: WriteResult(write.key, self._read(write, found[0]))} if found else {}

    def _explained(self, writes: Sequence[Write]) -> Results:
        """Return the success of those changes that an earlier attempt made; the others stay conflicts. One call."""
        if not writes:
            return {}
        body = {"customer_ids": [each.external_id for each in writes]}
        answers = self.api.post("/v2/customers/bulk-retrieve", body, repeatable=True).body.get("responses") or {}
        results: Results = {}
        for write in writes:
            raw = (answers.get(write.external_id) or {}).get("customer")
            if isinstance(raw, dict) and self._is_as_wanted(write, raw):
                results[write.key] = WriteResult(write.key, self._read(write, raw))
        return results

    def _is_as_wanted(self, write: Write, raw: JSON) -> bool:
        """Return whether a customer is as it was last read but for our changes."""
        wanted = {name: value for name, value in (self.values(write.raw) | write.values).items() if value is not None}
        return _compared(self.values(raw)) == _compared(wanted)


def _compared(values: Values) -> Values:
    """Return the values that only a change by somebody alters. The names of groups are not told by every answer."""
    return {name: value for name, value in values.items() if name not in ("updated_at", "group_names")}


def _deletion(write: Write, answer: JSON | None) -> WriteResult:
    error = _refusal(answer) if answer is None or answer.get("errors") else None
    if error is None or isinstance(error, NotFound):
        return WriteResult(write.key, ExternalRecord(write.external_id, {}, version=write.version, deleted=True))
    return WriteResult(write.key, error=error)


def _refusal(answer: JSON | None) -> ProviderError:
    """Return our error for one entry of a bulk answer, its fields by our ids. Raises what concerns the account."""
    listed = (answer or {}).get("errors")
    if not listed:
        return Transient("Square left this customer out of its answer.", code="partial")
    status = max(_STATUS.get(each.get("category"), 400) for each in listed)
    told = [each | {"field": field_of(str(each.get("field") or ""))} for each in listed]
    error = client.classify(status, {}, orjson.dumps({"errors": told}))
    if isinstance(error, _OF_THE_ACCOUNT):
        raise error
    return error


def _not_found_yet() -> Transient:
    return Transient("Square made this customer before, and its search does not show it yet.", code="key_reused")


def _merged(found: Iterable[Results]) -> Results:
    return {key: result for each in found for key, result in each.items()}
