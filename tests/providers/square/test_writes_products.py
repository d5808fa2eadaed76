"""Writing items to Square: each once, whatever answers are lost, with the fewest calls, and nothing else touched."""

from dataclasses import replace
from typing import Any

import pytest

from connections import sessions
from integrations.providers import PROVIDERS
from integrations.providers.base import ChoosyOutlet, ComparingOutlet, WritableStream
from integrations.providers.errors import Conflict, Invalid, NotFound, PermissionMissing, RateLimited, Transient
from integrations.providers.http import ApiSession
from integrations.providers.square.streams import Products
from integrations.providers.types import JSON, ExternalRecord, Money, Values, Write, WriteResult
from integrations.sealing import Secret
from tests.provider_sandbox import Sandbox
from tests.providers.writing import again, asked, create, delete, good, known, lose, persistently, update

STREAM = Products()
UPSERT, SEARCH, LOOK = "POST /v2/catalog/batch-upsert", "POST /v2/catalog/search", "POST /v2/catalog/batch-retrieve"
DELETE = "POST /v2/catalog/batch-delete"
# What Square itself moves with every change of an item.
MOVING = ("version", "updated_at")


def write_batch(api: ApiSession, writes: list[Write]) -> list[WriteResult]:
    return STREAM.write_batch(api, writes)


def lager(number: int = 0, **more: Any) -> Values:
    half = {"name": "Half", "price_money": Money(320, "GBP")}
    pint = {"name": "Pint", "sku": f"L-{number}", "price_money": Money(595, "GBP"), "sellable": True}
    return {"name": f"Lager {number} 🍺", "description": "Cold & wet", "product_type": "FOOD_AND_BEV",
            "is_archived": False, "variations": [half, pint], **more}  # fmt: skip


def several(number: int) -> list[Write]:
    return [create(lager(each)) for each in range(number)]


def holds(record: ExternalRecord, values: Values) -> bool:
    there = STREAM.values(record.raw)
    return all(STREAM.is_same(name, value, there.get(name)) for name, value in values.items())


def there(sandbox: Sandbox, seller: dict[str, Any]) -> dict[str, JSON]:
    truth = sandbox.truth(seller["id"], "products")
    return {key: raw for key, raw in truth.items() if not raw.get("is_deleted")}


def still(raw: JSON) -> JSON:
    """Return an item without what Square moves by itself."""
    data = raw["item_data"]
    variations = [{name: value for name, value in each.items() if name not in MOVING} for each in data["variations"]]
    kept = {name: value for name, value in raw.items() if name not in MOVING}
    return kept | {"item_data": data | {"variations": variations}}


@pytest.fixture
def held(sandbox: Sandbox, api: ApiSession) -> list[ExternalRecord]:
    """Some items that are there, as a read brings them."""
    found = sorted(known(STREAM, api).values(), key=lambda record: record.id)
    sandbox.clear_log()
    return found


def test_items_are_writable_and_tell_what_is_the_same_and_what_is_unfit() -> None:
    assert isinstance(STREAM, WritableStream)
    assert isinstance(STREAM, ChoosyOutlet)
    assert isinstance(STREAM, ComparingOutlet)
    assert STREAM.unfit(create({"name": "Voucher", "product_type": "GIFT_CARD"})).startswith("Square makes its gift")
    assert STREAM.unfit(create(lager())) == ""


def test_a_hundred_items_are_made_with_one_call(sandbox: Sandbox, api: ApiSession, seller: dict[str, Any]) -> None:
    writes, before = several(100), there(sandbox, seller).keys()
    sandbox.clear_log()
    records = good(write_batch(api, writes))
    assert asked(sandbox) == [UPSERT]
    assert all(holds(record, write.values) for write, record in zip(writes, records, strict=True))
    assert there(sandbox, seller).keys() - before == {record.id for record in records}


