"""Reading what changed at Stripe, told by its events: never missed, never twice without need, one call when idle."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from integrations.providers.base import WatchfulStream
from integrations.providers.errors import BookmarkExpired, PermissionMissing, Transient
from integrations.providers.http import ApiSession
from integrations.providers.stripe.streams import STREAMS, changes
from integrations.providers.types import ObjectType, Operation, Page, Position, ReadScope, Write
from tests.provider_sandbox import Sandbox
from tests.providers.stripe.conftest import Account, over
from tests.providers.stripe.reading import KINDS, ids, known, newest, plain, read, stored
from tests.providers.wire import answer, wire

Truth = Callable[[str], dict[str, dict[str, Any]]]
Bookmarks = dict[ObjectType, Position]
each_object = pytest.mark.parametrize("object_type", KINDS)


class Desk:
    """The venue's staff at work in Stripe, and the paths that we called since."""

    def __init__(self, sandbox: Sandbox, account: Account) -> None:
        self.sandbox, self._account = sandbox, account["id"]

    def do(self, what: str, **counts: int) -> dict[str, list[str]]:
        done: dict[str, list[str]] = self.sandbox.ask("POST", f"/stripe/{self._account}/{what}", counts)
        return done

    def wait(self, seconds: int) -> None:
        self.sandbox.ask("POST", "/clock", {"advance_seconds": seconds})

    def paths(self) -> list[str]:
        """Return the paths that were called since the last time."""
        entries = self.sandbox.ask("GET", "/log", limit=5000)["entries"]
        self.sandbox.clear_log()
        return [entry["path"].removeprefix("/stripe").partition("?")[0] for entry in entries]


@pytest.fixture
def desk(sandbox: Sandbox, account: Account) -> Desk:
    return Desk(sandbox, account)


@pytest.fixture
def bookmarks(desk: Desk, api: ApiSession) -> Bookmarks:
    """The bookmarks after everything was read, six minutes ago."""
    found = {object_type: read(api, object_type)[-1].position for object_type in KINDS}
    desk.wait(360)
    desk.paths()
    return found


def turn(api: ApiSession, bookmarks: Bookmarks) -> dict[ObjectType, list[Page]]:
    """Read all streams in one turn, as one worker does, and move the bookmarks on."""
    api.memory.clear()
    beside = {object_type: stored(position) for object_type, position in bookmarks.items()}
    found = {each: read(api, each, beside[each], ReadScope(beside=beside)) for each in bookmarks}
    bookmarks |= {each: stored(pages[-1].position) for each, pages in found.items()}
    return found


def test_an_idle_round_is_one_call_for_all_streams(desk: Desk, api: ApiSession, bookmarks: Bookmarks) -> None:
    for _ in range(3):
        found = turn(api, bookmarks)
        assert not any(ids(pages) for pages in found.values())
        assert all([page.last for page in pages] == [True] for pages in found.values())
        assert desk.paths() == ["/v1/events"]
        desk.wait(60)


def test_the_round_after_a_busy_one_is_one_call_too(desk: Desk, api: ApiSession, bookmarks: Bookmarks) -> None:
    desk.do("change", customers=4, products=2, charges=3)
    busy = turn(api, bookmarks)
    assert len(ids(busy[ObjectType.CUSTOMER])) == 4
    desk.paths()
    for _ in range(5):
        desk.wait(70)
        assert not any(ids(pages) for pages in turn(api, bookmarks).values())
        assert desk.paths() == ["/v1/events"]
    assert all(position["done"] == [] for position in bookmarks.values())


def test_each_changed_object_is_fetched_once_however_often_it_changed(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks, truth: Truth
) -> None:
    seen = {each for _ in range(12) for each in desk.do("change", customers=20)["customers"]}
    found = turn(api, bookmarks)[ObjectType.CUSTOMER]
    assert sorted(ids(found)) == sorted(seen)
    called = desk.paths()
    assert sorted(path for path in called if path != "/v1/events") == sorted(f"/v1/customers/{each}" for each in seen)
    assert {each.id: each.raw for page in found for each in page.records} == {
        key: raw for key, raw in truth("customers").items() if key in seen
    }


