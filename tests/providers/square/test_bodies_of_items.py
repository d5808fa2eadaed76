"""What Square is sent for an item."""

from typing import Any

import pytest

from integrations.providers.square import bodies_of_items as bodies
from integrations.providers.types import JSON, ExternalRecord, Money, Values
from tests.providers.writing import create, delete, update


def variation(variation_id: str, name: str, **more: Any) -> JSON:
    data = {"item_id": "I1", "name": name, "ordinal": 1, "pricing_type": "FIXED_PRICING",
            "price_money": {"amount": 500, "currency": "GBP"}}  # fmt: skip
    return {"type": "ITEM_VARIATION", "id": variation_id, "version": 9, "updated_at": "2026-11-23T10:00:00Z",
            "is_deleted": False, "item_variation_data": data | more}  # fmt: skip


RAW: JSON = {
    "type": "ITEM", "id": "I1", "version": 9, "created_at": "2026-01-01T10:00:00Z", "is_deleted": False,
    "updated_at": "2026-11-23T10:00:00Z", "present_at_all_locations": True, "category_name": "Drinks",
    "something_new": {"of": ["Square", 1]},
    "custom_attribute_values": {"app:a": {"name": "A", "string_value": "x", "type": "STRING", "key": "app:a",
                                          "custom_attribute_definition_id": "D1"}},
    "item_data": {
        "name": "Lager", "description": "A pint", "description_html": "<b>A</b> pint",
        "description_plaintext": "A pint", "tax_ids": ["T1"], "categories": [{"id": "C1", "ordinal": -2251731}],
        "product_type": "FOOD_AND_BEV", "ecom_visibility": "VISIBLE",
        "variations": [
            variation("V1", "Half", location_overrides=[{"location_id": "L1", "sold_out": True}]),
            variation("V2", "Pint", sku="P-1", stockable=True),
        ],
    },
}  # fmt: skip
HELD = ExternalRecord("I1", RAW, version="9")


def data_of(values: Values) -> JSON:
    return dict(bodies.item(update(HELD, values))["item_data"])


def test_a_new_item_holds_its_variations_and_tells_whose_it_is() -> None:
    values: Values = {"name": "Lager 🍺", "description": None, "product_type": "FOOD_AND_BEV",
                      "variations": [{"name": "Half"}, {"name": "Pint", "price_money": Money(600, "GBP")}]}  # fmt: skip
    write = create(values)
    body = bodies.item(write)
    assert {name: value for name, value in body["item_data"].items() if name != "variations"} == {
        "name": "Lager 🍺", "product_type": "FOOD_AND_BEV",
    }  # fmt: skip
    ids = [body["id"], *(each["id"] for each in body["item_data"]["variations"])]
    assert (ids, bodies.weight(body)) == ([f"#{write.key}", f"#{write.key}-0", f"#{write.key}-1"], 3)
    assert bodies.made_for(body) == write.ours


def test_an_item_without_variations_gets_the_one_that_it_needs() -> None:
    (only,) = bodies.item(create({"name": "Donation"}))["item_data"]["variations"]
    assert only["item_variation_data"]["pricing_type"] == "VARIABLE_PRICING"


def test_nobody_elses_item_is_taken_for_ours() -> None:
    assert bodies.made_for(RAW) == ""
    assert bodies.made_for({"item_data": {"variations": [variation("V1", "x", user_data="till 4")]}}) == ""


def test_a_change_sends_everything_but_what_square_alone_writes() -> None:
    body = bodies.item(update(HELD, {"name": "Ale"}))
    first, second = RAW["item_data"]["variations"]
    expected: list[JSON] = []
    for raw, left_out in ((first, ("ordinal", "location_overrides")), (second, ("ordinal",))):
        data = {name: value for name, value in raw["item_variation_data"].items() if name not in left_out}
        expected.append({name: value for name, value in raw.items() if name != "updated_at"} | {
            "item_variation_data": data})  # fmt: skip
    expected[0]["item_variation_data"]["location_overrides"] = [{"location_id": "L1"}]
    data = {name: value for name, value in RAW["item_data"].items() if name != "description_plaintext"}
    assert body == {
        "type": "ITEM", "id": "I1", "version": 9, "is_deleted": False, "present_at_all_locations": True,
        "something_new": {"of": ["Square", 1]}, "item_data": data | {"name": "Ale", "variations": expected},
        "custom_attribute_values": {"app:a": {"name": "A", "string_value": "x"}},
    }  # fmt: skip


