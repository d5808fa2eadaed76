"""What a company decides for itself: custom fields by one call, accounts and tax codes by none."""

from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import records
from integrations.providers.quickbooks.schema import QuickBooksSchema
from integrations.providers.types import JSON, Field, ObjectType
from tests.provider_sandbox import Sandbox

SCHEMA = QuickBooksSchema()
ACCOUNTS: list[JSON] = [
    {"Id": "5", "AccountType": "Income"}, {"Id": "6", "AccountType": "Bank"},
    {"Id": "7", "AccountType": "Income", "Active": False},
]  # fmt: skip


def test_one_call_tells_the_custom_fields_that_are_switched_on(books: Sandbox, api: ApiSession) -> None:
    books.clear_log()
    found = SCHEMA.live(api, {})
    assert books.calls() == 1
    assert found.keys() == {ObjectType.ORDER, ObjectType.INVOICE, ObjectType.REFUND}
    assert found[ObjectType.INVOICE] == [
        Field("CustomField.1", "Event", stable="1", longest=31),
        Field("CustomField.2", "Promoter", stable="2", longest=31),
    ]


def test_stored_accounts_and_tax_codes_are_the_choices() -> None:
    found = SCHEMA.seen({ObjectType.ACCOUNT: ACCOUNTS, ObjectType.TAX_CODE: [{"Id": "20"}]})
    assert {each.id: each.choices for each in found[ObjectType.PRODUCT]} == {
        "IncomeAccountRef.value": ("5",), "SalesTaxCodeRef.value": ("20", "NON", "TAX"),
    }  # fmt: skip
    assert next(each.choices for each in found[ObjectType.ORDER] if each.id == "DepositToAccountRef.value") == ("6",)


def test_what_was_not_read_yet_bounds_nothing() -> None:
    assert SCHEMA.seen({ObjectType.ACCOUNT: [], ObjectType.TAX_CODE: []}) == {}


def test_a_form_s_custom_fields_are_values() -> None:
    raw = {
        "Id": "1", "CurrencyRef": {"value": "GBP"}, "TotalAmt": 10, "Balance": 10, "Line": [],
        "CustomField": [
            {"DefinitionId": "1", "Name": "Event", "Type": "StringType", "StringValue": "Jazz matinee"},
            {"DefinitionId": "2", "Name": "Promoter", "Type": "StringType"},
        ],
    }  # fmt: skip
    values = records.invoice(raw)
    assert values["CustomField.1"] == "Jazz matinee"
    assert "CustomField.2" not in values
