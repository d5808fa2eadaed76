"""Stripe's JSON as typed values by field id. Pure; no canonical field is known here.

Field ids are Stripe's own paths, but for a few that are told by several of its fields. Amounts become `Money`, unix
seconds become aware datetimes in UTC, lines and entries become lists of such values. What Stripe left out, or holds as
null, is left out here too.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.providers.errors import BadRecord
from integrations.providers.stripe import amounts, lines, prices
from integrations.providers.stripe.marks import is_ours
from integrations.providers.types import JSON, Money, Values

_LARGEST = 2**53  # of an amount; beyond it is a mistake, and beyond 64 bits it could not be stored
_ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")


def customer(raw: JSON) -> Values:
    """Return the values of a customer; its one name is a person's unless it is given as a company's."""
    values = _copied(raw, ("id", "name", "individual_name", "business_name", "email", "phone", "description",
                           "tax_exempt"))  # fmt: skip
    if "name" in values and values["name"] != values.get("business_name"):
        values.setdefault("individual_name", values["name"])
    _add_parts(values, raw, "address", _ADDRESS)
    _add_parts(values, raw, "shipping", ("name", "phone"))
    _add_metadata(values, raw)
    locale = next(iter(raw.get("preferred_locales") or []), None)
    if locale:
        values["preferred_locale"] = locale
    if raw.get("currency"):
        _add_money(values, raw, ("balance",))
    return _with_times(values, raw)


def product(raw: JSON) -> Values:
    """Return the values of a product with its prices, the oldest first, without those that we put away."""
    values = _copied(raw, ("id", "name", "description", "type", "unit_label", "url"))
    if raw.get("active") is not None:
        values["archived"] = not raw["active"]
    _add_metadata(values, raw)
    values["prices"] = [_price(entry) for entry in raw.get("prices") or [] if not prices.is_retired(entry)]
    return _with_times(values, raw, ("created", "updated"))


def _price(raw: JSON) -> Values:
    values = _copied(raw, ("id", "nickname", "lookup_key", "active", "type"))
    values |= _copied({"key": prices.variant_of(raw), "sku": prices.sku_of(raw)}, ("key", "sku"))
    _add_money(values, raw, ("unit_amount",))
    _add_parts(values, raw, "recurring", ("interval",))
    return values


def order(raw: JSON) -> Values:
    """Return the values of a checkout session with its lines."""
    values = _copied(raw, ("id", "client_reference_id", "payment_link", "mode", "status", "payment_status"))
    _add_ids(values, raw, ("customer", "payment_intent", "invoice"))
    _add_parts(values, raw, "customer_details", ("name", "email", "phone"))
    _add_money(values, raw, ("amount_subtotal", "amount_total"))
    totals = (raw.get("total_details") or {}) | {"currency": raw.get("currency")}
    for name in ("amount_tax", "amount_discount", "amount_shipping"):
        _add_money(values, totals, (name,), prefix="total_details.")
    values["taxes"] = _whole(values.get("total_details.amount_tax"), "Tax")
    values["discounts"] = _whole(values.get("total_details.amount_discount"), "Discount")
    values["line_items"] = [_order_line(entry) for entry in _listed(raw, "all_line_items", "line_items")]
    return _with_times(values, raw)


def _order_line(raw: JSON) -> Values:
    values = _copied(raw, ("id", "description", "quantity"))
    _add_money(values, raw, ("amount_subtotal", "amount_discount", "amount_tax", "amount_total"))
    price = raw.get("price") or {}
    if price.get("currency") == raw.get("currency"):
        _add_money(values, price, ("unit_amount",))
    _add_ids(values, price, ("product",))
    return values


def _whole(money: Money | None, name: str) -> list[Values]:
    """Return a tax or discount as the one entry that is told of it."""
    return [{"name": name, "amount": money}] if money and money.minor else []


def payment(raw: JSON) -> Values:
    """Return the values of a charge, with the fee in the currency it was settled in."""
    values = _copied(raw, ("id", "status", "captured", "disputed", "description", "failure_code", "receipt_url",
                           "receipt_number"))  # fmt: skip
    _add_ids(values, raw, ("customer", "payment_intent"))
    _add_money(values, raw, ("amount", "amount_captured", "amount_refunded"))
    _add_parts(values, raw, "billing_details", ("name", "email"))
    if "status" in values:
        values["outcome"] = _outcome(raw)
    _add_method(values, raw.get("payment_method_details") or {})
    _add_settlement(values, raw.get("balance_transaction"), ("fee", "net"))
    return _with_times(values, raw)


def _outcome(raw: JSON) -> Any:
    """Return the status, told apart by whether the money was taken: a hold can still be let go."""
    if raw["status"] != "succeeded" or raw.get("captured") is not False:
        return raw["status"]
    return "released" if raw.get("refunded") else "held"


def _add_method(values: Values, details: JSON) -> None:
    method = details.get("type")
    if method:
        values["method"] = method
        card = details.get(method) or {}
        values |= {f"card.{name}": value for name, value in _copied(card, ("brand", "last4")).items()}


def refund(raw: JSON) -> Values:
    """Return the values of a refund; the fee of a refund is what Stripe gave back, so its sign is turned."""
    values = _copied(raw, ("id", "status", "reason", "failure_reason", "receipt_number", "description"))
    _add_ids(values, raw, ("charge", "payment_intent"))
    _add_money(values, raw, ("amount",))
    _add_settlement(values, raw.get("balance_transaction"), ("fee", "net"))
    fee: Money | None = values.pop("balance_transaction.fee", None)
    if fee and fee.minor < 0:
        values["fee_returned"] = Money(-fee.minor, fee.currency)
    return _with_times(values, raw)


def payout(raw: JSON) -> Values:
    """Return the values of a payout with its entries, where they were fetched; its own movement is none of them."""
    values = _copied(raw, ("id", "status", "method", "type", "automatic", "description", "statement_descriptor",
                           "failure_code", "reconciliation_status"))  # fmt: skip
    _add_money(values, raw, ("amount",))
    if raw.get("arrival_date") is not None:
        values["arrival_date"] = moment(raw["arrival_date"]).date().isoformat()
    trace = (raw.get("trace_id") or {}).get("value")
    if trace:
        values["trace_id"] = trace
    movements = raw.get("balance_transactions") or []
    values["entries"] = [_entry(each) for each in movements if _id(each.get("source")) != raw["id"]]
    return _with_times(values, raw)


def _entry(raw: JSON) -> Values:
    values = _copied(raw, ("id", "type", "reporting_category", "description"))
    _add_money(values, raw, ("amount", "fee", "net"))
    _add_ids(values, raw, ("source",))
    return _with_times(values, raw, ("created", "available_on"))


def invoice(raw: JSON) -> Values:
    """Return the values of an invoice with its lines; a draft has not been issued."""
    values = _copied(raw, ("id", "number", "customer_name", "customer_email", "status", "collection_method",
                           "description", "hosted_invoice_url"))  # fmt: skip
    _add_ids(values, raw, ("customer",))
    _add_money(values, raw, ("subtotal", "total", "amount_paid", "amount_remaining"))
    found = lines.in_our_order(_listed(raw, "all_lines", "lines"))
    values["lines"] = [_invoice_line(entry, off) for entry, off in found]
    steps = raw.get("status_transitions") or {}
    issued = raw.get("effective_at") or steps.get("finalized_at")
    if raw.get("status") != "draft":
        _add_times(values, {"issued_at": issued}, ("issued_at",))
    _add_times(values, {"paid_at": steps.get("paid_at")}, ("paid_at",))
    return _with_times(values, raw, ("created", "due_date"))


def _invoice_line(raw: JSON, off: int) -> Values:
    """Return the values of a line; `off` is what another line takes off it, in Stripe's units."""
    values = _copied(raw, ("id", "description", "quantity"))
    exact = raw.get("quantity_decimal")
    if exact is not None and _whole_number(exact) is None:
        values["quantity"] = str(exact)
    taxes = raw.get("taxes") or raw.get("tax_amounts") or []
    on_top = [tax for tax in taxes if tax.get("tax_behavior") == "exclusive" or tax.get("inclusive") is False]
    discount, tax, added = (_sum(part) for part in (raw.get("discount_amounts") or [], taxes, on_top))
    sums = {"amount": raw.get("amount"), "discount": discount + off, "tax": tax, "currency": raw.get("currency")}
    if type(raw.get("amount")) is int:
        sums["total"] = raw["amount"] - discount - off + added
    _add_money(values, sums, ("amount", "discount", "tax", "total"))
    pricing = raw.get("pricing") or {}
    whole = _whole_number(pricing.get("unit_amount_decimal"))
    _add_money(values, {"unit_amount": whole, "currency": raw.get("currency")}, ("unit_amount",))
    _add_ids(values, pricing.get("price_details") or raw.get("price") or {}, ("product",))
    return values


