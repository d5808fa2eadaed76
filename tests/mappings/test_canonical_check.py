"""What the venue's own side may send, and the form in which it is kept."""

from typing import Any

import pytest

from integrations.providers.types import ObjectType
from mappings import canonical
from mappings.canonical_check import Fault, check, merged, whole

CUSTOMER, PRODUCT, ORDER = ObjectType.CUSTOMER, ObjectType.PRODUCT, ObjectType.ORDER


def kept(object_type: ObjectType, **given: Any) -> dict[str, Any]:
    found = check(object_type, given, country="GB")
    assert found.faults == []
    return found.fields


def fault(object_type: ObjectType, **given: Any) -> tuple[str, str]:
    [found] = check(object_type, given, country="GB").faults
    return found.pointer, found.detail


def test_values_take_the_form_in_which_they_are_kept() -> None:
    assert kept(
        CUSTOMER, given_name="  Zoë ", email=" Zoe@Example.TEST", phone="020 7946 0958", birthday="0000-02-29",
        address={"line1": "1 High Street", "country": "gbr"}, tags=["members", " members ", ""],
        marketing_consent={"status": "subscribed", "at": "2026-11-23T10:30:00+01:00"},
    ) == {
        "given_name": "Zoë",
        "email": "zoe@example.test",
        "phone": "+442079460958",
        "birthday": "--02-29",
        "address": {"line1": "1 High Street", "country": "GB"},
        "tags": ["members"],
        "marketing_consent": {"status": "subscribed", "at": "2026-11-23T09:30:00Z"},
    }  # fmt: skip


def test_an_order_keeps_amounts_quantities_and_references() -> None:
    given = {
        "placed_at": "2026-11-23T19:30:00Z",
        "currency": "GBP",
        "total": {"minor": 2500, "currency": "GBP"},
        "state": "completed",
        "business_date": "2026-11-23",
        "customer": {"provider": "backline", "type": "customer", "id": "019aaf2e7c1d7b3a9d2e5a1f0c9b8e80"},
        "lines": [{"name": "Lager", "quantity": "0.5", "total": {"minor": 2500, "currency": "GBP"}}],
        "taxes": [{"name": "VAT", "rate": "20", "amount": {"minor": 417, "currency": "GBP"}}],
    }
    assert kept(ORDER, **given) == given


@pytest.mark.parametrize(
    ("given", "expected"),
    [("1990-05-17", "1990-05-17"), ("--05-17", "--05-17"), ("05-17", "--05-17"), ("0000-05-17", "--05-17")],
)
def test_a_birthday_needs_no_year(given: str, expected: str) -> None:
    assert kept(CUSTOMER, birthday=given) == {"birthday": expected}


@pytest.mark.parametrize("empty", [None, "", "  ", "\x00"])
def test_nothing_empties_a_field(empty: str | None) -> None:
    assert kept(CUSTOMER, note=empty) == {"note": None}


def test_an_object_without_a_value_empties_the_whole() -> None:
    assert kept(CUSTOMER, address={"city": None, "line1": ""}) == {"address": None}


