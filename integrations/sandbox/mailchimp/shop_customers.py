"""How the customers of a shop are read and written. Each of them becomes a member of the shop's audience."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp import ledger
from integrations.sandbox.mailchimp.calls import Call, Route, page_of
from integrations.sandbox.mailchimp.errors import bad_request, invalid, not_found, problem
from integrations.sandbox.mailchimp.fields import page
from integrations.sandbox.mailchimp.member_wishes import refuse_forgotten, with_status
from integrations.sandbox.mailchimp.newcomers import new_member
from integrations.sandbox.mailchimp.shapes import FIELDS, PAGE, email, record
from integrations.sandbox.mailchimp.shop import Store
from integrations.sandbox.mailchimp.shop_shapes import CUSTOMER, CUSTOMER_NAMES, ID
from integrations.sandbox.mailchimp.stores import store_of
from integrations.sandbox.mailchimp.times import stamp


def get_customers(call: Call) -> Document:
    store = store_of(call)
    found = [
        customer for customer in store.customers.values()
        if "email_address" not in call.query or _is_same(call.query["email_address"], customer["email_address"])
    ]  # fmt: skip
    return page_of(call, "customers", found, store_id=store.document["id"])


def get_customer(call: Call) -> Document:
    return _customer(call)


def add_customer(call: Call) -> Document:
    store = store_of(call)
    if call.body["id"] in store.customers:
        raise bad_request("A customer with the provided ID already exists in the store.")
    return upsert(call, store, call.body)


def put_customer(call: Call) -> Document:
    if call.body["id"] != call.ids["customer_id"]:
        raise invalid([problem("id", "The id is not the one in the path")])
    return upsert(call, store_of(call), call.body)


def change_customer(call: Call) -> Document:
    customer = _customer(call)
    return upsert(call, store_of(call), customer | call.body)


def delete_customer(call: Call) -> None:
    del store_of(call).customers[_customer(call)["id"]]


def upsert(call: Call, store: Store, wishes: Document) -> Document:
    """Write a customer by our own id. The address of one who is known cannot be changed."""
    known = store.customers.get(wishes["id"])
    if known is None:
        missing = [name for name in ("email_address", "opt_in_status") if name not in wishes]
        if missing:
            raise invalid([problem("customer", f"Required fields were not provided: {', '.join(missing)}")])
        _join(call, store, wishes)
    elif "email_address" in wishes and not _is_same(wishes["email_address"], known["email_address"]):
        raise invalid([problem("email_address", "An email address may not be changed once a customer is created")])
    elif wishes.get("opt_in_status") and not known["opt_in_status"]:
        _opt_in(call, store, known)
    blank = {
        "company": "", "first_name": "", "last_name": "", "orders_count": 0, "total_spent": 0, "address": {},
        "created_at": stamp(call.now),
    }  # fmt: skip
    store.customers[wishes["id"]] = blank | (known or {}) | wishes | {"updated_at": stamp(call.now)}
    return store.customers[wishes["id"]]


def recount(store: Store, customer_id: str) -> None:
    """What the customer bought so far, after an order came, changed or went."""
    orders = [order for order in store.orders.values() if order["customer"]["id"] == customer_id]
    if customer_id in store.customers:
        spent = round(sum(order["order_total"] for order in orders), 2)
        store.customers[customer_id] |= {"orders_count": len(orders), "total_spent": spent}


def _join(call: Call, store: Store, wishes: Document) -> None:
    """A stranger joins the audience: subscribed if opted in, else transactional. Members stay as they are."""
    audience = call.account.audiences[store.document["list_id"]]
    if audience.register.find(wishes["email_address"]) is not None:
        return
    refuse_forgotten(audience, wishes["email_address"])
    status = "subscribed" if wishes["opt_in_status"] else "transactional"
    source = store.document["name"]
    member = new_member(call.account, audience, wishes["email_address"], status=status, now=call.now, source=source)
    tags = {"FNAME": wishes.get("first_name", ""), "LNAME": wishes.get("last_name", "")}
    fields = {tag: audience.merge_fields.by_tag(tag) for tag in tags}
    member["merge_fields"] = {field["merge_id"]: tags[tag] for tag, field in fields.items() if field is not None}
    ledger.keep(call.mailchimp, audience, None, member, source="api")


def _opt_in(call: Call, store: Store, customer: Document) -> None:
    """Who was transactional is subscribed from now on; everybody else keeps the status."""
    audience = call.account.audiences[store.document["list_id"]]
    entry = audience.register.find(customer["email_address"])
    if entry is not None and entry.document["status"] == "transactional":
        ledger.keep(call.mailchimp, audience, entry, with_status(entry.document, "subscribed"), source="api")


def _is_same(email_address: str, other: str) -> bool:
    return email_address.lower() == other.lower()


def _customer(call: Call) -> Document:
    found = store_of(call).customers.get(call.ids["customer_id"])
    if found is None:
        raise not_found()
    return found


_ALL = "/ecommerce/stores/{store_id}/customers"
_ONE = f"{_ALL}/{{customer_id}}"
_WHOLE = record(CUSTOMER | {"id": ID, "email_address": email}, required=["id", "email_address", "opt_in_status"])
ROUTES = [
    Route(
        "GET", _ALL, get_customers, query=FIELDS | PAGE | {"email_address": email},
        shown=page("customers", CUSTOMER_NAMES, "store_id"),
    ),
    Route("POST", _ALL, add_customer, body=_WHOLE),
    Route("GET", _ONE, get_customer, query=FIELDS, shown=CUSTOMER_NAMES),
    Route("PUT", _ONE, put_customer, body=_WHOLE),
    Route("PATCH", _ONE, change_customer, body=record(CUSTOMER)),
    Route("DELETE", _ONE, delete_customer),
]  # fmt: skip
