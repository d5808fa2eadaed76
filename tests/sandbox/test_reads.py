"""What every read route lets in, gives out and refuses."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Sandbox, error_of

LISTS = [
    ("v2/customers", "customers", "customers"),
    ("v2/catalog/list", "objects", None),
    ("v2/refunds", "refunds", None),
    ("v2/payouts", "payouts", None),
    ("v2/payments", "payments", None),
    ("v2/customers/groups", "groups", None),
    ("v2/webhooks/subscriptions", "subscriptions", None),
    ("v2/locations", "locations", None),
]


@pytest.mark.parametrize("path", [path for path, _, _ in LISTS])
def test_every_list_needs_a_token_and_refuses_unknown_parameters(sandbox: Sandbox, path: str) -> None:
    assert error_of(httpx.get(f"{sandbox.square_url}/{path}"))[:2] == (401, "UNAUTHORIZED")
    refused = sandbox.square.get(path, params={"per_page": 5})
    assert error_of(refused) == (400, "UNKNOWN_QUERY_PARAMETER", "per_page")


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("customers/search", {"limit": 101}, "VALUE_TOO_HIGH", "limit"),
        ("customers/search", {"limit": "10"}, "EXPECTED_INTEGER", "limit"),
        ("customers/search", {"query": {"filter": {"updated": {}}}}, "UNKNOWN_BODY_PARAMETER", "query.filter.updated"),
        (
            "customers/search",
            {"query": {"sort": {"field": "UPDATED_AT"}}},
            "INVALID_ENUM_VALUE",
            "query.sort.field",
        ),
        (
            "customers/search",
            {"query": {"filter": {"updated_at": {"start_at": "2026-01-01"}}}},
            "INVALID_TIME",
            "query.filter.updated_at.start_at",
        ),
        (
            "customers/search",
            {"query": {"filter": {"email_address": {"exact": "a@b.c", "fuzzy": "a"}}}},
            "INVALID_VALUE",
            "query.filter.email_address",
        ),
        ("customers/bulk-retrieve", {"customer_ids": []}, "ARRAY_EMPTY", "customer_ids"),
        ("catalog/search", {"object_types": ["PRODUCT"]}, "INVALID_ENUM_VALUE", "object_types[0]"),
        ("catalog/search", {"begin": "x"}, "UNKNOWN_BODY_PARAMETER", "begin"),
        ("orders/search", {}, "MISSING_REQUIRED_PARAMETER", "location_ids"),
        ("orders/search", {"location_ids": ["L"] * 11}, "ARRAY_LENGTH_TOO_LONG", "location_ids"),
        ("orders/search", {"location_ids": ["L-foreign"]}, "INVALID_VALUE", "location_ids"),
        ("orders/batch-retrieve", {"order_ids": ["x"] * 101}, "ARRAY_LENGTH_TOO_LONG", "order_ids"),
        ("invoices/search", {"query": {"filter": {"location_ids": ["a", "b"]}}}, "ARRAY_LENGTH_TOO_LONG", None),
    ],
)
def test_a_wrong_search_is_refused_by_name(
    sandbox: Sandbox, path: str, body: dict[str, Any], code: str, field: str | None
) -> None:
    status, found, named = error_of(sandbox.square.post(f"v2/{path}", json=body))
    assert (status, found) == (400, code)
    assert field in (None, named)


@pytest.mark.parametrize("times", ["updated_at", "created_at"])
def test_an_order_search_must_sort_by_the_time_it_filters_by(sandbox: Sandbox, times: str) -> None:
    other = {"updated_at": "CREATED_AT", "created_at": "UPDATED_AT"}[times]
    query = {
        "filter": {"date_time_filter": {times: {"start_at": "2026-01-01T00:00:00Z"}}},
        "sort": {"sort_field": other},
    }
    refused = sandbox.square.post("v2/orders/search", json={"location_ids": sandbox.location_ids, "query": query})
    assert error_of(refused) == (400, "CONFLICTING_PARAMETERS", "query.sort.sort_field")


def test_the_version_is_echoed_and_the_date_is_the_virtual_one(sandbox: Sandbox) -> None:
    sandbox.control.post("clock", json={"set": "2030-05-01T12:00:00Z", "freeze": True})
    answer = sandbox.square.get("v2/locations", headers={"Square-Version": "2026-01-22"})
    assert answer.headers["Square-Version"] == "2026-01-22"
    assert answer.headers["Date"] == "Wed, 01 May 2030 12:00:00 GMT"
    refused = sandbox.square.get("v2/locations", headers={"Square-Version": "latest"})
    assert error_of(refused)[:2] == (400, "INVALID_SQUARE_VERSION_FORMAT")


def test_unknown_paths_and_methods_are_refused_in_squares_shape(sandbox: Sandbox) -> None:
    assert error_of(sandbox.square.get("v2/clients"))[:2] == (404, "NOT_FOUND")
    assert error_of(sandbox.square.delete("v2/locations"))[:2] == (405, "METHOD_NOT_ALLOWED")


def test_a_perfect_reader_of_customers_knows_the_truth(sandbox: Sandbox) -> None:
    truth = sandbox.truth("customers")
    listed = sandbox.all("GET", "v2/customers", "customers", limit=100)
    searched = sandbox.all("POST", "v2/customers/search", "customers", limit=100)
    assert {one["id"]: one for one in listed} == {one["id"]: one for one in searched} == truth


def test_a_perfect_reader_of_the_rest_knows_the_truth(sandbox: Sandbox) -> None:
    orders = sandbox.all("POST", "v2/orders/search", "orders", location_ids=sandbox.location_ids, limit=1000)
    items = sandbox.all("POST", "v2/catalog/search", "objects", object_types=["ITEM"], limit=1000)
    refunds = sandbox.all("GET", "v2/refunds", "refunds", begin_time="2000-01-01T00:00:00Z")
    payments = [
        payment
        for place in sandbox.location_ids
        for payment in sandbox.all(
            "GET", "v2/payments", "payments", location_id=place, begin_time="2000-01-01T00:00:00Z"
        )
    ]
    for kind, found in {"orders": orders, "products": items, "refunds": refunds, "payments": payments}.items():
        assert {one["id"]: one for one in found} == sandbox.truth(kind), kind


def test_payments_show_the_main_location_and_one_year_unless_asked(sandbox: Sandbox) -> None:
    usual = sandbox.all("GET", "v2/payments", "payments")
    assert {payment["location_id"] for payment in usual} == {sandbox.location_ids[0]}
    older = sandbox.all("GET", "v2/payments", "payments", begin_time="2000-01-01T00:00:00Z")
    assert len(older) > len(usual) > 0
    assert [one["created_at"] for one in usual] == sorted((one["created_at"] for one in usual), reverse=True)


def test_customers_are_found_by_address_number_and_reference(sandbox: Sandbox) -> None:
    known = next(one for one in sandbox.truth("customers").values() if {"email_address", "phone_number"} <= set(one))
    for name, wish in [
        ("email_address", {"exact": known["email_address"].upper()}),
        ("email_address", {"fuzzy": known["email_address"].split("@")[0]}),
        ("phone_number", {"exact": known["phone_number"]}),
    ]:
        found = sandbox.all("POST", "v2/customers/search", "customers", query={"filter": {name: wish}})
        assert known["id"] in [one["id"] for one in found]


def test_bulk_retrieve_answers_for_each_id(sandbox: Sandbox) -> None:
    known = next(iter(sandbox.truth("customers")))
    responses = sandbox.square.post("v2/customers/bulk-retrieve", json={"customer_ids": [known, "gone"]}).json()[
        "responses"
    ]
    assert responses[known]["customer"]["id"] == known
    assert responses["gone"]["errors"][0]["code"] == "NOT_FOUND"


def test_begin_time_is_exclusive_and_deleted_items_come_only_on_request(sandbox: Sandbox) -> None:
    sandbox.control.post("clock", json={"freeze": True})
    changed = sandbox.edit("change", products=1)["products"][0]
    moment = sandbox.square.get(f"v2/catalog/object/{changed}").json()["object"]["updated_at"]
    sandbox.advance(1)
    deleted = sandbox.edit("delete", products=1)["products"][0]
    asked = {"object_types": ["ITEM"], "begin_time": moment}
    assert sandbox.square.post("v2/catalog/search", json=asked).json().keys() == {"latest_time"}
    shown = sandbox.square.post("v2/catalog/search", json=asked | {"include_deleted_objects": True}).json()
    assert [(one["id"], one["is_deleted"]) for one in shown["objects"]] == [(deleted, True)]


def test_variations_are_objects_of_their_own_and_bring_related_ones(sandbox: Sandbox) -> None:
    page = sandbox.square.post(
        "v2/catalog/search", json={"object_types": ["ITEM_VARIATION"], "limit": 3, "include_related_objects": True}
    ).json()
    assert [one["type"] for one in page["objects"]] == ["ITEM_VARIATION"] * 3
    assert {one["type"] for one in page["related_objects"]} == {"ITEM"}
    one = page["objects"][0]
    batch = sandbox.square.post("v2/catalog/batch-retrieve", json={"object_ids": [one["id"], "unknown"]}).json()
    assert batch["objects"] == [one]


def test_order_entries_and_unknown_orders_are_handled_as_documented(sandbox: Sandbox) -> None:
    asked = {"location_ids": sandbox.location_ids[:1], "limit": 5, "return_entries": True}
    entries = sandbox.square.post("v2/orders/search", json=asked).json()["order_entries"]
    assert {entry["location_id"] for entry in entries} == set(sandbox.location_ids[:1])
    wanted = [entries[0]["order_id"], "unknown"]
    orders = sandbox.square.post("v2/orders/batch-retrieve", json={"order_ids": wanted}).json()["orders"]
    assert [order["id"] for order in orders] == wanted[:1]


def test_the_entries_of_every_payout_add_up_to_it(sandbox: Sandbox) -> None:
    for place in sandbox.location_ids:
        for payout in sandbox.all("GET", "v2/payouts", "payouts", location_id=place):
            entries = sandbox.all("GET", f"v2/payouts/{payout['id']}/payout-entries", "payout_entries")
            assert sum(entry["net_amount_money"]["amount"] for entry in entries) == payout["amount_money"]["amount"]
            for entry in entries:
                gross, fee = entry["gross_amount_money"]["amount"], entry["fee_amount_money"]["amount"]
                assert entry["net_amount_money"]["amount"] == gross - fee


def test_the_sums_of_orders_and_their_payments_agree(sandbox: Sandbox) -> None:
    payments = {payment["order_id"]: payment for payment in sandbox.truth("payments").values()}
    for order in sandbox.truth("orders").values():
        lines = sum(line["total_money"]["amount"] for line in order["line_items"])
        tip = order["total_tip_money"]["amount"]
        assert order["total_money"]["amount"] == lines + tip
        assert (order["state"] == "COMPLETED") == (order["id"] in payments)
        if order["id"] in payments:
            assert payments[order["id"]]["total_money"] == order["total_money"]


def test_invoices_need_a_location_and_are_read_per_location(sandbox: Sandbox) -> None:
    assert error_of(sandbox.square.get("v2/invoices")) == (400, "MISSING_REQUIRED_PARAMETER", "location_id")
    found = [
        invoice["id"]
        for place in sandbox.location_ids
        for invoice in sandbox.all("GET", "v2/invoices", "invoices", location_id=place, limit=7)
    ]
    assert sorted(found) == sorted(sandbox.truth("invoices"))


def test_the_default_venue_is_large_enough_for_a_demo(sandbox: Sandbox) -> None:
    sizes = {"customers": 1284, "products": 96, "orders": 2148, "refunds": 64, "payout_days": 60}
    sandbox.control.post("reset", json={"sizes": {"square": sizes}})
    counts = sandbox.control.get(f"square/{sandbox.merchant_id}/counts").json()
    live = {kind: count["live"] for kind, count in counts.items()}
    assert live["payouts"] > 100
    assert live | {"payouts": 0} == {
        "customers": 1284, "products": 96, "orders": 2148, "payments": 2062, "refunds": 64, "payouts": 0,
        "invoices": 60, "locations": 2,
    }  # fmt: skip
