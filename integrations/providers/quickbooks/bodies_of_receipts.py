"""What is sent to QuickBooks of a sale and of a refund. Pure.

A receipt bears our record's id in its note, and a number made of that id where the sale has none that fits: by both it
is found again. All amounts are without tax and say so; the tax is sent as one total, which QuickBooks takes instead of
what it would work out itself, except in America. Lines are replaced as a whole, so whatever changes the sum sends all.
"""

import re
from decimal import Decimal
from typing import Any

from integrations.providers.quickbooks import receipts
from integrations.providers.quickbooks.bodies import amended, amount
from integrations.providers.quickbooks.bodies_of_invoices import anchor, number
from integrations.providers.quickbooks.receipts import Entry
from integrations.providers.quickbooks.records_of_receipts import SERVICE, TIP
from integrations.providers.types import JSON, Money, Operation, Values, Write

# What changes the lines; the codes are those that every line of an American sale says instead of one of a list.
SUMS = frozenset({"TotalAmt", "lines", "taxes", "discounts", "tip", "service_charge"})
REFUND_SUMS = frozenset({"TotalAmt", "reason"})
AMERICAN = {"taxed_code": "TAX", "untaxed_code": "NON"}
_REFUND = "Refund"
_DAYS = frozenset({"TxnDate", "placed_on"})
_LONGEST_NUMBER = 21
_MADE_UP = re.compile(r"B-[0-9A-F]{19}")
_LONGEST_TEXT = 4000


def sales_receipt(write: Write) -> JSON:
    """Return the receipt to make of a sale, or what changes of one."""
    is_new = write.operation is Operation.CREATE
    values = _plain(write, ("CustomerRef.value", "DepositToAccountRef.value"))
    if is_new or "DocNumber" in write.values:
        values["DocNumber"] = doc_number(write)
    day = write.whole.get("TxnDate") or write.whole.get("placed_on")
    if day and (is_new or _DAYS & write.values.keys()):
        values["TxnDate"] = day
    if is_new:
        values |= {"PrivateNote": anchor(write), "CurrencyRef.value": write.whole.get("currency")}
    if is_new or SUMS & write.values.keys():
        values |= _figures(write.whole)
    return amended(write, values)


def refund_receipt(write: Write) -> JSON:
    """Return the receipt to make of a refund, or what changes of one. One that failed keeps no amount."""
    is_new = write.operation is Operation.CREATE
    values = _plain(write, ("TxnDate", "CustomerRef.value", "DepositToAccountRef.value"))
    if is_new:
        values |= {"DocNumber": number(write), "PrivateNote": refund_note(write)}
        values |= {"CurrencyRef.value": write.whole.get("currency")} | _taxation(write.whole)
    if not is_new and write.whole.get("status") == "void":
        nothing = Money(0, str(write.whole.get("currency")))
        values |= {"Line": [_refund_line(write.whole, nothing)], "PrivateNote": _voided(write)}
    elif is_new or REFUND_SUMS & write.values.keys():
        values["Line"] = [_refund_line(write.whole, write.whole["TotalAmt"])]
    return amended(write, values)


def doc_number(write: Write) -> str:
    """Return the number of a sale where it fits, else one that is made of our record's id."""
    told = write.whole.get("DocNumber")
    return str(told).strip() if is_number(told) else number(write)


def is_number(value: Any) -> bool:
    """Return whether a number of ours is one that QuickBooks takes."""
    return 0 < len(str(value or "").strip()) <= _LONGEST_NUMBER


def is_made_up(value: Any) -> bool:
    """Return whether a number in QuickBooks is one that we made of a record's id."""
    return _MADE_UP.fullmatch(str(value or "")) is not None


def refund_note(write: Write) -> str:
    """Return the note of a refund: the anchor, and which payment was refunded, where that is known."""
    payment = write.whole.get("payment")
    return f"{anchor(write)}, refund of payment {payment}" if payment else anchor(write)


def _plain(write: Write, names: tuple[str, ...]) -> Values:
    return {name: write.values[name] for name in names if name in write.values}


def _figures(whole: Values) -> Values:
    """Return all that makes up the sum of a sale."""
    sheet, currency = receipts.sheet(whole), whole["TotalAmt"].currency
    entries = [*sheet.entries, *_extras(sheet, whole)]
    lines = [_line(entry, whole, currency) for entry in entries]
    if sheet.discount:
        less = amount(Money(sheet.discount, currency))
        lines.append(
            {"DetailType": "DiscountLineDetail", "Amount": less, "DiscountLineDetail": {"PercentBased": False}}
        )
    tax = {"TotalTax": amount(Money(sheet.tax, currency))}
    return {"Line": lines, "TxnTaxDetail": tax, "ApplyTaxAfterDiscount": True} | _taxation(whole)


def _extras(sheet: receipts.Sheet, whole: Values) -> list[Entry]:
    """Return service charge and tip as lines; a tip bears no tax."""
    service = Entry(SERVICE, sheet.service, item=_item(whole, "service_charge_item"), is_taxed=sheet.is_service_taxed)
    tip = Entry(TIP, sheet.tip, item=_item(whole, "tip_item"))
    return [each for each in (service, tip) if each.amount]


def _item(whole: Values, name: str) -> str:
    return str(whole.get(name) or "")


def _line(entry: Entry, whole: Values, currency: str) -> JSON:
    line: JSON = {"DetailType": "SalesItemLineDetail", "Amount": amount(Money(entry.amount, currency))}
    detail: JSON = {"Qty": _count(entry.quantity)}
    if entry.unit_price is not None:
        detail["UnitPrice"] = amount(Money(entry.unit_price, currency))
    if entry.item:
        detail["ItemRef"] = {"value": entry.item}
    code = entry.code or whole.get("taxed_code" if entry.is_taxed else "untaxed_code")
    if code:
        detail["TaxCodeRef"] = {"value": code}
    text = {"Description": entry.name[:_LONGEST_TEXT]} if entry.name else {}
    return line | text | {"SalesItemLineDetail": detail}


def _refund_line(whole: Values, total: Money) -> JSON:
    entry = Entry(str(whole.get("reason") or _REFUND), total.minor, item=_item(whole, "ItemRef.value"))
    return _line(entry, whole, total.currency)


def _voided(write: Write) -> str:
    """Return the note of a receipt that is void, as QuickBooks itself begins it."""
    return f"Voided - {write.raw.get('PrivateNote') or refund_note(write)}"[:_LONGEST_TEXT]


def _count(quantity: Decimal) -> Any:
    return int(quantity) if quantity == int(quantity) else float(quantity)


def _taxation(whole: Values) -> Values:
    """Return how amounts and tax go together. American companies know one way only, and do not want it said."""
    is_american = whole.get("taxed_code") == AMERICAN["taxed_code"]
    return {} if is_american else {"GlobalTaxCalculation": "TaxExcluded"}
