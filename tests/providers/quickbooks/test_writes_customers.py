"""Writing customers to QuickBooks: thirty with a call, each once whatever is lost, and nothing else touched."""

import pytest

from integrations.providers.errors import Conflict, Duplicate, Invalid, NotFound, Transient
from integrations.providers.http import ApiSession
from integrations.providers.types import ObjectType, Values
from tests.provider_sandbox import Sandbox
from tests.providers.quickbooks.conftest import Company, act, truth
from tests.providers.quickbooks.writing import (
    again,
    asked,
    create,
    delete,
    good,
    known,
    lose,
    persistently,
    stream,
    update,
)

CUSTOMER = ObjectType.CUSTOMER
ADA: Values = {
    "GivenName": "Ada",
    "FamilyName": "O'Lovelace \\ 🏮",
    "company_or_display_name": "Engines & Co: North",
    "PrimaryEmailAddr.Address": "ada@example.com",
    "phone": "+442079460123",
    "BillAddr.Line1": "12 Lantern Row",
    "BillAddr.City": "London",
    "BillAddr.PostalCode": "N1 1AA",
    "BillAddr.Country": "GBR",
    "Notes": "Likes the balcony",
}


def people(count: int) -> list[Values]:
    return [ADA | {"FamilyName": f"Number {each}"} for each in range(count)]


def test_thirty_customers_are_made_with_one_call_as_they_were_written(
    books: Sandbox, company: Company, api: ApiSession
) -> None:
    before = truth(books, company, CUSTOMER)
    wanted = people(30)
    records = good(stream(CUSTOMER).write_batch(api, [create(each) for each in wanted]))
    assert asked(books) == ["batch"]
    values = [stream(CUSTOMER).values(record.raw) for record in records]
    assert [{name: found.get(name) for name in each} for each, found in zip(wanted, values, strict=True)] == wanted
    assert len(truth(books, company, CUSTOMER)) == len(before) + 30


def test_what_a_write_returns_is_what_a_read_brings(api: ApiSession) -> None:
    record = good(stream(CUSTOMER).write_batch(api, [create(ADA)]))[0]
    assert known(api, CUSTOMER)[record.id] == record


def test_an_update_changes_what_it_names_and_nothing_else(api: ApiSession) -> None:
    before = good(stream(CUSTOMER).write_batch(api, [create(ADA)]))[0]
    change = {"GivenName": "Augusta", "BillAddr.City": "Paris", "Notes": None, "phone": None}
    after = good(stream(CUSTOMER).write_batch(api, [update(before, change)]))[0]
    computed = {"SyncToken", "MetaData", "GivenName", "BillAddr", "Notes", "PrimaryPhone"}
    assert {name: value for name, value in after.raw.items() if name not in computed} == {
        name: value for name, value in before.raw.items() if name not in computed
    }
    values = stream(CUSTOMER).values(after.raw)
    assert {name: values.get(name) for name in change} == change
    assert (values["BillAddr.Line1"], values["BillAddr.PostalCode"]) == ("12 Lantern Row", "N1 1AA")


@pytest.mark.parametrize("name", sorted(set(ADA) - {"GivenName", "company_or_display_name"}))
def test_every_field_can_be_emptied(api: ApiSession, name: str) -> None:
    before = good(stream(CUSTOMER).write_batch(api, [create(ADA)]))[0]
    after = good(stream(CUSTOMER).write_batch(api, [update(before, {name: None})]))[0]
    assert name not in stream(CUSTOMER).values(after.raw)


def test_a_customer_without_a_name_is_listed_under_its_address_which_is_no_company(api: ApiSession) -> None:
    record = good(stream(CUSTOMER).write_batch(api, [create({"PrimaryEmailAddr.Address": "someone@example.com"})]))[0]
    assert record.raw["DisplayName"] == "someone@example.com"
    assert "company_or_display_name" not in stream(CUSTOMER).values(record.raw)


def test_one_that_is_refused_does_not_touch_the_others(books: Sandbox, api: ApiSession) -> None:
    bad = ADA | {"FamilyName": "Bad", "PrimaryEmailAddr.Address": "no address"}
    first, refused, last = stream(CUSTOMER).write_batch(
        api, [create(each) for each in (people(1)[0], bad, people(2)[1])]
    )
    assert first.record
    assert last.record
    assert isinstance(refused.error, Invalid)
    assert refused.error.field == "PrimaryEmailAddr.Address"
    assert asked(books) == ["batch"]


@pytest.mark.parametrize("kind", ["lost_answer", "malformed"])
@pytest.mark.parametrize("times", [1, 2, 3, 5])
def test_customers_whose_answers_are_lost_are_made_once(
    books: Sandbox, company: Company, api: ApiSession, kind: str, times: int
) -> None:
    before = truth(books, company, CUSTOMER).keys()
    lose(books, "", kind=kind, times=times)
    records = good(persistently(api, CUSTOMER, [create(each) for each in people(5)]))
    assert truth(books, company, CUSTOMER).keys() - before == {record.id for record in records}
    assert len({record.id for record in records}) == 5