def test_what_was_written_is_what_the_next_read_brings(api: ApiSession, held: list[ExternalRecord]) -> None:
    written = good(write_batch(api, [*several(2), *(update(each, {"description": "New 🍋"}) for each in held)]))
    read = known(STREAM, api)
    assert [read[each.id] for each in written] == written
    assert any("category_name" in each.raw for each in written)


def test_making_and_changing_take_one_call_and_deleting_another(
    sandbox: Sandbox, api: ApiSession, held: list[ExternalRecord]
) -> None:
    writes = [delete(held[0]), update(held[1], {"name": "Renamed"}), *several(1), delete(held[2])]
    gone, renamed, made, also_gone = good(write_batch(api, writes))
    assert asked(sandbox) == [UPSERT, DELETE]
    assert [gone.deleted, also_gone.deleted, renamed.raw["item_data"]["name"]] == [True, True, "Renamed"]
    left = known(STREAM, api)
    assert [each.id in left for each in (gone, also_gone, renamed, made)] == [False, False, True, True]


def test_many_variations_are_shared_out_among_as_many_calls_as_they_need(sandbox: Sandbox, api: ApiSession) -> None:
    sizes = [{"name": f"Seat {each}", "price_money": Money(each, "GBP")} for each in range(250)]
    sandbox.clear_log()
    records = good(write_batch(api, [create(lager(each, variations=sizes)) for each in range(5)]))
    assert asked(sandbox) == [UPSERT, UPSERT]
    assert [len(record.raw["item_data"]["variations"]) for record in records] == [250] * 5


@pytest.mark.parametrize("change", [
    {"name": "Renamed 🍋"}, {"description": "Shorter"}, {"is_archived": True},
    {"variations": [{"name": "Only", "price_money": Money(1, "GBP")}]},
])  # fmt: skip
def test_a_change_leaves_everything_else_as_it_is_to_the_byte(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], held: list[ExternalRecord], change: Values
) -> None:
    before = there(sandbox, seller)
    good(write_batch(api, [update(each, change) for each in held]))
    touched = {"name", "is_archived", "variations"} & change.keys()
    touched |= {"description", "description_html", "description_plaintext"} if "description" in change else set()
    for key, after in there(sandbox, seller).items():
        expected, found = still(before[key]), still(after)
        assert {n: v for n, v in found["item_data"].items() if n not in touched} == {
            n: v for n, v in expected["item_data"].items() if n not in touched
        }
        assert {n: v for n, v in found.items() if n != "item_data"} == {
            n: v for n, v in expected.items() if n != "item_data"
        }


def test_a_price_that_changes_leaves_the_rest_of_its_variation_alone(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], held: list[ExternalRecord]
) -> None:
    item = next(each for each in held if len(each.raw["item_data"]["variations"]) > 1)
    wanted = [dict(each) for each in STREAM.values(item.raw)["variations"]]
    wanted[0]["price_money"] = Money(12_345, "GBP")
    good(write_batch(api, [update(item, {"variations": wanted})]))
    expected = still(item.raw)
    expected.pop("category_name", None)
    expected["item_data"]["variations"][0]["item_variation_data"]["price_money"] = {"amount": 12_345, "currency": "GBP"}
    assert still(there(sandbox, seller)[item.id]) == expected


def test_variations_are_added_and_removed_and_the_others_keep_their_ids(
    api: ApiSession, held: list[ExternalRecord]
) -> None:
    (made,) = good(write_batch(api, several(1)))
    half, pint = STREAM.values(made.raw)["variations"]
    litre = {"name": "Litre", "price_money": Money(900, "GBP")}
    (changed,) = good(write_batch(api, [update(made, {"variations": [litre, half]})]))
    found = STREAM.values(changed.raw)["variations"]
    assert [each["name"] for each in found] == ["Litre", "Half"]
    assert found[1]["id"] == half["id"] != found[0]["id"] != pint["id"]


