"""How QuickBooks' objects are made, changed and put away: thirty with one call.

A batch carries a request id, and QuickBooks gives the same answer to the same request again. How long it remembers is
not told, so when an answer may have been lost, what became of the writes is looked up before anything is sent again:
one query for those that make something, by their unique name or number, and one for all others, by id. Customers and
items hold no reference of ours; one with the name and every value that was sent is the one that we made. Sales bear
our record's id in their note.
"""

from collections.abc import Sequence

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
from integrations.providers.quickbooks import bodies, client, lookups
from integrations.providers.quickbooks.lookups import Results
from integrations.providers.quickbooks.writing import QuickBooksOutlet
from integrations.providers.types import JSON, Operation, Write, WriteResult

_OF_ONE_RECORD = (Invalid, Conflict, Duplicate, NotFound, PermissionMissing, Settled, Transient)
_OF_A_LINE = frozenset({"Line", "Amount", "DetailType", "Description", "ItemRef", "TaxCodeRef", "Qty", "UnitPrice"})


class Written(QuickBooksOutlet):
    """An object that is written by batches."""

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Make the changes; see `base.Outlet`. One call, and at most two queries for attempts after the first.

        A name that is taken gives Duplicate with the id of the one who has it, where that is one of this kind; it
        costs one query more. What QuickBooks made otherwise than it was wanted is taken out again; one call more.
        """
        refused = {each.key: unfit for each in writes if (unfit := self.refusal(api, each))}
        results = {key: WriteResult(key, error=unfit) for key, unfit in refused.items()}
        results |= lookups.outcomes(
            self, api, [each for each in writes if each.attempt > 1 and each.key not in results]
        )
        ready, lacking = _prepared(self, api, [each for each in writes if each.key not in results])
        results |= lacking | _sent(self, api, ready)
        results |= _unmade(self, api, writes, results)
        return [results[write.key] for write in writes]


def _prepared(outlet: QuickBooksOutlet, api: ApiSession, writes: Sequence[Write]) -> tuple[list[Write], Results]:
    """Return the writes with what the books say of them, and the refusals of those for which something lacks."""
    ready, lacking = list[Write](), Results()
    for write in writes:
        try:
            ready.append(outlet.prepared(api, write))
        except Invalid as error:
            lacking[write.key] = WriteResult(write.key, error=error)
    return ready, lacking


def _sent(outlet: QuickBooksOutlet, api: ApiSession, writes: Sequence[Write]) -> Results:
    """Return the results of one batch. Raises what concerns the account, and what leaves the outcome of all open."""
    wanted = {write.key: outlet.item(write) for write in writes}
    idle = [write for write in writes if not wanted[write.key]]
    results = {each.key: WriteResult(each.key, outlet.record(each.raw, api)) for each in idle}
    writes = [write for write in writes if wanted[write.key]]
    if not writes:
        return results
    told, answer = _posted(outlet, api, [{"bId": write.key} | wanted[write.key] for write in writes])
    results |= {write.key: _result(outlet, api, write, told.get(write.key), answer) for write in writes}
    taken = [write for write in writes if isinstance(results[write.key].error, Duplicate)]
    return results | lookups.with_holders(outlet, api, taken, results)


def _posted(outlet: QuickBooksOutlet, api: ApiSession, items: list[JSON]) -> tuple[dict[str, JSON], Answer]:
    """Return what QuickBooks answered to each item, and its answer as a whole. One call."""
    body = orjson.dumps({"BatchItemRequest": items})
    request_id = bodies.request_id(outlet.entity, [item["bId"] for item in items], body)
    answer = client.post(api, "/batch", body, request_id=request_id)
    found = answer.body.get("BatchItemResponse")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Transient("QuickBooks answered a batch in a shape that we cannot read.", code="unreadable")
    return {str(each.get("bId")): each for each in found}, answer


def _result(outlet: QuickBooksOutlet, api: ApiSession, write: Write, told: JSON | None, answer: Answer) -> WriteResult:
    """Return one item's result. Raises its error where that is not the record's own."""
    if told is None:
        return WriteResult(write.key, error=Transient("QuickBooks left this record out of its answer.", code="partial"))
    if isinstance(told.get(outlet.entity), dict):
        record = outlet.record(told[outlet.entity], api)
        return lookups.gone(write) if record.deleted else WriteResult(write.key, lookups.as_written(write, record))
    error = _refused(told, answer)
    if isinstance(error, NotFound) and write.operation is Operation.DELETE:
        return lookups.gone(write)
    return WriteResult(write.key, error=_in_our_words(write, error))


def _refused(told: JSON, answer: Answer) -> ProviderError:
    error = client.classify(400, answer.headers, orjson.dumps({"Fault": told.get("Fault")}))
    if not isinstance(error, _OF_ONE_RECORD):
        raise error
    return error


def _in_our_words(write: Write, error: ProviderError) -> ProviderError:
    """Return the error with the field that we know it by: QuickBooks names the outer or the inner part of a path."""
    if isinstance(error, Invalid) and error.field:
        error.field = next((each for each in sorted(write.values) if _is_about(each, error.field)), error.field)
    return error


def _is_about(field: str, element: str) -> bool:
    if field == "lines":
        return element in _OF_A_LINE
    known = {"company_or_display_name": "CompanyName", "phone": "FreeFormNumber"}.get(field, field)
    return known == element or known.startswith(f"{element}.") or known.endswith(f".{element}")


def _unmade(outlet: QuickBooksOutlet, api: ApiSession, writes: Sequence[Write], results: Results) -> Results:
    """Return what is refused because of what QuickBooks made of it. New objects are deleted again, with one call."""
    there = {write.key: record for write in writes if (record := results[write.key].record) is not None}
    flaws = {
        write.key: flaw for write in writes if write.key in there and (flaw := outlet.flaw(write, there[write.key]))
    }
    made = [write.key for write in writes if write.key in flaws and write.operation is Operation.CREATE]
    items = [
        {
            "bId": key, "operation": "delete",
            outlet.entity: {"Id": there[key].id, "SyncToken": there[key].version},
        }
        for key in made
    ]  # fmt: skip
    told = _posted(outlet, api, items)[0] if items else {}
    for key in made:
        is_gone = isinstance(told.get(key, {}).get(outlet.entity), dict)
        end = "It was taken out again." if is_gone else "It could not be taken out again: delete it there."
        flaws[key] = Invalid(f"{flaws[key]} {end}", field=flaws[key].field)
    return {key: WriteResult(key, error=flaw) for key, flaw in flaws.items()}
