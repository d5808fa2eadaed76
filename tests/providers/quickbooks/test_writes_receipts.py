"""Sending sales to QuickBooks: each once whatever is lost, to the smallest coin, and void when they are cancelled."""

from dataclasses import replace
from typing import Any

import pytest

from integrations.providers.base import ChoosyOutlet, ComparingOutlet
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

ORDER = ObjectType.ORDER
SALES = outlet(ORDER)
NAMES = ("DocNumber", "TxnDate", "status", "TotalAmt", "currency", "tip", "service_charge")


def line(currency: str = "GBP", **told: Any) -> Values:
    money = {name: Money(value, currency) for name, value in told.items() if isinstance(value, int)}
    return {"name": "House Lager 🍺", "quantity": "2"} | told | money


def sale(number: str = "S-1", currency: str = "GBP", **more: Any) -> Values:
    """Two pints and a poster, some off, tax on the pints, a service charge and a tip: 21.30."""
    pints = line(currency, unit_price=500, gross=1000, discount=100, tax=180, total=1080)
    poster = line(currency, name="Poster", quantity="1", unit_price=600, gross=600, total=600)
    return {
        "DocNumber": number, "TxnDate": "2026-11-20", "status": "completed", "currency": currency,
        "TotalAmt": Money(2130, currency), "lines": [pints, poster], "tip": Money(250, currency),
        "service_charge": Money(200, currency),
    } | more  # fmt: skip


def sales(count: int) -> list[Values]:
    return [sale(f"S-{each}") for each in range(count)]


def sent(api: ApiSession, values: Values | None = None) -> ExternalRecord:
    return good(SALES.write_batch(api, [create(values or sale())]))[0]


def refused(api: ApiSession, write: Write) -> Exception | None:
    return SALES.write_batch(api, [write])[0].error


def unfit(write: Write) -> str:
    assert isinstance(SALES, ChoosyOutlet)
    return SALES.unfit(write)


def is_same(name: str, ours: Any, theirs: Any) -> bool:
    assert isinstance(SALES, ComparingOutlet)
    return SALES.is_same(name, ours, theirs)


@pytest.fixture
def some(api: ApiSession, books: Sandbox) -> dict[str, str]:
    """A customer and an item of the books."""
    kinds = {"CustomerRef.value": ObjectType.CUSTOMER, "ItemRef.value": ObjectType.PRODUCT}
    found = {
        name: next(each.id for each in known(api, kind).values() if each.raw.get("Active"))
        for name, kind in kinds.items()
    }
    books.clear_log()
    return found


def test_thirty_sales_are_made_with_one_call_as_they_were_written(
    books: Sandbox, company: Company, api: ApiSession
) -> None:
    wanted = sales(30)
    records = good(SALES.write_batch(api, [create(each) for each in wanted]))
    assert asked(books) == ["batch"]
    values = [SALES.values(record.raw) for record in records]
    assert [{name: found[name] for name in NAMES} for found in values] == [
        {name: each[name] for name in NAMES} for each in wanted
    ]
    assert truth(books, company, ORDER) == {record.id: record.raw for record in records}


def test_a_sale_is_lines_without_tax_one_discount_and_one_total_of_tax(api: ApiSession) -> None:
    raw = sent(api).raw
    told = [(each["DetailType"][:8], each["Amount"], each.get("Description")) for each in raw["Line"]]
    assert told == [
        ("SalesIte", 10, "House Lager 🍺"), ("SalesIte", 6, "Poster"), ("SalesIte", 2, "Service charge"),
        ("SalesIte", 2.5, "Tip"), ("Discount", 1, None), ("SubTotal", 20.5, None),
    ]  # fmt: skip
    assert (raw["TxnTaxDetail"]["TotalTax"], raw["TotalAmt"], raw["GlobalTaxCalculation"]) == (1.8, 21.3, "TaxExcluded")
    assert raw["Line"][0]["SalesItemLineDetail"] == {"Qty": 2, "UnitPrice": 5}
    assert raw["DepositToAccountRef"]["name"] == "Undeposited Funds"


def test_a_sale_names_its_customer_and_its_items_where_they_are_known(api: ApiSession, some: dict[str, str]) -> None:
    item, customer = some["ItemRef.value"], some["CustomerRef.value"]
    lines = [line(total=900) | {"ItemRef.value": item}, line(total=100)]
    values = sale(lines=lines, TotalAmt=Money(1450, "GBP")) | {"CustomerRef.value": customer, "tip_item": item}
    raw = sent(api, values).raw
    items = [each["SalesItemLineDetail"].get("ItemRef", {}).get("value") for each in raw["Line"][:4]]
    assert (raw["CustomerRef"]["value"], items) == (customer, [item, None, None, item])
    assert "CustomerRef" not in sent(api, sale("S-2")).raw


