"""What an order comes to: discounts and taxes of single lines and of the whole, rounded as Square rounds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Sandbox, error_of

TAX = {"uid": "vat", "name": "VAT", "percentage": "20", "scope": "LINE_ITEM"}
OFF = {"uid": "off", "name": "Friends", "type": "FIXED_AMOUNT", "scope": "LINE_ITEM"}


def gbp(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP"}


def line(amount: int, quantity: str = "1", **more: Any) -> dict[str, Any]:
    return {"name": "Hire", "quantity": quantity, "base_price_money": gbp(amount), **more}


def post(sandbox: Sandbox, *lines: Any, **more: Any) -> Any:
    order = {"location_id": sandbox.location_ids[0], "line_items": list(lines), **more}
    return sandbox.square.post("v2/orders", json={"order": order})


def sums(sandbox: Sandbox, *lines: Any, **more: Any) -> list[tuple[int, int, int, int]]:
    """Gross, discount, tax and total of each line and, last, of the order."""
    order = post(sandbox, *lines, **more).json()["order"]
    names = ("gross_sales_money", "total_discount_money", "total_tax_money", "total_money")
    found = [tuple(each[name]["amount"] for name in names) for each in order["line_items"]]
    whole = [order[name]["amount"] for name in names[1:]]
    return [*found, (sum(each[0] for each in found), *whole)]


def test_an_amount_off_and_a_tax_on_one_line_leave_the_others_alone(sandbox: Sandbox) -> None:
    first = line(1000, "2", applied_discounts=[{"discount_uid": "off"}], applied_taxes=[{"tax_uid": "vat"}])
    found = sums(sandbox, first, line(500), discounts=[OFF | {"amount_money": gbp(300)}], taxes=[TAX])
    assert found == [(2000, 300, 340, 2040), (500, 0, 0, 500), (2500, 300, 340, 2540)]


def test_a_tax_inside_the_price_adds_nothing(sandbox: Sandbox) -> None:
    found = sums(sandbox, line(1200, applied_taxes=[{"tax_uid": "vat"}]), taxes=[TAX | {"type": "INCLUSIVE"}])
    assert found == [(1200, 0, 200, 1200), (1200, 0, 200, 1200)]


def test_halves_go_to_the_even_neighbour(sandbox: Sandbox) -> None:
    half = TAX | {"percentage": "10", "scope": "ORDER"}
    assert [sums(sandbox, line(amount), taxes=[half])[0][2] for amount in (5, 15, 25, 26)] == [0, 2, 2, 3]


def test_a_tax_on_several_lines_is_shared_so_that_the_shares_add_up(sandbox: Sandbox) -> None:
    found = sums(sandbox, line(333), line(333), line(334), taxes=[TAX | {"scope": "ORDER", "percentage": "7.5"}])
    assert found[-1] == (1000, 0, 75, 1075)
    assert sum(each[2] for each in found[:-1]) == 75


def test_percentages_come_off_before_amounts_and_lines_before_the_order(sandbox: Sandbox) -> None:
    tenth = {"uid": "tenth", "type": "FIXED_PERCENTAGE", "percentage": "10", "scope": "ORDER"}
    both = [OFF | {"scope": "ORDER", "amount_money": gbp(100)}, tenth]
    assert sums(sandbox, line(1000), line(3000), discounts=both)[-1] == (4000, 500, 0, 3500)


def test_an_order_is_in_the_currency_of_its_location(sandbox: Sandbox) -> None:
    wish = {"name": "東京", "locations": [{"name": "本館", "currency": "JPY"}], "sizes": {"orders": 0, "invoices": 0}}
    made = sandbox.control.post("square/merchants", json=wish).json()
    bearer = sandbox.bearing(made["personal_token"])
    yen = line(0) | {"base_price_money": {"amount": 1500, "currency": "JPY"}}
    order: dict[str, Any] = {"location_id": made["locations"][0]["id"], "line_items": [yen]}
    answer = sandbox.square.post("v2/orders", json={"order": order}, headers=bearer)
    assert answer.json()["order"]["total_money"] == {"amount": 1500, "currency": "JPY"}
    order["line_items"] = [line(1500)]
    refused = sandbox.square.post("v2/orders", json={"order": order}, headers=bearer)
    assert error_of(refused) == (400, "CURRENCY_MISMATCH", "order.line_items[0].base_price_money.currency")


@pytest.mark.parametrize(
    ("lines", "more", "field"),
    [
        ([line(100, "0.5")], {}, "order.line_items[0].quantity"),
        ([line(100, "0.125", quantity_unit={"precision": 2})], {}, "order.line_items[0].quantity"),
        ([line(-100)], {}, "order.line_items[0].base_price_money.amount"),
        ([line(100, applied_taxes=[{"tax_uid": "no"}])], {}, "order.line_items[0].applied_taxes[0].tax_uid"),
        ([line(100)], {"taxes": [{"percentage": "a lot"}]}, "order.taxes[0].percentage"),
        ([line(100)], {"discounts": [{"type": "VARIABLE_AMOUNT"}]}, "order.discounts[0].type"),
        ([line(100)], {"discounts": [OFF]}, "order.discounts[0].amount_money"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(sandbox: Sandbox, lines: Any, more: Any, field: str) -> None:
    status, _, found = error_of(post(sandbox, *lines, **more))
    assert (status, found) == (400, field)


def test_a_part_of_a_unit_can_be_sold_with_the_decimals_that_it_says(sandbox: Sandbox) -> None:
    assert sums(sandbox, line(333, "1.25", quantity_unit={"precision": 2}))[-1] == (416, 0, 0, 416)


def test_taxes_and_discounts_of_the_catalogue_tell_how_much_they_are(sandbox: Sandbox) -> None:
    found = sandbox.all("GET", "v2/catalog/list", "objects", types="TAX,DISCOUNT")
    ids = {each["type"]: {"catalog_object_id": each["id"]} for each in found}
    assert sums(sandbox, line(1200), taxes=[ids["TAX"]], discounts=[ids["DISCOUNT"]])[-1] == (1200, 120, 180, 1080)
