"""Sending refunds to QuickBooks: each once whatever is lost, out of an account, and without an amount if they fail."""

from dataclasses import replace
from typing import Any

import pytest

from integrations.providers.base import ChoosyOutlet
from integrations.providers.errors import Duplicate, Invalid, NotFound
from integrations.providers.http import ApiSession
from integrations.providers.types import ExternalRecord, Money, ObjectType, Values, Write
from tests.provider_sandbox import Sandbox
from tests.providers.quickbooks.conftest import Company, open_company, opened, truth
from tests.providers.quickbooks.writing import (
    again,
    asked,
    create,
    delete,
    good,
    known,
    lose,
    outlet,
    persistently,
    update,
)

REFUND = ObjectType.REFUND
REFUNDS = outlet(REFUND)
PAYMENT = "0123456789abcdef" * 2


def refund(minor: int = 1250, currency: str = "GBP", **more: Any) -> Values:
    return {
        "TotalAmt": Money(minor, currency), "currency": currency, "TxnDate": "2026-11-20", "status": "completed",
        "reason": "Rained off 🌧", "payment": PAYMENT,
    } | more  # fmt: skip


def refunds(count: int) -> list[Values]:
    return [refund(1000 + each) for each in range(count)]


def sent(api: ApiSession, values: Values | None = None) -> ExternalRecord:
    return good(REFUNDS.write_batch(api, [create(values or refund())]))[0]


def refused(api: ApiSession, write: Write) -> Exception | None:
    return REFUNDS.write_batch(api, [write])[0].error


def unfit(write: Write) -> str:
    assert isinstance(REFUNDS, ChoosyOutlet)
    return REFUNDS.unfit(write)


def test_thirty_refunds_are_made_with_one_call_and_one_look_for_their_account(
    books: Sandbox, company: Company, api: ApiSession
) -> None:
    wanted = refunds(30)
    records = good(REFUNDS.write_batch(api, [create(each) for each in wanted]))
    assert asked(books) == ["query", "batch"]
    for values, record in zip(wanted, records, strict=True):
        plain = {name: value for name, value in values.items() if name != "payment"}
        assert REFUNDS.values(record.raw).items() >= plain.items()
    assert truth(books, company, REFUND) == {record.id: record.raw for record in records}
    sent(api, refund(1))
    assert asked(books) == ["query", "batch", "batch"]


def test_a_refund_is_one_line_and_its_note_names_our_record_and_the_payment(api: ApiSession) -> None:
    write = create(refund())
    raw = good(REFUNDS.write_batch(api, [write]))[0].raw
    first, subtotal = raw["Line"]
    assert (first["Amount"], first["Description"], subtotal["Amount"]) == (12.5, "Rained off 🌧", 12.5)
    assert raw["PrivateNote"] == f"Backline record {write.ours}, refund of payment {PAYMENT}"
    assert raw["DocNumber"] == f"B-{write.ours[:19].upper()}"
    assert raw["DepositToAccountRef"]["name"] == "Undeposited Funds"


def test_a_refund_without_a_reason_or_a_known_payment_is_still_one(api: ApiSession) -> None:
    write = create(refund(reason=None, payment=None))
    raw = good(REFUNDS.write_batch(api, [write]))[0].raw
    assert (raw["Line"][0]["Description"], raw["PrivateNote"]) == ("Refund", f"Backline record {write.ours}")


def account(api: ApiSession, name: str) -> ExternalRecord:
    return next(each for each in known(api, ObjectType.ACCOUNT).values() if each.raw["Name"] == name)


def test_the_owner_s_account_customer_and_item_are_taken_and_none_is_looked_for(
    books: Sandbox, api: ApiSession
) -> None:
    bank = account(api, "Business Current Account").id
    kinds = {"CustomerRef.value": ObjectType.CUSTOMER, "ItemRef.value": ObjectType.PRODUCT}
    chosen = {name: next(each.id for each in known(api, kind).values() if each.raw["Active"])
              for name, kind in kinds.items()}  # fmt: skip
    books.clear_log()
    raw = sent(api, refund() | chosen | {"DepositToAccountRef.value": bank}).raw
    item = raw["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"]
    assert (raw["DepositToAccountRef"]["value"], raw["CustomerRef"]["value"], item) == (bank, *chosen.values())
    assert asked(books) == ["batch"]


def test_an_account_that_holds_no_money_is_refused_by_its_field(api: ApiSession) -> None:
    for wrong in (account(api, "Ticket Income").id, "98765"):
        assert isinstance(refused(api, create(refund() | {"DepositToAccountRef.value": wrong})), Invalid)
    error = refused(api, create(refund() | {"DepositToAccountRef.value": "98765"}))
    assert getattr(error, "field", "") == "DepositToAccountRef.value"


def test_books_without_undeposited_funds_want_an_account(books: Sandbox, api: ApiSession) -> None:
    funds = account(api, "Undeposited Funds")
    body = {"Id": funds.id, "SyncToken": funds.version, "sparse": True, "Active": False}
    api.post("/account?minorversion=75", body, repeatable=False)
    books.clear_log()
    error = refused(api, create(refund()))
    assert isinstance(error, Invalid)
    assert (error.field, asked(books)) == ("DepositToAccountRef.value", ["query"])
    assert "undeposited funds" in str(error)


