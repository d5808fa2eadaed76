"""The shipped rules: every record of a company becomes a whole one of ours, without a remark."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from integrations.providers.http import ApiSession
from integrations.providers.quickbooks.outlets import OUTLETS
from integrations.providers.quickbooks.streams import STREAMS
from integrations.providers.types import Money, ObjectType, ReadScope
from mappings import canonical
from mappings.change import Context
from mappings.engine import Mapper, Rule, compile_rules
from tests.providers.quickbooks.conftest import Company

SHIPPED = Path(canonical.__file__).parent / "shipped" / "quickbooks.json"
TEMPLATES = {entry["object_type"]: entry["rules"] for entry in orjson.loads(SHIPPED.read_bytes())}


def mapper(object_type: ObjectType) -> Mapper:
    rules = [Rule(**rule) for rule in TEMPLATES[object_type] if "direction" not in rule]
    return compile_rules(rules, Context("quickbooks", timezone="Europe/London", country="GB"))


def mapped(object_type: ObjectType, raw: dict[str, Any]) -> dict[str, Any]:
    return mapper(object_type)(STREAMS[object_type].values(raw)).fields


def test_every_object_has_one_template() -> None:
    assert set(TEMPLATES) == {str(object_type) for object_type in (*STREAMS, *OUTLETS)}


@pytest.mark.parametrize("object_type", list(OUTLETS))
def test_what_is_only_sent_has_no_rule_that_brings_anything_in(object_type: ObjectType) -> None:
    assert {rule.get("direction") for rule in TEMPLATES[object_type]} == {"out"}


@pytest.mark.parametrize("object_type", list(STREAMS))
def test_every_record_is_whole_and_carried_without_a_remark(
    company: Company, api: ApiSession, object_type: ObjectType
) -> None:
    stream, carry = STREAMS[object_type], mapper(object_type)
    known, seen = {field.id for field in stream.fields}, 0
    for page in stream.read(api, {}, ReadScope()):
        for record in page.records:
            values = stream.values(record.raw)
            found = carry(values)
            assert values.keys() <= known
            assert (found.remarks, canonical.OBJECTS[object_type].missing(found.fields)) == ([], "")
            seen += 1
    assert seen


def test_what_is_inactive_is_archived_and_a_customer_stays_as_it_is() -> None:
    named = {"Id": "1", "Name": "Old", "FullyQualifiedName": "Old", "DisplayName": "Old", "Active": False}
    archived = [
        ObjectType.ACCOUNT,
        ObjectType.TAX_CODE,
        ObjectType.CLASS,
        ObjectType.PAYMENT_METHOD,
        ObjectType.PRODUCT,
    ]
    assert [mapped(each, named)["archived"] for each in archived] == [True] * 5
    assert [mapped(each, named | {"Active": True})["archived"] for each in archived] == [False] * 5
    assert mapped(ObjectType.CUSTOMER, named) == {"company": "Old"}


def test_a_customer_s_country_of_three_letters_has_two_here() -> None:
    raw = {"Id": "1", "GivenName": "Zelda", "BillAddr": {"City": "Oakland", "Country": "USA"}}
    assert mapped(ObjectType.CUSTOMER, raw)["address"] == {"city": "Oakland", "country": "US"}


def test_a_payment_points_to_the_invoice_that_it_paid() -> None:
    raw = {
        "Id": "7", "TxnDate": "2026-03-01", "TotalAmt": 12.5, "CurrencyRef": {"value": "GBP"},
        "PaymentMethodRef": {"value": "2", "name": "Visa"},
        "Line": [{"LinkedTxn": [{"TxnId": "5", "TxnType": "Invoice"}]}],
    }  # fmt: skip
    found = mapped(ObjectType.PAYMENT, raw)
    assert (found["amount"], found["currency"], found["method"]) == (Money(1250, "GBP"), "GBP", "card")
    assert found["order"] == {"provider": "quickbooks", "type": "invoice", "id": "5"}
