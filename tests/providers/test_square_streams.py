"""Reading Square page by page: nothing lost and nothing doubled, whatever happens between two pages."""

from datetime import date
from typing import Any

import orjson
import pytest

from integrations.providers import PROVIDERS
from integrations.providers.errors import CursorExpired, Transient
from integrations.providers.http import ApiSession
from integrations.providers.square import client
from integrations.providers.square.reading import CutByPart
from integrations.providers.square.streams import STREAMS
from integrations.providers.types import ExternalRecord, ObjectType, Page, Position, ReadScope
from tests.provider_sandbox import Sandbox
from tests.providers.wire import answer, wire

KINDS = {
    ObjectType.LOCATION: "locations", ObjectType.CUSTOMER: "customers", ObjectType.PRODUCT: "products",
    ObjectType.ORDER: "orders", ObjectType.PAYMENT: "payments", ObjectType.REFUND: "refunds",
    ObjectType.PAYOUT: "payouts", ObjectType.INVOICE: "invoices",
}  # fmt: skip
PAGED = [each for each in KINDS if each is not ObjectType.LOCATION]


def scope_of(seller: dict[str, Any]) -> ReadScope:
    return ReadScope(known={ObjectType.LOCATION: [place["id"] for place in seller["locations"]]})


def read(api: ApiSession, seller: dict[str, Any], object_type: ObjectType, position: Position | None = None) -> Any:
    return STREAMS[object_type].read(api, position or {}, scope_of(seller))


def ids(pages: list[Page]) -> list[str]:
    return [record.id for page in pages for record in page.records if not record.deleted]


def live(sandbox: Sandbox, seller: dict[str, Any], object_type: ObjectType) -> set[str]:
    truth = sandbox.truth(seller["id"], KINDS[object_type])
    return {key for key, value in truth.items() if not value.get("is_deleted")}


@pytest.mark.parametrize("object_type", PAGED)
def test_empty_pages_with_a_cursor_do_not_end_a_read(
    sandbox: Sandbox, seller: dict[str, Any], api: ApiSession, object_type: ObjectType
) -> None:
    sandbox.ask("POST", "/square/settings", {"page_size": 3, "empty_page_every": 2})
    pages = list(read(api, seller, object_type))
    assert sorted(ids(pages)) == sorted(live(sandbox, seller, object_type))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    if object_type not in (ObjectType.PAYOUT, ObjectType.INVOICE):  # too few to have a second page
        assert any(not page.records for page in pages)


@pytest.mark.parametrize("object_type", PAGED)
def test_a_cursor_that_dies_in_the_middle_loses_nothing(
    sandbox: Sandbox, seller: dict[str, Any], api: ApiSession, object_type: ObjectType
) -> None:
    sandbox.ask("POST", "/square/settings", {"page_size": 4})
    found: list[Page] = []
    for number, page in enumerate(read(api, seller, object_type)):
        found.append(page)
        if number == 0:
            sandbox.ask("POST", "/clock", {"advance_seconds": 360})
    assert set(ids(found)) == live(sandbox, seller, object_type)
    # It goes on from the last time seen; the catalogue has no order and begins again.
    unordered = (ObjectType.PRODUCT, ObjectType.INVOICE)
    assert len(ids(found)) - len(set(ids(found))) <= (4 if object_type in unordered else 2)


@pytest.mark.parametrize("object_type", PAGED)
def test_a_read_that_is_taken_up_after_an_hour_goes_on(
    sandbox: Sandbox, seller: dict[str, Any], api: ApiSession, object_type: ObjectType
) -> None:
    sandbox.ask("POST", "/square/settings", {"page_size": 4})
    first = next(read(api, seller, object_type))
    sandbox.ask("POST", "/clock", {"advance_seconds": 3600})
    stored = orjson.loads(orjson.dumps(first.position))
    rest = list(read(api, seller, object_type, stored)) if not first.last else []
    assert set(ids([first, *rest])) == live(sandbox, seller, object_type)


