"""How sales were paid: the generated checkout sessions, payment intents and charges."""

from __future__ import annotations

from integrations.sandbox.clock import MINUTE, SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.people import NO_ADDRESS, name_of
from integrations.sandbox.stripe.sales import Line, Outcome, Sale, Sales
from integrations.sandbox.stripe.shelf import card_details, charge_outcome, session_frame

CHARGE, INTENT, MOVEMENT, METHOD = "ch_3", "pi_3", "txn_3", "pm_1"
OPEN_FOR = 30 * MINUTE
_SETTLED = {Outcome.PAID, Outcome.FAILED}


def buyer_of(sales: Sales, index: int, sale: Sale) -> tuple[str, str]:
    """Name and e-mail address of who paid; guests come from beyond the customers."""
    guests = sales.customers.count
    person = sales.customers.person(guests + index if sale.customer is None else sale.customer)
    return name_of(person), person.email


def item_text(sale: Sale) -> str:
    first = f"{sale.lines[0].quantity} × {sale.lines[0].text}"
    return first if len(sale.lines) == 1 else f"{first} and {len(sale.lines) - 1} more"


class Charges:
    """Charges by the index of their sale: those that succeeded and those that were declined."""

    def __init__(self, sales: Sales, *, name: str) -> None:
        self.count, self._sales = sales.count, sales
        self.created = self.updated = sales.created
        self._descriptor = name.upper()[:22]

    def id_of(self, index: int) -> str:
        return CHARGE + self._sales.stems.of(index)

    def index_of(self, record_id: str) -> int | None:
        return self._sales.stems.index_of(CHARGE, record_id)

    def exists(self, index: int) -> bool:
        return self._sales.outcome(index) in _SETTLED

    def document(self, index: int, *, is_fresh: bool = False) -> Document:
        """The charge as it is, or as it was before anything was given back."""
        sales, sale, stem = self._sales, self._sales.sale(index), self._sales.stems.of(index)
        amount, is_paid = sale.amount, sales.is_paid(index)
        name, email = buyer_of(sales, index, sale)
        refund = None if is_fresh else sales.refund_of(index)
        refunded = 0 if refund is None else sales.refund_amount(refund)
        return {
            "id": CHARGE + stem,
            "object": "charge",
            "amount": amount,
            "amount_captured": amount if is_paid else 0,
            "amount_refunded": refunded,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": MOVEMENT + stem if is_paid else None,
            "billing_details": {"address": NO_ADDRESS, "email": email, "name": name, "phone": None, "tax_id": None},
            "calculated_statement_descriptor": self._descriptor,
            "captured": is_paid,
            "created": self.created(index) // SECOND,
            "currency": sales.market.currency,
            "customer": None if sale.customer is None else sales.customers.id_of(sale.customer),
            "description": item_text(sale),
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": None if is_paid else "card_declined",
            "failure_message": None if is_paid else "Your card was declined.",
            "fraud_details": {},
            "livemode": sales.livemode,
            "metadata": {"order": f"WEB-{index:07d}"} if (sale.number >> 170) % 7 == 0 else {},
            "on_behalf_of": None,
            "outcome": charge_outcome(is_paid),
            "paid": is_paid,
            "payment_intent": INTENT + stem,
            "payment_method": METHOD + stem,
            "payment_method_details": card_details(sale.number >> 180),
            "presentment_details": None,
            "radar_options": {},
            "receipt_email": email,
            "receipt_number": None,
            "receipt_url": f"https://pay.stripe.com/receipts/payment/{stem}" if is_paid else None,
            "refunded": refunded == amount and refunded > 0,
            "review": None,
            "shipping": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "succeeded" if is_paid else "failed",
            "transfer_data": None,
            "transfer_group": None,
        }


