"""What was given back: the generated refunds."""

from __future__ import annotations

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document, pick
from integrations.sandbox.stripe.receipts import CHARGE, INTENT
from integrations.sandbox.stripe.sales import Sales
from integrations.sandbox.stripe.stems import Stems

REFUND, MOVEMENT = "re_3", "txn_2"
_REASONS = ["requested_by_customer", "requested_by_customer", "duplicate", None]


class Refunds:
    """Refunds by index, each after the sale that follows it."""

    def __init__(self, key: bytes, sales: Sales) -> None:
        self.count, self._sales = sales.refunds, sales
        self.stems = Stems(key, "refund")

    def id_of(self, index: int) -> str:
        return REFUND + self.stems.of(index)

    def index_of(self, record_id: str) -> int | None:
        return self.stems.index_of(REFUND, record_id)

    def exists(self, index: int) -> bool:
        return True

    def created(self, index: int) -> int:
        return self._sales.after(self._sales.refund_host(index))

    updated = created

    def document(self, index: int) -> Document:
        sales, stem = self._sales, self.stems.of(index)
        sale_stem = sales.stems.of(sales.refunded_sale(index))
        return {
            "id": REFUND + stem,
            "object": "refund",
            "amount": sales.refund_amount(index),
            "balance_transaction": MOVEMENT + stem,
            "charge": CHARGE + sale_stem,
            "created": self.created(index) // SECOND,
            "currency": sales.market.currency,
            "destination_details": destination(index),
            "metadata": {},
            "payment_intent": INTENT + sale_stem,
            "reason": pick(_REASONS, index),
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded",
            "transfer_reversal": None,
        }


def destination(number: int) -> Document:
    return {
        "card": {
            "reference": f"{number:011d}", "reference_status": "available",
            "reference_type": "acquirer_reference_number", "type": "refund",
        },
        "type": "card",
    }  # fmt: skip
