"""What may be written, what is refused and with which field, and what happens when a write comes twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Sandbox, error_of

TEA = {
    "type": "ITEM",
    "id": "#tea",
    "item_data": {
        "name": "Tea",
        "categories": [{"id": "#drinks"}],
        "variations": [
            {
                "type": "ITEM_VARIATION",
                "id": "#mug",
                "item_variation_data": {
                    "name": "Mug",
                    "pricing_type": "FIXED_PRICING",
                    "price_money": {"amount": 250, "currency": "GBP"},
                },
            }
        ],
    },
}
DRINKS = {"type": "CATEGORY", "id": "#drinks", "category_data": {"name": "Warm drinks"}}


def create(sandbox: Sandbox, **wishes: Any) -> httpx.Response:
    return sandbox.square.post("v2/customers", json=wishes)


def customer(sandbox: Sandbox, **wishes: Any) -> dict[str, Any]:
    return dict(create(sandbox, **({"given_name": "Ottoline"} | wishes)).json()["customer"])


def upsert(sandbox: Sandbox, *objects: Any, key: str = "k-1") -> httpx.Response:
    return sandbox.square.post(
        "v2/catalog/batch-upsert", json={"idempotency_key": key, "batches": [{"objects": list(objects)}]}
    )


@pytest.mark.parametrize(
    ("wishes", "code", "field"),
    [
        ({"note": "nobody"}, "BAD_REQUEST", None),
        ({"given_name": "x" * 301}, "VALUE_TOO_LONG", "given_name"),
        ({"email_address": "not-an-address"}, "INVALID_EMAIL_ADDRESS", "email_address"),
        ({"phone_number": "12345678"}, "INVALID_PHONE_NUMBER", "phone_number"),
        ({"given_name": "A", "birthday": "31.12."}, "INVALID_DATE", "birthday"),
        ({"given_name": "A", "address": {"city": "London"}}, "UNKNOWN_BODY_PARAMETER", "address.city"),
        ({"first_name": "A"}, "UNKNOWN_BODY_PARAMETER", "first_name"),
        ({"given_name": "A", "reference_id": "x" * 101}, "VALUE_TOO_LONG", "reference_id"),
    ],
)
def test_a_wrong_customer_is_refused_by_field(
    sandbox: Sandbox, wishes: dict[str, Any], code: str, field: str | None
) -> None:
    assert error_of(create(sandbox, **wishes)) == (400, code, field)


def test_the_same_key_makes_one_customer_and_other_content_is_refused(sandbox: Sandbox) -> None:
    first = create(sandbox, given_name="Ottoline", idempotency_key="k").json()
    assert create(sandbox, given_name="Ottoline", idempotency_key="k").json() == first
    reused = create(sandbox, given_name="Otto", idempotency_key="k")
    assert error_of(reused) == (400, "IDEMPOTENCY_KEY_REUSED", "idempotency_key")
    assert len(sandbox.truth("customers")) == 251


def test_two_customers_may_share_an_address(sandbox: Sandbox) -> None:
    ids = {customer(sandbox, email_address="same@example.com")["id"] for _ in range(2)}
    assert len(ids) == 2


def test_an_update_is_sparse_null_clears_and_versions_are_kept(sandbox: Sandbox) -> None:
    made = customer(sandbox, note="x", birthday="02-29")
    path = f"v2/customers/{made['id']}"
    changed = sandbox.square.put(path, json={"family_name": "Ævar", "note": None, "version": 0}).json()["customer"]
    assert (changed["given_name"], changed["family_name"], changed["birthday"]) == ("Ottoline", "Ævar", "0000-02-29")
    assert ("note" in changed, changed["version"]) == (False, 1)
    assert error_of(sandbox.square.put(path, json={"note": "y", "version": 0})) == (409, "VERSION_MISMATCH", "version")
    assert error_of(sandbox.square.put(path, json={"given_name": None, "family_name": None}))[:2] == (
        400, "BAD_REQUEST",
    )  # fmt: skip


def test_a_deleted_customer_is_gone(sandbox: Sandbox) -> None:
    path = f"v2/customers/{customer(sandbox)['id']}"
    assert error_of(sandbox.square.delete(path, params={"version": 9})) == (409, "VERSION_MISMATCH", "version")
    assert sandbox.square.delete(path).json() == {}
    assert error_of(sandbox.square.get(path))[:2] == (404, "NOT_FOUND")
    assert error_of(sandbox.square.delete(path))[:2] == (404, "NOT_FOUND")


def test_bulk_writes_answer_for_each_key(sandbox: Sandbox) -> None:
    body = {"customers": {"k-1": {"given_name": "A"}, "k-2": {"note": "nobody"}}}
    first = sandbox.square.post("v2/customers/bulk-create", json=body).json()["responses"]
    again = sandbox.square.post("v2/customers/bulk-create", json=body).json()["responses"]
    assert first["k-1"] == again["k-1"]
    assert first["k-2"]["errors"][0]["code"] == "BAD_REQUEST"
    made = first["k-1"]["customer"]["id"]
    changed = sandbox.square.post(
        "v2/customers/bulk-update", json={"customers": {made: {"nickname": "Bee"}, "gone": {"nickname": "C"}}}
    ).json()["responses"]
    assert (changed[made]["customer"]["version"], changed["gone"]["errors"][0]["code"]) == (1, "NOT_FOUND")
    gone = sandbox.square.post("v2/customers/bulk-delete", json={"customer_ids": [made]}).json()
    assert gone == {"responses": {made: {}}}


def test_temporary_ids_hold_within_a_batch_and_are_mapped(sandbox: Sandbox) -> None:
    answer = upsert(sandbox, TEA, DRINKS).json()
    real = {one["client_object_id"]: one["object_id"] for one in answer["id_mappings"]}
    item = answer["objects"][0]
    assert set(real) == {"#tea", "#mug", "#drinks"}
    assert (item["id"], item["item_data"]["categories"]) == (real["#tea"], [{"id": real["#drinks"]}])
    assert item["item_data"]["variations"][0]["item_variation_data"]["item_id"] == real["#tea"]
    assert sandbox.square.get(f"v2/catalog/object/{real['#mug']}").json()["object"]["type"] == "ITEM_VARIATION"
    assert upsert(sandbox, TEA, DRINKS).json() == answer
    assert error_of(upsert(sandbox, DRINKS)) == (400, "IDEMPOTENCY_KEY_REUSED", "idempotency_key")


def test_a_batch_is_stored_whole_or_not_at_all(sandbox: Sandbox) -> None:
    before = sandbox.truth("products")
    nameless = {"type": "ITEM", "id": "#x", "item_data": {"description": "no name"}}
    assert error_of(upsert(sandbox, TEA, nameless)) == (400, "VALUE_EMPTY", "batches[0].objects[1].item_data.name")
    assert sandbox.truth("products") == before


def test_a_catalogue_update_needs_the_present_version(sandbox: Sandbox) -> None:
    item = upsert(sandbox, TEA, DRINKS).json()["objects"][0]
    renamed = item | {"item_data": item["item_data"] | {"name": "Green tea"}}
    blind = {name: value for name, value in renamed.items() if name != "version"}
    assert error_of(upsert(sandbox, blind, key="k-2"))[1] == "MISSING_REQUIRED_PARAMETER"
    done = upsert(sandbox, renamed, key="k-3").json()["objects"][0]
    assert (done["item_data"]["name"], done["version"] > item["version"]) == ("Green tea", True)
    assert error_of(upsert(sandbox, renamed, key="k-4")) == (409, "VERSION_MISMATCH", "version")


def test_a_second_catalogue_write_at_the_same_time_is_sent_away(sandbox: Sandbox) -> None:
    sandbox.settings(catalog_write_ms=300)

    def write(number: int) -> int:
        body = {"idempotency_key": f"k-{number}", "object": DRINKS}
        return sandbox.square.post("v2/catalog/object", json=body).status_code

    with ThreadPoolExecutor(max_workers=2) as both:
        assert sorted(both.map(write, range(2))) == [200, 429]


def test_deleting_an_item_takes_its_variations_along(sandbox: Sandbox) -> None:
    item = upsert(sandbox, TEA, DRINKS).json()["objects"][0]
    gone = sandbox.square.post("v2/catalog/batch-delete", json={"object_ids": [item["id"], "unknown"]}).json()
    assert gone["deleted_object_ids"] == [item["id"], item["item_data"]["variations"][0]["id"]]
    assert sandbox.square.get(f"v2/catalog/object/{item['id']}").status_code == 404
    kept = sandbox.square.post(
        "v2/catalog/batch-retrieve", json={"object_ids": [item["id"]], "include_deleted_objects": True}
    ).json()["objects"]
    assert (kept[0]["is_deleted"], sandbox.truth("products")[item["id"]]) == (
        True, {"id": item["id"], "is_deleted": True},
    )  # fmt: skip


def test_an_order_is_priced_from_the_catalogue_and_changed_by_version(sandbox: Sandbox) -> None:
    mug = upsert(sandbox, TEA, DRINKS).json()["objects"][0]["item_data"]["variations"][0]["id"]
    wish = {"location_id": sandbox.location_ids[0], "line_items": [{"quantity": "2", "catalog_object_id": mug}]}
    order = sandbox.square.post("v2/orders", json={"order": wish, "idempotency_key": "o"}).json()["order"]
    assert (order["total_money"], order["state"], order["version"]) == ({"amount": 500, "currency": "GBP"}, "OPEN", 1)
    path = f"v2/orders/{order['id']}"
    line = {"uid": order["line_items"][0]["uid"], "quantity": "3"}
    changed = sandbox.square.put(path, json={"order": {"version": 1, "line_items": [line]}}).json()["order"]
    assert (changed["total_money"]["amount"], changed["version"]) == (750, 2)
    assert error_of(sandbox.square.put(path, json={"order": {"version": 1}})) == (409, "VERSION_MISMATCH", "version")
    assert error_of(sandbox.square.put(path, json={"order": {}}))[1] == "MISSING_REQUIRED_PARAMETER"


def test_an_order_without_a_version_cannot_be_changed(sandbox: Sandbox) -> None:
    order = next(one for one in sandbox.truth("orders").values() if "version" not in one)
    refused = sandbox.square.put(f"v2/orders/{order['id']}", json={"order": {"version": 1}})
    assert error_of(refused)[:2] == (400, "BAD_REQUEST")


def test_edits_by_the_venue_raise_version_and_time(sandbox: Sandbox) -> None:
    before = {kind: sandbox.truth(kind) for kind in ("customers", "orders", "products", "payments", "refunds")}
    changed = sandbox.edit("change", customers=3, orders=3, products=3, payments=3, refunds=3)
    for kind, ids in changed.items():
        after = sandbox.truth(kind)
        assert {one for one in after if after[one] != before[kind][one]} == set(ids)
        for one in ids:
            assert after[one]["updated_at"] > before[kind][one]["updated_at"]
            assert after[one].get("version", 1) > before[kind][one].get("version", 0)


def test_new_sales_come_with_payment_refund_and_payout(sandbox: Sandbox) -> None:
    made = sandbox.edit("create", customers=2, products=2, orders=2, refunds=1, payouts=1)
    order = sandbox.truth("orders")[made["orders"][0]]
    payment = sandbox.truth("payments")[order["tenders"][0]["payment_id"]]
    refund = sandbox.truth("refunds")[made["refunds"][0]]
    assert payment["order_id"] == order["id"]
    assert sandbox.truth("payments")[refund["payment_id"]]["refund_ids"] == [refund["id"]]
    payout = sandbox.truth("payouts")[made["payouts"][0]]
    entries = sandbox.all("GET", f"v2/payouts/{payout['id']}/payout-entries", "payout_entries")
    assert sum(entry["net_amount_money"]["amount"] for entry in entries) == payout["amount_money"]["amount"]