def test_a_change_of_nothing_costs_no_call(sandbox: Sandbox, api: ApiSession, held: list[ExternalRecord]) -> None:
    values = [STREAM.values(each.raw) for each in held]
    writes = [
        update(record, {name: found[name] for name in ("name", "description", "variations") if name in found})
        for record, found in zip(held, values, strict=True)
    ]
    assert good(write_batch(api, writes)) == held
    assert asked(sandbox) == []


def test_one_refusal_names_its_field_and_stops_no_other(sandbox: Sandbox, api: ApiSession) -> None:
    bad = create(lager(9, name="x" * 513))
    sandbox.clear_log()
    *made, refused, last = write_batch(api, [*several(6), bad, create(lager(7))])
    good([*made, last])
    assert isinstance(refused.error, Invalid)
    assert [refused.key, refused.record, refused.error.field] == [bad.key, None, "name"]
    assert asked(sandbox) == [UPSERT] * 7  # eight, four, four, two, two, one, one


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"description": "x" * 4097}, "description"),
        ({"product_type": "LEGACY_SQUARE_ONLINE_SERVICE"}, "product_type"),
        ({"variations": [{"name": "x" * 256}]}, "variations"),
        ({"variations": [{"price_money": Money(-1, "GBP")}]}, "variations"),
        ({"variations": [{"price_money": Money(1, "EUR")}]}, "variations"),
    ],
)
def test_a_refusal_names_our_field(api: ApiSession, values: Values, field: str) -> None:
    (refused,) = write_batch(api, [create(lager() | values)])
    assert isinstance(refused.error, Invalid)
    assert refused.error.field == field


@pytest.mark.parametrize("kind", ["lost_answer", "malformed"])
@pytest.mark.parametrize("times", [1, 2, 4, 7, 10])
def test_items_whose_answer_is_lost_are_made_once(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], kind: str, times: int
) -> None:
    before = there(sandbox, seller).keys()
    lose(sandbox, "square", "/v2/catalog/batch-upsert", kind=kind, times=times)
    results, writes = persistently(lambda each: write_batch(api, each), several(5))
    records = good(results)
    assert all(holds(record, write.values) for write, record in zip(writes, records, strict=True))
    assert there(sandbox, seller).keys() - before == {record.id for record in records}


@pytest.mark.parametrize("lost", ["batch-upsert", "search", "batch-retrieve", "batch-delete"])
@pytest.mark.parametrize("times", [1, 4])
def test_whichever_answer_is_lost_everything_happens_once(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], held: list[ExternalRecord], lost: str, times: int
) -> None:
    writes = [*several(2), update(held[0], {"name": "Once"}), delete(held[1])]
    lose(sandbox, "square", "/v2/catalog/batch-upsert", times=3)  # so that there is something to look up
    lose(sandbox, "square", f"/v2/catalog/{lost}", times=times)
    results, _ = persistently(lambda each: write_batch(api, each), writes)
    *made, changed, gone = good(results)
    assert there(sandbox, seller).keys() == {record.id for record in [*held, *made]} - {gone.id}
    assert changed.raw["item_data"]["name"] == "Once"
    assert known(STREAM, api)[changed.id] == changed


def test_what_was_made_is_found_in_whatever_company_it_is_sent_again(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any]
) -> None:
    first, second, third, fourth = several(4)
    made = good(write_batch(api, [first, second, third]))
    sandbox.clear_log()
    results = write_batch(api, [*again([second, first]), fourth])
    assert good(results)[:2] == [made[1], made[0]]
    assert asked(sandbox) == [SEARCH, UPSERT]
    names = [raw["item_data"]["name"] for raw in there(sandbox, seller).values()]
    assert sorted(each for each in names if each.startswith("Lager")) == [f"Lager {each} 🍺" for each in range(4)]


def test_two_items_of_one_name_are_told_apart_and_nobody_elses_is_taken(sandbox: Sandbox, api: ApiSession) -> None:
    one, other = create(lager(), number=1), create(lager(), number=2)
    theirs, mine = good(write_batch(api, [create(lager(), number=3), one]))
    found, made = good(write_batch(api, again([one, other])))
    assert found == mine
    assert made.id not in (mine.id, theirs.id)


