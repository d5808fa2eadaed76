"""Writing products to our store at Mailchimp: each once, with variants that keep their ids."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from connections import sessions
from integrations.providers.base import ComparingOutlet
from integrations.providers.errors import AuthRevoked, Invalid, Transient
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp.outlets import OUTLETS
from integrations.providers.types import ExternalRecord, Money, ObjectType, Values, Write
from integrations.sealing import Secret
from tests.provider_sandbox import Sandbox
from tests.providers.mailchimp.conftest import MAILCHIMP, Account
from tests.providers.mailchimp.shopping import NIGHT, change, make, most_in_flight, remove
from tests.providers.writing import again, asked, good, lose, persistently

PRODUCTS = OUTLETS[ObjectType.PRODUCT]
Truth = Callable[[str], list[dict[str, Any]]]
Call = Callable[..., requests.Response]
Create = Callable[..., Write]


@pytest.fixture
def create(account: Account) -> Create:
    def build(number: int = 0, **more: Any) -> Write:
        return make(NIGHT | more, number=number, list_id=account["lists"][0]["id"])

    return build


@pytest.fixture
def store(account: Account) -> str:
    return f"backline-{account['lists'][0]['id']}"


def put(api: ApiSession, *writes: Write) -> list[ExternalRecord]:
    return good(PRODUCTS.write_batch(api, list(writes)))


def test_the_first_product_brings_its_store(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create, store: str, account: Account
) -> None:
    record = put(api, create())[0]
    base = f"/{account['dc']}/3.0/ecommerce/stores"
    assert asked(sandbox) == [f"GET {base}/{store}", f"POST {base}", f"POST {base}/{store}/products"]
    made = truth("stores")[0]
    named = {name: made[name] for name in ("id", "list_id", "name", "currency_code", "is_syncing")}
    assert named == {
        "id": store, "list_id": account["lists"][0]["id"], "name": "Backline", "currency_code": "GBP",
        "is_syncing": True,
    }  # fmt: skip
    assert record.id == create().ours


def test_a_product_is_there_as_it_was_sent(api: ApiSession, truth: Truth, create: Create) -> None:
    put(api, create())
    product = truth("products")[0]
    assert (product["title"], product["description"], product["type"]) == ("Jazz night 🎷", "Two sets.", "Ticket")
    facts = [(each["id"], each["title"], each["sku"], each["price"]) for each in product["variants"]]
    assert facts == [("FULL", "Full price", "JN-F", 18.5), ("JN-C", "Concession", "JN-C", 12)]


def test_each_product_costs_one_call_and_no_more_than_six_go_at_once(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create, account: Account
) -> None:
    put(api, create())
    sandbox.clear_log()
    sandbox.ask("POST", "/mailchimp/settings", {"latency_ms": 30})
    put(api, *(create(number) for number in range(1, 13)))
    assert (len(asked(sandbox)), len(truth("products"))) == (12, 13)
    assert 1 < most_in_flight(sandbox, account) <= 6


def test_one_store_serves_a_session_and_the_next_finds_it(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create
) -> None:
    put(api, create())
    api.memory.clear()
    sandbox.clear_log()
    put(api, create(1))
    assert [each.partition(" ")[0] for each in asked(sandbox)] == ["GET", "POST"]
    assert len(truth("stores")) == 1


def test_a_product_without_variants_is_sold_as_itself(api: ApiSession, truth: Truth, create: Create) -> None:
    put(api, create())
    write = create(1, variants=None)
    record = put(api, write)[0]
    assert [(each["id"], each["title"]) for each in record.raw["variants"]] == [(write.ours, "Jazz night 🎷")]
    assert PRODUCTS.values(record.raw)["variants"] == []
    after = put(api, change(write, record, title="Late jazz"))[0]
    assert [(each["id"], each["title"]) for each in after.raw["variants"]] == [(write.ours, "Late jazz")]


def test_variants_keep_their_ids_and_two_never_share_one(api: ApiSession, create: Create) -> None:
    variants = [{"sku": "A"}, {"title": "Plain", "key": " "}, {"sku": "A"}, {"key": "k" * 60}, {"sku": ".."}]
    record = put(api, create(variants=[each | {"price": Money(1, "GBP")} for each in variants]))[0]
    ids = [each["id"] for each in record.raw["variants"]]
    assert ids[:3] == ["A", "2", "A-3"]
    assert [len(each) for each in ids[3:]] == [32, 32]
    assert [each["title"] for each in record.raw["variants"]][:2] == ["Jazz night 🎷", "Plain"]


def test_an_update_changes_what_it_names_and_nothing_else(sandbox: Sandbox, api: ApiSession, create: Create) -> None:
    write = create()
    before = put(api, write)[0]
    sandbox.clear_log()
    after = put(api, change(write, before, title="Late jazz", description=None))[0]
    old, new = PRODUCTS.values(before.raw), PRODUCTS.values(after.raw)
    assert new == {name: value for name, value in old.items() if name != "description"} | {"title": "Late jazz"}
    assert len(asked(sandbox)) == 1


def test_a_variant_that_a_product_no_longer_has_is_removed(api: ApiSession, truth: Truth, create: Create) -> None:
    write = create()
    before = put(api, write)[0]
    left = [NIGHT["variants"][0] | {"price": None}, {"key": "VIP", "price": Money(2000, "GBP")}]
    after = put(api, change(write, before, variants=left))[0]
    assert [(each["id"], each["price"]) for each in truth("products")[0]["variants"]] == [("FULL", 0), ("VIP", 20)]
    assert [each["id"] for each in after.raw["variants"]] == ["FULL", "VIP"]


@pytest.mark.parametrize(("currency", "minor", "price"), [("JPY", 700, 700), ("KWD", 1234, 1.234), ("GBP", 5, 0.05)])
def test_a_price_has_the_decimals_of_its_currency(
    api: ApiSession, truth: Truth, create: Create, currency: str, minor: int, price: float
) -> None:
    record = put(api, create(variants=[{"key": "a", "price": Money(minor, currency)}]))[0]
    assert truth("products")[0]["variants"][0]["price"] == price
    assert PRODUCTS.values(record.raw)["variants"][0]["price"] == Money(minor, currency)


def test_a_price_in_another_currency_than_the_stores_is_left_out(api: ApiSession, create: Create) -> None:
    put(api, create())
    record = put(api, create(1, variants=[{"key": "a", "price": Money(1000, "EUR")}]))[0]
    assert record.raw["variants"][0]["price"] == 0


def test_a_store_needs_a_price_to_know_its_currency(api: ApiSession, truth: Truth, create: Create) -> None:
    error = PRODUCTS.write_batch(api, [create(variants=[{"key": "a"}])])[0].error
    assert isinstance(error, Invalid)
    assert error.field == "variants"
    assert truth("stores") == []
    put(api, create(1), create(2, variants=[{"key": "a"}]))


@pytest.mark.parametrize("kind", ["lost_answer", "malformed"])
@pytest.mark.parametrize("skip", range(5))
def test_products_are_made_once_whichever_answer_is_lost(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create, kind: str, skip: int
) -> None:
    lose(sandbox, "mailchimp", "", kind=kind, skip=skip)
    writes = [create(number) for number in range(3)]
    results, _ = persistently(lambda each: PRODUCTS.write_batch(api, each), writes)
    assert [each.id for each in good(results)] == [each.ours for each in writes]
    assert {each["id"] for each in truth("products")} == {each.ours for each in writes}
    assert len(truth("stores")) == 1


@pytest.mark.parametrize("skip", range(3))
def test_changes_are_made_whichever_answer_is_lost(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create, skip: int
) -> None:
    write = create()
    before = put(api, write)[0]
    lose(sandbox, "mailchimp", "", skip=skip)
    changed = [change(write, before, title="Late jazz", variants=NIGHT["variants"][:1])]
    good(persistently(lambda each: PRODUCTS.write_batch(api, each), changed)[0])
    product = truth("products")[0]
    assert (product["title"], [each["id"] for each in product["variants"]]) == ("Late jazz", ["FULL"])


def test_what_an_earlier_attempt_made_is_brought_up_to_date(api: ApiSession, truth: Truth, create: Create) -> None:
    put(api, create(description="An older text."))
    put(api, *again([create()]))
    assert [each["description"] for each in truth("products")] == ["Two sets."]


def test_when_mailchimp_stops_answering_the_rest_is_not_begun(
    sandbox: Sandbox, api: ApiSession, truth: Truth, create: Create
) -> None:
    put(api, create())
    sandbox.ask("POST", "/faults", {"provider": "mailchimp", "kind": "reset", "path": "", "times": -1})
    with pytest.raises(Transient):
        PRODUCTS.write_batch(api, [create(number) for number in range(1, 13)])
    sandbox.ask("DELETE", "/faults")
    assert len(truth("products")) == 1


def test_what_was_made_before_mailchimp_stopped_answering_is_told(
    sandbox: Sandbox, api: ApiSession, create: Create
) -> None:
    put(api, create())
    sandbox.ask("POST", "/faults", {"provider": "mailchimp", "kind": "reset", "path": "", "times": -1, "skip": 2})
    results = PRODUCTS.write_batch(api, [create(number) for number in range(1, 13)])
    sandbox.ask("DELETE", "/faults")
    assert [each.error is None for each in results].count(True) == 2
    assert all(each.error is None or isinstance(each.error, Transient) for each in results)


def test_a_key_that_is_over_is_the_accounts_trouble(
    sandbox: Sandbox, api: ApiSession, create: Create, account: Account
) -> None:
    put(api, create())
    wish = {"action": "revoke", "include_personal": True}
    sandbox.ask("POST", f"/mailchimp/{account['id']}/tokens", wish)
    with pytest.raises(AuthRevoked):
        PRODUCTS.write_batch(api, [create(1)])


def test_a_refusal_names_our_field_and_does_not_touch_the_others(api: ApiSession, truth: Truth, create: Create) -> None:
    first, refused, last = PRODUCTS.write_batch(api, [create(1), create(2, title=""), create(3)])
    assert first.record
    assert last.record
    assert isinstance(refused.error, Invalid)
    assert refused.error.field == "title"
    assert len(truth("products")) == 2


@pytest.mark.parametrize(("list_id", "calls"), [("", 0), ("0123456789", 2)])
def test_without_an_audience_that_is_there_nothing_is_made(
    sandbox: Sandbox, api: ApiSession, truth: Truth, list_id: str, calls: int
) -> None:
    error = PRODUCTS.write_batch(api, [make(NIGHT, list_id=list_id)])[0].error
    assert isinstance(error, Invalid)
    assert (error.field, len(asked(sandbox))) == ("list_id", calls)
    assert truth("stores") == []


def test_a_product_that_is_gone_is_made_anew_with_all_of_it(
    api: ApiSession, truth: Truth, create: Create, call: Call, store: str
) -> None:
    write = create()
    before = put(api, write)[0]
    assert call("DELETE", f"/ecommerce/stores/{store}/products/{before.id}").status_code == 204
    put(api, change(write, before, title="Late jazz"))
    assert [(each["title"], each["type"]) for each in truth("products")] == [("Late jazz", "Ticket")]


def test_a_store_that_is_gone_is_made_anew(
    api: ApiSession, truth: Truth, create: Create, call: Call, store: str
) -> None:
    write = create()
    before = put(api, write)[0]
    assert call("DELETE", f"/ecommerce/stores/{store}").status_code == 204
    changes = [create(1), change(write, before, title="Late jazz")]
    good(persistently(lambda each: PRODUCTS.write_batch(api, each), changes)[0])
    assert {each["title"] for each in truth("products")} == {"Jazz night 🎷", "Late jazz"}


def test_removing_a_product_twice_does_no_harm(api: ApiSession, truth: Truth, create: Create) -> None:
    write, other = create(), create(1)
    record = put(api, write, other)[0]
    for writes in ([remove(write, record)], again([remove(write, record)])):
        assert put(api, *writes)[0].deleted
    assert [each["id"] for each in truth("products")] == [other.ours]


def test_each_audience_has_a_store_of_its_own(sandbox: Sandbox) -> None:
    wish = {"name": "Two lists", "press": "Press", "sizes": {"members": 1, "press": 1}}
    account = sandbox.ask("POST", "/mailchimp/accounts", wish)
    api = sessions.with_key(MAILCHIMP, Secret(account["api_key"]))
    lists = [each["id"] for each in account["lists"]]
    records = put(api, *(make(NIGHT, number=number, list_id=each) for number, each in enumerate(lists)))
    assert [each.raw["store_id"] for each in records] == [f"backline-{each}" for each in lists]
    stores = api.get("/3.0/ecommerce/stores").body["stores"]
    assert [each["list_id"] for each in stores] == lists


VARIANT: Values = {"id": "FULL", "title": "Full price", "sku": "JN-F", "price": Money(1850, "GBP")}


@pytest.mark.parametrize(
    ("ours", "theirs", "is_same"),
    [
        ([{"key": "FULL", "title": "Full price", "sku": "JN-F", "price": Money(1850, "GBP")}], [VARIANT], True),
        ([{"key": "FULL"}], [VARIANT], True),
        ([{"key": "FULL", "price": Money(1900, "GBP")}], [VARIANT], False),
        ([{"key": "FULL"}, {"key": "VIP"}], [VARIANT], False),
        ([{"key": "VIP"}, {"key": "FULL"}], [VARIANT, {"id": "VIP", "title": "VIP"}], True),
        (None, [], True),
        (None, [VARIANT], False),
    ],
)
def test_variants_that_say_the_same_are_no_change(ours: Any, theirs: Any, is_same: bool) -> None:
    assert isinstance(PRODUCTS, ComparingOutlet)
    assert PRODUCTS.is_same("variants", ours, theirs) is is_same
