"""Writing items to QuickBooks: each once whatever is lost, in the currency of the books, and nothing else touched."""

import pytest

from integrations.providers.errors import Conflict, Duplicate, Invalid
from integrations.providers.http import ApiSession
from integrations.providers.types import Money, ObjectType, Values
from tests.provider_sandbox import Sandbox
from tests.providers.quickbooks.conftest import Company, act, truth
from tests.providers.quickbooks.writing import asked, create, delete, good, known, lose, persistently, stream, update

PRODUCT = ObjectType.PRODUCT


@pytest.fixture
def lager(api: ApiSession) -> Values:
    account = next(each.id for each in known(api, ObjectType.ACCOUNT).values() if each.raw["AccountType"] == "Income")
    price = Money(595, str(api.account["currency"]))
    return {"Name": "Lager 🍺", "Description": "A pint", "Sku": "L-1", "Type": "Service", "UnitPrice": price,
            "IncomeAccountRef.value": account}  # fmt: skip


def test_items_are_made_with_one_call_as_they_were_written(books: Sandbox, api: ApiSession, lager: Values) -> None:
    wanted = [lager | {"Name": f"Lager {each}"} for each in range(30)]
    books.clear_log()
    records = good(stream(PRODUCT).write_batch(api, [create(each) for each in wanted]))
    assert asked(books) == ["batch"]
    values = [stream(PRODUCT).values(record.raw) for record in records]
    assert [{name: found.get(name) for name in each} for each, found in zip(wanted, values, strict=True)] == wanted
    assert known(api, PRODUCT)[records[0].id] == records[0]


def test_an_update_changes_what_it_names_and_nothing_else(api: ApiSession, lager: Values) -> None:
    before = good(stream(PRODUCT).write_batch(api, [create(lager)]))[0]
    change = {"UnitPrice": Money(600, lager["UnitPrice"].currency), "Description": None}
    after = good(stream(PRODUCT).write_batch(api, [update(before, change)]))[0]
    changed = {"SyncToken", "MetaData", "UnitPrice", "Description"}
    assert {name: value for name, value in after.raw.items() if name not in changed} == {
        name: value for name, value in before.raw.items() if name not in changed
    }
    values = stream(PRODUCT).values(after.raw)
    assert {name: values.get(name) for name in change} == change


def test_a_price_in_another_currency_is_never_sent(books: Sandbox, api: ApiSession, lager: Values) -> None:
    books.clear_log()
    error = stream(PRODUCT).write_batch(api, [create(lager | {"UnitPrice": Money(595, "JPY")})])[0].error
    assert isinstance(error, Invalid)
    assert error.field == "UnitPrice"
    assert asked(books) == []


def test_an_item_without_an_account_is_refused_by_the_name_of_the_field(api: ApiSession, lager: Values) -> None:
    unbooked = {name: value for name, value in lager.items() if name != "IncomeAccountRef.value"}
    bad = lager | {"Name": "Stout", "IncomeAccountRef.value": "999999"}
    errors = [each.error for each in stream(PRODUCT).write_batch(api, [create(unbooked), create(bad)])]
    assert [getattr(error, "field", None) for error in errors] == ["IncomeAccountRef", "IncomeAccountRef.value"]


@pytest.mark.parametrize("times", [1, 3, 5])
def test_items_whose_answers_are_lost_are_made_once(
    books: Sandbox, company: Company, api: ApiSession, lager: Values, times: int
) -> None:
    before = truth(books, company, PRODUCT).keys()
    lose(books, "", times=times)
    records = good(persistently(api, PRODUCT, [create(lager | {"Name": f"Lager {each}"}) for each in range(4)]))
    assert truth(books, company, PRODUCT).keys() - before == {record.id for record in records}


def test_a_name_that_is_taken_tells_whose_it_is(api: ApiSession, lager: Values) -> None:
    first = good(stream(PRODUCT).write_batch(api, [create(lager)]))[0]
    error = stream(PRODUCT).write_batch(api, [create(lager | {"Sku": "L-2"})])[0].error
    assert isinstance(error, Duplicate)
    assert error.external_id == first.id


def test_an_item_that_changed_meanwhile_is_a_conflict(books: Sandbox, company: Company, api: ApiSession) -> None:
    records = known(api, PRODUCT)
    changed = act(books, company, "change", Item=1)["Item"][0]
    assert isinstance(stream(PRODUCT).write_batch(api, [update(records[changed], {"Sku": "X"})])[0].error, Conflict)


def test_removing_an_item_makes_it_inactive(books: Sandbox, company: Company, api: ApiSession, lager: Values) -> None:
    record = good(stream(PRODUCT).write_batch(api, [create(lager)]))[0]
    assert good(stream(PRODUCT).write_batch(api, [delete(record)]))[0].deleted
    assert truth(books, company, PRODUCT)[record.id]["Active"] is False
