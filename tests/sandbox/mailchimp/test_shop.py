"""How shops, their customers, products and orders hang together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.mailchimp.conftest import Sandbox, refusal, wrong_fields

STORE = "ecommerce/stores/hall"
VARIANT = {"id": "v-1", "title": "Full price", "price": 18.5}
BUYER = {"id": "c-1", "email_address": "buyer@example.net", "opt_in_status": False}
LINE = {"id": "l-1", "product_id": "p-1", "product_variant_id": "v-1", "quantity": 2, "price": 18.5}
ORDER = {"id": "o-1", "customer": BUYER, "currency_code": "GBP", "order_total": 37.0, "lines": [LINE]}


def open_store(sandbox: Sandbox) -> dict[str, Any]:
    body = {"id": "hall", "list_id": sandbox.list_id, "name": "Box office", "currency_code": "GBP"}
    answer = sandbox.api.post("ecommerce/stores", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def open_full_store(sandbox: Sandbox) -> None:
    open_store(sandbox)
    product = {"id": "p-1", "title": "Jazz night", "variants": [VARIANT]}
    assert sandbox.api.post(f"{STORE}/products", json=product).status_code == 200


def test_a_store_belongs_to_one_audience_for_ever(sandbox: Sandbox) -> None:
    made = open_store(sandbox)
    changed = sandbox.api.patch(STORE, json={"is_syncing": True}).json()
    assert changed | {"is_syncing": False, "updated_at": made["updated_at"]} == made
    assert wrong_fields(sandbox.api.patch(STORE, json={"list_id": "x"})) == ["list_id"]
    again = {"id": "hall", "list_id": sandbox.list_id, "name": "x", "currency_code": "GBP"}
    assert refusal(sandbox.api.post("ecommerce/stores", json=again)) == (400, "Bad Request")
    stray = again | {"id": "other", "list_id": "0123456789"}
    assert wrong_fields(sandbox.api.post("ecommerce/stores", json=stray)) == ["list_id"]
    assert sandbox.api.get("ecommerce/stores").json()["total_items"] == 1
    assert sandbox.api.delete(STORE).status_code == 204
    assert refusal(sandbox.api.get(STORE)) == (404, "Resource Not Found")


@pytest.mark.parametrize(("opted_in", "status"), [(True, "subscribed"), (False, "transactional")])
def test_a_customer_joins_the_audience(sandbox: Sandbox, opted_in: bool, status: str) -> None:
    open_store(sandbox)
    path = f"{STORE}/customers/c-1"
    made = sandbox.api.put(path, json=BUYER | {"opt_in_status": opted_in, "first_name": "Ada"}).json()
    again = sandbox.api.put(path, json=BUYER | {"opt_in_status": opted_in, "company": "Club"}).json()
    assert (made["orders_count"], again["first_name"], again["company"]) == (0, "Ada", "Club")
    member = sandbox.api.get(sandbox.member_path("buyer@example.net")).json()
    assert (member["status"], member["merge_fields"]["FNAME"], member["source"]) == (status, "Ada", "Box office")
    assert sandbox.api.get(f"{STORE}/customers").json()["total_items"] == 1


def test_a_member_who_buys_keeps_the_status(sandbox: Sandbox) -> None:
    open_store(sandbox)
    gone = sandbox.somebody("unsubscribed")
    body = {"id": "c-2", "email_address": gone["email_address"], "opt_in_status": True}
    assert sandbox.api.put(f"{STORE}/customers/c-2", json=body).status_code == 200
    assert sandbox.api.get(sandbox.member_path(gone["id"])).json() == gone


def test_the_id_in_the_body_is_the_one_in_the_path(sandbox: Sandbox) -> None:
    open_store(sandbox)
    assert wrong_fields(sandbox.api.put(f"{STORE}/customers/c-9", json=BUYER)) == ["id"]
    assert wrong_fields(sandbox.api.put(f"{STORE}/customers/c-1", json={"id": "c-1"})) == [""]


def test_an_order_needs_its_product_first(sandbox: Sandbox) -> None:
    open_store(sandbox)
    refused = sandbox.api.post(f"{STORE}/orders", json=ORDER)
    assert refusal(refused) == (400, "Bad Request")
    assert sandbox.api.get(f"{STORE}/customers").json()["total_items"] == 0
    product = {"id": "p-1", "title": "Jazz night", "variants": [VARIANT | {"id": "v-9"}]}
    sandbox.api.post(f"{STORE}/products", json=product)
    assert refusal(sandbox.api.post(f"{STORE}/orders", json=ORDER)) == (400, "Bad Request")
    sandbox.api.put(f"{STORE}/products/p-1/variants/v-1", json=VARIANT)
    assert sandbox.api.post(f"{STORE}/orders", json=ORDER).status_code == 200


def test_an_order_brings_its_customer_and_counts(sandbox: Sandbox) -> None:
    open_full_store(sandbox)
    made = sandbox.api.post(f"{STORE}/orders", json=ORDER).json()
    assert (made["lines"][0]["product_title"], made["customer"]["total_spent"]) == ("Jazz night", 37.0)
    assert refusal(sandbox.api.post(f"{STORE}/orders", json=ORDER)) == (400, "Bad Request")
    second = ORDER | {"id": "o-2", "customer": {"id": "c-1"}}
    assert sandbox.api.post(f"{STORE}/orders", json=second).json()["customer"]["orders_count"] == 2
    changed = sandbox.api.patch(f"{STORE}/orders/o-2", json={"order_total": 10, "financial_status": "refunded"}).json()
    assert (changed["financial_status"], changed["customer"]["total_spent"]) == ("refunded", 47.0)
    assert sandbox.api.delete(f"{STORE}/orders/o-2").status_code == 204
    assert sandbox.api.get(f"{STORE}/customers/c-1").json()["orders_count"] == 1
    found = sandbox.api.get(f"{STORE}/orders", params={"customer_id": "c-1"}).json()
    assert [order["id"] for order in found["orders"]] == ["o-1"]


def test_nothing_that_is_refused_says_which_product_is_missing(sandbox: Sandbox) -> None:
    open_full_store(sandbox)
    for line, said in [
        (LINE | {"product_id": "p-9"}, "A product with the provided ID does not exist in the account for this list."),
        (
            LINE | {"product_variant_id": "v-9"},
            "A product with the provided variant ID does not exist in the account for this list.",
        ),
    ]:
        refused = sandbox.api.post(f"{STORE}/orders", json=ORDER | {"lines": [line]})
        assert (refusal(refused), refused.json()["detail"]) == ((400, "Bad Request"), said)


def test_lines_that_are_sent_are_changed_or_added_and_others_stay(sandbox: Sandbox) -> None:
    open_full_store(sandbox)
    sandbox.api.post(f"{STORE}/orders", json=ORDER)
    path = f"{STORE}/orders/o-1"
    changed = sandbox.api.patch(path, json={"lines": [{"id": "l-1", "quantity": 3}, LINE | {"id": "l-2"}]}).json()
    assert [(line["id"], line["quantity"]) for line in changed["lines"]] == [("l-1", 3), ("l-2", 2)]
    kept = sandbox.api.patch(path, json={"lines": [LINE | {"id": "l-2", "quantity": 5}]}).json()
    assert [(line["id"], line["quantity"]) for line in kept["lines"]] == [("l-1", 3), ("l-2", 5)]
    assert wrong_fields(sandbox.api.patch(path, json={"lines": [{"id": "l-3"}]})) == ["lines.0"]
    assert refusal(sandbox.api.patch(path, json={"lines": [LINE, LINE]})) == (400, "Bad Request")
    assert refusal(sandbox.api.patch(path, json={"lines": [LINE | {"product_id": "p-9"}]})) == (400, "Bad Request")


def test_a_line_can_be_taken_out_but_the_last(sandbox: Sandbox) -> None:
    open_full_store(sandbox)
    sandbox.api.post(f"{STORE}/orders", json=ORDER | {"lines": [LINE, LINE | {"id": "l-2"}]})
    path = f"{STORE}/orders/o-1/lines"
    assert sandbox.api.delete(f"{path}/l-1").status_code == 204
    assert refusal(sandbox.api.delete(f"{path}/l-1")) == (404, "Resource Not Found")
    assert refusal(sandbox.api.delete(f"{path}/l-2")) == (400, "Bad Request")
    assert [line["id"] for line in sandbox.truth("orders")[0]["lines"]] == ["l-2"]


def test_the_address_of_a_customer_stays_and_opting_in_later_subscribes(sandbox: Sandbox) -> None:
    open_full_store(sandbox)
    sandbox.api.post(f"{STORE}/orders", json=ORDER)
    other = ORDER | {"id": "o-2", "customer": BUYER | {"email_address": "other@example.net"}}
    assert wrong_fields(sandbox.api.post(f"{STORE}/orders", json=other)) == ["email_address"]
    sandbox.api.post(f"{STORE}/orders", json=ORDER | {"id": "o-3", "customer": {"id": "c-1"}})
    assert sandbox.api.get(sandbox.member_path("buyer@example.net")).json()["status"] == "transactional"
    sandbox.api.post(f"{STORE}/orders", json=ORDER | {"id": "o-4", "customer": BUYER | {"opt_in_status": True}})
    assert sandbox.api.get(sandbox.member_path("buyer@example.net")).json()["status"] == "subscribed"


def test_automations_hear_of_orders_while_the_store_is_not_syncing(sandbox: Sandbox) -> None:
    open_full_store(sandbox)
    sandbox.api.patch(STORE, json={"is_syncing": True})
    sandbox.api.post(f"{STORE}/orders", json=ORDER | {"financial_status": "paid"})
    assert sandbox.truth("notifications") == []
    sandbox.api.patch(STORE, json={"is_syncing": False})
    sandbox.api.patch(f"{STORE}/orders/o-1", json={"order_total": 30})
    sandbox.api.patch(f"{STORE}/orders/o-1", json={"financial_status": "refunded"})
    assert sandbox.truth("notifications") == [{"id": "o-1", "financial_status": "refunded"}]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"order_total": "37.00"}, "order_total"),
        ({"lines": []}, "lines"),
        ({"lines": [LINE | {"quantity": 1.5}]}, "lines.0.quantity"),
        ({"processed_at_foreign": "2026-01-01"}, "processed_at_foreign"),
        ({"customer": {"id": "c-8"}}, "customer"),
        ({"totl": 3}, "totl"),
    ],
)
def test_a_wrong_order_is_refused(sandbox: Sandbox, wish: dict[str, Any], field: str) -> None:
    open_full_store(sandbox)
    assert wrong_fields(sandbox.api.post(f"{STORE}/orders", json=ORDER | wish)) == [field]
    assert sandbox.truth("orders") == []


def test_products_keep_the_variants_that_are_not_sent(sandbox: Sandbox) -> None:
    open_full_store(sandbox)
    path = f"{STORE}/products/p-1"
    changed = sandbox.api.patch(path, json={"title": "Late jazz", "variants": [VARIANT | {"id": "v-2"}]}).json()
    assert (changed["title"], [one["id"] for one in changed["variants"]]) == ("Late jazz", ["v-1", "v-2"])
    assert sandbox.api.get(f"{path}/variants", params={"count": 1}).json()["total_items"] == 2
    assert sandbox.api.delete(f"{path}/variants/v-1").status_code == 204
    assert refusal(sandbox.api.delete(f"{path}/variants/v-1")) == (404, "Resource Not Found")
    assert refusal(sandbox.api.delete(f"{path}/variants/v-2")) == (400, "Bad Request")
    assert sandbox.api.delete(path).status_code == 204
    assert sandbox.api.get(f"{STORE}/products").json()["products"] == []
