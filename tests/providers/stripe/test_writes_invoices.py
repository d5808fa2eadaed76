"""Drafting invoices at Stripe: each once with every line, changed while it is a draft, and never finalised by us."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.providers.base import ChoosyOutlet, ComparingOutlet, WritableStream
from integrations.providers.errors import Invalid, NotFound, PermissionMissing, Settled, Transient
from integrations.providers.http import ApiSession
from integrations.providers.stripe.streams.objects import Customers, Invoices
from integrations.providers.types import ExternalRecord, Money, Values, Write, WriteResult
from tests.provider_sandbox import Sandbox
from tests.providers.stripe.conftest import Account, theirs
from tests.providers.writing import again, asked, create, delete, good, known, lose, persistently, update

STREAM = Invoices()
DUE = datetime(2031, 12, 1, 12, tzinfo=UTC)
Truth = Callable[[str], dict[str, dict[str, Any]]]


def pounds(minor: int) -> Money:
    return Money(minor, "GBP")


HALL: Values = {
    "description": "Hall hire 🏛", "quantity": "3", "unit_amount": pounds(12_050), "amount": pounds(36_150),
    "discount": pounds(150), "total": pounds(36_000),
}  # fmt: skip
SOUND: Values = {
    "description": "Sound engineer",
    "quantity": "1.5",
    "unit_amount": pounds(4_000),
    "total": pounds(6_000),
}
LESS: Values = {"description": "Friends of the house", "total": pounds(-2_000)}


def write_batch(api: ApiSession, writes: list[Write]) -> list[WriteResult]:
    return STREAM.write_batch(api, writes)


@pytest.fixture
def hire(sandbox: Sandbox, api: ApiSession) -> Values:
    """Three lines for a customer who is at Stripe."""
    (customer,) = good(Customers().write_batch(api, [create({"name": "Ottoline 🦉", "email": "o@example.org"})]))
    sandbox.clear_log()
    return {
        "customer": customer.id, "number": "B-7", "due_date": DUE, "status": "draft", "total": pounds(40_000),
        "lines": [HALL, SOUND, LESS],
    }  # fmt: skip


@pytest.fixture
def draft(sandbox: Sandbox, api: ApiSession, hire: Values) -> ExternalRecord:
    (record,) = good(write_batch(api, [create(hire)]))
    sandbox.clear_log()
    return record


def changed(api: ApiSession, before: ExternalRecord, **values: Any) -> ExternalRecord:
    (record,) = good(write_batch(api, [update(before, values)]))
    return record


def there(truth: Truth) -> dict[str, dict[str, Any]]:
    return {key: raw for key, raw in truth("invoices").items() if not raw.get("is_deleted")}


def known_items(sandbox: Sandbox, account: Account, record: ExternalRecord) -> set[str]:
    listed = theirs(sandbox, account, "invoiceitems", method="GET", invoice=record.id, limit="100")["data"]
    return {each["id"] for each in listed}


def finalise(sandbox: Sandbox, account: Account, record: ExternalRecord) -> None:
    theirs(sandbox, account, f"invoices/{record.id}/finalize")


def test_invoices_are_writable_choosy_and_comparable() -> None:
    assert isinstance(STREAM, WritableStream)
    assert isinstance(STREAM, ChoosyOutlet)
    assert isinstance(STREAM, ComparingOutlet)


def test_a_draft_costs_a_call_one_for_each_item_and_a_look(sandbox: Sandbox, api: ApiSession, hire: Values) -> None:
    (record,) = good(write_batch(api, [create(hire)]))
    assert asked(sandbox) == ["POST /v1/invoices", *["POST /v1/invoiceitems"] * 4, f"GET /v1/invoices/{record.id}"]


def test_it_is_a_draft_that_nobody_but_the_owner_sends(draft: ExternalRecord, hire: Values) -> None:
    raw = draft.raw
    assert (raw["status"], raw["auto_advance"], raw["collection_method"]) == ("draft", False, "send_invoice")
    assert (raw["number"], raw["total"], raw["currency"]) == ("B-7", 40_000, "gbp")
    assert raw["metadata"] == {"backline_record": create(hire).ours}


def test_what_was_drafted_is_what_the_next_read_brings(api: ApiSession, draft: ExternalRecord, hire: Values) -> None:
    read = known(STREAM, api)[draft.id]
    assert read.raw == draft.raw
    values = STREAM.values(read.raw)
    assert {name: values[name] for name in hire if name != "lines"} == {
        name: value for name, value in hire.items() if name != "lines"
    }
    assert STREAM.is_same("lines", hire["lines"], values["lines"])
    assert [line["description"] for line in values["lines"]] == [line["description"] for line in hire["lines"]]
    assert [line["total"].minor for line in values["lines"]] == [36_000, 6_000, -2_000]
    assert [line["quantity"] for line in values["lines"]] == [3, "1.5", 1]


def test_more_lines_than_stripe_shows_at_once_are_all_there(sandbox: Sandbox, api: ApiSession, hire: Values) -> None:
    lines = [{"description": f"Night {number}", "total": pounds(number)} for number in range(1, 13)]
    (record,) = good(write_batch(api, [create(hire | {"lines": lines, "total": pounds(78)})]))
    assert [line["total"].minor for line in STREAM.values(record.raw)["lines"]] == list(range(1, 13))
    assert asked(sandbox)[-2:] == [f"GET /v1/invoices/{record.id}", f"GET /v1/invoices/{record.id}/lines"]


@pytest.mark.parametrize(("kind", "times"), [("lost_answer", 1), ("lost_answer", 7), ("malformed", 4)])
@pytest.mark.parametrize("skip", [0, 1, 3, 5])
def test_whichever_answer_is_lost_an_invoice_is_drafted_once_with_each_line_once(
    sandbox: Sandbox, api: ApiSession, truth: Truth, hire: Values, kind: str, skip: int, times: int
) -> None:
    before = there(truth).keys()
    lose(sandbox, "stripe", "/v1/invoice", kind=kind, skip=skip, times=times)
    results, _ = persistently(lambda each: write_batch(api, each), [create(hire)])
    (record,) = good(results)
    assert there(truth).keys() - before == {record.id}
    assert len(truth("invoiceitems")) == 4
    assert STREAM.is_same("lines", hire["lines"], STREAM.values(record.raw)["lines"])


def test_what_a_day_later_has_no_key_any_more_is_found_among_the_customers_invoices(
    sandbox: Sandbox, api: ApiSession, draft: ExternalRecord, hire: Values
) -> None:
    sandbox.ask("POST", "/clock", {"advance_seconds": 25 * 3600})
    sandbox.clear_log()
    assert good(write_batch(api, again([create(hire)])))[0].raw == draft.raw
    assert asked(sandbox) == ["GET /v1/invoices", "GET /v1/invoiceitems", f"GET /v1/invoices/{draft.id}"]


def test_a_draft_that_the_owner_finalised_before_we_heard_of_it_is_taken_as_it_is(
    sandbox: Sandbox, api: ApiSession, truth: Truth, account: Account, draft: ExternalRecord, hire: Values
) -> None:
    finalise(sandbox, account, draft)
    (record,) = good(write_batch(api, again([create(hire)])))
    assert (record.id, record.raw["status"]) == (draft.id, "open")
    assert len([raw for raw in there(truth).values() if raw["customer"] == hire["customer"]]) == 1


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 1500), ("KWD", 5120), ("ISK", 900)])
def test_amounts_without_and_with_three_decimals_are_what_they_were(
    api: ApiSession, hire: Values, currency: str, minor: int
) -> None:
    line = {"quantity": "2", "unit_amount": Money(minor, currency)}
    (record,) = good(write_batch(api, [create(hire | {"lines": [line], "total": Money(2 * minor, currency)})]))
    values = STREAM.values(record.raw)
    assert (values["total"], values["lines"][0]["unit_amount"]) == (Money(2 * minor, currency), Money(minor, currency))


def test_a_bill_without_a_date_is_due_in_a_month_and_that_is_no_difference(api: ApiSession, hire: Values) -> None:
    (record,) = good(write_batch(api, [create(hire | {"due_date": None})]))
    assert record.raw["due_date"] == record.raw["created"] + 30 * 86_400
    assert STREAM.is_same("due_date", None, STREAM.values(record.raw)["due_date"])
    assert changed(api, record, due_date=None).raw == record.raw


def test_lines_are_replaced_with_one_call_for_each_that_differs(
    sandbox: Sandbox, api: ApiSession, draft: ExternalRecord
) -> None:
    lines = [HALL, SOUND | {"description": "Sound and light"}, {"description": "Bar", "total": pounds(900)}]
    after = changed(api, draft, lines=lines, total=pounds(42_900))
    assert [call.split("/ii_")[0] for call in asked(sandbox)] == [
        "POST /v1/invoiceitems", "POST /v1/invoiceitems", f"GET /v1/invoices/{draft.id}",
    ]  # fmt: skip
    assert (after.raw["total"], STREAM.is_same("lines", lines, STREAM.values(after.raw)["lines"])) == (42_900, True)
    fewer = changed(api, after, lines=lines[:1], total=pounds(36_000))
    assert [line["total"].minor for line in STREAM.values(fewer.raw)["lines"]] == [36_000]


def test_a_line_of_the_owners_own_goes_when_it_is_not_wanted(
    sandbox: Sandbox, api: ApiSession, account: Account, draft: ExternalRecord
) -> None:
    added = {"customer": draft.raw["customer"], "invoice": draft.id, "amount": "5", "currency": "gbp"}
    theirs(sandbox, account, "invoiceitems", **added)
    after = changed(api, known(STREAM, api)[draft.id], lines=[HALL], total=pounds(36_000))
    assert [line["amount"].minor for line in STREAM.values(after.raw)["lines"]] == [36_150]


def test_due_date_and_number_change_with_one_call(sandbox: Sandbox, api: ApiSession, draft: ExternalRecord) -> None:
    after = changed(api, draft, due_date=DUE.replace(day=24), number=None)
    assert asked(sandbox) == [f"POST /v1/invoices/{draft.id}"]
    assert (STREAM.values(after.raw)["due_date"], after.raw["number"]) == (DUE.replace(day=24), None)
    assert known(STREAM, api)[draft.id].raw == after.raw


@pytest.mark.parametrize("skip", [0, 1, 2, 3])
@pytest.mark.parametrize("times", [1, 4])
def test_whichever_answer_is_lost_lines_are_replaced_once(
    sandbox: Sandbox, api: ApiSession, truth: Truth, draft: ExternalRecord, skip: int, times: int
) -> None:
    lose(sandbox, "stripe", "/v1/invoice", skip=skip, times=times)
    lines = [HALL | {"description": "Hall"}, LESS, SOUND]
    write = update(draft, {"lines": lines, "total": pounds(40_000), "due_date": DUE.replace(day=24)})
    results, _ = persistently(lambda each: write_batch(api, each), [write])
    (record,) = good(results)
    assert STREAM.is_same("lines", lines, STREAM.values(record.raw)["lines"])
    assert len([raw for raw in truth("invoiceitems").values() if raw.get("invoice") == draft.id]) == 4


def test_a_draft_is_taken_back_with_one_call(
    sandbox: Sandbox, api: ApiSession, truth: Truth, draft: ExternalRecord
) -> None:
    (gone,) = good(write_batch(api, [delete(draft)]))
    assert (gone.id, gone.deleted, asked(sandbox)) == (draft.id, True, [f"DELETE /v1/invoices/{draft.id}"])
    assert draft.id not in there(truth)
    assert good(write_batch(api, again([delete(draft)])))[0].deleted
    (late,) = write_batch(api, again([update(draft, {"number": "B-8"})]))
    assert isinstance(late.error, NotFound)


def test_what_is_finalised_is_neither_changed_nor_deleted_nor_made_void(
    sandbox: Sandbox, api: ApiSession, truth: Truth, account: Account, draft: ExternalRecord
) -> None:
    finalise(sandbox, account, draft)
    seen = known(STREAM, api)[draft.id]
    sandbox.clear_log()
    writes = [update(seen, {"number": "B-8"}), update(seen, {"lines": [HALL], "total": pounds(36_000)}), delete(seen)]
    assert [STREAM.unfit(write) != "" for write in writes] == [True, True, False]
    for result in write_batch(api, writes):
        assert isinstance(result.error, Settled)
        assert "finalised" in str(result.error)
    assert asked(sandbox) == []
    assert truth("invoices")[draft.id] == seen.raw


def test_what_was_finalised_since_the_last_look_is_told_without_a_conflict(
    sandbox: Sandbox, api: ApiSession, truth: Truth, account: Account, draft: ExternalRecord
) -> None:
    finalise(sandbox, account, draft)
    writes = [
        update(draft, {"number": "B-8"}),
        update(draft, {"lines": [LESS], "total": pounds(-2_000)}),
        delete(draft),
    ]
    for each in (writes, again(writes)):
        assert [type(result.error) for result in write_batch(api, each)] == [Settled] * 3
    assert truth("invoices")[draft.id]["total"] == 40_000


@pytest.mark.parametrize(
    ("other", "field", "sentence"),
    [
        ({"customer": None}, "customer", "Its customer is not at Stripe yet"),
        ({"status": "paid"}, "status", "nothing was paid"), ({"status": "void"}, "status", "nothing was paid"),
        ({"lines": []}, "lines", "no lines"), ({"total": pounds(1)}, "lines", "do not come to its total"),
        ({"lines": [LESS, {"total": Money(5, "EUR")}]}, "lines", "several currencies"),
        ({"lines": [HALL | {"tax": pounds(7), "total": pounds(36_007)}]}, "lines", "A tax comes on top"),
        ({"lines": [{"total": Money(5_123, "KWD")}], "total": Money(5_123, "KWD")}, "lines", "in steps of 0.01"),
    ],
)  # fmt: skip
def test_what_is_no_invoice_for_stripe_is_told_before_anything_is_sent(
    sandbox: Sandbox, api: ApiSession, hire: Values, other: Values, field: str, sentence: str
) -> None:
    write = create(hire | other)
    assert sentence in STREAM.unfit(write)
    (result,) = write_batch(api, [write])
    assert isinstance(result.error, Invalid)
    assert (result.error.field, asked(sandbox)) == (field, [])
    assert STREAM.unfit(create(hire)) == ""


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"due_date": DUE.replace(year=2020)}, "due_date"), ({"customer": "cus_nobody"}, "customer"),
        ({"lines": [HALL, LESS | {"description": "x" * 5001}], "total": pounds(34_000)}, "lines"),
    ],
)  # fmt: skip
def test_a_refusal_names_our_field_leaves_no_draft_and_stops_no_other(
    api: ApiSession, truth: Truth, hire: Values, other: Values, field: str
) -> None:
    before = there(truth).keys()
    refused, fine = write_batch(api, [create(hire | other), create(hire, number=2)])
    assert isinstance(refused.error, Invalid)
    assert refused.error.field == field
    assert there(truth).keys() - before == {record.id for record in good([fine])}


def test_a_draft_that_comes_to_something_else_at_stripe_is_taken_back(
    sandbox: Sandbox, api: ApiSession, truth: Truth, draft: ExternalRecord, hire: Values
) -> None:
    fault = {"provider": "stripe", "kind": "status", "status": 200, "method": "GET", "path": f"/v1/invoices/{draft.id}"}
    sandbox.ask("POST", "/faults", fault | {"body": draft.raw | {"total": 40_001}})
    (result,) = write_batch(api, again([create(hire)]))
    assert isinstance(result.error, Invalid)
    assert (result.error.field, draft.id in there(truth)) == ("lines", False)


def test_what_the_owner_added_before_we_heard_of_the_draft_stays(
    sandbox: Sandbox, api: ApiSession, account: Account, draft: ExternalRecord, hire: Values
) -> None:
    added = {"customer": draft.raw["customer"], "invoice": draft.id, "amount": "5", "currency": "gbp"}
    item = theirs(sandbox, account, "invoiceitems", **added)
    assert good(write_batch(api, again([create(hire)])))[0].raw["total"] == 40_005
    seen = known(STREAM, api)[draft.id]
    changed(
        api, seen, lines=[HALL, SOUND, LESS | {"total": pounds(-1_000)}, {"total": pounds(5)}], total=pounds(41_005)
    )
    assert item["id"] in known_items(sandbox, account, draft)


def test_a_subscriptions_invoice_is_changed_at_stripe_only(draft: ExternalRecord) -> None:
    line = draft.raw["lines"]["data"][0] | {"parent": {"type": "subscription_item_details"}}
    other = replace(draft, raw=draft.raw | {"lines": {"data": [line]}})
    assert "only Stripe can change" in STREAM.unfit(update(other, {"lines": [HALL], "total": pounds(36_000)}))


def test_an_outage_between_draft_and_lines_leaves_the_invoice_open(
    sandbox: Sandbox, api: ApiSession, hire: Values
) -> None:
    done = create(hire | {"lines": [LESS], "total": pounds(-2_000)})
    lose(sandbox, "stripe", "/v1/invoiceitems", kind="reset", skip=1, times=-1)
    results = write_batch(api, [done, create(hire), create(hire, number=2)])
    good(results[:1])
    assert [type(result.error) for result in results[1:]] == [Transient, Transient]


def test_a_key_that_may_not_write_invoices_is_told_of_once_for_all(
    sandbox: Sandbox, api: ApiSession, account: Account, hire: Values
) -> None:
    sandbox.ask("POST", f"/stripe/{account['id']}/tokens", {"action": "drop_scope", "scope": "rak_invoice_write"})
    with pytest.raises(PermissionMissing, match="rak_invoice_write"):
        write_batch(api, [create(hire)])
