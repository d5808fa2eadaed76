"""Customers there and back by the rules that ship: what is sent to a provider reads as what was meant."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from integrations.providers import PROVIDERS
from integrations.providers.base import WritableStream
from integrations.providers.types import JSON, ObjectType
from mappings import canonical
from mappings.change import Context
from mappings.engine import Rule, compile_rules
from mappings.outbound import OutboundMapper

SHIPPED = Path(canonical.__file__).parent / "shipped"
ADA: JSON = {
    "given_name": "Ada Mary", "family_name": "van der Berg", "company": "Engines", "email": "ada@example.net",
    "phone": "+447700900123", "note": "Likes the front row",
    "address": {
        "line1": "1 Quay Street", "line2": "Top floor", "city": "Bristol", "region": "Avon",
        "postal_code": "BS1 4DB", "country": "GB",
    },
}  # fmt: skip
OWN = {"square": {"birthday": "--12-10"}, "stripe": {"locale": "en-GB"}}


def rules(provider: str, *, out: bool) -> list[Rule]:
    templates = orjson.loads((SHIPPED / f"{provider}.json").read_bytes())
    (found,) = [each["rules"] for each in templates if each["object_type"] == "customer"]
    return [
        Rule(**{name: value for name, value in rule.items() if name != "direction"})
        for rule in found
        if (rule.get("direction") == "out") is out
    ]


def context(provider: str) -> Context:
    return Context(provider=provider, timezone="Europe/London", country="GB")


def sent(provider: str, fields: JSON) -> dict[str, Any]:
    outgoing = OutboundMapper(rules(provider, out=True), context(provider))(fields)
    assert outgoing.remarks == []
    return outgoing.values


@pytest.mark.parametrize("provider", OWN)
def test_only_what_can_be_written_is_sent(provider: str) -> None:
    stream = PROVIDERS[provider].streams[ObjectType.CUSTOMER]
    assert isinstance(stream, WritableStream)
    assert {rule.target for rule in rules(provider, out=True)} <= stream.writable


@pytest.mark.parametrize("provider", OWN)
def test_a_customer_that_is_sent_comes_back_the_same(provider: str) -> None:
    customer = ADA | OWN[provider]
    back = compile_rules(rules(provider, out=False), context(provider))(sent(provider, customer))
    assert back.fields == customer


def test_consent_is_never_sent() -> None:
    for provider in OWN:
        assert not [rule for rule in rules(provider, out=True) if rule.source.startswith(("marketing_consent", "tags"))]


def test_a_company_alone_is_not_sent_as_a_person() -> None:
    assert sent("stripe", {"company": "Engines"}) == {"business_name": "Engines"}
