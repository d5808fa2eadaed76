"""Reading QuickBooks by query: nothing lost and nothing doubled, however it is cut and whatever happens meanwhile."""

from typing import Any

import orjson
import pytest

from integrations.providers import http
from integrations.providers.base import SplitStream
from integrations.providers.errors import Transient
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import client, queries, reading
from integrations.providers.quickbooks.streams import STREAMS
from integrations.providers.types import ExternalRecord, ObjectType, Page, Position, ReadScope
from tests.provider_sandbox import Sandbox
from tests.providers.quickbooks.conftest import PAGED, QUICKBOOKS, Company, act, open_company, opened, truth
from tests.providers.wire import Reply, answer, wire

each_paged = pytest.mark.parametrize("object_type", PAGED)
each_stream = pytest.mark.parametrize("object_type", list(STREAMS))


def read(
    api: ApiSession, object_type: ObjectType, position: Position | None = None, scope: ReadScope | None = None
) -> list[Page]:
    return list(STREAMS[object_type].read(api, position or {}, scope or ReadScope()))


def ids(pages: list[Page]) -> list[str]:
    return [record.id for page in pages for record in page.records if not record.deleted]


def pages_of(books: Sandbox, size: int) -> None:
    books.ask("POST", "/quickbooks/settings", {"page_size": size})


def stored(position: Position) -> Position:
    """The position as another process gets it."""
    found: Position = orjson.loads(orjson.dumps(position))
    return found


@each_stream
def test_a_full_read_brings_every_record_once_the_inactive_ones_too(
    books: Sandbox, company: Company, api: ApiSession, object_type: ObjectType
) -> None:
    pages = read(api, object_type)
    assert sorted(ids(pages)) == sorted(truth(books, company, object_type))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[-1].position.keys() == {"since"}


@each_paged
def test_short_pages_do_not_end_a_read(
    books: Sandbox, company: Company, api: ApiSession, object_type: ObjectType
) -> None:
    pages_of(books, 7)
    found = ids(read(api, object_type))
    assert len(found) == len(set(found))
    assert set(found) == set(truth(books, company, object_type))


@each_paged
def test_a_read_goes_on_from_any_page_in_another_process(
    books: Sandbox, company: Company, api: ApiSession, object_type: ObjectType
) -> None:
    pages_of(books, 7)
    found, position = list[str](), Position()
    while position.keys() != {"since"}:
        page = next(STREAMS[object_type].read(opened(company), position, ReadScope()))
        found, position = found + ids([page]), stored(page.position)
    assert sorted(found) == sorted(truth(books, company, object_type))


@each_paged
def test_what_changes_or_appears_during_a_read_is_seen_by_it_or_by_the_next(
    books: Sandbox, company: Company, api: ApiSession, object_type: ObjectType
) -> None:
    pages_of(books, 10)
    kind, newest = queries.ENTITIES[object_type], dict[str, ExternalRecord]()
    pages = STREAMS[object_type].read(api, {}, ReadScope())
    first = next(pages)
    act(books, company, "change", **{kind: 8})
    act(books, company, "create", **{kind: 3})
    act(books, company, "delete", **{kind: 2})
    through = [first, *pages]
    for page in [*through, *read(opened(company), object_type, through[-1].position)]:
        newest |= {record.id: record for record in page.records}
    known = {key: each.raw["SyncToken"] for key, each in newest.items() if not each.deleted}
    told = truth(books, company, object_type)
    assert known == {key: each["SyncToken"] for key, each in told.items() if not each.get("is_deleted")}


def test_a_record_that_a_lagging_query_hides_is_in_the_next_read(
    books: Sandbox, company: Company, api: ApiSession
) -> None:
    books.ask("POST", "/quickbooks/settings", {"lag_seconds": 60})
    made = set(act(books, company, "create", Customer=3)["Customer"])
    through = read(api, ObjectType.CUSTOMER)
    assert not made & set(ids(through))
    books.ask("POST", "/clock", {"advance_seconds": 61})
    assert made <= set(ids(read(opened(company), ObjectType.CUSTOMER, through[-1].position)))