def test_what_was_read_is_not_touched_by_writing_it() -> None:
    before = repr(RAW)
    bodies.item(update(HELD, {"name": "Ale", "description": None, "variations": [{"id": "V2", "name": "Litre"}]}))
    assert repr(RAW) == before


def test_a_change_of_nothing_is_what_was_read() -> None:
    same: Values = {"name": "Lager", "variations": [
        {"id": "V1", "price_money": Money(500, "GBP")}, {"id": "V2", "sku": "P-1", "price_money": Money(500, "GBP")},
    ]}  # fmt: skip
    assert bodies.item(update(HELD, same)) == bodies.writable(RAW)


def test_a_description_that_changes_is_not_overruled_by_the_one_in_html() -> None:
    assert {"description", "description_html"} & data_of({"description": "Two pints"}).keys() == {"description"}
    assert {"description", "description_html"} & data_of({"description": None}).keys() == set()
    assert data_of({"name": "Ale"})["description_html"] == "<b>A</b> pint"


def test_variations_keep_their_ids_and_versions_come_in_our_order_and_go_when_they_are_gone() -> None:
    wanted = [{"name": "Litre", "price_money": Money(900, "GBP")}, {"sku": "P-1", "name": "Large"}]
    new, kept = data_of({"variations": wanted})["variations"]
    assert new["id"].startswith("#")
    assert new["item_variation_data"]["item_id"] == "I1"
    assert (kept["id"], kept["version"]) == ("V2", 9)
    assert kept["item_variation_data"] == {
        "item_id": "I1", "name": "Large", "sku": "P-1", "stockable": True, "pricing_type": "VARIABLE_PRICING",
    }  # fmt: skip


def test_emptied_variations_leave_those_that_are_there() -> None:
    assert data_of({"variations": []}) == bodies.writable(RAW)["item_data"]


def test_variations_that_square_shows_as_deleted_are_not_brought_back() -> None:
    gone = variation("V3", "Old") | {"is_deleted": True}
    raw = RAW | {"item_data": RAW["item_data"] | {"variations": [gone, *RAW["item_data"]["variations"]]}}
    changed = [{"id": "V1", "name": "Half"}, {"id": "V2", "name": "Pint"}]
    body = bodies.item(update(ExternalRecord("I1", raw), {"variations": changed}))
    assert [each["id"] for each in body["item_data"]["variations"]] == ["V1", "V2"]


def test_the_same_writes_make_the_same_key_and_others_another() -> None:
    one, other = create({"name": "A"}), create({"name": "B"})
    keys = [
        bodies.request_key([each.key for each in group], [bodies.item(each) for each in group])
        for group in ([one, other], [one, other], [one], [other], [other, one])
    ]
    assert (keys[0] == keys[1], len(set(keys)), max(map(len, keys))) == (True, 4, 64)


@pytest.mark.parametrize(
    ("values", "currency", "field"),
    [
        ({"name": "Voucher", "product_type": "GIFT_CARD"}, "", "product_type"),
        ({"variations": [{"name": str(each)} for each in range(251)]}, "", "variations"),
        ({"variations": [{"price_money": Money(1, "GBP")}, {"price_money": Money(1, "EUR")}]}, "", "variations"),
        ({"variations": [{"price_money": Money(1, "EUR")}]}, "GBP", "variations"),
        ({"name": "Lager", "product_type": "EVENT", "variations": [{"price_money": Money(1, "KWD")}]}, "KWD", None),
        ({"variations": [{"price_money": Money(1, "KWD")}]}, "", None),
    ],
)
def test_what_square_would_not_take_is_told_beforehand(values: Values, currency: str, field: str | None) -> None:
    found = bodies.refusal(create(values), currency)
    assert (found.field if found else None) == field


def test_a_gift_card_that_is_there_can_be_renamed_and_removed() -> None:
    assert bodies.refusal(update(HELD, {"name": "Voucher"})) is None
    assert bodies.refusal(delete(HELD)) is None


def test_the_path_of_a_refusal_becomes_our_field() -> None:
    paths = {
        "batches[0].objects[1].item_data.name": "name",
        "batches[0].objects[1].item_data.description_html": "description",
        "batches[0].objects[1].item_data.variations[0].item_variation_data.price_money.currency": "variations",
        "object.item_data.product_type": "product_type",
        "batches[0].objects[0].item_data.tax_ids": "batches[0].objects[0].item_data.tax_ids",
    }
    assert {path: bodies.field_of(path) for path in paths} == paths
