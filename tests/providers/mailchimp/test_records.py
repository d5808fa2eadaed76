"""Mailchimp's JSON as typed values: whole literals, the odd ones, and anything at all."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.providers.errors import BadRecord
from integrations.providers.mailchimp import records
from integrations.providers.mailchimp.streams import STREAMS
from integrations.providers.types import ObjectType
from mappings.change import Context
from mappings.engine import Rule, compile_rules
from mappings.templates import _SHIPPED

NOON = "2026-03-01T12:00:00+00:00"
AT_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADDRESS = {"addr1": "1 Mill Lane", "addr2": "", "city": "Leeds", "state": "", "zip": "LS1 4DY", "country": "gb"}
MEMBER = {
    "id": "62eeb292278cc15f5817cb78f7790b08", "contact_id": "c1", "list_id": "L1",
    "email_address": "Ottoline@Example.test", "full_name": "Ottoline 🎭 Null", "status": "subscribed",
    "merge_fields": {
        "FNAME": "Ottoline 🎭", "LNAME": "Nu\x00ll", "PHONE": "0113 496 0000", "ADDRESS": ADDRESS, "BIRTHDAY": "03/14",
        "COMPANY": "", "MEMBERNO": 10000, "NOTHING": None, "HALVES": "12/24",
    },
    "timestamp_signup": "", "timestamp_opt": "2026-03-01T13:00:00+01:00", "last_changed": NOON, "language": "en",
    "vip": False, "source": "Hosted Form", "tags": [{"id": 1, "name": "Volunteers 💛"}, {"id": 2, "name": "Jazz"}],
    "location": {"country_code": "GB", "timezone": "Europe/London", "latitude": 51.5}, "unsubscribe_reason": None,
}  # fmt: skip


def test_a_contact() -> None:
    assert records.member(MEMBER) == {
        "id": "62eeb292278cc15f5817cb78f7790b08", "contact_id": "c1", "list_id": "L1",
        "email_address": "Ottoline@Example.test", "full_name": "Ottoline 🎭 Null", "status": "subscribed",
        "merge_fields.FNAME": "Ottoline 🎭", "merge_fields.LNAME": "Null", "merge_fields.PHONE": "0113 496 0000",
        "merge_fields.ADDRESS.addr1": "1 Mill Lane", "merge_fields.ADDRESS.city": "Leeds",
        "merge_fields.ADDRESS.zip": "LS1 4DY", "merge_fields.ADDRESS.country": "gb",
        "merge_fields.BIRTHDAY": "0000-03-14", "merge_fields.MEMBERNO": 10000, "merge_fields.HALVES": "12/24",
        "timestamp_opt": AT_NOON, "last_changed": AT_NOON, "status_since": AT_NOON,
        "language": "en", "vip": False, "source": "Hosted Form",
        "tags": ["Volunteers 💛", "Jazz"], "location.country_code": "GB", "location.timezone": "Europe/London",
    }  # fmt: skip


def test_a_contact_who_gave_nothing_has_nothing() -> None:
    assert records.member({"id": "h", "merge_fields": {"FNAME": "", "ADDRESS": ""}, "tags": []}) == {"id": "h"}


def canonical(raw: dict[str, Any], object_type: ObjectType = ObjectType.CUSTOMER) -> dict[str, Any]:
    templates = orjson.loads((_SHIPPED / "mailchimp.json").read_bytes())
    rules = next(each["rules"] for each in templates if each["object_type"] == object_type)
    mapper = compile_rules([Rule(**rule) for rule in rules if "direction" not in rule], Context(provider="mailchimp"))
    mapped = mapper(STREAMS[object_type].values(raw))
    assert mapped.remarks == []
    return mapped.fields


def test_a_contact_as_the_shipped_template_maps_it() -> None:
    assert canonical(MEMBER) == {
        "given_name": "Ottoline 🎭", "family_name": "Null", "email": "ottoline@example.test", "phone": "+441134960000",
        "address": {"line1": "1 Mill Lane", "city": "Leeds", "postal_code": "LS1 4DY", "country": "GB"},
        "birthday": "--03-14", "locale": "en", "tags": ["Volunteers 💛", "Jazz"],
        "marketing_consent": {"status": "subscribed", "at": AT_NOON, "source": "Hosted Form"},
    }  # fmt: skip


@pytest.mark.parametrize("status", ["subscribed", "pending", "unsubscribed", "cleaned", "transactional"])
def test_a_status_is_the_consent_of_the_same_name(status: str) -> None:
    assert canonical(MEMBER | {"status": status})["marketing_consent"]["status"] == status


def test_a_no_counts_from_the_last_change_on_and_not_from_the_yes_before() -> None:
    left = MEMBER | {"status": "unsubscribed", "last_changed": "2026-04-01T12:00:00+00:00"}
    assert canonical(left)["marketing_consent"]["at"] == datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", ["archived", "something_new"])
def test_an_archived_contact_says_nothing_about_consent(status: str) -> None:
    assert canonical(MEMBER | {"status": status})["marketing_consent"]["status"] == "unknown"


def test_an_audience() -> None:
    raw = {
        "id": "L1", "web_id": 7, "name": "Newsletter", "double_optin": True, "visibility": "pub", "date_created": NOON,
        "campaign_defaults": {"language": "en", "from_name": "", "from_email": "x@example.test"},
        "stats": {"member_count": 1204, "open_rate": 31.5},
    }  # fmt: skip
    assert records.audience(raw) == {
        "id": "L1", "web_id": 7, "name": "Newsletter", "double_optin": True, "visibility": "pub",
        "date_created": AT_NOON, "campaign_defaults.language": "en", "stats.member_count": 1204,
    }  # fmt: skip
    assert canonical(raw, ObjectType.AUDIENCE) == {"name": "Newsletter", "size": 1204, "language": "en"}


def test_a_merge_field() -> None:
    raw = {
        "merge_id": 0, "tag": "SEATS", "name": "Seats", "type": "dropdown", "required": True, "default_value": "",
        "options": {"choices": ["Stalls", "Circle"]}, "list_id": "L1",
    }  # fmt: skip
    assert records.merge_field(raw) == {
        "merge_id": 0, "tag": "SEATS", "name": "Seats", "type": "dropdown", "required": True, "list_id": "L1",
        "options.choices": ["Stalls", "Circle"],
    }  # fmt: skip
    assert canonical(raw, ObjectType.MERGE_FIELD) == {
        "name": "Seats", "code": "SEATS", "kind": "dropdown", "required": True, "choices": ["Stalls", "Circle"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "read"),
    [("03/14", "0000-03-14"), ("3/4", "0000-03-04"), ("1990-03-14", "1990-03-14"), ("soon", "soon")],
)
def test_a_birthday_without_a_year_gets_none(text: str, read: str) -> None:
    assert records.member({"merge_fields": {"BIRTHDAY": text}}) == {"merge_fields.BIRTHDAY": read}


@pytest.mark.parametrize("email", ["Urist.McVankab@Freddiesjokes.com", "urist.mcvankab@freddiesjokes.com"])
def test_a_contact_is_addressed_by_the_hash_of_its_email_in_lower_case(email: str) -> None:
    assert records.subscriber_hash(email) == "62eeb292278cc15f5817cb78f7790b08"


@pytest.mark.parametrize(
    "raw",
    [
        {"id": "h", "merge_fields": ["FNAME"]}, {"id": "h", "merge_fields": "text"}, {"id": "h", "tags": [{}]},
        {"id": "h", "tags": ["text"]}, {"id": "h", "tags": 7}, {"id": "h", "location": "Leeds"},
        {"id": "h", "last_changed": "yesterday"}, {"id": "h", "timestamp_opt": 7},
    ],
)  # fmt: skip
def test_a_contact_in_an_unknown_shape_is_a_bad_record(raw: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        STREAMS[ObjectType.CUSTOMER].values(raw)


def test_a_merge_field_without_a_number_is_a_bad_record() -> None:
    with pytest.raises(BadRecord):
        STREAMS[ObjectType.MERGE_FIELD].values({"id": "X1"})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("id", "merge_fields", "tags", "location", "last_changed", "stats", "options", "merge_id", "date_created")


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(raw=st.dictionaries(st.sampled_from(NAMES), anything, max_size=5))
@pytest.mark.parametrize("object_type", STREAMS)
def test_whatever_comes_is_read_or_a_bad_record(object_type: ObjectType, raw: dict[str, Any]) -> None:
    try:
        values = STREAMS[object_type].values(raw)
    except BadRecord:
        return
    assert all(not isinstance(value, str) or "\x00" not in value for value in values.values())
