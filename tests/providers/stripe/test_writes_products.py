"""Writing products with their prices to Stripe: each once, and never two prices on sale for one variant."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from integrations.providers.base import ChoosyOutlet, ComparingOutlet, WritableStream
from integrations.providers.errors import Invalid, NotFound, PermissionMissing, Settled, Transient
from integrations.providers.http import ApiSession
from integrations.providers.stripe.streams.objects import Products
from integrations.providers.types import ExternalRecord, Money, Values, Write, WriteResult
from tests.provider_sandbox import Sandbox
from tests.providers.stripe.conftest import Account, theirs
from tests.providers.writing import again, asked, create, delete, good, known, lose, persistently, update

STREAM = Products()
Truth = Callable[[str], dict[str, dict[str, Any]]]
Raw = dict[str, Any]


def variant(key: str, minor: int, currency: str = "GBP", **more: Any) -> Values:
    return {"key": key, "unit_amount": Money(minor, currency)} | more


STALLS = variant("stalls", 1250, nickname="Stalls 🎟", sku="S-1")
BALCONY = variant("balcony", 900, nickname="Balcony", sku="B-1")
STANDING = variant("standing", 700, nickname="Standing", active=False)
SHOW: Values = {
    "name": "Matinée 🎭", "description": "Doors at two", "archived": False, "metadata.kind": "ticket",
    "metadata.category": "Theatre", "prices": [STALLS, BALCONY, STANDING],
}  # fmt: skip


def write_batch(api: ApiSession, writes: list[Write]) -> list[WriteResult]:
    return STREAM.write_batch(api, writes)


def made(api: ApiSession, values: Values = SHOW) -> ExternalRecord:
    (record,) = good(write_batch(api, [create(values)]))
    return record


def changed(api: ApiSession, before: ExternalRecord, **values: Any) -> ExternalRecord:
    (record,) = good(write_batch(api, [update(before, values)]))
    return record


def prices_of(truth: Truth, product: str) -> list[Raw]:
    return [price for price in truth("prices").values() if price["product"] == product]


def on_sale(truth: Truth, product: str) -> dict[str, int]:
    """Return what each variant costs; fails where one has two prices on sale."""
    active = [price for price in prices_of(truth, product) if price["active"]]
    found = {price["metadata"].get("backline_variant", price["id"]): price["unit_amount"] for price in active}
    assert len(found) == len(active)
    return found


def test_products_are_writable_choosy_and_comparable() -> None:
    assert isinstance(STREAM, WritableStream)
    assert isinstance(STREAM, ChoosyOutlet)
    assert isinstance(STREAM, ComparingOutlet)


def test_a_product_of_one_price_is_made_with_one_call(sandbox: Sandbox, api: ApiSession) -> None:
    record = made(api, {"name": "Tote bag", "prices": [variant("", 1500)]})
    assert asked(sandbox) == ["POST /v1/products"]
    (price,) = record.raw["prices"]
    assert (price["id"], price["unit_amount"]) == (record.raw["default_price"], 1500)


def test_each_further_price_costs_a_call_and_so_does_the_name_of_the_first(sandbox: Sandbox, api: ApiSession) -> None:
    record = made(api)
    first = record.raw["default_price"]
    assert asked(sandbox) == [
        "POST /v1/products", "POST /v1/prices", "POST /v1/prices", f"POST /v1/prices/{first}",
    ]  # fmt: skip
    assert record.id == f"backline_{create(SHOW).ours}"
    assert [price["nickname"] for price in record.raw["prices"] if price["id"] == first] == ["Stalls 🎟"]


def test_what_was_written_is_what_the_next_read_brings(api: ApiSession) -> None:
    record = made(api)
    read = known(STREAM, api)[record.id]
    assert read.raw == record.raw
    assert {name: STREAM.values(read.raw)[name] for name in SHOW if name != "prices"} == {
        name: value for name, value in SHOW.items() if name != "prices"
    }
    assert STREAM.is_same("prices", SHOW["prices"], STREAM.values(read.raw)["prices"])
    assert read.raw["metadata"]["backline_record"] == create(SHOW).ours


def test_a_product_may_have_no_price_or_none_on_sale(sandbox: Sandbox, api: ApiSession) -> None:
    bare = made(api, {"name": "Soon", "prices": [{"key": "later", "nickname": "To be announced"}]})
    assert (bare.raw["prices"], bare.raw["default_price"]) == ([], None)
    off = made(api, {"name": "Off", "prices": [STANDING]})
    assert [price["active"] for price in off.raw["prices"]] == [False]
    assert off.raw["default_price"] is None


@pytest.mark.parametrize(("kind", "times"), [("lost_answer", 1), ("lost_answer", 7), ("malformed", 4)])
@pytest.mark.parametrize("skip", [0, 1, 2, 3])
def test_whichever_answer_is_lost_a_product_is_made_once(
    sandbox: Sandbox, api: ApiSession, truth: Truth, kind: str, skip: int, times: int
) -> None:
    before = truth("products").keys()
    lose(sandbox, "stripe", "/v1/pr", kind=kind, skip=skip, times=times)
    results, _ = persistently(lambda each: write_batch(api, each), [create(SHOW)])
    (record,) = good(results)
    assert truth("products").keys() - before == {record.id}
    assert len(prices_of(truth, record.id)) == 3
    assert on_sale(truth, record.id) == {"stalls": 1250, "balcony": 900}
    assert STREAM.is_same("prices", SHOW["prices"], STREAM.values(record.raw)["prices"])


@pytest.mark.parametrize("skip", [0, 1, 2, 3])
@pytest.mark.parametrize("times", [1, 4])
def test_whichever_answer_is_lost_a_price_is_changed_once(
    sandbox: Sandbox, api: ApiSession, truth: Truth, skip: int, times: int
) -> None:
    before = made(api)
    lose(sandbox, "stripe", "/v1/pr", skip=skip, times=times)
    dearer = [STALLS | {"unit_amount": Money(1400, "GBP")}, BALCONY | {"nickname": "Gods"}, STANDING]
    results, _ = persistently(lambda each: write_batch(api, each), [update(before, {"name": "A", "prices": dearer})])
    (record,) = good(results)
    assert on_sale(truth, record.id) == {"stalls": 1400, "balcony": 900}
    assert len(prices_of(truth, record.id)) == 4
    assert STREAM.is_same("prices", dearer, STREAM.values(record.raw)["prices"])


def test_what_a_day_later_has_no_key_any_more_is_found_by_our_own_id(
    sandbox: Sandbox, api: ApiSession, truth: Truth
) -> None:
    record = made(api)
    sandbox.ask("POST", "/clock", {"advance_seconds": 25 * 3600})
    sandbox.clear_log()
    assert good(write_batch(api, again([create(SHOW)])))[0].raw == record.raw
    assert asked(sandbox) == [f"GET /v1/products/{record.id}", "GET /v1/prices"]


def test_a_product_of_ours_that_is_there_already_is_adopted_and_set_right(api: ApiSession, truth: Truth) -> None:
    before = made(api)
    good(write_batch(api, [delete(before)]))
    (result,) = write_batch(api, [replace(create(SHOW), key="9" * 40)])
    assert result.error is None
    assert on_sale(truth, before.id) == {"stalls": 1250, "balcony": 900}
    assert truth("products")[before.id]["active"] is True


def test_a_changed_price_leaves_one_on_sale_and_the_old_one_archived(
    sandbox: Sandbox, api: ApiSession, truth: Truth
) -> None:
    before = made(api)
    first = before.raw["default_price"]
    sandbox.clear_log()
    after = changed(api, before, prices=[STALLS | {"unit_amount": Money(1400, "GBP")}, BALCONY, STANDING])
    assert asked(sandbox) == ["POST /v1/prices", f"POST /v1/products/{before.id}", f"POST /v1/prices/{first}"]
    assert on_sale(truth, before.id) == {"stalls": 1400, "balcony": 900}
    assert truth("prices")[first]["active"] is False
    offered = truth("prices")[after.raw["default_price"]]
    assert (offered["unit_amount"], offered["nickname"], offered["metadata"]["sku"]) == (1400, "Stalls 🎟", "S-1")
    assert known(STREAM, api)[before.id].raw == after.raw


def test_a_price_that_nobody_is_offered_first_changes_with_two_calls(sandbox: Sandbox, api: ApiSession) -> None:
    before = made(api)
    sandbox.clear_log()
    changed(api, before, prices=[STALLS, BALCONY | {"unit_amount": Money(950, "GBP")}, STANDING])
    assert [call.split("/price_")[0] for call in asked(sandbox)] == ["POST /v1/prices", "POST /v1/prices"]


def test_a_variant_that_is_renamed_keeps_its_price(sandbox: Sandbox, api: ApiSession, truth: Truth) -> None:
    before = made(api)
    count = len(truth("prices"))
    sandbox.clear_log()
    changed(api, before, prices=[STALLS, BALCONY | {"nickname": "The Gods ☁️", "sku": "G-1"}, STANDING])
    (call,) = asked(sandbox)
    price = truth("prices")[call.rpartition("/")[2]]
    assert (price["nickname"], price["metadata"]["sku"], price["unit_amount"]) == ("The Gods ☁️", "G-1", 900)
    assert len(truth("prices")) == count


def test_a_variant_goes_off_sale_and_comes_back_with_the_same_price(api: ApiSession, truth: Truth) -> None:
    before = made(api)
    off = changed(api, before, prices=[STALLS, BALCONY | {"active": False}, STANDING])
    assert on_sale(truth, before.id) == {"stalls": 1250}
    back = changed(api, off, prices=SHOW["prices"])
    assert on_sale(truth, before.id) == {"stalls": 1250, "balcony": 900}
    assert len(back.raw["prices"]) == 3


def test_a_variant_that_is_gone_does_not_come_back_with_the_next_read(api: ApiSession, truth: Truth) -> None:
    after = changed(api, made(api), prices=[BALCONY])
    assert on_sale(truth, after.id) == {"balcony": 900}
    (left,) = STREAM.values(known(STREAM, api)[after.id].raw)["prices"]
    assert (left["key"], left["sku"]) == ("balcony", "B-1")
    assert after.raw["default_price"] == left["id"]


def test_a_product_without_any_variant_left_offers_nothing(api: ApiSession, truth: Truth) -> None:
    after = changed(api, made(api), prices=[])
    assert (on_sale(truth, after.id), after.raw["default_price"]) == ({}, None)


def test_the_products_own_fields_change_with_one_call(sandbox: Sandbox, api: ApiSession) -> None:
    before = made(api)
    sandbox.clear_log()
    after = changed(api, before, name="Soirée", description=None, archived=True, **{"metadata.kind": None})
    assert asked(sandbox) == [f"POST /v1/products/{before.id}"]
    assert (after.raw["name"], after.raw["description"], after.raw["active"]) == ("Soirée", None, False)
    assert after.raw["metadata"] == {name: value for name, value in before.raw["metadata"].items() if name != "kind"}


def test_what_says_the_same_already_costs_no_call(sandbox: Sandbox, api: ApiSession) -> None:
    before = made(api)
    sandbox.clear_log()
    assert changed(api, before, **SHOW).raw == before.raw
    assert asked(sandbox) == []


def test_the_venues_own_metadata_survive(sandbox: Sandbox, api: ApiSession, account: Account) -> None:
    before = made(api)
    theirs(sandbox, account, f"products/{before.id}", **{"metadata[season]": "winter"})
    theirs(sandbox, account, f"prices/{before.raw['default_price']}", **{"metadata[block]": "A", "lookup_key": "early"})
    seen = known(STREAM, api)[before.id]
    after = changed(api, seen, name="Soirée", prices=[STALLS | {"unit_amount": Money(1400, "GBP")}, BALCONY, STANDING])
    assert after.raw["metadata"]["season"] == "winter"
    (offered,) = [price for price in after.raw["prices"] if price["id"] == after.raw["default_price"]]
    assert (offered["metadata"]["block"], offered["lookup_key"]) == ("A", "early")


def test_a_price_that_the_venue_made_meanwhile_is_left_alone(
    sandbox: Sandbox, api: ApiSession, truth: Truth, account: Account
) -> None:
    before = made(api)
    own = theirs(sandbox, account, "prices", product=before.id, currency="gbp", unit_amount="5")["id"]
    write = update(before, {"prices": [BALCONY]})
    good(write_batch(api, [write]))
    good(write_batch(api, again([write])))
    assert on_sale(truth, before.id) == {"balcony": 900, own: 5}


def test_prices_made_at_stripe_are_followed_by_ours(api: ApiSession, truth: Truth) -> None:
    priced = [record for record in known(STREAM, api).values() if len(record.raw["prices"]) > 1]
    prices = STREAM.values(priced[0].raw)["prices"]
    first = prices[0]["key"]
    assert STREAM.is_same("prices", prices, prices)
    after = changed(api, priced[0], prices=[prices[0] | {"unit_amount": Money(1, "GBP")}, *prices[1:]])
    assert [each["key"] for each in STREAM.values(after.raw)["prices"]] == [each["key"] for each in prices[1:]] + [
        first
    ]
    assert on_sale(truth, priced[0].id)[first] == 1


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 1500), ("KWD", 5120), ("EUR", 1250)])
def test_amounts_without_and_with_three_decimals_are_what_they_were(api: ApiSession, currency: str, minor: int) -> None:
    record = made(api, {"name": "Tote bag", "prices": [variant("one", minor, currency)]})
    assert (record.raw["prices"][0]["unit_amount"], record.raw["prices"][0]["currency"]) == (minor, currency.lower())
    assert STREAM.values(record.raw)["prices"][0]["unit_amount"] == Money(minor, currency)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"prices": [STALLS, variant("dear", 10**14)]}, "prices"), ({"prices": [variant("dear", 10**14)]}, "prices"),
        ({"prices": [variant("strange", 1, "XTS")]}, "prices"), ({"description": "x" * 40_001}, "description"),
        ({"metadata.kind": "x" * 501}, "metadata.kind"),
    ],
)  # fmt: skip
def test_a_refusal_names_our_field_and_stops_no_other(api: ApiSession, values: Values, field: str) -> None:
    refused, other = write_batch(api, [create(SHOW | values), create(SHOW | {"name": "Other"}, number=2)])
    assert isinstance(refused.error, Invalid)
    assert refused.error.field == field
    good([other])


@pytest.mark.parametrize(
    ("prices", "sentence"),
    [
        ([variant("fine", 5123, "KWD")], "in steps of 0.01"),
        ([STALLS, STALLS], "the same key"),
        ([STALLS, variant("less", -1)], "below zero"),
    ],
)
def test_what_stripe_cannot_hold_is_told_before_anything_is_sent(
    sandbox: Sandbox, api: ApiSession, prices: list[Values], sentence: str
) -> None:
    write = create(SHOW | {"prices": prices})
    assert sentence in STREAM.unfit(write)
    (result,) = write_batch(api, [write])
    assert isinstance(result.error, Invalid)
    assert asked(sandbox) == []
    assert STREAM.unfit(create(SHOW)) == ""


def test_a_product_with_prices_is_archived_with_all_of_them(sandbox: Sandbox, api: ApiSession, truth: Truth) -> None:
    before = made(api)
    sandbox.clear_log()
    (gone,) = good(write_batch(api, [delete(before)]))
    assert (gone.id, gone.deleted, len(asked(sandbox))) == (before.id, True, 3)
    assert (truth("products")[before.id]["active"], on_sale(truth, before.id)) == (False, {})
    assert known(STREAM, api)[before.id].raw == gone.raw
    assert good(write_batch(api, again([delete(before)])))[0].deleted


def test_a_product_that_never_had_a_price_is_deleted(sandbox: Sandbox, api: ApiSession, truth: Truth) -> None:
    before = made(api, {"name": "Soon"})
    sandbox.clear_log()
    (gone,) = good(write_batch(api, [delete(before)]))
    assert (gone.deleted, asked(sandbox)) == (True, [f"DELETE /v1/products/{before.id}"])
    assert truth("products")[before.id] == {"id": before.id, "is_deleted": True}
    assert good(write_batch(api, again([delete(before)])))[0].deleted
    (late,) = write_batch(api, again([update(before, {"name": "Late"})]))
    assert isinstance(late.error, NotFound)


def test_an_id_of_ours_that_was_deleted_at_stripe_is_used_up(api: ApiSession) -> None:
    wish = create({"name": "Soon"})
    good(write_batch(api, [delete(made(api, {"name": "Soon"}))]))
    (result,) = write_batch(api, [replace(wish, key="9" * 40)])
    assert isinstance(result.error, Settled)


def test_a_product_that_got_a_price_meanwhile_is_archived_instead(
    sandbox: Sandbox, api: ApiSession, truth: Truth, account: Account
) -> None:
    before = made(api, {"name": "Soon"})
    theirs(sandbox, account, "prices", product=before.id, currency="gbp", unit_amount="5")
    assert good(write_batch(api, [delete(before)]))[0].deleted
    assert (truth("products")[before.id]["active"], on_sale(truth, before.id)) == (False, {})


@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize("times", [1, 4])
def test_whichever_answer_is_lost_a_product_is_put_away(
    sandbox: Sandbox, api: ApiSession, truth: Truth, skip: int, times: int
) -> None:
    before = made(api)
    lose(sandbox, "stripe", "/v1/pr", skip=skip, times=times)
    results, _ = persistently(lambda each: write_batch(api, each), [delete(before)])
    assert good(results)[0].deleted
    assert (truth("products")[before.id]["active"], on_sale(truth, before.id)) == (False, {})


def test_the_same_batch_twice_changes_nothing_the_second_time(api: ApiSession, truth: Truth) -> None:
    before = made(api)
    writes = [create(SHOW, number=2), update(before, {"prices": [BALCONY | {"unit_amount": Money(5, "GBP")}]})]
    first = good(write_batch(api, writes))
    there = truth("prices"), truth("products")
    assert [each.raw for each in good(write_batch(api, again(writes)))] == [each.raw for each in first]
    assert (truth("prices"), truth("products")) == there


def test_an_outage_between_product_and_prices_leaves_the_product_open(sandbox: Sandbox, api: ApiSession) -> None:
    lose(sandbox, "stripe", "/v1/prices", kind="reset", times=-1)
    done, left, rest = write_batch(api, [create({"name": "Soon"}), create(SHOW), create(SHOW, number=2)])
    good([done])
    assert [type(left.error), type(rest.error)] == [Transient, Transient]


def test_a_key_that_may_not_write_prices_is_told_of_once_for_all(
    sandbox: Sandbox, api: ApiSession, account: Account
) -> None:
    sandbox.ask("POST", f"/stripe/{account['id']}/tokens", {"action": "drop_scope", "scope": "rak_plan_write"})
    with pytest.raises(PermissionMissing, match="rak_plan_write"):
        write_batch(api, [create(SHOW)])
