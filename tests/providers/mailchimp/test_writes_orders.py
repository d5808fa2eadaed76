"""Writing orders to our store at Mailchimp: each once, every sum as it was, and nobody signed up by one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from integrations.providers.errors import Invalid, Settled, Transient
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp.orders import Orders
from integrations.providers.mailchimp.products import Products
from integrations.providers.types import ExternalRecord, Money, Values, Write
from tests.provider_sandbox import Sandbox
from tests.providers.mailchimp.conftest import Account
from tests.providers.mailchimp.shopping import (
    LONG_AGO,
    NIGHT,
    NOW,
    YESTERDAY,
    change,
    line,
    make,
    most_in_flight,
    product_of,
    remove,
    sale,
)
from tests.providers.writing import again, asked, good, lose, persistently

ORDERS, PRODUCTS = Orders(lambda: NOW), Products()
Truth = Callable[[str], list[dict[str, Any]]]
Call = Callable[..., requests.Response]
Create = Callable[..., Write]


@pytest.fixture
def list_id(account: Account) -> str:
    return str(account["lists"][0]["id"])


@pytest.fixture
def night(sandbox: Sandbox, api: ApiSession, list_id: str) -> ExternalRecord:
    """A product that is in the store."""
    record = good(PRODUCTS.write_batch(api, [make(NIGHT, list_id=list_id)]))[0]
    sandbox.clear_log()
    return record


@pytest.fixture
def create(list_id: str, night: ExternalRecord) -> Create:
    """Two tickets at full price for Ada, long ago, unless something else is said."""

    def build(number: int = 0, *lines: Values, **more: Any) -> Write:
        sold = lines or (line(3700, "2", product=product_of(night, key="FULL")),)
        return make(sale(*sold, **more), number=number, list_id=list_id)

    return build


def put(api: ApiSession, *writes: Write) -> list[ExternalRecord]:
    return good(ORDERS.write_batch(api, list(writes)))


def refused(api: ApiSession, write: Write) -> Exception | None:
    return ORDERS.write_batch(api, [write])[0].error


def sold(order: dict[str, Any]) -> list[tuple[Any, ...]]:
    names = ("product_id", "product_variant_id", "quantity", "price", "discount")
    return [tuple(each[name] for name in names) for each in order["lines"]]


def status_of(truth: Truth, email: str) -> str:
    return next(str(each["status"]) for each in truth("members") if each["email_address"] == email)


def test_an_order_is_there_as_it_was_sold_and_costs_one_call(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create, night: ExternalRecord
) -> None:
    write = create(tax_total=Money(616, "GBP"), discount_total=Money(100, "GBP"))
    assert put(api, write)[0].id == write.ours
    assert [each.partition(" ")[0] for each in asked(sandbox)] == ["POST"]
    order = truth("orders")[0]
    told = ("order_total", "tax_total", "discount_total", "currency_code", "financial_status", "processed_at_foreign")
    assert [order[name] for name in told] == [37, 6.16, 1, "GBP", "paid", "2025-10-19T12:00:00+00:00"]
    assert sold(order) == [(night.id, "FULL", 2, 18.5, 0)]


def test_the_buyer_comes_with_the_order_and_is_not_signed_up(api: ApiSession, truth: Truth, create: Create) -> None:
    before = {each["id"]: each for each in truth("members")}
    put(api, create(), create(1))
    buyer = truth("customers")[0]
    told = ("email_address", "opt_in_status", "first_name", "last_name", "orders_count", "total_spent")
    assert [buyer[name] for name in told] == ["ada@example.com", False, "Ada", "Lovelace 🏮", 2, 74]
    after = {each["id"]: each for each in truth("members")}
    assert status_of(truth, "ada@example.com") == "transactional"
    assert {key: after[key] for key in before} == before
    assert len(after) == len(before) + 1


def test_orders_of_one_buyer_come_one_after_the_other(
    sandbox: Sandbox, api: ApiSession, create: Create, account: Account
) -> None:
    sandbox.ask("POST", "/mailchimp/settings", {"latency_ms": 30})
    put(api, *(create(number) for number in range(4)))
    assert most_in_flight(sandbox, account) == 1


@pytest.mark.parametrize("status", ["subscribed", "unsubscribed", "cleaned", "pending", "transactional"])
def test_who_is_in_the_audience_already_stays_as_is(
    api: ApiSession, truth: Truth, create: Create, call: Call, list_id: str, status: str
) -> None:
    call("POST", f"/lists/{list_id}/members", json={"email_address": "ada@example.com", "status": status})
    before = truth("members")
    made = put(api, create())[0]
    put(api, change(create(), made, refunded=Money(3700, "GBP")))
    assert truth("members") == before


def test_a_buyer_who_opted_in_elsewhere_stays_subscribed(
    api: ApiSession, truth: Truth, create: Create, call: Call, night: ExternalRecord
) -> None:
    buyer = {"id": sale()["customer.id"], "email_address": "ada@example.com", "opt_in_status": True}
    call("PUT", f"/ecommerce/stores/{night.raw['store_id']}/customers/{buyer['id']}", json=buyer)
    put(api, create())
    assert status_of(truth, "ada@example.com") == "subscribed"


def test_a_buyer_whose_address_changed_keeps_the_one_that_mailchimp_knows(
    api: ApiSession, truth: Truth, create: Create
) -> None:
    put(api, create())
    put(api, create(1, customer__email_address="countess@example.com"))
    assert [each["email_address"] for each in truth("customers")] == ["ada@example.com"]
    assert {each["customer"]["id"] for each in truth("orders")} == {sale()["customer.id"]}


def test_one_who_was_deleted_for_good_is_settled(
    api: ApiSession, truth: Truth, create: Create, call: Call, list_id: str
) -> None:
    call("POST", f"/lists/{list_id}/members", json={"email_address": "ada@example.com", "status": "subscribed"})
    contact = next(each["id"] for each in truth("members") if each["email_address"] == "ada@example.com")
    call("POST", f"/lists/{list_id}/members/{contact}/actions/delete-permanent")
    error = refused(api, create())
    assert isinstance(error, Settled)
    assert "ada@" not in str(error)
    assert truth("orders") == []


@pytest.mark.parametrize(
    ("sold_line", "pieces"),
    [
        (line(3700, "2"), (2, 18.5, 0)),
        (line(3700, "2.000"), (2, 18.5, 0)),
        (line(925, "0.5"), (1, 9.25, 0)),
        (line(1000, "3"), (1, 10, 0)),
        (line(3700, "2", discount=Money(370, "GBP")), (2, 18.5, 3.7)),
        (line(0, "4"), (4, 0, 0)),
        ({"quantity": "3", "unit_price": Money(250, "GBP")}, (3, 2.5, 0)),
        ({"quantity": "1.5", "unit_price": Money(333, "GBP")}, (1, 5, 0)),
        ({"total": Money(900, "GBP"), "discount": Money(100, "GBP")}, (1, 10, 1)),
        ({"quantity": "many"}, (1, 0, 0)),
    ],
)
def test_quantity_times_price_is_what_a_line_cost(
    api: ApiSession, truth: Truth, create: Create, sold_line: Values, pieces: tuple[Any, ...]
) -> None:
    put(api, create(0, sold_line))
    assert sold(truth("orders")[0]) == [("other", "other", *pieces)]


@pytest.mark.parametrize(
    ("currency", "minor", "number"), [("JPY", 3700, 3700), ("KWD", 3705, 3.705), ("EUR", 3705, 37.05)]
)
def test_amounts_have_the_decimals_of_their_currency(
    api: ApiSession, truth: Truth, create: Create, currency: str, minor: int, number: float
) -> None:
    record = put(api, create(0, line(minor, currency=currency), total=minor, currency=currency))[0]
    order = truth("orders")[0]
    assert (order["currency_code"], order["order_total"], order["lines"][0]["price"]) == (currency, number, number)
    assert ORDERS.values(record.raw)["order_total"] == Money(minor, currency)


def test_an_order_without_lines_is_one_of_other_sales(api: ApiSession, truth: Truth, create: Create) -> None:
    put(api, replace(create(), values=create().values | {"lines": []}))
    assert sold(truth("orders")[0]) == [("other", "other", 1, 37, 0)]


def test_lines_of_what_is_not_in_the_store_are_other_sales(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create
) -> None:
    unsent = {"provider": "mailchimp", "type": "product", "record": "f" * 32}
    foreign = {"provider": "square", "type": "variant", "id": "SQ1"}
    put(api, create(0, line(100), line(200, product=unsent), line(300, product=foreign)), create(1, line(400)))
    assert [each.rpartition("/")[2] for each in asked(sandbox)].count("products") == 1
    first = next(each for each in truth("orders") if len(each["lines"]) == 3)
    assert sold(first) == [("other", "other", 1, price, 0) for price in (1, 2, 3)]
    other = next(each for each in truth("products") if each["id"] == "other")
    assert (other["title"], [each["id"] for each in other["variants"]]) == ("Other sales", ["other"])


def test_a_product_that_mailchimp_lost_is_other_sales_and_is_asked_for_once(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create, call: Call, night: ExternalRecord
) -> None:
    call("DELETE", f"/ecommerce/stores/{night.raw['store_id']}/products/{night.id}")
    sandbox.clear_log()
    put(api, create())
    said = [f"{each.partition(' ')[0]} {each.rpartition('/')[2]}" for each in asked(sandbox)]
    assert said == ["POST orders", "GET products", "POST products", "POST orders"]
    sandbox.clear_log()
    put(api, create(1))
    assert [each.rpartition("/")[2] for each in asked(sandbox)] == ["orders"]
    assert [sold(each) for each in truth("orders")] == [[("other", "other", 2, 18.5, 0)]] * 2


def test_many_that_lack_a_product_look_at_the_store_once(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create, call: Call, night: ExternalRecord
) -> None:
    call("DELETE", f"/ecommerce/stores/{night.raw['store_id']}/products/{night.id}")
    sandbox.ask("POST", "/mailchimp/settings", {"latency_ms": 30})
    put(api, *(create(number, customer__id=f"{number:032x}") for number in range(1, 7)))
    said = [each.partition(" ")[0] for each in asked(sandbox) if each.endswith("/products")]
    assert (said, len(truth("orders"))) == (["GET", "POST"], 6)


@pytest.mark.parametrize(
    ("named", "variant"),
    [
        ({"key": "FULL"}, "FULL"),
        ({"sku": "JN-C"}, "JN-C"),
        ({"name": "Concession"}, "JN-C"),
        ({"key": "GONE", "name": "At a table"}, "FULL"),
        ({}, "FULL"),
    ],
)
def test_a_line_names_its_variant_or_else_the_first(
    api: ApiSession, truth: Truth, create: Create, night: ExternalRecord, named: dict[str, str], variant: str
) -> None:
    put(api, create(0, line(1200, product=product_of(night, **named))))
    assert sold(truth("orders")[0]) == [(night.id, variant, 1, 12, 0)]


def test_a_product_without_variants_is_found_by_itself(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create, list_id: str
) -> None:
    plain = make(NIGHT | {"variants": None}, number=9, list_id=list_id)
    record = good(PRODUCTS.write_batch(api, [plain]))[0]
    sandbox.clear_log()
    put(api, create(0, line(500, product=product_of(record))))
    assert (len(asked(sandbox)), sold(truth("orders")[0])) == (1, [(record.id, record.id, 1, 5, 0)])


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({}, "paid"),
        ({"financial_status": None}, "paid"),
        ({"refunded": Money(0, "GBP")}, "paid"),
        ({"refunded": Money(1, "GBP")}, "partially_refunded"),
        ({"refunded": Money(3700, "GBP")}, "refunded"),
        ({"refunded": Money(3800, "GBP")}, "refunded"),
        ({"financial_status": "cancelled"}, "cancelled"),
        ({"financial_status": "cancelled", "refunded": Money(3700, "GBP")}, "cancelled"),
    ],
)
def test_the_status_follows_from_state_and_refunds(
    api: ApiSession, truth: Truth, create: Create, facts: Values, status: str
) -> None:
    put(api, create(**facts))
    order = truth("orders")[0]
    assert (order["financial_status"], "cancelled_at_foreign" in order) == (status, status == "cancelled")


def test_a_refund_changes_the_status_and_nothing_else(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create
) -> None:
    made = put(api, create())[0]
    before = truth("orders")[0]
    sandbox.clear_log()
    after = put(api, change(create(), made, refunded=Money(1000, "GBP")))[0]
    assert truth("orders")[0] == before | {"financial_status": "partially_refunded"}
    assert ORDERS.values(after.raw) == ORDERS.values(made.raw)
    assert [each.partition(" ")[0] for each in asked(sandbox)] == ["PATCH"]


def test_lines_are_replaced(api: ApiSession, truth: Truth, create: Create, night: ExternalRecord) -> None:
    made = put(api, create(0, line(1850, product=product_of(night, key="FULL")), line(500), line(700)))[0]
    lines = [line(700), line(1200, product=product_of(night, sku="JN-C"))]
    after = put(api, change(create(), made, lines=lines, order_total=Money(1900, "GBP")))[0]
    wanted = [("other", "other", 1, 7, 0), (night.id, "JN-C", 1, 12, 0)]
    assert sold(truth("orders")[0]) == sold(after.raw) == wanted
    assert truth("orders")[0]["order_total"] == 19


def test_a_discount_that_is_taken_back_goes(api: ApiSession, truth: Truth, create: Create) -> None:
    made = put(api, create(0, line(3700, "2", discount=Money(700, "GBP"))))[0]
    put(api, change(create(), made, lines=[line(3700, "2")], discount_total=None))
    assert sold(truth("orders")[0]) == [("other", "other", 2, 18.5, 0)]


def test_automations_hear_of_new_sales_and_never_of_old_ones(api: ApiSession, truth: Truth, create: Create) -> None:
    old, new = create(), create(1, processed_at_foreign=YESTERDAY)
    made = put(api, new, old)
    assert truth("notifications") == [{"id": new.ours, "financial_status": "paid"}]
    refund = {"refunded": Money(3700, "GBP")}
    put(api, change(new, made[0], **refund), change(old, made[1], **refund))
    assert truth("notifications")[1:] == [{"id": new.ours, "financial_status": "refunded"}]


def test_the_store_is_paused_and_opened_only_when_that_changes(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create
) -> None:
    put(api, *(create(number) for number in range(12)))
    put(api, *(create(number) for number in range(12, 24)))
    assert [each.partition(" ")[0] for each in asked(sandbox)].count("PATCH") == 0
    assert truth("stores")[0]["is_syncing"]
    put(api, create(30, processed_at_foreign=YESTERDAY))
    put(api, create(31, processed_at_foreign=YESTERDAY))
    assert [each.partition(" ")[0] for each in asked(sandbox)].count("PATCH") == 1
    assert not truth("stores")[0]["is_syncing"]


@pytest.mark.parametrize("kind", ["lost_answer", "malformed"])
@pytest.mark.parametrize("skip", range(6))
def test_orders_are_made_once_whichever_answer_is_lost(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create, kind: str, skip: int
) -> None:
    writes = [create(0, line(925, "0.5")), create(1), create(2, processed_at_foreign=YESTERDAY)]
    api.memory.clear()
    lose(sandbox, "mailchimp", "", kind=kind, skip=skip)
    results, _ = persistently(lambda each: ORDERS.write_batch(api, each), writes)
    assert [each.id for each in good(results)] == [each.ours for each in writes]
    assert {each["id"] for each in truth("orders")} == {each.ours for each in writes}
    assert [each["orders_count"] for each in truth("customers")] == [3]
    assert truth("notifications") == [{"id": writes[2].ours, "financial_status": "paid"}]


@pytest.mark.parametrize("skip", range(4))
def test_changes_are_made_whichever_answer_is_lost(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create, night: ExternalRecord, skip: int
) -> None:
    made = put(api, create(0, line(100), line(200), line(300)))[0]
    lose(sandbox, "mailchimp", "", skip=skip)
    changed = [change(create(), made, lines=[line(3700, product=product_of(night, key="FULL"))])]
    good(persistently(lambda each: ORDERS.write_batch(api, each), changed)[0])
    assert sold(truth("orders")[0]) == [(night.id, "FULL", 1, 37, 0)]


def test_an_order_that_an_earlier_attempt_made_is_brought_up_to_date(
    api: ApiSession, truth: Truth, create: Create
) -> None:
    put(api, create(0, line(100), line(200), total=300))
    put(api, *again([create()]))
    order = truth("orders")[0]
    assert (order["order_total"], len(order["lines"])) == (37, 1)


def test_when_mailchimp_stops_answering_at_the_old_ones_the_new_ones_wait(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create
) -> None:
    lose(sandbox, "mailchimp", "", kind="reset", skip=1)
    writes = [create(), create(1, customer__id="b" * 32), create(2, processed_at_foreign=YESTERDAY)]
    results = ORDERS.write_batch(api, writes)
    assert sorted(isinstance(each.error, Transient) for each in results) == [False, True, True]
    assert truth("notifications") == []


def test_what_was_done_before_the_store_could_not_be_opened_is_told(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create
) -> None:
    lose(sandbox, "mailchimp", "", kind="reset", skip=1)
    old, new = create(), create(1, processed_at_foreign=YESTERDAY)
    results = ORDERS.write_batch(api, [new, old])
    assert (isinstance(results[0].error, Transient), results[1].error) == (True, None)
    assert [each["id"] for each in truth("orders")] == [old.ours]
    put(api, *again([new]))


def test_a_refusal_names_our_field_and_does_not_touch_the_others(api: ApiSession, truth: Truth, create: Create) -> None:
    bad = create(1, customer__id="b" * 32, customer__email_address="nobody")
    first, wrong, last = ORDERS.write_batch(api, [create(), bad, create(2)])
    assert first.record
    assert last.record
    assert isinstance(wrong.error, Invalid)
    assert wrong.error.field == "customer.email_address"
    assert len(truth("orders")) == 2


def test_an_order_of_nobody_is_refused_without_a_call(sandbox: Sandbox, api: ApiSession, create: Create) -> None:
    error = refused(api, create(customer__email_address=None))
    assert isinstance(error, Invalid)
    assert (error.field, asked(sandbox)) == ("customer.email_address", [])


def test_an_order_that_is_gone_is_made_anew_with_all_of_it(
    api: ApiSession, truth: Truth, create: Create, call: Call
) -> None:
    made = put(api, create())[0]
    assert call("DELETE", f"/ecommerce/stores/{made.raw['store_id']}/orders/{made.id}").status_code == 204
    put(api, change(create(), made, refunded=Money(3700, "GBP")))
    assert [(each["order_total"], each["financial_status"]) for each in truth("orders")] == [(37, "refunded")]


@pytest.mark.parametrize("at", [LONG_AGO, YESTERDAY])
def test_a_store_that_is_gone_is_made_anew(
    api: ApiSession, truth: Truth, create: Create, call: Call, night: ExternalRecord, at: Any
) -> None:
    put(api, create())
    assert call("DELETE", f"/ecommerce/stores/{night.raw['store_id']}").status_code == 204
    write = create(1, processed_at_foreign=at)
    good(persistently(lambda each: ORDERS.write_batch(api, each), [write])[0])
    assert [(each["id"], sold(each)) for each in truth("orders")] == [(write.ours, [("other", "other", 2, 18.5, 0)])]


def test_removing_an_order_twice_does_no_harm(api: ApiSession, truth: Truth, create: Create) -> None:
    write, other = create(), create(1)
    record = put(api, write, other)[0]
    for writes in ([remove(write, record)], again([remove(write, record)])):
        assert put(api, *writes)[0].deleted
    assert [each["id"] for each in truth("orders")] == [other.ours]


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, ""),
        ({"financial_status": "cancelled"}, ""),
        ({"financial_status": "pending"}, "Left out: this order is not paid yet."),
        ({"financial_status": "draft"}, "Left out: this order is not paid yet."),
        (
            {"customer.id": None},
            "Left out: this order names no customer, and Mailchimp keeps sales by customer.",
        ),
        ({"customer.email_address": None}, "Left out: the customer of this order has no e-mail address."),
    ],
)
def test_only_finished_sales_to_people_with_an_address_are_sent(facts: Values, why: str) -> None:
    assert ORDERS.unfit(make(sale() | facts)) == why


@pytest.mark.parametrize(
    ("ours", "theirs", "is_same"),
    [
        ([line(3700, "2")], {"quantity": 2, "price": Money(1850, "GBP")}, True),
        ([line(3700, "2")], {"quantity": 2, "price": Money(1850, "GBP"), "discount": Money(0, "GBP")}, True),
        ([line(3700, "2", discount=Money(5, "GBP"))], {"quantity": 2, "price": Money(1850, "GBP")}, False),
        ([line(3800, "2")], {"quantity": 2, "price": Money(1850, "GBP")}, False),
        ([line(3700, "2"), line(1)], {"quantity": 2, "price": Money(1850, "GBP")}, False),
    ],
)
def test_lines_that_say_the_same_are_no_change(ours: list[Values], theirs: Values, is_same: bool) -> None:
    there = [{"id": "1", "product_id": "other", "product_variant_id": "other"} | theirs]
    assert ORDERS.is_same("lines", ours, there) is is_same


@pytest.mark.parametrize(
    ("ours", "theirs", "is_same"),
    [
        (None, Money(0, "GBP"), True),
        (Money(0, "GBP"), None, True),
        (Money(5, "GBP"), None, False),
        (Money(5, "GBP"), Money(5, "GBP"), True),
        (NOW.replace(microsecond=7), NOW, True),
        ("", None, True),
        ("paid", "cancelled", False),
    ],
)
def test_nothing_is_alike_to_an_empty_value(ours: object, theirs: object, is_same: bool) -> None:
    assert ORDERS.is_same("tax_total", ours, theirs) is is_same
