"""Writing invoices to QuickBooks: each once whatever is lost, found again by its number and our record's id."""

from dataclasses import replace
from typing import Any

import pytest

from integrations.providers.base import ComparingOutlet
from integrations.providers.errors import Conflict, Duplicate, Invalid, NotFound
from integrations.providers.http import ApiSession
from integrations.providers.types import Money, ObjectType, Values
from tests.provider_sandbox import Sandbox
from tests.providers.quickbooks.conftest import Company, act, truth
from tests.providers.quickbooks.writing import again, asked, create, good, known, lose, persistently, stream, update

INVOICE = ObjectType.INVOICE


def active(api: ApiSession, object_type: ObjectType) -> str:
    return next(each.id for each in known(api, object_type).values() if each.raw.get("Active"))


@pytest.fixture
def hire(books: Sandbox, api: ApiSession) -> Values:
    """Three hours of the hall, less a discount."""
    currency = str(api.account["currency"])
    three = {
        "name": "Hall hire",
        "quantity": "3",
        "unit_price": Money(12_050, currency),
        "amount": Money(36_150, currency),
        "ItemRef.value": active(api, ObjectType.PRODUCT),
    }
    values = {
        "DocNumber": "H-1", "TxnDate": "2026-11-01", "DueDate": "2026-12-01", "currency": currency,
        "CustomerRef.value": active(api, ObjectType.CUSTOMER),
        "lines": [three, {"name": "Discount", "amount": Money(-1_000, currency)}],
    }  # fmt: skip
    books.clear_log()
    return values


def lines(values: Values) -> list[dict[str, Any]]:
    told = ("name", "quantity", "unit_price", "amount", "ItemRef.value")
    return [{name: line[name] for name in told if name in line} for line in values["lines"]]


def test_invoices_are_made_with_one_call_as_they_were_written(books: Sandbox, api: ApiSession, hire: Values) -> None:
    writes = [create(hire | {"DocNumber": f"H-{each}"}) for each in range(30)]
    records = good(stream(INVOICE).write_batch(api, writes))
    assert asked(books) == ["batch"]
    for write, record in zip(writes, records, strict=True):
        values = stream(INVOICE).values(record.raw)
        plain = {name: value for name, value in write.values.items() if name != "lines"}
        assert {name: values.get(name) for name in plain} == plain
        assert lines(values) == lines(write.values)
    assert known(api, INVOICE)[records[0].id] == records[0]


def test_an_update_changes_what_it_names_and_nothing_else(api: ApiSession, hire: Values) -> None:
    before = good(stream(INVOICE).write_batch(api, [create(hire)]))[0]
    after = good(stream(INVOICE).write_batch(api, [update(before, {"DueDate": "2026-12-24"})]))[0]
    changed = {"SyncToken", "MetaData", "DueDate"}
    assert {name: value for name, value in after.raw.items() if name not in changed} == {
        name: value for name, value in before.raw.items() if name not in changed
    }
    shorter = good(stream(INVOICE).write_batch(api, [update(after, {"lines": hire["lines"][:1]})]))[0]
    assert lines(stream(INVOICE).values(shorter.raw)) == lines({"lines": hire["lines"][:1]})


@pytest.mark.parametrize("is_numbered", [True, False])
@pytest.mark.parametrize("times", [1, 3, 4, 6])
def test_invoices_whose_answers_are_lost_are_made_once(
    books: Sandbox, company: Company, api: ApiSession, hire: Values, times: int, is_numbered: bool
) -> None:
    before = truth(books, company, INVOICE).keys()
    own = [{"DocNumber": f"H-{each}"} if is_numbered else {"DocNumber": None} for each in range(4)]
    lose(books, "", times=times)
    records = good(persistently(api, INVOICE, [create(hire | each, number=at) for at, each in enumerate(own)]))
    assert truth(books, company, INVOICE).keys() - before == {record.id for record in records}
    assert len({record.id for record in records}) == 4


