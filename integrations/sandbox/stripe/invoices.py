"""How invoices, their lines and their payments are read."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import no_such
from integrations.sandbox.stripe.invoice_sums import lines_of
from integrations.sandbox.stripe.listing import LIST, PAGING, check_known, fits, is_within, list_of, page_of_few
from integrations.sandbox.stripe.shapes import choice, moments, text
from integrations.sandbox.stripe.writing import live


def list_invoices(call: Call) -> Document:
    check_known(call, "customers", "customer")
    same, due = fits(call.asked, "collection_method", "customer", "status"), call.asked.get("due_date")

    def keep(invoice: Document) -> bool:
        return (due is None or is_within(due, invoice["due_date"])) and (same is None or same(invoice))

    return list_of(call, "invoices", keep=keep, only=[] if "subscription" in call.asked else None)


def get_invoice(call: Call) -> Document:
    """An invoice. Of a draft that was deleted nothing is left."""
    return live(call, "invoices").document


def list_lines(call: Call) -> Document:
    """All lines of the invoice; the invoice itself embeds the first ten."""
    invoice_id = get_invoice(call)["id"]
    index = call.account.invoices.index_of(invoice_id)
    lines = lines_of(call.account, invoice_id) if index is None else call.account.invoices.lines(index)
    return page_of_few(call, lines, "line item")


def list_payments(call: Call) -> Document:
    check_known(call, "invoices", "invoice")
    only = None
    if "invoice" in call.asked:
        index = call.account.invoices.index_of(call.asked["invoice"])
        made = call.collection("invoice_payments").generated
        only = [] if index is None else [made.id_of(index)]
    return list_of(call, "invoice_payments", keep=fits(call.asked, "status"), only=only)


def get_payment(call: Call) -> Document:
    entry = call.entry("invoice_payments", call.ids["id"])
    if entry is None:
        raise no_such("invoice_payment", call.ids["id"])
    return entry.document


_NAME = text(emptiable=False)
_LIST = {
    **LIST,
    "collection_method": choice("charge_automatically", "send_invoice"),
    "customer": _NAME,
    "due_date": moments,
    "status": choice("draft", "open", "paid", "uncollectible", "void"),
    "subscription": _NAME,
}
_PAYMENTS = {**LIST, "invoice": _NAME, "status": choice("canceled", "open", "paid")}
_READ = "rak_invoice_read"
ROUTES = [
    Route("GET", "/v1/invoices", _READ, list_invoices, _LIST),
    Route("GET", "/v1/invoices/{id}", _READ, get_invoice),
    Route("GET", "/v1/invoices/{id}/lines", _READ, list_lines, PAGING),
    Route("GET", "/v1/invoice_payments", _READ, list_payments, _PAYMENTS),
    Route("GET", "/v1/invoice_payments/{id}", _READ, get_payment),
]
