"""What is sent to QuickBooks for a write: only what changes, in QuickBooks' own shape. Pure.

An update is always sparse: what a body does not name stays as it is. An empty text empties a field. The parts of an
address are sent together with those that stay, for an address is replaced as a whole.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from integrations.providers.money import decimals
from integrations.providers.types import JSON, Money, Operation, Values, Write

_NAMES = ("GivenName", "MiddleName", "FamilyName")
_PHONES = ("PrimaryPhone", "Mobile", "AlternatePhone")
_ADDRESSES = ("BillAddr", "ShipAddr")
_ADDRESS_PARTS = (
    "Line1", "Line2", "Line3", "Line4", "Line5", "City", "CountrySubDivisionCode", "PostalCode", "Country",
)  # fmt: skip
_LONGEST_NAME = 100
_NOT_IN_NAMES = re.compile(r"[:\s\x00-\x1f\x7f]+")
_FIRST_ADDRESS = re.compile(r"[^,;\s]+")


def customer(write: Write) -> JSON:
    """Return the customer to make, or what changes of one. A new one gets a display name where the values have none."""
    values = dict(write.values)
    if "company_or_display_name" in values:
        values["CompanyName"] = values.pop("company_or_display_name")
    if "phone" in values:
        values[f"{_phone_shown(write.raw)}.FreeFormNumber"] = values.pop("phone")
    if write.operation is Operation.CREATE and not values.get("DisplayName"):
        values["DisplayName"] = display_name(values) or None
    body = amended(write, values)
    if "PrimaryEmailAddr" in body:
        body["PrimaryEmailAddr"] = {"Address": _beside_others(write.raw, body["PrimaryEmailAddr"]["Address"])}
    return body


def item(write: Write) -> JSON:
    """Return the item to make, or what changes of one."""
    return amended(write, write.values)


def put_away(write: Write) -> JSON:
    """Return what makes a name inactive: QuickBooks has no other way to remove one."""
    return named(write) | {"Active": False}


def display_name(values: Mapping[str, Any]) -> str:
    """Return the name that a customer is listed under: the person's, else the company's, else how to reach it.

    At most a hundred characters, without what QuickBooks refuses in it. It is unique among customers, vendors and
    employees; nothing is done about that here.
    """
    person = " ".join(str(values[name]) for name in _NAMES if values.get(name))
    others = ("CompanyName", "PrimaryEmailAddr.Address", *(f"{phone}.FreeFormNumber" for phone in _PHONES))
    found = person or next((str(values[name]) for name in others if values.get(name)), "")
    return _NOT_IN_NAMES.sub(" ", found).strip()[:_LONGEST_NAME].strip()


def amended(write: Write, values: Values) -> JSON:
    """Return a body with these values, for a change with what names the object; without any value a body is empty."""
    is_new = write.operation is Operation.CREATE
    body: JSON = {}
    for path, value in sorted(values.items()):
        if value is None and is_new:
            continue
        head, _, tail = path.partition(".")
        if tail:
            body.setdefault(head, _kept(write.raw, head))[tail] = _sent(value)
        else:
            body[head] = _sent(value)
    return body if is_new or not body else named(write) | body


def named(write: Write) -> JSON:
    """Return what names an object in the state that it was last seen in; what is not sent with it stays."""
    return {"Id": write.external_id, "SyncToken": write.version, "sparse": True}


def request_id(entity: str, keys: Iterable[str], body: bytes) -> str:
    """Return what QuickBooks knows a request by again: the same for the same writes with the same content."""
    return hashlib.sha256("\n".join([entity, *keys]).encode() + b"\n" + body).hexdigest()[:40]


def amount(money: Money) -> int | float:
    """Return an amount as the number that QuickBooks wants."""
    found = Decimal(money.minor).scaleb(-decimals(money.currency))
    return int(found) if found == int(found) else float(found)


def _sent(value: Any) -> Any:
    if value is None:
        return ""
    return amount(value) if isinstance(value, Money) else value


def _kept(raw: JSON, head: str) -> JSON:
    """Return the parts of an address that are there already; nothing of anything else."""
    found = raw.get(head) if head in _ADDRESSES else None
    return {name: found[name] for name in _ADDRESS_PARTS if found.get(name)} if isinstance(found, dict) else {}


def _phone_shown(raw: JSON) -> str:
    """Return which of the phone numbers is the one that is read as the customer's."""
    return next((name for name in _PHONES if (raw.get(name) or {}).get("FreeFormNumber")), _PHONES[0])


def _beside_others(raw: JSON, address: str) -> str:
    """Return the field of e-mail addresses with its first one replaced; an owner may keep several in it."""
    known = str((raw.get("PrimaryEmailAddr") or {}).get("Address") or "")
    others = known[found.end() :] if (found := _FIRST_ADDRESS.search(known)) else ""
    return f"{address}{others}" if address else others.lstrip(",; ")