@each_object
def test_what_is_fetched_is_to_the_letter_what_a_list_shows(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks, object_type: ObjectType
) -> None:
    made = "charges" if object_type is ObjectType.ORDER else KINDS[object_type]
    what = "create" if object_type is ObjectType.ORDER else "change"
    desk.do(what, **{made: 2})
    found = newest(read(api, object_type, bookmarks[object_type]))
    listed = newest(read(api, object_type))
    assert found
    assert {key: each.raw for key, each in found.items()} == {key: listed[key].raw for key in found}


@each_object
def test_a_stream_works_alone_too(desk: Desk, api: ApiSession, bookmarks: Bookmarks, object_type: ObjectType) -> None:
    desk.do("change", customers=1, products=1, charges=1, refunds=1, payouts=1, invoices=1)
    desk.do("create", charges=1)
    assert ids(read(api, object_type, bookmarks[object_type]))
    assert desk.paths()[0] == "/v1/events"


def test_an_update_of_an_object_made_long_before_the_bookmark_is_seen(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks, truth: Truth
) -> None:
    """Lists can be filtered by creation only, which such an update does not move."""
    desk.wait(20 * 86_400)
    (changed,) = desk.do("change", customers=1)["customers"]
    assert truth("customers")[changed]["created"] < bookmarks[ObjectType.CUSTOMER]["since"]
    assert ids(turn(api, bookmarks)[ObjectType.CUSTOMER]) == [changed]


@pytest.mark.parametrize(("days", "expired"), [(28, False), (30, True), (400, True)])
def test_a_bookmark_that_stripe_does_not_remember_says_so_in_plain_words(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks, days: int, expired: bool
) -> None:
    desk.wait(days * 86_400)
    if not expired:
        assert read(api, ObjectType.CUSTOMER, bookmarks[ObjectType.CUSTOMER])[-1].last
        return
    with pytest.raises(BookmarkExpired) as met:
        read(api, ObjectType.CUSTOMER, bookmarks[ObjectType.CUSTOMER])
    assert str(met.value) == (
        f"Stripe tells what changed in the last 30 days only, and the last look was {days} days ago."
    )
    assert desk.paths() == ["/v1/events"]


def test_an_expired_bookmark_does_not_spoil_the_turn_of_the_others(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks
) -> None:
    desk.do("change", customers=2)
    expired = {"since": bookmarks[ObjectType.PRODUCT]["since"] - 40 * 86_400}
    scope = ReadScope(beside={ObjectType.PRODUCT: expired, ObjectType.ORDER: {}, ObjectType.PAYMENT: {"reading": {}}})
    assert len(ids(read(api, ObjectType.CUSTOMER, bookmarks[ObjectType.CUSTOMER], scope))) == 2
    with pytest.raises(BookmarkExpired):
        read(api, ObjectType.PRODUCT, expired, scope)


def test_a_change_of_a_price_is_a_change_of_its_product(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks, truth: Truth
) -> None:
    (made,) = desk.do("create", prices=1)["prices"]
    product = truth("prices")[made]["product"]
    found = newest(turn(api, bookmarks)[ObjectType.PRODUCT])
    assert list(found) == [product]
    assert made in {price["id"] for price in found[product].raw["prices"]}


def test_a_refund_is_news_of_the_payment_too(desk: Desk, api: ApiSession, bookmarks: Bookmarks, truth: Truth) -> None:
    (made,) = desk.do("create", refunds=1)["refunds"]
    charge = truth("refunds")[made]["charge"]
    found = turn(api, bookmarks)
    assert ids(found[ObjectType.REFUND]) == [made]
    assert charge in ids(found[ObjectType.PAYMENT])
    assert newest(found[ObjectType.PAYMENT])[charge].raw["amount_refunded"] > 0