@pytest.mark.parametrize("moves", [0, 1, 5])
def test_records_that_changed_in_one_moment_are_all_read_even_when_some_move_away(books: Sandbox, moves: int) -> None:
    company = open_company(books, Customer=1, Invoice=0)
    books.ask("POST", "/clock", {"freeze": True})
    made = act(books, company, "create", Customer=40)["Customer"]
    books.ask("POST", "/clock", {"freeze": False, "advance_seconds": 1800})
    pages_of(books, 12)
    pages = STREAMS[ObjectType.CUSTOMER].read(opened(company), {}, ReadScope())
    found = ids([next(pages)])
    if moves:
        act(books, company, "change", Customer=moves)
    found += ids(list(pages))
    assert set(made) < set(found)
    if not moves:
        assert len(found) == len(made) + 1


def test_the_sale_of_an_earlier_day_is_not_read_but_every_customer_is(
    books: Sandbox, company: Company, api: ApiSession
) -> None:
    day = sorted(each["TxnDate"] for each in truth(books, company, ObjectType.INVOICE).values())[20]
    scope = ReadScope(begin=reading.datetime.fromisoformat(day).date())
    for object_type in (ObjectType.INVOICE, ObjectType.PAYMENT):
        wanted = {key for key, each in truth(books, company, object_type).items() if each["TxnDate"] >= day}
        assert set(ids(read(api, object_type, scope=scope))) == wanted
    assert len(ids(read(api, ObjectType.CUSTOMER, scope=scope))) == 60


def test_categories_are_left_out_and_named_on_what_they_hold(company: Company, api: ApiSession) -> None:
    stream = STREAMS[ObjectType.PRODUCT]
    values = [stream.values(record.raw) for page in read(api, ObjectType.PRODUCT) for record in page.records]
    assert "Category" not in {each["Type"] for each in values}
    assert {each["category"] for each in values} <= {"Tickets", "Bar", "Merchandise"}
    assert all(each["UnitPrice"].currency == "GBP" for each in values)


def test_a_tax_code_comes_with_its_rate(api: ApiSession) -> None:
    stream = STREAMS[ObjectType.TAX_CODE]
    values = [stream.values(record.raw) for page in read(api, ObjectType.TAX_CODE) for record in page.records]
    assert {each["Name"]: each["sales_rate"] for each in values}["20.0% S"] == "20"


def test_tax_codes_rest_for_a_day_and_are_read_whole_then(books: Sandbox, company: Company, api: ApiSession) -> None:
    stream = STREAMS[ObjectType.TAX_CODE]
    first = read(api, ObjectType.TAX_CODE)
    assert stream.rests.days == 1
    assert ids(read(api, ObjectType.TAX_CODE, first[-1].position)) == ids(first)


@pytest.mark.parametrize(
    ("object_type", "rows", "calls"),
    [
        (ObjectType.CUSTOMER, 60, 2),
        (ObjectType.CUSTOMER, 0, 1),
        (ObjectType.CLASS, 60, 2),
        (ObjectType.TAX_CODE, 60, 3),
    ],
    ids=["a page and their number", "nothing", "a page and none behind it", "the same and the rates"],
)
def test_a_small_read_costs_as_few_calls_as_it_can(
    books: Sandbox, object_type: ObjectType, rows: int, calls: int
) -> None:
    company = open_company(books, Customer=rows, Invoice=0)
    read(opened(company), object_type)
    assert books.calls() == calls


def test_a_large_read_says_how_many_there_are_and_asks_for_it_once(books: Sandbox, company: Company) -> None:
    pages_of(books, 20)
    pages = read(opened(company), ObjectType.CUSTOMER)
    assert [page.total for page in pages] == [60, None, None, None]
    assert books.calls() == 5


