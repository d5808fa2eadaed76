"""What a sale comes to in QuickBooks' terms, by literals: the total stays the total wherever tax and discount lie."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.providers.money import words
from integrations.providers.quickbooks import receipts
from integrations.providers.quickbooks.receipts import Entry, Sheet, sheet
from integrations.providers.types import Money, Values


def gbp(minor: int) -> Money:
    return Money(minor, "GBP")


def amounts(**minor: int) -> Values:
    return {name: gbp(value) for name, value in minor.items()}


def listed(*minor: int) -> list[Values]:
    return [{"name": "One", "amount": gbp(each)} for each in minor]


def line(name: str = "Ale", quantity: str = "1", **minor: int) -> Values:
    return {"name": name, "quantity": quantity} | amounts(**minor)


def sale(total: int, *lines: Values, **more: Any) -> Values:
    return {"TotalAmt": gbp(total), "lines": list(lines)} | more


def test_tax_on_top_is_left_out_of_the_lines() -> None:
    ale = line(quantity="2", unit_price=500, gross=1000, discount=0, tax=200, total=1200)
    found = sheet(sale(1200, ale))
    assert found == Sheet((Entry("Ale", 1000, Decimal(2), 500, is_taxed=True),), 0, 0, 0, 200)
    assert found.total == 1200


def test_tax_inside_is_taken_out_of_the_lines() -> None:
    found = sheet(sale(1200, line(unit_price=1200, gross=1200, discount=0, tax=200, total=1200)))
    assert found == Sheet((Entry("Ale", 1000, is_taxed=True),), 0, 0, 0, 200)
    assert found.total == 1200


def test_a_discount_is_without_tax_like_its_line() -> None:
    on_top = sheet(sale(600, line(unit_price=1000, gross=1000, discount=500, tax=100, total=600)))
    inside = sheet(sale(600, line(unit_price=1200, gross=1200, discount=600, tax=100, total=600)))
    assert [(each.entries[0].amount, each.discount, each.tax) for each in (on_top, inside)] == [(1000, 500, 100)] * 2


def test_what_is_given_away_comes_to_nothing() -> None:
    found = sheet(sale(0, line(unit_price=1200, gross=1200, discount=1200, tax=0, total=0)))
    assert (found.entries[0].amount, found.discount, found.total) == (1200, 1200, 0)


@pytest.mark.parametrize("price", [1, 99, 333, 1005, 99_999])
@pytest.mark.parametrize("percent", [5, 7, 19, 20])
@pytest.mark.parametrize("off", [0, 1, 33, 50, 100])
def test_the_total_stays_to_the_smallest_coin(price: int, percent: int, off: int) -> None:
    discount = price * off // 100
    left = price - discount
    inside = round(left * percent / (100 + percent))
    within = line(unit_price=price, gross=price, discount=discount, tax=inside, total=left)
    on_top = line(unit_price=price, gross=price, discount=discount, tax=inside, total=left + inside)
    found = sheet(sale(2 * left + inside + 150, within, on_top, **amounts(tip=100, service_charge=50)))
    assert found.total == 2 * left + inside + 150
    assert found.tax == 2 * inside


@pytest.mark.parametrize(
    ("total", "service", "tax"),
    [(1320, 100, 220), (1300, 83, 217), (1300, 100, 200)],
    ids=["tax on top of it", "tax inside of it", "no tax on it"],
)
def test_a_service_charge_may_bear_tax_of_its_own(total: int, service: int, tax: int) -> None:
    ale = line(unit_price=1000, gross=1000, tax=200, total=1200)
    taxes = listed({1320: 220}.get(total, tax))
    found = sheet(sale(total, ale, taxes=taxes, service_charge=gbp(100)))
    assert (found.service, found.tax, found.total, found.is_service_taxed) == (service, tax, total, tax != 200)


def test_tax_and_discount_of_the_whole_sale_count_where_its_lines_have_none() -> None:
    ale = line(unit_price=1000, total=1000)
    voucher = sheet(sale(700, ale, discounts=listed(300)))
    taxed = sheet(sale(1200, ale, taxes=listed(150, 50)))
    both = sheet(sale(900, ale, taxes=listed(200), discounts=listed(300)))
    assert [(each.discount, each.tax, each.total) for each in (voucher, taxed, both)] == [
        (300, 0, 700), (0, 200, 1200), (300, 200, 900),
    ]  # fmt: skip


def test_tax_that_no_line_holds_is_told() -> None:
    assert sheet(sale(1200, line(total=1200), taxes=listed(200))).unplaced == 200


def test_a_sale_without_lines_is_one_line() -> None:
    found = sheet(sale(1500, taxes=listed(200), discounts=listed(100), tip=gbp(300)))
    assert found == Sheet((Entry("Sale", 1100, is_taxed=True),), 0, 300, 100, 200)
    assert found.total == 1500


def test_figures_that_contradict_each_other_come_to_another_total() -> None:
    assert sheet(sale(1000, line(total=1200))).total == 1200


@pytest.mark.parametrize(
    ("told", "entry"),
    [
        (line(quantity="1.5", unit_price=200, total=300), Entry("Ale", 300, Decimal("1.5"), 200)),
        (line(quantity="3", total=1000), Entry("Ale", 1000, Decimal(3))),
        (line(quantity="2", unit_price=450), Entry("Ale", 900, Decimal(2), 450)),
        (line(quantity="many", total=1000), Entry("Ale", 1000)),
        (line(total=-500), Entry("Ale", -500)),
        (line(total=1) | {"variant": "Pint"}, Entry("Ale (Pint)", 1)),
        (line(total=1) | {"variant": "Ale"}, Entry("Ale", 1)),
        (line("", total=1) | {"variant": "Pint"}, Entry("Pint", 1)),
        (line(total=1) | {"ItemRef.value": "7", "TaxCodeRef.value": "3"}, Entry("Ale", 1, item="7", code="3")),
    ],
)
def test_a_line_keeps_its_price_where_that_times_its_number_is_its_amount(told: Values, entry: Entry) -> None:
    assert sheet(sale(entry.amount, told)).entries == (entry,)


def test_currencies_are_found_however_deep_they_lie() -> None:
    whole = sale(1, line(total=1), taxes=[{"amount": Money(1, "EUR")}], tip=Money(5, "JPY"), status="completed")
    assert receipts.currencies(whole) == {"GBP", "EUR", "JPY"}


@pytest.mark.parametrize(("money", "text"), [
    (gbp(120_450), "1,204.50 GBP"), (gbp(-5), "-0.05 GBP"), (Money(1200, "JPY"), "1,200 JPY"),
    (Money(1250, "KWD"), "1.250 KWD"),
])  # fmt: skip
def test_an_amount_has_words_for_a_sentence(money: Money, text: str) -> None:
    assert words(money) == text
