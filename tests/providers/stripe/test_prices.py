"""What becomes of a product's prices when its variants change."""

from typing import Any

import pytest

from integrations.providers.errors import Invalid
from integrations.providers.stripe import prices, records
from integrations.providers.types import Money, Values

AWAY = {"active": "false", "metadata[backline_retired]": "yes"}


def variant(key: str, minor: int | None, currency: str = "GBP", **more: Any) -> Values:
    return {"key": key, **({"unit_amount": Money(minor, currency)} if minor is not None else {}), **more}


def price(number: int, amount: int | None, **more: Any) -> dict[str, Any]:
    blank = {"active": True, "created": number, "currency": "gbp", "nickname": None, "metadata": {}, "lookup_key": None}
    return {"id": f"price_{number}", "unit_amount": amount, **blank, **more}


def of(variant: str, **more: str) -> dict[str, Any]:
    return {"metadata": {"backline_variant": variant, **more}}


def plan(wanted: list[Values], there: list[dict[str, Any]], *, known: bool = True) -> prices.Plan:
    return prices.plan(wanted, there, known={each["id"] for each in there} if known else ())


def test_a_variant_gets_a_price_with_what_tells_it_apart() -> None:
    found = plan([variant("stalls", 1250, nickname="Stalls 🎟", sku="S-1")], [])
    assert found.made == {
        "stalls": {
            "currency": "gbp", "unit_amount": "1250", "nickname": "Stalls 🎟", "metadata[backline_variant]": "stalls",
            "metadata[sku]": "S-1",
        }
    }  # fmt: skip
    assert (found.opened, found.closed, found.offered) == ({}, {}, {"stalls": ""})


def test_what_costs_the_same_stays_whatever_it_is_called() -> None:
    found = plan([variant("stalls", 1250, nickname="Stalls", sku="S-2")], [price(1, 1250, **of("stalls", sku="S-1"))])
    assert found.opened == {"price_1": {"nickname": "Stalls", "metadata[sku]": "S-2"}}
    assert (found.made, found.closed, found.offered) == ({}, {}, {"stalls": "price_1"})


def test_a_new_amount_is_a_new_price_and_the_old_one_is_put_away() -> None:
    found = plan([variant("stalls", 1400)], [price(1, 1250, **of("stalls"))])
    assert found.made["stalls"]["unit_amount"] == "1400"
    assert found.closed == {"price_1": AWAY}


def test_a_new_currency_is_a_new_price_too() -> None:
    assert list(plan([variant("stalls", 1250, "EUR")], [price(1, 1250, **of("stalls"))]).closed) == ["price_1"]


def test_a_price_of_the_venues_own_is_known_by_its_id_and_followed_by_one_that_inherits() -> None:
    old = price(
        1, 1250, nickname="Members", lookup_key="members", tax_behavior="inclusive", metadata={"seat": "A"},
        recurring={"interval": "month", "interval_count": 3, "usage_type": "licensed", "meter": None},
    )  # fmt: skip
    assert plan([variant("price_1", 1400, nickname="Members", sku="members")], [old]).made["price_1"] == {
        "currency": "gbp", "unit_amount": "1400", "nickname": "Members", "metadata[seat]": "A",
        "metadata[backline_variant]": "price_1", "metadata[sku]": "members", "tax_behavior": "inclusive",
        "recurring[interval]": "month", "recurring[interval_count]": "3", "recurring[usage_type]": "licensed",
        "lookup_key": "members", "transfer_lookup_key": "true",
    }  # fmt: skip


def test_of_two_prices_on_sale_for_one_variant_one_is_left() -> None:
    there = [price(1, 1250, **of("stalls")), price(2, 1400, **of("stalls")), price(3, 1400, **of("stalls"))]
    found = plan([variant("stalls", 1400)], there)
    assert (found.made, found.offered) == ({}, {"stalls": "price_3"})
    assert found.closed == {"price_1": AWAY, "price_2": AWAY}


def test_a_price_that_we_put_away_is_never_taken_out_again() -> None:
    away = price(1, 1250, active=False, **of("stalls", backline_retired="yes"))
    found = plan([variant("stalls", 1250)], [away])
    assert list(found.made) == ["stalls"]
    assert found.closed == {}


