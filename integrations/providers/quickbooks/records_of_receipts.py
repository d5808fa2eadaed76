"""Receipts of sales and refunds, as QuickBooks answers with them, as typed values. Pure.

A receipt of ours ends with what was charged for service and the tip, each as a line of that name; they are told apart
here, so that the lines are those of the sale.
"""

from collections.abc import Iterable
from typing import Any

from integrations.providers.money import from_decimal
from integrations.providers.quickbooks import records
from integrations.providers.types import JSON, Money, Values

SERVICE, TIP = "Service charge", "Tip"
_DISCOUNT = "DiscountLineDetail"


def sales_receipt(raw: JSON) -> Values:
    """Return the values of a sales receipt."""
    values = _receipt(raw)
    off = _sum((line for line in raw.get("Line") or [] if line.get("DetailType") == _DISCOUNT), values["currency"])
    values["discounts"] = [{"amount": off}] if off.minor else []
    tax = from_decimal((raw.get("TxnTaxDetail") or {}).get("TotalTax") or 0, values["currency"])
    values["taxes"] = [{"amount": tax}] if tax.minor else []
    lines = list(records.lines((each for each in raw.get("Line") or [] if each.get("DetailType") != _DISCOUNT),
                               values["currency"]))  # fmt: skip
    for name, target in ((TIP, "tip"), (SERVICE, "service_charge")):
        if lines and lines[-1].get("name") == name and "amount" in lines[-1]:
            values[target] = lines.pop()["amount"]
    return values | {"lines": lines}


def refund_receipt(raw: JSON) -> Values:
    """Return the values of a refund receipt; its reason is what its first line says."""
    values = _receipt(raw)
    first = next(iter(records.lines(raw.get("Line") or [], values["currency"])), {})
    return values | ({"reason": first["name"]} if first.get("name") else {})


def _receipt(raw: JSON) -> Values:
    values = records.transaction(raw, ("DocNumber", "DepositToAccountRef.value"))
    return values | {"status": "void" if records.is_void(raw, values) else "completed"}


def _sum(lines: Iterable[JSON], currency: Any) -> Money:
    return Money(sum(from_decimal(line.get("Amount") or 0, currency).minor for line in lines), currency)