def _sum(entries: Iterable[JSON]) -> int:
    return sum(entry["amount"] for entry in entries)


def _whole_number(text: Any) -> int | None:
    """Return a decimal of minor units as a whole number; a part of a penny is no price of ours."""
    try:
        found = Decimal(str(text))
    except InvalidOperation:
        return None
    return int(found) if found.is_finite() and abs(found) <= _LARGEST and found == found.to_integral_value() else None


def _listed(raw: JSON, fetched: str, embedded: str) -> list[JSON]:
    """Return the entries of an embedded list; all of them where they were fetched."""
    if fetched in raw:
        return list(raw[fetched])
    return list((raw.get(embedded) or {}).get("data") or [])


def _copied(raw: JSON, names: Iterable[str]) -> Values:
    """Return the named values that are there and not empty; NUL characters cannot be stored and are dropped."""
    values = {}
    for name in names:
        value = raw.get(name)
        if value is not None and value != "":
            values[name] = value.replace("\x00", "") if isinstance(value, str) and "\x00" in value else value
    return values


def _add_parts(values: Values, raw: JSON, part: str, names: Iterable[str]) -> None:
    values |= {f"{part}.{name}": value for name, value in _copied(raw.get(part) or {}, names).items()}


def _add_metadata(values: Values, raw: JSON) -> None:
    metadata = raw.get("metadata")
    if metadata:
        _add_parts(values, raw, "metadata", [key for key in metadata if not is_ours(key)])


