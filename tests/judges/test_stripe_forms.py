"""Every write that our client sends to Stripe, held against Stripe's own description of its API, and against its SDK.

The description is of August 2023. What came later is listed here, with the part of the SDK that knows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe.params
from stripe.params import _product_create_params

from connections import sessions
from integrations.providers.http import ApiSession
from integrations.providers.stripe import STRIPE
from integrations.providers.stripe.streams.objects import Customers, Invoices, Products
from integrations.providers.types import Money, Values
from integrations.sealing import Secret
from tests.judges.forms import FORM, complaints, name_of
from tests.judges.recorder import Recorder, Sent
from tests.provider_sandbox import Sandbox
from tests.providers.writing import again, create, delete, good, known, update
from tests.sandbox.test_official_spec import SPEC as SQUARE_FILE

FILE = SQUARE_FILE.with_name("stripe-spec3-2023-08-16.trim.json")
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the official description lies outside the project")

# Newer than the description: the complaint that it therefore has, the parameter, and where the SDK declares it.
NEWER: list[tuple[str, str, Any]] = [
    (
        "POST /v1/products: default_price_data: Additional properties are not allowed ('metadata' was unexpected)",
        "metadata", _product_create_params.ProductCreateParamsDefaultPriceData,
    ),
    (
        "POST /v1/invoices: : Additional properties are not allowed ('number' was unexpected)",
        "number", stripe.params.InvoiceCreateParams,
    ),
    (
        "POST /v1/invoices/{invoice}: : Additional properties are not allowed ('number' was unexpected)",
        "number", stripe.params.InvoiceUpdateParams,
    ),
    (
        "POST /v1/invoiceitems: : Additional properties are not allowed ('quantity_decimal' was unexpected)",
        "quantity_decimal", stripe.params.InvoiceItemCreateParams,
    ),
]  # fmt: skip
CALLS = {
    "POST /v1/customers", "POST /v1/products", "GET /v1/products/{id}", "POST /v1/products/{id}",
    "DELETE /v1/products/{id}", "POST /v1/prices", "GET /v1/prices", "POST /v1/prices/{price}", "POST /v1/invoices",
    "GET /v1/invoices", "GET /v1/invoices/{invoice}", "POST /v1/invoices/{invoice}", "DELETE /v1/invoices/{invoice}",
    "POST /v1/invoiceitems", "GET /v1/invoiceitems", "POST /v1/invoiceitems/{invoiceitem}",
    "DELETE /v1/invoiceitems/{invoiceitem}",
}  # fmt: skip


@pytest.fixture
def recorder(sandbox: Sandbox, settings: Any) -> Iterator[Recorder]:
    recorder = Recorder(sandbox.url)
    settings.SANDBOX_URL = recorder.url
    yield recorder
    recorder.close()


@pytest.fixture
def api(sandbox: Sandbox, recorder: Recorder) -> ApiSession:
    sizes = {"customers": 2, "products": 12, "charges": 2, "refunds": 0, "invoices": 0}
    made = sandbox.ask("POST", "/stripe/accounts", {"name": "The Lantern Room", "sizes": sizes})
    return sessions.with_key(STRIPE, Secret(made["restricted_key"]))


def pounds(minor: int) -> Money:
    return Money(minor, "GBP")


def sell(api: ApiSession) -> None:
    """Make, change, repeat and put away products, ours and the venue's own."""
    stream, stalls = Products(), {"key": "stalls", "nickname": "Stalls", "sku": "S-1", "unit_amount": pounds(1250)}
    box = {"key": "box", "unit_amount": Money(5120, "KWD"), "active": False}
    show: Values = {
        "name": "Matinée 🎭", "description": "Doors at two", "archived": False, "metadata.kind": "ticket",
        "metadata.category": "Theatre", "prices": [stalls, box],
    }  # fmt: skip
    (made,) = good(stream.write_batch(api, [create(show)]))
    dearer = {"prices": [stalls | {"unit_amount": pounds(1400), "sku": None}], "description": None}
    (changed,) = good(stream.write_batch(api, again([update(made, dearer)])))
    for each in known(stream, api).values():
        prices = stream.values(each.raw)["prices"]
        follow = [price | {"unit_amount": pounds(5), "nickname": "x"} for price in prices]
        good(stream.write_batch(api, [update(each, {"prices": follow, "name": "Renamed"})]))
    (bare,) = good(stream.write_batch(api, [create({"name": "Soon"})]))
    good(stream.write_batch(api, [delete(changed), delete(bare)]))


