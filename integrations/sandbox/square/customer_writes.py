"""How customers are written: created, changed in part, deleted, one by one or by the hundred."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route, present
from integrations.sandbox.square.customers import live_customer
from integrations.sandbox.square.errors import SquareError, invalid, version_mismatch
from integrations.sandbox.square.idempotency import once
from integrations.sandbox.square.ledger import keep, remove
from integrations.sandbox.square.shapes import integer, listing, mapping, nullable, record, text

_ONE_OF = ("given_name", "family_name", "company_name", "email_address", "phone_number")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_PHONE = re.compile(r"^\+?[\d\s().-]+$")
_BIRTHDAY = re.compile(r"^(?:(\d{4})-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")


def create(call: Call) -> Document:
    wishes = {name: value for name, value in call.asked.items() if name != "idempotency_key"}
    return once(call, call.asked.get("idempotency_key"), lambda: {"customer": _create(call, wishes)})


def update(call: Call) -> Document:
    return {"customer": _update(call, call.ids["customer_id"], call.asked)}


def delete(call: Call) -> Document:
    _delete(call, call.ids["customer_id"], call.query.get("version"))
    return {}


def bulk_create(call: Call) -> Document:
    """Each key of the map is the idempotency key of its own customer."""

    def one(key: str, wishes: Document) -> Document:
        return once(call, key, lambda: {"customer": _create(call, wishes)}, content=wishes)

    return _each(call.asked["customers"], one)


def bulk_update(call: Call) -> Document:
    return _each(call.asked["customers"], lambda customer_id, wishes: {"customer": _update(call, customer_id, wishes)})


def bulk_delete(call: Call) -> Document:
    def one(customer_id: str, _: Any) -> Document:
        _delete(call, customer_id, None)
        return {}

    return _each(dict.fromkeys(call.asked["customer_ids"]), one)


def _each(wishes: dict[str, Any], act: Callable[[str, Any], Document]) -> Document:
    """The result of every entry by its key; one refusal does not stop the others."""
    responses: Document = {}
    for key, wish in wishes.items():
        try:
            responses[key] = act(key, wish)
        except SquareError as error:
            responses[key] = error.body
    return {"responses": responses}


def _create(call: Call, wishes: Document) -> Document:
    wishes = _FIELDS(wishes, "")
    if not any(wishes.get(name) for name in _ONE_OF):
        raise invalid("BAD_REQUEST", f"At least one of the following fields is required: {', '.join(_ONE_OF)}.")
    stamp = rfc3339(call.now)
    customer = {
        "id": call.merchant.new_id("customer", 26),
        "created_at": stamp,
        "updated_at": stamp,
        **{name: value for name, value in wishes.items() if value not in (None, "")},
        "preferences": {"email_unsubscribed": False},
        "creation_source": "THIRD_PARTY",
        "version": 0,
    }
    return keep(call.square, call.merchant, "customers", None, _with_birthday(customer))


def _update(call: Call, customer_id: str, wishes: Document) -> Document:
    """Only what is sent changes; null clears. A version, when sent, must be the present one."""
    wishes = _UPDATE_FIELDS(wishes, "")
    entry = live_customer(call, customer_id)
    _check_version(entry.document, wishes.get("version"))
    changes = {name: value for name, value in wishes.items() if name != "version"}
    if not changes:
        raise invalid("NO_FIELDS_SET", "There is nothing to change.")
    if changes.get("address"):
        changes["address"] = present(**(entry.document.get("address", {}) | changes["address"])) or None
    customer = {name: value for name, value in (entry.document | changes).items() if value not in (None, "")}
    if not any(customer.get(name) for name in _ONE_OF):
        raise invalid("BAD_REQUEST", f"At least one of the following fields is required: {', '.join(_ONE_OF)}.")
    customer |= {"updated_at": rfc3339(call.now), "version": entry.document["version"] + 1}
    return keep(call.square, call.merchant, "customers", entry, _with_birthday(customer))


def _delete(call: Call, customer_id: str, version: int | None) -> None:
    entry = live_customer(call, customer_id)
    _check_version(entry.document, version)
    remove(call.square, call.merchant, "customers", entry)


def _check_version(customer: Document, version: int | None) -> None:
    if version is not None and version != customer["version"]:
        raise version_mismatch()


def _with_birthday(customer: Document) -> Document:
    """A birthday without a year is shown with the year 0000."""
    birthday = customer.get("birthday", "")
    return customer | ({"birthday": f"0000-{birthday}"} if len(birthday) == 5 else {})


def _email(value: Any, field: str) -> str:
    email = str(text(at_most=254)(value, field))
    if email and not _EMAIL.match(email):
        raise invalid("INVALID_EMAIL_ADDRESS", f"Expected {field} to be a valid email address.", field)
    return email


def _phone(value: Any, field: str) -> str:
    phone = str(text()(value, field))
    if phone and not (_PHONE.match(phone) and 9 <= len(re.sub(r"\D", "", phone)) <= 16):
        raise invalid("INVALID_PHONE_NUMBER", f"Expected {field} to be a valid phone number.", field)
    return phone


def _birthday(value: Any, field: str) -> str:
    birthday = str(text()(value, field))
    if birthday and not _BIRTHDAY.match(birthday):
        raise invalid("INVALID_DATE", "Expected YYYY-MM-DD or MM-DD.", field)
    return birthday


_LINES = (
    "address_line_1", "address_line_2", "address_line_3", "locality", "sublocality", "sublocality_2", "sublocality_3",
    "administrative_district_level_1", "administrative_district_level_2", "administrative_district_level_3",
    "postal_code", "first_name", "last_name",
)  # fmt: skip
ADDRESS = record(
    dict.fromkeys(_LINES, nullable(text(at_most=500))) | {"country": nullable(text(at_least=2, at_most=2))}
)
_WISHES = {
    "given_name": nullable(text(at_most=300)),
    "family_name": nullable(text(at_most=300)),
    "company_name": nullable(text(at_most=500)),
    "nickname": nullable(text(at_most=100)),
    "email_address": nullable(_email),
    "address": nullable(ADDRESS),
    "phone_number": nullable(_phone),
    "reference_id": nullable(text(at_most=100)),
    "note": nullable(text()),
    "birthday": nullable(_birthday),
    "tax_ids": nullable(record({"eu_vat": nullable(text(at_most=20))})),
}
_FIELDS = record(_WISHES)
_UPDATE_FIELDS = record(_WISHES | {"version": integer(0)})
_ANY = record(dict.fromkeys([*_WISHES, "version"], lambda value, field: value))
_CREATE = record(_WISHES | {"idempotency_key": text()})
_BULK_CREATE = record({"customers": mapping(_ANY, at_least=1, at_most=100)}, required=["customers"])
_BULK_DELETE = record({"customer_ids": listing(text(), at_least=1, at_most=100)}, required=["customer_ids"])
_SCOPES = ("CUSTOMERS_WRITE",)
ROUTES = [
    Route("POST", "/v2/customers", _SCOPES, create, body=_CREATE),
    Route("PUT", "/v2/customers/{customer_id}", _SCOPES, update, body=_UPDATE_FIELDS),
    Route("DELETE", "/v2/customers/{customer_id}", _SCOPES, delete, query={"version": integer(0, written=True)}),
    Route("POST", "/v2/customers/bulk-create", _SCOPES, bulk_create, body=_BULK_CREATE),
    Route("POST", "/v2/customers/bulk-update", _SCOPES, bulk_update, body=_BULK_CREATE),
    Route("POST", "/v2/customers/bulk-delete", _SCOPES, bulk_delete, body=_BULK_DELETE),
]
