"""How one batch of catalogue objects is prepared in full before any of it is stored."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.catalog import parent_of
from integrations.sandbox.square.catalog_shapes import DATA_OF
from integrations.sandbox.square.errors import SquareError, invalid, not_found, version_mismatch
from integrations.sandbox.square.items import check_item, check_price
from integrations.sandbox.square.merchants import Merchant
from integrations.sandbox.store import Entry


class Batch:
    """Objects that will be stored together. Temporary ids (#name) hold for the whole batch."""

    def __init__(self, merchant: Merchant, now: int) -> None:
        self._merchant, self.now = merchant, now
        self._real: dict[str, str] = {}
        self._ready: dict[str, tuple[Entry | None, Document]] = {}

    def add(self, wanted: Document, field: str) -> None:
        """Check an object and put it in its place; SquareError leaves the whole batch unstored."""
        name = DATA_OF.get(wanted["type"])
        if name is None:
            raise SquareError(501, "NOT_IMPLEMENTED", f"The sandbox does not write {wanted['type']}.", field=field)
        if not wanted.get(name):
            raise invalid("MISSING_REQUIRED_PARAMETER", f"A {wanted['type']} needs its {name}.", f"{field}.{name}")
        if wanted["type"] == "ITEM_VARIATION":
            self._add_variation(wanted, field)
        else:
            self._add_object(wanted, name, field)

    def real_id(self, object_id: str) -> str:
        """The id that a temporary one stands for; others are what they are."""
        if not object_id.startswith("#"):
            return object_id
        if object_id not in self._real:
            self._real[object_id] = self._merchant.new_id("catalogue", 24)
        return self._real[object_id]

    def mappings(self) -> list[Document]:
        return [{"client_object_id": client, "object_id": real} for client, real in self._real.items()]

    def drop_variation(self, parent: Entry, variation_id: str) -> None:
        item = parent.document
        kept = [one for one in item["item_data"]["variations"] if one["id"] != variation_id]
        self._ready[item["id"]] = parent, self._stamped(item | {"item_data": item["item_data"] | {"variations": kept}})

    def commit(self, *, lag: int) -> None:
        """Store everything; nothing can be refused any more."""
        for entry, document in self._ready.values():
            document = self._resolved(document)
            if entry is None:
                self._merchant.catalogue.create(document, now=self.now, lag=lag)
            else:
                self._merchant.catalogue.replace(entry, document, now=self.now, lag=lag)
            for variation in document.get("item_data", {}).get("variations", []):
                self._merchant.variation_parents[variation["id"]] = document["id"]

    def _add_object(self, wanted: Document, name: str, field: str) -> None:
        object_id = self.real_id(wanted["id"])
        old = None if wanted["id"].startswith("#") else self._known(wanted["id"], wanted["type"], field)
        _check_version(old.document if old else None, wanted, field)
        document = self._shell(wanted, object_id, old.document if old else None) | {name: dict(wanted[name])}
        if wanted["type"] == "ITEM":
            data = check_item(wanted[name], old.document[name] if old else None, f"{field}.item_data")
            document[name] = data | {"variations": self._variations(wanted, object_id, old, field)}
        self._ready[object_id] = old, document

    def _variations(self, wanted: Document, item_id: str, old: Entry | None, field: str) -> list[Document]:
        """The item's variations as sent; those left out are gone, as an upsert replaces the whole item."""
        before = {one["id"]: one for one in (old.document["item_data"].get("variations", []) if old else [])}
        made = []
        for place, one in enumerate(wanted["item_data"].get("variations") or []):
            where = f"{field}.item_data.variations[{place}]"
            known = before.get(one["id"])
            if known is None and not one["id"].startswith("#"):
                raise not_found("Catalog object", one["id"], where)
            made.append(self._variation(one, item_id, known, place, where))
        return made

    def _add_variation(self, wanted: Document, field: str) -> None:
        """A variation by itself lands inside its item, which changes with it."""
        is_new = wanted["id"].startswith("#")
        parent = parent_of(self._merchant, wanted["id"]) if not is_new else None
        item_id = parent.document["id"] if parent else self.real_id(wanted["item_variation_data"].get("item_id") or "")
        old, item = self._ready.get(item_id) or (parent or self._merchant.catalogue.live(item_id), None)
        if item is None:
            if old is None or old.is_deleted:
                raise not_found("Catalog object", item_id, f"{field}.item_variation_data.item_id")
            item = old.document
        before = item["item_data"].get("variations", [])
        known = next((one for one in before if one["id"] == wanted["id"]), None)
        if known is None and not is_new:
            raise not_found("Catalog object", wanted["id"], field)
        place = before.index(known) if known else len(before)
        made = self._variation(wanted, item_id, known, place, field)
        variations = [made if one["id"] == made["id"] else one for one in before] + ([] if known else [made])
        self._ready[item_id] = (
            old, self._stamped(item | {"item_data": item["item_data"] | {"variations": variations}}),
        )  # fmt: skip

    def _variation(self, wanted: Document, item_id: str, known: Document | None, place: int, field: str) -> Document:
        if wanted["type"] != "ITEM_VARIATION" or not wanted.get("item_variation_data"):
            raise invalid("INVALID_VALUE", "Variations must be of type ITEM_VARIATION with their data.", field)
        _check_version(known, wanted, field)
        data = {"sellable": True, "stockable": True} | dict(wanted["item_variation_data"]) | {"ordinal": place + 1}
        check_price(data, self._merchant.currency, f"{field}.item_variation_data")
        data["item_id"] = item_id
        shell = self._shell(wanted, self.real_id(wanted["id"]), known)
        return shell | {"item_variation_data": present_only(data)}

    def _known(self, object_id: str, kind: str, field: str) -> Entry:
        entry = self._merchant.catalogue.live(object_id)
        if entry is None or entry.document["type"] != kind:
            raise not_found("Catalog object", object_id, f"{field}.id")
        return entry

    def _shell(self, wanted: Document, object_id: str, old: Document | None) -> Document:
        """An object without its data, freshly stamped."""
        kept = {name: value for name, value in wanted.items() if value is not None and not name.endswith("_data")}
        created = old["created_at"] if old else rfc3339(self.now)
        shell = {"present_at_all_locations": True} | kept | {"id": object_id, "created_at": created}
        return self._stamped(shell | {"is_deleted": False, "version": old["version"] if old else 0})

    def _stamped(self, document: Document) -> Document:
        version = max(self.now, document["version"] + 1)
        return document | {"updated_at": rfc3339(self.now), "version": version}

    def _resolved(self, value: Any) -> Any:
        """The same document with every temporary id replaced."""
        if isinstance(value, dict):
            return {name: self._resolved(part) for name, part in value.items() if part is not None}
        if isinstance(value, list):
            return [self._resolved(part) for part in value]
        return self._real.get(value, value) if isinstance(value, str) else value


def present_only(data: Document) -> Document:
    return {name: value for name, value in data.items() if value is not None}


def _check_version(old: Document | None, wanted: Document, field: str) -> None:
    if old is None:
        return
    if wanted.get("version") is None:
        raise invalid("MISSING_REQUIRED_PARAMETER", "An update needs the version it builds on.", f"{field}.version")
    if wanted["version"] != old["version"]:
        raise version_mismatch()