def bill(api: ApiSession) -> None:
    """Draft, change, repeat and take back an invoice."""
    stream, (customer,) = Invoices(), good(Customers().write_batch(api, [create({"name": "Ottoline 🦉"})]))
    hall = {"description": "Hall 🏛", "quantity": "3", "unit_amount": pounds(12_050), "discount": pounds(50)}
    sound = {"description": "Sound", "quantity": "1.5", "unit_amount": pounds(4_000)}
    less = {"description": "Friends", "total": pounds(-2_000)}
    due = datetime(2031, 12, 1, 12, tzinfo=UTC)
    hire: Values = {"customer": customer.id, "number": "B-7", "due_date": due, "lines": [hall, sound, less]}
    writes = [create(hire), create(hire | {"due_date": None}, number=2)]
    draft, other = good(stream.write_batch(api, writes))
    good(stream.write_batch(api, again(writes)))
    fewer = [sound | {"description": "Sound and light", "quantity": "2"}, less]
    good(stream.write_batch(api, [update(draft, {"lines": fewer, "number": "B-8", "due_date": due.replace(day=24)})]))
    good(stream.write_batch(api, [delete(other)]))


def test_stripe_finds_no_fault_with_any_write(api: ApiSession, sandbox: Sandbox, recorder: Recorder) -> None:
    sell(api)
    bill(api)
    sent = [each.below("/stripe") for each in recorder.sent]
    found = {complaint for each in sent for complaint in complaints(FILE, each)}
    assert found == {complaint for complaint, _, _ in NEWER}
    assert {name_of(FILE, each) for each in sent} - {"GET /v1/products"} == CALLS


@pytest.mark.parametrize(("complaint", "parameter", "declared"), NEWER)
def test_what_is_newer_than_the_description_is_known_to_the_sdk(complaint: str, parameter: str, declared: Any) -> None:
    assert parameter in declared.__annotations__
    assert f"'{parameter}'" in complaint


def wrong(method: str, path: str, body: str = "", *query: tuple[str, str], kind: str = FORM) -> Sent:
    return Sent(method, path, query, {"content-type": kind}, body.encode())


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (wrong("POST", "/v1/tickets"), "no such operation"),
        (wrong("DELETE", "/v1/prices/price_1"), "no such operation"),
        (wrong("POST", "/v1/prices", "unit_amount=5"), "'currency' is a required property"),
        (wrong("POST", "/v1/prices", "currency=gbp&unit_amount=five"), "unit_amount: 'five' is not of type 'integer'"),
        (wrong("POST", "/v1/prices", "currency=gbp&recurring[interval]=night"), "recurring.interval: 'night' is not"),
        (wrong("POST", "/v1/prices", "currency=gbp&active=yes"), "active: 'yes' is not of type 'boolean'"),
        (wrong("POST", "/v1/prices/price_1", "unit_amount=5"), "'unit_amount' was unexpected"),
        (wrong("POST", "/v1/products", "name=A&metadata[kind][a]=b"), "metadata.kind: "),
        (wrong("POST", "/v1/products", "name=A", kind="application/json"), "not a form"),
        (wrong("POST", "/v1/invoices", "collection_method=by_letter"), "collection_method: 'by_letter' is not one of"),
        (wrong("POST", "/v1/invoices/in_1", "due_date=soon"), "due_date: 'soon' is not of type 'integer'"),
        (wrong("POST", "/v1/invoiceitems", "amount=5"), "'customer' is a required property"),
        (wrong("GET", "/v1/prices", "", ("products", "prod_1")), "'products' was unexpected"),
        (wrong("GET", "/v1/invoices", "", ("limit", "many")), "limit: 'many' is not of type 'integer'"),
        (wrong("GET", "/v1/invoices", "a=b"), "a body is sent"),
    ],
)
def test_the_judge_notices_a_mistake(sent: Sent, complaint: str) -> None:
    found = complaints(FILE, sent)
    assert any(complaint in each for each in found), found