def test_after_a_lost_answer_one_query_finds_all_and_nothing_is_sent(
    books: Sandbox, api: ApiSession, hire: Values
) -> None:
    writes = [create(hire | {"DocNumber": f"H-{each}"}) for each in range(4)]
    first = good(stream(INVOICE).write_batch(api, writes))
    books.clear_log()
    assert good(stream(INVOICE).write_batch(api, again(writes))) == first
    assert asked(books) == ["query"]


@pytest.mark.parametrize("times", [1, 3, 4])
def test_changes_whose_answers_are_lost_are_made_once(
    books: Sandbox, api: ApiSession, hire: Values, times: int
) -> None:
    before = good(stream(INVOICE).write_batch(api, [create(hire)]))[0]
    lose(books, "", times=times)
    after = good(persistently(api, INVOICE, [update(before, {"lines": hire["lines"][:1]})]))[0]
    assert int(after.version) - int(before.version) == 1


def test_a_number_that_another_invoice_has_tells_which(api: ApiSession, hire: Values) -> None:
    first = good(stream(INVOICE).write_batch(api, [create(hire)]))[0]
    other = create(hire | {"DueDate": "2026-12-24"})
    for write in (other, replace(other, attempt=2)):
        error = stream(INVOICE).write_batch(api, [write])[0].error
        assert isinstance(error, Duplicate)
        assert error.external_id == first.id


def test_an_invoice_that_changed_meanwhile_is_a_conflict_and_one_that_is_gone_not_found(
    books: Sandbox, company: Company, api: ApiSession
) -> None:
    records = known(api, INVOICE)
    changed = act(books, company, "change", Invoice=1)["Invoice"][0]
    gone = next(each for each in act(books, company, "delete", Invoice=2)["Invoice"] if each != changed)
    writes = [update(records[each], {"DueDate": "2026-12-24"}) for each in (changed, gone)]
    for each in (writes, again(writes)):
        errors = [type(result.error) for result in stream(INVOICE).write_batch(api, each)]
        assert errors == [Conflict, NotFound]


def test_lines_that_come_back_with_more_than_was_sent_are_the_same(api: ApiSession, hire: Values) -> None:
    invoices = stream(INVOICE)
    assert isinstance(invoices, ComparingOutlet)
    sent = [*hire["lines"], {"name": "Doors at seven"}, {"name": "Deposit", "amount": Money(500, "GBP")}]
    record = good(invoices.write_batch(api, [create(hire | {"lines": sent})]))[0]
    there = invoices.values(record.raw)["lines"]
    assert there != sent
    assert invoices.is_same("lines", sent, there)
    assert not invoices.is_same("DueDate", "2026-12-24", "2026-12-01")


@pytest.mark.parametrize(
    "change",
    [{"name": "Hire of the hall"}, {"quantity": "4"}, {"amount": Money(1, "GBP")}, {"unit_price": Money(1, "GBP")},
     {"ItemRef.value": "999"}, {"amount": None, "quantity": None}],
)  # fmt: skip
def test_a_line_that_says_something_else_is_not_the_same(api: ApiSession, hire: Values, change: Values) -> None:
    invoices = stream(INVOICE)
    assert isinstance(invoices, ComparingOutlet)
    record = good(invoices.write_batch(api, [create(hire)]))[0]
    first, *others = hire["lines"]
    assert not invoices.is_same("lines", [first | change, *others], invoices.values(record.raw)["lines"])
    assert not invoices.is_same("lines", others, invoices.values(record.raw)["lines"])


def test_lines_of_a_bundle_in_two_currencies_or_without_anything_are_never_sent(
    books: Sandbox, api: ApiSession, hire: Values
) -> None:
    record = next(iter(known(api, INVOICE).values()))
    bundled = replace(record, raw=record.raw | {"Line": [{"DetailType": "GroupLineDetail"}]})
    mixed = hire | {"lines": [*hire["lines"], {"name": "Towels", "amount": Money(100, "JPY")}]}
    books.clear_log()
    empty = hire | {"lines": [{"quantity": "1"}]}
    writes = [update(bundled, {"lines": hire["lines"]}), create(mixed), create(empty)]
    assert [type(each.error) for each in stream(INVOICE).write_batch(api, writes)] == [Invalid] * 3
    assert asked(books) == []
