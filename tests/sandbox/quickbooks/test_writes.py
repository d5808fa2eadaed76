"""Creating, updating in full and in part, deleting, voiding; the rules and their codes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.quickbooks.conftest import Books, api_of, fault_of

ITEM = {"Name": "Balcony", "Type": "Service", "IncomeAccountRef": {"value": "5"}}


def line(amount: float, qty: float = 1, code: str = "1", **detail: Any) -> dict[str, Any]:
    sale = {"ItemRef": {"value": "4"}, "Qty": qty, "UnitPrice": amount / qty, "TaxCodeRef": {"value": code}} | detail
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sale}


def invoice(amount: float = 100, **fields: Any) -> dict[str, Any]:
    return {"CustomerRef": {"value": "1"}, "Line": [line(amount)], **fields}


def test_a_new_customer_gets_an_id_a_name_and_its_defaults(books: Books) -> None:
    made = books.written("customer", {"GivenName": "Ada", "FamilyName": "Vault", "BillAddr": {"Country": "GB"}})
    assert (made["DisplayName"], made["SyncToken"], made["Active"]) == ("Ada Vault", "0", True)
    assert (made["CurrencyRef"]["value"], made["BillAddr"]) == ("GBP", {"Country": "GBR"})
    assert books.truth("Customer")[made["Id"]] == made
    assert books.found(f"Customer WHERE DisplayName = '{made['DisplayName']}'") == [made]


def test_a_sparse_update_keeps_everything_else_to_the_byte(books: Books) -> None:
    before = books.truth("Customer")["3"]
    body = {"Id": "3", "SyncToken": before["SyncToken"], "sparse": True, "Notes": "Row B"}
    after = books.written("customer", body)
    changed = {"Notes": "Row B", "SyncToken": after["SyncToken"], "MetaData": after["MetaData"]}
    assert after == before | changed


def test_a_sparse_update_clears_what_is_sent_empty(books: Books) -> None:
    before = next(one for one in books.found("Customer") if "PrimaryPhone" in one)
    body = {"Id": before["Id"], "SyncToken": before["SyncToken"], "sparse": True, "PrimaryPhone": None}
    assert "PrimaryPhone" not in books.written("customer", body)


def test_a_full_update_clears_what_it_does_not_name(books: Books) -> None:
    before = next(one for one in books.found("Customer") if "PrimaryEmailAddr" in one and one["Balance"])
    body = {"Id": before["Id"], "SyncToken": before["SyncToken"], "DisplayName": "Only a name"}
    after = books.written("customer", body)
    assert "PrimaryEmailAddr" not in after
    assert "GivenName" not in after
    assert after["Balance"] == before["Balance"]


def test_an_old_sync_token_is_refused(books: Books) -> None:
    body = {"Id": "3", "SyncToken": books.truth("Customer")["3"]["SyncToken"], "sparse": True, "Notes": "first"}
    books.written("customer", body)
    assert fault_of(books.write("customer", body | {"Notes": "second"})) == (400, "5010")


def test_a_name_stands_once_among_customers_and_vendors(books: Books) -> None:
    vendor, customer = books.truth("Vendor")["2"], books.truth("Customer")["3"]
    assert fault_of(books.write("customer", {"DisplayName": vendor["DisplayName"]})) == (400, "6240")
    assert fault_of(books.write("vendor", {"DisplayName": customer["DisplayName"].upper()})) == (400, "6240")
    token = {"Id": "1", "SyncToken": books.truth("Customer")["1"]["SyncToken"], "sparse": True}
    assert fault_of(books.write("customer", token | {"DisplayName": customer["DisplayName"]})) == (400, "6240")


def test_a_name_is_free_again_after_a_change(books: Books) -> None:
    before = books.truth("Customer")["3"]
    body = {"Id": "3", "SyncToken": before["SyncToken"], "sparse": True, "DisplayName": "Somebody else"}
    books.written("customer", body)
    assert books.written("customer", {"DisplayName": before["DisplayName"]})["DisplayName"] == before["DisplayName"]


@pytest.mark.parametrize(
    ("resource", "body", "code"),
    [
        ("customer", {"Notes": "nobody"}, "6080"),
        ("customer", {"DisplayName": "a:b"}, "2040"),
        ("customer", {"DisplayName": "x", "Suffix": "y" * 17}, "2050"),
        ("customer", {"DisplayName": "x", "Nickname": "y"}, "2010"),
        ("customer", {"DisplayName": "x", "BillAddr": {"Town": "y"}}, "2010"),
        ("customer", {"DisplayName": "x", "PrimaryEmailAddr": {"Address": "nowhere"}}, "2210"),
        ("customer", {"DisplayName": "x", "PreferredDeliveryMethod": "Pigeon"}, "2170"),
        ("customer", {"DisplayName": "x", "SalesTermRef": {"value": "99"}}, "2500"),
        ("customer", {"DisplayName": "x", "CurrencyRef": {"value": "USD"}}, "6000"),
        ("customer", {"DisplayName": "x", "Taxable": "yes"}, "2040"),
        ("customer", {"Id": "99999", "SyncToken": "0", "sparse": True}, "610"),
        ("customer", {"Id": "1", "sparse": True}, "2020"),
        ("item", {"Name": "x"}, "2020"),
        ("item", {"Name": "x", "Type": "Service"}, "2020"),
        ("item", ITEM | {"Name": "Tickets"}, "6240"),
        ("item", ITEM | {"Type": "Inventory", "QtyOnHand": 3}, "2020"),
        ("invoice", {"Line": [line(5)]}, "2020"),
        ("invoice", {"CustomerRef": {"value": "1"}}, "2020"),
        ("invoice", invoice(CustomerRef={"value": "98765"}), "2500"),
        ("invoice", invoice(DocNumber="1001"), "6140"),
        ("invoice", invoice(DocNumber="1" * 22), "2050"),
        ("invoice", invoice(TxnDate="22.11.2026"), "2040"),
        ("invoice", invoice(Line=[line(100) | {"Amount": 90}]), "6070"),
        ("invoice", invoice(Line=[line(100, code="77")]), "2500"),
        ("payment", {"CustomerRef": {"value": "1"}}, "2020"),
        ("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": "ten"}, "2030"),
        ("refundreceipt", {"Line": [line(5)]}, "2020"),
        ("class", {}, "2020"),
    ],
)
def test_it_says_what_is_wrong_with_a_body(books: Books, resource: str, body: dict[str, Any], code: str) -> None:
    before = books.control.get(f"quickbooks/{books.realm}/counts").json()
    assert fault_of(books.write(resource, body)) == (400, code)
    after = books.control.get(f"quickbooks/{books.realm}/counts").json()
    assert after | {"calls": 0} == before | {"calls": 0}


def test_an_item_with_stock_and_a_parent(books: Books) -> None:
    stock = {"TrackQtyOnHand": True, "QtyOnHand": 12, "InvStartDate": "2026-01-01", "AssetAccountRef": {"value": "7"},
             "ExpenseAccountRef": {"value": "6"}, "ParentRef": {"value": "3"}, "UnitPrice": 12.5}  # fmt: skip
    made = books.written("item", ITEM | stock | {"Type": "Inventory"})
    assert (made["FullyQualifiedName"], made["SubItem"], made["UnitPrice"]) == ("Merchandise:Balcony", True, 12.5)


def test_an_invoice_is_numbered_summed_and_owed(books: Books) -> None:
    owed = books.truth("Customer")["1"]["Balance"]
    made = books.written("invoice", invoice(Line=[line(90, qty=2), line(10, code="3")]))
    assert [one["DetailType"] for one in made["Line"]] == ["SalesItemLineDetail"] * 2 + ["SubTotalLineDetail"]
    assert [one.get("LineNum") for one in made["Line"]] == [1, 2, None]
    assert (made["Line"][-1]["Amount"], made["TxnTaxDetail"]["TotalTax"], made["TotalAmt"]) == (100, 18, 118)
    assert (made["Balance"], made["DocNumber"], made["LinkedTxn"]) == (118, "1061", [])
    assert books.truth("Customer")["1"]["Balance"] == round(owed + 118, 2)


def test_a_discount_and_inclusive_tax_are_worked_out(books: Books) -> None:
    discount = {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10}}
    lower = books.written("invoice", invoice(Line=[line(200, code="3"), discount]))
    inclusive = books.written("invoice", invoice(120, GlobalTaxCalculation="TaxInclusive"))
    assert lower["TotalAmt"] == 180
    assert (inclusive["TotalAmt"], inclusive["TxnTaxDetail"]["TotalTax"]) == (120, 20)


def test_american_lines_say_tax_or_non(books: Books) -> None:
    made = books.control.post("quickbooks/accounts", json={"name": "Bay Stage", "currency": "USD"}).json()
    with api_of(books.url, made["id"], made["credentials"]["access_token"]) as api:
        right = api.post("invoice", json=invoice(Line=[line(100, code="TAX"), line(50, code="NON")])).json()["Invoice"]
        wrong = api.post("invoice", json=invoice(Line=[line(100, code="1")]))
    assert right["TotalAmt"] == 158.5
    assert fault_of(wrong) == (400, "6100")


def test_lines_are_replaced_as_a_whole(books: Books) -> None:
    made = books.written("invoice", invoice(Line=[line(60, code="3"), line(40, code="3")]))
    body = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Line": [line(30, code="3")]}
    after = books.written("invoice", body)
    assert (len(after["Line"]), after["TotalAmt"], after["Balance"]) == (2, 30, 30)
    assert (after["DocNumber"], after["CustomerRef"]) == (made["DocNumber"], made["CustomerRef"])


def test_a_payment_settles_its_invoice_and_its_deletion_opens_it_again(books: Books) -> None:
    made = books.written("invoice", invoice(100, DocNumber="GALA-1"))
    body = {"CustomerRef": {"value": "1"}, "TotalAmt": 150,
            "Line": [{"Amount": 120, "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "Invoice"}]}]}  # fmt: skip
    paid = books.written("payment", body)
    settled = books.truth("Invoice")[made["Id"]]
    assert paid["UnappliedAmt"] == 30
    assert (settled["Balance"], settled["LinkedTxn"]) == (0, [{"TxnId": paid["Id"], "TxnType": "Payment"}])
    gone = books.written("payment", {"Id": paid["Id"], "SyncToken": "0"}, operation="delete")
    opened = books.truth("Invoice")[made["Id"]]
    assert gone == {"domain": "QBO", "status": "Deleted", "Id": paid["Id"]}
    assert (opened["Balance"], opened["LinkedTxn"]) == (120, [])


def test_a_payment_cannot_pay_more_than_there_is(books: Books) -> None:
    made = books.written("invoice", invoice(100))
    linked = [{"TxnId": made["Id"], "TxnType": "Invoice"}]
    body = {"CustomerRef": {"value": "1"}, "TotalAmt": 500}
    too_much = body | {"Line": [{"Amount": 121, "LinkedTxn": linked}]}
    foreign = body | {"CustomerRef": {"value": "3"}, "Line": [{"Amount": 1, "LinkedTxn": linked}]}
    assert fault_of(books.write("payment", too_much)) == (400, "6000")
    assert fault_of(books.write("payment", foreign)) == (400, "6000")
    assert fault_of(books.write("payment", body | {"Line": [{"Amount": 501, "LinkedTxn": linked}]})) == (400, "6000")


def test_voiding_sets_everything_to_zero(books: Books) -> None:
    owed = books.truth("Customer")["1"]["Balance"]
    made = books.written("invoice", invoice(100, PrivateNote="hub"))
    voided = books.written("invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="void")
    assert (voided["TotalAmt"], voided["Balance"], voided["PrivateNote"]) == (0, 0, "Voided - hub")
    assert books.truth("Customer")["1"]["Balance"] == owed
    receipt = books.truth("SalesReceipt")["3"]
    body = {"Id": "3", "SyncToken": receipt["SyncToken"], "sparse": True}
    assert books.written("salesreceipt", body, operation="update", include="void")["TotalAmt"] == 0


def test_names_are_made_inactive_and_never_deleted(books: Books) -> None:
    token = {"Id": "3", "SyncToken": books.truth("Customer")["3"]["SyncToken"]}
    assert fault_of(books.write("customer", token, operation="delete")) == (400, "500")
    assert books.written("customer", token | {"sparse": True, "Active": False})["Active"] is False
    assert fault_of(books.write("invoice", invoice(CustomerRef={"value": "3"}))) == (400, "2500")


def test_the_same_request_id_writes_once(books: Books) -> None:
    first = books.write("customer", {"DisplayName": "Once"}, requestid="r-1")
    again = books.write("customer", {"DisplayName": "Once"}, requestid="r-1")
    other = books.write("customer", {"DisplayName": "Twice"}, requestid="r-1")
    assert first.json()["Customer"] == again.json()["Customer"]
    assert fault_of(other) == (400, "600")
    assert fault_of(books.write("customer", {"DisplayName": "Long"}, requestid="r" * 51)) == (400, "6000")


def test_a_write_whose_answer_was_lost_is_found_by_its_request_id(books: Books) -> None:
    books.fault(kind="lost_answer", method="POST", path="/v3/company")
    with pytest.raises(httpx.TransportError):
        books.write("customer", {"DisplayName": "Lost"}, requestid="r-2")
    found = books.written("customer", {"DisplayName": "Lost"}, requestid="r-2")
    assert [one["Id"] for one in books.found("Customer WHERE DisplayName = 'Lost'")] == [found["Id"]]


def test_a_batch_runs_each_item_on_its_own(books: Books) -> None:
    items = [
        {"bId": "a", "operation": "create", "Customer": {"DisplayName": "Batch one"}},
        {"bId": "b", "operation": "create", "Customer": {"DisplayName": "Batch one"}},
        {"bId": "c", "Query": "SELECT count(*) FROM Term"},
        {"bId": "d", "operation": "delete", "SalesReceipt": {"Id": "3", "SyncToken": "99"}},
    ]
    answers = {one["bId"]: one for one in books.write("batch", {"BatchItemRequest": items}).json()["BatchItemResponse"]}
    assert answers["a"]["Customer"]["DisplayName"] == "Batch one"
    assert answers["b"]["Fault"]["Error"][0]["code"] == "6240"
    assert answers["c"]["QueryResponse"] == {"totalCount": 3}
    assert answers["d"]["Fault"]["Error"][0]["code"] == "5010"


def test_a_batch_holds_thirty_items_with_ids_of_their_own(books: Books) -> None:
    items = [{"bId": str(n), "Query": "SELECT * FROM Term"} for n in range(31)]
    assert fault_of(books.write("batch", {"BatchItemRequest": items})) == (400, "1040")
    same = {"BatchItemRequest": [items[0], items[0]]}
    assert fault_of(books.write("batch", same)) == (400, "2040")


def test_only_json_is_taken_and_given(books: Books) -> None:
    text = books.api.post("customer", content="{}", headers={"Content-Type": "text/plain"})
    half = books.api.post("customer", content="{", headers={"Content-Type": "application/json"})
    no_accept = books.api.get("customer/1", headers={"Accept": "*/*"})
    assert [fault_of(one) for one in (text, half, no_accept)] == [(415, "1050"), (400, "2010"), (406, "1050")]


@pytest.mark.parametrize(
    "query", [{"operation": "remove"}, {"include": "void"}, {"operation": "void"}, {"opration": "x"}]
)
def test_it_refuses_operations_that_do_not_exist(books: Books, query: dict[str, str]) -> None:
    token = {"Id": "3", "SyncToken": books.truth("Customer")["3"]["SyncToken"], "sparse": True, "Notes": "x"}
    assert books.write("customer", token, **query).status_code == 400
    assert books.truth("Customer")["3"].get("Notes") != "x"