@each_paged
def test_a_read_that_is_cut_again_and_again_brings_every_record_once(
    books: Sandbox, company: Company, api: ApiSession, object_type: ObjectType
) -> None:
    pages_of(books, 5)
    stream, found, open_windows, ends = STREAMS[object_type], list[str](), [Position()], list[Position]()
    assert isinstance(stream, SplitStream)
    cuts = 0
    while open_windows:
        page = next(stream.read(api, stored(open_windows.pop()), ReadScope()))
        found += ids([page])
        cut = None if page.last else stream.split(page.position)
        cuts += cut is not None
        open_windows += [] if page.last else list(cut or [page.position])
        ends += [page.position] if page.last else []
    assert sorted(found) == sorted(truth(books, company, object_type))
    assert cuts > 1
    assert stream.joined(ends) == ends[0] == ends[-1]


def test_an_empty_window_costs_one_call(books: Sandbox, company: Company, api: ApiSession) -> None:
    window = {
        "started": "2026-01-01T00:00:00+00:00", "from": "2001-01-01T00:00:00+00:00", "to": "2001-02-01T00:00:00+00:00",
        "rows": 1000, "most": 1000, "begin": None,
    }  # fmt: skip
    (page,) = read(api, ObjectType.CUSTOMER, {"reading": window})
    assert (page.records, page.last, page.position) == ([], True, {"since": "2026-01-01T00:00:00+00:00"})
    assert books.calls() == 1


@pytest.mark.parametrize(
    ("changes", "middle"),
    [
        ({}, "2026-06-16T00:00:00+00:00"),
        ({"to": "2026-06-03T00:00:00+00:00"}, "2026-06-02T00:00:00+00:00"),
        ({"to": "2026-06-01T00:50:00+00:00"}, None),
        ({"span": 86_400 * 40}, None),
    ],
    ids=["open end", "closed end", "less than an hour", "likely less than a page"],
)
def test_a_window_is_cut_in_the_middle_of_the_time_that_is_left_when_it_is_worth_a_call(
    changes: dict[str, Any], middle: str | None
) -> None:
    stands = {"at": "2026-06-01T00:00:00+00:00", "met": 1, "last": "7", "span": 86_400, "rows": 1000, "most": 1000}
    whole = stands | {"started": "2026-07-01T00:00:00+00:00", "begin": "2026-01-01"} | changes
    stream = STREAMS[ObjectType.INVOICE]
    assert isinstance(stream, SplitStream)
    cut = stream.split({"since": "2026-05-01T00:00:00+00:00", "reading": whole})
    if middle is None:
        assert cut is None
        return
    assert cut is not None
    kept, given = cut
    assert kept == {"since": "2026-05-01T00:00:00+00:00", "reading": whole | {"to": middle}}
    assert given["reading"] == {
        "started": "2026-07-01T00:00:00+00:00", "begin": "2026-01-01", "rows": 1000, "most": 1000, "from": middle,
        "to": changes.get("to"),
    }  # fmt: skip


@pytest.mark.parametrize("position", [{}, {"since": "2026-05-01T00:00:00+00:00"}, {"reading": {"rows": 1000}}])
def test_what_has_not_begun_cannot_be_cut(position: Position) -> None:
    stream = STREAMS[ObjectType.CUSTOMER]
    assert isinstance(stream, SplitStream)
    assert stream.split(position) is None


def test_windows_join_at_the_earliest_of_their_ends() -> None:
    stream = STREAMS[ObjectType.CUSTOMER]
    assert isinstance(stream, SplitStream)
    ends = [{"since": "2026-05-01T10:00:00+00:00"}, {"since": "2026-05-01T11:30:00+02:00"}]
    assert stream.joined(ends) == ends[1]


def test_the_provider_confirms_which_invoices_are_gone(books: Sandbox, company: Company, api: ApiSession) -> None:
    gone = act(books, company, "delete", Invoice=2)["Invoice"]
    there = [key for key, each in truth(books, company, ObjectType.INVOICE).items() if not each.get("is_deleted")][:20]
    assert STREAMS[ObjectType.INVOICE].gone(api, [*there, *gone, "9999999"]) == [*gone, "9999999"]
    pages_of(books, 3)
    assert STREAMS[ObjectType.INVOICE].gone(api, [*there, *gone]) == gone


