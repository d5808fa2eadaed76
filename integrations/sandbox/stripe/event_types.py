"""Which events there are, and which of them a pattern means."""

from __future__ import annotations

TYPES = (
    "account.application.authorized", "account.application.deauthorized", "account.updated", "balance.available",
    "charge.captured", "charge.dispute.closed", "charge.dispute.created",
    "charge.dispute.funds_reinstated", "charge.dispute.funds_withdrawn", "charge.dispute.updated",
    "charge.expired", "charge.failed", "charge.pending", "charge.refund.updated", "charge.refunded",
    "charge.succeeded", "charge.updated", "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded", "checkout.session.completed", "checkout.session.expired",
    "credit_note.created", "credit_note.updated", "credit_note.voided", "customer.created", "customer.deleted",
    "customer.discount.created", "customer.discount.deleted", "customer.discount.updated", "customer.updated",
    "invoice.created", "invoice.deleted", "invoice.finalization_failed", "invoice.finalized",
    "invoice.marked_uncollectible", "invoice.paid", "invoice.payment_action_required", "invoice.payment_failed",
    "invoice.payment_succeeded", "invoice.sent", "invoice.updated", "invoice.voided", "invoiceitem.created",
    "invoiceitem.deleted", "payment_intent.canceled", "payment_intent.created", "payment_intent.payment_failed",
    "payment_intent.processing", "payment_intent.requires_action", "payment_intent.succeeded", "payout.canceled",
    "payout.created", "payout.failed", "payout.paid", "payout.reconciliation_completed", "payout.updated",
    "price.created", "price.deleted", "price.updated", "product.created", "product.deleted", "product.updated",
    "refund.created", "refund.failed", "refund.updated",
)  # fmt: skip
KNOWN = frozenset(TYPES)


def meant_by(pattern: str) -> frozenset[str]:
    """The types that a pattern such as `charge.*` means; empty when it means none."""
    if pattern == "*":
        return KNOWN
    if pattern.endswith(".*"):
        return frozenset(kind for kind in TYPES if kind.startswith(pattern[:-1]))
    return KNOWN & {pattern}