def test_a_day_is_the_business_day_or_the_one_on_which_it_was_placed(api: ApiSession) -> None:
    placed = sale("S-2", TxnDate=None, placed_on="2026-11-21")
    records = good(SALES.write_batch(api, [create(sale(placed_on="2026-11-21")), create(placed)]))
    assert [record.raw["TxnDate"] for record in records] == ["2026-11-20", "2026-11-21"]


def test_a_number_that_does_not_fit_gives_way_to_one_of_ours(api: ApiSession) -> None:
    long, none = create(sale("A table with far too long a name")), create(sale("  "))
    records = good(SALES.write_batch(api, [long, none, create(sale("x" * 21))]))
    numbers = [record.raw["DocNumber"] for record in records]
    assert numbers == [f"B-{long.ours[:19].upper()}", f"B-{none.ours[:19].upper()}", "x" * 21]
    assert is_same("DocNumber", "A table with far too long a name", numbers[0])


def test_one_sale_that_quickbooks_refuses_does_not_stop_its_batch(books: Sandbox, api: ApiSession) -> None:
    bad = sale("S-bad") | {"CustomerRef.value": "98765"}
    strange = sale("S-item", lines=[line(total=1680) | {"ItemRef.value": "98765"}])
    results = SALES.write_batch(api, [create(each) for each in (sale(), bad, strange, sale("S-2"))])
    assert asked(books) == ["batch"]
    assert [getattr(each.error, "field", None) for each in results] == [None, "CustomerRef.value", "lines", None]
    assert [each.record is not None for each in results] == [True, False, False, True]


INSIDE = line(unit_price=600, gross=1200, discount=0, tax=200, total=1200)
PART = line(quantity="3", unit_price=333, gross=999, discount=100, tax=150, total=899)
SUMS: dict[str, tuple[int, Values]] = {
    "tax inside": (1200, {"lines": [INSIDE]}),
    "tax inside, and some off": (899, {"lines": [PART]}),
    "tax inside one and on top of another": (2280, {"lines": [INSIDE, sale()["lines"][0]]}),
    "a taxed service charge": (1320, {"lines": [INSIDE], "service_charge": Money(100, "GBP"),
                                      "taxes": [{"amount": Money(220, "GBP")}]}),
    "a voucher for all": (700, {"lines": [line(total=1000)], "discounts": [{"amount": Money(300, "GBP")}]}),
    "tax of the whole": (1200, {"lines": [line(total=1000)], "taxes": [{"amount": Money(200, "GBP")}]}),
    "given away": (0, {"lines": [line(unit_price=500, gross=1000, discount=1000, total=0)]}),
    "no lines": (1450, {"lines": [], "tip": Money(250, "GBP"), "taxes": [{"amount": Money(200, "GBP")}]}),
    "one more back than bought": (400, {"lines": [line(total=1000), line(total=-600)]}),
}  # fmt: skip


@pytest.mark.parametrize("case", SUMS)
def test_the_total_is_ours_to_the_smallest_coin(api: ApiSession, case: str) -> None:
    total, figures = SUMS[case]
    taxes = sum(each["amount"].minor for each in figures.get("taxes", [])) or sum(
        each["tax"].minor for each in figures["lines"] if "tax" in each
    )
    plain = {"tip": None, "service_charge": None, "TotalAmt": Money(total, "GBP")}
    raw = sent(api, sale() | plain | figures).raw
    assert (raw["TotalAmt"], raw["TxnTaxDetail"]["TotalTax"]) == (total / 100, taxes / 100)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"status": "open"}, "Left out: only a completed sale goes to QuickBooks."),
        ({"status": None}, "Left out: only a completed sale goes to QuickBooks."),
        ({"status": "void"}, "Left out: only a completed sale goes to QuickBooks."),
        ({"TotalAmt": Money(2131, "GBP")},
         "Left out: what this sale consists of comes to 21.30 GBP, and its total is 21.31 GBP."),
        ({"TotalAmt": None}, "Left out: this sale has no total."),
        ({"tip": Money(250, "EUR")}, "Left out: this sale has amounts in EUR and GBP."),
        ({"lines": [line(total=-600)], "TotalAmt": Money(-150, "GBP")},
         "Left out: QuickBooks takes no sale of less than nothing."),
        ({"taxes": [{"amount": Money(500, "GBP")}]}, "Left out: this sale holds tax that none of its lines does."),
    ],
)  # fmt: skip
def test_a_sale_that_cannot_be_is_left_out_and_nothing_is_sent(
    books: Sandbox, api: ApiSession, change: Values, sentence: str
) -> None:
    write = create(sale() | change)
    assert unfit(write) == sentence
    assert isinstance(refused(api, write), Invalid)
    assert asked(books) == []


