"""How the catalogue is written: one write at a time per seller, each batch whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route, present
from integrations.sandbox.square.catalog import LIMITS, find_object, parent_of
from integrations.sandbox.square.catalog_shapes import BATCHES, DELETE, UPSERT
from integrations.sandbox.square.errors import invalid, not_found, rate_limited
from integrations.sandbox.square.idempotency import once
from integrations.sandbox.square.ledger import remove, tell_catalogue
from integrations.sandbox.square.upserts import Batch


async def upsert(call: Call) -> Document:
    async with _alone(call):
        return once(call, call.asked["idempotency_key"], lambda: _upsert_one(call))


async def batch_upsert(call: Call) -> Document:
    total = sum(len(batch["objects"]) for batch in call.asked["batches"])
    if total > LIMITS["total"]:
        raise invalid("ARRAY_LENGTH_TOO_LONG", f"At most {LIMITS['total']} objects in all batches.", "batches")
    async with _alone(call):
        return once(call, call.asked["idempotency_key"], lambda: _upsert_all(call))


async def delete_one(call: Call) -> Document:
    async with _alone(call):
        if find_object(call.merchant, call.ids["object_id"]) is None:
            raise not_found("Catalog object", call.ids["object_id"])
        return _delete(call, [call.ids["object_id"]])


async def batch_delete(call: Call) -> Document:
    """Unknown ids are passed over."""
    async with _alone(call):
        return _delete(call, call.asked["object_ids"])


@asynccontextmanager
async def _alone(call: Call) -> AsyncIterator[None]:
    """Holds the seller's catalogue for the time of a write; SquareError 429 when somebody else holds it."""
    merchant = call.merchant
    if merchant.catalogue_is_busy:
        raise rate_limited("Another catalog write of this seller is running.", retry_after=None)
    merchant.catalogue_is_busy = True
    try:
        await asyncio.sleep(call.square.settings.catalog_write_ms / 1000)
        yield
    finally:
        merchant.catalogue_is_busy = False


def _upsert_one(call: Call) -> Document:
    batch = Batch(call.merchant, call.square.clock.now())
    wanted = call.asked["object"]
    batch.add(wanted, "object")
    _commit(call, batch)
    found = find_object(call.merchant, batch.real_id(wanted["id"]))
    return present(catalog_object=found, id_mappings=batch.mappings())


def _upsert_all(call: Call) -> Document:
    """Batch after batch; the first that fails leaves itself and those after it undone."""
    objects: list[Any] = []
    mappings: list[Document] = []
    for place, asked in enumerate(call.asked["batches"]):
        batch = Batch(call.merchant, call.square.clock.now())
        for number, wanted in enumerate(asked["objects"]):
            batch.add(wanted, f"batches[{place}].objects[{number}]")
        _commit(call, batch)
        objects += [find_object(call.merchant, batch.real_id(wanted["id"])) for wanted in asked["objects"]]
        mappings += batch.mappings()
    stamp = rfc3339(call.square.clock.now())
    return present(objects=objects, id_mappings=mappings, updated_at=stamp)


def _commit(call: Call, batch: Batch) -> None:
    batch.commit(lag=call.square.lag)
    tell_catalogue(call.square, call.merchant, rfc3339(batch.now))


def _delete(call: Call, object_ids: list[str]) -> Document:
    """Deleting an item takes its variations along."""
    gone: list[str] = []
    for object_id in object_ids:
        entry = call.merchant.catalogue.live(object_id)
        parent = None if entry else parent_of(call.merchant, object_id)
        if entry is not None:
            remove(call.square, call.merchant, "products", entry)
            variations = entry.document.get("item_data", {}).get("variations", [])
            gone += [object_id, *(variation["id"] for variation in variations)]
        elif parent is not None and not parent.is_deleted:
            batch = Batch(call.merchant, call.square.clock.now())
            batch.drop_variation(parent, object_id)
            _commit(call, batch)
            gone.append(object_id)
    return present(deleted_object_ids=gone, deleted_at=rfc3339(call.square.clock.now()))


_SCOPES = ("ITEMS_WRITE",)
ROUTES = [
    Route("POST", "/v2/catalog/object", _SCOPES, upsert, body=UPSERT),
    Route("POST", "/v2/catalog/batch-upsert", _SCOPES, batch_upsert, body=BATCHES),
    Route("POST", "/v2/catalog/batch-delete", _SCOPES, batch_delete, body=DELETE),
    Route("DELETE", "/v2/catalog/object/{object_id}", _SCOPES, delete_one),
]
