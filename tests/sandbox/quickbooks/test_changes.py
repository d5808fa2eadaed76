"""Change data capture and truth: what a reader learns, and what it cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.quickbooks.conftest import Books, fault_of


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat(timespec="seconds")


def changes(books: Books, entities: str, since: str) -> list[dict[str, Any]]:
    answer = books.api.get("cdc", params={"entities": entities, "changedSince": since, "minorversion": "75"})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["CDCResponse"][0]["QueryResponse"])


def test_it_shows_changed_records_in_full_and_deleted_ones_as_stubs(books: Books) -> None:
    since = ago(seconds=2)
    changed = books.edit("change", Customer=3)["Customer"]
    deleted = books.edit("delete", SalesReceipt=2)["SalesReceipt"]
    customers, receipts, terms = changes(books, "Customer,SalesReceipt,Term", since)
    truth = books.truth("Customer")
    assert customers["Customer"] == [truth[record["Id"]] for record in customers["Customer"]]
    assert {record["Id"] for record in customers["Customer"]} == set(changed)
    assert {record["Id"] for record in receipts["SalesReceipt"]} == set(deleted)
    assert set(receipts["SalesReceipt"][0]) == {"status", "domain", "Id", "MetaData"}
    assert (receipts["startPosition"], receipts["maxResults"], receipts["totalCount"], terms) == (1, 2, 2, {})


def test_a_deleted_transaction_leaves_queries_and_truth_knows_it(books: Books) -> None:
    gone = books.edit("delete", SalesReceipt=1)["SalesReceipt"][0]
    assert fault_of(books.api.get(f"salesreceipt/{gone}")) == (400, "610")
    assert len(books.all("SalesReceipt")) == 89
    assert books.truth("SalesReceipt")[gone] == {"id": gone, "is_deleted": True}
    assert books.control.get(f"quickbooks/{books.realm}/counts").json()["SalesReceipt"] == {"live": 89, "deleted": 1}


def test_a_deleted_customer_is_only_made_inactive(books: Books) -> None:
    gone = books.edit("delete", Customer=1)["Customer"][0]
    assert books.found(f"Customer WHERE Id = '{gone}'") == []
    assert books.truth("Customer")[gone]["Active"] is False
    assert books.api.get(f"customer/{gone}").json()["Customer"]["Active"] is False


def test_of_more_than_a_thousand_the_newest_are_left_out(books: Books) -> None:
    sizes = {"Customer": 1100, "Invoice": 0, "SalesReceipt": 0, "RefundReceipt": 0, "CreditMemo": 0}
    made = books.control.post("quickbooks/accounts", json={"name": "Big", "sizes": sizes}).json()
    books.control.post(f"quickbooks/{made['id']}/change", json={"Customer": 1050})
    headers = {"Authorization": f"Bearer {made['credentials']['access_token']}"}
    query = {"entities": "Customer", "changedSince": ago(days=29)}
    answer = books.api.get(f"{books.url}/v3/company/{made['id']}/cdc", params=query, headers=headers).json()
    assert answer["CDCResponse"][0]["QueryResponse"][0]["totalCount"] == 1000


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"entities": "Customer", "changedSince": ago(days=31)}, "2040"),
        ({"entities": "Customer", "changedSince": "soon"}, "2040"),
        ({"entities": "Customer"}, "2020"),
        ({"changedSince": ago(days=1)}, "2020"),
        ({"entities": "customer", "changedSince": ago(days=1)}, "2170"),
        ({"entities": "Customer,TaxCode", "changedSince": ago(days=1)}, "500"),
        ({"entities": "TimeActivity", "changedSince": ago(days=1)}, "500"),
        ({"entities": "Customer", "changedSince": ago(days=1), "since": "x"}, "2010"),
    ],
)
def test_it_refuses_what_change_data_capture_cannot_show(books: Books, query: dict[str, str], code: str) -> None:
    assert fault_of(books.api.get("cdc", params=query)) == (400, code)


def test_a_reader_by_change_time_misses_nothing(books: Books) -> None:
    since = ago(seconds=2)
    for _ in range(3):
        books.edit("change", Customer=2, Item=2, Invoice=2, SalesReceipt=1, Payment=1, Vendor=1)
        books.edit("create", Customer=1, Item=1, Invoice=1, Payment=2, SalesReceipt=1, RefundReceipt=1, CreditMemo=1)
        books.edit("delete", Customer=1, Item=1, Payment=1, CreditMemo=1)
    for kind in ("Customer", "Item", "Invoice", "SalesReceipt", "Payment", "RefundReceipt", "CreditMemo", "Vendor"):
        everything = "WHERE Active IN (true, false) " if kind in ("Customer", "Item", "Vendor") else ""
        now = {record["Id"]: record for record in books.all(f"{kind} {everything}")}
        truth = {record_id: one for record_id, one in books.truth(kind).items() if "is_deleted" not in one}
        assert now == truth
        seen = {record["Id"] for record in changes(books, kind, since)[0].get(kind, [])}
        queried = {record["Id"] for record in now.values() if record["MetaData"]["LastUpdatedTime"] >= since}
        assert queried <= seen


def test_edits_bump_sync_token_and_time(books: Books) -> None:
    before = books.truth("Customer")
    changed = books.edit("change", Customer=1)["Customer"][0]
    after = books.truth("Customer")[changed]
    assert int(after["SyncToken"]) == int(before[changed]["SyncToken"]) + 1
    assert after["MetaData"]["LastUpdatedTime"] > before[changed]["MetaData"]["LastUpdatedTime"]
    assert after["MetaData"]["CreateTime"] == before[changed]["MetaData"]["CreateTime"]
