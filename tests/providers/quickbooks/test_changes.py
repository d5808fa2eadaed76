"""What changed since a bookmark: one call for all streams of a turn, and nothing lost where one call cannot tell."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from integrations.providers import http
from integrations.providers.base import SharedStream
from integrations.providers.errors import BookmarkExpired, Transient
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import client, queries
from integrations.providers.quickbooks.reading import text
from integrations.providers.quickbooks.streams import STREAMS
from integrations.providers.types import ExternalRecord, ObjectType, Page, Position, ReadScope
from tests.provider_sandbox import Sandbox
from tests.providers.quickbooks.conftest import PAGED, SHARED, Company, act, open_company, opened, truth
from tests.providers.wire import Reply, answer, wire

MANY = 1005
Bookmarks = dict[ObjectType, Position]


def read_all(company: Company) -> Bookmarks:
    """Read every stream that shares its changes, and return the bookmarks."""
    return {each: list(STREAMS[each].read(opened(company), {}, ReadScope()))[-1].position for each in SHARED}


def turn(api: ApiSession, bookmarks: Bookmarks) -> dict[ObjectType, list[Page]]:
    """Read what changed, in one turn, as the runner does."""
    scope = ReadScope(beside=bookmarks)
    return {each: list(STREAMS[each].read(api, position, scope)) for each, position in bookmarks.items()}


def records(pages: list[Page]) -> list[ExternalRecord]:
    return [record for page in pages for record in page.records]


def ago(**time: float) -> Position:
    return {"since": text(datetime.now(UTC) - timedelta(**time))}


@pytest.fixture
def bookmarks(books: Sandbox, company: Company) -> Bookmarks:
    found = read_all(company)
    books.ask("POST", "/clock", {"advance_seconds": 600})
    books.clear_log()
    return found


def test_an_idle_round_of_all_streams_is_one_call(books: Sandbox, company: Company, bookmarks: Bookmarks) -> None:
    found = turn(opened(company), bookmarks)
    assert books.calls() == 1
    assert all(records(pages) == [] and [page.last for page in pages] == [True] for pages in found.values())


def test_the_streams_that_share_their_changes_say_so(company: Company) -> None:
    assert all(isinstance(STREAMS[each], SharedStream) and STREAMS[each].shares == "cdc" for each in SHARED)
    assert not isinstance(STREAMS[ObjectType.TAX_CODE], SharedStream)


@pytest.mark.parametrize("object_type", PAGED)
def test_every_stream_of_a_turn_gets_its_own_changes_from_the_one_call(
    books: Sandbox, company: Company, bookmarks: Bookmarks, object_type: ObjectType
) -> None:
    kinds = {queries.ENTITIES[each]: 3 for each in PAGED}
    edited = act(books, company, "change", **kinds)
    made = act(books, company, "create", **kinds)
    api = opened(company)
    books.clear_log()
    found = {record.id for record in records(turn(api, bookmarks)[object_type])}
    kind, known = queries.ENTITIES[object_type], truth(books, company, object_type)
    assert {*edited[kind], *made[kind]} & known.keys() <= found
    assert books.calls() == 1


def test_what_is_not_fetched_from_memory_is_not_kept_for_another_turn(company: Company, bookmarks: Bookmarks) -> None:
    api = opened(company)
    turn(api, bookmarks)
    assert api.memory["quickbooks changes"] == {}


def test_the_next_bookmarks_are_two_minutes_before_the_answer_and_see_what_comes_after(
    books: Sandbox, company: Company, bookmarks: Bookmarks
) -> None:
    found = {each: pages[-1].position for each, pages in turn(opened(company), bookmarks).items()}
    assert len({position["since"] for position in found.values()}) == 1
    assert found[ObjectType.CUSTOMER]["since"] > bookmarks[ObjectType.CUSTOMER]["since"]
    edited = act(books, company, "change", Customer=2)["Customer"]
    assert {each.id for each in records(turn(opened(company), found)[ObjectType.CUSTOMER])} >= set(edited)


def test_deleted_invoices_come_as_stubs_and_inactive_customers_as_they_are(
    books: Sandbox, company: Company, bookmarks: Bookmarks
) -> None:
    gone = act(books, company, "delete", Invoice=2, Customer=1, Item=1)
    found = turn(opened(company), bookmarks)
    deleted = [each for each in records(found[ObjectType.INVOICE]) if each.deleted]
    assert sorted(each.id for each in deleted) == sorted(gone["Invoice"])
    assert all(each.updated_at is not None for each in deleted)
    for object_type, kind in ((ObjectType.CUSTOMER, "Customer"), (ObjectType.PRODUCT, "Item")):
        away = [each for each in records(found[object_type]) if each.id in gone[kind]]
        assert [(each.deleted, each.raw["Active"]) for each in away] == [(False, False)]


def test_the_earliest_bookmark_of_the_turn_decides_and_nothing_falls_between(
    books: Sandbox, company: Company, bookmarks: Bookmarks
) -> None:
    edited = act(books, company, "change", Invoice=2)["Invoice"]
    books.ask("POST", "/clock", {"advance_seconds": 900})
    later = bookmarks | {ObjectType.CUSTOMER: read_all(company)[ObjectType.CUSTOMER]}
    books.clear_log()
    found = turn(opened(company), later)
    assert {each.id for each in records(found[ObjectType.INVOICE])} >= set(edited)
    assert books.calls() == 1


def test_a_stream_works_alone(books: Sandbox, company: Company, bookmarks: Bookmarks) -> None:
    edited = act(books, company, "change", Customer=2)["Customer"]
    books.clear_log()
    pages = list(STREAMS[ObjectType.CUSTOMER].read(opened(company), bookmarks[ObjectType.CUSTOMER], ReadScope()))
    assert {each.id for each in records(pages)} >= set(edited)
    assert books.calls() == 1


def test_a_stream_does_not_use_what_was_asked_for_a_later_bookmark(company: Company, bookmarks: Bookmarks) -> None:
    api = opened(company)
    customer, invoice = STREAMS[ObjectType.CUSTOMER], STREAMS[ObjectType.INVOICE]
    list(customer.read(api, ago(minutes=1), ReadScope(beside={ObjectType.INVOICE: ago(minutes=1)})))
    (page,) = invoice.read(api, ago(days=28), ReadScope())
    assert page.records


@pytest.mark.parametrize("position", [{}, {"reading": {"rows": 1000}}, {"windows": {}, "ends": []}, ago(days=40)])
def test_a_stream_that_reads_otherwise_does_not_change_the_call_of_the_others(position: Position) -> None:
    with wire(told()) as server:
        api = over(server.url)
        list(STREAMS[ObjectType.CUSTOMER].read(api, ago(days=2), ReadScope(beside={ObjectType.INVOICE: position})))
    assert b"entities=Customer&" in server.requests[0]


@pytest.mark.parametrize("object_type", SHARED)
def test_a_bookmark_of_more_than_29_days_ago_is_expired_before_anybody_is_asked(object_type: ObjectType) -> None:
    with pytest.raises(BookmarkExpired, match="thirty days") as met:
        list(STREAMS[object_type].read(over("http://127.0.0.1:9"), ago(days=29, minutes=1), ReadScope()))
    assert str(met.value).endswith(".")


def test_a_bookmark_that_is_too_old_by_their_clock_is_expired(
    books: Sandbox, company: Company, bookmarks: Bookmarks
) -> None:
    books.ask("POST", "/clock", {"advance_seconds": 31 * 86_400})
    fresh = books.ask("POST", f"/quickbooks/{company['id']}/tokens", {"action": "grant"})
    api = opened(company | {"credentials": fresh.get("credentials", fresh)})
    with pytest.raises(BookmarkExpired):
        list(STREAMS[ObjectType.CUSTOMER].read(api, bookmarks[ObjectType.CUSTOMER], ReadScope()))


def test_more_names_than_one_answer_holds_are_read_by_query_from_the_bookmark_on(books: Sandbox) -> None:
    company = open_company(books, Customer=1200, Invoice=0)
    bookmark = list(STREAMS[ObjectType.CUSTOMER].read(opened(company), {}, ReadScope()))[-1].position
    books.ask("POST", "/clock", {"advance_seconds": 600})
    edited = act(books, company, "change", Customer=MANY)["Customer"]
    books.clear_log()
    pages = list(STREAMS[ObjectType.CUSTOMER].read(opened(company), bookmark, ReadScope()))
    assert sorted(each.id for each in records(pages)) == sorted(edited)
    assert pages[0].position["since"] == bookmark["since"]
    assert pages[-1].position.keys() == {"since"}
    assert books.calls() == 3


def test_more_sales_than_one_answer_holds_are_all_read_again(books: Sandbox) -> None:
    company = open_company(books, Customer=40, Invoice=1200)
    bookmark = ago(minutes=5)
    act(books, company, "change", Invoice=MANY)
    with pytest.raises(BookmarkExpired, match="deleted"):
        list(STREAMS[ObjectType.INVOICE].read(opened(company), bookmark, ReadScope()))


def test_a_thousand_changes_of_all_streams_together_make_each_ask_for_itself() -> None:
    both = told(Customer=many("Customer", 600), Item=many("Item", 400))
    beside = {ObjectType.CUSTOMER: ago(days=1), ObjectType.PRODUCT: ago(days=2), ObjectType.INVOICE: ago(days=3)}
    replies = [both, told(Customer=many("Customer", 600)), told(Item=many("Item", 700)), told()]
    with wire(*replies) as server:
        found = turn(over(server.url), beside)
    assert [len(records(pages)) for pages in found.values()] == [600, 700, 0]
    asked = [request.split(b"entities=")[1].split(b"&")[0] for request in server.requests]
    assert asked == [b"Customer%2CInvoice%2CItem", b"Customer", b"Item", b"Invoice"]


def test_an_answer_too_large_to_be_taken_makes_each_ask_for_itself(
    books: Sandbox, company: Company, bookmarks: Bookmarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = act(books, company, "change", Customer=30, Invoice=30)
    monkeypatch.setattr(http, "MAX_BYTES", 50_000)
    monkeypatch.setattr(http, "_TRIES", 1)
    two = {each: bookmarks[each] for each in (ObjectType.CUSTOMER, ObjectType.INVOICE)}
    api = opened(company)
    customers = records(list(STREAMS[ObjectType.CUSTOMER].read(api, two[ObjectType.CUSTOMER], ReadScope(beside=two))))
    assert {each.id for each in customers} >= set(edited["Customer"])


def test_a_time_is_sent_with_its_offset() -> None:
    with wire(told()) as server:
        list(STREAMS[ObjectType.CUSTOMER].read(over(server.url), ago(days=2), ReadScope()))
    assert server.requests[0].split(b"changedSince=")[1].split(b"&")[0].endswith(b"%2B00%3A00")


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"CDCResponse": 7}', b'{"CDCResponse": [7]}', b'{"CDCResponse": [{"QueryResponse": [7]}]}',
     b'{"CDCResponse": [{"QueryResponse": [{"Customer": 7}]}]}',
     b'{"CDCResponse": [{"QueryResponse": [{"Customer": ["x"]}]}]}'],
)  # fmt: skip
def test_changes_in_an_unknown_shape_are_no_answer(body: bytes) -> None:
    with wire(answer(body)) as server, pytest.raises(Transient) as met:
        list(STREAMS[ObjectType.CUSTOMER].read(over(server.url), ago(days=2), ReadScope()))
    assert met.value.code == "unreadable"


def test_changes_of_which_a_part_failed_are_no_answer() -> None:
    fault = {"Fault": {"Error": [{"code": "10000", "Message": "An application error"}]}}
    body = {"CDCResponse": [{"QueryResponse": [{"Item": []}, fault]}]}
    with wire(answer(orjson.dumps(body))) as server, pytest.raises(Transient) as met:
        list(STREAMS[ObjectType.CUSTOMER].read(over(server.url), ago(days=2), ReadScope()))
    assert met.value.code == "partial_changes"


def over(url: str) -> ApiSession:
    return ApiSession(base_url=url, headers={}, classify=client.classify)


def many(entity: str, count: int) -> list[dict[str, Any]]:
    return [{"Id": f"{number}", "SyncToken": "1", "Name": entity} for number in range(count)]


def told(**lists: list[dict[str, Any]]) -> Reply:
    """An answer with these changes."""
    inner = [{entity: listed, "startPosition": 1, "maxResults": len(listed)} for entity, listed in lists.items()]
    body = {"CDCResponse": [{"QueryResponse": inner or [{}]}], "time": datetime.now(UTC).isoformat()}
    return answer(orjson.dumps(body))
