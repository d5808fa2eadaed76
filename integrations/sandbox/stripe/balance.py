"""How the money is read: the balance, its transactions, and the payouts to the bank."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import no_such
from integrations.sandbox.stripe.listing import LIST, check_known, fits, is_within, list_of
from integrations.sandbox.stripe.shapes import choice, currency, moments, text

_KIND = "balance_transactions"
_SOURCES = ("charges", "refunds", "payouts")


def get_balance(call: Call) -> Document:
    """What waits for its day, and what was written here and not paid out yet."""
    account = call.account
    pending, available = account.payouts.pending(), sum(account.unpaid.values())
    return {
        "object": "balance",
        "available": [_amount(call, available)],
        "livemode": account.livemode,
        "pending": [_amount(call, pending)],
        "refund_and_dispute_prefunding": {"available": [_amount(call, 0)], "pending": [_amount(call, 0)]},
    }


def list_movements(call: Call) -> Document:
    return list_of(call, _KIND, keep=fits(call.asked, "currency", "type"), only=_chosen(call))


def get_movement(call: Call) -> Document:
    entry = call.entry(_KIND, call.ids["id"])
    if entry is None:
        raise no_such("balance transaction", call.ids["id"])
    return entry.document


def list_payouts(call: Call) -> Document:
    same, arrival = fits(call.asked, "destination", "status"), call.asked.get("arrival_date")

    def keep(payout: Document) -> bool:
        is_in_time = arrival is None or is_within(arrival, payout["arrival_date"])
        return is_in_time and (same is None or same(payout))

    return list_of(call, "payouts", keep=keep)


def get_payout(call: Call) -> Document:
    entry = call.entry("payouts", call.ids["id"])
    if entry is None:
        raise no_such("payout", call.ids["id"], "payout")
    return entry.document


def _chosen(call: Call) -> Iterable[str] | None:
    """The transactions of the payout or source that was asked for; both together must agree."""
    asked = call.asked
    check_known(call, "payouts", "payout")
    chosen = _of_payout(call, asked["payout"]) if "payout" in asked else None
    if "source" not in asked:
        return chosen
    of_source = _of_source(call, asked["source"])
    return of_source if chosen is None else [one for one in chosen if one in of_source]


def _of_payout(call: Call, payout_id: str) -> list[str]:
    account = call.account
    written = account.written_parts.get(payout_id)
    return account.movements.ids_of_payout(account.payouts.index_of(payout_id) or 0) if written is None else written


def _of_source(call: Call, source: str) -> list[str]:
    for kind in _SOURCES:
        entry = call.entry(kind, source)
        if entry is not None:
            moved = entry.document["balance_transaction"]
            return [moved] if moved else []
    raise no_such("source", source, "source", status=400)


def _amount(call: Call, amount: int) -> Document:
    return {"amount": amount, "currency": call.account.currency, "source_types": {"card": amount}}


_NAME = text(emptiable=False)
_MOVEMENTS = {
    **LIST, "currency": currency, "payout": _NAME, "source": _NAME,
    "type": choice("adjustment", "charge", "payment", "payout", "refund", "stripe_fee", "transfer"),
}  # fmt: skip
_PAYOUTS = {
    **LIST, "arrival_date": moments, "destination": _NAME,
    "status": choice("canceled", "failed", "in_transit", "paid", "pending"),
}  # fmt: skip
_READ = "rak_balance_read"
ROUTES = [
    Route("GET", "/v1/balance", _READ, get_balance),
    Route("GET", "/v1/balance_transactions", _READ, list_movements, _MOVEMENTS),
    Route("GET", "/v1/balance_transactions/{id}", _READ, get_movement),
    Route("GET", "/v1/payouts", "rak_payout_read", list_payouts, _PAYOUTS),
    Route("GET", "/v1/payouts/{id}", "rak_payout_read", get_payout),
]
