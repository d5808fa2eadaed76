"""Square's JSON as typed values by field id. Pure; no canonical field is known here.

Field ids are Square's own paths. Money becomes `Money`, times become aware datetimes in UTC, lines and entries become
lists of such values. What Square left out is left out here too.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from integrations.providers.errors import BadRecord
from integrations.providers.types import JSON, Money, Values

_CUSTOMER = (
    "id", "given_name", "family_name", "company_name", "nickname", "email_address", "phone_number", "birthday",
    "reference_id", "note", "creation_source",
)  # fmt: skip


_LARGEST = 2**53  # of an amount; beyond it is a mistake, and beyond 64 bits it could not be stored


def customer(raw: JSON) -> Values:
    """Return the values of a customer."""
    values = _copied(raw, _CUSTOMER)
    address = raw.get("address")
    if address:
        for name in (
            "address_line_1",
            "address_line_2",
            "locality",
            "administrative_district_level_1",
            "postal_code",
            "country",
        ):
            if address.get(name):
                values[f"address.{name}"] = address[name]
    if raw.get("group_ids"):
        values["group_ids"] = list(raw["group_ids"])
    if raw.get("group_names"):
        values["group_names"] = list(raw["group_names"])
    unsubscribed = (raw.get("preferences") or {}).get("email_unsubscribed")
    if unsubscribed is not None:
        values["preferences.email_unsubscribed"] = bool(unsubscribed)
    return _with_times(values, raw)


def product(raw: JSON) -> Values:
    """Return the values of a catalogue item with its variations. A deleted one carries only its id."""
    data = raw.get("item_data") or {}
    values = _copied(data, ("name", "description", "product_type", "is_archived", "buyer_facing_name"))
    values["id"] = raw["id"]
    if raw.get("category_name"):
        values["category_name"] = raw["category_name"]
    values["variations"] = [_variation(entry) for entry in data.get("variations") or [] if not entry.get("is_deleted")]
    return _with_times(values, raw)


def _variation(raw: JSON) -> Values:
    data = raw.get("item_variation_data") or {}
    values = _copied(data, ("name", "sku", "sellable", "pricing_type"))
    values["id"] = raw["id"]
    _add_money(values, data, ("price_money",))
    return values


def location(raw: JSON) -> Values:
    """Return the values of a location."""
    values = _copied(raw, ("id", "name", "business_name", "status", "timezone", "currency", "country", "type"))
    return _with_times(values, raw)


def order(raw: JSON) -> Values:
    """Return the values of an order with its lines, taxes and discounts."""
    values = _copied(raw, ("id", "location_id", "customer_id", "reference_id", "state", "ticket_name"))
    source = (raw.get("source") or {}).get("name")
    if source:
        values["source.name"] = source
    _add_money(values, raw, ("total_money", "total_tax_money", "total_discount_money", "total_tip_money",
                             "total_service_charge_money"))  # fmt: skip
    values["line_items"] = [_line(entry) for entry in raw.get("line_items") or []]
    values["taxes"] = [_adjustment(entry) for entry in raw.get("taxes") or []]
    values["discounts"] = [_adjustment(entry) for entry in raw.get("discounts") or []]
    _add_money(values, {"refunded_money": _sum_of_returns(raw.get("refunds") or [])}, ("refunded_money",))
    return _with_times(values, raw, ("created_at", "updated_at", "closed_at"))


def _line(raw: JSON) -> Values:
    values = _copied(raw, ("uid", "name", "quantity", "variation_name", "catalog_object_id", "item_type", "note"))
    _add_money(
        values, raw, ("base_price_money", "gross_sales_money", "total_discount_money", "total_tax_money", "total_money")
    )
    return values


def _adjustment(raw: JSON) -> Values:
    values = _copied(raw, ("uid", "name", "percentage", "type", "scope"))
    _add_money(values, raw, ("applied_money",))
    return values


def _sum_of_returns(refunds: Iterable[JSON]) -> JSON | None:
    amounts = [entry["amount_money"] for entry in refunds if entry.get("amount_money")]
    if not amounts:
        return None
    return {"amount": sum(money["amount"] for money in amounts), "currency": amounts[0]["currency"]}


def payment(raw: JSON) -> Values:
    """Return the values of a payment; its fee is the sum of the processing fees so far."""
    values = _copied(raw, ("id", "order_id", "customer_id", "location_id", "status", "source_type", "receipt_url",
                           "receipt_number", "reference_id", "note"))  # fmt: skip
    _add_money(values, raw, ("amount_money", "tip_money", "total_money", "approved_money", "refunded_money"))
    card = (raw.get("card_details") or {}).get("card") or {}
    for name in ("card_brand", "last_4"):
        if card.get(name):
            values[f"card.{name}"] = card[name]
    fee = _sum_of_returns(raw.get("processing_fee") or [])
    _add_money(values, {"processing_fee": fee}, ("processing_fee",))
    if "total_money" in values and "processing_fee" in values:
        values["net_money"] = Money(
            values["total_money"].minor - values["processing_fee"].minor, values["total_money"].currency
        )
    return _with_times(values, raw)


def refund(raw: JSON) -> Values:
    """Return the values of a refund; `processing_fee` is what Square gave back, so its sign is turned."""
    values = _copied(raw, ("id", "payment_id", "order_id", "location_id", "status", "reason"))
    _add_money(values, raw, ("amount_money",))
    fee = _sum_of_returns(raw.get("processing_fee") or [])
    if fee:
        _add_money(values, {"fee_returned": fee | {"amount": abs(fee["amount"])}}, ("fee_returned",))
    return _with_times(values, raw)


def payout(raw: JSON) -> Values:
    """Return the values of a payout with its entries, where they were fetched."""
    values = _copied(raw, ("id", "location_id", "status", "type", "arrival_date", "end_to_end_id"))
    _add_money(values, raw, ("amount_money",))
    kind = (raw.get("destination") or {}).get("type")
    if kind:
        values["destination.type"] = kind
    values["entries"] = [_entry(entry) for entry in raw.get("payout_entries") or []]
    return _with_times(values, raw)


def _entry(raw: JSON) -> Values:
    values = _copied(raw, ("id", "type"))
    _add_money(values, raw, ("gross_amount_money", "fee_amount_money", "net_amount_money"))
    _add_times(values, raw, ("effective_at",))
    details = raw.get(f"type_{str(raw.get('type', '')).lower()}_details") or {}
    source = details.get("payment_id") or details.get("refund_id")
    if source:
        values["source_id"] = source
    return values


def invoice(raw: JSON) -> Values:
    """Return the values of an invoice: what is asked for, what of it is paid, and the lines of its order."""
    values = _copied(raw, ("id", "location_id", "order_id", "invoice_number", "title", "description", "status",
                           "delivery_method", "public_url", "sale_or_service_date"))  # fmt: skip
    requests = raw.get("payment_requests") or []
    asked = _sum(requests, "computed_amount_money")
    paid = _sum(requests, "total_completed_amount_money")
    _add_money(values, {"total_money": asked, "paid_money": paid}, ("total_money", "paid_money"))
    if asked:
        left = asked["amount"] - (paid["amount"] if paid else 0)
        values["balance_money"] = Money(left, values["total_money"].currency)
    due = [entry["due_date"] for entry in requests if entry.get("due_date")]
    if due:
        values["due_date"] = max(due)
    customer = (raw.get("primary_recipient") or {}).get("customer_id")
    if customer:
        values["primary_recipient.customer_id"] = customer
    values["line_items"] = [_line(entry) for entry in (raw.get("order") or {}).get("line_items") or []]
    return _with_times(values, raw)


def _sum(entries: Iterable[JSON], name: str) -> JSON | None:
    amounts = [entry[name] for entry in entries if entry.get(name)]
    if not amounts:
        return None
    return {"amount": sum(money["amount"] for money in amounts), "currency": amounts[0]["currency"]}


def _copied(raw: JSON, names: Iterable[str]) -> Values:
    """Return the named values that are there and not empty; NUL characters cannot be stored and are dropped."""
    values = {}
    for name in names:
        value = raw.get(name)
        if value is not None and value != "":
            values[name] = value.replace("\x00", "") if isinstance(value, str) and "\x00" in value else value
    return values


def _add_money(values: Values, raw: JSON, names: Iterable[str]) -> None:
    for name in names:
        money = raw.get(name)
        if money is None:
            continue
        # Payout examples spell it `currency_code`; everything else says `currency`.
        currency = money.get("currency") or money.get("currency_code")
        amount = money.get("amount", 0)
        if type(amount) is not int or abs(amount) > _LARGEST or not isinstance(currency, str):
            raise BadRecord(f"{name} is not an amount in minor units with a currency.")
        values[name] = Money(amount, currency)


def _with_times(values: Values, raw: JSON, names: Iterable[str] = ("created_at", "updated_at")) -> Values:
    _add_times(values, raw, names)
    return values


def _add_times(values: Values, raw: JSON, names: Iterable[str]) -> None:
    for name in names:
        text = raw.get(name)
        if text:
            values[name] = moment(text)


def moment(text: str) -> datetime:
    """Return an aware time in UTC. Raises BadRecord for anything else."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRecord(f"“{text!s:.40}” is not a time.") from error


def readable(read: Callable[[JSON], Values], raw: JSON) -> Values:
    """Return `read(raw)`; a shape that Square does not document becomes one BadRecord."""
    try:
        return read(raw)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadRecord(
            f"Square sent this record in a shape we cannot read ({type(error).__name__}: {error})."
        ) from error


def text_of(raw: Any) -> str:
    """Return a version or id as text."""
    return "" if raw is None else str(raw)
