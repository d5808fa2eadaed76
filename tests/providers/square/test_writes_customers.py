"""Writing customers to Square: each once, whatever answers are lost, and with the fewest calls."""

from typing import Any

import orjson
import pytest

from integrations.providers.base import WritableStream
from integrations.providers.errors import AuthRevoked, Conflict, Invalid, NotFound, PermissionMissing, Transient
from integrations.providers.http import ApiSession
from integrations.providers.square import client
from integrations.providers.square.streams import Customers
from integrations.providers.types import ExternalRecord, ReadScope, Values, Write, WriteResult
from tests.provider_sandbox import Sandbox
from tests.providers.wire import answer, wire
from tests.providers.writing import again, asked, create, delete, good, known, lose, persistently, update

ADA: Values = {
    "given_name": "Ada", "family_name": "Løvelace 🎟", "company_name": "Engines", "email_address": "ada@example.net",
    "phone_number": "+447700900123", "birthday": "0000-12-10", "note": "Likes the front row",
    "address.address_line_1": "1 Quay Street", "address.locality": "Bristol", "address.postal_code": "BS1 4DB",
    "address.administrative_district_level_1": "Avon", "address.country": "GB",
}  # fmt: skip
STREAM = Customers()


def write_batch(api: ApiSession, writes: list[Write]) -> list[WriteResult]:
    return STREAM.write_batch(api, writes)


def several(number: int) -> list[Write]:
    return [
        create(ADA | {"given_name": f"Ada {each}", "email_address": f"a{each}@example.net"}) for each in range(number)
    ]


def as_read(record: ExternalRecord, names: Values) -> Values:
    return {name: STREAM.values(record.raw).get(name) for name in names}


@pytest.fixture
def held(sandbox: Sandbox, api: ApiSession) -> list[ExternalRecord]:
    """Some customers that are there, as a read brings them."""
    found = sorted(known(STREAM, api).values(), key=lambda record: record.id)
    sandbox.clear_log()
    return found


def test_customers_are_writable() -> None:
    assert isinstance(STREAM, WritableStream)


def test_a_hundred_customers_are_made_with_one_call(sandbox: Sandbox, api: ApiSession, seller: dict[str, Any]) -> None:
    writes, before = several(100), len(sandbox.truth(seller["id"], "customers"))
    sandbox.clear_log()
    results = write_batch(api, writes)
    assert asked(sandbox) == ["POST /v2/customers/bulk-create"]
    for write, record in zip(writes, good(results), strict=True):
        assert as_read(record, write.values) == write.values
        assert record.raw["reference_id"] == write.ours
    assert len(sandbox.truth(seller["id"], "customers")) == before + 100


def test_what_was_written_is_what_the_next_read_brings(api: ApiSession) -> None:
    (made,) = good(write_batch(api, several(1)))
    assert known(STREAM, api)[made.id] == made


def test_a_change_that_was_written_is_what_the_next_read_brings(api: ApiSession, held: list[ExternalRecord]) -> None:
    members = [each for each in held if each.raw.get("group_names")] or held
    changed = good(write_batch(api, [update(each, {"note": "Seen"}) for each in members]))
    read = known(STREAM, api)
    assert changed == [read[each.id] for each in members]


def test_making_changing_and_deleting_take_one_call_each(
    sandbox: Sandbox, api: ApiSession, held: list[ExternalRecord]
) -> None:
    first, second, third = held[:3]
    writes = [delete(first), update(second, {"note": "Moved"}), *several(1), update(third, {"note": "Left"})]
    gone, moved, made, left = good(write_batch(api, writes))
    assert [gone.id, gone.deleted] == [first.id, True]
    assert [moved.id, moved.raw["note"], left.id, left.raw["note"]] == [second.id, "Moved", third.id, "Left"]
    assert asked(sandbox) == [
        "POST /v2/customers/bulk-create",
        "POST /v2/customers/bulk-update",
        "POST /v2/customers/bulk-delete",
    ]
    there = known(STREAM, api)
    assert first.id not in there
    assert made.id in there


def test_one_refusal_names_its_field_and_stops_no_other(api: ApiSession) -> None:
    good_one, other = several(2)
    bad = create(ADA | {"email_address": "nowhere"})
    first, refused, last = write_batch(api, [good_one, bad, other])
    good([first, last])
    assert isinstance(refused.error, Invalid)
    assert [refused.key, refused.record, refused.error.field] == [bad.key, None, "email_address"]


def test_a_refusal_within_an_address_names_its_line(api: ApiSession, held: list[ExternalRecord]) -> None:
    (refused,) = write_batch(api, [update(held[0], {"address.country": "Wales"})])
    assert isinstance(refused.error, Invalid)
    assert refused.error.field == "address.country"