@pytest.mark.parametrize("object_type", [ObjectType.CUSTOMER, ObjectType.PRODUCT, ObjectType.ORDER, ObjectType.PAYMENT])
def test_what_changes_or_appears_during_a_read_is_seen_by_it_or_by_the_next(
    sandbox: Sandbox, seller: dict[str, Any], api: ApiSession, object_type: ObjectType
) -> None:
    sandbox.ask("POST", "/square/settings", {"page_size": 10})
    kind, newest = KINDS[object_type], dict[str, ExternalRecord]()
    pages = read(api, seller, object_type)
    first = next(pages)
    sandbox.ask("POST", f"/square/{seller['id']}/change", {kind: 8})
    sandbox.ask("POST", f"/square/{seller['id']}/create", {"orders" if kind == "payments" else kind: 3})
    through = [first, *pages]
    for page in [*through, *read(api, seller, object_type, through[-1].position)]:
        newest |= {record.id: record for record in page.records}
    truth = sandbox.truth(seller["id"], kind)
    assert {key: record.raw["updated_at"] for key, record in newest.items()} == {
        key: value["updated_at"] for key, value in truth.items()
    }


def test_a_record_that_a_lagging_list_hides_is_in_the_next_read(
    sandbox: Sandbox, seller: dict[str, Any], api: ApiSession
) -> None:
    sandbox.ask("POST", "/square/settings", {"lag_seconds": 60})
    made = set(sandbox.ask("POST", f"/square/{seller['id']}/create", {"customers": 3})["customers"])
    through = list(read(api, seller, ObjectType.CUSTOMER))
    assert not made & set(ids(through))
    sandbox.ask("POST", "/clock", {"advance_seconds": 61})
    assert made <= set(ids(list(read(api, seller, ObjectType.CUSTOMER, through[-1].position))))


def test_deleted_items_come_with_their_id_and_a_version(
    sandbox: Sandbox, seller: dict[str, Any], api: ApiSession
) -> None:
    through = list(read(api, seller, ObjectType.PRODUCT))
    gone = sandbox.ask("POST", f"/square/{seller['id']}/delete", {"products": 2})["products"]
    found = [each for page in read(api, seller, ObjectType.PRODUCT, through[-1].position) for each in page.records]
    assert sorted(each.id for each in found if each.deleted) == sorted(gone)
    assert all(each.version.isdigit() for each in found)


def test_the_provider_confirms_which_customers_are_gone(
    sandbox: Sandbox, seller: dict[str, Any], api: ApiSession
) -> None:
    gone = sandbox.ask("POST", f"/square/{seller['id']}/delete", {"customers": 2})["customers"]
    asked = [*sorted(live(sandbox, seller, ObjectType.CUSTOMER))[:3], *gone, "NEVER-WAS"]
    assert sorted(STREAMS[ObjectType.CUSTOMER].gone(api, asked)) == sorted([*gone, "NEVER-WAS"])


def test_a_payout_is_completed_with_entries_that_add_up_to_it(seller: dict[str, Any], api: ApiSession) -> None:
    first = next(read(api, seller, ObjectType.PAYOUT)).records[0]
    stream = STREAMS[ObjectType.PAYOUT]
    values = stream.values(stream.complete(api, first).raw)
    assert sum(entry["net_amount_money"].minor for entry in values["entries"]) == values["amount_money"].minor


def test_the_next_read_of_payouts_begins_with_the_oldest_one_on_its_way() -> None:
    def payout(day: str, status: str) -> dict[str, str]:
        return {"id": day, "status": status, "created_at": f"2026-03-{day}T00:00:00Z"}

    listed = {"payouts": [payout("01", "PAID"), payout("02", "SENT"), payout("03", "PAID"), payout("04", "SENT")]}
    with wire(answer(orjson.dumps(listed))) as server:
        (page,) = STREAMS[ObjectType.PAYOUT].read(over(server.url), {}, ReadScope(known={ObjectType.LOCATION: ["L"]}))
    assert page.position == {"since": "2026-03-02T00:00:00Z"}