@pytest.mark.parametrize("object_type", [ObjectType.CUSTOMER, ObjectType.PRODUCT])
def test_what_was_deleted_comes_as_a_tombstone_without_a_call(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks, object_type: ObjectType
) -> None:
    kind = KINDS[object_type]
    desk.do("create", **{kind: 1})
    (gone,) = desk.do("delete", **{kind: 1})[kind]
    tombstone = newest(turn(api, bookmarks)[object_type])[gone]
    assert (tombstone.deleted, tombstone.version.isdigit(), tombstone.updated_at is None) == (True, True, False)
    assert f"/v1/{kind}/{gone}" not in desk.paths()


@pytest.mark.parametrize(
    "reply", [answer(b'{"id": "cus_1", "object": "customer", "deleted": true}'), answer(b"{}", status="404 No")]
)
def test_what_turns_out_to_be_gone_when_it_is_fetched_is_a_tombstone_too(reply: bytes) -> None:
    told = {
        "id": "evt_1",
        "type": "customer.updated",
        "created": 1_000,
        "data": {"object": {"object": "customer", "id": "cus_1"}},
    }
    events = answer(orjson.dumps({"data": [told]}), Date="Thu, 01 Jan 1970 00:20:00 GMT")
    with wire(events, reply) as server:
        found = newest(read(over(server.url), ObjectType.CUSTOMER, {"since": 900}))
    assert [(each.id, each.deleted, each.raw.get("name")) for each in found.values()] == [("cus_1", True, None)]


def test_a_basket_that_is_still_open_is_no_order_yet() -> None:
    told = {"id": "evt_1", "type": "checkout.session.async_payment_failed", "created": 1_000,
            "data": {"object": {"object": "checkout.session", "id": "cs_1"}}}  # fmt: skip
    events = answer(orjson.dumps({"data": [told]}), Date="Thu, 01 Jan 1970 00:20:00 GMT")
    with wire(events, answer(b'{"id": "cs_1", "status": "open"}')) as server:
        pages = read(over(server.url), ObjectType.ORDER, {"since": 900})
    assert (ids(pages), pages[-1].position) == ([], {"since": 900, "done": ["evt_1"], "at": 1200})


def test_many_new_objects_are_listed_and_not_fetched_one_by_one(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks, truth: Truth
) -> None:
    before = set(known(truth("charges")))
    for _ in range(5):
        desk.do("create", charges=30)
    found = turn(api, bookmarks)
    made = set(known(truth("charges"))) - before
    assert len(made) == 150
    assert made <= set(ids(found[ObjectType.PAYMENT]))
    called = desk.paths()
    assert len([path for path in called if path.startswith("/v1/charges/")]) <= 2
    assert called.count("/v1/charges") == 2


def test_events_of_another_minute_that_come_late_are_not_missed(
    sandbox: Sandbox, desk: Desk, api: ApiSession, bookmarks: Bookmarks
) -> None:
    sandbox.ask("POST", "/stripe/settings", {"lag_seconds": 120})
    seen = set(desk.do("change", customers=3)["customers"])
    found: list[str] = []
    for _ in range(5):
        found += ids(turn(api, bookmarks)[ObjectType.CUSTOMER])
        desk.wait(60)
    assert sorted(found) == sorted(seen)


def test_a_second_change_in_the_same_second_is_not_taken_for_the_first(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks, truth: Truth
) -> None:
    desk.sandbox.ask("POST", "/clock", {"freeze": True})
    for _ in range(3):
        seen = set(desk.do("change", customers=30)["customers"])
        found = newest(turn(api, bookmarks)[ObjectType.CUSTOMER])
        assert set(found) == seen
        assert {key: plain(each.raw) for key, each in found.items()} == {
            key: raw for key, raw in known(truth("customers")).items() if key in seen
        }


