"""What an item has to be: of a type that can be made, with a variation, at prices in the seller's currency."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Sandbox, error_of


def variation(**more: Any) -> dict[str, Any]:
    data = {"name": "Mug", "pricing_type": "FIXED_PRICING", "price_money": {"amount": 250, "currency": "GBP"}, **more}
    return {"type": "ITEM_VARIATION", "id": "#mug", "item_variation_data": data}


def item(**more: Any) -> dict[str, Any]:
    return {"type": "ITEM", "id": "#tea", "item_data": {"name": "Tea", "variations": [variation()], **more}}


def upsert(sandbox: Sandbox, wanted: dict[str, Any], key: str = "k") -> httpx.Response:
    return sandbox.square.post("v2/catalog/object", json={"idempotency_key": key, "object": wanted})


def made(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    return dict(upsert(sandbox, item(**more)).json()["catalog_object"])


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": ""}, "name"),
        ({"variations": []}, "variations"),
        ({"product_type": "GIFT_CARD"}, "product_type"),
        ({"product_type": "LEGACY_SQUARE_ONLINE_MEMBERSHIP"}, "product_type"),
        ({"variations": [variation(price_money=None)]}, "variations[0].item_variation_data.price_money"),
        ({"variations": [variation(price_money={"amount": 2, "currency": "EUR"})]},
         "variations[0].item_variation_data.price_money.currency"),
        ({"variations": [variation(price_money={"amount": -2, "currency": "GBP"})]},
         "variations[0].item_variation_data.price_money.amount"),
        ({"variations": [variation(pricing_type="VARIABLE_PRICING")]}, "variations[0].item_variation_data.price_money"),
    ],
)  # fmt: skip
def test_an_item_that_cannot_be_is_refused_by_field(sandbox: Sandbox, more: dict[str, Any], field: str) -> None:
    status, _, found = error_of(upsert(sandbox, item(**more)))
    assert (status, found) == (400, f"object.item_data.{field}")


def test_the_type_of_an_item_stays(sandbox: Sandbox) -> None:
    tea = made(sandbox)
    other = tea | {"item_data": tea["item_data"] | {"product_type": "APPOINTMENTS_SERVICE"}}
    assert tea["item_data"]["product_type"] == "REGULAR"
    assert error_of(upsert(sandbox, other, "k-2"))[2] == "object.item_data.product_type"
    event = next(each for each in sandbox.truth("products").values() if each["item_data"]["product_type"] == "EVENT")
    renamed = event | {"item_data": event["item_data"] | {"name": "Matinée"}}
    assert upsert(sandbox, renamed, "k-3").json()["catalog_object"]["item_data"]["product_type"] == "EVENT"


def test_the_three_forms_of_a_description_say_the_same(sandbox: Sandbox) -> None:
    def told(data: dict[str, Any]) -> list[Any]:
        return [data.get(name) for name in ("description", "description_html", "description_plaintext")]

    assert told(made(sandbox, description="Tea & cake")["item_data"]) == [
        "Tea & cake", "<p>Tea &amp; cake</p>", "Tea & cake",
    ]  # fmt: skip
    both = upsert(sandbox, item(description="old", description_html="<b>Tea</b>"), "k-2").json()["catalog_object"]
    assert told(both["item_data"]) == ["Tea", "<b>Tea</b>", "Tea"]
    data = {name: value for name, value in both["item_data"].items() if not name.startswith("description")}
    emptied = upsert(sandbox, both | {"item_data": data}, "k-3").json()["catalog_object"]
    assert told(emptied["item_data"]) == [None, None, None]
