"""How money moves from now on: a refund, a sale and a payout with everything that belongs to them."""

from __future__ import annotations

from integrations.sandbox.clock import DAY, SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.store import Entry
from integrations.sandbox.stripe import givebacks, ledger, receipts, takings
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.movements import movement_document
from integrations.sandbox.stripe.notices import NOBODY, Cause, announce

STEM = 22  # characters behind the prefix, shared by records that belong together


def give_back(
    stripe: StripeDouble,
    account: Account,
    charge: Entry,
    amount: int,
    reason: str | None,
    metadata: dict[str, str],
    *,
    cause: Cause = NOBODY,
) -> Document:
    """Refund a part of a charge: the refund, its movement, and the charge as it is now."""
    stem = account.new_id("", STEM)
    refund: Document = {
        "id": givebacks.REFUND + stem, "object": "refund", "amount": amount,
        "balance_transaction": givebacks.MOVEMENT + stem, "charge": charge.document["id"],
        "created": stripe.clock.now() // SECOND, "currency": account.currency,
        "destination_details": givebacks.destination(account.writes), "metadata": metadata,
        "payment_intent": charge.document["payment_intent"], "reason": reason, "receipt_number": None,
        "source_transfer_reversal": None, "status": "succeeded", "transfer_reversal": None,
    }  # fmt: skip
    move(stripe, account, refund["balance_transaction"], "refund", -amount, refund["id"], "REFUND FOR CHARGE")
    ledger.create(stripe, account, "refunds", refund, cause=cause)
    refunded = charge.document["amount_refunded"] + amount
    changes = {"amount_refunded": refunded, "refunded": refunded == charge.document["amount"]}
    ledger.change(stripe, account, "charges", charge, changes, cause=cause, verb="refunded")
    return refund


def sell(stripe: StripeDouble, account: Account, model: Document, items: list[Document]) -> Document:
    """A sale in the likeness of an older session: session, intent, charge and movement, announced in that order."""
    stem, now = account.new_id("", STEM), stripe.clock.now() // SECOND
    ids = {"charge": receipts.CHARGE + stem, "intent": receipts.INTENT + stem}
    intent, charge = _payment(account, model, ids, receipts.MOVEMENT + stem, now)
    session_id = account.sessions.id_of(0)[:10] + stem + stem[::-1]
    session = model | {
        "id": session_id, "created": now, "expires_at": now + receipts.OPEN_FOR // SECOND,
        "payment_intent": ids["intent"], "client_reference_id": None,
    }  # fmt: skip
    account.written_items[session_id] = [item | {"id": f"li_1{stem}{place}"} for place, item in enumerate(items)]
    fee = account.profile.market.fee(charge["amount"])
    text = charge["description"]
    move(stripe, account, receipts.MOVEMENT + stem, "charge", charge["amount"], charge["id"], text, fee=fee)
    ledger.create(stripe, account, "charges", charge)
    ledger.create(stripe, account, "payment_intents", intent)
    ledger.create(stripe, account, "checkout_sessions", session)
    announce(stripe, account, "charge.succeeded", charge)
    announce(stripe, account, "payment_intent.succeeded", intent)
    announce(stripe, account, "checkout.session.completed", session)
    return charge


def pay_out(stripe: StripeDouble, account: Account) -> Document:
    """Send everything that was written here and not paid out yet to the bank."""
    now, stem = stripe.clock.now(), account.new_id("", STEM)
    amount, parts = sum(account.unpaid.values()), list(account.unpaid)
    account.unpaid.clear()
    payout = takings.payout_document(
        takings.PAYOUT + stem, amount, takings.MOVEMENT + stem, account.bank, created=now // SECOND,
        arrival=now // DAY * DAY // SECOND, currency=account.currency, livemode=account.livemode,
    )  # fmt: skip
    account.written_parts[payout["id"]] = [*parts, payout["balance_transaction"]]
    move(
        stripe, account, payout["balance_transaction"], "payout", -amount, payout["id"], "STRIPE PAYOUT", is_taken=True
    )
    ledger.create(stripe, account, "payouts", payout)
    announce(stripe, account, "payout.paid", payout)
    announce(stripe, account, "payout.reconciliation_completed", payout)
    return payout


def move(
    stripe: StripeDouble, account: Account, movement_id: str, kind: str, amount: int, source: str, text: str, *,
    fee: int = 0, is_taken: bool = False,
) -> None:  # fmt: skip
    """A balance transaction that is available at once, and waits for a payout unless it is one."""
    now = stripe.clock.now()
    movement = movement_document(
        movement_id, kind, amount, source, text, created=now // SECOND, available_on=now // SECOND, fee=fee,
        currency=account.currency,
    )  # fmt: skip
    ledger.create(stripe, account, "balance_transactions", movement)
    if not is_taken:
        account.unpaid[movement_id] = amount - fee


def _payment(
    account: Account, session: Document, ids: dict[str, str], movement_id: str, now: int
) -> tuple[Document, Document]:
    """The intent and the charge of a session, in the likeness of the session's own."""
    old_intent = account.collections["payment_intents"].get(session["payment_intent"])
    old_charge = account.collections["charges"].get(old_intent.document["latest_charge"]) if old_intent else None
    if old_intent is None or old_charge is None:
        raise ValueError(f"{account.name} has no paid session to copy from")
    fresh = {"created": now, "metadata": {}}
    intent = old_intent.document | fresh | {
        "id": ids["intent"], "client_secret": f"{ids['intent']}_secret", "latest_charge": ids["charge"],
    }  # fmt: skip
    charge = old_charge.document | fresh | {
        "id": ids["charge"], "payment_intent": ids["intent"], "balance_transaction": movement_id,
        "amount_refunded": 0, "refunded": False,
        "receipt_url": f"https://pay.stripe.com/receipts/payment/{ids['charge'][4:]}",
    }  # fmt: skip
    return intent, charge