def test_what_was_sent_before_keeps_its_key_while_the_search_lags_behind(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any]
) -> None:
    before = there(sandbox, seller).keys()
    sandbox.ask("POST", "/square/settings", {"lag_seconds": 60})
    writes = several(3)
    made = good(write_batch(api, writes))
    found = good(write_batch(api, [*several(5)[3:], *again(writes)]))
    assert found[2:] == made
    assert len(there(sandbox, seller).keys() - before) == 5


def test_names_are_searched_for_to_the_last_page(sandbox: Sandbox, api: ApiSession) -> None:
    writes = several(7)
    made = good(write_batch(api, writes))
    sandbox.ask("POST", "/square/settings", {"page_size": 2, "empty_page_every": 2})
    assert good(write_batch(api, again(writes))) == made


def test_an_item_that_a_read_has_met_meanwhile_is_not_made_again(sandbox: Sandbox, api: ApiSession) -> None:
    (write,) = several(1)
    (made,) = good(write_batch(api, [write]))
    sandbox.clear_log()
    met = replace(write, external_id=made.id, version=made.version, raw=made.raw, attempt=2)
    assert good(write_batch(api, [met])) == [made]
    assert asked(sandbox) == []


def test_the_same_batch_twice_changes_nothing_the_second_time(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], held: list[ExternalRecord]
) -> None:
    writes = [*several(3), update(held[0], {"name": "Once"}), delete(held[1])]
    first, before = good(write_batch(api, writes)), sandbox.truth(seller["id"], "products")
    second = good(write_batch(api, again(writes)))
    assert [record.id for record in first] == [record.id for record in second]
    assert sandbox.truth(seller["id"], "products") == before


def test_a_change_to_an_older_version_is_a_conflict_for_that_item_alone(
    sandbox: Sandbox, api: ApiSession, held: list[ExternalRecord]
) -> None:
    good(write_batch(api, [update(held[0], {"description": "Someone else's change"})]))
    sandbox.clear_log()
    stale, fresh, *made = write_batch(
        api, [update(held[0], {"name": "Ours"}), update(held[1], {"name": "Ours"}), *several(6)]
    )
    assert isinstance(stale.error, Conflict)
    good([fresh, *made])
    assert asked(sandbox) == [UPSERT, LOOK, UPSERT]
    assert known(STREAM, api)[held[0].id].raw["item_data"]["name"] == held[0].raw["item_data"]["name"]


def test_a_change_that_was_sent_before_is_a_conflict_when_somebody_else_came_in_between(
    api: ApiSession, held: list[ExternalRecord]
) -> None:
    write = update(held[0], {"name": "Ours"})
    (ours,) = good(write_batch(api, [write]))
    good(write_batch(api, [update(ours, {"description": "Theirs"})]))
    (result,) = write_batch(api, again([write]))
    assert isinstance(result.error, Conflict)


def test_an_item_that_is_gone_cannot_be_changed_and_is_deleted_already(
    sandbox: Sandbox, api: ApiSession, held: list[ExternalRecord]
) -> None:
    good(write_batch(api, [delete(held[0])]))
    sandbox.clear_log()
    changed, deleted, other = write_batch(
        api, [update(held[0], {"name": "Late"}), delete(held[0]), update(held[1], {"name": "In time"})]
    )
    assert isinstance(changed.error, NotFound)
    assert [each.deleted for each in good([deleted, other])] == [True, False]
    assert asked(sandbox) == [UPSERT, LOOK, UPSERT, DELETE, LOOK]


