"""How up to thirty operations come in one request: each on its own, each with its own fault."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.calls import Call
from integrations.sandbox.quickbooks.errors import (
    GatewayError,
    QuickBooksError,
    invalid_choice,
    invalid_value,
    missing,
    unknown_property,
    unsupported,
)  # fmt: skip
from integrations.sandbox.quickbooks.kinds import KINDS
from integrations.sandbox.quickbooks.meter import CORE, COREPLUS, count_call
from integrations.sandbox.quickbooks.reading import run_query
from integrations.sandbox.quickbooks.writes import VOIDABLE, perform

MOST = 30
_OPERATIONS = ("create", "update", "delete")


def run_batch(call: Call) -> Document:
    """Items run one after the other; a failure of one does not touch the others."""
    if not isinstance(call.body, dict) or not isinstance(call.body.get("BatchItemRequest"), list):
        raise missing("BatchItemRequest")
    for name in call.body:
        if name != "BatchItemRequest":
            raise unknown_property(name)
    items = call.body["BatchItemRequest"]
    if len(items) > MOST:
        raise QuickBooksError(1040, "Batch size exceeds allowed limit", f"The limit is {MOST}, sent were {len(items)}")
    ids = [item.get("bId") if isinstance(item, dict) else None for item in items]
    if not all(isinstance(each, str) and each for each in ids) or len(set(ids)) < len(ids):
        raise invalid_value("bId", "each item needs an id of its own")
    return call.answer(BatchItemResponse=[_run(call, item) | {"bId": item["bId"]} for item in items])


def _run(call: Call, item: Document) -> Document:
    try:
        return _query(call, item) if "Query" in item else _write(call, item)
    except GatewayError:
        raise
    except QuickBooksError as error:
        return {"Fault": error.fault()}


def _query(call: Call, item: Document) -> Document:
    if set(item) - {"bId", "Query"} or not isinstance(item["Query"], str):
        raise invalid_value("Query", "must be a text and stand alone")
    count_call(call.double, call.company, COREPLUS)
    return {"QueryResponse": run_query(call, item["Query"])["QueryResponse"]}


def _write(call: Call, item: Document) -> Document:
    names = set(item) - {"bId", "operation", "optionsData"}
    name = names.pop() if len(names) == 1 else None
    kind = KINDS.get(name or "")
    if kind is None or not kind.is_written:
        raise unsupported("Each item holds one entity that can be written, or a Query.")
    operation: Any = item.get("operation")
    if operation not in _OPERATIONS:
        raise invalid_choice("operation", operation)
    if item.get("optionsData"):
        if item["optionsData"] != "void" or operation != "update" or kind.name not in VOIDABLE:
            raise invalid_choice("optionsData", item["optionsData"])
        operation = "void"
    count_call(call.double, call.company, CORE)
    return {kind.name: perform(call, kind, item[kind.name], operation)}