def test_a_read_of_changes_goes_on_from_any_page_and_fetches_nothing_twice(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_OBJECTS_A_PAGE", 4)
    seen = set(desk.do("change", customers=30)["customers"])
    position, found = bookmarks[ObjectType.CUSTOMER], list[Page]()
    while not found or not found[-1].last:
        api.memory.clear()
        found.append(next(iter(STREAMS[ObjectType.CUSTOMER].read(api, stored(position), ReadScope()))))
        position = found[-1].position
    assert len(found) > 5
    assert sorted(ids(found)) == sorted(seen)
    assert sorted(path for path in desk.paths() if path != "/v1/events") == sorted(
        f"/v1/customers/{each}" for each in seen
    )


@pytest.mark.parametrize("resumed", [False, True])
def test_after_a_long_silence_changes_are_read_in_stretches_and_a_bookmark_stays_small(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks, truth: Truth, resumed: bool
) -> None:
    seen: set[str] = set()
    for _ in range(24):
        seen |= set(desk.do("change", customers=55)["customers"])
        desk.wait(3600)
    position, found = bookmarks[ObjectType.CUSTOMER], list[Page]()
    while not found or not found[-1].last:
        for page in STREAMS[ObjectType.CUSTOMER].read(api, stored(position), ReadScope()):
            found.append(page)
            position = page.position
            if resumed:
                break
    assert set(ids(found)) == seen
    assert {key: plain(each.raw) for key, each in newest(found).items()} == {
        key: raw for key, raw in known(truth("customers")).items() if key in seen
    }
    assert max(len(page.position["done"]) for page in found) <= 500
    assert [page.position["since"] for page in found] == sorted(page.position["since"] for page in found)
    called = desk.paths()
    assert called.count("/v1/events") < (30 if not resumed else 200)  # 14 pages of events


def test_a_rush_within_minutes_does_not_make_the_bookmark_grow(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks
) -> None:
    for _ in range(14):
        desk.do("change", customers=50)
        desk.wait(10)
    found = turn(api, bookmarks)[ObjectType.CUSTOMER]
    assert len(bookmarks[ObjectType.CUSTOMER]["done"]) <= 500
    assert len(ids(found)) == len(set(ids(found)))
    desk.paths()
    assert not ids(turn(api, bookmarks)[ObjectType.CUSTOMER])
    assert set(desk.paths()) == {"/v1/events"}


def test_what_another_stream_brought_is_used_only_for_the_same_bookmark(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks
) -> None:
    scope = ReadScope(beside=bookmarks)
    read(api, ObjectType.CUSTOMER, bookmarks[ObjectType.CUSTOMER], scope)
    earlier = {"since": bookmarks[ObjectType.PRODUCT]["since"] - 60}
    read(api, ObjectType.PRODUCT, earlier, scope)
    assert desk.paths() == ["/v1/events"] * 2


def test_a_second_read_in_one_session_asks_again(desk: Desk, api: ApiSession, bookmarks: Bookmarks) -> None:
    for changed in (1, 2):
        desk.do("change", products=changed)
        position = bookmarks[ObjectType.PRODUCT]
        assert ids(read(api, ObjectType.PRODUCT, position, ReadScope(beside=bookmarks)))


def test_a_key_that_may_not_see_events_is_told_so(
    sandbox: Sandbox, account: Account, api: ApiSession, bookmarks: Bookmarks
) -> None:
    sandbox.ask("POST", f"/stripe/{account['id']}/tokens", {"action": "drop_scope", "scope": "rak_event_read"})
    with pytest.raises(PermissionMissing) as met:
        read(api, ObjectType.REFUND, bookmarks[ObjectType.REFUND])
    assert met.value.scope == "rak_event_read"


@pytest.mark.parametrize(
    "event",
    [
        {"id": "evt_1"}, {"id": "evt_1", "created": 5}, {"id": "evt_1", "created": 5, "data": None},
        {"id": "evt_1", "created": 5, "data": {"object": []}},
        {"id": "evt_1", "created": 5, "data": {"object": {"object": "customer", "id": "cus_1"}}},
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_read_is_never_passed_over(event: dict[str, Any]) -> None:
    body = orjson.dumps({"data": [event], "has_more": False})
    with wire(answer(body, Date="Thu, 01 Jan 1970 00:20:00 GMT")) as server, pytest.raises(Transient) as met:
        read(over(server.url), ObjectType.CUSTOMER, {"since": 1})
    assert met.value.code == "unreadable"


def test_events_that_lead_back_to_themselves_end_the_read() -> None:
    event = {"id": "evt_1", "created": 1_000, "type": "x", "data": {"object": {}}}
    body = orjson.dumps({"data": [event], "has_more": True})
    with wire(answer(body, Date="Thu, 01 Jan 1970 00:20:00 GMT")) as server, pytest.raises(Transient) as met:
        read(over(server.url), ObjectType.CUSTOMER, {"since": 1})
    assert met.value.code == "cursor_loop"


def change_of(customer: str, key: str = "0" * 40) -> list[Write]:
    return [Write(key, "1" * 32, Operation.UPDATE, {"phone": "+447700900001"}, external_id=customer)]


def unseen(api: ApiSession, position: Position, writes: list[Write]) -> set[str]:
    stream = STREAMS[ObjectType.CUSTOMER]
    assert isinstance(stream, WatchfulStream)
    return stream.unseen(api, position, writes)


def test_what_changed_since_the_bookmark_is_seen_before_it_is_changed(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks
) -> None:
    position = stored(bookmarks[ObjectType.CUSTOMER])
    (changed,) = desk.do("change", customers=1)["customers"]
    desk.paths()
    assert unseen(api, position, [*change_of(changed), *change_of("cus_other")]) == {changed}
    assert desk.paths() == ["/v1/events"]
    after = stored(turn(api, bookmarks)[ObjectType.CUSTOMER][-1].position)
    assert unseen(api, after, change_of(changed)) == set()
    assert unseen(api, {}, change_of(changed)) == set(), "a read of everything brings it anyway"


def test_our_own_changes_are_known_by_their_keys(desk: Desk, api: ApiSession, bookmarks: Bookmarks) -> None:
    position = stored(bookmarks[ObjectType.CUSTOMER])
    (customer,) = desk.do("change", customers=1)["customers"]
    position = position | {"done": [each["id"] for each in api.get("/v1/events", {"limit": 100}).body["data"]]}
    stream = STREAMS[ObjectType.CUSTOMER]
    assert isinstance(stream, WatchfulStream)
    (done,) = stream.write_batch(api, change_of(customer, "ab" * 20))
    assert done.error is None
    assert unseen(api, position, change_of(customer, "abababab" + "9" * 32)) == set()
    assert unseen(api, position, change_of(customer, "9" * 40)) == {customer}


def test_a_session_looks_at_each_event_once_and_forgets_no_change(
    desk: Desk, api: ApiSession, bookmarks: Bookmarks
) -> None:
    position = stored(bookmarks[ObjectType.CUSTOMER])
    (changed,) = desk.do("change", customers=1)["customers"]
    desk.do("change", products=5)
    for _ in range(100):
        desk.do("change", products=6)
    desk.wait(10)
    desk.paths()
    assert unseen(api, position, change_of("cus_other")) == set(), "much of others is not too much to look at"
    assert desk.paths() == ["/v1/events"] * 7
    desk.wait(60)
    assert unseen(api, position, change_of(changed)) == {changed}
    assert desk.paths() == ["/v1/events"]


def test_after_a_read_only_what_came_since_is_looked_at(desk: Desk, api: ApiSession, bookmarks: Bookmarks) -> None:
    for _ in range(100):
        desk.do("change", products=6)
    desk.wait(10)
    after = stored(turn(api, bookmarks)[ObjectType.CUSTOMER][-1].position)
    desk.paths()
    assert unseen(api, after, change_of("cus_other")) == set()
    assert desk.paths() == ["/v1/events"]


def test_when_stripe_no_longer_tells_everything_counts_as_changed(api: ApiSession, bookmarks: Bookmarks) -> None:
    long_ago = {"since": bookmarks[ObjectType.CUSTOMER]["since"] - 40 * 86_400, "done": []}
    assert unseen(api, long_ago, change_of("cus_1")) == {"cus_1"}
