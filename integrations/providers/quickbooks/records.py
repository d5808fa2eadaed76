"""QuickBooks' JSON as typed values by field id. Pure; no canonical field is known here.

Field ids are QuickBooks' own paths, those in lower case are worked out here. Decimals become `Money` in the object's
currency, or where it names none in the company's own, which the stream put beside it as `home_currency`. Times carry
the company's offset and become UTC. What QuickBooks left out is left out here too.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from integrations.providers.errors import BadRecord
from integrations.providers.money import from_decimal
from integrations.providers.quickbooks.fields import CUSTOM_FIELD
from integrations.providers.types import JSON, Money, Values

_TIMES = ("MetaData.CreateTime", "MetaData.LastUpdatedTime")
_ADDRESS = ("Line1", "Line2", "City", "CountrySubDivisionCode", "PostalCode", "Country")
_CUSTOMER = (
    "DisplayName", "Title", "GivenName", "MiddleName", "FamilyName", "Suffix", "CompanyName", "FullyQualifiedName",
    "PrimaryPhone.FreeFormNumber", "Mobile.FreeFormNumber", "AlternatePhone.FreeFormNumber", "WebAddr.URI", "Notes",
    "PreferredDeliveryMethod", "ParentRef.value", "Job", "IsProject", "Taxable", "CurrencyRef.value", "Active",
    *(f"{address}.{part}" for address in ("BillAddr", "ShipAddr") for part in _ADDRESS),
)  # fmt: skip
_PHONES = ("PrimaryPhone.FreeFormNumber", "Mobile.FreeFormNumber", "AlternatePhone.FreeFormNumber")
_SEVERAL = re.compile(r"[,;\s]+")


def account(raw: JSON) -> Values:
    """Return the values of an account of the books."""
    return _named(raw, ("Name", "FullyQualifiedName", "AcctNum", "Classification", "AccountType", "AccountSubType",
                        "Description", "CurrencyRef.value", "ParentRef.value"))  # fmt: skip


def tax_code(raw: JSON) -> Values:
    """Return the values of a tax code; its rate on sales is the sum of those of its parts, where they were fetched."""
    values = _named(raw, ("Name", "Description", "Taxable", "TaxGroup", "Hidden"))
    rates = [rate for rate in raw.get("sales_rates") or [] if rate is not None]
    if rates:
        values["sales_rate"] = _plain(sum(map(_decimal, rates), Decimal(0)))
    return values


def item_class(raw: JSON) -> Values:
    """Return the values of a class."""
    return _named(raw, ("Name", "FullyQualifiedName", "ParentRef.value"))


def payment_method(raw: JSON) -> Values:
    """Return the values of a payment method."""
    return _named(raw, ("Name", "Type"))


def customer(raw: JSON) -> Values:
    """Return the values of a customer. Of several e-mail addresses in the one field the first counts."""
    values = _with_times({"Id": raw["Id"]} | _copied(raw, _CUSTOMER), raw)
    addresses = _SEVERAL.split(str(_at(raw, "PrimaryEmailAddr.Address") or "").replace("\x00", ""))
    first = next(filter(None, addresses), None)
    if first:
        values["PrimaryEmailAddr.Address"] = first
    phone = next((values[name] for name in _PHONES if name in values), None)
    if phone:
        values["phone"] = phone
    is_named = "GivenName" in values or "FamilyName" in values or values.get("DisplayName") in (first, phone)
    company = values.get("CompanyName") or (None if is_named else values.get("DisplayName"))
    if company:
        values["company_or_display_name"] = company
    if _currency(raw):
        _add_money(values, raw, ("Balance",))
    return values


def product(raw: JSON) -> Values:
    """Return the values of an item, which is its own only variant. Prices are in the company's currency."""
    values = _named(raw, ("Name", "FullyQualifiedName", "Description", "Sku", "Type", "Taxable", "QtyOnHand",
                          "SalesTaxCodeRef.value", "IncomeAccountRef.value", "ParentRef.value"))  # fmt: skip
    if _currency(raw):
        _add_money(values, raw, ("UnitPrice",))
    above = str(values.get("FullyQualifiedName", "")).rpartition(":")[0]
    if above:
        values["category"] = above
    parts = {"id": "Id", "name": "Name", "sku": "Sku", "price": "UnitPrice", "available": "Active"}
    values["variants"] = [{name: values[source] for name, source in parts.items() if source in values}]
    return values


