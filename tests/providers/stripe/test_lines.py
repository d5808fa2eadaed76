"""What lines of an invoice are sent as, and when they say the same."""

from typing import Any

import pytest

from integrations.providers.errors import Invalid
from integrations.providers.stripe import lines
from integrations.providers.stripe.lines import Item
from integrations.providers.types import Money, Values


def pounds(minor: int) -> Money:
    return Money(minor, "GBP")


HIRE: Values = {
    "description": "Hall 🏛", "quantity": "3", "unit_amount": pounds(12_050), "amount": pounds(36_150),
    "total": pounds(36_150),
}  # fmt: skip


def test_a_line_is_an_item_at_its_quantity_and_price() -> None:
    (item,) = lines.items([HIRE])
    assert item.form() == {
        "description": "Hall 🏛", "metadata[backline_line]": "1", "quantity": "3", "unit_amount_decimal": "12050",
    }  # fmt: skip
    assert item.amount == 36_150


@pytest.mark.parametrize(
    ("line", "cost"),
    [
        ({"amount": pounds(-1_000)}, {"amount": "-1000"}),
        ({"total": pounds(900)}, {"amount": "900"}),
        ({"quantity": "1", "unit_amount": pounds(900)}, {"amount": "900"}),
        ({"quantity": "1.50", "unit_amount": pounds(10)}, {"quantity_decimal": "1.5", "unit_amount_decimal": "10"}),
        ({"quantity": "3", "unit_amount": pounds(333), "amount": pounds(1_000)}, {"amount": "1000"}),
        ({"quantity": "2", "unit_amount": Money(700, "JPY")}, {"quantity": "2", "unit_amount_decimal": "700"}),
        ({"quantity": "2", "unit_amount": Money(5_120, "KWD")}, {"quantity": "2", "unit_amount_decimal": "5120"}),
    ],
)  # fmt: skip
def test_a_line_costs_what_it_says(line: Values, cost: dict[str, str]) -> None:
    (item,) = lines.items([line])
    form = item.form()
    assert {name: form[name] for name in form if "amount" in name or "quantity" in name} == cost


def test_what_is_taken_off_is_an_item_of_its_own() -> None:
    whole, less = lines.items([HIRE | {"discount": pounds(1_000), "total": pounds(35_150)}])
    assert (whole.amount, whole.part, less.amount, less.part) == (36_150, "", -1_000, "discount")
    assert less.form()["metadata[backline_part]"] == "discount"
    assert less.form()["description"] == "Discount on Hall 🏛"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (HIRE | {"tax": pounds(7_230), "total": pounds(43_380)}, "A tax comes on top"),
        (HIRE | {"total": pounds(1)}, "does not add up"),
        ({"description": "Hall"}, "has no amount"),
        ({"amount": Money(5_123, "KWD")}, "in steps of"),
    ],
)
def test_what_stripe_cannot_hold_is_refused(line: Values, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        lines.items([line])


def test_a_tax_that_is_in_the_price_is_no_matter() -> None:
    assert len(lines.items([HIRE | {"tax": pounds(6_025)}])) == 1


def test_more_items_than_an_invoice_holds_are_refused() -> None:
    with pytest.raises(Invalid, match="at most 250"):
        lines.items([HIRE] * 251)


def there(*items: Item) -> dict[str, Item]:
    return {f"ii_{number}": item for number, item in enumerate(items)}


def test_only_what_differs_is_done() -> None:
    first, second, third = lines.items([HIRE, {"amount": pounds(5)}, {"amount": pounds(6)}])
    known = there(first, *lines.items([{}, {"amount": pounds(4)}][1:] * 2)[1:])
    plan = lines.plan([first, second, third], known)
    assert (plan.new, plan.changed, plan.gone) == ([third], {"ii_1": second}, [])
    assert lines.plan([first], known) == lines.Plan(gone=["ii_1"])


def test_an_item_of_a_quantity_is_made_anew_as_one_of_an_amount() -> None:
    (amount,) = lines.items([{"amount": pounds(5)}])
    assert lines.plan([amount], there(*lines.items([HIRE]))) == lines.Plan(new=[amount], gone=["ii_0"])


def test_an_item_of_somebody_elses_stays_where_it_says_what_is_wanted() -> None:
    raw: dict[str, Any] = {"amount": 5, "quantity": 1, "pricing": {"unit_amount_decimal": "5"}, "metadata": {}}
    same, other = lines.items([{"amount": pounds(5)}, {"amount": pounds(6)}])
    assert lines.plan([same], there(lines.item_of(raw))) == lines.Plan()
    assert lines.plan([other], there(lines.item_of(raw))) == lines.Plan(new=[other], gone=["ii_0"])


def test_lines_say_the_same_as_they_come_back() -> None:
    back = {"id": "il_1", "quantity": 3, "tax": pounds(0), "discount": pounds(0), "product": "prod_1"}
    assert lines.says_the_same([HIRE, {"total": pounds(5)}], [{"amount": pounds(5), "quantity": 1}, HIRE | back])
    assert not lines.says_the_same([HIRE], [HIRE | back | {"description": "Hall"}])
    assert not lines.says_the_same([HIRE], [])
    assert not lines.says_the_same([HIRE], [HIRE | {"total": pounds(1)}])
