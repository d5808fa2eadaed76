"""How long lists behave while they are read: cursors, changes in the middle, lag, and a million records."""

from __future__ import annotations

import time

import httpx

from tests.sandbox.conftest import Sandbox, error_of


def first_cursor(sandbox: Sandbox, **asked: object) -> str:
    return str(sandbox.square.post("v2/customers/search", json={"limit": 10, **asked}).json()["cursor"])


def test_a_cursor_belongs_to_its_query_and_its_seller(sandbox: Sandbox) -> None:
    cursor = first_cursor(sandbox)
    other = sandbox.square.post("v2/customers/search", json={"limit": 20, "cursor": cursor})
    assert error_of(other) == (400, "INVALID_CURSOR", "cursor")
    second = sandbox.control.get("state").json()["square"]["merchants"][1]["personal_token"]
    foreign = sandbox.square.post(
        "v2/customers/search", json={"limit": 10, "cursor": cursor}, headers=sandbox.bearing(second)
    )
    assert error_of(foreign)[1] == "INVALID_CURSOR"
    garbled = sandbox.square.post("v2/customers/search", json={"limit": 10, "cursor": "bm90IG91cnM"})
    assert error_of(garbled)[1] == "INVALID_CURSOR"


def test_a_cursor_dies_after_five_minutes(sandbox: Sandbox) -> None:
    cursor = first_cursor(sandbox)
    sandbox.advance(290)
    assert sandbox.square.post("v2/customers/search", json={"limit": 10, "cursor": cursor}).status_code == 200
    sandbox.advance(20)
    late = sandbox.square.post("v2/customers/search", json={"limit": 10, "cursor": cursor})
    assert error_of(late) == (400, "INVALID_CURSOR", "cursor")


def test_empty_pages_are_followed_by_more(sandbox: Sandbox) -> None:
    sandbox.settings(page_size=20, empty_page_every=2)
    pages = list(sandbox.pages("GET", "v2/customers", "customers", limit=100))
    assert [len(page) for page in pages[:4]] == [20, 0, 20, 0]
    assert sum(map(len, pages)) == 250


def test_a_record_changed_during_a_read_by_change_comes_again_at_the_end(sandbox: Sandbox) -> None:
    asked = {
        "location_ids": sandbox.location_ids,
        "limit": 100,
        "query": {"sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"}},
    }
    pages = sandbox.pages("POST", "v2/orders/search", "orders", **asked)
    seen = [order["id"] for order in next(pages)]
    changed = sandbox.edit("change", orders=30)["orders"]
    for page in pages:
        seen += [order["id"] for order in page]
    assert set(seen[-30:]) == set(changed)
    assert set(seen) == set(sandbox.truth("orders"))
    assert len(seen) - len(set(seen)) == len(set(changed) & set(seen[:100]))


def test_records_made_and_deleted_during_a_read_neither_hide_nor_double_others(sandbox: Sandbox) -> None:
    before = set(sandbox.truth("customers"))
    pages = sandbox.pages("GET", "v2/customers", "customers", limit=50)
    seen = [one["id"] for one in next(pages)]
    made = sandbox.edit("create", customers=5)["customers"]
    gone = set(sandbox.edit("delete", customers=20)["customers"])
    seen += [one["id"] for page in pages for one in page]
    assert len(seen) == len(set(seen))
    assert set(seen) >= (before - gone) | set(made)


def test_lists_see_a_write_after_the_lag_and_a_fetch_at_once(sandbox: Sandbox) -> None:
    sandbox.control.post("clock", json={"freeze": True})
    sandbox.settings(lag_seconds=30)
    made = sandbox.square.post("v2/customers", json={"given_name": "Ottoline"}).json()["customer"]["id"]
    assert sandbox.square.get(f"v2/customers/{made}").status_code == 200
    found = [one["id"] for one in sandbox.all("GET", "v2/customers", "customers")]
    assert made not in found
    sandbox.advance(30)
    assert made in [one["id"] for one in sandbox.all("GET", "v2/customers", "customers")]


def test_a_deletion_lags_too(sandbox: Sandbox) -> None:
    sandbox.settings(lag_seconds=30)
    gone = sandbox.edit("delete", customers=1)["customers"][0]
    assert sandbox.square.get(f"v2/customers/{gone}").status_code == 404
    assert gone in [one["id"] for one in sandbox.all("GET", "v2/customers", "customers")]
    sandbox.advance(31)
    assert gone not in [one["id"] for one in sandbox.all("GET", "v2/customers", "customers")]


def test_ranges_count_their_begin_but_not_their_end(sandbox: Sandbox) -> None:
    sandbox.control.post("clock", json={"freeze": True})
    changed = sandbox.edit("change", customers=3)["customers"]
    moment = sandbox.square.get(f"v2/customers/{changed[0]}").json()["customer"]["updated_at"]
    from_then = sandbox.all(
        "POST", "v2/customers/search", "customers", query={"filter": {"updated_at": {"start_at": moment}}}
    )
    assert {one["id"] for one in from_then} == set(changed)
    until_then = sandbox.all(
        "POST",
        "v2/customers/search",
        "customers",
        query={"filter": {"updated_at": {"start_at": "2026-01-01T00:00:00Z", "end_at": moment}}},
    )
    assert not {one["id"] for one in until_then} & set(changed)


def test_a_million_customers_cost_neither_time_nor_memory(sandbox: Sandbox) -> None:
    wish = {"name": "The Big House", "sizes": {"customers": 1_000_000, "orders": 0, "refunds": 0, "invoices": 0}}
    start = time.monotonic()
    made = sandbox.control.post("square/merchants", json=wish).json()
    with httpx.Client(base_url=sandbox.square_url, headers=sandbox.bearing(made["personal_token"])) as square:
        first = square.get("v2/customers", params={"limit": 100, "sort_order": "ASC"}).json()["customers"]
        last = square.get("v2/customers", params={"limit": 100, "sort_order": "DESC"}).json()["customers"]
        found = square.get(f"v2/customers/{last[0]['id']}").json()["customer"]
    assert time.monotonic() - start < 5
    assert (len(first), found) == (100, last[0])
    assert not {one["id"] for one in first} & {one["id"] for one in last}


def test_the_same_seed_makes_the_same_venue(sandbox: Sandbox) -> None:
    ids = list(sandbox.truth("customers"))
    token = sandbox.merchant["personal_token"]
    again = sandbox.control.post("reset", json={"seed": 7}).json()["square"]["merchants"][0]
    assert (list(sandbox.truth("customers")), again["personal_token"]) == (ids, token)
    other = sandbox.control.post("reset", json={"seed": 8}).json()["square"]["merchants"][0]
    assert other["personal_token"] != token
