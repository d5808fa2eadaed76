"""Writing invoices to Square: each once, in as few steps as there are, for its own sum, and nothing left half made."""

from dataclasses import replace
from typing import Any

import pytest

from connections import sessions
from integrations.providers import PROVIDERS
from integrations.providers.base import ChoosyOutlet, ComparingOutlet, WritableStream
from integrations.providers.errors import Conflict, Invalid, NotFound, PermissionMissing, Transient
from integrations.providers.http import ApiSession
from integrations.providers.square.streams import Invoices
from integrations.providers.types import JSON, ExternalRecord, Money, ObjectType, ReadScope, Values, Write, WriteResult
from integrations.sealing import Secret
from tests.provider_sandbox import Sandbox
from tests.providers.writing import again, asked, create, delete, good, key_of, lose, persistently, update

STREAM = Invoices()
CUSTOMER = "primary_recipient.customer_id"
ORDER, DRAFT = "POST /v2/orders", "POST /v2/invoices"


def gbp(minor: int) -> Money:
    return Money(minor, "GBP")


HIRE: Values = {
    "name": "Private hire 🎪",
    "quantity": "1",
    "base_price_money": gbp(120_000),
    "total_money": gbp(120_000),
}
BAR: Values = {"name": "Bar", "variation_name": "Per head", "quantity": "40", "base_price_money": gbp(1250),
               "total_discount_money": gbp(5000), "total_tax_money": gbp(9000), "total_money": gbp(54_000)}  # fmt: skip


def write_batch(api: ApiSession, writes: list[Write]) -> list[WriteResult]:
    return STREAM.write_batch(api, writes)


def customer(api: ApiSession, **more: Any) -> str:
    body = {"given_name": "Ada", "email_address": "ada@example.net", **more}
    return str(api.post("/v2/customers", body, repeatable=False).body["customer"]["id"])


@pytest.fixture
def bill(sandbox: Sandbox, api: ApiSession, seller: dict[str, Any]) -> Values:
    """Return an invoice of two lines for somebody who is there."""
    values: Values = {
        CUSTOMER: customer(api), "due_date": "2999-01-31", "status": "UNPAID", "line_items": [HIRE, BAR],
        "total_money": gbp(174_000), "location_id": seller["locations"][0]["id"],
    }  # fmt: skip
    sandbox.clear_log()
    return values


def holds(record: ExternalRecord, values: Values) -> bool:
    there = STREAM.values(record.raw)
    return all(STREAM.is_same(name, value, there.get(name)) for name, value in values.items())


def read(api: ApiSession, seller: dict[str, Any]) -> dict[str, ExternalRecord]:
    """Return the invoices that are there, whole, by id."""
    scope = ReadScope(known={ObjectType.LOCATION: [place["id"] for place in seller["locations"]]})
    records = [record for page in STREAM.read(api, {}, scope) for record in page.records]
    return {record.id: STREAM.complete(api, record) for record in records}


def truth(sandbox: Sandbox, seller: dict[str, Any], kind: str = "invoices") -> dict[str, JSON]:
    found = sandbox.truth(seller["id"], kind)
    return {key: raw for key, raw in found.items() if not raw.get("is_deleted")}


def open_orders(sandbox: Sandbox, seller: dict[str, Any], write: Write) -> list[JSON]:
    """Return the orders that bear a record's id and are still open."""
    orders = truth(sandbox, seller, "orders").values()
    return [each for each in orders if each.get("reference_id") == write.ours and each["state"] == "OPEN"]


def forgotten(write: Write) -> Write:
    """Return a write as its third attempt, whose key Square does not know any more."""
    return replace(write, key=key_of(f"forgotten {write.key}"), attempt=3)


def test_invoices_are_writable_and_tell_what_is_the_same_and_what_is_unfit(bill: Values) -> None:
    assert isinstance(STREAM, WritableStream)
    assert isinstance(STREAM, ChoosyOutlet)
    assert isinstance(STREAM, ComparingOutlet)
    assert STREAM.unfit(create(bill)) == ""
    assert STREAM.unfit(create(bill | {"total_money": gbp(1)})) == (
        "The lines come to 1,740.00 GBP, and the invoice says 0.01 GBP."
    )
    assert STREAM.is_same("invoice_number", None, "0000001")
    assert not STREAM.is_same("due_date", None, "2999-01-31")


