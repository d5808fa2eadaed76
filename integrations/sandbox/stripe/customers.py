"""How customers are read: listed, fetched and searched."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import no_such
from integrations.sandbox.stripe.expanding import deleted
from integrations.sandbox.stripe.listing import LIST, fits, list_of
from integrations.sandbox.stripe.search import search_customers
from integrations.sandbox.stripe.shapes import integer, text

_READ = "rak_customer_read"


def list_customers(call: Call) -> Document:
    """Deleted customers are not listed. An address is compared to the letter."""
    if "test_clock" in call.asked:
        return list_of(call, "customers", only=[])
    return list_of(call, "customers", keep=fits(call.asked, "email"))


def get_customer(call: Call) -> Document:
    entry = call.entry("customers", call.ids["id"])
    if entry is None:
        raise no_such("customer", call.ids["id"])
    return deleted(entry.document) if entry.is_deleted else entry.document


_LIST = {**LIST, "email": text(at_most=512, emptiable=False), "test_clock": text(emptiable=False)}
_SEARCH = {"query": text(emptiable=False), "limit": integer(1, 100), "page": text(emptiable=False)}
ROUTES = [
    Route("GET", "/v1/customers", _READ, list_customers, _LIST),
    Route("GET", "/v1/customers/search", _READ, search_customers, _SEARCH, ("query",)),
    Route("GET", "/v1/customers/{id}", _READ, get_customer),
]
