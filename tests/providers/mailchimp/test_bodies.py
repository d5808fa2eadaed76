"""What is sent to Mailchimp, by literals."""

from typing import Any

import pytest

from integrations.providers.mailchimp import bodies
from integrations.providers.types import JSON, Operation, Values, Write

FIELDS: dict[str, JSON] = {
    "FNAME": {"type": "text"},
    "ADDRESS": {"type": "address"},
    "BIRTHDAY": {"type": "birthday"},
    "PHONE": {"type": "phone", "options": {"phone_format": "none"}},
    "CELL": {"type": "phone", "options": {"phone_format": "US"}},
}
THERE = {"addr1": "1 Row", "addr2": "", "city": "London", "state": "London", "zip": "N1", "country": "GB"}


def change(values: Values, raw: JSON | None = None, whole: Values | None = None) -> Write:
    there = {"email_address": "a@x.test", "list_id": "l1"} | (raw or {})
    return Write("k" * 40, "o" * 32, Operation.UPDATE, values, whole=whole or {}, external_id="c1", raw=there)


def create(values: Values) -> Write:
    return Write("k" * 40, "o" * 32, Operation.CREATE, {"email_address": "a@x.test", "list_id": "l1"} | values)


@pytest.mark.parametrize(("values", "sent"), [
    ({"merge_fields.FNAME": "Ada", "merge_fields.COMPANY": "Engines"}, {"FNAME": "Ada"}),
    ({"merge_fields.FNAME": None}, {"FNAME": ""}),
    ({"merge_fields.BIRTHDAY": "0000-12-10"}, {"BIRTHDAY": "12/10"}),
    ({"merge_fields.PHONE": "+442079460123"}, {"PHONE": "+442079460123"}),
    ({"merge_fields.CELL": "+14045550142"}, {"CELL": "404-555-0142"}),
    ({"merge_fields.CELL": "+442079460123"}, {}),
    ({"merge_fields.ADDRESS.city": "Leeds"}, {"ADDRESS": THERE | {"city": "Leeds"}}),
    ({"merge_fields.ADDRESS.city": None}, {}),
    (dict.fromkeys([f"merge_fields.ADDRESS.{part}" for part in THERE]), {"ADDRESS": ""}),
])  # fmt: skip
def test_merge_fields_are_sent_as_the_audience_takes_them(values: Values, sent: JSON) -> None:
    body = bodies.member(change(values, {"merge_fields": {"ADDRESS": THERE}}), FIELDS)
    assert body == {"email_address": "a@x.test"} | ({"merge_fields": sent} if sent else {})


@pytest.mark.parametrize(("values", "status"), [
    ({}, "transactional"), ({"status_if_new": "pending"}, "pending"), ({"status": "unsubscribed"}, "unsubscribed"),
    ({"status": "unsubscribed", "status_if_new": "pending"}, "unsubscribed"), ({"status": None}, "transactional"),
])  # fmt: skip
def test_a_new_contact_begins_without_being_subscribed(values: Values, status: str) -> None:
    assert bodies.member(create(values), FIELDS)["status"] == status


@pytest.mark.parametrize("values", [{}, {"status": None}, {"vip": True}, {"status_if_new": "pending"}])
def test_a_change_says_nothing_of_the_status(values: Values) -> None:
    assert "status" not in bodies.member(change(values), FIELDS)


@pytest.mark.parametrize(("write", "field"), [
    (create({"status_if_new": "subscribed"}), "status_if_new"), (create({"status": "subscribed"}), "status"),
    (change({"status": "subscribed"}), "status"), (change({"status": "cleaned"}), "status"),
    (create({"list_id": None}), "list_id"), (create({"email_address": " "}), "email_address"),
])  # fmt: skip
def test_what_must_not_be_sent_is_refused_by_its_field(write: Write, field: str) -> None:
    refusal = bodies.refusal(write)
    assert refusal is not None
    assert refusal.field == field


@pytest.mark.parametrize(("values", "raw", "is_held"), [
    ({"merge_fields.FNAME": "Ada"}, {"merge_fields": {"FNAME": "Ada"}}, True),
    ({"merge_fields.FNAME": "Ada"}, {"merge_fields": {"FNAME": "Bea"}}, False),
    ({"merge_fields.FNAME": None}, {}, True),
    ({"tags": ["b", "a"]}, {"tags": [{"name": "a"}, {"name": "b"}]}, True),
    ({"tags": []}, {"tags": [{"name": "a"}]}, False),
    ({"status": "unsubscribed"}, {"status": "subscribed"}, False),
    ({"email_address": "A@x.test"}, {}, True),
    ({"email_address": "b@x.test"}, {}, False),
    ({"vip": True}, {"vip": False}, False),
])  # fmt: skip
def test_a_contact_holds_what_was_sent_or_not(values: Values, raw: dict[str, Any], is_held: bool) -> None:
    body = bodies.member(change(values), FIELDS)
    assert bodies.holds(body, {"email_address": "a@x.test"} | raw) is is_held
