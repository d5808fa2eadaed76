"""What became of writes whose answers were lost, and who bears a name: at most one query by name and one by id."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from integrations.providers.errors import Conflict, Duplicate, NotFound
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import client, queries
from integrations.providers.quickbooks.reading import listed
from integrations.providers.quickbooks.writing import QuickBooksOutlet
from integrations.providers.types import JSON, ExternalRecord, Operation, Write, WriteResult

Results = dict[str, WriteResult]


def outcomes(outlet: QuickBooksOutlet, api: ApiSession, writes: Sequence[Write]) -> Results:
    """Return what became of the writes that were sent before, as far as they need not be sent again."""
    made = [write for write in writes if write.operation is Operation.CREATE]
    others = [write for write in writes if write.operation is not Operation.CREATE]
    named = _by_name(outlet, api, [_name(outlet, write) for write in made])
    current = as_they_are(outlet, api, others)
    results = {write.key: each for write in others if (each := _outcome(outlet, api, write, current))}
    for write in made:
        bearers = named.get(_name(outlet, write).casefold(), [])
        raw = next((each for each in bearers if outlet.is_made_by(write, each)), None)
        if raw is not None:
            bearers.remove(raw)  # it is the work of one write only
            results[write.key] = WriteResult(write.key, outlet.record(raw, api))
    return results


def as_they_are(outlet: QuickBooksOutlet, api: ApiSession, writes: Iterable[Write]) -> dict[str, JSON]:
    """Return the objects that writes change, as they are now, by id. One query, none for no writes."""
    return {str(raw.get("Id")): raw for raw in _found(outlet, api, "Id", [write.external_id for write in writes])}


def with_holders(outlet: QuickBooksOutlet, api: ApiSession, writes: Sequence[Write], results: Results) -> Results:
    """Return the duplicates with the ids of those who have the name: a vendor may have it, whom nobody can adopt."""
    holders = _by_name(outlet, api, [_name(outlet, write) for write in writes])
    found = {}
    for write in writes:
        error = results[write.key].error
        if isinstance(error, Duplicate):
            bearers = holders.get(_name(outlet, write).casefold())
            error.external_id = str(bearers[0].get("Id") or "") if bearers else ""
            found[write.key] = WriteResult(write.key, error=error)
    return found


def gone(write: Write) -> WriteResult:
    """Return what it means for a write that the object is not there (any more)."""
    if write.operation is Operation.DELETE:
        return WriteResult(write.key, ExternalRecord(write.external_id, write.raw, write.version, deleted=True))
    return WriteResult(write.key, error=NotFound("It is not in QuickBooks any more.", code="610"))


def as_written(write: Write, record: ExternalRecord) -> ExternalRecord:
    """Return the object as the write leaves it for us: one that was put away counts as deleted."""
    return replace(record, deleted=True) if write.operation is Operation.DELETE else record


def _outcome(outlet: QuickBooksOutlet, api: ApiSession, write: Write, current: dict[str, JSON]) -> WriteResult | None:
    """Return what became of a change that was sent before, None when it has to be sent."""
    raw = current.get(write.external_id)
    if raw is None:
        return gone(write)
    is_removed = write.operation is Operation.DELETE and raw.get("Active") is False
    if is_removed or (write.operation is Operation.UPDATE and outlet.holds(write, raw)):
        return WriteResult(write.key, as_written(write, outlet.record(raw, api)))
    if str(raw.get("SyncToken")) == write.version:
        return None
    return WriteResult(write.key, error=Conflict("It was changed in QuickBooks meanwhile.", code="5010"))


def _by_name(outlet: QuickBooksOutlet, api: ApiSession, names: Iterable[str]) -> dict[str, list[JSON]]:
    """Return those who bear these names, in lower case: numbers stand several times where a company does not mind."""
    bearers: dict[str, list[JSON]] = {}
    for raw in _found(outlet, api, outlet.named_by, names):
        bearers.setdefault(str(raw.get(outlet.named_by)).casefold(), []).append(raw)
    return bearers


def _found(outlet: QuickBooksOutlet, api: ApiSession, field: str, values: Iterable[str]) -> list[JSON]:
    """Return the objects with one of these values, the inactive ones too. One query, none for no values."""
    wanted = sorted({value for value in values if value})
    if not wanted:
        return []
    conditions: list[queries.Condition] = [] if outlet.is_sale else [queries.EVEN_INACTIVE]
    asked = queries.select(outlet.entity, [*conditions, (field, "IN", wanted)], rows=queries.MOST_ROWS)
    return listed(client.long_query(api, asked), outlet.entity)


def _name(outlet: QuickBooksOutlet, write: Write) -> str:
    """Return the unique name that an object has after the write, "" where it does not change."""
    found: Any = outlet.body(write).get(outlet.named_by)
    return found if isinstance(found, str) else ""