class Intents:
    """Payment intents by the index of their sale."""

    def __init__(self, sales: Sales) -> None:
        self.count, self._sales = sales.count, sales
        self.created = self.updated = sales.created

    def id_of(self, index: int) -> str:
        return INTENT + self._sales.stems.of(index)

    def index_of(self, record_id: str) -> int | None:
        return self._sales.stems.index_of(INTENT, record_id)

    def exists(self, index: int) -> bool:
        return self._sales.outcome(index) in _SETTLED

    def document(self, index: int) -> Document:
        sales, sale, stem = self._sales, self._sales.sale(index), self._sales.stems.of(index)
        amount, is_paid = sale.amount, sales.is_paid(index)
        return {
            "id": INTENT + stem,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": amount if is_paid else 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": None,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic_async",
            "client_secret": f"{INTENT}{stem}_secret_{stem[::-1]}",
            "confirmation_method": "automatic",
            "created": self.created(index) // SECOND,
            "currency": sales.market.currency,
            "customer": None if sale.customer is None else sales.customers.id_of(sale.customer),
            "customer_account": None,
            "description": item_text(sale),
            "excluded_payment_method_types": None,
            "last_payment_error": None if is_paid else _declined(CHARGE + stem),
            "latest_charge": CHARGE + stem,
            "livemode": sales.livemode,
            "metadata": {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": METHOD + stem if is_paid else None,
            "payment_method_configuration_details": None,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "processing": None,
            "receipt_email": None,
            "review": None,
            "setup_future_usage": None,
            "shipping": None,
            "source": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "succeeded" if is_paid else "requires_payment_method",
            "transfer_data": None,
            "transfer_group": None,
        }


class Sessions:
    """Checkout sessions by the index of their sale: everything that was not billed."""

    def __init__(self, sales: Sales) -> None:
        self.count, self.sales = sales.count, sales
        self._prefix = f"cs_{'live' if sales.livemode else 'test'}_a1"

    def id_of(self, index: int) -> str:
        stem = self.sales.stems.of(index)
        return f"{self._prefix}{stem}{stem[::-1]}"

    def index_of(self, record_id: str) -> int | None:
        body = record_id.removeprefix(self._prefix)
        index = self.sales.stems.index_of("", body[: len(body) // 2])
        return index if index is not None and self.id_of(index) == record_id else None

    def exists(self, index: int) -> bool:
        return self.sales.invoice_of(index) is None

    def created(self, index: int) -> int:
        return self.sales.created(index) - OPEN_FOR

    updated = created

    def document(self, index: int) -> Document:
        sale = self.sales.sale(index)
        is_paid, stem = self.sales.is_paid(index), self.sales.stems.of(index)
        name, email = buyer_of(self.sales, index, sale)
        customer = None if sale.customer is None else self.sales.customers.id_of(sale.customer)
        return session_frame(self.id_of(index), livemode=self.sales.livemode) | {
            "amount_subtotal": sale.amount,
            "amount_total": sale.amount,
            "client_reference_id": f"WEB-{index:07d}" if (sale.number >> 170) % 7 == 0 else None,
            "created": self.created(index) // SECOND,
            "currency": self.sales.market.currency,
            "customer": customer,
            "customer_creation": None if customer else "if_required",
            "customer_details": _details(name, email) if is_paid else None,
            "expires_at": (self.created(index) + OPEN_FOR) // SECOND,
            "payment_intent": INTENT + stem if is_paid else None,
            "payment_status": "paid" if is_paid else "unpaid",
            "status": "complete" if is_paid else "expired",
        }

    def line_items(self, index: int) -> list[tuple[str, Line]]:
        """The session's lines with the ids of their items."""
        stem = self.sales.stems.of(index)
        return [(f"li_1{stem[:-2]}{place:02d}", line) for place, line in enumerate(self.sales.sale(index).lines)]


def _declined(charge_id: str) -> Document:
    return {
        "charge": charge_id,
        "code": "card_declined",
        "decline_code": "generic_decline",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": "Your card was declined.",
        "type": "card_error",
    }


def _details(name: str, email: str) -> Document:
    return {
        "address": NO_ADDRESS, "business_name": None, "email": email, "individual_name": None, "name": name,
        "phone": None, "tax_exempt": "none", "tax_ids": [],
    }  # fmt: skip