def test_an_invoice_is_made_and_published_with_three_calls(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values
) -> None:
    write = create(bill | {"invoice_number": "HIRE-7"})
    (record,) = good(write_batch(api, [write]))
    assert asked(sandbox) == [ORDER, DRAFT, f"{DRAFT}/{record.id}/publish"]
    assert holds(record, write.values)
    there = truth(sandbox, seller)[record.id]
    assert (there["status"], there["delivery_method"]) == ("UNPAID", "SHARE_MANUALLY")
    assert there["payment_requests"][0]["computed_amount_money"] == {"amount": 174_000, "currency": "GBP"}


def test_a_draft_is_made_with_two_calls_and_stays_one(sandbox: Sandbox, api: ApiSession, bill: Values) -> None:
    (record,) = good(write_batch(api, [create(bill | {"status": "DRAFT"})]))
    assert asked(sandbox) == [ORDER, DRAFT]
    assert (record.raw["status"], record.raw["invoice_number"]) == ("DRAFT", "0000013")


def test_what_was_written_is_what_the_next_read_brings(api: ApiSession, seller: dict[str, Any], bill: Values) -> None:
    draft, published = good(write_batch(api, [create(bill | {"status": "DRAFT"}), create(bill)]))
    (changed,) = good(write_batch(api, [update(published, {"due_date": "2999-02-28"})]))
    there = read(api, seller)
    assert [there[each.id] for each in (draft, changed)] == [draft, changed]


@pytest.mark.parametrize("times", [1, 4, 7])
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_whichever_answer_is_lost_an_invoice_is_made_once(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values, skip: int, times: int
) -> None:
    before = truth(sandbox, seller).keys()
    lose(sandbox, "square", "/v2/", skip=skip, times=times)
    results, (write,) = persistently(lambda each: write_batch(api, each), [create(bill)])
    (record,) = good(results)
    assert truth(sandbox, seller).keys() - before == {record.id}
    assert [each["id"] for each in open_orders(sandbox, seller, write)] == [record.raw["order_id"]]
    assert holds(record, bill)


def test_a_third_attempt_finds_what_the_first_made_although_the_keys_were_forgotten(
    sandbox: Sandbox, api: ApiSession, bill: Values
) -> None:
    write = create(bill)
    (made,) = good(write_batch(api, [write]))
    sandbox.clear_log()
    assert good(write_batch(api, [forgotten(write)])) == [made]
    assert asked(sandbox) == ["POST /v2/orders/search", "POST /v2/invoices/search"]


def test_orders_are_searched_for_ten_customers_at_once_and_to_the_last_page(
    sandbox: Sandbox, api: ApiSession, bill: Values
) -> None:
    writes = [create(bill, number=each) for each in range(3)]
    made = good(write_batch(api, writes))
    sandbox.ask("POST", "/square/settings", {"page_size": 1, "empty_page_every": 2})
    assert good(write_batch(api, [forgotten(each) for each in writes])) == made


@pytest.mark.parametrize("lost", [ORDER, DRAFT])
def test_what_an_earlier_attempt_left_half_made_is_gone_on_from(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values, lost: str
) -> None:
    write, before = create(bill), truth(sandbox, seller).keys()
    lose(sandbox, "square", lost.partition(" ")[2], times=-1)
    with pytest.raises(Transient):
        write_batch(api, [write])
    sandbox.ask("DELETE", "/faults")
    (record,) = good(write_batch(api, [forgotten(write)]))
    assert truth(sandbox, seller).keys() - before == {record.id}
    assert record.raw["status"] == "UNPAID"
    assert len(open_orders(sandbox, seller, write)) == 1


def test_an_earlier_bill_of_the_same_record_is_not_taken_for_this_one(api: ApiSession, bill: Values) -> None:
    first = create(bill)
    (earlier,) = good(write_batch(api, [first]))
    other = replace(create(bill | {"line_items": [HIRE], "total_money": gbp(120_000)}), ours=first.ours, attempt=3)
    (made,) = good(write_batch(api, [other]))
    assert made.id != earlier.id
    assert STREAM.values(made.raw)["total_money"] == gbp(120_000)


def test_keys_that_came_with_other_content_lead_to_what_they_made(api: ApiSession, bill: Values) -> None:
    write = create(bill)
    (made,) = good(write_batch(api, [write]))
    renumbered = replace(write, values=write.values | {"invoice_number": "H-9"}, attempt=2)
    assert good(write_batch(api, [renumbered])) == [made]


