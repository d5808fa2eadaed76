"""What is sent to Mailchimp for an order: what was sold to whom. Pure.

A buyer is never opted in. Mailchimp counts whole pieces only: where a line's amount is no whole number of equal prices,
as half a metre is not, it goes as one piece at the price of the line, so that quantity times price is always what it
cost. A line that is no product of the store goes as one of “Other sales”.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.providers.lines import quantity_of
from integrations.providers.mailchimp import variants
from integrations.providers.mailchimp.spec import SPEC
from integrations.providers.mailchimp.variants import OTHER, Shelf
from integrations.providers.money import as_number
from integrations.providers.types import JSON, Money, Values

PAID, CANCELLED = "paid", "cancelled"
_BUYER = ("email_address", "first_name", "last_name")
_AMOUNTS = ("order_total", "tax_total", "discount_total")
_STATUS = ("financial_status", "refunded", "order_total")  # what the status follows from


def order(ours: str, values: Values, shelf: Shelf | None) -> JSON:
    """Return the order to make of all its values. `shelf` holds the store's products where they are known."""
    facts = {name: as_number(values[name]) for name in _AMOUNTS if isinstance(values.get(name), Money)}
    return {
        "id": ours, "customer": _buyer(values), "currency_code": values.get("currency_code"), **facts,
        **_times(values), **_status(values), "lines": lines(values, shelf),
    }  # fmt: skip


def changes(values: Values, whole: Values, shelf: Shelf | None) -> JSON:
    """Return what changes of an order, of which `whole` is everything after the change."""
    body: JSON = {name: _number(values[name]) for name in _AMOUNTS if name in values}
    if values.get("currency_code"):
        body["currency_code"] = values["currency_code"]
    if "processed_at_foreign" in values:
        body |= _times(values)
    if any(name in values for name in _STATUS):
        body |= _status(whole | values)
    return body | ({"lines": lines(whole | values, shelf)} if "lines" in values else {})


def lines(values: Values, shelf: Shelf | None) -> list[JSON]:
    """Return the lines, each with its place as its id; an order without any has one for all of it."""
    sold = values.get("lines") or [{"gross": values.get("order_total")}]
    return [_line(str(place), each, shelf) for place, each in enumerate(sold, start=1)]


def are_there(ours: list[Values] | None, theirs: list[Values] | None) -> bool:
    """Return whether the lines that would be sent are those that Mailchimp has, whatever it calls them."""
    wanted = lines({"lines": ours}, None) if ours else []
    return [_compared(each) for each in wanted] == [_compared(each) for each in theirs or []]


def happened(values: Values) -> datetime | None:
    """Return when the sale was made."""
    found = values.get("processed_at_foreign")
    return found if isinstance(found, datetime) else None


def _buyer(values: Values) -> JSON:
    told = {name: str(values[f"customer.{name}"]) for name in _BUYER if values.get(f"customer.{name}")}
    return {"id": str(values.get("customer.id") or ""), "opt_in_status": False} | told


def _times(values: Values) -> JSON:
    at = happened(values)
    return {"processed_at_foreign": _written(at)} if at else {}


def _status(values: Values) -> JSON:
    """Return what became of the order. When it was cancelled nobody told us, so it is the moment of the sale."""
    state, refunded = values.get("financial_status") or PAID, values.get("refunded")
    if state == PAID and isinstance(refunded, Money) and refunded.minor > 0:
        total = values.get("order_total")
        is_whole = not isinstance(total, Money) or refunded.minor >= total.minor
        state = "refunded" if is_whole else "partially_refunded"
    at = happened(values) if state == CANCELLED else None
    return {"financial_status": state} | ({"cancelled_at_foreign": _written(at)} if at else {})


def _line(key: str, line: Values, shelf: Shelf | None) -> JSON:
    product, variant = _sold(line.get("product"), shelf)
    quantity, price = _pieces(line)
    return {
        "id": key, "product_id": product, "product_variant_id": variant, "quantity": quantity,
        "price": _number(price), "discount": _number(line.get("discount")),
    }  # fmt: skip


def _sold(pointer: Any, shelf: Shelf | None) -> tuple[str, str]:
    """Return product and variant that a line names, as the store has them; where that is not known, as they should be.

    A line without a variant is of the product's own, and a variant that is not there is the first that is.
    """
    if not isinstance(pointer, Mapping) or pointer.get("provider") != SPEC.key or not pointer.get("id"):
        return OTHER, OTHER
    product, named = str(pointer["id"]), pointer.get("variant") or {}
    variant = variants.id_of(named) or product
    if shelf is None:
        return product, variant
    there = shelf.get(product)
    if not there:
        return OTHER, OTHER
    alike = (each for each, title in there.items() if title and title == named.get("name"))
    return product, variant if variant in there else next(alike, next(iter(there)))


def _pieces(line: Values) -> tuple[int, Money | None]:
    """Return a quantity and a price that make the line's amount exactly."""
    gross, quantity = _gross(line), quantity_of(line)
    is_whole = quantity >= 1 and quantity == quantity.to_integral_value()
    if gross is None or not is_whole or gross.minor % int(quantity):
        return 1, gross
    return int(quantity), Money(gross.minor // int(quantity), gross.currency)


def _gross(line: Values) -> Money | None:
    """Return what a line cost before discounts: as it says, else by its price, else by what was paid."""
    gross, price, total, less = (line.get(name) for name in ("gross", "unit_price", "total", "discount"))
    if isinstance(gross, Money):
        return gross
    if isinstance(price, Money):
        exact = Decimal(price.minor) * quantity_of(line)
        return Money(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), price.currency)
    if isinstance(total, Money):
        return Money(total.minor + (less.minor if isinstance(less, Money) else 0), total.currency)
    return None


def _number(value: Any) -> int | float:
    """Return an amount as a number; none is nothing."""
    return as_number(value) if isinstance(value, Money) else 0


def _compared(line: Values) -> tuple[Any, ...]:
    """Return a line as it is compared, whether it is to be sent or was read."""
    amounts = (line.get("price"), line.get("discount"))
    plain = (line.get(name) for name in ("id", "product_id", "product_variant_id", "quantity"))
    return *plain, *(_number(each) if isinstance(each, Money) else each or 0 for each in amounts)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
