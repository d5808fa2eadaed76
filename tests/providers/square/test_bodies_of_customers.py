"""What Square is sent for a customer."""

from integrations.providers.square import bodies_of_customers as bodies
from integrations.providers.types import ExternalRecord, Values
from tests.providers.writing import create, update

RAW = {
    "id": "C1",
    "version": 7,
    "given_name": "Ada",
    "address": {"address_line_1": "1 Quay Street", "address_line_3": "Back door", "country": "GB"},
}
HELD = ExternalRecord("C1", RAW, version="7")


def test_a_new_customer_carries_our_reference_and_no_empty_fields() -> None:
    values: Values = {"given_name": "Ada", "family_name": None, "address.country": "GB", "address.locality": None}
    write = create(values)
    assert bodies.customer(write) == {
        "given_name": "Ada",
        "address": {"country": "GB"},
        "reference_id": write.ours,
    }


def test_a_change_names_its_version_and_leaves_the_reference_alone() -> None:
    assert bodies.customer(update(HELD, {"note": None})) == {"note": None, "version": 7}


def test_a_version_of_zero_is_a_version() -> None:
    held = ExternalRecord("C1", RAW | {"version": 0}, version="2026-11-23T00:00:00Z")
    assert bodies.customer(update(held, {"note": "x"})) == {"note": "x", "version": 0}


def test_an_address_is_sent_whole_with_null_for_what_is_emptied() -> None:
    body = bodies.customer(update(HELD, {"address.address_line_1": None, "address.locality": "Bristol"}))
    assert body["address"] == {
        "address_line_1": None,
        "address_line_3": "Back door",
        "country": "GB",
        "locality": "Bristol",
    }


def test_an_address_without_a_line_left_is_null() -> None:
    held = ExternalRecord("C1", RAW | {"address": {"country": "GB"}}, version="7")
    assert bodies.customer(update(held, {"address.country": None}))["address"] is None


def test_a_birthday_without_a_year_is_sent_without_one() -> None:
    assert bodies.customer(create({"birthday": "0000-05-09"}))["birthday"] == "05-09"
    assert bodies.customer(create({"birthday": "1990-05-09"}))["birthday"] == "1990-05-09"


def test_the_path_of_a_refusal_becomes_our_field() -> None:
    assert bodies.field_of("customer.address.country") == "address.country"
    assert bodies.field_of("email_address") == "email_address"
    assert bodies.field_of("something") == "something"