def invoice(raw: JSON) -> Values:
    """Return the values of an invoice with its lines."""
    values = transaction(raw, ("DocNumber", "BillEmail.Address", "EmailStatus", "CustomerMemo.value"))
    _add_dates(values, raw, ("DueDate",))
    _add_money(values, raw, ("Balance", "Deposit", "TxnTaxDetail.TotalTax"))
    values["lines"] = list(lines(raw.get("Line") or [], _currency(raw)))
    values["payment_ids"] = _linked([raw], "Payment")
    values["status"] = _invoice_status(raw, values)
    return values


def payment(raw: JSON) -> Values:
    """Return the values of a payment with the invoices that it paid."""
    values = transaction(
        raw, ("PaymentRefNum", "PaymentMethodRef.value", "PaymentMethodRef.name", "DepositToAccountRef.value")
    )
    _add_money(values, raw, ("UnappliedAmt",))
    paid_at = _paid_at(raw)
    if paid_at:
        values["paid_at"] = paid_at
    values["invoice_ids"] = _linked(raw.get("Line") or [], "Invoice")
    if len(values["invoice_ids"]) == 1:
        values["invoice_id"] = values["invoice_ids"][0]
    values["status"] = "void" if is_void(raw, values) else "completed"
    return values


def transaction(raw: JSON, names: Iterable[str]) -> Values:
    """Return what all transactions have. One without a currency cannot be told."""
    values = {"Id": raw["Id"]} | _copied(raw, (*names, "CustomerRef.value", "CustomerRef.name", "PrivateNote"))
    if not _currency(raw):
        raise BadRecord("This record names no currency, and the company's own is not known.")
    values["currency"] = _currency(raw)
    _add_money(values, raw, ("TotalAmt",))
    _add_dates(values, raw, ("TxnDate",))
    for each in raw.get("CustomField") or ():
        if each.get("StringValue"):
            values[f"{CUSTOM_FIELD}{each['DefinitionId']}"] = str(each["StringValue"])
    return _with_times(values, raw)


def lines(listed: Iterable[JSON], currency: Any) -> Iterator[Values]:
    """Yield the lines that count: a bundle's parts instead of the bundle, a discount as less, no subtotals."""
    for raw in listed:
        kind = raw.get("DetailType")
        if kind == "GroupLineDetail":
            yield from lines((raw.get("GroupLineDetail") or {}).get("Line") or [], currency)
        elif kind == "DiscountLineDetail":
            less = _decimal(raw.get("Amount") or 0)
            yield {"name": "Discount"} | _copied(raw, ("Id",)) | {"amount": from_decimal(-less, currency)}
        elif kind != "SubTotalLineDetail":
            yield _line(raw, currency)


def is_void(raw: JSON, values: Values) -> bool:
    """Return whether a transaction was made void: it stays, without an amount and with this word in its note."""
    total = values.get("TotalAmt")
    return isinstance(total, Money) and total.minor == 0 and str(raw.get("PrivateNote") or "").startswith("Void")


def moment(text: str) -> datetime:
    """Return an aware time in UTC. Raises BadRecord for anything else."""
    return _with_offset(text).astimezone(UTC)


def moment_or_none(text: Any) -> datetime | None:
    """Return the time, None where it cannot be read: that is for `values` to tell, for this record alone."""
    try:
        return moment(text) if text else None
    except BadRecord:
        return None


def readable(read: Callable[[JSON], Values], raw: JSON) -> Values:
    """Return `read(raw)`; a shape that QuickBooks does not document becomes one BadRecord."""
    try:
        return read(raw)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadRecord(
            f"QuickBooks sent this record in a shape we cannot read ({type(error).__name__}: {error})."
        ) from error


def _line(raw: JSON, currency: Any) -> Values:
    detail = raw.get(str(raw.get("DetailType"))) or {}
    values = _copied(raw, ("Id", "Description"))
    sold = _copied(detail, ("ItemRef.value", "ItemRef.name", "TaxCodeRef.value", "ClassRef.value"))
    name = values.get("Description") or sold.get("ItemRef.name")
    if name:
        values["name"] = name
    if detail.get("Qty") is not None:
        values["quantity"] = _plain(_decimal(detail["Qty"]))
    if detail.get("UnitPrice") is not None:
        values["unit_price"] = from_decimal(detail["UnitPrice"], currency)
    if raw.get("Amount") is not None:
        values["amount"] = from_decimal(raw["Amount"], currency)
    return values | sold


