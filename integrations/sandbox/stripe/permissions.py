"""What a restricted key may do, and what a granted scope allows."""

from __future__ import annotations

READ_WRITE, READ_ONLY = "read_write", "read_only"
_READ = (
    "accounts_kyc_basic", "balance", "balance_transaction_source", "charge", "checkout_session", "customer", "event",
    "invoice", "payment_intent", "payout", "plan", "product", "refund", "webhook",
)  # fmt: skip
_WRITE = ("customer", "product", "plan", "invoice", "webhook")
_MORE = ("charge", "payment_intent", "refund")
DEFAULT = frozenset({f"rak_{name}_read" for name in _READ} | {f"rak_{name}_write" for name in _WRITE})
ALL = DEFAULT | {f"rak_{name}_write" for name in _MORE}

#: whose reading right somebody needs who wants an object shown inside another one
OF_OBJECT = {
    "balance_transactions": "balance", "charges": "charge", "checkout_sessions": "checkout_session",
    "customers": "customer", "invoiceitems": "invoice", "invoices": "invoice", "payment_intents": "payment_intent",
    "payouts": "payout",
    "prices": "plan", "products": "product", "refunds": "refund",
}  # fmt: skip


def without(permissions: frozenset[str], dropped: str) -> frozenset[str]:
    """The rest when one is taken away; who may not read may not write either."""
    gone = {dropped}
    if dropped.endswith("_read"):
        gone.add(dropped.removesuffix("_read") + "_write")
    return permissions - gone


def in_plain_words(scope: str) -> list[str]:
    """What the consent page says."""
    reading = ["See your customers, products and prices", "See your payments, refunds, invoices and payouts"]
    writing = [
        "Create and change customers, products, prices and invoices",
        "Refund payments and manage webhook endpoints",
    ]
    return reading + writing if scope == READ_WRITE else reading