def test_a_seller_without_locations_has_no_orders_to_ask_for(api: ApiSession) -> None:
    (page,) = STREAMS[ObjectType.ORDER].read(api, {"since": "2026-01-01T00:00:00Z"}, ReadScope())
    assert (page.records, page.position, page.last) == ([], {"since": "2026-01-01T00:00:00Z"}, True)


def test_orders_are_asked_for_in_groups_of_ten_locations() -> None:
    known = [f"L{number:02}" for number in range(21)]
    with wire(answer(b"{}", Date="Sun, 01 Mar 2026 12:00:00 GMT")) as server:
        pages = list(
            STREAMS[ObjectType.ORDER].read(over(server.url), {}, ReadScope(known={ObjectType.LOCATION: known}))
        )
    asked = [orjson.loads(request.split(b"\r\n\r\n", 1)[1])["location_ids"] for request in server.requests]
    assert asked == [known[:10], known[10:20], known[20:]]
    assert pages[-1].position == {"since": "2026-03-01T12:00:00.000Z"}


def over(url: str) -> ApiSession:
    return ApiSession(base_url=url, headers={}, classify=client.classify)


@pytest.mark.parametrize("object_type", PAGED)
def test_a_cursor_that_leads_back_to_itself_ends_the_read(object_type: ObjectType) -> None:
    with wire(answer(b'{"cursor": "again"}')) as server, pytest.raises(Transient) as met:
        list(STREAMS[object_type].read(over(server.url), {}, ReadScope(known={ObjectType.LOCATION: ["L"]})))
    assert met.value.code == "cursor_loop"


def test_entries_whose_cursor_leads_back_to_itself_end_the_read() -> None:
    with wire(answer(b'{"cursor": "again"}')) as server, pytest.raises(Transient) as met:
        STREAMS[ObjectType.PAYOUT].complete(over(server.url), ExternalRecord("PO1", {}))
    assert met.value.code == "cursor_loop"


def test_a_first_page_that_is_refused_for_its_cursor_is_not_asked_for_for_ever() -> None:
    refusal = answer(b'{"errors": [{"code": "INVALID_CURSOR"}]}', status="400 No")
    with wire(refusal) as server, pytest.raises(CursorExpired):
        list(STREAMS[ObjectType.CUSTOMER].read(over(server.url), {}, ReadScope()))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "listed", [[{"given_name": "nobody"}], [{"id": None}], [{"id": 7}], ["text"], [None], 7, "text", {"id": "C1"}]
)
def test_a_page_in_an_unknown_shape_is_no_answer(listed: Any) -> None:
    with wire(answer(orjson.dumps({"customers": listed}))) as server, pytest.raises(Transient) as met:
        list(STREAMS[ObjectType.CUSTOMER].read(over(server.url), {}, ReadScope()))
    assert met.value.code == "unreadable"


def test_a_record_with_an_unreadable_time_does_not_stop_its_page() -> None:
    listed = {"customers": [{"id": "C1", "updated_at": "yesterday"}, {"id": "C2", "version": 4}]}
    with wire(answer(orjson.dumps(listed))) as server:
        (page,) = STREAMS[ObjectType.CUSTOMER].read(over(server.url), {}, ReadScope())
    assert [(each.id, each.version, each.updated_at) for each in page.records] == [
        ("C1", "yesterday", None), ("C2", "4", None),
    ]  # fmt: skip


CUT = [each for each in PAGED if isinstance(STREAMS[each], CutByPart)]