def test_a_sale_in_another_currency_than_the_books_is_never_sent(books: Sandbox, api: ApiSession) -> None:
    error = refused(api, create(sale(currency="EUR")))
    assert isinstance(error, Invalid)
    assert (str(error), error.field) == ("The books are kept in GBP, and this sale is in EUR.", "TotalAmt")
    assert asked(books) == []


def test_books_in_yen_hold_whole_yen(books: Sandbox) -> None:
    api = opened(open_company(books, currency="JPY"))
    raw = sent(api, sale(currency="JPY")).raw
    assert (raw["TotalAmt"], raw["TxnTaxDetail"]["TotalTax"], raw["CurrencyRef"]["value"]) == (2130, 180, "JPY")


@pytest.fixture
def america(books: Sandbox) -> Company:
    return open_company(books, currency="USD")


def test_american_lines_say_whether_they_bear_tax(books: Sandbox, america: Company) -> None:
    pints = line("USD", unit_price=500, gross=1000, tax=85, total=1085)
    values = sale(currency="USD", lines=[pints], TotalAmt=Money(1535, "USD"))
    raw = sent(opened(america), values).raw
    codes = [each["SalesItemLineDetail"]["TaxCodeRef"]["value"] for each in raw["Line"][:3]]
    assert (codes, raw["TotalAmt"]) == (["TAX", "NON", "NON"], 15.35)
    assert asked(books) == ["batch"]


def test_a_sale_of_which_quickbooks_makes_another_total_does_not_stay(books: Sandbox, america: Company) -> None:
    api, kept = opened(america), line("USD", unit_price=500, gross=1000, tax=85, total=1085)
    right = sale("S-2", "USD", lines=[kept], TotalAmt=Money(1535, "USD"))
    wrong, made = SALES.write_batch(api, [create(sale(currency="USD")), create(right)])
    assert isinstance(wrong.error, Invalid)
    assert str(wrong.error) == ("QuickBooks works out 20.31 USD for this sale over 21.30 USD. It was taken out again.")
    assert asked(books) == ["batch", "batch"]
    live = [each for each in truth(books, america, ORDER).values() if not each.get("is_deleted")]
    assert made.record is not None
    assert live == [made.record.raw]


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("skip", [0, 1])
def test_it_does_not_stay_whichever_answer_is_lost(books: Sandbox, america: Company, times: int, skip: int) -> None:
    lose(books, "", times=times, skip=skip)
    (result,) = persistently(opened(america), ORDER, [create(sale(currency="USD"))])
    assert isinstance(result.error, Invalid)
    assert all(each.get("is_deleted") for each in truth(books, america, ORDER).values())


def test_tax_codes_of_the_owner_s_choice_stand_on_every_line(books: Sandbox, api: ApiSession) -> None:
    books.ask("POST", "/quickbooks/settings", {"tax_codes_demanded": True})
    assert isinstance(refused(api, create(sale())), Invalid)
    raw = sent(api, sale(taxed_code="1", untaxed_code="4")).raw
    codes = [each["SalesItemLineDetail"]["TaxCodeRef"]["value"] for each in raw["Line"][:4]]
    assert (codes, raw["TotalAmt"]) == (["1", "4", "4", "4"], 21.3)


FEWER = {"lines": sale()["lines"][:1], "TotalAmt": Money(1530, "GBP")}
CHANGES: dict[str, Values] = {
    "fewer lines": FEWER,
    "another tip": {"tip": Money(300, "GBP"), "TotalAmt": Money(2180, "GBP")},
    "no service charge": {"service_charge": None, "TotalAmt": Money(1930, "GBP")},
    "another number": {"DocNumber": "S-9"},
    "no number": {"DocNumber": None},
    "placed another day": {"TxnDate": None, "placed_on": "2026-11-24"},
}


