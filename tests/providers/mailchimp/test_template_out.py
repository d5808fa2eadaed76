"""The shipped rules of the way out: what a venue has, written to Mailchimp and read again, is what it was."""

from typing import Any

import orjson
import pytest

from integrations.providers.base import WritableStream
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp.streams import STREAMS
from integrations.providers.types import ObjectType, Operation, Write
from mappings import canonical
from mappings.change import Context
from mappings.engine import Rule
from mappings.outbound import OutboundMapper
from tests.providers.mailchimp.conftest import Account
from tests.providers.mailchimp.test_records import _SHIPPED
from tests.providers.mailchimp.test_records import canonical as mapped

CONTEXT = Context("mailchimp", timezone="Europe/London", country="GB")
ADA: dict[str, Any] = {
    "given_name": "Ada", "family_name": "Lovelace 🏮", "email": "ada@example.com", "phone": "+442079460123",
    "birthday": "--12-10", "tags": ["Jazz", "Season ticket"], "address": {
        "line1": "12 Lantern Row", "city": "London", "region": "Greater London", "postal_code": "N1 1AA",
        "country": "GB"},
}  # fmt: skip


def rules() -> list[Rule]:
    templates = orjson.loads((_SHIPPED / "mailchimp.json").read_bytes())
    found = next(each["rules"] for each in templates if each["object_type"] == "customer")
    listed = [rule for rule in found if rule.get("direction") == "out"]
    return [Rule(**{name: value for name, value in rule.items() if name != "direction"}) for rule in listed]


def members() -> WritableStream:
    found = STREAMS[ObjectType.CUSTOMER]
    assert isinstance(found, WritableStream)
    return found


def test_rules_lead_from_known_fields_to_fields_that_can_be_written() -> None:
    assert members().writable - {"status_if_new"} <= {field.id for field in members().fields}
    assert {rule.target for rule in rules()} <= members().writable
    known = {field.path for field in canonical.OBJECTS[ObjectType.CUSTOMER].fields}
    assert {rule.source for rule in rules()} <= known


def test_a_contact_comes_back_as_it_was(api: ApiSession, account: Account) -> None:
    outgoing = OutboundMapper(rules(), CONTEXT)(ADA)
    values = outgoing.values | {"list_id": account["lists"][0]["id"]}
    result = members().write_batch(api, [Write("k" * 40, "o" * 32, Operation.CREATE, values, whole=values)])[0]
    assert result.record is not None
    found = mapped(result.record.raw)
    assert {name: found[name] for name in ADA} == ADA
    assert found["marketing_consent"]["status"] == "transactional"


@pytest.mark.parametrize("status", ["subscribed", "pending", "transactional", "unknown", "unsubscribed", "cleaned"])
def test_of_consent_nothing_leaves_but_that_somebody_left(status: str) -> None:
    values = OutboundMapper(rules(), CONTEXT)(ADA | {"marketing_consent": {"status": status}}).values
    assert values.get("status") == ("unsubscribed" if status in ("unsubscribed", "cleaned") else None)


def test_somebody_without_an_address_is_left_out() -> None:
    outgoing = OutboundMapper(rules(), CONTEXT)({"given_name": "Ada"})
    assert [remark.target for remark in outgoing.remarks if remark.required] == ["email"]
