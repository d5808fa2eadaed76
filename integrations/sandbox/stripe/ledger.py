"""How a change is kept and made known, whoever made it: the API's client or the venue's own people."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.store import Entry
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.notices import NOBODY, Cause, announce

#: kinds to the first word of their events; kinds that are not named here have no events of their own
_WORDS = {
    "customers": "customer", "products": "product", "prices": "price", "charges": "charge", "refunds": "refund",
    "payouts": "payout", "invoices": "invoice", "invoiceitems": "invoiceitem",
}  # fmt: skip
_SILENT = {"invoiceitems"}  # a change of theirs is told by the object that they are a part of
_STAMPED = {"products"}  # their objects carry the time of the last change


def create(stripe: StripeDouble, account: Account, kind: str, document: Document, *, cause: Cause = NOBODY) -> Document:
    """Store a new record and announce it, where its kind is announced by `created`."""
    account.collections[kind].create(document, now=stripe.clock.now(), lag=0)
    account.written[kind].append(document["id"])
    _unindex(stripe, account, kind, document["id"], None)
    if kind in _WORDS and kind != "charges":
        announce(stripe, account, f"{_WORDS[kind]}.created", document, cause=cause)
    return document


def change(
    stripe: StripeDouble,
    account: Account,
    kind: str,
    old: Entry,
    changes: Document,
    *,
    cause: Cause = NOBODY,
    verb: str = "updated",
) -> Document:
    """Store a record with its changes and announce what was different before; nothing happens when nothing is."""
    now = stripe.clock.now()
    before = differences(old.document, changes)
    if not before:
        return old.document
    document = old.document | changes
    if kind in _STAMPED:
        before["updated"], document["updated"] = old.document["updated"], now // SECOND
    _unindex(stripe, account, kind, document["id"], old.document)
    account.collections[kind].replace(old, document, now=now, lag=0)
    if kind in _WORDS and kind not in _SILENT:
        announce(stripe, account, f"{_WORDS[kind]}.{verb}", document, cause=cause, before=before)
    return document


def remove(stripe: StripeDouble, account: Account, kind: str, old: Entry, *, cause: Cause = NOBODY) -> Document:
    """Mark a record as deleted and announce it; returns what it was."""
    _unindex(stripe, account, kind, old.document["id"], old.document)
    account.collections[kind].replace(old, old.document, now=stripe.clock.now(), lag=0, is_deleted=True)
    announce(stripe, account, f"{_WORDS[kind]}.deleted", old.document, cause=cause)
    return old.document


def differences(old: Document, changes: Document) -> Document:
    """What the changed attributes were before; inside a map only the keys that differ, new ones as null."""
    return {name: _before(old.get(name), value) for name, value in changes.items() if old.get(name) != value}


def _before(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return old
    return {name: old.get(name) for name in {**old, **new} if old.get(name) != new.get(name)}


def _unindex(stripe: StripeDouble, account: Account, kind: str, record_id: str, before: Document | None) -> None:
    """Let searches run behind this write."""
    if kind == "customers" and stripe.lag:
        account.unindexed.append((stripe.clock.now() + stripe.lag, record_id, before))
