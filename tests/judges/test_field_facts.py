"""What our field lists say of lengths and choices is what the providers publish, as the field catalogue gathered it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.providers import PROVIDERS
from integrations.providers.types import Field, ObjectType
from mappings import catalogue
from tests.sandbox.conftest import ROOT

CATALOGUE = ROOT.parent / "shared" / "data" / "field_catalog.json"
NAMES: dict[str, dict[ObjectType, str]] = {
    "square": {
        ObjectType.CUSTOMER: "customer", ObjectType.PRODUCT: "catalog_item", ObjectType.ORDER: "order",
        ObjectType.PAYMENT: "payment", ObjectType.REFUND: "refund", ObjectType.INVOICE: "invoice",
        ObjectType.PAYOUT: "payout",
    },
    "stripe": {
        ObjectType.CUSTOMER: "customer", ObjectType.PRODUCT: "product", ObjectType.PAYMENT: "charge",
        ObjectType.REFUND: "refund", ObjectType.PAYOUT: "payout", ObjectType.INVOICE: "invoice",
    },
    "mailchimp": {
        ObjectType.CUSTOMER: "member", ObjectType.ORDER: "ecommerce_order", ObjectType.PRODUCT: "ecommerce_product",
    },
    "quickbooks": {
        ObjectType.CUSTOMER: "customer", ObjectType.PRODUCT: "item", ObjectType.ORDER: "sales_receipt",
        ObjectType.INVOICE: "invoice", ObjectType.PAYMENT: "payment", ObjectType.REFUND: "refund_receipt",
    },
}  # fmt: skip

pytestmark = pytest.mark.skipif(not CATALOGUE.exists(), reason="the field catalogue is not beside the project")


def facts(provider: str) -> Iterator[tuple[ObjectType, Field, dict[str, Any]]]:
    """Yield each field that both sides know, with what the catalogue tells of it."""
    told = json.loads(CATALOGUE.read_text())[provider]
    for kind, fields in catalogue.static(PROVIDERS[provider]).items():
        known = {each["path"].removeprefix("item_data."): each for each in told.get(NAMES[provider].get(kind, ""), ())}
        yield from ((kind, field, known[field.id]) for field in fields if field.id in known)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_field_that_is_sent_knows_how_much_it_takes(provider: str) -> None:
    told = [(each, fact["max_length"]) for _, each, fact in facts(provider) if each.writable and fact["max_length"]]
    texts = [(each, longest) for each, longest in told if each.type in ("text", "email", "phone")]
    assert {each.id: each.longest for each, _ in texts} == {each.id: longest for each, longest in texts}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_choices_of_a_field_are_those_that_the_provider_names(provider: str) -> None:
    chosen = [(each, set(fact["enum"] or ())) for _, each, fact in facts(provider) if each.choices]
    assert chosen
    for field, published in chosen:
        assert set(field.choices) == published, field.id


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_must_be_given_is_what_the_provider_demands(provider: str) -> None:
    ours = {field.id for _, field, _ in facts(provider) if field.required}
    assert ours <= {field.id for _, field, fact in facts(provider) if fact["required"] and fact["writable"]}
