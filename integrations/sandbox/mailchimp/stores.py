"""How the shops of an account are read and written. A shop belongs to one audience for ever."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.calls import Call, Route, page_of
from integrations.sandbox.mailchimp.errors import bad_request, invalid, not_found, problem
from integrations.sandbox.mailchimp.fields import page
from integrations.sandbox.mailchimp.shapes import FIELDS, PAGE, record, text
from integrations.sandbox.mailchimp.shop import Store
from integrations.sandbox.mailchimp.shop_shapes import ID, STORE, STORE_NAMES
from integrations.sandbox.mailchimp.times import stamp


def get_stores(call: Call) -> Document:
    return page_of(call, "stores", [store.document for store in call.account.stores.values()])


def get_store(call: Call) -> Document:
    return store_of(call).document


def add_store(call: Call) -> Document:
    wishes = call.body
    if wishes["id"] in call.account.stores:
        raise bad_request("A store with the provided ID already exists in the account.")
    if wishes["list_id"] not in call.account.audiences:
        raise invalid([problem("list_id", "There is no such list")])
    document = {
        "platform": "", "domain": "", "is_syncing": False, "email_address": "", "money_format": "",
        "primary_locale": "", "timezone": "", "phone": "", "address": {}, **wishes, "list_is_active": True,
        "created_at": stamp(call.now), "updated_at": stamp(call.now),
    }  # fmt: skip
    call.account.stores[wishes["id"]] = Store(document)
    return document


def change_store(call: Call) -> Document:
    store = store_of(call)
    store.document = store.document | call.body | {"updated_at": stamp(call.now)}
    return store.document


def delete_store(call: Call) -> None:
    del call.account.stores[store_of(call).document["id"]]


def store_of(call: Call) -> Store:
    found = call.account.stores.get(call.ids["store_id"])
    if found is None:
        raise not_found()
    return found


_ALL, _ONE = "/ecommerce/stores", "/ecommerce/stores/{store_id}"
ROUTES = [
    Route("GET", _ALL, get_stores, query=FIELDS | PAGE, shown=page("stores", STORE_NAMES)),
    Route(
        "POST", _ALL, add_store,
        body=record(STORE | {"id": ID, "list_id": text()}, required=["id", "list_id", "name", "currency_code"]),
    ),
    Route("GET", _ONE, get_store, query=FIELDS, shown=STORE_NAMES),
    Route("PATCH", _ONE, change_store, body=record(STORE)),
    Route("DELETE", _ONE, delete_store),
]  # fmt: skip