@pytest.mark.parametrize("times", [0, 1, 4])
@pytest.mark.parametrize("case", CHANGES)
def test_changes_whose_answers_are_lost_are_made_once(books: Sandbox, api: ApiSession, case: str, times: int) -> None:
    before, change = sent(api), CHANGES[case]
    if times:
        lose(books, "", times=times)
    after = good(persistently(api, ORDER, [update(before, change, whole=sale())]))[0]
    assert int(after.version) - int(before.version) == 1
    assert after.raw["TotalAmt"] == change.get("TotalAmt", Money(2130, "GBP")).minor / 100
    if case == "fewer lines":
        assert [each.get("Description") for each in after.raw["Line"][:3]] == [
            "House Lager 🍺",
            "Service charge",
            "Tip",
        ]


def test_what_is_there_already_is_not_sent_again(api: ApiSession) -> None:
    there = SALES.values(sent(api).raw)
    whole = sale(taxes=[{"name": "VAT", "amount": Money(180, "GBP")}], discounts=[{"amount": Money(100, "GBP")}])
    assert all(is_same(name, value, there.get(name)) for name, value in whole.items())
    assert not is_same("lines", whole["lines"][:1], there["lines"])
    assert not is_same("lines", [whole["lines"][0] | {"name": "Ale"}, whole["lines"][1]], there["lines"])
    assert not is_same("taxes", [], there["taxes"])
    assert not is_same("tip", None, there["tip"])


@pytest.mark.parametrize("times", [0, 1, 3, 4])
def test_a_sale_that_is_cancelled_is_made_void(books: Sandbox, company: Company, api: ApiSession, times: int) -> None:
    before = sent(api)
    books.clear_log()
    if times:
        lose(books, "", times=times)
    after = good(persistently(api, ORDER, [update(before, {"status": "void"}, whole=sale())]))[0]
    assert (after.raw["TotalAmt"], after.raw["PrivateNote"]) == (0, f"Voided - {before.raw['PrivateNote']}")
    assert (SALES.values(after.raw)["status"], int(after.version)) == ("void", int(before.version) + 1)
    assert set(asked(books)) <= {"batch", "query"}
    assert truth(books, company, ORDER)[before.id] == after.raw


def test_what_is_void_stays_so(books: Sandbox, api: ApiSession) -> None:
    void = good(SALES.write_batch(api, [update(sent(api), {"status": "void"}, whole=sale())]))[0]
    books.clear_log()
    write = update(void, FEWER, whole=sale())
    assert unfit(write) == "Left out: this sale is void in QuickBooks, and stays so."
    assert isinstance(refused(api, write), Invalid)
    assert asked(books) == []


def test_a_sale_that_is_open_again_is_left_as_it_was(api: ApiSession) -> None:
    write = update(sent(api), {"status": "open"}, whole=sale())
    assert unfit(write) == "Left out: only a completed sale goes to QuickBooks."


@pytest.mark.parametrize("change", [{"DocNumber": "S-9"}, {"status": "void"}, FEWER])
def test_a_sale_that_changed_meanwhile_is_changed_as_it_is_now_and_one_that_is_gone_not_found(
    api: ApiSession, change: Values
) -> None:
    changed, gone = good(SALES.write_batch(api, [create(each) for each in sales(2)]))
    good(SALES.write_batch(api, [update(changed, {"TxnDate": "2026-11-01"}, whole=sale()), delete(gone)]))
    writes = [update(each, change, whole=sale() | change) for each in (changed, gone)]
    for attempt in (writes, again(writes)):
        done, lost = SALES.write_batch(api, attempt)
        assert done.record is not None
        assert SALES.holds(writes[0], done.record.raw)
        assert SALES.values(done.record.raw)["TxnDate"] == "2026-11-01", "what somebody else changed stays"
        assert isinstance(lost.error, NotFound)


def test_a_number_that_another_sale_has_tells_which(api: ApiSession) -> None:
    first, other = sent(api), create(sale(TxnDate="2026-11-22"))
    for write in (other, replace(other, attempt=2)):
        error = refused(api, write)
        assert isinstance(error, Duplicate)
        assert error.external_id == first.id


def test_two_sales_of_one_number_stay_two_where_the_company_does_not_mind(
    books: Sandbox, company: Company, api: ApiSession
) -> None:
    books.ask("POST", "/quickbooks/settings", {"unique_numbers": False})
    writes = [create(sale("Table 4"), number=each) for each in range(3)]
    first = good(SALES.write_batch(api, writes))
    assert good(SALES.write_batch(api, again(writes))) == first
    assert len(truth(books, company, ORDER)) == 3
