"""How QuickBooks' objects are made, changed and put away: thirty with one call.

A batch carries a request id, and QuickBooks gives the same answer to the same request again. How long it remembers is
not told, so when an answer may have been lost, what became of the writes is looked up before anything is sent again:
one query for those that make something, by their unique name or number, and one for all others, by id. Customers and
items hold no reference of ours; one with the name and every value that was sent is the one that we made.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import orjson

from integrations.providers.errors import (
    Conflict,
    Duplicate,
    Invalid,
    NotFound,
    PermissionMissing,
    ProviderError,
    Settled,
    Transient,
)
from integrations.providers.http import Answer, ApiSession
from integrations.providers.quickbooks import bodies, client, queries
from integrations.providers.quickbooks.reading import QuickBooksStream, listed
from integrations.providers.types import JSON, ExternalRecord, Money, Operation, Write, WriteResult

MOST_ITEMS = 30  # that one batch takes
_OF_ONE_RECORD = (Invalid, Conflict, Duplicate, NotFound, PermissionMissing, Settled, Transient)
_OPERATIONS = {Operation.CREATE: "create", Operation.UPDATE: "update", Operation.DELETE: "update"}


class WrittenStream(QuickBooksStream):
    """A stream whose objects can be written, and found again by a name or number that no other has."""

    batch_size: ClassVar[int] = MOST_ITEMS
    writable: ClassVar[frozenset[str]]
    created_only: ClassVar[frozenset[str]] = frozenset()
    deletable: ClassVar[bool] = True
    named_by: ClassVar[str]

    def body(self, write: Write) -> JSON:
        """Return what is sent to make or change the object; empty where nothing changes. Pure."""
        raise NotImplementedError

    def refusal(self, api: ApiSession, write: Write) -> Invalid | None:
        """Return why a write cannot be sent, None where it can: amounts must be in the currency of the books."""
        home = write.raw.get("home_currency") or api.account.get("currency")
        for name, value in write.values.items():
            if isinstance(value, Money) and home and value.currency != home:
                return Invalid(f"The books are kept in {home}, and this price is in {value.currency}.", field=name)
        return None

    def holds(self, write: Write, raw: JSON) -> bool:
        """Return whether an object is as a write that makes or changes it wants it."""
        values = self.values(raw)
        return all(values.get(name) == value for name, value in write.values.items())

    def is_made_by(self, write: Write, raw: JSON) -> bool:
        """Return whether an object that bears the name of what is to be made is what an earlier attempt made."""
        return self.holds(write, raw)

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Make the changes; see `base.WritableStream`. One call, and at most two queries for attempts after the first.

        A name that is taken gives Duplicate with the id of the one who has it, where that is one of this kind; it
        costs one query more.
        """
        refused = {each.key: unfit for each in writes if (unfit := self.refusal(api, each))}
        results = {key: WriteResult(key, error=unfit) for key, unfit in refused.items()}
        results |= _looked_up(self, api, [each for each in writes if each.attempt > 1 and each.key not in results])
        results |= _sent(self, api, [each for each in writes if each.key not in results])
        return [results[write.key] for write in writes]


def _looked_up(stream: WrittenStream, api: ApiSession, writes: Sequence[Write]) -> dict[str, WriteResult]:
    """Return what became of the writes that were sent before, as far as they need not be sent again."""
    made = [write for write in writes if write.operation is Operation.CREATE]
    others = [write for write in writes if write.operation is not Operation.CREATE]
    named = _by_name(stream, api, [_name(stream, write) for write in made])
    current = {str(raw.get("Id")): raw for raw in _found(stream, api, "Id", [write.external_id for write in others])}
    results = {write.key: each for write in others if (each := _outcome(stream, api, write, current))}
    for write in made:
        raw = named.get(_name(stream, write).casefold())
        if raw is not None and stream.is_made_by(write, raw):
            del named[_name(stream, write).casefold()]  # it is the work of one write only
            results[write.key] = WriteResult(write.key, stream.record(raw, api))
    return results


def _outcome(stream: WrittenStream, api: ApiSession, write: Write, current: dict[str, JSON]) -> WriteResult | None:
    """Return what became of a change that was sent before, None when it has to be sent."""
    raw = current.get(write.external_id)
    if raw is None:
        return _gone(write)
    is_removed = write.operation is Operation.DELETE and raw.get("Active") is False
    if is_removed or (write.operation is Operation.UPDATE and stream.holds(write, raw)):
        return WriteResult(write.key, _as_written(write, stream.record(raw, api)))
    if str(raw.get("SyncToken")) == write.version:
        return None
    return WriteResult(write.key, error=Conflict("It was changed in QuickBooks meanwhile.", code="5010"))