def _linked(listed: Iterable[JSON], kind: str) -> list[str]:
    """Return the ids of the linked transactions of a kind, each once, in their order."""
    links = [link for entry in listed for link in entry.get("LinkedTxn") or []]
    return list(dict.fromkeys(str(link["TxnId"]) for link in links if link.get("TxnType") == kind))


def _invoice_status(raw: JSON, values: Values) -> str:
    """Return what QuickBooks shows but does not send: void, paid, partly_paid or open."""
    total, left = values.get("TotalAmt"), values.get("Balance")
    if is_void(raw, values):
        return "void"
    if not isinstance(total, Money) or not isinstance(left, Money):
        return "open"
    if left.minor == 0:
        return "paid"
    return "partly_paid" if left.minor < total.minor else "open"


def _paid_at(raw: JSON) -> datetime | None:
    """Return when a payment was made: when it was entered, if on the same day, else the beginning of its day there."""
    entered = _at(raw, "MetaData.CreateTime")
    day = date.fromisoformat(raw["TxnDate"]) if raw.get("TxnDate") else None
    if not entered:
        return datetime.combine(day, time(), UTC) if day else None
    there = _with_offset(entered)
    if day is None or there.date() == day:
        return there.astimezone(UTC)
    return datetime.combine(day, time(), there.tzinfo).astimezone(UTC)


def _named(raw: JSON, names: tuple[str, ...]) -> Values:
    """Return the named values, whether it is still in use, and the times."""
    return _with_times({"Id": raw["Id"]} | _copied(raw, (*names, "Active")), raw)


def _at(raw: JSON, path: str) -> Any:
    found: Any = raw
    for name in path.split("."):
        found = found.get(name) if found is not None else None
    return found


def _copied(raw: JSON, paths: tuple[str, ...]) -> Values:
    """Return the values at the paths that are there and not empty; NUL characters cannot be stored and are dropped."""
    values = {}
    for head, rest in _by_head(paths):
        found = raw.get(head)
        if found is None:
            continue
        for tail, path in rest:
            value = found.get(tail) if tail else found
            if value is not None and value != "":
                values[path] = value.replace("\x00", "") if isinstance(value, str) and "\x00" in value else value
    return values


@lru_cache(maxsize=32)
def _by_head(paths: tuple[str, ...]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return the paths by their first name, as (second name or "", path): most of what could be there is not."""
    heads: dict[str, list[tuple[str, str]]] = {}
    for path in paths:
        head, _, tail = path.partition(".")
        heads.setdefault(head, []).append((tail, path))
    return tuple((head, tuple(rest)) for head, rest in heads.items())


def _currency(raw: JSON) -> Any:
    return _at(raw, "CurrencyRef.value") or raw.get("home_currency")


def _add_money(values: Values, raw: JSON, paths: Iterable[str]) -> None:
    for path in paths:
        amount = _at(raw, path)
        if amount is not None:
            values[path] = from_decimal(amount, _currency(raw))


def _add_dates(values: Values, raw: JSON, names: Iterable[str]) -> None:
    for name in names:
        if raw.get(name):
            values[name] = date.fromisoformat(raw[name]).isoformat()


def _with_times(values: Values, raw: JSON) -> Values:
    return values | {path: moment(text) for path in _TIMES if (text := _at(raw, path))}


def _with_offset(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            return found.replace(tzinfo=UTC)
        if found.year in (MINYEAR, MAXYEAR):
            found.astimezone(UTC)  # raises when that lies outside the calendar
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRecord(f"“{text!s:.40}” is not a time.") from error
    return found


def _decimal(value: Any) -> Decimal:
    """Return a number as a decimal. Raises ValueError for anything else."""
    found = Decimal(str(value))
    if isinstance(value, bool) or not found.is_finite():
        raise ValueError("not a number")
    return found


def _plain(value: Decimal) -> str:
    """Return a decimal as text without an exponent and without needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
