"""What Stripe is sent for a product, as the fields of a form, from typed values by field id. Pure."""

from integrations.providers.errors import Invalid
from integrations.providers.stripe import prices
from integrations.providers.stripe.marks import REFERENCE
from integrations.providers.types import JSON, Operation, Values, Write

Form = dict[str, str]
_PARAMETERS = {
    "name": "name", "description": "description", "archived": "active", "metadata.kind": "metadata[kind]",
    "metadata.category": "metadata[category]",
}  # fmt: skip
PRODUCT_FIELDS: frozenset[str] = frozenset({*_PARAMETERS, prices.FIELD})


def own_id(write: Write) -> str:
    """Return the id that a product of ours has at Stripe: always the same, so that it is there but once."""
    return f"backline_{write.ours}"


def refusal(write: Write) -> Invalid | None:
    """Return why a write cannot be sent, None where it can."""
    variants = write.values.get(prices.FIELD) or []
    keys = prices.keys_of(variants)
    if len(set(keys)) < len(keys):
        return Invalid("Two of its variants have the same key: their prices could not be told apart.", field="prices")
    try:
        for variant in variants:
            if variant.get("unit_amount") is not None:
                prices.cost(variant)
    except Invalid as error:
        return Invalid(str(error), field=prices.FIELD, code=error.code)
    return None


def calls(write: Write) -> int:
    """Return how many calls a product takes with its prices: one for each, and one to name the first or put them away.

    Of a change it is not known before which prices it touches: three, where it does.
    """
    if write.operation is Operation.DELETE:
        return 1 + len(write.raw.get(prices.FIELD) or [])
    if write.operation is Operation.UPDATE:
        return 3 if prices.FIELD in write.values else 1
    priced = [each for each in write.values.get(prices.FIELD) or [] if each.get("unit_amount") is not None]
    return 1 + len(priced)


def new(write: Write) -> Form:
    """Return a product to make, with the price of the first variant that is on sale."""
    form = {name: value for name, value in _parameters(write.values).items() if value}
    form |= {"id": own_id(write), f"metadata[{REFERENCE}]": write.ours}
    offer = prices.first_offer(write.values.get(prices.FIELD) or [])
    if offer is None:
        return form
    key, variant = offer
    form |= {"expand[]": "default_price"}
    form |= {f"default_price_data[{name}]": value for name, value in prices.cost(variant).items()}
    return form | {f"default_price_data[metadata][{name}]": each for name, each in prices.marks(key, variant).items()}


def changed(write: Write, raw: JSON) -> Form:
    """Return what the product at Stripe does not say yet; an empty text empties a field."""
    return {name: value for name, value in _parameters(write.values).items() if value != _there(raw, name)}


def field_of(parameter: str) -> str:
    """Return our field id for the parameter that Stripe refused; the parameter itself where it is none of ours."""
    if parameter.startswith("default_price"):
        return prices.FIELD
    return next((name for name, known in _PARAMETERS.items() if known == parameter), parameter)


def _parameters(values: Values) -> Form:
    return {
        parameter: str(not values[name]).lower() if name == "archived" else _text(values[name])
        for name, parameter in _PARAMETERS.items()
        if name in values
    }


def _there(raw: JSON, parameter: str) -> str:
    if parameter == "active":
        return str(raw.get("active")).lower()
    key = parameter.removeprefix("metadata[").removesuffix("]")
    return _text((raw.get("metadata") or {}).get(key) if key != parameter else raw.get(parameter))


def _text(value: object) -> str:
    return "" if value is None else str(value)
