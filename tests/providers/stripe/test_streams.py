"""Reading everything of Stripe's, page by page and window by window: nothing lost and nothing doubled."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest

from integrations.providers.base import DetailedStream, SharedStream, SplitStream, SweptStream
from integrations.providers.errors import Invalid, NotFound, PermissionMissing, Transient
from integrations.providers.http import ApiSession
from integrations.providers.stripe.streams import STREAMS, objects
from integrations.providers.types import ExternalRecord, ObjectType, Page, Position, ReadScope
from tests.provider_sandbox import Sandbox
from tests.providers.stripe.conftest import Account, over
from tests.providers.stripe.reading import KINDS, ids, known, newest, plain, read, stored
from tests.providers.wire import answer, wire

SPLIT = [each for each in KINDS if each is not ObjectType.PRODUCT]
SALES = [each for each in SPLIT if each is not ObjectType.CUSTOMER]
Truth = Callable[[str], dict[str, dict[str, Any]]]
each_object = pytest.mark.parametrize("object_type", KINDS)


def splitting(object_type: ObjectType) -> SplitStream:
    stream = STREAMS[object_type]
    assert isinstance(stream, SplitStream)
    return stream


def test_what_a_stream_can_do_is_there_and_nothing_else() -> None:
    assert {each for each, stream in STREAMS.items() if isinstance(stream, SplitStream)} == set(SPLIT)
    assert {each for each, stream in STREAMS.items() if isinstance(stream, SharedStream)} == set(KINDS)
    assert {each for each, stream in STREAMS.items() if isinstance(stream, SweptStream)} == {
        ObjectType.CUSTOMER, ObjectType.PRODUCT, ObjectType.INVOICE,
    }  # fmt: skip
    assert {each for each, stream in STREAMS.items() if isinstance(stream, DetailedStream)} == {
        ObjectType.ORDER, ObjectType.PAYOUT, ObjectType.INVOICE,
    }  # fmt: skip


@each_object
@pytest.mark.parametrize("page_size", [None, 7])
def test_a_full_read_brings_everything_once_as_stripe_shows_it(
    sandbox: Sandbox, api: ApiSession, truth: Truth, object_type: ObjectType, page_size: int | None
) -> None:
    sandbox.ask("POST", "/stripe/settings", {"page_size": page_size})
    pages = read(api, object_type)
    assert len(ids(pages)) == len(set(ids(pages)))
    assert {key: plain(record.raw) for key, record in newest(pages).items()} == known(truth(KINDS[object_type]))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]


@each_object
def test_a_read_goes_on_from_any_page_in_another_process(
    sandbox: Sandbox, api: ApiSession, truth: Truth, object_type: ObjectType
) -> None:
    sandbox.ask("POST", "/stripe/settings", {"page_size": 5})
    position: Position = {}
    found: list[Page] = []
    while not found or not found[-1].last:
        found.append(next(iter(STREAMS[object_type].read(api, stored(position), ReadScope()))))
        position = found[-1].position
    assert sorted(ids(found)) == sorted(known(truth(KINDS[object_type])))


@each_object
def test_the_bookmark_is_five_minutes_before_the_read_began_by_stripes_clock(
    sandbox: Sandbox, api: ApiSession, object_type: ObjectType
) -> None:
    sandbox.ask("POST", "/stripe/settings", {"page_size": 5})
    sandbox.ask("POST", "/clock", {"set": "2027-03-01T12:00:00Z", "freeze": True})
    pages = STREAMS[object_type].read(api, {}, ReadScope())
    first = next(iter(pages))
    sandbox.ask("POST", "/clock", {"advance_seconds": 600})
    through = [first, *pages]
    assert through[-1].position == {"since": int(datetime(2027, 3, 1, 11, 55, tzinfo=UTC).timestamp())}


@pytest.mark.parametrize("object_type", [ObjectType.CUSTOMER, ObjectType.PRODUCT, ObjectType.PAYMENT, ObjectType.ORDER])
def test_what_changes_or_appears_during_a_read_is_seen_by_it_or_by_the_next(
    sandbox: Sandbox, account: Account, api: ApiSession, truth: Truth, object_type: ObjectType
) -> None:
    sandbox.ask("POST", "/stripe/settings", {"page_size": 10})
    pages = iter(STREAMS[object_type].read(api, {}, ReadScope()))
    first = next(pages)
    made = "charges" if object_type is ObjectType.ORDER else KINDS[object_type]
    sandbox.ask("POST", f"/stripe/{account['id']}/change", {made: 8})
    sandbox.ask("POST", f"/stripe/{account['id']}/create", {made: 3})
    through = [first, *pages]
    through += read(api, object_type, through[-1].position)
    found = {key: plain(record.raw) for key, record in newest(through).items() if not record.deleted}
    assert found == known(truth(KINDS[object_type]))


def test_a_read_goes_on_where_the_object_it_stood_at_was_deleted(
    sandbox: Sandbox, account: Account, api: ApiSession, truth: Truth
) -> None:
    sandbox.ask("POST", "/stripe/settings", {"page_size": 10})
    pages = iter(STREAMS[ObjectType.CUSTOMER].read(api, {}, ReadScope()))
    first = next(pages)
    sandbox.ask("POST", f"/stripe/{account['id']}/delete", {"customers": 40})
    left = set(known(truth("customers")))
    assert first.records[-1].id not in left
    assert left - set(ids([first])) <= set(ids(list(pages)))


@pytest.mark.parametrize("refusal", [("404 No", "id"), ("400 No", "starting_after")])
def test_a_place_that_stripe_does_not_know_any_more_is_found_again_by_its_time(refusal: tuple[str, str]) -> None:
    status, param = refusal
    gone = answer(orjson.dumps({"error": {"code": "resource_missing", "param": param}}), status=status)
    rest = answer(orjson.dumps({"data": [{"id": "cus_1", "created": 69}], "has_more": False}))
    window = {"started": 900, "from": 5, "to": None, "floor": 5, "after": "cus_2", "at": 70}
    with wire(gone, rest) as server:
        (page,) = read(over(server.url), ObjectType.CUSTOMER, {"reading": window})
    assert (ids([page]), page.position) == (["cus_1"], {"since": 600})
    assert server.requests[1].split(b" ")[1] == b"/v1/customers?created%5Bgte%5D=5&created%5Blt%5D=71&limit=100"


@pytest.mark.parametrize("object_type", SPLIT)
def test_windows_read_apart_bring_everything_once(
    sandbox: Sandbox, api: ApiSession, truth: Truth, object_type: ObjectType
) -> None:
    sandbox.ask("POST", "/stripe/settings", {"page_size": 4})
    stream, chance = splitting(object_type), random.Random(7)
    todo: list[Position] = [{}]
    found: list[Page] = []
    ends: list[Position] = []
    cuts = 0
    while todo:
        page = next(iter(stream.read(api, stored(todo.pop(chance.randrange(len(todo)))), ReadScope())))
        found.append(page)
        if page.last:
            ends.append(page.position)
            continue
        halves = stream.split(page.position) if not cuts or chance.random() < 0.7 else None
        cuts += halves is not None
        todo += list(halves) if halves else [page.position]
    assert sorted(ids(found)) == sorted(known(truth(KINDS[object_type])))
    assert cuts > 0
    assert [stream.joined(ends)] * len(ends) == ends


def test_a_window_is_cut_in_the_middle_of_what_is_left() -> None:
    window = {"started": 10_000_000, "from": None, "to": None, "floor": 1_000_000, "after": "cus_9", "at": 9_000_000}
    newer, older = splitting(ObjectType.CUSTOMER).split({"reading": window}) or ({}, {})
    assert newer == {"reading": {**window, "from": 5_000_000}}
    assert older == {"reading": {**window, "to": 5_000_000, "after": None, "at": None}}
    again = splitting(ObjectType.CUSTOMER).split({"reading": {**newer["reading"], "at": 5_003_599}})
    assert again is None  # less than an hour


@pytest.mark.parametrize(
    "position",
    [
        {},
        {"since": 1, "done": []},
        {"reading": {"started": 9, "from": 1, "to": 10**9, "floor": 1, "after": None, "at": None}},
        {"reading": {"started": 9, "from": None, "to": None, "floor": 10**9, "after": "cus_1", "at": 5}},
    ],
    ids=["a beginning", "a bookmark", "a window not begun", "a floor that is no floor"],
)
def test_what_is_not_worth_a_window_is_not_cut(position: Position) -> None:
    assert splitting(ObjectType.PAYMENT).split(position) is None


def test_an_empty_window_costs_one_call(sandbox: Sandbox, api: ApiSession) -> None:
    window = {"started": 2_000_000_000, "from": 1, "to": 2, "floor": 1, "after": None, "at": None}
    sandbox.clear_log()
    (page,) = read(api, ObjectType.PAYMENT, {"reading": window})
    assert (page.records, page.last, page.position, sandbox.calls()) == ([], True, {"since": 1_999_999_700}, 1)


@pytest.mark.parametrize("object_type", KINDS)
def test_a_venues_first_day_bounds_sales_but_not_people_and_products(
    api: ApiSession, truth: Truth, object_type: ObjectType
) -> None:
    everything = known(truth(KINDS[object_type]))
    made = sorted(datetime.fromtimestamp(raw["created"], UTC) for raw in everything.values())
    begin: date = made[len(made) // 2].date()
    found = read(api, object_type, scope=ReadScope(begin=begin))
    if object_type in SALES:
        whole_day = {key for key, raw in everything.items() if raw["created"] >= _midnight(begin)}
        assert whole_day <= set(ids(found)) < set(everything)
    else:
        assert set(ids(found)) == set(everything)


def _midnight(day: date) -> float:
    return datetime.combine(day, datetime.min.time(), UTC).timestamp()


def test_a_venue_ahead_of_greenwich_loses_nothing_of_its_first_day() -> None:
    with wire(answer(b'{"data": []}')) as server:
        read(over(server.url), ObjectType.PAYMENT, scope=ReadScope(begin=date(2026, 3, 1)))
    assert f"created%5Bgte%5D={1772323200 - 14 * 3600}".encode() in server.requests[0]


def test_the_accounts_age_is_where_windows_are_cut_but_never_a_bound() -> None:
    body = {"data": [{"id": "cus_2", "created": 1_700_000_000}], "has_more": True}
    with wire(answer(orjson.dumps(body))) as server:
        page = next(iter(STREAMS[ObjectType.CUSTOMER].read(over(server.url, created=1_690_000_000), {}, ReadScope())))
    assert (page.position["reading"]["floor"], page.position["reading"]["from"]) == (1_690_000_000, None)
    assert b"created" not in server.requests[0].split(b"\r\n")[0]


def test_products_come_with_all_their_prices_that_are_listed_but_once(
    sandbox: Sandbox, api: ApiSession, truth: Truth
) -> None:
    sandbox.clear_log()
    found = newest(read(api, ObjectType.PRODUCT))
    prices = truth("prices")
    assert {price["id"] for record in found.values() for price in record.raw["prices"]} == set(prices)
    assert all(price["product"] == key for key, record in found.items() for price in record.raw["prices"])
    assert sandbox.calls() == 2


def test_prices_that_are_too_many_to_hold_are_asked_for_product_by_product(
    sandbox: Sandbox, api: ApiSession, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = newest(read(api, ObjectType.PRODUCT))
    monkeypatch.setattr(objects, "_MOST_PRICES", 3)
    again = newest(read(api, ObjectType.PRODUCT))
    assert {key: record.raw for key, record in again.items()} == {key: record.raw for key, record in before.items()}


def test_only_baskets_that_were_bought_are_orders(api: ApiSession, truth: Truth) -> None:
    states = {raw["status"] for raw in truth("checkout_sessions").values()}
    assert {record.raw["status"] for record in newest(read(api, ObjectType.ORDER)).values()} == {"complete"}
    assert states >= {"complete"}


def test_payments_and_refunds_bring_their_fees_without_a_call_for_each(sandbox: Sandbox, api: ApiSession) -> None:
    sandbox.clear_log()
    for object_type in (ObjectType.PAYMENT, ObjectType.REFUND):
        stream = STREAMS[object_type]
        paid = [each for each in newest(read(api, object_type)).values() if each.raw["status"] == "succeeded"]
        assert paid
        assert all("balance_transaction.net" in stream.values(each.raw) for each in paid)
    assert sandbox.calls() <= 3


def test_a_payout_is_completed_with_entries_that_add_up_to_it(api: ApiSession) -> None:
    stream = STREAMS[ObjectType.PAYOUT]
    assert isinstance(stream, DetailedStream)
    paid = [each for each in newest(read(api, ObjectType.PAYOUT)).values() if each.raw["automatic"]]
    assert len(paid) > 3
    for record in paid[:10]:
        values = stream.values(stream.complete(api, record).raw)
        assert sum(entry["net"].minor for entry in values["entries"]) == values["amount"].minor


def test_stripe_is_not_asked_what_a_payout_made_by_hand_consists_of() -> None:
    stream = STREAMS[ObjectType.PAYOUT]
    assert isinstance(stream, DetailedStream)
    by_hand = ExternalRecord("po_1", {"id": "po_1", "automatic": False})
    with wire(answer(b"{}")) as server:
        assert stream.complete(over(server.url), by_hand) is by_hand
    assert server.requests == []


@pytest.mark.parametrize(
    ("object_type", "part", "path"),
    [
        (ObjectType.ORDER, "line_items", "/v1/checkout/sessions/x_1/line_items"),
        (ObjectType.INVOICE, "lines", "/v1/invoices/x_1/lines"),
    ],
)
def test_more_lines_than_are_shown_are_fetched(object_type: ObjectType, part: str, path: str) -> None:
    stream = STREAMS[object_type]
    assert isinstance(stream, DetailedStream)
    short = ExternalRecord("x_1", {"id": "x_1", part: {"data": [{"id": "li_1"}], "has_more": False}})
    cut = ExternalRecord("x_1", {"id": "x_1", part: {"data": [{"id": "li_1"}], "has_more": True}}, version="7")
    replies = [
        answer(orjson.dumps({"data": [{"id": "li_1"}], "has_more": True})),
        answer(orjson.dumps({"data": [{"id": "li_2"}], "has_more": False})),
    ]
    with wire(*replies) as server:
        assert stream.complete(over(server.url), short) is short
        whole = stream.complete(over(server.url), cut)
    assert whole == ExternalRecord(
        "x_1", cut.raw | {f"all_{part}": [{"id": "li_1"}, {"id": "li_2"}]}, version="7"
    )  # fmt: skip
    assert [request.split(b" ")[1].decode() for request in server.requests] == [
        f"{path}?limit=100", f"{path}?starting_after=li_1&limit=100",
    ]  # fmt: skip


@pytest.mark.parametrize("object_type", [ObjectType.CUSTOMER, ObjectType.PRODUCT])
def test_stripe_confirms_one_by_one_what_is_gone(
    sandbox: Sandbox, account: Account, api: ApiSession, truth: Truth, object_type: ObjectType
) -> None:
    stream, kind = STREAMS[object_type], KINDS[object_type]
    assert isinstance(stream, SweptStream)
    if object_type is ObjectType.PRODUCT:  # only those without prices can be deleted
        sandbox.ask("POST", f"/stripe/{account['id']}/create", {kind: 1})
    (gone,) = sandbox.ask("POST", f"/stripe/{account['id']}/delete", {kind: 1})[kind]
    there = next(iter(known(truth(kind))))
    sandbox.clear_log()
    assert [stream.gone(api, [each]) for each in (gone, there, "x_never/was")] == [[gone], [], ["x_never/was"]]
    assert (sandbox.calls(), stream.sweep_size) == (3, 1)


@each_object
def test_a_missing_permission_is_told_by_its_name(
    sandbox: Sandbox, account: Account, api: ApiSession, object_type: ObjectType
) -> None:
    scope = STREAMS[object_type].scope
    sandbox.ask("POST", f"/stripe/{account['id']}/tokens", {"action": "drop_scope", "scope": scope})
    with pytest.raises(PermissionMissing) as met:
        read(api, object_type)
    assert met.value.scope == scope


@each_object
def test_a_list_that_leads_back_to_itself_ends_the_read(object_type: ObjectType) -> None:
    body = orjson.dumps({"data": [{"id": "x_1", "created": 5, "product": "p"}], "has_more": True})
    with wire(answer(body)) as server, pytest.raises(Transient) as met:
        read(over(server.url), object_type)
    assert met.value.code == "cursor_loop"


@pytest.mark.parametrize(
    "body", [b"{}", b'{"data": {}}', b'{"data": [7]}', b'{"data": [{}]}', b'{"data": [{"id": ""}]}']
)
def test_a_list_that_is_none_is_a_broken_answer_not_an_empty_one(body: bytes) -> None:
    with wire(answer(body)) as server, pytest.raises(Transient) as met:
        read(over(server.url), ObjectType.CUSTOMER)
    assert met.value.code == "unreadable"


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (answer(b'{"error": {"param": "limit"}}', status="400 No"), Invalid),
        (answer(b"{}", status="404 No"), NotFound),
    ],
)
def test_a_first_page_that_is_refused_is_not_asked_for_again(refusal: bytes, kind: type[Exception]) -> None:
    with wire(refusal) as server, pytest.raises(kind):
        read(over(server.url), ObjectType.CUSTOMER)
    assert len(server.requests) == 1
