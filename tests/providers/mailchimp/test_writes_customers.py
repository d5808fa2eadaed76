"""Writing contacts to Mailchimp: five hundred with a call, each once, and nobody subscribed by us."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from integrations.providers.base import WritableStream
from integrations.providers.errors import Conflict, Duplicate, Invalid, NotFound, Settled, Transient
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp.records import subscriber_hash
from integrations.providers.mailchimp.streams import STREAMS
from integrations.providers.types import ExternalRecord, ObjectType, Operation, ReadScope, Values, Write, WriteResult
from tests.provider_sandbox import Sandbox
from tests.providers.mailchimp.conftest import Account

Truth = Callable[[str], list[dict[str, Any]]]
Act = Callable[..., list[str]]
Call = Callable[..., requests.Response]
ADA: Values = {
    "email_address": "ada@example.com",
    "merge_fields.FNAME": "Ada",
    "merge_fields.LNAME": "Lovelace 🏮",
    "merge_fields.PHONE": "+442079460123",
    "merge_fields.BIRTHDAY": "0000-12-10",
    "merge_fields.ADDRESS.addr1": "12 Lantern Row",
    "merge_fields.ADDRESS.city": "London",
    "merge_fields.ADDRESS.state": "London",
    "merge_fields.ADDRESS.zip": "N1 1AA",
    "merge_fields.ADDRESS.country": "GB",
    "tags": ["Jazz", "Season ticket"],
}


@pytest.fixture
def members() -> WritableStream:
    found = STREAMS[ObjectType.CUSTOMER]
    assert isinstance(found, WritableStream)
    return found


@pytest.fixture
def create(account: Account) -> Callable[..., Write]:
    def make(number: int = 0, **more: Any) -> Write:
        own = {"email_address": f"person.{number}@example.com"} if number else {}
        values = ADA | {"list_id": account["lists"][0]["id"]} | own | more
        key = subscriber_hash(f"{values['email_address']} {number} {more}").ljust(40, "0")
        return Write(key, key[:32], Operation.CREATE, values, whole=values)

    return make


def update(record: ExternalRecord, operation: Operation = Operation.UPDATE, **values: Any) -> Write:
    values = {name.replace("__", "."): value for name, value in values.items()}
    key = subscriber_hash(f"{operation} {record.id} {values}").ljust(40, "0")
    return Write(key, key[:32], operation, values, external_id=record.id, version=record.version, raw=record.raw)


def again(writes: list[Write]) -> list[Write]:
    return [replace(write, attempt=write.attempt + 1) for write in writes]


def good(results: list[WriteResult]) -> list[ExternalRecord]:
    assert [result.error for result in results] == [None] * len(results)
    return [result.record for result in results if result.record is not None]


def persistently(members: WritableStream, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
    for _ in range(12):
        try:
            return members.write_batch(api, writes)
        except Transient:
            writes = again(writes)
    raise AssertionError("there was never an answer")


def asked(sandbox: Sandbox) -> list[str]:
    """Return each call as its method and the last part of its path."""
    return [f"{each['method']} {each['path'].rpartition('/')[2]}" for each in sandbox.ask("GET", "/log")["entries"]]


def lose(sandbox: Sandbox, times: int, kind: str = "lost_answer") -> None:
    sandbox.ask("POST", "/faults", {"provider": "mailchimp", "kind": kind, "path": "", "times": times})


def of(truth: Truth, email: str) -> dict[str, Any]:
    found = [each for each in truth("members") if each["email_address"] == email]
    assert len(found) == 1
    return found[0]


def test_new_contacts_are_made_with_one_call_and_read_with_one_more(
    sandbox: Sandbox, account: Account, api: ApiSession, members: WritableStream, truth: Truth,
    create: Callable[..., Write],
) -> None:  # fmt: skip
    before, audience = len(truth("members")), account["lists"][0]["id"]
    writes = [create(number) for number in range(1, 301)]
    records = good(members.write_batch(api, writes))
    assert asked(sandbox) == ["GET merge-fields", f"POST {audience}", "GET members"]
    assert len(truth("members")) == before + 300
    for write, record in zip(writes, records, strict=True):
        values = members.values(record.raw)
        assert {name: values.get(name) for name in write.values if name != "tags"} == {
            name: value for name, value in write.values.items() if name != "tags"
        }
        assert set(values["tags"]) == set(write.values["tags"])
        assert values["status"] == "transactional"


def test_what_a_write_returns_is_what_a_read_brings(
    api: ApiSession, members: WritableStream, create: Callable[..., Write], scope: ReadScope
) -> None:
    made, other = good(members.write_batch(api, [create(1), create(2)]))
    changed = good(members.write_batch(api, [update(made, merge_fields__FNAME="Augusta")]))[0]
    found = {each.id: each for page in members.read(api, {}, scope) for each in page.records}
    assert [found[made.id], found[other.id]] == [changed, other]


def test_an_update_changes_what_it_names_and_nothing_else(
    api: ApiSession, members: WritableStream, create: Callable[..., Write]
) -> None:
    before = good(members.write_batch(api, [create()]))[0]
    after = good(members.write_batch(api, [update(before, merge_fields__FNAME="Augusta", merge_fields__PHONE=None)]))[0]
    values, old = members.values(after.raw), members.values(before.raw)
    assert values["merge_fields.FNAME"] == "Augusta"
    assert "merge_fields.PHONE" not in values
    changed = {"merge_fields.FNAME", "merge_fields.PHONE", "full_name", "last_changed"}
    assert {name: values[name] for name in values if name not in changed} == {
        name: old[name] for name in old if name not in changed
    }


def test_changes_cost_three_calls_whatever_their_number(
    sandbox: Sandbox, api: ApiSession, members: WritableStream, create: Callable[..., Write], account: Account
) -> None:
    before = good(members.write_batch(api, [create(number) for number in range(1, 101)]))
    sandbox.clear_log()
    good(members.write_batch(api, [update(each, merge_fields__LNAME="Changed") for each in before]))
    assert asked(sandbox) == ["GET members", f"POST {account['lists'][0]['id']}", "GET members"]


def test_tags_are_given_and_taken_away(api: ApiSession, members: WritableStream, create: Callable[..., Write]) -> None:
    before = good(members.write_batch(api, [create(1), create(2)]))
    tagged, plain = good(members.write_batch(
        api, [update(before[0], tags=["Jazz", "Press"]), update(before[1], merge_fields__LNAME="Changed")]
    ))  # fmt: skip
    assert set(members.values(tagged.raw)["tags"]) == {"Jazz", "Press"}
    assert set(members.values(plain.raw)["tags"]) == {"Jazz", "Season ticket"}
    emptied = good(members.write_batch(api, [update(tagged, tags=None)]))[0]
    assert "tags" not in members.values(emptied.raw)


def test_a_new_address_keeps_the_contact(
    api: ApiSession, members: WritableStream, create: Callable[..., Write], truth: Truth
) -> None:
    before = good(members.write_batch(api, [create()]))[0]
    writes = [update(before, email_address="countess@example.com", merge_fields__FNAME="Augusta")]
    after = good(members.write_batch(api, writes))[0]
    assert after.id == before.id
    assert of(truth, "countess@example.com")["merge_fields"]["FNAME"] == "Augusta"
    assert good(members.write_batch(api, again(writes)))[0] == after


def test_an_address_that_another_contact_has_is_a_duplicate(
    api: ApiSession, members: WritableStream, create: Callable[..., Write]
) -> None:
    one, other = good(members.write_batch(api, [create(1), create(2)]))
    error = members.write_batch(api, [update(one, email_address="person.2@example.com")])[0].error
    assert isinstance(error, Duplicate)
    assert error.external_id == other.id


@pytest.mark.parametrize("status", ["subscribed", "cleaned", "archived"])
def test_nobody_is_subscribed(
    sandbox: Sandbox, api: ApiSession, members: WritableStream, create: Callable[..., Write], status: str
) -> None:
    results = members.write_batch(api, [create(status_if_new=status), create(1, status=status)])
    assert [type(each.error) for each in results] == [Invalid, Invalid]
    assert asked(sandbox) == []


@pytest.mark.parametrize("status", ["subscribed", "unsubscribed", "cleaned", "pending", "transactional"])
def test_a_contact_who_is_there_already_keeps_its_status_and_all_else(
    api: ApiSession, members: WritableStream, create: Callable[..., Write], truth: Truth, call: Call,
    account: Account, status: str,
) -> None:  # fmt: skip
    there = {"email_address": "person.1@example.com", "status": status, "merge_fields": {"FNAME": "Somebody"}}
    made = call("POST", f"/lists/{account['lists'][0]['id']}/members", json=there).json()
    before = of(truth, "person.1@example.com")
    for write in (create(1), replace(create(1), attempt=2)):
        error = members.write_batch(api, [write])[0].error
        assert isinstance(error, Duplicate)
        assert error.external_id == made["contact_id"]
    assert of(truth, "person.1@example.com") == before


def test_a_change_leaves_the_status_unless_somebody_leaves(
    api: ApiSession, members: WritableStream, scope: ReadScope, truth: Truth
) -> None:
    records = [each for page in members.read(api, {}, scope) for each in page.records]
    there = [each for each in records if each.raw["status"] != "archived"]
    changed = good(members.write_batch(api, [update(each, merge_fields__LNAME="Changed") for each in there]))
    assert [each.raw["status"] for each in changed] == [each.raw["status"] for each in there]
    left = good(members.write_batch(api, [update(each, status="unsubscribed") for each in changed]))
    assert {each.raw["status"] for each in left} == {"unsubscribed"}


def test_one_who_was_deleted_for_good_is_settled(
    api: ApiSession, members: WritableStream, create: Callable[..., Write], call: Call, account: Account
) -> None:
    good(members.write_batch(api, [create(1)]))
    path = f"/lists/{account['lists'][0]['id']}/members/{subscriber_hash('person.1@example.com')}"
    assert call("POST", f"{path}/actions/delete-permanent").status_code == 204
    forgotten, fine = members.write_batch(api, [replace(create(1), attempt=2), create(2)])
    assert isinstance(forgotten.error, Settled)
    assert "person.1@" not in str(forgotten.error)
    assert fine.record


def test_one_that_is_refused_does_not_touch_the_others(
    api: ApiSession, members: WritableStream, create: Callable[..., Write]
) -> None:
    bad = create(2, **{"merge_fields.BIRTHDAY": "no day"})
    first, refused, last = members.write_batch(api, [create(1), bad, create(3)])
    assert first.record
    assert last.record
    assert isinstance(refused.error, Invalid)
    assert refused.error.field == "merge_fields.BIRTHDAY"


def test_fields_that_the_audience_lacks_and_addresses_it_would_refuse_are_left_out(
    api: ApiSession, members: WritableStream, create: Callable[..., Write]
) -> None:
    write = create(1, **{"merge_fields.COMPANY": "Engines", "merge_fields.ADDRESS.state": None})
    values = members.values(good(members.write_batch(api, [write]))[0].raw)
    assert values["merge_fields.FNAME"] == "Ada"
    assert not [name for name in values if name.startswith(("merge_fields.ADDRESS", "merge_fields.COMPANY"))]


@pytest.mark.parametrize("kind", ["lost_answer", "malformed"])
@pytest.mark.parametrize("times", [1, 2, 3, 4, 7])
def test_contacts_whose_answers_are_lost_are_made_once(
    sandbox: Sandbox, api: ApiSession, members: WritableStream, create: Callable[..., Write], truth: Truth,
    kind: str, times: int,
) -> None:  # fmt: skip
    before = {each["id"] for each in truth("members")}
    lose(sandbox, times, kind)
    records = good(persistently(members, api, [create(number) for number in range(1, 6)]))
    assert {each["contact_id"] for each in truth("members") if each["id"] not in before} == {
        each.id for each in records
    }


@pytest.mark.parametrize("times", [1, 3, 5])
def test_changes_whose_answers_are_lost_are_made(
    sandbox: Sandbox, api: ApiSession, members: WritableStream, create: Callable[..., Write], times: int
) -> None:
    before = good(members.write_batch(api, [create(number) for number in range(1, 4)]))
    lose(sandbox, times)
    after = good(persistently(members, api, [update(each, merge_fields__LNAME="Changed") for each in before]))
    assert [members.values(each.raw)["merge_fields.LNAME"] for each in after] == ["Changed"] * 3


def test_after_a_lost_answer_one_call_finds_all_and_nothing_is_sent(
    sandbox: Sandbox, api: ApiSession, members: WritableStream, create: Callable[..., Write]
) -> None:
    writes = [create(number) for number in range(1, 6)]
    first = good(members.write_batch(api, writes))
    sandbox.clear_log()
    assert good(members.write_batch(api, again(writes))) == first
    assert asked(sandbox) == ["GET members"]


def test_a_contact_that_changed_meanwhile_is_a_conflict_each_time(
    sandbox: Sandbox, api: ApiSession, members: WritableStream, scope: ReadScope, act: Act, truth: Truth
) -> None:
    records = {each.raw["id"]: each for page in members.read(api, {}, scope) for each in page.records}
    changed = act("change", 1)[0]
    before = truth("members")
    writes = [update(records[changed], merge_fields__FNAME="Somebody")]
    for each in (writes, again(writes)):
        assert isinstance(members.write_batch(api, each)[0].error, Conflict)
    assert truth("members") == before


def test_two_with_one_address_never_become_one(
    api: ApiSession, members: WritableStream, create: Callable[..., Write]
) -> None:
    made, refused = members.write_batch(api, [create(1), create(1, **{"merge_fields.FNAME": "Other"})])
    assert made.record
    assert isinstance(refused.error, Duplicate)


def test_removing_a_contact_archives_it_and_removing_it_again_does_no_harm(
    api: ApiSession, members: WritableStream, create: Callable[..., Write], truth: Truth
) -> None:
    record = good(members.write_batch(api, [create(1)]))[0]
    write = update(record, Operation.DELETE)
    for writes in ([write], again([write])):
        assert good(members.write_batch(api, writes))[0].deleted
    assert of(truth, "person.1@example.com")["status"] == "archived"


def test_a_contact_that_is_gone_is_not_found_and_need_not_be_removed(
    api: ApiSession, members: WritableStream, create: Callable[..., Write], call: Call, account: Account
) -> None:
    record = good(members.write_batch(api, [create(1)]))[0]
    call("POST", f"/lists/{account['lists'][0]['id']}/members/{record.raw['id']}/actions/delete-permanent")
    assert isinstance(members.write_batch(api, [update(record, vip=True)])[0].error, NotFound)
    assert good(members.write_batch(api, [update(record, Operation.DELETE)]))[0].deleted