@pytest.mark.parametrize("object_type", CUT)
def test_a_read_that_is_cut_again_and_again_finds_every_record_and_ends_with_the_earliest_bookmark(
    sandbox: Sandbox, seller: dict[str, Any], api: ApiSession, object_type: ObjectType
) -> None:
    sandbox.ask("POST", "/square/settings", {"page_size": 2})
    stream: Any = STREAMS[object_type]
    todo: list[Position] = [{}]
    found: list[str] = []
    ends: list[Position] = []
    while todo:
        page = next(read(api, seller, object_type, orjson.loads(orjson.dumps(todo.pop()))))
        found += ids([page])
        if page.last:
            ends.append(page.position)
        else:
            todo += stream.split(page.position) or (page.position,)
    assert set(found) == live(sandbox, seller, object_type)
    if object_type not in (ObjectType.PAYOUT, ObjectType.INVOICE):  # a page holds them all; cut by location only
        assert len(ends) > 1
    assert stream.joined(ends) == min(ends, key=lambda end: end.get("since", ""))
    doubles = len(found) - len(set(found))
    assert doubles <= len(ends), "a window begins at the last time seen, which its own page may hold again"


def test_the_names_of_groups_are_read_once_and_only_when_somebody_is_in_one(
    sandbox: Sandbox, seller: dict[str, Any], api: ApiSession
) -> None:
    sandbox.clear_log()
    pages = list(read(api, seller, ObjectType.CUSTOMER))
    members = [record.raw for page in pages for record in page.records if record.raw.get("group_ids")]
    assert members
    assert all(len(raw["group_names"]) == len(raw["group_ids"]) for raw in members)
    assert sandbox.ask("GET", "/log/counts")["by_path"]["/v2/customers/groups"] == 1


def test_an_idle_read_of_customers_asks_for_no_group(sandbox: Sandbox, seller: dict[str, Any], api: ApiSession) -> None:
    bookmark = list(read(api, seller, ObjectType.CUSTOMER))[-1].position
    sandbox.ask("POST", "/clock", {"advance_seconds": 900})
    sandbox.clear_log()
    list(read(api, seller, ObjectType.CUSTOMER, bookmark))
    assert sandbox.calls() == 1


def test_sales_before_the_venue_s_own_first_day_are_left_where_they_are(
    sandbox: Sandbox, seller: dict[str, Any], api: ApiSession
) -> None:
    truth = sandbox.truth(seller["id"], "payments")
    day = date.fromisoformat(sorted(each["created_at"] for each in truth.values())[len(truth) // 2][:10])
    places = scope_of(seller).known
    found = ids(list(STREAMS[ObjectType.PAYMENT].read(api, {}, ReadScope(known=places, begin=day))))
    assert set(found) == {key for key, each in truth.items() if each["created_at"][:10] >= day.isoformat()}
    people = ids(list(STREAMS[ObjectType.CUSTOMER].read(api, {}, ReadScope(begin=day))))
    assert set(people) == live(sandbox, seller, ObjectType.CUSTOMER)


def test_an_invoice_is_completed_with_the_lines_of_its_order(seller: dict[str, Any], api: ApiSession) -> None:
    stream: Any = STREAMS[ObjectType.INVOICE]
    first = next(read(api, seller, ObjectType.INVOICE)).records[0]
    values = stream.values(stream.complete(api, first).raw)
    assert sum(line["total_money"].minor for line in values["line_items"]) <= values["total_money"].minor
    assert values["line_items"]


def test_the_provider_confirms_which_invoices_are_gone(
    sandbox: Sandbox, seller: dict[str, Any], api: ApiSession
) -> None:
    (gone,) = sandbox.ask("POST", f"/square/{seller['id']}/delete", {"invoices": 1})["invoices"]
    (there, *_) = sorted(live(sandbox, seller, ObjectType.INVOICE))
    stream: Any = STREAMS[ObjectType.INVOICE]
    assert [stream.gone(api, [each]) for each in (gone, there)] == [[gone], []]


def test_an_owner_chooses_among_the_places_where_the_seller_trades(seller: dict[str, Any], api: ApiSession) -> None:
    chooser = PROVIDERS["square"].chooser
    assert chooser is not None
    assert [(each.id, each.label) for each in chooser.options(api)] == [
        (place["id"], place["name"]) for place in seller["locations"]
    ]