@pytest.mark.parametrize("change", [{"due_date": "2999-02-28"}, {"status": "UNPAID"}])
def test_a_draft_that_somebody_changed_meanwhile_is_published_as_it_is_then(
    api: ApiSession, bill: Values, change: Values
) -> None:
    write = create(bill)
    (made,) = good(write_batch(api, [replace(write, values=bill | {"status": "DRAFT"})]))
    (changed,) = good(write_batch(api, [update(made, change)]))
    (found,) = good(write_batch(api, again([write])))
    assert (found.id, found.raw["status"]) == (made.id, "UNPAID")
    assert found.raw["payment_requests"] == changed.raw["payment_requests"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"due_date": "2001-01-31"}, "due_date"),
        ({CUSTOMER: "nobody"}, CUSTOMER),
        ({"invoice_number": "x" * 192}, "invoice_number"),
        ({"line_items": [HIRE | {"name": "x" * 513}], "total_money": gbp(120_000)}, "line_items"),
        ({"location_id": "elsewhere"}, "location_id"),
        ({"status": "PAID"}, "status"),
    ],
)
def test_a_refusal_names_our_field_and_leaves_nothing_behind(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values, change: Values, field: str
) -> None:
    write, before = create(bill | change), truth(sandbox, seller)
    (refused,) = write_batch(api, [write])
    assert isinstance(refused.error, Invalid)
    assert refused.error.field == field
    assert (truth(sandbox, seller), open_orders(sandbox, seller, write)) == (before, [])


def test_what_cannot_be_published_is_not_left_as_a_draft(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values
) -> None:
    write, before = create(bill | {CUSTOMER: customer(api, email_address=None)}), truth(sandbox, seller)
    (refused,) = write_batch(api, [write])
    assert isinstance(refused.error, Invalid)
    assert refused.error.field == CUSTOMER
    assert (truth(sandbox, seller), open_orders(sandbox, seller, write)) == (before, [])


def test_a_draft_that_was_taken_back_by_a_call_whose_answer_was_lost_is_told_of(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values
) -> None:
    write, before = create(bill | {CUSTOMER: customer(api, email_address=None)}), truth(sandbox, seller)
    lose(sandbox, "square", "/v2/invoices/", skip=1, times=3)  # the deletion, after the refused publication
    results, _ = persistently(lambda each: write_batch(api, each), [write])
    assert isinstance(results[0].error, Invalid)
    assert (truth(sandbox, seller), open_orders(sandbox, seller, write)) == (before, [])


def test_another_sum_than_ours_is_not_billed(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values
) -> None:
    told = {"id": "O1", "location_id": "L1", "version": 1, "total_money": {"amount": 173_999, "currency": "GBP"}}
    fault = {"provider": "square", "kind": "status", "status": 200, "path": "/v2/orders", "body": {"order": told}}
    sandbox.ask("POST", "/faults", fault)
    (refused,) = write_batch(api, [create(bill)])
    assert str(refused.error) == "Square makes this 1,739.99 GBP, and the invoice says 1,740.00 GBP."
    assert isinstance(refused.error, Invalid)
    assert refused.error.field == "line_items"
    assert asked(sandbox) == [ORDER, "PUT /v2/orders/O1"]


@pytest.mark.parametrize("told", [{}, {"order": []}, {"order": {"id": "O1"}},
                                  {"order": {"id": "O1", "location_id": "L1", "total_money": "much"}}])  # fmt: skip
def test_an_answer_of_another_shape_leaves_it_open(
    sandbox: Sandbox, api: ApiSession, bill: Values, told: dict[str, Any]
) -> None:
    fault = {"provider": "square", "kind": "status", "status": 200, "path": "/v2/orders", "body": told}
    sandbox.ask("POST", "/faults", fault)
    results, _ = persistently(lambda each: write_batch(api, each), [create(bill)])
    assert holds(good(results)[0], bill)


def test_one_that_is_refused_stops_no_other(sandbox: Sandbox, api: ApiSession, bill: Values) -> None:
    first, bad, last = create(bill), create(bill | {"due_date": "2001-01-31"}), create(bill, number=2)
    one, refused, other = write_batch(api, [first, bad, last])
    good([one, other])
    assert [each.key for each in (one, refused, other)] == [first.key, bad.key, last.key]


def test_what_was_done_before_an_outage_is_told_and_the_rest_stays_open(
    sandbox: Sandbox, api: ApiSession, bill: Values
) -> None:
    lose(sandbox, "square", "/v2/", kind="reset", skip=4, times=-1)
    done, *rest = write_batch(api, [create(bill, number=each) for each in range(3)])
    good([done])
    assert [type(each.error) for each in rest] == [Transient, Transient]


