"""What is sent to QuickBooks of an invoice. Pure.

QuickBooks replaces the lines of an invoice as a whole, so a change of one line sends all. An invoice that we make bears
our record's id in its note, and a number made of that id where the values have none: by both it is found again.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.providers.quickbooks.bodies import amended, amount
from integrations.providers.types import JSON, Money, Operation, Values, Write

_LONGEST_NUMBER = 21
_BUNDLE = "GroupLineDetail"
_DISCOUNT = "Discount"  # as such a line is read
_COMPARED = ("unit_price", "ItemRef.value", "TaxCodeRef.value", "ClassRef.value")


def invoice(write: Write) -> JSON:
    """Return the invoice to make, or what changes of one."""
    values = dict(write.values)
    is_new = write.operation is Operation.CREATE
    lines, currency = values.pop("lines", None), values.pop("currency", None)
    if is_new:
        values |= {"DocNumber": values.get("DocNumber") or number(write), "PrivateNote": anchor(write)}
        values |= {"CurrencyRef.value": currency} if currency else {}
    if lines is not None:
        values["Line"] = [_line(line) for line in lines]
    return amended(write, values)


def anchor(write: Write) -> str:
    """Return the sentence by which an invoice of ours is known again."""
    return f"Backline record {write.ours}"


def number(write: Write) -> str:
    """Return a number for an invoice that has none, of at most 21 characters, always the same for the same record."""
    return f"B-{write.ours}"[:_LONGEST_NUMBER].upper()


def has_bundle(raw: JSON) -> bool:
    """Return whether an invoice holds a bundle, which is read as its parts and cannot be written as one."""
    return any(line.get("DetailType") == _BUNDLE for line in raw.get("Line") or [])


def holds_lines(wanted: Iterable[Values], there: Iterable[Values]) -> bool:
    """Return whether lines as they are read are those that were written: QuickBooks adds ids, names and an item."""
    wanted, there = list(wanted), list(there)
    return len(wanted) == len(there) and all(_is_held(line, found) for line, found in zip(wanted, there, strict=True))


def has_empty(lines: Iterable[Values]) -> bool:
    """Return whether a line has neither an amount nor words."""
    return any(_total(line) is None and not _named(line) for line in lines)


def currencies(values: Values) -> set[str]:
    """Return the currencies of all amounts in the lines."""
    amounts = (value for line in values.get("lines") or [] for value in line.values())
    return {each.currency for each in amounts if isinstance(each, Money)}


def _is_held(line: Values, found: Values) -> bool:
    total = _total(line)
    if found.get("amount") != total:
        return False
    if total is not None and _is_discount(line, total):
        return found.get("name") == _DISCOUNT
    told = {name: line[name] for name in _COMPARED if line.get(name) is not None} | {"name": _named(line) or None}
    return _is_as_many(line, found) and all(value is None or found.get(name) == value for name, value in told.items())


def _is_as_many(line: Values, found: Values) -> bool:
    quantity = line.get("quantity")
    return quantity is None or Decimal(str(found.get("quantity") or 0)) == Decimal(str(quantity))


def _is_discount(line: Values, total: Money) -> bool:
    return total.minor < 0 and not line.get("ItemRef.value")


def _named(line: Values) -> str:
    return str(line.get("Description") or line.get("name") or "")


def _line(line: Values) -> JSON:
    total = _total(line)
    named = {"Description": name} if (name := _named(line)) else {}
    if total is None:
        return named | {"DetailType": "DescriptionOnly", "DescriptionLineDetail": {}}
    if _is_discount(line, total):
        less = amount(Money(-total.minor, total.currency))
        return {"DetailType": "DiscountLineDetail", "Amount": less, "DiscountLineDetail": {"PercentBased": False}}
    return named | {"DetailType": "SalesItemLineDetail", "Amount": amount(total), "SalesItemLineDetail": _detail(line)}


def _detail(line: Values) -> JSON:
    """Return what was sold; a quantity is sent as the number that its text says."""
    detail: JSON = {
        name: {"value": value}
        for name in ("ItemRef", "TaxCodeRef", "ClassRef") if (value := line.get(f"{name}.value"))
    }  # fmt: skip
    if line.get("quantity") is not None:
        detail["Qty"] = float(line["quantity"])
    if isinstance(line.get("unit_price"), Money):
        detail["UnitPrice"] = amount(line["unit_price"])
    return detail or {"Qty": 1}  # an empty one is none


def _total(line: Values) -> Money | None:
    """Return what a line costs: as it says, else its quantity at its price; None where it says neither."""
    total: Any = line.get("amount")
    if isinstance(total, Money):
        return total
    price: Any = line.get("unit_price")
    if not isinstance(price, Money):
        return None
    exact = Decimal(price.minor) * Decimal(str(line.get("quantity") or 1))
    return Money(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), price.currency)
