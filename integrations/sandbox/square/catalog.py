"""How the catalogue is read: listed, searched by change, fetched by id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route, present
from integrations.sandbox.square.cursors import page_of
from integrations.sandbox.square.errors import SquareError, invalid, not_found
from integrations.sandbox.square.merchants import Merchant
from integrations.sandbox.square.shapes import (
    CURSOR,
    anything,
    choice,
    flag,
    integer,
    listing,
    moment,
    nullable,
    record,
    text,
    written_flag,
)
from integrations.sandbox.store import ALWAYS, Entry, Key, Window

TYPES = (
    "ITEM", "IMAGE", "CATEGORY", "ITEM_VARIATION", "TAX", "DISCOUNT", "MODIFIER_LIST", "MODIFIER", "PRICING_RULE",
    "PRODUCT_SET", "TIME_PERIOD", "MEASUREMENT_UNIT", "SUBSCRIPTION_PLAN_VARIATION", "ITEM_OPTION", "ITEM_OPTION_VAL",
    "CUSTOM_ATTRIBUTE_DEFINITION", "QUICK_AMOUNTS_SETTINGS", "SUBSCRIPTION_PLAN", "AVAILABILITY_PERIOD",
)  # fmt: skip
_NESTED = {"ITEM_VARIATION", "MODIFIER", "ITEM_OPTION_VAL"}
LIMITS = {"search": 1000, "retrieve": 1000, "delete": 200, "batch": 1000, "total": 10_000}


def list_catalog(call: Call) -> Document:
    names = [name.strip().upper() for name in call.query.get("types", "").split(",") if name.strip()]
    for name in names:
        choice(*TYPES)(name, "types")
    page = page_of(call, _rows(call, names), limit=100)
    return present(objects=page.documents, cursor=page.cursor)


def search_catalog(call: Call) -> Document:
    asked = call.asked
    window = Window(updated_from=asked["begin_time"] + 1) if "begin_time" in asked else ALWAYS
    limit = asked.get("limit", 100)
    rows = _rows(
        call,
        asked.get("object_types") or [],
        by_change=True,
        window=window,
        with_deleted=asked.get("include_deleted_objects", False),
    )
    page = page_of(
        call, rows, limit=limit if 0 < limit <= LIMITS["search"] else 100, keep=_query_test(asked.get("query"))
    )
    related = _related(call.merchant, page.documents) if asked.get("include_related_objects") else []
    return present(
        objects=page.documents,
        cursor=page.cursor,
        related_objects=related,
        latest_time=rfc3339(call.merchant.catalogue.last_change()),
    )


def get_object(call: Call) -> Document:
    found = find_object(call.merchant, call.ids["object_id"])
    if found is None or found["is_deleted"]:
        raise not_found("Catalog object", call.ids["object_id"])
    related = _related(call.merchant, [found]) if call.query.get("include_related_objects") else []
    return present(object=found, related_objects=related)


def batch_retrieve(call: Call) -> Document:
    found = [find_object(call.merchant, object_id) for object_id in call.asked["object_ids"]]
    with_deleted = call.asked.get("include_deleted_objects")
    objects = [one for one in found if one is not None and (with_deleted or not one["is_deleted"])]
    related = _related(call.merchant, objects) if call.asked.get("include_related_objects") else []
    return present(objects=objects, related_objects=related)


def info(call: Call) -> Document:
    return {
        "limits": {
            "batch_upsert_max_objects_per_batch": LIMITS["batch"],
            "batch_upsert_max_total_objects": LIMITS["total"],
            "batch_retrieve_max_object_ids": LIMITS["retrieve"],
            "search_max_page_limit": LIMITS["search"],
            "batch_delete_max_object_ids": LIMITS["delete"],
        }
    }


def find_object(merchant: Merchant, object_id: str) -> Document | None:
    """A catalogue object of any kind, deleted or not; a variation is found inside its item."""
    entry = merchant.catalogue.get(object_id)
    if entry is not None:
        return entry.document
    parent = parent_of(merchant, object_id)
    return next((one for one in _variations(parent.document) if one["id"] == object_id), None) if parent else None


def parent_of(merchant: Merchant, variation_id: str) -> Entry | None:
    """The item that holds, or held, this variation."""
    parent_id = merchant.variation_parents.get(variation_id)
    made = merchant.catalogue.generated
    if parent_id is None:
        index = made.item_of_variation(variation_id)
        parent_id = made.id_of(index) if index is not None else None
    return merchant.catalogue.get(parent_id) if parent_id else None


def _variations(item: Document) -> list[Document]:
    variations: list[Document] = item.get("item_data", {}).get("variations", [])
    return variations


def _rows(
    call: Call, types: Iterable[str], *, by_change: bool = False, window: Window = ALWAYS, with_deleted: bool = False
) -> Callable[[Key | None], Iterator[tuple[Key, Entry]]]:
    """Objects of the wanted types, each behind a key of (time, rank, place inside its item)."""
    wanted = set(types) or set(TYPES) - _NESTED

    def rows(after: Key | None) -> Iterator[tuple[Key, Entry]]:
        behind = (after[0], after[1] - 1) if after else None
        for key, entry in call.merchant.catalogue.scan(
            by_change=by_change, after=behind, window=window, with_deleted=with_deleted
        ):
            for place, document in enumerate([entry.document, *_variations(entry.document)]):
                full = (*key, place)
                if document["type"] in wanted and (after is None or full > after):
                    yield full, entry._replace(document=document)

    return rows


def _related(merchant: Merchant, objects: list[Document]) -> list[Document]:
    """What the objects point to, one level deep, without the objects themselves."""
    wanted: dict[str, None] = {}
    for one in objects:
        data = one.get("item_data", {})
        wanted |= dict.fromkeys(data.get("tax_ids") or ())
        wanted |= dict.fromkeys(category["id"] for category in data.get("categories") or ())
        if "item_variation_data" in one:
            wanted[one["item_variation_data"]["item_id"]] = None
    shown = {one["id"] for one in objects}
    found = [find_object(merchant, object_id) for object_id in wanted if object_id not in shown]
    return [one for one in found if one is not None]


def _query_test(query: Document | None) -> Callable[[Entry], bool] | None:
    if not query:
        return None
    if len(query) > 1 or next(iter(query)) not in _QUERIES:
        raise SquareError(
            501, "NOT_IMPLEMENTED", f"The sandbox knows one of {', '.join(_QUERIES)} here.", field="query"
        )
    name, wanted = next(iter(query.items()))
    if name == "text_query":
        words = [word.casefold() for word in wanted["keywords"]]
        return lambda entry: all(word in _attribute(entry, "name").casefold() for word in words)
    attribute = wanted["attribute_name"]
    if attribute not in ("name", "sku", "description"):
        raise invalid("INVALID_VALUE", f"`{attribute}` is not a searchable attribute.", "query")
    if name == "exact_query":
        return lambda entry: _attribute(entry, attribute).casefold() == wanted["attribute_value"].casefold()
    if name == "prefix_query":
        return lambda entry: _attribute(entry, attribute).casefold().startswith(wanted["attribute_prefix"].casefold())
    values = {value.casefold() for value in wanted["attribute_values"]}
    return lambda entry: _attribute(entry, attribute).casefold() in values


def _attribute(entry: Entry, name: str) -> str:
    data: Document = next((value for key, value in entry.document.items() if key.endswith("_data")), {})
    return str(data.get(name) or "")


_QUERIES = {
    "exact_query": record({"attribute_name": text(), "attribute_value": text()}, required=["attribute_name"]),
    "prefix_query": record(
        {"attribute_name": text(), "attribute_prefix": text(at_least=1)},
        required=["attribute_name", "attribute_prefix"],
    ),
    "set_query": record(
        {"attribute_name": text(), "attribute_values": listing(text(), at_least=1, at_most=250)},
        required=["attribute_name", "attribute_values"],
    ),
    "text_query": record({"keywords": listing(text(), at_least=1, at_most=3)}, required=["keywords"]),
}
_OTHER_QUERIES = (
    "sorted_attribute_query", "range_query", "items_for_tax_query", "items_for_modifier_list_query",
    "items_for_item_options_query", "item_variations_for_item_option_values_query",
)  # fmt: skip
_SEARCH = record(
    {
        "cursor": CURSOR,
        "object_types": listing(choice(*TYPES)),
        "include_deleted_objects": flag,
        "include_related_objects": flag,
        "begin_time": moment,
        "query": record(_QUERIES | dict.fromkeys(_OTHER_QUERIES, anything)),
        "limit": integer(),
    }
)
_BATCH = record(
    {
        "object_ids": listing(text(at_least=1), at_least=1, at_most=LIMITS["retrieve"]),
        "include_related_objects": nullable(flag),
        "include_deleted_objects": nullable(flag),
    },
    required=["object_ids"],
)
_SCOPES = ("ITEMS_READ",)
ROUTES = [
    Route("GET", "/v2/catalog/list", _SCOPES, list_catalog, query={"cursor": CURSOR, "types": text()}),
    Route("GET", "/v2/catalog/info", _SCOPES, info),
    Route("POST", "/v2/catalog/search", _SCOPES, search_catalog, body=_SEARCH),
    Route("POST", "/v2/catalog/batch-retrieve", _SCOPES, batch_retrieve, body=_BATCH),
    Route(
        "GET", "/v2/catalog/object/{object_id}", _SCOPES, get_object, query={"include_related_objects": written_flag}
    ),
]