def test_after_a_lost_answer_one_query_finds_all_and_nothing_is_sent(books: Sandbox, api: ApiSession) -> None:
    writes = [create(each) for each in people(5)]
    first = good(stream(CUSTOMER).write_batch(api, writes))
    books.clear_log()
    assert good(stream(CUSTOMER).write_batch(api, again(writes))) == first
    assert asked(books) == ["query"]


def test_only_those_that_are_missing_are_sent_again(books: Sandbox, api: ApiSession) -> None:
    writes = [create(each) for each in people(4)]
    first = good(stream(CUSTOMER).write_batch(api, writes[:2]))
    books.clear_log()
    assert good(stream(CUSTOMER).write_batch(api, again(writes)))[:2] == first
    assert asked(books) == ["query", "batch"]


def test_the_same_batch_twice_makes_each_once(books: Sandbox, company: Company, api: ApiSession) -> None:
    writes = [create(each) for each in people(3)]
    first = good(stream(CUSTOMER).write_batch(api, writes))
    count = len(truth(books, company, CUSTOMER))
    assert good(stream(CUSTOMER).write_batch(api, writes)) == first
    assert len(truth(books, company, CUSTOMER)) == count


@pytest.mark.parametrize("times", [1, 3, 4])
def test_changes_whose_answers_are_lost_are_made_once(books: Sandbox, api: ApiSession, times: int) -> None:
    before = good(stream(CUSTOMER).write_batch(api, [create(each) for each in people(3)]))
    lose(books, "", times=times)
    after = good(persistently(api, CUSTOMER, [update(each, {"Notes": "Changed"}) for each in before]))
    assert [record.raw["Notes"] for record in after] == ["Changed"] * 3
    assert [int(new.version) - int(old.version) for new, old in zip(after, before, strict=True)] == [1] * 3


def test_a_name_that_is_taken_tells_whose_it_is(books: Sandbox, api: ApiSession) -> None:
    first = good(stream(CUSTOMER).write_batch(api, [create(ADA)]))[0]
    other = ADA | {"PrimaryEmailAddr.Address": "another@example.com"}
    for write in (create(other), create(other, attempt=2)):
        error = stream(CUSTOMER).write_batch(api, [write])[0].error
        assert isinstance(error, Duplicate)
        assert error.external_id == first.id


def test_a_name_that_a_vendor_has_is_nobody_to_take_over(books: Sandbox, company: Company, api: ApiSession) -> None:
    client = {"DisplayName": "Brightwell Supplies"}
    api.post("/vendor?minorversion=75", client, repeatable=False)
    error = stream(CUSTOMER).write_batch(api, [create(client)])[0].error
    assert isinstance(error, Duplicate)
    assert error.external_id == ""


def test_two_of_the_same_name_never_become_one(books: Sandbox, api: ApiSession) -> None:
    writes = [create(ADA, number=1), create(ADA, number=2)]
    made, refused = stream(CUSTOMER).write_batch(api, writes)
    assert made.record
    assert isinstance(refused.error, Duplicate)
    found, refused = stream(CUSTOMER).write_batch(api, again(writes))
    assert found.record == made.record
    assert isinstance(refused.error, Duplicate)


def test_a_customer_that_changed_meanwhile_is_a_conflict_each_time(
    books: Sandbox, company: Company, api: ApiSession
) -> None:
    records = known(api, CUSTOMER)
    changed = act(books, company, "change", Customer=1)["Customer"][0]
    writes = [update(records[changed], {"GivenName": "Somebody"})]
    for each in (writes, again(writes)):
        assert isinstance(stream(CUSTOMER).write_batch(api, each)[0].error, Conflict)


def test_a_customer_that_is_not_there_is_not_found(api: ApiSession) -> None:
    record = good(stream(CUSTOMER).write_batch(api, [create(ADA)]))[0]
    gone = update(type(record)("999999", record.raw, "0"), {"GivenName": "Somebody"})
    for each in ([gone], again([gone])):
        assert isinstance(stream(CUSTOMER).write_batch(api, each)[0].error, NotFound)


def test_removing_a_customer_makes_it_inactive_and_removing_it_again_does_no_harm(
    books: Sandbox, company: Company, api: ApiSession
) -> None:
    record = good(stream(CUSTOMER).write_batch(api, [create(ADA)]))[0]
    for writes in ([delete(record)], again([delete(record)])):
        assert good(stream(CUSTOMER).write_batch(api, writes))[0].deleted
    assert truth(books, company, CUSTOMER)[record.id]["Active"] is False


def test_removing_one_that_is_gone_is_done(api: ApiSession) -> None:
    record = good(stream(CUSTOMER).write_batch(api, [create(ADA)]))[0]
    gone = delete(type(record)("999999", record.raw, "0"))
    for writes in ([gone], again([gone])):
        assert good(stream(CUSTOMER).write_batch(api, writes))[0].deleted


def test_what_leaves_the_outcome_of_all_open_is_raised(books: Sandbox, api: ApiSession) -> None:
    lose(books, "", times=9)
    with pytest.raises(Transient):
        stream(CUSTOMER).write_batch(api, [create(ADA)])