@pytest.mark.parametrize(("asked", "calls"), [("there", 1), ("gone", 1), ("both", 2)])
def test_confirming_costs_one_call_unless_some_are_there_and_some_are_not(
    books: Sandbox, company: Company, api: ApiSession, asked: str, calls: int
) -> None:
    there = list(truth(books, company, ObjectType.CUSTOMER))
    wanted = {"there": there, "gone": ["999999"], "both": [*there, "999999"]}[asked]
    STREAMS[ObjectType.CUSTOMER].gone(api, wanted)
    assert books.calls() == calls


def test_an_inactive_customer_is_not_gone_and_not_deleted(books: Sandbox, company: Company, api: ApiSession) -> None:
    (away,) = act(books, company, "delete", Customer=1)["Customer"]
    assert STREAMS[ObjectType.CUSTOMER].gone(api, [away]) == []
    records = [each for page in read(api, ObjectType.CUSTOMER) for each in page.records if each.id == away]
    assert [(each.deleted, each.raw["Active"]) for each in records] == [(False, False)]


def test_an_answer_that_would_be_too_large_is_asked_for_in_smaller_pages(
    books: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = open_company(books, Customer=300)
    monkeypatch.setattr(http, "MAX_BYTES", 80_000)
    monkeypatch.setattr(http, "_TRIES", 1)
    found = ids(read(opened(company), ObjectType.CUSTOMER))
    assert sorted(found) == sorted(truth(books, company, ObjectType.CUSTOMER))


def test_a_version_is_the_sync_token_and_a_time_is_utc(company: Company, api: ApiSession) -> None:
    for record in read(api, ObjectType.INVOICE)[0].records:
        assert record.version == record.raw["SyncToken"]
        assert record.version.isdigit()
        assert record.updated_at is not None
        assert record.updated_at.utcoffset() == reading.timedelta(0)


def test_every_read_is_counted_by_intuit_as_taking_data_out(company: Company, api: ApiSession) -> None:
    for object_type in STREAMS:
        read(api, object_type)
    assert api.meter.seen().calls.keys() == {"coreplus"}


def over(url: str, **account: str) -> ApiSession:
    return ApiSession(base_url=url, headers={}, classify=client.classify, account=account)


def rows(entity: str, *listed: Any, **more: Any) -> Reply:
    return answer(orjson.dumps({"QueryResponse": {entity: list(listed)}, "time": "2026-07-01T12:00:00-07:00"} | more))


def changed(number: Any, at: str = "2026-06-01T12:00:00-07:00", **more: Any) -> dict[str, Any]:
    return {"Id": number, "SyncToken": "0", "MetaData": {"LastUpdatedTime": at}} | more


@each_paged
def test_a_page_that_leads_back_to_itself_ends_the_read(object_type: ObjectType) -> None:
    reply = rows(queries.ENTITIES[object_type], changed("1"), changed("2"))
    with wire(reply) as server, pytest.raises(Transient) as met:
        read(over(server.url), object_type)
    assert met.value.code == "cursor_loop"
    assert len(server.requests) < 50


def test_an_order_that_never_settles_ends_the_read() -> None:
    replies = [rows("PaymentMethod", changed(f"{number}"), changed(f"{number + 1}")) for number in range(0, 200, 2)]
    with wire(*replies) as server, pytest.raises(Transient) as met:
        read(over(server.url), ObjectType.PAYMENT_METHOD)
    assert met.value.code == "cursor_loop"
    assert len(server.requests) < 80


@pytest.mark.parametrize(
    "listed", [[{"DisplayName": "nobody"}], [{"Id": None}], [{"Id": 7}], ["text"], [None], 7, "text", {"Id": "1"}]
)
def test_a_page_in_an_unknown_shape_is_no_answer(listed: Any) -> None:
    reply = answer(orjson.dumps({"QueryResponse": {"Customer": listed}}))
    with wire(reply) as server, pytest.raises(Transient) as met:
        read(over(server.url), ObjectType.CUSTOMER)
    assert met.value.code == "unreadable"


@pytest.mark.parametrize("body", [b"{}", b'{"QueryResponse": 7}', b'{"Customer": []}'])
def test_an_answer_to_something_else_is_no_answer(body: bytes) -> None:
    with wire(answer(body)) as server, pytest.raises(Transient) as met:
        read(over(server.url), ObjectType.CUSTOMER)
    assert met.value.code == "unreadable"


def test_a_fault_inside_a_good_answer_is_a_fault() -> None:
    fault = {"Fault": {"Error": [{"code": "10000", "Message": "An application error"}], "type": "SystemFault"}}
    with wire(answer(orjson.dumps(fault))) as server, pytest.raises(Transient) as met:
        read(over(server.url), ObjectType.CUSTOMER)
    assert met.value.code == "10000"


def test_an_amount_that_names_no_currency_gets_the_company_s_own_beside_it() -> None:
    listed = [changed("1"), changed("2", CurrencyRef={"value": "USD"})]
    with wire(rows("Invoice", *listed), answer(b'{"QueryResponse": {"totalCount": 2}}')) as server:
        (page,) = read(over(server.url, currency="CAD"), ObjectType.INVOICE)
    assert [record.raw.get("home_currency") for record in page.records] == ["CAD", None]


def test_the_next_bookmark_is_two_minutes_before_the_read_began_by_their_clock() -> None:
    with wire(rows("Customer")) as server:
        (page,) = read(over(server.url), ObjectType.CUSTOMER)
    assert page.position == {"since": "2026-07-01T18:58:00+00:00"}
    empty = answer(b'{"QueryResponse": {}}', Date="Sun, 01 Mar 2026 12:00:00 GMT")
    with wire(empty) as server:
        (page,) = read(over(server.url), ObjectType.CUSTOMER)
    assert page.position == {"since": "2026-03-01T11:58:00+00:00"}


def test_a_record_with_an_unreadable_time_does_not_stop_its_page_when_it_is_the_last() -> None:
    listed = [changed("1", "yesterday"), changed("2")]
    with wire(rows("Customer", *listed), answer(b'{"QueryResponse": {"totalCount": 2}}')) as server:
        (page,) = read(over(server.url), ObjectType.CUSTOMER)
    assert [(each.id, each.updated_at is None) for each in page.records] == [("1", True), ("2", False)]


def test_what_goes_into_a_query_is_escaped_and_its_names_are_known() -> None:
    assert queries.literal("O'Hara \\ Sons") == "'O\\'Hara \\\\ Sons'"
    asked = queries.select("Invoice", [("Id", "IN", ["1", "2'"])], order_by="TxnDate", start=5, rows=10)
    assert asked == "SELECT * FROM Invoice WHERE Id IN ('1', '2\\'') ORDERBY TxnDate STARTPOSITION 5 MAXRESULTS 10"
    assert queries.count("Customer", [("Active", "=", True)]) == "SELECT count(*) FROM Customer WHERE Active = true"
    for wrong in (("Vendor", []), ("Customer", [("GivenName", "=", "x")]), ("Customer", [("Id", "LIKE", "%")])):
        with pytest.raises(ValueError, match="is not a name"):
            queries.select(*wrong, rows=1)


def test_the_provider_has_these_streams() -> None:
    assert list(QUICKBOOKS.streams) == [
        ObjectType.ACCOUNT, ObjectType.TAX_CODE, ObjectType.CLASS, ObjectType.PAYMENT_METHOD, ObjectType.CUSTOMER,
        ObjectType.PRODUCT, ObjectType.PAYMENT, ObjectType.INVOICE,
    ]  # fmt: skip
