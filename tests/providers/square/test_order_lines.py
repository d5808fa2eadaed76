"""What the lines of an invoice come to, and what Square is told so that it makes the same of them."""

from typing import Any

import pytest

from integrations.providers.errors import Invalid
from integrations.providers.square.order_lines import are_same, order_parts, read, text
from integrations.providers.types import Money, Values


def gbp(minor: int) -> Money:
    return Money(minor, "GBP")


def line(price: int | None = 1000, quantity: str = "1", **more: Any) -> Values:
    names = {"gross": "gross_sales_money", "off": "total_discount_money", "tax": "total_tax_money",
             "total": "total_money"}  # fmt: skip
    amounts = {names[name]: gbp(more.pop(name)) for name in names if name in more}
    return {"name": "Hire", "quantity": quantity} | ({"base_price_money": gbp(price)} if price else {}) | amounts | more


def complaint(*lines: Values, total: int | None = None) -> str:
    with pytest.raises(Invalid) as caught:
        read(lines, gbp(total) if total is not None else None)
    assert caught.value.field == "line_items"
    return str(caught.value)


def test_a_line_becomes_quantity_and_price() -> None:
    parts = order_parts(read([line(1250, "2.00", variation_name="Evening 🎪", total=2500)], gbp(2500)))
    assert parts == {"line_items": [{
        "uid": "line-0", "name": "Hire", "variation_name": "Evening 🎪", "quantity": "2",
        "base_price_money": {"amount": 1250, "currency": "GBP"},
    }]}  # fmt: skip


def test_a_discount_and_a_tax_belong_to_their_line_alone() -> None:
    parts = order_parts(read([line(), line(999, "3", off=97, tax=580, total=3480)], gbp(4480)))
    assert [sorted(each.keys() & {"applied_discounts", "applied_taxes"}) for each in parts["line_items"]] == [
        [], ["applied_discounts", "applied_taxes"],
    ]  # fmt: skip
    assert parts["discounts"] == [{
        "uid": "discount-1", "name": "Discount", "type": "FIXED_AMOUNT", "scope": "LINE_ITEM",
        "amount_money": {"amount": 97, "currency": "GBP"},
    }]  # fmt: skip
    assert parts["taxes"] == [
        {"uid": "tax-20-additive", "name": "Tax", "type": "ADDITIVE", "percentage": "20", "scope": "LINE_ITEM"}
    ]


def test_lines_share_a_tax_only_where_nothing_is_rounded() -> None:
    lines = [line(1000, tax=200), line(500, tax=100), line(999, tax=200), line(999, tax=200)]
    parts = order_parts(read(lines, None))
    assert [each["applied_taxes"][0]["tax_uid"] for each in parts["line_items"]] == [
        "tax-20-additive", "tax-20-additive", "tax-2", "tax-3",
    ]  # fmt: skip
    assert [each["percentage"] for each in parts["taxes"]] == ["20", "20", "20"]


def test_a_tax_within_the_price_adds_nothing() -> None:
    (found,) = read([line(1200, tax=200, total=1200)], gbp(1200))
    assert (found.rate, found.is_inside, found.total) == ("20", True, 1200)
    assert order_parts([found])["taxes"][0]["type"] == "INCLUSIVE"


@pytest.mark.parametrize(
    ("net", "tax", "rate"),
    [(1000, 200, "20"), (833, 167, "20"), (1000, 89, "8.9"), (10_000, 888, "8.88"), (3, 1, "33"), (1000, 1, "0.1"),
     (123_456_789, 10_956_790, "8.875")],
)  # fmt: skip
def test_a_rate_has_the_fewest_decimals_that_lead_to_the_tax(net: int, tax: int, rate: str) -> None:
    (found,) = read([line(net, tax=tax)], None)
    assert found.rate == rate


def test_part_of_a_unit_tells_its_decimals() -> None:
    (body,) = order_parts(read([line(333, "1.25", total=416)], None))["line_items"]
    assert (body["quantity"], body["quantity_unit"]["precision"]) == ("1.25", 2)


@pytest.mark.parametrize(
    ("values", "price"),
    [(line(None, "4", gross=1000), 250), (line(None, "4", total=1000), 250), (line(None, "0.5", total=1000), 2000)],
)
def test_a_price_that_is_not_told_follows_from_the_whole(values: Values, price: int) -> None:
    assert [each.price for each in read([values], None)] == [gbp(price)]


def test_a_line_without_a_name_gets_one() -> None:
    lines = [{"base_price_money": gbp(1)}, {"base_price_money": gbp(1), "variation_name": "Balcony"}]
    assert [each["name"] for each in order_parts(read(lines, None))["line_items"]] == ["Item", "Balcony"]


@pytest.mark.parametrize(("currency", "minor", "shown"), [("JPY", 1500, "1,500 JPY"), ("KWD", 12_345, "12.345 KWD")])
def test_amounts_are_told_with_the_decimals_of_their_currency(currency: str, minor: int, shown: str) -> None:
    assert text(Money(minor, currency)) == shown
    values: Values = {"quantity": "2", "base_price_money": Money(minor, currency)}
    assert [each.total for each in read([values], Money(2 * minor, currency))] == [2 * minor]


def test_lines_that_come_to_another_sum_say_by_how_much() -> None:
    assert complaint(line(1000, "2"), line(500), total=2499) == (
        "The lines come to 25.00 GBP, and the invoice says 24.99 GBP."
    )
    assert complaint(line(333, "3", gross=1000)) == "Line 1 comes to 9.99 GBP in Square, and it says 10.00 GBP."
    assert complaint(line(), line(1000, off=100, total=950)) == (
        "Line 2 comes to 9.00 GBP in Square, and it says 9.50 GBP."
    )


@pytest.mark.parametrize(
    "values",
    [
        line(-1000), line(1000, off=1001), line(1000, tax=-1), line(1000, off=-1), line(None), line(1000, "-1"),
        line(1000, "a few"), line(1000, "1.123456"), line(None, "3", total=1000), line(1000, "1234567890123"),
        line(100, tax=150), line(None, "0", total=100), line(100) | {"total_money": Money(100, "EUR")},
    ],
)  # fmt: skip
def test_what_square_cannot_reckon_is_refused(values: Values) -> None:
    assert complaint(values)


THERE: Values = line(999, "3", off=97, tax=580, total=3480) | {
    "uid": "x", "gross_sales_money": gbp(2997), "item_type": "ITEM", "variation_name": "Evening",
}  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"quantity": "3.0"}, {"total_money": None}, {"name": None}, {"product": "p"}])
def test_what_comes_back_with_more_than_was_sent_says_the_same(more: Values) -> None:
    ours = {name: value for name, value in (line(999, "3", off=97, tax=580, total=3480) | more).items() if value}
    assert are_same([ours], [THERE])


@pytest.mark.parametrize("more", [{"quantity": "4"}, {"name": "Hall"}, {"total_tax_money": gbp(579)},
                                  {"total_discount_money": None}, {"base_price_money": gbp(998)}])  # fmt: skip
def test_what_differs_is_seen(more: Values) -> None:
    ours = line(999, "3", off=97, tax=580, total=3480) | more
    assert not are_same([ours], [THERE])
    assert not are_same([], [THERE])
    assert not are_same([THERE, THERE], [THERE])


def test_no_lines_are_no_lines() -> None:
    assert are_same(None, [])
    assert order_parts(read([], None)) == {}
