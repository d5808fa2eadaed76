"""How the items of invoices are written and read: what a draft bills, or what waits for the customer's next one."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.store import Entry
from integrations.sandbox.stripe import ledger
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import StripeError, invalid, no_such
from integrations.sandbox.stripe.expanding import deleted
from integrations.sandbox.stripe.invoice_sums import ITEM, MOST_ITEMS, add_up
from integrations.sandbox.stripe.listing import LIST, check_known, list_of
from integrations.sandbox.stripe.shapes import currency, decimal, flag, integer, metadata, one_only, text
from integrations.sandbox.stripe.writing import cause_of, change, create, kept, live, set_fields

KIND = "invoiceitems"


def create_item(call: Call) -> Document:
    """An item of a draft, or one that waits. It costs an amount, or a quantity at a price, never both."""
    asked = set_fields(call)
    if call.collection("customers").live(asked["customer"]) is None:
        raise no_such("customer", asked["customer"], "customer", status=400)
    money = asked.get("currency", call.account.currency)
    if "invoice" in asked:
        _check_draft(call, asked, money)
    item_id, moment = call.account.new_id(ITEM), call.now // SECOND
    blank: Document = {
        "id": item_id, "object": "invoiceitem", "currency": money, "customer": asked["customer"],
        "customer_account": None, "date": moment, "description": asked.get("description"),
        "discountable": asked.get("discountable", True), "discounts": [], "invoice": asked.get("invoice"),
        "livemode": call.account.livemode, "metadata": kept(asked.get("metadata", {})), "net_amount": None,
        "parent": None, "period": {"end": moment, "start": moment}, "proration": False, "proration_details": None,
        "tax_rates": [], "test_clock": None,
    }  # fmt: skip
    item = create(call, KIND, blank | _price(call, asked))
    if "invoice" in asked:
        call.account.billed[asked["invoice"]].append(item_id)
        add_up(call, asked["invoice"])
    return item


def update_item(call: Call) -> Document:
    """The item with what was asked for; a new amount or quantity is worked out as for a new one."""
    old, asked = live(call, KIND), set_fields(call)
    if not _is_editable(call, old):
        raise StripeError(400, "This invoice item can no longer be changed.", code="invoice_not_editable")
    if asked.keys() & _COSTS.keys():
        asked = {name: value for name, value in asked.items() if name not in _COSTS} | _price(
            call, {name: asked[name] for name in _COSTS if name in asked}, old.document
        )
    item = change(call, KIND, old, asked)
    if item["invoice"]:
        add_up(call, item["invoice"])
    return item


def delete_item(call: Call) -> Document:
    """Only as long as nobody was billed."""
    old = live(call, KIND)
    if not _is_editable(call, old):
        message = "Can't delete an invoice item that is attached to an invoice that is no longer editable."
        raise StripeError(400, message)
    stub, invoice_id = deleted(ledger.remove(call.stripe, call.account, KIND, old, cause=cause_of(call))), _bill(old)
    if invoice_id:
        call.account.billed[invoice_id].remove(old.document["id"])
        add_up(call, invoice_id)
    return stub


def get_item(call: Call) -> Document:
    return live(call, KIND).document


def list_items(call: Call) -> Document:
    """Newest first, as all lists."""
    asked = call.asked
    check_known(call, "customers", "customer")
    check_known(call, "invoices", "invoice")

    def keep(item: Document) -> bool:
        return ("customer" not in asked or item["customer"] == asked["customer"]) and (
            "pending" not in asked or (item["invoice"] is None) is asked["pending"]
        )

    return list_of(call, KIND, keep=keep, only=call.account.billed[asked["invoice"]] if "invoice" in asked else None)


def _check_draft(call: Call, asked: Document, money: str) -> None:
    """StripeError for an invoice that takes no more items, or not this one."""
    entry = call.collection("invoices").live(asked["invoice"])
    if entry is None:
        raise no_such("invoice", asked["invoice"], "invoice", status=400)
    invoice = entry.document
    if invoice["status"] != "draft":
        raise StripeError(400, "Invalid invoice: This invoice is no longer editable", code="invoice_not_editable")
    if invoice["customer"] != asked["customer"]:
        raise invalid("The invoice is of another customer.", "customer")
    if invoice["currency"] != money:
        raise invalid(f"The invoice is in {invoice['currency']}, and the item in {money}.", "currency")
    if len(call.account.billed[asked["invoice"]]) >= MOST_ITEMS:
        raise invalid(f"An invoice holds at most {MOST_ITEMS} items.", "invoice")


def _price(call: Call, asked: Document, old: Document | None = None) -> Document:
    """What an item costs. What a change does not name stays as it was."""
    one_only(asked, "amount", "quantity")
    one_only(asked, "amount", "quantity_decimal")
    one_only(asked, "amount", "unit_amount_decimal")
    one_only(asked, "quantity", "quantity_decimal")
    if old is None and "amount" not in asked and "unit_amount_decimal" not in asked:
        raise invalid("Missing required param: amount.", "amount", "parameter_missing")
    was = old or {"quantity_decimal": "1", "pricing": {"unit_amount_decimal": "0"}}
    if "amount" in asked and Decimal(was["quantity_decimal"]) != 1:
        raise invalid("You may only specify one of these parameters: amount, quantity.", "amount")
    unit = _first(asked.get("unit_amount_decimal"), asked.get("amount"), was["pricing"]["unit_amount_decimal"])
    quantity = _first(asked.get("quantity_decimal"), asked.get("quantity"), was["quantity_decimal"])
    if quantity < 0:
        raise invalid("This value must be greater than or equal to 0.", "quantity_decimal")
    return {
        "amount": int((unit * quantity).quantize(Decimal(1), rounding=ROUND_HALF_UP)),
        "quantity": int(quantity),
        "quantity_decimal": f"{quantity.normalize():f}",
        "pricing": _pricing(call, unit),
    }


def _first(*values: str | int | None) -> Decimal:
    return next(Decimal(each) for each in values if each is not None)


def _pricing(call: Call, unit: Decimal) -> Document:
    """A price for this once. Stripe keeps an archived product behind it, which the double has but the id of."""
    details = {"price": call.account.new_id("price_1"), "product": call.account.new_id("prod_", 14)}
    return {"price_details": details, "type": "price_details", "unit_amount_decimal": f"{unit.normalize():f}"}


def _is_editable(call: Call, item: Entry) -> bool:
    """Whether nobody was billed for it: it waits, or its invoice is a draft that is still there."""
    invoice_id = _bill(item)
    invoice = call.collection("invoices").live(invoice_id) if invoice_id else None
    return not invoice_id or (invoice is not None and invoice.document["status"] == "draft")


def _bill(item: Entry) -> str | None:
    found: str | None = item.document["invoice"]
    return found


_NAME = text(emptiable=False)
_COSTS = {
    "amount": integer(-99_999_999, 99_999_999), "quantity": integer(0), "quantity_decimal": decimal,
    "unit_amount_decimal": decimal,
}  # fmt: skip
_UPDATE = {**_COSTS, "description": text(), "discountable": flag, "metadata": metadata}
_CREATE = {**_UPDATE, "currency": currency, "customer": _NAME, "invoice": _NAME}
_LIST = {**LIST, "customer": _NAME, "invoice": _NAME, "pending": flag}
_READ, _WRITE = "rak_invoice_read", "rak_invoice_write"
_ONE = "/v1/invoiceitems/{id}"
ROUTES = [
    Route("GET", "/v1/invoiceitems", _READ, list_items, _LIST),
    Route("GET", _ONE, _READ, get_item),
    Route("POST", "/v1/invoiceitems", _WRITE, create_item, _CREATE, ("customer",)),
    Route("POST", _ONE, _WRITE, update_item, _UPDATE),
    Route("DELETE", _ONE, _WRITE, delete_item),
]
