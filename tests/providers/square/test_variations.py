"""Which of our variations is which of Square's, and when they say the same."""

from typing import Any

import pytest

from integrations.providers.square.variations import are_same, changed, made, paired
from integrations.providers.types import Money, Values

EARLY: Values = {"id": "V1", "name": "Early bird", "sku": "E-1", "price_money": Money(800, "GBP"), "sellable": True}
FULL: Values = {"id": "V2", "name": "Full price", "sku": "F-1", "price_money": Money(1200, "GBP"), "sellable": True}


def said(variation: Values, **more: Any) -> Values:
    return {name: variation[name] for name in ("name", "sku", "price_money")} | more


@pytest.mark.parametrize(
    ("ours", "places"),
    [
        ([EARLY, FULL], [0, 1]),
        ([FULL, EARLY], [1, 0]),
        ([said(FULL), said(EARLY)], [1, 0]),
        ([{"name": "Full price"}, {"sku": "E-1"}], [1, 0]),
        ([{"name": "Full price", "sku": "E-1"}, {"name": "Full price"}], [0, 1]),
        ([{"id": "of another provider", "name": "Early bird"}, {"name": "VIP"}], [0, None]),
        ([{"name": "Early bird"}, {"name": "Early bird"}], [0, None]),
        ([], []),
    ],
)
def test_a_variation_is_known_by_id_else_by_sku_else_by_name(ours: list[Values], places: list[int | None]) -> None:
    assert paired(ours, [EARLY, FULL]) == places


def test_the_only_variation_of_an_item_is_the_only_one_there() -> None:
    assert paired([{"price_money": Money(900, "GBP")}], [EARLY]) == [0]


@pytest.mark.parametrize("ours", [[], None, [EARLY, FULL], [FULL, EARLY], [said(EARLY), said(FULL, id="key of ours")]])
def test_what_comes_back_with_more_than_was_sent_says_the_same(ours: list[Values] | None) -> None:
    assert are_same(ours, [EARLY, FULL])
    assert are_same(
        [{"price_money": Money(800, "GBP"), "sku": "E-1"}], [EARLY | {"name": "Regular", "stockable": True}]
    )


@pytest.mark.parametrize(
    "ours",
    [
        [EARLY],
        [EARLY, FULL, said(FULL, sku="V-1", name="VIP")],
        [EARLY, FULL | {"price_money": Money(1201, "GBP")}],
        [EARLY, FULL | {"price_money": Money(1200, "EUR")}],
        [EARLY, {"id": "V2", "name": "Full price", "sku": "F-1"}],
        [EARLY, {"id": "V2", "name": "Full price", "price_money": Money(1200, "GBP")}],
        [EARLY | {"sku": "E-2"}, FULL],
        [EARLY, FULL | {"sellable": False}],
    ],
)
def test_what_differs_is_seen(ours: list[Values]) -> None:
    assert not are_same(ours, [EARLY, FULL])


def test_a_new_variation_is_where_its_item_is() -> None:
    item = {"id": "I1", "present_at_all_locations": False, "present_at_location_ids": ["L1"], "version": 4}
    assert made(said(EARLY), "#v", item, user_data="note") == {
        "type": "ITEM_VARIATION", "id": "#v", "present_at_all_locations": False, "present_at_location_ids": ["L1"],
        "item_variation_data": {
            "item_id": "I1", "user_data": "note", "name": "Early bird", "sku": "E-1", "pricing_type": "FIXED_PRICING",
            "price_money": {"amount": 800, "currency": "GBP"},
        },
    }  # fmt: skip


def test_without_a_price_it_is_asked_for_at_the_till() -> None:
    data = made({}, "#v", {"id": "#i"})["item_variation_data"]
    assert data == {"item_id": "#i", "name": "Regular", "pricing_type": "VARIABLE_PRICING"}


def test_what_we_do_not_know_of_a_variation_stays() -> None:
    data = {"item_id": "I1", "name": "Old", "sku": "O-1", "upc": "012345678905", "track_inventory": True,
            "pricing_type": "VARIABLE_PRICING", "kitchen_name": "Pint"}  # fmt: skip
    raw = {"type": "ITEM_VARIATION", "id": "V1", "version": 7, "item_variation_data": data}
    kept = {name: data[name] for name in ("item_id", "upc", "track_inventory", "kitchen_name")}
    assert changed({"name": "New", "price_money": Money(5, "JPY")}, raw) == raw | {
        "item_variation_data": kept | {
            "name": "New", "pricing_type": "FIXED_PRICING", "price_money": {"amount": 5, "currency": "JPY"},
        }
    }  # fmt: skip
