"""Writing customers to Stripe: each once, whatever answers are lost, and with the fewest calls."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.providers.base import WritableStream
from integrations.providers.errors import Invalid, NotFound, PermissionMissing, RateLimited, Transient
from integrations.providers.http import ApiSession
from integrations.providers.stripe.streams.objects import Customers
from integrations.providers.types import ExternalRecord, Operation, Values, Write, WriteResult
from tests.provider_sandbox import Sandbox
from tests.providers.writing import again, asked, create, delete, good, known, lose, persistently, update

ADA: Values = {
    "name": "Ada Løvelace 🎟", "individual_name": "Ada Løvelace 🎟", "business_name": "Engines",
    "email": "ada@example.net", "phone": "+447700900123", "description": "Likes the front row",
    "preferred_locale": "en-GB", "address.line1": "1 Quay Street", "address.city": "Bristol",
    "address.state": "Avon", "address.postal_code": "BS1 4DB", "address.country": "GB",
}  # fmt: skip
STREAM = Customers()
Truth = Callable[[str], dict[str, dict[str, Any]]]


def write_batch(api: ApiSession, writes: list[Write]) -> list[WriteResult]:
    return STREAM.write_batch(api, writes)


def several(number: int) -> list[Write]:
    return [create(ADA | {"email": f"ada{each}@example.net"}) for each in range(number)]


def as_read(record: ExternalRecord, names: Values) -> Values:
    return {name: STREAM.values(record.raw).get(name) for name in names}


def there(truth: Truth) -> dict[str, dict[str, Any]]:
    return {key: raw for key, raw in truth("customers").items() if not raw.get("is_deleted")}


@pytest.fixture
def held(sandbox: Sandbox, api: ApiSession) -> list[ExternalRecord]:
    """Some customers that are there, as a read brings them."""
    found = sorted(known(STREAM, api).values(), key=lambda record: record.id)
    sandbox.clear_log()
    return found


def test_customers_are_writable() -> None:
    assert isinstance(STREAM, WritableStream)


def test_each_customer_is_made_with_one_call(sandbox: Sandbox, api: ApiSession, truth: Truth) -> None:
    writes, before = several(10), len(there(truth))
    results = write_batch(api, writes)
    assert asked(sandbox) == ["POST /v1/customers"] * 10
    for write, record in zip(writes, good(results), strict=True):
        assert as_read(record, write.values) == write.values
        assert record.raw["metadata"] == {"backline_record": write.ours}
    assert len(there(truth)) == before + 10


def test_what_was_written_is_what_the_next_read_brings(api: ApiSession, held: list[ExternalRecord]) -> None:
    written = good(write_batch(api, [*several(1), update(held[0], {"description": "Seen"})]))
    read = known(STREAM, api)
    assert [each.raw for each in written] == [read[each.id].raw for each in written]


def test_making_changing_and_deleting_take_one_call_each(
    sandbox: Sandbox, api: ApiSession, held: list[ExternalRecord]
) -> None:
    gone, moved, made = good(
        write_batch(api, [delete(held[0]), update(held[1], {"description": "Moved"}), *several(1)])
    )
    assert [gone.id, gone.deleted] == [held[0].id, True]
    assert [moved.id, moved.raw["description"]] == [held[1].id, "Moved"]
    assert asked(sandbox) == [
        f"DELETE /v1/customers/{held[0].id}",
        f"POST /v1/customers/{held[1].id}",
        "POST /v1/customers",
    ]
    left = known(STREAM, api)
    assert gone.id not in left
    assert made.id in left


def test_one_refusal_names_its_field_and_stops_no_other(api: ApiSession) -> None:
    first, other = several(2)
    bad = create(ADA | {"email": "nowhere"})
    made, refused, last = write_batch(api, [first, bad, other])
    good([made, last])
    assert isinstance(refused.error, Invalid)
    assert [refused.key, refused.record, refused.error.field] == [bad.key, None, "email"]


@pytest.mark.parametrize("kind", ["lost_answer", "malformed"])
@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize("times", [1, 4, 7])
def test_customers_whose_answers_are_lost_are_made_once(
    sandbox: Sandbox, api: ApiSession, truth: Truth, kind: str, skip: int, times: int
) -> None:
    before = len(there(truth))
    lose(sandbox, "stripe", "/v1/customers", kind=kind, skip=skip, times=times)
    writes = several(3)
    results, _ = persistently(lambda each: write_batch(api, each), writes)
    for write, record in zip(writes, good(results), strict=True):
        assert as_read(record, write.values) == write.values
    assert len(there(truth)) == before + 3


@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize("times", [1, 4])
def test_whichever_answer_is_lost_everything_happens_once(
    sandbox: Sandbox, api: ApiSession, truth: Truth, held: list[ExternalRecord], skip: int, times: int
) -> None:
    writes = [*several(1), update(held[0], {"description": "Once"}), delete(held[1])]
    lose(sandbox, "stripe", "/v1/customers", skip=skip, times=times)
    results, _ = persistently(lambda each: write_batch(api, each), writes)
    made, changed, gone = good(results)
    assert there(truth).keys() == {record.id for record in [*held, made]} - {gone.id}
    assert [changed.id, changed.raw["description"]] == [held[0].id, "Once"]


def test_what_a_day_later_has_no_key_any_more_is_found_by_our_reference(
    sandbox: Sandbox, api: ApiSession, truth: Truth
) -> None:
    writes = several(10)
    made = good(write_batch(api, writes))
    sandbox.ask("POST", "/clock", {"advance_seconds": 25 * 3600})
    sandbox.clear_log()
    assert [each.id for each in good(write_batch(api, again(writes)))] == [each.id for each in made]
    assert asked(sandbox) == ["GET /v1/customers/search"] + [f"GET /v1/customers/{each.id}" for each in made]


def test_what_the_search_does_not_know_yet_is_protected_by_its_key(
    sandbox: Sandbox, api: ApiSession, truth: Truth
) -> None:
    writes = several(2)
    made = good(write_batch(api, writes))
    before = there(truth)
    assert [each.id for each in good(write_batch(api, again(writes)))] == [each.id for each in made]
    assert there(truth) == before


def test_an_account_without_search_is_protected_by_keys(sandbox: Sandbox, api: ApiSession, truth: Truth) -> None:
    made = good(write_batch(api, several(1)))
    refusal = {"error": {"type": "invalid_request_error", "message": "Search is not available in your country."}}
    fault = {"provider": "stripe", "kind": "status", "status": 400, "path": "/v1/customers/search", "body": refusal}
    sandbox.ask("POST", "/faults", fault)
    assert [each.id for each in good(write_batch(api, again(several(1))))] == [each.id for each in made]


def test_the_same_batch_twice_changes_nothing_the_second_time(
    api: ApiSession, truth: Truth, held: list[ExternalRecord]
) -> None:
    writes = [*several(2), update(held[0], {"description": "Once"}), delete(held[1])]
    first = good(write_batch(api, writes))
    before = there(truth)
    second = good(write_batch(api, again(writes)))
    assert [(each.id, each.raw) for each in first] == [(each.id, each.raw) for each in second]
    assert there(truth) == before


def test_a_repeated_change_tells_how_the_customer_is_now(api: ApiSession, held: list[ExternalRecord]) -> None:
    write = update(held[0], {"description": "Ours"})
    good(write_batch(api, [write]))
    good(write_batch(api, [update(held[0], {"phone": "+447700900999"})]))
    (record,) = good(write_batch(api, again([write])))
    assert [record.raw["description"], record.raw["phone"]] == ["Ours", "+447700900999"]


def test_a_customer_that_is_gone_cannot_be_changed_and_is_deleted_already(
    api: ApiSession, held: list[ExternalRecord]
) -> None:
    good(write_batch(api, [delete(held[0])]))
    changed, deleted = write_batch(api, [update(held[0], {"description": "Late"}), delete(held[0])])
    assert isinstance(changed.error, NotFound)
    assert deleted.record is not None
    assert deleted.record.deleted


def test_fields_can_be_emptied(api: ApiSession) -> None:
    (made,) = good(write_batch(api, several(1)))
    emptied: Values = dict.fromkeys(["description", "phone", "business_name", "preferred_locale", "address.line1"])
    (changed,) = good(write_batch(api, [update(made, emptied)]))
    assert as_read(changed, emptied) == emptied
    assert as_read(changed, {"address.city": 0, "name": 0}) == {"address.city": "Bristol", "name": ADA["name"]}


def test_a_whole_address_can_be_emptied(api: ApiSession) -> None:
    (made,) = good(write_batch(api, several(1)))
    lines: Values = {name: None for name in ADA if name.startswith("address.")}
    (changed,) = good(write_batch(api, [update(made, lines)]))
    assert changed.raw["address"] is None


def test_what_was_done_before_an_outage_is_told_and_the_rest_is_left_open(sandbox: Sandbox, api: ApiSession) -> None:
    lose(sandbox, "stripe", "/v1/customers", kind="reset", skip=2, times=-1)
    results = write_batch(api, several(4))
    good(results[:2])
    assert [type(result.error) for result in results[2:]] == [Transient, Transient]


def test_an_outage_at_once_leaves_everything_open(sandbox: Sandbox, api: ApiSession) -> None:
    lose(sandbox, "stripe", "/v1/customers", kind="reset", times=-1)
    with pytest.raises(Transient):
        write_batch(api, several(2))


def test_a_key_that_is_in_use_is_a_matter_of_waiting(sandbox: Sandbox, api: ApiSession) -> None:
    error = {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": "In progress."}
    fault = {"provider": "stripe", "kind": "status", "status": 409, "path": "/v1/customers", "body": {"error": error}}
    sandbox.ask("POST", "/faults", fault | {"times": 3})
    results, writes = persistently(lambda each: write_batch(api, each), several(1))
    good(results)
    assert writes[0].attempt == 2


def test_too_many_calls_are_waited_for(sandbox: Sandbox, api: ApiSession) -> None:
    fault = {"provider": "stripe", "kind": "rate_limit", "path": "/v1/customers", "retry_after": 60, "times": -1}
    sandbox.ask("POST", "/faults", fault)
    with pytest.raises(RateLimited):
        write_batch(api, several(2))


def test_a_key_without_the_permission_is_told_of_once_for_all(sandbox: Sandbox, api: ApiSession) -> None:
    message = "Having the 'rak_customer_write' permission would allow this request to continue."
    error = {"error": {"type": "invalid_request_error", "message": message}}
    fault = {"provider": "stripe", "kind": "status", "status": 403, "path": "/v1/customers", "body": error}
    sandbox.ask("POST", "/faults", fault)
    with pytest.raises(PermissionMissing, match="rak_customer_write"):
        write_batch(api, several(2))


def test_a_creation_is_never_sent_to_an_existing_customer(sandbox: Sandbox, api: ApiSession) -> None:
    write = Write("0" * 40, "1" * 32, Operation.CREATE, {"name": "Ada"}, external_id="cus_other")
    good(write_batch(api, [write]))
    assert asked(sandbox) == ["POST /v1/customers"]
