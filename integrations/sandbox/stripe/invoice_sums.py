"""What an invoice that was written here consists of: its lines are its items, the newest first, and so are its sums."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.billing import embedded_lines
from integrations.sandbox.stripe.calls import Call
from integrations.sandbox.stripe.invoice_frame import line_frame
from integrations.sandbox.stripe.writing import change, live

ITEM = "ii_1"
MOST_ITEMS = 250


def lines_of(account: Account, invoice_id: str) -> list[Document]:
    """All lines of an invoice that was written here, also those that it does not embed."""
    items = map(account.collections["invoiceitems"].live, reversed(account.billed[invoice_id]))
    return [_line(item.document, invoice_id) for item in items if item is not None]


def add_up(call: Call, invoice_id: str) -> Document:
    """Store the lines and sums of a draft whose items changed."""
    return change(call, "invoices", live(call, "invoices", invoice_id), sums_of(call.account, invoice_id))


def sums_of(account: Account, invoice_id: str) -> Document:
    """The lines, and what they add up to. What is below nothing is no amount that is due."""
    lines = lines_of(account, invoice_id)
    total = sum(line["amount"] for line in lines)
    same = dict.fromkeys(("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"), total)
    due = dict.fromkeys(("amount_due", "amount_remaining"), max(total, 0))
    return {"lines": embedded_lines(invoice_id, lines), **same, **due}


def _line(item: Document, invoice_id: str) -> Document:
    shared = (
        "amount", "currency", "description", "discountable", "livemode", "metadata", "pricing", "quantity",
        "quantity_decimal",
    )  # fmt: skip
    return (
        line_frame(item["id"].removeprefix(ITEM), invoice_id, item["date"])
        | {name: item[name] for name in shared}
        | {"subtotal": item["amount"], "period": item["period"]}
    )