def test_a_change_costs_one_call_and_leaves_everything_else_as_it_is(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values
) -> None:
    (made,) = good(write_batch(api, [create(bill)]))
    before = truth(sandbox, seller)
    sandbox.clear_log()
    (changed,) = good(write_batch(api, [update(made, {"due_date": "2999-02-28", "invoice_number": "H-8"})]))
    assert asked(sandbox) == [f"PUT /v2/invoices/{made.id}"]
    after = truth(sandbox, seller)
    asked_for = [before[made.id]["payment_requests"][0] | {"due_date": "2999-02-28"}]
    assert after == before | {made.id: before[made.id] | {
        "payment_requests": asked_for, "invoice_number": "H-8", "version": 2,
        "updated_at": changed.raw["updated_at"],
    }}  # fmt: skip


def test_another_customer_of_a_draft_costs_a_call_more(sandbox: Sandbox, api: ApiSession, bill: Values) -> None:
    (made,) = good(write_batch(api, [create(bill | {"status": "DRAFT"})]))
    other = customer(api)
    sandbox.clear_log()
    (changed,) = good(write_batch(api, [update(made, {CUSTOMER: other, "status": "UNPAID"})]))
    assert asked(sandbox) == [*[f"PUT /v2/invoices/{made.id}"] * 2, f"POST /v2/invoices/{made.id}/publish"]
    assert holds(changed, bill | {CUSTOMER: other})


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_whichever_answer_is_lost_a_change_is_made_once(
    sandbox: Sandbox, api: ApiSession, bill: Values, skip: int, times: int
) -> None:
    (made,) = good(write_batch(api, [create(bill | {"status": "DRAFT"})]))
    change = {CUSTOMER: customer(api), "due_date": "2999-02-28", "status": "UNPAID"}
    lose(sandbox, "square", "/v2/invoices", skip=skip, times=times)
    results, _ = persistently(lambda each: write_batch(api, each), [update(made, change)])
    (changed,) = good(results)
    assert holds(changed, bill | change)
    assert changed.raw["version"] == made.raw["version"] + 3


def test_a_change_to_an_older_version_is_a_conflict_for_that_invoice_alone(api: ApiSession, bill: Values) -> None:
    made, other = good(write_batch(api, [create(bill), create(bill, number=2)]))
    good(write_batch(api, [update(made, {"invoice_number": "Somebody else’s"})]))
    stale, fresh = write_batch(api, [update(each, {"due_date": "2999-02-28"}) for each in (made, other)])
    assert isinstance(stale.error, Conflict)
    good([fresh])


def test_a_change_that_was_sent_before_is_a_conflict_when_somebody_else_came_in_between(
    api: ApiSession, bill: Values
) -> None:
    (made,) = good(write_batch(api, [create(bill)]))
    write = update(made, {"due_date": "2999-02-28"})
    (changed,) = good(write_batch(api, [write]))
    good(write_batch(api, [update(changed, {"invoice_number": "Somebody else’s"})]))
    (result,) = write_batch(api, again([write]))
    assert isinstance(result.error, Conflict)


def test_the_same_writes_twice_change_nothing_the_second_time(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values
) -> None:
    made, moved, ended = good(write_batch(api, [create(bill, number=each) for each in range(3)]))
    writes = [create(bill, number=0), update(moved, {"due_date": "2999-02-28"}), update(ended, {"status": "CANCELED"})]
    first, there = good(write_batch(api, again(writes))), truth(sandbox, seller)
    assert good(write_batch(api, again(again(writes)))) == first
    assert (truth(sandbox, seller), first[0]) == (there, made)


def test_cancelling_costs_one_call(sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values) -> None:
    (made,) = good(write_batch(api, [create(bill)]))
    sandbox.clear_log()
    (ended,) = good(write_batch(api, [update(made, {"status": "CANCELED"})]))
    assert asked(sandbox) == [f"POST /v2/invoices/{made.id}/cancel"]
    assert (ended.raw["status"], ended.deleted) == ("CANCELED", False)
    assert read(api, seller)[made.id].raw | {"order": None} == ended.raw | {"order": None}


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("status", ["UNPAID", "DRAFT"])
def test_cancelling_with_answers_lost_ends_it_all_the_same(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values, status: str, times: int
) -> None:
    write = create(bill | {"status": status})
    (made,) = good(write_batch(api, [write]))
    lose(sandbox, "square", f"/v2/invoices/{made.id}", times=times)
    results, _ = persistently(lambda each: write_batch(api, each), [update(made, {"status": "CANCELED"})])
    (ended,) = good(results)
    assert (ended.raw["status"], ended.deleted) == ("CANCELED", status == "DRAFT")
    assert open_orders(sandbox, seller, write) == []


