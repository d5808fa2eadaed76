"""Sales receipts and refund receipts: what they need, what is worked out, how they are made void and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.quickbooks.conftest import Books, api_of, fault_of
from tests.sandbox.quickbooks.test_writes import line

UNDEPOSITED, BANK, INCOME = {"value": "1"}, {"value": "2"}, {"value": "4"}
BOTH = pytest.mark.parametrize("resource", ["salesreceipt", "refundreceipt"])
NAMES = {"salesreceipt": "SalesReceipt", "refundreceipt": "RefundReceipt"}


def receipt(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Line": list(lines) or [line(10, code="3")], "DepositToAccountRef": BANK, **fields}


def discount(amount: float) -> dict[str, Any]:
    return {"Amount": amount, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}}


def plain(amount: float, **detail: Any) -> dict[str, Any]:
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"Qty": 1} | detail}


def in_batch(books: Books, *items: dict[str, Any]) -> list[dict[str, Any]]:
    numbered = [{"bId": str(place), **item} for place, item in enumerate(items)]
    answer = books.write("batch", {"BatchItemRequest": numbered})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["BatchItemResponse"])


def code_of(item: dict[str, Any]) -> str:
    return str(item["Fault"]["Error"][0]["code"])


@BOTH
def test_a_receipt_is_numbered_summed_and_needs_no_customer(books: Books, resource: str) -> None:
    made = books.written(resource, receipt(line(90, qty=2), line(10, code="3"), discount(20)))
    prefix = {"salesreceipt": "SR-1091", "refundreceipt": "RF-1007"}[resource]
    assert (made["DocNumber"], made["TotalAmt"], made["Balance"], made["SyncToken"]) == (prefix, 98, 0, "0")
    assert made["Line"][-1] == {"Amount": 100, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    assert books.truth(NAMES[resource])[made["Id"]] == made


def test_takings_lie_in_undeposited_funds_unless_an_account_is_named(books: Books) -> None:
    bare = {"Line": [line(10)]}
    assert books.written("salesreceipt", bare)["DepositToAccountRef"]["name"] == "Undeposited Funds"
    assert books.written("salesreceipt", receipt())["DepositToAccountRef"]["name"] == "Business Current Account"
    assert fault_of(books.write("refundreceipt", bare)) == (400, "2020")


@BOTH
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Line": []}, "2020"),
        ({"Line": [discount(5)]}, "2020"),
        ({"Line": [{"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}]}, "2020"),
        ({"Line": [line(10), discount(20)]}, "6000"),
        ({"Line": [line(10, ItemRef={"value": "9999"})]}, "2500"),
        ({"Line": [line(10, code="77")]}, "2500"),
        ({"CustomerRef": {"value": "98765"}}, "2500"),
        ({"DepositToAccountRef": {"value": "98765"}}, "2500"),
        ({"DepositToAccountRef": INCOME}, "6000"),
        ({"PaymentMethodRef": {"value": "98765"}}, "2500"),
        ({"CurrencyRef": {"value": "JPY"}}, "6000"),
        ({"DocNumber": "1" * 22}, "2050"),
        ({"TxnDate": "22.11.2026"}, "2040"),
        ({"Tip": 5}, "2010"),
    ],
)
def test_it_says_what_is_wrong_with_a_receipt(books: Books, resource: str, fields: dict[str, Any], code: str) -> None:
    before = books.truth(NAMES[resource])
    body = receipt(**fields) if "Line" not in fields else receipt() | fields
    assert fault_of(books.write(resource, body)) == (400, code)
    (item,) = in_batch(books, {"operation": "create", NAMES[resource]: body})
    assert code_of(item) == code
    assert books.truth(NAMES[resource]) == before


def test_a_discount_lowers_the_tax_where_it_comes_first(books: Books) -> None:
    lines = [line(80), line(20, code="3"), discount(50)]
    before, after = (
        books.written("salesreceipt", receipt(*lines, ApplyTaxAfterDiscount=each)) for each in (True, False)
    )
    assert (before["TxnTaxDetail"]["TotalTax"], before["TotalAmt"]) == (8, 58)
    assert (after["TxnTaxDetail"]["TotalTax"], after["TotalAmt"]) == (16, 66)


def test_a_total_of_tax_that_is_sent_counts_and_the_difference_is_noted(books: Books) -> None:
    made = books.written("salesreceipt", receipt(line(10), TxnTaxDetail={"TotalTax": 1.99}))
    (tax,) = made["TxnTaxDetail"]["TaxLine"]
    assert (made["TotalAmt"], tax["Amount"], tax["TaxLineDetail"]["OverrideDeltaAmount"]) == (11.99, 1.99, -0.01)
    bare = books.written("salesreceipt", receipt(plain(10), TxnTaxDetail={"TotalTax": 1.99}))
    assert (bare["TotalAmt"], bare["TxnTaxDetail"]) == (11.99, {"TotalTax": 1.99, "TaxLine": []})


def test_that_total_stays_until_the_lines_change(books: Books) -> None:
    made = books.written("salesreceipt", receipt(plain(10), TxnTaxDetail={"TotalTax": 1.99}))
    body = {"Id": made["Id"], "sparse": True}
    noted = books.written("salesreceipt", body | {"SyncToken": "0", "PrivateNote": "Row B"})
    changed = books.written("salesreceipt", body | {"SyncToken": "1", "Line": [plain(20)]})
    assert (noted["TotalAmt"], changed["TotalAmt"]) == (11.99, 20)


def test_american_tax_is_worked_out_whatever_was_sent(books: Books) -> None:
    made = books.control.post("quickbooks/accounts", json={"name": "Bay Stage", "currency": "USD"}).json()
    with api_of(books.url, made["id"], made["credentials"]["access_token"]) as api:
        body = receipt(line(100, code="TAX"), line(50, code="NON"), TxnTaxDetail={"TotalTax": 1})
        found = api.post("salesreceipt", json=body).json()["SalesReceipt"]
    assert (found["TxnTaxDetail"]["TotalTax"], found["TotalAmt"]) == (8.5, 158.5)


def test_yen_have_no_parts(books: Books) -> None:
    made = books.control.post("quickbooks/accounts", json={"name": "Shibuya Stage", "currency": "JPY"}).json()
    with api_of(books.url, made["id"], made["credentials"]["access_token"]) as api:
        found = api.post("salesreceipt", json=receipt(line(1255))).json()["SalesReceipt"]
        generated = api.get("salesreceipt/3").json()["SalesReceipt"]
    assert (found["TxnTaxDetail"]["TotalTax"], found["TotalAmt"]) == (126, 1381)
    assert all(each["Amount"] == int(each["Amount"]) for each in generated["Line"])


def test_every_line_needs_a_tax_code_where_the_company_demands_it(books: Books) -> None:
    books.settings(tax_codes_demanded=True)
    assert fault_of(books.write("salesreceipt", receipt(line(10), plain(5)))) == (400, "6000")
    assert books.written("salesreceipt", receipt(line(10), line(5, code="3")))["TotalAmt"] == 17


@BOTH
def test_a_number_may_stand_twice_where_the_company_does_not_mind(books: Books, resource: str) -> None:
    books.written(resource, receipt(DocNumber="Table 4"))
    item = {"operation": "create", NAMES[resource]: receipt(DocNumber="Table 4")}
    assert fault_of(books.write(resource, receipt(DocNumber="Table 4"))) == (400, "6140")
    assert code_of(in_batch(books, item)[0]) == "6140"
    books.settings(unique_numbers=False)
    books.written(resource, receipt(DocNumber="Table 4"))
    in_batch(books, item)
    assert len(books.found(f"{NAMES[resource]} WHERE DocNumber IN ('Table 4')")) == 3


def test_a_sales_receipt_is_made_void_by_a_sparse_update(books: Books) -> None:
    one, other = (books.written("salesreceipt", receipt(line(10), PrivateNote="hub")) for _ in range(2))
    single = {"Id": one["Id"], "SyncToken": "0", "sparse": True}
    assert fault_of(
        books.write("salesreceipt", {"Id": one["Id"], "SyncToken": "0"}, operation="update", include="void")
    ) == (400, "2020")
    void = books.written("salesreceipt", single, operation="update", include="void")
    (batched,) = in_batch(
        books, {"operation": "update", "optionsData": "void", "SalesReceipt": single | {"Id": other["Id"]}}
    )
    for each in (void, batched["SalesReceipt"]):
        assert (each["TotalAmt"], each["TxnTaxDetail"]["TotalTax"], each["PrivateNote"]) == (0, 0, "Voided - hub")
        assert [entry["Amount"] for entry in each["Line"]] == [0, 0]


def test_a_refund_receipt_cannot_be_made_void(books: Books) -> None:
    made = books.written("refundreceipt", receipt())
    body = {"Id": made["Id"], "SyncToken": "0", "sparse": True}
    assert fault_of(books.write("refundreceipt", body, operation="update", include="void")) == (400, "500")
    (item,) = in_batch(books, {"operation": "update", "optionsData": "void", "RefundReceipt": body})
    assert code_of(item) == "2170"
    assert books.truth("RefundReceipt")[made["Id"]] == made


@BOTH
def test_a_receipt_is_deleted_for_good_by_its_newest_token(books: Books, resource: str) -> None:
    one, other = (books.written(resource, receipt()) for _ in range(2))
    name, token = NAMES[resource], {"SyncToken": "0"}
    assert fault_of(books.write(resource, {"Id": one["Id"], "SyncToken": "7"}, operation="delete")) == (400, "5010")
    gone = books.written(resource, {"Id": one["Id"], **token}, operation="delete")
    batched, again = in_batch(
        books,
        {"operation": "delete", name: {"Id": other["Id"], **token}},
        {"operation": "delete", name: {"Id": one["Id"], **token}},
    )
    assert gone == {"domain": "QBO", "status": "Deleted", "Id": one["Id"]}
    assert (batched[name]["status"], code_of(again)) == ("Deleted", "610")
    assert [books.truth(name)[each["Id"]].get("is_deleted") for each in (one, other)] == [True, True]


@BOTH
def test_a_sparse_update_keeps_everything_else_to_the_byte(books: Books, resource: str) -> None:
    before = books.written(resource, receipt(line(90, qty=2), discount(20), PrivateNote="hub 🏮"))
    body = {"Id": before["Id"], "SyncToken": "0", "sparse": True, "TxnDate": "2026-11-01"}
    after = books.written(resource, body)
    assert after == before | {"TxnDate": "2026-11-01", "SyncToken": "1", "MetaData": after["MetaData"]}
    assert fault_of(books.write(resource, body)) == (400, "5010")