@pytest.mark.parametrize("kind", ["lost_answer", "malformed"])
@pytest.mark.parametrize("times", [1, 2, 4, 7, 10])
def test_customers_whose_answer_is_lost_are_made_once(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], kind: str, times: int
) -> None:
    before = len(sandbox.truth(seller["id"], "customers"))
    lose(sandbox, "square", "/v2/customers/bulk-create", kind=kind, times=times)
    writes = several(5)
    results, _ = persistently(lambda each: write_batch(api, each), writes)
    for write, record in zip(writes, good(results), strict=True):
        assert as_read(record, write.values) == write.values
    assert len(sandbox.truth(seller["id"], "customers")) == before + 5


def test_a_third_attempt_finds_what_the_first_made_although_the_key_was_forgotten(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any]
) -> None:
    (write,) = several(1)
    (made,) = good(write_batch(api, [write]))
    forgotten = Write("0" * 40, write.ours, write.operation, write.values, whole=write.whole, attempt=3)
    sandbox.clear_log()
    assert good(write_batch(api, [forgotten])) == [made]
    assert asked(sandbox) == ["POST /v2/customers/search"]


def test_a_key_that_came_with_another_customer_leads_to_the_one_it_made(api: ApiSession) -> None:
    (write,) = several(1)
    (made,) = good(write_batch(api, [write]))
    other = Write(write.key, write.ours, write.operation, write.values | {"note": "Changed"}, attempt=2)
    assert good(write_batch(api, [other])) == [made]


def test_the_same_batch_twice_changes_nothing_the_second_time(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], held: list[ExternalRecord]
) -> None:
    writes = [*several(3), update(held[0], {"note": "Once"}), delete(held[1])]
    first = write_batch(api, writes)
    there = sandbox.truth(seller["id"], "customers")
    second = write_batch(api, again(writes))
    assert [record.id for record in good(first)] == [record.id for record in good(second)]
    assert sandbox.truth(seller["id"], "customers") == there


@pytest.mark.parametrize("times", [1, 4])
def test_a_change_whose_answer_is_lost_is_made_once(
    sandbox: Sandbox, api: ApiSession, held: list[ExternalRecord], times: int
) -> None:
    lose(sandbox, "square", "/v2/customers/bulk-update", times=times)
    results, _ = persistently(lambda each: write_batch(api, each), [update(held[0], {"note": "Once"})])
    (record,) = good(results)
    assert record.raw["note"] == "Once"
    assert record.raw["version"] == held[0].raw["version"] + 1


@pytest.mark.parametrize("lost", ["bulk-create", "bulk-update", "bulk-retrieve", "bulk-delete"])
@pytest.mark.parametrize("times", [1, 4])
def test_whichever_answer_is_lost_everything_happens_once(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], held: list[ExternalRecord], lost: str, times: int
) -> None:
    writes = [*several(2), update(held[0], {"note": "Once"}), delete(held[1])]
    for call, often in {"bulk-update": 1, lost: times}.items():  # a lost change is looked at, by bulk-retrieve
        lose(sandbox, "square", f"/v2/customers/{call}", times=often)
    results, _ = persistently(lambda each: write_batch(api, each), writes)
    *made, changed, gone = good(results)
    there = {key for key, raw in sandbox.truth(seller["id"], "customers").items() if not raw.get("is_deleted")}
    assert there == {record.id for record in [*held, *made]} - {gone.id}
    assert [changed.raw["note"], changed.raw["version"]] == ["Once", held[0].raw["version"] + 1]


def test_a_change_to_an_older_version_is_a_conflict_for_that_customer_alone(
    sandbox: Sandbox, api: ApiSession, held: list[ExternalRecord]
) -> None:
    good(write_batch(api, [update(held[0], {"company_name": "Someone else's change"})]))
    stale, fresh = write_batch(api, [update(held[0], {"note": "Ours"}), update(held[1], {"note": "Ours"})])
    assert isinstance(stale.error, Conflict)
    good([fresh])
    assert known(STREAM, api)[held[0].id].raw.get("note") == held[0].raw.get("note")


def test_the_same_change_by_somebody_else_beside_another_one_is_a_conflict(
    api: ApiSession, held: list[ExternalRecord]
) -> None:
    good(write_batch(api, [update(held[0], {"note": "Same", "company_name": "Different"})]))
    (result,) = write_batch(api, [update(held[0], {"note": "Same"})])
    assert isinstance(result.error, Conflict)