def test_a_draft_is_deleted_and_what_was_published_is_cancelled(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values
) -> None:
    draft, published = good(write_batch(api, [create(bill | {"status": "DRAFT"}), create(bill)]))
    sandbox.clear_log()
    assert [each.deleted for each in good(write_batch(api, [delete(draft), delete(published)]))] == [True, True]
    assert asked(sandbox) == [f"DELETE /v2/invoices/{draft.id}", f"POST /v2/invoices/{published.id}/cancel"]
    there = truth(sandbox, seller)
    assert (draft.id in there, there[published.id]["status"]) == (False, "CANCELED")


def test_an_invoice_that_was_paid_is_neither_changed_nor_removed(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any]
) -> None:
    paid = next(each for each in read(api, seller).values() if each.raw["status"] == "PAID")
    sandbox.clear_log()
    results = write_batch(api, [update(paid, {"due_date": "2999-02-28"}), delete(paid)])
    assert [str(each.error) for each in results] == [
        "Square has this invoice as paid: it stays as it is there.", "Square has this invoice as paid, and keeps it.",
    ]  # fmt: skip
    assert asked(sandbox) == []


def test_an_invoice_that_is_gone_is_told_of(api: ApiSession, bill: Values) -> None:
    (made,) = good(write_batch(api, [create(bill | {"status": "DRAFT"})]))
    good(write_batch(api, [delete(made)]))
    changed, deleted = write_batch(api, [update(made, {"due_date": "2999-02-28"}), delete(made)])
    assert isinstance(changed.error, NotFound)
    assert good([deleted])[0].deleted


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 1500), ("KWD", 12_345)])
def test_an_invoice_is_in_the_currency_of_its_location_whatever_decimals_it_has(
    sandbox: Sandbox, currency: str, minor: int
) -> None:
    places = [{"name": "Hall", "currency": "GBP"}, {"name": "本館 🏮", "currency": currency}]
    sizes = {"products": 0, "orders": 0, "invoices": 0, "customers": 0}
    made = sandbox.ask("POST", "/square/merchants", {"name": "Two", "locations": places, "sizes": sizes})
    api = sessions.with_key(PROVIDERS["square"], Secret(made["personal_token"]))
    line = {"name": "席", "quantity": "3", "base_price_money": Money(minor, currency)}
    values: Values = {CUSTOMER: customer(api), "due_date": "2999-01-31", "line_items": [line],
                      "total_money": Money(3 * minor, currency)}  # fmt: skip
    there, elsewhere = write_batch(
        api, [create(values | {"location_id": place["id"]}) for place in reversed(made["locations"])]
    )
    (record,) = good([there])
    assert holds(record, values)
    assert isinstance(elsewhere.error, Invalid)
    assert elsewhere.error.field == "line_items"


def test_without_a_place_of_its_own_it_is_made_at_the_main_location(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values
) -> None:
    anywhere = {name: value for name, value in bill.items() if name != "location_id"}
    records = good(write_batch(api, [create(anywhere, number=each) for each in range(2)]))
    assert {each.raw["location_id"] for each in records} == {seller["locations"][0]["id"]}
    assert asked(sandbox).count("GET /v2/merchants/me") == 1
    api.account = {"main_location_id": "elsewhere"}
    (refused,) = write_batch(api, [create(anywhere, number=3)])
    assert isinstance(refused.error, Invalid)
    assert refused.error.field == "location_id"


def test_an_invoice_in_another_currency_is_not_sent_where_the_sellers_is_known(
    sandbox: Sandbox, api: ApiSession, bill: Values
) -> None:
    api.account = {"currency": "EUR"}
    (refused,) = write_batch(api, [create(bill)])
    assert str(refused.error) == "You sell in EUR at Square, and this invoice is in GBP."
    assert asked(sandbox) == []


def test_a_permission_that_is_missing_is_told_of_once_for_all(
    sandbox: Sandbox, api: ApiSession, seller: dict[str, Any], bill: Values
) -> None:
    refusal = {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "INSUFFICIENT_SCOPES", "detail": "No."}]}
    fault = {"provider": "square", "kind": "status", "status": 403, "path": "/v2/invoices", "body": refusal}
    sandbox.ask("POST", "/faults", fault)
    write = create(bill)
    with pytest.raises(PermissionMissing):
        write_batch(api, [write])
    assert open_orders(sandbox, seller, write) == []
