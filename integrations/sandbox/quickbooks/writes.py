"""How records are created, updated in full or in part, deleted and voided by the API's client."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.bodies import HEAD, REQUIRED, STARTS, TABLES
from integrations.sandbox.quickbooks.calls import Call
from integrations.sandbox.quickbooks.completion import complete
from integrations.sandbox.quickbooks.errors import (
    invalid_choice,
    invalid_value,
    missing,
    not_found,
    stale,
    unsupported,
)  # fmt: skip
from integrations.sandbox.quickbooks.fields import checked, ignored
from integrations.sandbox.quickbooks.kinds import Kind, Nature
from integrations.sandbox.quickbooks.ledger import keep, remove
from integrations.sandbox.quickbooks.postings import post
from integrations.sandbox.store import Entry

VOIDABLE = {"Invoice": "void", "SalesReceipt": "update", "Payment": "update"}


def write(call: Call, kind: Kind) -> Document:
    """What a POST to an entity does follows from `operation`, `include` and whether the body has an Id."""
    operation = call.query.get("operation")
    if operation not in (None, "update", "delete", "void"):
        raise invalid_choice("operation", operation)
    if "include" in call.query and (call.query["include"] != "void" or operation != "update"):
        raise invalid_choice("include", call.query["include"])
    if operation == "void" or "include" in call.query:
        if VOIDABLE.get(kind.name) != operation:
            raise unsupported(f"Operation void is not supported for {kind.name} in this way.")
        operation = "void"
    return call.answer(**{kind.name: perform(call, kind, call.body, operation)})


def perform(call: Call, kind: Kind, body: Any, operation: str | None) -> Document:
    """One write; without an operation a body with an Id is an update. Returns the record as it is answered."""
    if not isinstance(body, dict):
        raise invalid_value(kind.name, "must be an object")
    if operation == "delete":
        return _delete(call, kind, body)
    if operation == "void":
        return _void(call, kind, body)
    if operation == "update" or (operation is None and body.get("Id") not in (None, "", "0", 0)):
        return _update(call, kind, body)
    return _create(call, kind, body)


def _create(call: Call, kind: Kind, body: Document) -> Document:
    given = checked(call.company, HEAD | TABLES[kind.name], body, "")
    document = _filled(STARTS[kind.name], given)
    return _store(call, kind, None, document)


def _update(call: Call, kind: Kind, body: Document) -> Document:
    """A full update clears what it does not name; a sparse one keeps it."""
    old = _current(call, kind, body)
    if not isinstance(body.get("sparse", False), bool):
        raise invalid_value("sparse", "must be true or false")
    given = checked(call.company, HEAD | TABLES[kind.name], body, "")
    if body.get("sparse"):
        start = old.document
    else:
        start = {name: value for name, value in old.document.items() if name not in _writable(kind)}
        start = STARTS[kind.name] | start
    return _store(call, kind, old, _filled(start, given))


def _writable(kind: Kind) -> set[str]:
    """The fields that a client writes, and that a full update clears."""
    return {name for name, check in TABLES[kind.name].items() if check is not ignored}


def _filled(start: Document, given: Document) -> Document:
    document = start | given
    return {name: value for name, value in document.items() if value is not None}


def _store(call: Call, kind: Kind, old: Entry | None, document: Document) -> Document:
    for name in REQUIRED.get(kind.name, ()):
        if document.get(name) in (None, []):
            raise missing(name)
    before = old.document if old else None
    kept = keep(call.double, call.company, kind.name, old, complete(call, kind, before, document))
    post(call.double, call.company, kind.name, before, kept)
    now = call.company.shelves[kind.name].live(kept["Id"])
    return now.document if now else kept


def _delete(call: Call, kind: Kind, body: Document) -> Document:
    if kind.nature is not Nature.TRANSACTION:
        raise unsupported(f"Operation delete is not supported for {kind.name}.")
    checked(call.company, HEAD | TABLES[kind.name], body, "")
    old = _current(call, kind, body)
    remove(call.double, call.company, kind.name, old)
    post(call.double, call.company, kind.name, old.document, None)
    return {"domain": "QBO", "status": "Deleted", "Id": old.document["Id"]}


def _void(call: Call, kind: Kind, body: Document) -> Document:
    """Everything is set to zero, and the note says so. Such a write is a sparse one where it is an update."""
    if VOIDABLE[kind.name] == "update" and body.get("sparse") is not True:
        raise missing("sparse")
    checked(call.company, HEAD | TABLES[kind.name], body, "")
    old = _current(call, kind, body)
    document = old.document | {"TotalAmt": 0, "Line": [_zero(line) for line in old.document["Line"]]}
    note = old.document.get("PrivateNote")
    document["PrivateNote"] = f"Voided - {note}"[:4000] if note else "Voided"
    if kind.name == "Payment":
        document |= {"Line": [], "UnappliedAmt": 0}
    else:
        document |= {"Balance": 0, "TxnTaxDetail": {"TotalTax": 0, "TaxLine": []}, "LinkedTxn": []}
    kept = keep(call.double, call.company, kind.name, old, document, operation="Void")
    post(call.double, call.company, kind.name, old.document, kept)
    return kept


def _zero(line: Document) -> Document:
    detail = line.get("SalesItemLineDetail")
    zero = {"SalesItemLineDetail": detail | {"Qty": 0, "UnitPrice": 0}} if detail else {}
    return line | {"Amount": 0} | zero


def _current(call: Call, kind: Kind, body: Document) -> Entry:
    """The record that a body is about, if its sync token is the newest."""
    for name in ("Id", "SyncToken"):
        if body.get(name) in (None, ""):
            raise missing(name)
    entry = call.company.shelves[kind.name].live(str(body["Id"]))
    if entry is None:
        raise not_found(kind.name, str(body["Id"]))
    if str(body["SyncToken"]) != entry.document["SyncToken"]:
        raise stale()
    return entry