def test_a_customer_that_is_gone_cannot_be_changed_and_is_deleted_already(
    api: ApiSession, held: list[ExternalRecord]
) -> None:
    good(write_batch(api, [delete(held[0])]))
    changed, deleted = write_batch(api, [update(held[0], {"note": "Late"}), delete(held[0])])
    assert isinstance(changed.error, NotFound)
    assert deleted.record is not None
    assert deleted.record.deleted


def test_fields_can_be_emptied(api: ApiSession) -> None:
    (made,) = good(write_batch(api, several(1)))
    emptied: Values = dict.fromkeys(["note", "birthday", "phone_number", "address.address_line_1", "address.locality"])
    (changed,) = good(write_batch(api, [update(made, emptied)]))
    assert as_read(changed, emptied) == emptied
    assert as_read(changed, {"address.postal_code": 0, "given_name": 0}) == {
        "address.postal_code": "BS1 4DB",
        "given_name": "Ada 0",
    }


def test_a_customer_that_would_have_no_name_left_is_refused(api: ApiSession) -> None:
    (made,) = good(write_batch(api, [create({"given_name": "Solo"})]))
    (refused,) = write_batch(api, [update(made, {"given_name": None})])
    assert isinstance(refused.error, Invalid)


def test_a_whole_call_that_is_refused_is_halved_until_the_bad_one_is_alone(sandbox: Sandbox, api: ApiSession) -> None:
    writes = [*several(4), create({"given_name": "Bad", "note": "n"}, number=9)]
    refusal = {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "BAD_REQUEST", "detail": "No."}]}
    fault = {
        "provider": "square",
        "kind": "status",
        "status": 400,
        "path": "/v2/customers/bulk-create",
        "body": refusal,
    }
    sandbox.ask("POST", "/faults", fault)
    sandbox.clear_log()
    good(write_batch(api, writes))
    assert asked(sandbox) == ["POST /v2/customers/bulk-create"] * 3


def test_a_seller_who_takes_the_permission_away_is_told_of_once_for_all(sandbox: Sandbox, api: ApiSession) -> None:
    refusal = {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "INSUFFICIENT_SCOPES", "detail": "No."}]}
    fault = {"provider": "square", "kind": "status", "status": 403, "path": "/v2/customers", "body": refusal}
    sandbox.ask("POST", "/faults", fault)
    with pytest.raises(PermissionMissing):
        write_batch(api, several(2))


def test_one_customer_in_trouble_at_square_is_left_open_alone(api: ApiSession) -> None:
    first, second = several(2)
    entry = {"category": "API_ERROR", "code": "SOMETHING_NEW", "detail": "Try again."}
    body = {"responses": {first.key: {"customer": {"id": "C1", "version": 0}}, second.key: {"errors": [entry]}}}
    with wire(answer(orjson.dumps(body))) as server:
        session = ApiSession(base_url=server.url, headers={}, classify=client.classify)
        made, open_one = write_batch(session, [first, second])
    good([made])
    assert type(open_one.error) is Transient


def test_a_customer_that_is_not_in_the_answer_is_left_open(api: ApiSession) -> None:
    with wire(answer(b'{"responses": {}}')) as server:
        session = ApiSession(base_url=server.url, headers={}, classify=client.classify)
        (result,) = write_batch(session, several(1))
    assert type(result.error) is Transient


def test_a_grant_that_ended_is_told_of_once_for_all(api: ApiSession) -> None:
    (write,) = several(1)
    entry = {"category": "AUTHENTICATION_ERROR", "code": "ACCESS_TOKEN_REVOKED", "detail": "Revoked."}
    with wire(answer(orjson.dumps({"responses": {write.key: {"errors": [entry]}}}))) as server:
        session = ApiSession(base_url=server.url, headers={}, classify=client.classify)
        with pytest.raises(AuthRevoked):
            write_batch(session, [write])


def test_an_outage_leaves_everything_open(sandbox: Sandbox, api: ApiSession) -> None:
    lose(sandbox, "square", "/v2/customers", kind="reset", times=-1)
    with pytest.raises(Transient):
        write_batch(api, several(2))


def test_an_idle_read_after_writing_finds_what_was_written_and_nothing_else(
    sandbox: Sandbox, api: ApiSession, held: list[ExternalRecord]
) -> None:
    pages = list(STREAM.read(api, {}, ReadScope()))
    written = {each.id: each for each in good(write_batch(api, [*several(2), update(held[0], {"note": "Echo"})]))}
    found = {each.id: each for page in STREAM.read(api, pages[-1].position, ReadScope()) for each in page.records}
    assert {key: found[key] for key in written} == written