@pytest.mark.parametrize(
    ("given", "pointer", "detail"),
    [
        ({"mail": "x"}, "/mail", "There is no such field."),
        ({"a/b": "x"}, "/a~1b", "There is no such field."),
        ({"\ud800": "x"}, "/?", "There is no such field."),
        ({"note": "\ud800"}, "/note", "half of a character"),
        ({"note": 5}, "/note", "Send text."),
        ({"note": "x" * 10_001}, "/note", "longer than 10,000"),
        ({"email": "zoe at example"}, "/email", "“zoe at example” is not an e-mail address."),
        ({"email": "a@b@c.test"}, "/email", "is not an e-mail address."),
        ({"phone": "ask me"}, "/phone", "“ask me” is not a phone number."),
        ({"birthday": "2026-02-30"}, "/birthday", "is not a birthday."),
        ({"address": "London"}, "/address", "Send an object with line1,"),
        ({"address": {"country": "XX"}}, "/address/country", "is not the code of a country."),
        ({"address": {"street": "x"}}, "/address/street", "There is no such field."),
        ({"tags": "vip"}, "/tags", "Send a list"),
        ({"tags": [1]}, "/tags", "Send a list"),
        ({"marketing_consent": {"status": "yes"}}, "/marketing_consent/status", "Choose one of subscribed,"),
        ({"marketing_consent": {"at": "2026-11-23T10:30:00"}}, "/marketing_consent/at", "with its zone"),
        ({"marketing_consent": {"at": "yesterday"}}, "/marketing_consent/at", "with its zone"),
    ],
)
def test_what_cannot_be_kept_of_a_customer_is_named(given: dict[str, Any], pointer: str, detail: str) -> None:
    told = fault(CUSTOMER, **given)
    assert told[0] == pointer
    assert detail in told[1]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"total": 12.5}, "/total"),
        ({"total": {"minor": 12.5, "currency": "GBP"}}, "/total"),
        ({"total": {"minor": True, "currency": "GBP"}}, "/total"),
        ({"total": {"minor": 10**16, "currency": "GBP"}}, "/total/minor"),
        ({"total": {"minor": 5, "currency": "£"}}, "/total/currency"),
        ({"currency": "pounds"}, "/currency"),
        ({"placed_at": "2026-11-23"}, "/placed_at"),
        ({"business_date": "23/11/2026"}, "/business_date"),
        ({"state": "done"}, "/state"),
        ({"customer": {"id": "5"}}, "/customer"),
        ({"customer": {"provider": "paypal", "type": "customer", "id": "5"}}, "/customer/provider"),
        ({"lines": {}}, "/lines"),
        ({"lines": ["Lager"]}, "/lines/0"),
        ({"lines": [{"name": "Lager"}, {"quantity": 2}]}, "/lines/1/quantity"),
        ({"lines": [{"quantity": "two"}]}, "/lines/0/quantity"),
        ({"lines": [{"total": {"minor": 5, "currency": "gbp"}}]}, "/lines/0/total/currency"),
        ({"lines": [{"colour": "red"}]}, "/lines/0/colour"),
    ],
)
def test_what_cannot_be_kept_of_an_order_is_named(given: dict[str, Any], pointer: str) -> None:
    assert fault(ORDER, **given)[0] == pointer


def test_every_fault_is_told_at_once() -> None:
    found = check(PRODUCT, {"kind": "toy", "archived": "yes", "colour": "red"}, country="GB")
    assert [each.pointer for each in found.faults] == ["/kind", "/archived", "/colour"]


@pytest.mark.parametrize("given", [None, [], "x", 5])
def test_fields_are_an_object(given: Any) -> None:
    assert check(CUSTOMER, given, country="GB").faults == [
        Fault("", "invalid", "Send an object with the record's fields.")
    ]


def test_what_is_named_replaces_the_whole_of_what_is_there_and_null_empties() -> None:
    current = {"given_name": "Zoë", "note": "x", "address": {"line1": "1 High Street", "city": "Leeds"}}
    changes = kept(CUSTOMER, note=None, address={"city": "York"})
    assert merged(current, changes) == {"given_name": "Zoë", "address": {"city": "York"}}


def test_a_record_needs_what_makes_it_one() -> None:
    assert [each.detail for each in whole(CUSTOMER, {"note": "x"})] == [
        "A customer needs an e-mail, phone number or name."
    ]
    assert [each.pointer for each in whole(ORDER, {"number": "7"})] == ["/placed_at", "/currency", "/total"]
    assert whole(CUSTOMER, {"company": "The Anchor"}) == []


def test_amounts_are_in_the_currency_of_the_record() -> None:
    fields = {"currency": "GBP", "total": {"minor": 5, "currency": "EUR"}, "placed_at": "2026-11-23T19:30:00Z"}
    assert [each.pointer for each in whole(ORDER, fields)] == ["/total/currency"]


@pytest.mark.parametrize("object_type", [CUSTOMER, PRODUCT, ORDER, ObjectType.INVOICE])
def test_every_canonical_field_of_what_the_venue_writes_can_be_read(object_type: ObjectType) -> None:
    names = {each.path.split(".")[0] for each in canonical.OBJECTS[object_type].fields}
    assert check(object_type, dict.fromkeys(names), country="GB").faults == []