def test_a_variant_that_is_off_sale_keeps_its_price_and_goes_on_with_it() -> None:
    on, off = price(1, 1250, **of("stalls")), price(1, 1250, active=False, **of("stalls"))
    assert plan([variant("stalls", 1250, active=False)], [on]).closed == {"price_1": {"active": "false"}}
    assert plan([variant("stalls", 1250, active=True)], [off]).opened == {"price_1": {"active": "true"}}


def test_a_variant_that_is_gone_takes_its_price_with_it_and_nobody_elses() -> None:
    there = [price(1, 1250, **of("stalls")), price(2, 900)]
    assert plan([], there).closed == {"price_1": AWAY, "price_2": AWAY}
    assert plan([], there, known=False).closed == {"price_1": AWAY}


def test_a_variant_without_a_price_has_no_place_and_changes_none() -> None:
    found = plan([variant("open", None), variant("price_1", None, nickname="Box")], [price(1, 1250, nickname="Bench")])
    assert (found.made, found.closed, found.opened) == ({}, {}, {"price_1": {"nickname": "Box"}})


def test_a_price_that_stripe_works_out_is_not_followed_by_a_plain_one() -> None:
    with pytest.raises(Invalid, match="in Stripe only"):
        plan([variant("price_1", 1250)], [price(1, None, billing_scheme="tiered")])


def test_the_first_offer_stays_while_it_is_on_sale_and_is_followed_by_its_successor() -> None:
    there = [price(1, 1250, **of("stalls")), price(2, 900, **of("bench"))]
    same = plan([variant("bench", 900), variant("stalls", 1250)], there)
    assert same.offer(there[0], {}) is None
    dearer = plan([variant("bench", 900), variant("stalls", 1400)], there)
    assert dearer.offer(there[0], {"stalls": "price_3"}) == "price_3"
    assert plan([variant("bench", 900)], there).offer(there[0], {}) == "price_2"
    assert plan([], there).offer(there[0], {}) == ""
    assert (same.offer(None, {}), dearer.offer(None, {"stalls": "price_3"})) == (None, "price_2")


def test_a_variant_without_a_key_is_told_apart_by_what_it_has() -> None:
    wanted: list[Values] = [{"key": "k"}, {"sku": "s", "nickname": "n"}, {"nickname": "n"}, {}]
    assert prices.keys_of(wanted) == ["k", "s", "n", "4"]


def read(*raws: dict[str, Any]) -> list[Values]:
    found: list[Values] = records.product({"id": "prod_1", "prices": list(raws)})["prices"]
    return found


def test_prices_say_the_same_in_any_order_and_with_archived_ones_beside_them() -> None:
    there = read(price(2, 900, **of("bench")), price(1, 1250, nickname="Stalls", **of("stalls", sku="S-1")))
    ours = [variant("stalls", 1250, nickname="Stalls", sku="S-1"), variant("bench", 900), variant("open", None)]
    assert prices.says_the_same(ours, there)
    assert prices.says_the_same(ours, there + read(price(3, 5, active=False)))
    assert not prices.says_the_same(ours, there + read(price(3, 5)))
    assert not prices.says_the_same(ours[1:], there)


@pytest.mark.parametrize(
    "other", [{"nickname": "Box"}, {"sku": "S-2"}, {"unit_amount": Money(1, "GBP")}, {"active": False}, {"key": "box"}]
)
def test_prices_that_say_something_else_do_not(other: Values) -> None:
    ours = variant("stalls", 1250, nickname="Stalls", sku="S-1")
    there = read(price(1, 1250, nickname="Stalls", **of("stalls", sku="S-1")))
    assert prices.says_the_same([ours], there)
    assert not prices.says_the_same([ours | other], there)


def test_a_lookup_key_of_the_venues_own_is_no_difference() -> None:
    assert prices.says_the_same([variant("price_1", 1250)], read(price(1, 1250, lookup_key="early")))
    assert not prices.says_the_same([variant("price_1", 1250, sku="S-1")], read(price(1, 1250, lookup_key="early")))
