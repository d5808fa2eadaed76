"""What was billed by letter instead of at the door: the generated invoices, their lines and their payments."""

from __future__ import annotations

from integrations.sandbox.clock import DAY, HOUR, SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.invoice_frame import invoice_frame, line_frame
from integrations.sandbox.stripe.receipts import INTENT
from integrations.sandbox.stripe.sales import Outcome, Sale, Sales
from integrations.sandbox.stripe.stems import Stems

INVOICE, PAYMENT = "in_1", "inpay_1"
EMBEDDED = 10  # lines that an invoice shows by itself
_TERM = 14 * DAY
_STATUS = {Outcome.PAID: "paid", Outcome.OPEN: "open", Outcome.VOID: "void"}


class Invoices:
    """Invoices by index, each for one sale of the venue's history."""

    def __init__(self, key: bytes, sales: Sales, *, name: str) -> None:
        self.count, self.sales, self._name = sales.invoices, sales, name
        self.stems = Stems(key, "invoice")
        self._url = f"https://invoice.stripe.com/i/{'live' if sales.livemode else 'test'}_"

    def id_of(self, index: int) -> str:
        return INVOICE + self.stems.of(index)

    def index_of(self, record_id: str) -> int | None:
        return self.stems.index_of(INVOICE, record_id)

    def exists(self, index: int) -> bool:
        return True

    def created(self, index: int) -> int:
        return self.sales.created(self.sales.invoice_sale(index)) - HOUR

    updated = created

    def status(self, index: int) -> str:
        return _STATUS[self.sales.outcome(self.sales.invoice_sale(index))]

    def lines(self, index: int) -> list[Document]:
        """All lines, also those that the invoice does not embed."""
        sale = self.sales.sale(self.sales.invoice_sale(index))
        return self._lines(index, sale, self.created(index) // SECOND)

    def document(self, index: int) -> Document:
        sale = self.sales.sale(self.sales.invoice_sale(index))
        status, stem, created = self.status(index), self.stems.of(index), self.created(index)
        amount, moment = sale.amount, created // SECOND
        paid = amount if status == "paid" else 0
        lines = self._lines(index, sale, moment)
        return invoice_frame(INVOICE + stem, amount) | self._recipient(sale) | {
            "account_country": self.sales.market.country,
            "account_name": self._name,
            "amount_paid": paid,
            "amount_remaining": 0 if status == "void" else amount - paid,
            "attempt_count": 1 if paid else 0,
            "attempted": bool(paid),
            "created": moment,
            "currency": self.sales.market.currency,
            "description": "Thank you for celebrating with us." if index % 3 == 1 else None,
            "due_date": (created + _TERM) // SECOND,
            "effective_at": moment,
            "hosted_invoice_url": self._url + stem,
            "invoice_pdf": f"{self._url}{stem}/pdf",
            "lines": embedded_lines(INVOICE + stem, lines),
            "livemode": self.sales.livemode,
            "number": f"{stem[:8].upper()}-{index + 1:04d}",
            "period_end": moment,
            "period_start": moment,
            "status": status,
            "status_transitions": {
                "finalized_at": moment,
                "marked_uncollectible_at": None,
                "paid_at": (created + HOUR) // SECOND if paid else None,
                "voided_at": (created + HOUR) // SECOND if status == "void" else None,
            },
            "webhooks_delivered_at": moment,
        }  # fmt: skip

    def _recipient(self, sale: Sale) -> Document:
        customer = self.sales.customers.document(sale.customer or 0)
        return {
            "customer": customer["id"], "customer_address": customer["address"], "customer_email": customer["email"],
            "customer_name": customer["name"], "customer_phone": customer["phone"],
        }  # fmt: skip

    def _lines(self, index: int, sale: Sale, moment: int) -> list[Document]:
        stem, products, shown = self.stems.of(index), self.sales.products, []
        for place, line in enumerate(sale.lines):
            price = {"price": products.price_id(line.product, line.place), "product": products.id_of(line.product)}
            shown.append(
                line_frame(f"{stem[:-2]}{place:02d}", INVOICE + stem, moment) | {
                    "amount": line.total,
                    "currency": self.sales.market.currency,
                    "description": f"{line.quantity} × {line.text}",
                    "livemode": self.sales.livemode,
                    "pricing": {
                        "price_details": price, "type": "price_details", "unit_amount_decimal": str(line.price),
                    },
                    "quantity": line.quantity,
                    "quantity_decimal": str(line.quantity),
                    "subtotal": line.total,
                }
            )  # fmt: skip
        return shown


def embedded_lines(invoice_id: str, lines: list[Document]) -> Document:
    return {
        "object": "list", "data": lines[:EMBEDDED], "has_more": len(lines) > EMBEDDED, "total_count": len(lines),
        "url": f"/v1/invoices/{invoice_id}/lines",
    }  # fmt: skip


class InvoiceItems:
    """Nothing: the lines of generated invoices have no items that could be edited any more."""

    count = 0

    def id_of(self, index: int) -> str:
        raise IndexError(index)

    def index_of(self, record_id: str) -> int | None:
        return None

    def exists(self, index: int) -> bool:
        return False

    def created(self, index: int) -> int:
        raise IndexError(index)

    updated = created

    def document(self, index: int) -> Document:
        raise IndexError(index)


class InvoicePayments:
    """How invoices were paid, by the index of the invoice."""

    def __init__(self, invoices: Invoices) -> None:
        self.count, self._invoices = invoices.count, invoices

    def id_of(self, index: int) -> str:
        return PAYMENT + self._invoices.stems.of(index)

    def index_of(self, record_id: str) -> int | None:
        return self._invoices.stems.index_of(PAYMENT, record_id)

    def exists(self, index: int) -> bool:
        return self._invoices.status(index) == "paid"

    def created(self, index: int) -> int:
        return self._invoices.created(index) + HOUR

    updated = created

    def document(self, index: int) -> Document:
        sales, moment = self._invoices.sales, self.created(index) // SECOND
        sale = sales.invoice_sale(index)
        amount = sales.sale(sale).amount
        return {
            "id": self.id_of(index),
            "object": "invoice_payment",
            "amount_paid": amount,
            "amount_requested": amount,
            "created": moment,
            "currency": sales.market.currency,
            "invoice": self._invoices.id_of(index),
            "is_default": True,
            "livemode": sales.livemode,
            "payment": {"payment_intent": INTENT + sales.stems.of(sale), "type": "payment_intent"},
            "status": "paid",
            "status_transitions": {"canceled_at": None, "paid_at": moment},
        }
