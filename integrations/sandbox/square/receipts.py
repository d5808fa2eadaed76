"""What was paid and paid back: the generated payments and refunds of the generated orders."""

from __future__ import annotations

from integrations.sandbox.clock import HOUR, rfc3339
from integrations.sandbox.generation import MIXED, Document, Ids, key_of, pick, roll
from integrations.sandbox.square.sales import Orders, Sale

_CARDS = [("VISA", "4111", "411111"), ("MASTERCARD", "9029", "540988"), ("AMERICAN_EXPRESS", "3707", "371263"),
          ("VISA", "1881", "401288"), ("MASTERCARD", "4444", "555555")]  # fmt: skip
_REASONS = ["Show cancelled", "Wrong size", "Cannot attend", "Charged twice", "Accidental charge"]


class Payments:
    """Payments by the index of their order; only completed orders have one."""

    def __init__(self, key: bytes, orders: Orders, *, refunds: int, settled: int) -> None:
        self.count, self.orders, self.settled = orders.count, orders, settled
        self.id_of, self.index_of = orders.payment_ids.of, orders.payment_ids.index_of
        self.created, self.updated, self.location_of = orders.created, orders.updated, orders.location_of
        self.refunds = Refunds(key, self, refunds)

    def exists(self, index: int) -> bool:
        return self.orders.state_of(index) == "COMPLETED"

    @staticmethod
    def fee(sale: Sale) -> int:
        """Square's part: a share at the door, a share and a fixed sum online, nothing on cash."""
        total = sale.amount + sale.tip
        if sale.is_cash:
            return 0
        return round(total * 0.0175) if sale.number >> 180 & 1 else round(total * 0.014) + 25

    def document(self, index: int) -> Document:
        orders, sale = self.orders, self.orders.sale(index)
        created, payment_id = self.created(index), self.id_of(index)
        created_at, total = rfc3339(created), orders.money(sale.amount + sale.tip)
        document: Document = {
            "id": payment_id,
            "created_at": created_at,
            "updated_at": rfc3339(self.updated(index)),
            "amount_money": orders.money(sale.amount),
            "total_money": total,
            "approved_money": total,
            "status": "COMPLETED",
            "source_type": "CASH" if sale.is_cash else "CARD",
            "location_id": sale.location_id,
            "order_id": orders.id_of(index),
            "receipt_number": payment_id[:4],
            "receipt_url": f"https://squareup.com/receipt/preview/{payment_id}",
            "application_details": {"square_product": "SQUARE_POS"},
            "version_token": payment_id[::-1] + "6o",
        }
        if sale.tip:
            document["tip_money"] = orders.money(sale.tip)
        if sale.customer_id:
            document["customer_id"] = sale.customer_id
        if sale.is_cash:
            document["cash_details"] = {"buyer_supplied_money": total, "change_back_money": orders.money(0)}
        else:
            document["card_details"] = _card(sale, created_at)
            document["processing_fee"] = [
                {"effective_at": rfc3339(created + 2 * HOUR), "type": "INITIAL",
                 "amount_money": orders.money(self.fee(sale))}
            ]  # fmt: skip
        refund = self.refunds.of_payment(index)
        if refund is not None:
            document["refund_ids"] = [self.refunds.id_of(refund)]
            document["refunded_money"] = orders.money(self.refunds.amount(refund))
        return document


class Refunds:
    """Refunds by index, spread evenly over the payments; a third of them gives back half."""

    def __init__(self, key: bytes, payments: Payments, count: int) -> None:
        self.count = min(count, payments.count // 3)
        self._payments = payments
        self._key = key_of(key, "refund")
        self._ids = Ids(key_of(key, "refund id"), 43, alphabet=MIXED)

    def payment_of(self, index: int) -> int:
        """The index of the payment that this refund gives back."""
        payment = (2 * index + 1) * self._payments.count // (2 * self.count)
        return payment if self._payments.exists(payment) else payment - 1

    def of_payment(self, payment: int) -> int | None:
        """The refund of this payment, if there is one."""
        near = payment * self.count // self._payments.count if self.count else 0
        for index in (near - 1, near, near + 1):
            if 0 <= index < self.count and self.payment_of(index) == payment:
                return index
        return None

    def id_of(self, index: int) -> str:
        return f"{self._payments.id_of(self.payment_of(index))}_{self._ids.of(index)}"

    def index_of(self, refund_id: str) -> int | None:
        index = self._ids.index_of(refund_id.rpartition("_")[2])
        return index if index is not None and index < self.count and self.id_of(index) == refund_id else None

    def exists(self, index: int) -> bool:
        return True

    def created(self, index: int) -> int:
        paid = self._payments.created(self.payment_of(index))
        return paid + (self._payments.settled - paid) // 400

    def updated(self, index: int) -> int:
        return self.created(index) + 1

    def location_of(self, index: int) -> str:
        return self._payments.location_of(self.payment_of(index))

    def amount(self, index: int) -> int:
        sale = self._payments.orders.sale(self.payment_of(index))
        total = sale.amount + sale.tip
        return total // 2 if roll(self._key, index) % 3 == 0 else total

    def is_cash(self, index: int) -> bool:
        return self._payments.orders.sale(self.payment_of(index)).is_cash

    def document(self, index: int) -> Document:
        payment = self.payment_of(index)
        orders = self._payments.orders
        return {
            "id": self.id_of(index),
            "status": "COMPLETED",
            "location_id": self.location_of(index),
            "destination_type": "CASH" if self.is_cash(index) else "CARD",
            "amount_money": orders.money(self.amount(index)),
            "payment_id": self._payments.id_of(payment),
            "order_id": orders.id_of(payment),
            "reason": pick(_REASONS, roll(self._key, index) >> 8),
            "created_at": rfc3339(self.created(index)),
            "updated_at": rfc3339(self.updated(index)),
        }


def _card(sale: Sale, created_at: str) -> Document:
    brand, last_4, bin_ = pick(_CARDS, sale.number >> 210)
    return {
        "status": "CAPTURED",
        "card": {
            "card_brand": brand, "last_4": last_4, "bin": bin_, "exp_month": sale.number % 12 + 1,
            "exp_year": 2028 + sale.number % 4, "card_type": "CREDIT" if sale.number & 1 else "DEBIT",
            "prepaid_type": "NOT_PREPAID", "fingerprint": f"sq-1-{sale.number >> 212 & 0xFFFFFFFF:08x}",
        },
        "entry_method": "EMV" if sale.number >> 180 & 1 else "KEYED",
        "cvv_status": "CVV_ACCEPTED",
        "avs_status": "AVS_ACCEPTED",
        "statement_description": "SQ *VENUE",
        "card_payment_timeline": {"authorized_at": created_at, "captured_at": created_at},
    }  # fmt: skip