def test_one_refund_that_quickbooks_refuses_does_not_stop_its_batch(books: Sandbox, api: ApiSession) -> None:
    bad = refund() | {"CustomerRef.value": "98765"}
    results = REFUNDS.write_batch(api, [create(each) for each in (refund(1), bad, refund(2))])
    assert [getattr(each.error, "field", None) for each in results] == [None, "CustomerRef.value", None]
    assert asked(books) == ["query", "batch"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"status": "pending"}, "Left out: only a completed refund goes to QuickBooks."),
        ({"status": "void"}, "Left out: only a completed refund goes to QuickBooks."),
        ({"status": None}, "Left out: only a completed refund goes to QuickBooks."),
        ({"TotalAmt": None}, "Left out: this refund has no total."),
        ({"TotalAmt": Money(-1, "GBP")}, "Left out: QuickBooks takes no refund of less than nothing."),
    ],
)
def test_a_refund_that_cannot_be_is_left_out_and_nothing_is_sent(
    books: Sandbox, api: ApiSession, change: Values, sentence: str
) -> None:
    write = create(refund() | change)
    assert unfit(write) == sentence
    assert isinstance(refused(api, write), Invalid)
    assert asked(books) == []


def test_a_refund_in_another_currency_than_the_books_is_never_sent(books: Sandbox, api: ApiSession) -> None:
    assert isinstance(refused(api, create(refund(currency="JPY"))), Invalid)
    assert asked(books) == []


@pytest.mark.parametrize(("currency", "total"), [("JPY", 1250), ("USD", 12.5), ("EUR", 12.5)])
def test_a_refund_is_of_the_same_amount_in_every_country(books: Sandbox, currency: str, total: float) -> None:
    raw = sent(opened(open_company(books, currency=currency)), refund(currency=currency)).raw
    assert (raw["TotalAmt"], raw["TxnTaxDetail"]["TotalTax"], raw["CurrencyRef"]["value"]) == (total, 0, currency)


def test_a_tax_code_of_the_owner_s_choice_stands_on_the_line(books: Sandbox, api: ApiSession) -> None:
    books.ask("POST", "/quickbooks/settings", {"tax_codes_demanded": True})
    assert isinstance(refused(api, create(refund())), Invalid)
    assert sent(api, refund(untaxed_code="4")).raw["TotalAmt"] == 12.5


def test_a_code_that_puts_tax_on_top_does_not_stay(books: Sandbox, company: Company, api: ApiSession) -> None:
    error = refused(api, create(refund(untaxed_code="1")))
    assert isinstance(error, Invalid)
    assert str(error) == "QuickBooks works out 15.00 GBP for this refund over 12.50 GBP. It was taken out again."
    assert all(each.get("is_deleted") for each in truth(books, company, REFUND).values())


CHANGES: list[Values] = [{"TotalAmt": Money(900, "GBP")}, {"reason": "Too loud"}, {"TxnDate": "2026-11-01"}]


@pytest.mark.parametrize("times", [0, 1, 4])
@pytest.mark.parametrize("change", CHANGES)
def test_changes_whose_answers_are_lost_are_made_once(
    books: Sandbox, api: ApiSession, change: Values, times: int
) -> None:
    before = sent(api)
    if times:
        lose(books, "", times=times)
    after = good(persistently(api, REFUND, [update(before, change, whole=refund())]))[0]
    assert int(after.version) - int(before.version) == 1
    assert REFUNDS.values(after.raw).items() >= change.items()


@pytest.mark.parametrize("times", [0, 1, 4])
def test_a_refund_that_failed_later_keeps_no_amount_and_says_so(books: Sandbox, api: ApiSession, times: int) -> None:
    before = sent(api)
    if times:
        lose(books, "", times=times)
    after = good(persistently(api, REFUND, [update(before, {"status": "void"}, whole=refund())]))[0]
    assert (after.raw["TotalAmt"], after.raw["PrivateNote"]) == (0, f"Voided - {before.raw['PrivateNote']}")
    assert (REFUNDS.values(after.raw)["status"], int(after.version)) == ("void", int(before.version) + 1)
    assert unfit(update(after, {"reason": "x"}, whole=refund())) == (
        "Left out: this refund is void in QuickBooks, and stays so."
    )


@pytest.mark.parametrize("change", [*CHANGES, {"status": "void"}])
def test_a_refund_that_changed_meanwhile_is_changed_as_it_is_now_and_one_that_is_gone_not_found(
    api: ApiSession, change: Values
) -> None:
    changed, gone = good(REFUNDS.write_batch(api, [create(each) for each in refunds(2)]))
    good(REFUNDS.write_batch(api, [update(changed, {"TxnDate": "2026-11-09"}, whole=refund()), delete(gone)]))
    writes = [update(each, change, whole=refund() | change) for each in (changed, gone)]
    for attempt in (writes, again(writes)):
        done, lost = REFUNDS.write_batch(api, attempt)
        assert done.record is not None
        assert REFUNDS.holds(writes[0], done.record.raw)
        assert isinstance(lost.error, NotFound)


def test_a_number_that_another_refund_has_tells_which(api: ApiSession) -> None:
    write = create(refund())
    first = good(REFUNDS.write_batch(api, [write]))[0]
    good(REFUNDS.write_batch(api, [update(first, {"TxnDate": "2026-11-09"}, whole=refund())]))
    error = refused(api, replace(write, key="f" * 40, values=refund(1), whole=refund(1)))
    assert isinstance(error, Duplicate)
    assert error.external_id == first.id
