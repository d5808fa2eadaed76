"""What Stripe is sent for a customer."""

from integrations.providers.stripe import bodies
from integrations.providers.types import ExternalRecord, Values
from tests.providers.writing import create, update

RAW = {
    "id": "cus_1",
    "name": "Ada",
    "address": {"line1": "1 Quay Street", "line2": None, "city": "Bristol", "country": "GB"},
    "preferred_locales": ["en-GB", "fr"],
}
HELD = ExternalRecord("cus_1", RAW)


def test_a_new_customer_carries_our_reference_and_no_empty_fields() -> None:
    values: Values = {"name": "Ada", "phone": None, "address.country": "GB", "preferred_locale": "en-GB"}
    write = create(values)
    assert bodies.customer(write) == {
        "name": "Ada",
        "address[country]": "GB",
        "preferred_locales[0]": "en-GB",
        "metadata[backline_record]": write.ours,
    }


def test_a_change_sends_only_what_changes_and_an_empty_text_for_what_is_emptied() -> None:
    assert bodies.customer(update(HELD, {"name": "Ada L.", "phone": None})) == {"name": "Ada L.", "phone": ""}


def test_an_address_is_sent_with_all_its_lines() -> None:
    assert bodies.customer(update(HELD, {"address.line1": "2 Quay Street", "address.city": None})) == {
        "address[line1]": "2 Quay Street",
        "address[country]": "GB",
    }


def test_an_address_without_a_line_left_is_emptied() -> None:
    emptied: Values = {"address.line1": None, "address.city": None, "address.country": None}
    assert bodies.customer(update(HELD, emptied)) == {"address": ""}


def test_the_first_language_changes_and_the_others_stay() -> None:
    assert bodies.customer(update(HELD, {"preferred_locale": "cy"})) == {
        "preferred_locales[0]": "cy",
        "preferred_locales[1]": "fr",
    }


def test_a_parameter_that_was_refused_becomes_our_field() -> None:
    assert bodies.field_of("address[country]") == "address.country"
    assert bodies.field_of("preferred_locales[0]") == "preferred_locale"
    assert bodies.field_of("email") == "email"
