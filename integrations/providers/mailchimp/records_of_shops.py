"""Mailchimp's products and orders as typed values by field id, as they were sent. Pure."""

from collections.abc import Mapping
from typing import Any

from integrations.providers.mailchimp.bodies_of_orders import PAID
from integrations.providers.mailchimp.records import moment
from integrations.providers.money import from_decimal
from integrations.providers.types import JSON, Values

_REFUNDS = ("refunded", "partially_refunded")


def product(raw: JSON) -> Values:
    """Return the values of a product. The variant that bears the product's own id stands for none."""
    values = _told(raw, ("id", "title", "description", "type", "currency_code"))
    listed = [each for each in raw.get("variants") or [] if each["id"] != raw["id"]]
    currency = raw.get("currency_code")
    values["variants"] = [_told(each, ("id", "title", "sku")) | _money(each, ("price",), currency) for each in listed]
    return values


def order(raw: JSON) -> Values:
    """Return the values of an order. What was given back is not told here: that is `refunded`, which is ours."""
    currency = raw.get("currency_code")
    values = _told(raw, ("id", "currency_code", "financial_status"))
    if values.get("financial_status") in _REFUNDS:
        values["financial_status"] = PAID
    buyer = _told(raw.get("customer") or {}, ("id", "email_address", "first_name", "last_name"))
    values |= {f"customer.{name}": value for name, value in buyer.items()}
    values |= _money(raw, ("order_total", "tax_total", "discount_total"), currency)
    if raw.get("processed_at_foreign"):
        values["processed_at_foreign"] = moment(raw["processed_at_foreign"])
    values["lines"] = [
        _told(each, ("id", "product_id", "product_variant_id", "quantity"))
        | _money(each, ("price", "discount"), currency)
        for each in raw.get("lines") or []
    ]
    return values


def without_links(raw: Any) -> Any:
    """Return an answer without the links that Mailchimp adds to everything."""
    if isinstance(raw, Mapping):
        return {name: without_links(value) for name, value in raw.items() if name != "_links"}
    return [without_links(each) for each in raw] if isinstance(raw, list) else raw


def _told(raw: JSON, names: tuple[str, ...]) -> Values:
    return {name: raw[name] for name in names if raw.get(name) not in (None, "")}


def _money(raw: JSON, names: tuple[str, ...], currency: Any) -> Values:
    return {name: from_decimal(raw[name], currency) for name in names if currency and raw.get(name) is not None}
