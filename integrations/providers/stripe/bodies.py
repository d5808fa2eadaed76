"""What Stripe is sent for a customer, as the fields of a form, from typed values by field id. Pure."""

from integrations.providers.stripe.marks import REFERENCE
from integrations.providers.types import JSON, Operation, Write

_PLAIN = frozenset({"name", "individual_name", "business_name", "email", "phone", "description"})
_ADDRESS = "address."
_LINES = ("line1", "line2", "city", "state", "postal_code", "country")
_LOCALE = "preferred_locale"
_PERSON = "individual_name"
CUSTOMER_FIELDS: frozenset[str] = _PLAIN | {f"{_ADDRESS}{line}" for line in _LINES} | {_LOCALE}


def customer(write: Write) -> dict[str, str]:
    """Return the form of a create or an update; an empty text empties a field.

    A new customer carries our record's id in its metadata. The metadata of one that is changed are not touched.
    """
    form = {name: _text(write.values[name]) for name in sorted((_PLAIN - {_PERSON}) & write.values.keys())}
    if _PERSON in write.values:
        form |= _person(write)
    if any(name.startswith(_ADDRESS) for name in write.values):
        form |= _address(write)
    if _LOCALE in write.values:
        form |= _locales(write)
    if write.operation is Operation.CREATE:
        return {name: value for name, value in form.items() if value} | {f"metadata[{REFERENCE}]": write.ours}
    return form


def _person(write: Write) -> dict[str, str]:
    """Return a person's name where people at Stripe read and change it.

    That is `name`, unless a company goes by it; the person's own field is kept in step only where it is used already,
    for who changes `name` at Stripe would be overwritten by it.
    """
    name, raw = _text(write.values[_PERSON]), write.raw
    if raw.get("business_name") and raw.get("name") == raw["business_name"]:
        return {_PERSON: name}
    return {"name": name, _PERSON: name} if raw.get(_PERSON) else {"name": name}


def _address(write: Write) -> dict[str, str]:
    """Return all lines, for Stripe replaces an address as a whole; those that are not sent become empty."""
    held: JSON = write.raw.get("address") or {}
    lines = {line: _text(write.values.get(f"{_ADDRESS}{line}", held.get(line))) for line in _LINES}
    return {f"address[{line}]": value for line, value in lines.items() if value} or {"address": ""}


def _locales(write: Write) -> dict[str, str]:
    """Return the languages with ours as the first; the others stay behind it."""
    others = [str(each) for each in (write.raw.get("preferred_locales") or [])[1:]]
    listed = list(dict.fromkeys([_text(write.values[_LOCALE]), *others]))
    kept = [each for each in listed if each]
    return {f"preferred_locales[{at}]": each for at, each in enumerate(kept)} or {"preferred_locales": ""}


def field_of(path: str) -> str:
    """Return our field id for the parameter that Stripe refused; the parameter itself where it is none of ours."""
    plain = path.replace("[", ".").replace("]", "")
    return _LOCALE if plain.startswith("preferred_locales") else plain


def _text(value: object) -> str:
    return "" if value is None else str(value)
