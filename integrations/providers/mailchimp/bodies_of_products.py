"""What is sent to Mailchimp for a product. Pure."""

from integrations.providers.mailchimp import variants
from integrations.providers.types import JSON, Money, Values, Write

_TEXTS = ("title", "description", "type")


def product(write: Write, values: Values, currency: str) -> JSON:
    """Return the product to make of all its values, by our record's id."""
    facts = {name: str(values.get(name) or "") for name in _TEXTS}
    return {"id": write.ours} | facts | {"variants": _variants(write.ours, values, currency)}


def changes(write: Write, currency: str) -> JSON:
    """Return what changes of a product. The variant of one that has none bears its title."""
    values = write.values
    body: JSON = {name: str(values[name] or "") for name in _TEXTS if name in values}
    if "variants" in values or ("title" in values and not write.whole.get("variants")):
        body["variants"] = _variants(write.external_id, write.whole | values, currency)
    return body


def currency(values: Values) -> str:
    """Return the currency that a product is sold in, "" where no price tells."""
    prices = (each.get("price") for each in values.get("variants") or [])
    return next((each.currency for each in prices if isinstance(each, Money)), "")


def _variants(product_id: str, values: Values, currency: str) -> list[JSON]:
    return variants.sent(values.get("variants"), product_id, str(values.get("title") or ""), currency)