def _sent(stream: WrittenStream, api: ApiSession, writes: Sequence[Write]) -> dict[str, WriteResult]:
    """Return the results of one batch. Raises what concerns the account, and what leaves the outcome of all open."""
    wanted = {write.key: _body(stream, write) for write in writes}
    idle = [write for write in writes if not wanted[write.key]]
    results = {each.key: WriteResult(each.key, stream.record(each.raw, api)) for each in idle}
    writes = [write for write in writes if wanted[write.key]]
    if not writes:
        return results
    items = [
        {"bId": write.key, "operation": _OPERATIONS[write.operation], stream.entity: wanted[write.key]}
        for write in writes
    ]
    answer = _post(stream, api, items)
    told = {str(each.get("bId")): each for each in _responses(answer)}
    results |= {write.key: _result(stream, api, write, told.get(write.key), answer) for write in writes}
    return results | _with_holders(stream, api, [write for write in writes if _is_taken(results[write.key])], results)


def _body(stream: WrittenStream, write: Write) -> JSON:
    return bodies.put_away(write) if write.operation is Operation.DELETE else stream.body(write)


def _post(stream: WrittenStream, api: ApiSession, items: list[JSON]) -> Answer:
    body = orjson.dumps({"BatchItemRequest": items})
    request_id = bodies.request_id(stream.entity, [item["bId"] for item in items], body)
    return client.post(api, "/batch", body, request_id=request_id)


def _responses(answer: Answer) -> list[JSON]:
    found = answer.body.get("BatchItemResponse")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Transient("QuickBooks answered a batch in a shape that we cannot read.", code="unreadable")
    return found


def _result(stream: WrittenStream, api: ApiSession, write: Write, told: JSON | None, answer: Answer) -> WriteResult:
    """Return one item's result. Raises its error where that is not the record's own."""
    if told is None:
        return WriteResult(write.key, error=Transient("QuickBooks left this record out of its answer.", code="partial"))
    if isinstance(told.get(stream.entity), dict):
        return WriteResult(write.key, _as_written(write, stream.record(told[stream.entity], api)))
    error = client.classify(400, answer.headers, orjson.dumps({"Fault": told.get("Fault")}))
    if not isinstance(error, _OF_ONE_RECORD):
        raise error
    if isinstance(error, NotFound) and write.operation is Operation.DELETE:
        return _gone(write)
    return WriteResult(write.key, error=_in_our_words(write, error))


def _in_our_words(write: Write, error: ProviderError) -> ProviderError:
    """Return the error with the field that we know it by: QuickBooks names the outer or the inner part of a path."""
    if isinstance(error, Invalid) and error.field:
        error.field = next((each for each in sorted(write.values) if _is_about(each, error.field)), error.field)
    return error


def _is_about(field: str, element: str) -> bool:
    known = {"company_or_display_name": "CompanyName", "phone": "FreeFormNumber"}.get(field, field)
    return known == element or known.startswith(f"{element}.") or known.endswith(f".{element}")


def _is_taken(result: WriteResult) -> bool:
    return isinstance(result.error, Duplicate)


def _with_holders(
    stream: WrittenStream, api: ApiSession, writes: Sequence[Write], results: dict[str, WriteResult]
) -> dict[str, WriteResult]:
    """Return the duplicates with the ids of those who have the name: a vendor may have it, whom nobody can adopt."""
    holders = _by_name(stream, api, [_name(stream, write) for write in writes])
    found = {}
    for write in writes:
        error = results[write.key].error
        if isinstance(error, Duplicate):
            error.external_id = str(holders.get(_name(stream, write).casefold(), {}).get("Id") or "")
            found[write.key] = WriteResult(write.key, error=error)
    return found


def _by_name(stream: WrittenStream, api: ApiSession, names: Iterable[str]) -> dict[str, JSON]:
    found = _found(stream, api, stream.named_by, names)
    return {str(raw.get(stream.named_by)).casefold(): raw for raw in found}


def _found(stream: WrittenStream, api: ApiSession, field: str, values: Iterable[str]) -> list[JSON]:
    """Return the objects with one of these values, the inactive ones too. One query, none for no values."""
    wanted = sorted({value for value in values if value})
    if not wanted:
        return []
    conditions: list[queries.Condition] = [] if stream.is_sale else [queries.EVEN_INACTIVE]
    asked = queries.select(stream.entity, [*conditions, (field, "IN", wanted)], rows=queries.MOST_ROWS)
    return listed(client.long_query(api, asked), stream.entity)


def _name(stream: WrittenStream, write: Write) -> str:
    """Return the unique name that an object has after the write, "" where it does not change."""
    found: Any = stream.body(write).get(stream.named_by)
    return found if isinstance(found, str) else ""


def _gone(write: Write) -> WriteResult:
    if write.operation is Operation.DELETE:
        return WriteResult(write.key, ExternalRecord(write.external_id, write.raw, write.version, deleted=True))
    return WriteResult(write.key, error=NotFound("It is not in QuickBooks any more.", code="610"))


def _as_written(write: Write, record: ExternalRecord) -> ExternalRecord:
    return replace(record, deleted=True) if write.operation is Operation.DELETE else record
