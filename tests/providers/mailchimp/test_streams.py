"""Reading Mailchimp: every contact once, archived ones too, whatever happens between two pages."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from connections import sessions
from integrations.providers.base import RestingStream, SplitStream, SweptStream
from integrations.providers.errors import BookmarkExpired, Transient
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp import client, fields
from integrations.providers.mailchimp.streams import STREAMS, Members
from integrations.providers.types import ExternalRecord, ObjectType, Option, Page, Position, ReadScope
from integrations.sealing import Secret
from mappings import canonical
from mappings.change import Context
from mappings.engine import Rule, compile_rules
from mappings.templates import _SHIPPED
from tests.provider_sandbox import Sandbox
from tests.providers.mailchimp.conftest import MAILCHIMP
from tests.providers.wire import answer, wire

Truth = Callable[[str], list[dict[str, Any]]]
Act = Callable[..., list[str]]
MEMBERS = Members()


def ids(pages: list[Page]) -> list[str]:
    return [record.id for page in pages for record in page.records]


def newest(pages: list[Page]) -> dict[str, ExternalRecord]:
    return {record.id: record for page in pages for record in page.records}


def stored(position: Position) -> Position:
    kept: Position = orjson.loads(orjson.dumps(position))
    return kept


def changes(truth: Truth) -> dict[str, str]:
    return {each["contact_id"]: each["last_changed"] for each in truth("members") if not each.get("is_deleted")}


def over(url: str) -> ApiSession:
    return ApiSession(base_url=url, headers={}, classify=client.classify)


def test_a_full_read_brings_every_contact_once_archived_ones_too(
    api: ApiSession, scope: ReadScope, truth: Truth, act: Act
) -> None:
    act("delete", 3)
    pages = list(MEMBERS.read(api, {}, scope))
    assert sorted(ids(pages)) == sorted(changes(truth))
    assert sum(record.raw["status"] == "archived" for record in newest(pages).values()) >= 3
    assert [page.last for page in pages] == [False, True]


@pytest.mark.parametrize("size", [1, 4, 7, 100])
def test_whatever_the_size_of_a_page_nothing_is_lost_and_nothing_comes_twice(
    sandbox: Sandbox, api: ApiSession, scope: ReadScope, truth: Truth, size: int
) -> None:
    sandbox.ask("POST", "/mailchimp/settings", {"page_size": size})
    pages = list(MEMBERS.read(api, {}, scope))
    assert sorted(ids(pages)) == sorted(changes(truth))


def test_a_read_can_be_taken_up_from_every_page_in_another_process(
    sandbox: Sandbox, api: ApiSession, scope: ReadScope, truth: Truth
) -> None:
    sandbox.ask("POST", "/mailchimp/settings", {"page_size": 9})
    found: list[Page] = []
    position: Position = {}
    while not (found and found[-1].last):
        found.append(next(MEMBERS.read(api, stored(position), scope)))
        position = found[-1].position
    assert newest(found).keys() == changes(truth).keys()


def test_what_changes_or_appears_during_a_read_is_seen_by_it_or_by_the_next(
    sandbox: Sandbox, api: ApiSession, scope: ReadScope, truth: Truth, act: Act
) -> None:
    sandbox.ask("POST", "/mailchimp/settings", {"page_size": 10})
    pages = MEMBERS.read(api, {}, scope)
    first = next(pages)
    act("change", 12)
    act("create", 3)
    act("delete", 4)
    through = [first, *pages]
    after = list(MEMBERS.read(api, stored(through[-1].position), scope))
    seen = newest([*through, *after])
    assert {each: record.raw["last_changed"] for each, record in seen.items()} == changes(truth)


def test_contacts_that_a_lagging_list_hides_are_in_the_next_read(
    sandbox: Sandbox, api: ApiSession, scope: ReadScope, truth: Truth, act: Act
) -> None:
    sandbox.ask("POST", "/mailchimp/settings", {"lag_seconds": 60})
    act("create", 3)
    through = list(MEMBERS.read(api, {}, scope))
    assert len(ids(through)) == len(changes(truth)) - 3
    sandbox.ask("POST", "/clock", {"advance_seconds": 61})
    after = list(MEMBERS.read(api, stored(through[-1].position), scope))
    assert newest([*through, *after]).keys() == changes(truth).keys()


def test_a_bulk_import_within_one_second_is_read_to_its_end(
    sandbox: Sandbox, api: ApiSession, scope: ReadScope, truth: Truth, act: Act
) -> None:
    sandbox.ask("POST", "/mailchimp/settings", {"page_size": 10})
    sandbox.ask("POST", "/clock", {"freeze": True})
    act("create", 35)
    sandbox.ask("POST", "/clock", {"freeze": False, "advance_seconds": 5})
    pages = list(MEMBERS.read(api, {}, scope))
    assert newest(pages).keys() == changes(truth).keys()
    seconds = [record.raw["last_changed"] for record in newest(pages).values()]
    assert max(map(seconds.count, seconds)) >= 35


def test_an_idle_round_costs_one_call_for_each_list(sandbox: Sandbox, api: ApiSession, scope: ReadScope) -> None:
    bookmark = list(MEMBERS.read(api, {}, scope))[-1].position
    sandbox.ask("POST", "/clock", {"advance_seconds": 900})
    sandbox.clear_log()
    pages = list(MEMBERS.read(api, bookmark, scope))
    assert (ids(pages), sandbox.calls()) == ([], 2)
    assert pages[-1].position["since"] > bookmark["since"]
    assert pages[-1].position.keys() == {"since", "audiences"}


def test_an_incremental_read_brings_only_what_changed(
    sandbox: Sandbox, api: ApiSession, scope: ReadScope, act: Act
) -> None:
    bookmark = list(MEMBERS.read(api, {}, scope))[-1].position
    sandbox.ask("POST", "/clock", {"advance_seconds": 900})
    changed = act("change", 5, what="name")
    sandbox.ask("POST", "/clock", {"advance_seconds": 900})
    found = newest(list(MEMBERS.read(api, bookmark, scope))).values()
    assert sorted(each.raw["id"] for each in found) == sorted(changed)


def test_what_is_stored_is_the_same_in_a_full_and_in_an_incremental_read(
    api: ApiSession, scope: ReadScope, act: Act
) -> None:
    through = list(MEMBERS.read(api, {}, scope))
    act("change", 5)
    after = newest(list(MEMBERS.read(api, through[-1].position, scope)))
    again = newest(list(MEMBERS.read(api, {}, scope)))
    assert after
    assert all(again[each].raw == record.raw for each, record in after.items())


def test_the_totals_of_both_lists_add_up(api: ApiSession, scope: ReadScope, truth: Truth, act: Act) -> None:
    act("delete", 3)
    pages = list(MEMBERS.read(api, {}, scope))
    assert pages[-1].total == len(changes(truth))
    assert pages[0].total == sum(each["status"] != "archived" for each in truth("members"))


def test_a_contact_keeps_its_id_when_its_email_changes(
    api: ApiSession, scope: ReadScope, act: Act, truth: Truth
) -> None:
    before = newest(list(MEMBERS.read(api, {}, scope)))
    act("change", 6, what="email")
    after = newest(list(MEMBERS.read(api, {}, scope)))
    assert after.keys() == before.keys() == changes(truth).keys()
    assert sum(after[each].raw["id"] != before[each].raw["id"] for each in after) == 6
    assert sum(after[each].raw["email_address"] != before[each].raw["email_address"] for each in after) == 6


def test_two_halves_of_a_read_hold_everything_and_end_with_one_bookmark(
    sandbox: Sandbox, api: ApiSession, scope: ReadScope, truth: Truth
) -> None:
    sandbox.ask("POST", "/mailchimp/settings", {"page_size": 5})
    first = next(MEMBERS.read(api, {}, scope))
    by_list = MEMBERS.split(stored(first.position))
    assert by_list is not None
    by_time = MEMBERS.split(by_list[0])
    assert by_time is not None
    positions = [*by_time, by_list[1]]
    parts = [list(MEMBERS.read(api, stored(each), scope)) for each in positions]
    found = ids([first, *(page for part in parts for page in part)])
    assert sorted(set(found)) == sorted(changes(truth))
    assert len(found) == len(set(found)) + 1  # the last contact of the first page shows where the next begins
    ends = [part[-1] for part in parts]
    assert all(each.last for each in ends)
    assert MEMBERS.joined([each.position for each in ends]) == ends[0].position == ends[1].position


def test_what_is_read_to_its_end_or_nearly_so_is_not_cut(api: ApiSession, scope: ReadScope) -> None:
    pages = list(MEMBERS.read(api, {}, scope))
    assert [MEMBERS.split(stored(page.position)) for page in pages] == [None, None]


def test_another_chosen_audience_is_read_from_its_beginning(api: ApiSession, scope: ReadScope) -> None:
    bookmark = list(MEMBERS.read(api, {}, scope))[-1].position
    other = ReadScope(known={ObjectType.AUDIENCE: ["feedfeed00"]})
    with pytest.raises(BookmarkExpired) as met:
        next(MEMBERS.read(api, bookmark, other))
    assert str(met.value) == "Another Mailchimp audience was chosen, so all of its contacts are read."


def test_without_an_audience_there_is_nobody_to_ask_for(api: ApiSession) -> None:
    bookmark = {"since": "2026-01-01T00:00:00+00:00", "audiences": []}
    (page,) = MEMBERS.read(api, bookmark, ReadScope())
    assert (page.records, page.position, page.last) == ([], bookmark, True)


def test_only_who_was_deleted_for_good_is_gone(
    api: ApiSession, scope: ReadScope, act: Act, call: Callable[..., Any], sandbox: Sandbox
) -> None:
    read = newest(list(MEMBERS.read(api, {}, scope)))
    (archived,) = act("delete", 1)
    alive, lost = [each for each, record in read.items() if record.raw["id"] != archived][:2]
    (audience,) = scope.known[ObjectType.AUDIENCE]
    path = f"/lists/{audience}/members/{read[lost].raw['id']}/actions/delete-permanent"
    assert call("POST", path).status_code == 204
    in_archive = next(each for each, record in read.items() if record.raw["id"] == archived)
    sandbox.clear_log()
    assert [MEMBERS.gone(api, [each]) for each in (lost, alive, in_archive)] == [[lost], [], []]
    assert sandbox.calls() == 3


def test_a_sweep_that_begins_without_a_read_asks_for_the_audiences_first(api: ApiSession, scope: ReadScope) -> None:
    (first, *_) = newest(list(MEMBERS.read(api, {}, scope)))
    api.memory.clear()
    assert MEMBERS.gone(api, [first, "never-was"]) == ["never-was"]


def test_audiences_are_read_whole_in_one_call(sandbox: Sandbox, api: ApiSession, truth: Truth) -> None:
    stream = STREAMS[ObjectType.AUDIENCE]
    pages = list(stream.read(api, {}, ReadScope()))
    assert sorted(ids(pages)) == sorted(each["id"] for each in truth("lists"))
    sandbox.clear_log()
    assert len(list(stream.read(api, pages[-1].position, ReadScope()))) == sandbox.calls() == 1


def test_merge_fields_are_named_by_their_audience_and_number(api: ApiSession, scope: ReadScope, truth: Truth) -> None:
    (page,) = STREAMS[ObjectType.MERGE_FIELD].read(api, {}, scope)
    expected = [f"{each['list_id']}-{each['merge_id']}" for each in truth("merge_fields")]
    assert sorted(each.id for each in page.records) == sorted(expected)


@pytest.mark.parametrize("object_type", [ObjectType.AUDIENCE, ObjectType.MERGE_FIELD])
def test_lists_that_need_several_pages_are_read_to_their_end(
    sandbox: Sandbox, api: ApiSession, scope: ReadScope, object_type: ObjectType
) -> None:
    whole = ids(list(STREAMS[object_type].read(api, {}, scope)))
    sandbox.ask("POST", "/mailchimp/settings", {"page_size": 1})
    assert ids(list(STREAMS[object_type].read(api, {}, scope))) == whole


def test_an_audience_or_merge_field_that_was_deleted_is_gone(api: ApiSession, scope: ReadScope) -> None:
    (audience,) = scope.known[ObjectType.AUDIENCE]
    for object_type, there, lost in (
        (ObjectType.AUDIENCE, audience, "feedfeed00"),
        (ObjectType.MERGE_FIELD, f"{audience}-1", f"{audience}-99"),
    ):
        stream = STREAMS[object_type]
        assert isinstance(stream, SweptStream)
        assert stream.gone(api, [there, lost]) == [lost]


def test_the_chooser_offers_one_of_the_audiences_the_largest_first() -> None:
    assert MAILCHIMP.chooser is not None
    listed = [
        {"id": "b", "name": "Small", "stats": {"member_count": 1}},
        {"id": "a", "name": "Large", "stats": {"member_count": 1204}},
        {"id": "c", "name": ""},
    ]
    with wire(answer(orjson.dumps({"lists": listed, "total_items": 3}))) as server:
        options = MAILCHIMP.chooser.options(over(server.url))
    assert options == [
        Option("a", "Large", "1,204 contacts"), Option("b", "Small", "1 contact"), Option("c", "c", "0 contacts"),
    ]  # fmt: skip
    assert (MAILCHIMP.chooser.object_type, MAILCHIMP.chooser.many) == (ObjectType.AUDIENCE, False)


def test_the_chooser_offers_what_the_account_has(sandbox: Sandbox) -> None:
    assert MAILCHIMP.chooser is not None
    first = sandbox.ask("GET", "/state")["mailchimp"]["accounts"][0]
    options = MAILCHIMP.chooser.options(sessions.with_key(MAILCHIMP, Secret(first["api_key"])))
    assert [each.id for each in options] == [each["id"] for each in first["lists"]]


def test_each_stream_has_the_capabilities_it_should() -> None:
    split, resting = ([key for key, each in STREAMS.items() if isinstance(each, kind)]
                      for kind in (SplitStream, RestingStream))  # fmt: skip
    assert (split, resting) == ([ObjectType.CUSTOMER], [ObjectType.AUDIENCE, ObjectType.MERGE_FIELD])


@pytest.mark.parametrize("object_type", STREAMS)
def test_every_real_record_has_declared_values_and_is_whole_when_mapped(
    api: ApiSession, scope: ReadScope, object_type: ObjectType
) -> None:
    stream = STREAMS[object_type]
    templates = orjson.loads((_SHIPPED / "mailchimp.json").read_bytes())
    rules = next(each["rules"] for each in templates if each["object_type"] == object_type)
    mapper = compile_rules([Rule(**rule) for rule in rules if "direction" not in rule], Context(provider="mailchimp"))
    known = {field.id for field in stream.fields}
    found = newest(list(stream.read(api, {}, scope))).values()
    assert found
    for record in found:
        values = stream.values(record.raw)
        assert {name for name in values if not name.startswith(fields.MERGE_FIELDS)} <= known
        mapped = mapper(values)
        assert (mapped.remarks, canonical.OBJECTS[object_type].missing(mapped.fields)) == ([], "")


def test_the_same_page_again_ends_the_read() -> None:
    one_second = [{"id": str(each), "last_changed": "2026-03-01T12:00:00+00:00"} for each in range(3)]
    page = answer(orjson.dumps({"members": one_second, "total_items": 9}))
    with wire(page) as server, pytest.raises(Transient) as met:
        list(MEMBERS.read(over(server.url), {}, ReadScope(known={ObjectType.AUDIENCE: ["A"]})))
    assert (met.value.code, len(server.requests)) == ("cursor_loop", 3)


def test_a_contact_that_was_archived_between_the_two_lists_is_not_taken_for_the_same_page() -> None:
    def page(status: str) -> bytes:
        contact = {"id": "h", "last_changed": "2026-03-01T12:00:00+00:00", "status": status}
        return answer(orjson.dumps({"members": [contact], "total_items": 1}))

    with wire(page("subscribed"), page("archived")) as server:
        pages = list(MEMBERS.read(over(server.url), {}, ReadScope(known={ObjectType.AUDIENCE: ["A"]})))
    assert [each.raw["status"] for page in pages for each in page.records] == ["subscribed", "archived"]


@pytest.mark.parametrize(
    "body",
    [
        {"members": [{"email_address": "nobody"}], "total_items": 1},
        {"members": [{"id": None}], "total_items": 1},
        {"members": ["text"], "total_items": 1},
        {"members": {"id": "x"}, "total_items": 1},
        {"members": []},
        {"members": [], "total_items": "many"},
    ],
)
def test_a_page_in_an_unknown_shape_is_no_answer(body: Any) -> None:
    with wire(answer(orjson.dumps(body))) as server, pytest.raises(Transient) as met:
        list(MEMBERS.read(over(server.url), {}, ReadScope(known={ObjectType.AUDIENCE: ["A"]})))
    assert met.value.code == "unreadable"


def test_a_contact_with_an_unreadable_time_does_not_stop_its_page() -> None:
    listed = [{"id": "h1", "last_changed": "yesterday"}, {"id": "h2", "contact_id": "c2", "last_changed": ""}]
    page = answer(orjson.dumps({"members": listed, "total_items": 2}), Date="Sun, 01 Mar 2026 12:00:00 GMT")
    end = answer(orjson.dumps({"members": [], "total_items": 0}))
    with wire(page, end) as server:
        pages = list(MEMBERS.read(over(server.url), {}, ReadScope(known={ObjectType.AUDIENCE: ["A"]})))
    assert [(each.id, each.version, each.updated_at) for each in pages[0].records] == [
        ("h1", "yesterday", None), ("c2", "", None),
    ]  # fmt: skip
    assert pages[-1].position == {"since": "2026-03-01T12:00:00+00:00", "audiences": ["A"]}