def _add_ids(values: Values, raw: JSON, names: Iterable[str]) -> None:
    values |= {name: found for name in names if (found := _id(raw.get(name)))}


def _id(value: Any) -> Any:
    """Return an id that stands alone or in an expanded object."""
    return value.get("id") if isinstance(value, dict) else value


def _add_settlement(values: Values, movement: Any, names: Iterable[str]) -> None:
    """Add what a balance transaction tells; one that was not expanded is but an id."""
    if movement and _id(movement):
        values["balance_transaction.id"] = _id(movement)
    if isinstance(movement, dict):
        _add_money(values, movement, names, prefix="balance_transaction.")


def _add_money(values: Values, raw: JSON, names: Iterable[str], *, prefix: str = "") -> None:
    """Add amounts of `raw`, which all are in its one currency."""
    for name in names:
        amount, currency = raw.get(name), raw.get("currency")
        if amount is None:
            continue
        if type(amount) is not int or abs(amount) > _LARGEST or not isinstance(currency, str):
            raise BadRecord(f"{name} is not an amount in minor units with a currency.")
        values[prefix + name] = amounts.read(amount, currency)


def _with_times(values: Values, raw: JSON, names: Iterable[str] = ("created",)) -> Values:
    _add_times(values, raw, names)
    return values


def _add_times(values: Values, raw: JSON, names: Iterable[str]) -> None:
    for name in names:
        if raw.get(name) is not None:
            values[name] = moment(raw[name])


def moment(seconds: Any) -> datetime:
    """Return unix seconds as an aware time in UTC. Raises BadRecord for anything else."""
    try:
        if type(seconds) is not int:
            raise TypeError
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise BadRecord(f"“{seconds!s:.40}” is not a time.") from error


def readable(read: Callable[[JSON], Values], raw: JSON) -> Values:
    """Return `read(raw)`; a shape that Stripe does not document becomes one BadRecord."""
    try:
        return read(raw)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadRecord(
            f"Stripe sent this record in a shape we cannot read ({type(error).__name__}: {error})."
        ) from error
