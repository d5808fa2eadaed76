"""Stripe's records as Backline's own, by the templates that ship: every one whole, and literals of what is meant."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from integrations.providers.base import DetailedStream
from integrations.providers.http import ApiSession
from integrations.providers.stripe.streams import STREAMS
from integrations.providers.types import FieldType, Money, ObjectType
from mappings import canonical
from mappings.change import Context
from mappings.engine import Mapper, Rule, compile_rules
from tests.providers.stripe.reading import KINDS, newest, read

SHIPPED = Path(canonical.__file__).parent / "shipped" / "stripe.json"
RULES = {ObjectType(each["object_type"]): each["rules"] for each in orjson.loads(SHIPPED.read_bytes())}
LONDON = Context(provider="stripe", timezone="Europe/London", country="GB")


def mapper(object_type: ObjectType) -> Mapper:
    return compile_rules([Rule(**rule) for rule in RULES[object_type] if "direction" not in rule], LONDON)


def mapped(object_type: ObjectType, raw: dict[str, Any]) -> dict[str, Any]:
    return mapper(object_type)(STREAMS[object_type].values(raw)).fields


@pytest.mark.parametrize("object_type", KINDS)
def test_every_record_has_declared_values_of_their_kind_and_is_whole_when_mapped(
    api: ApiSession, object_type: ObjectType
) -> None:
    stream, carry = STREAMS[object_type], mapper(object_type)
    types = {field.id: field.type for field in stream.fields}
    found = list(newest(read(api, object_type)).values())
    assert found
    for record in found:
        whole = stream.complete(api, record) if isinstance(stream, DetailedStream) else record
        values = stream.values(whole.raw)
        assert {name for name in values.keys() - types.keys() if not name.startswith("metadata.")} == set()
        assert all(types[name] is FieldType.MONEY for name, value in values.items() if isinstance(value, Money))
        result = carry(values)
        assert (result.remarks, canonical.OBJECTS[object_type].missing(result.fields)) == ([], "")


def test_one_name_becomes_a_first_and_a_last_one() -> None:
    assert mapped(ObjectType.CUSTOMER, {"id": "cus_1", "name": "Ana de la Cruz", "email": " A@B.Test "}) == {
        "given_name": "Ana", "family_name": "de la Cruz", "email": "a@b.test",
    }  # fmt: skip
    assert mapped(ObjectType.CUSTOMER, {"id": "cus_1", "name": "Hart & Co", "business_name": "Hart & Co"}) == {
        "company": "Hart & Co"
    }


def test_a_payment_is_held_against_its_charge_and_a_refund_against_its_payment() -> None:
    refund = {"id": "re_1", "amount": 5, "currency": "gbp", "charge": "ch_1", "status": "succeeded", "created": 0}
    found = mapped(ObjectType.REFUND, refund)
    assert found["payment"] == {"provider": "stripe", "type": "payment", "id": "ch_1"}
    assert (found["status"], found["currency"], found["amount"]) == ("completed", "GBP", Money(5, "GBP"))


@pytest.mark.parametrize(
    ("method", "word"),
    [("card_present", "card"), ("ideal", "bank_transfer"), ("klarna", "instalments"), ("x", "other")],
)
def test_ways_to_pay_have_our_words(method: str, word: str) -> None:
    assert mapped(ObjectType.PAYMENT, {"id": "ch_1", "payment_method_details": {"type": method}})["method"] == word


def test_an_invoice_falls_due_on_the_venues_day() -> None:
    summer_midnight = 1785538800  # 31 July 2026, 23:00 in Greenwich
    raw = {"id": "in_1", "status": "open", "total": 1, "currency": "gbp", "due_date": summer_midnight}
    assert mapped(ObjectType.INVOICE, raw)["due_on"] == "2026-08-01"
