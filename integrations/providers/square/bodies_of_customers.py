"""What Square is sent for a customer, from typed values by field id. Pure: the same write gives the same body."""

from integrations.providers.types import JSON, Operation, Write

_PLAIN = frozenset({
    "given_name", "family_name", "company_name", "nickname", "email_address", "phone_number", "birthday", "note",
})  # fmt: skip
_ADDRESS = "address."
_UNKNOWN_YEAR = "0000-"
CUSTOMER_FIELDS: frozenset[str] = _PLAIN | {
    "address.address_line_1",
    "address.address_line_2",
    "address.locality",
    "address.administrative_district_level_1",
    "address.postal_code",
    "address.country",
}


def customer(write: Write) -> JSON:
    """Return the customer of a create, or the changes of an update with the version that they are made to.

    A new customer carries our record's id as its reference. One that is changed keeps the seller's own reference.
    """
    body: JSON = {name: write.values[name] for name in sorted(_PLAIN & write.values.keys())}
    if body.get("birthday"):
        body["birthday"] = str(body["birthday"]).removeprefix(_UNKNOWN_YEAR)
    if any(name.startswith(_ADDRESS) for name in write.values):
        body["address"] = _address(write)
    if write.operation is Operation.CREATE:
        return {name: value for name, value in body.items() if value is not None} | {"reference_id": write.ours}
    version = write.raw.get("version")
    return body | ({"version": version} if type(version) is int else {})


def _address(write: Write) -> JSON | None:
    """Return the whole address, so that it means the same whether Square amends or replaces; None where it is empty.

    A line that is emptied is sent as null.
    """
    changes = {
        name.removeprefix(_ADDRESS): value for name, value in sorted(write.values.items()) if name.startswith(_ADDRESS)
    }
    whole = dict(write.raw.get("address") or {}) | changes
    if write.operation is Operation.CREATE:
        whole = {name: value for name, value in whole.items() if value is not None}
    return whole if any(value is not None for value in whole.values()) else None


def field_of(path: str) -> str:
    """Return our field id for the path in a refusal of Square's; the path itself where it is none of ours."""
    return next((each for each in sorted(CUSTOMER_FIELDS) if path == each or path.endswith(f".{each}")), path)