def test_an_item_that_square_keeps_is_not_taken_for_deleted(
    sandbox: Sandbox, api: ApiSession, held: list[ExternalRecord]
) -> None:
    body = {"deleted_object_ids": [], "deleted_at": "2026-11-23T10:00:00Z"}
    fault = {"provider": "square", "kind": "status", "status": 200, "path": "/v2/catalog/batch-delete", "body": body}
    sandbox.ask("POST", "/faults", fault)
    (result,) = write_batch(api, [delete(held[0])])
    assert isinstance(result.error, Invalid)


def test_fields_can_be_emptied(api: ApiSession) -> None:
    (made,) = good(write_batch(api, several(1)))
    (changed,) = good(write_batch(api, [update(made, {"description": None})]))
    assert "description" not in STREAM.values(changed.raw)
    assert STREAM.values(changed.raw)["variations"] == STREAM.values(made.raw)["variations"]


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 1500), ("KWD", 12_345), ("GBP", 1)])
def test_prices_are_in_the_sellers_currency_whatever_decimals_it_has(
    sandbox: Sandbox, currency: str, minor: int
) -> None:
    wish = {
        "name": "東京",
        "locations": [{"name": "本館", "currency": currency}],
        "sizes": {"products": 0, "orders": 0},
    }
    made = sandbox.ask("POST", "/square/merchants", wish)
    api = sessions.with_key(PROVIDERS["square"], Secret(made["personal_token"]))
    other = Money(minor, "USD")
    values = lager(variations=[{"name": "一枚", "price_money": Money(minor, currency)}])
    right, wrong = write_batch(api, [create(values), create(lager(1, variations=[{"price_money": other}]))])
    (record,) = good([right])
    assert holds(record, values)
    assert isinstance(wrong.error, Invalid)
    assert wrong.error.field == "variations"


def test_a_price_in_another_currency_is_not_sent_where_the_sellers_is_known(sandbox: Sandbox, api: ApiSession) -> None:
    api.account = {"currency": "EUR"}
    sandbox.clear_log()
    (refused,) = write_batch(api, several(1))
    assert str(refused.error) == "Square keeps your prices in EUR, and this has some in GBP."
    assert asked(sandbox) == []


def test_a_second_write_at_the_same_time_waits(sandbox: Sandbox, api: ApiSession) -> None:
    fault = {
        "provider": "square",
        "kind": "rate_limit",
        "path": "/v2/catalog/batch-upsert",
        "times": -1,
        "retry_after": 9,
    }
    sandbox.ask("POST", "/faults", fault)
    with pytest.raises(RateLimited):
        write_batch(api, several(2))


def test_a_permission_that_is_missing_is_told_of_once_for_all(sandbox: Sandbox, api: ApiSession) -> None:
    refusal = {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "INSUFFICIENT_SCOPES", "detail": "No."}]}
    fault = {"provider": "square", "kind": "status", "status": 403, "path": "/v2/catalog", "body": refusal}
    sandbox.ask("POST", "/faults", fault)
    with pytest.raises(PermissionMissing):
        write_batch(api, several(2))


def test_an_answer_of_another_shape_leaves_everything_open(sandbox: Sandbox, api: ApiSession) -> None:
    body = {"objects": [{"type": "ITEM"}]}
    fault = {"provider": "square", "kind": "status", "status": 200, "path": "/v2/catalog/batch-upsert", "body": body}
    sandbox.ask("POST", "/faults", fault)
    with pytest.raises(Transient):
        write_batch(api, several(1))


def test_an_item_that_is_not_in_the_answer_is_left_open(sandbox: Sandbox, api: ApiSession) -> None:
    fault = {"provider": "square", "kind": "status", "status": 200, "path": "/v2/catalog/batch-upsert", "body": {}}
    sandbox.ask("POST", "/faults", fault)
    (result,) = write_batch(api, several(1))
    assert type(result.error) is Transient


def test_an_outage_leaves_everything_open(sandbox: Sandbox, api: ApiSession) -> None:
    lose(sandbox, "square", "/v2/catalog", kind="reset", times=-1)
    with pytest.raises(Transient):
        write_batch(api, several(2))
