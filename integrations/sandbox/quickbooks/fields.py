"""What a field of a written body may hold: small checks that return the value as it is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.errors import (
    QuickBooksError,
    bad_reference,
    business,
    invalid_choice,
    invalid_number,
    invalid_value,
    missing,
    too_long,
    unknown_property,
)  # fmt: skip

Check = Callable[[Company, Any, str], Any]
Fields = dict[str, Check]
IGNORED: Any = object()  # what a check returns for a field that QuickBooks computes itself
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_COUNTRIES = {"GB": "GBR", "UK": "GBR", "UNITED KINGDOM": "GBR", "DE": "DEU", "GERMANY": "DEU", "DEUTSCHLAND": "DEU",
              "US": "USA", "UNITED STATES": "USA"}  # fmt: skip


def checked(company: Company, fields: Fields, body: Any, name: str) -> dict[str, Any]:
    """The body's fields, each checked; empty ones as None. QuickBooksError for one that is not known."""
    if not isinstance(body, dict):
        raise invalid_value(name, "must be an object")
    found = {}
    for key, value in body.items():
        if key not in fields:
            raise unknown_property(f"{name}.{key}" if name else key)
        kept = None if value is None or value == "" else fields[key](company, value, key)
        if kept is not IGNORED and fields[key] is not ignored:
            found[key] = kept
    return found


def ignored(company: Company, value: Any, name: str) -> Any:
    return IGNORED


def text(most: int) -> Check:
    def check(company: Company, value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise invalid_value(name, "must be a text")
        if len(value) > most:
            raise too_long(name, most, len(value))
        return value

    return check


def unique_name(most: int) -> Check:
    """A name of a list: no colon, tab or line break."""

    def check(company: Company, value: Any, name: str) -> str:
        kept: str = text(most)(company, value, name)
        if any(letter in kept for letter in ":\t\n"):
            raise invalid_value(name, "must not hold a colon, a tab or a line break")
        return kept.strip()

    return check


def flag(company: Company, value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise invalid_value(name, "must be true or false")
    return value


def number(company: Company, value: Any, name: str) -> int | float:
    """A number, also written as a text, as the official client does with decimals."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}(\.\d{1,7})?", value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid_number(name)
    return value


def day(company: Company, value: Any, name: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError) as error:
        raise invalid_value(name, "must be a date as 2026-11-22") from error


def choice(*options: str) -> Check:
    def check(company: Company, value: Any, name: str) -> str:
        if value not in options:
            raise invalid_choice(name, value)
        return str(value)

    return check


def email(company: Company, value: Any, name: str) -> str:
    kept: str = text(100)(company, value, name)
    if not _EMAIL.match(kept):
        raise QuickBooksError(2210, "Email Address does not conform to the syntax rules of RFC 822.", element=name)
    return kept


def country(company: Company, value: Any, name: str) -> str:
    """Countries come back with three letters."""
    kept: str = text(255)(company, value, name)
    return _COUNTRIES.get(kept.upper(), kept)


def part(fields: Fields, *required: str) -> Check:
    """An object of its own; nothing when all in it is empty."""

    def check(company: Company, value: Any, name: str) -> Any:
        found = {key: kept for key, kept in checked(company, fields, value, name).items() if kept is not None}
        for key in required:
            if found and key not in found:
                raise missing(f"{name}.{key}")
        return found or None

    return check


def listing(check_one: Check) -> Check:
    def check(company: Company, value: Any, name: str) -> list[Any]:
        if not isinstance(value, list):
            raise invalid_value(name, "must be a list")
        return [check_one(company, each, name) for each in value]

    return check


def record_id(company: Company, value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise invalid_value(name, "must be an id")
    return str(value)


def reference(kind: str) -> Check:
    """A reference to a living, active record; it comes back with that record's name."""

    def check(company: Company, value: Any, name: str) -> dict[str, str] | None:
        given = checked(company, _REFERENCE, value, name)
        if given.get("value") is None:
            return None
        entry = company.shelves[kind].live(given["value"])
        if entry is None or not entry.document.get("Active", True):
            raise bad_reference(name, given["value"])
        document = entry.document
        return {"value": given["value"], "name": document.get("DisplayName") or document.get("Name", "")}

    return check


def tax_code(company: Company, value: Any, name: str) -> dict[str, str] | None:
    """American lines say TAX or NON, all others name a code of the list."""
    if company.country.is_american:
        given = checked(company, _REFERENCE, value, name).get("value")
        if given not in ("TAX", "NON", None):
            detail = f"Valid Line TaxCodes for US should be TAX or NON. Supplied value:{given}"
            raise QuickBooksError(6100, "Invalid Line TaxCode in the request", detail)
        return {"value": given} if given else None
    found: dict[str, str] | None = reference("TaxCode")(company, value, name)
    return {"value": found["value"]} if found else None


def currency(company: Company, value: Any, name: str) -> dict[str, str]:
    given = checked(company, _REFERENCE, value, name)
    if given.get("value") not in (None, company.country.currency):
        raise business(f"This company keeps its books in {company.country.currency} only.")
    return company.country.currency_ref


_REFERENCE: Fields = {"value": record_id, "name": text(500), "type": text(100)}
