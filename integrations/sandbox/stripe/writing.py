"""What every write has in common: what a client may set, and how metadata is merged."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.store import Entry
from integrations.sandbox.stripe import ledger
from integrations.sandbox.stripe.calls import Call
from integrations.sandbox.stripe.errors import no_such
from integrations.sandbox.stripe.listing import NAMES
from integrations.sandbox.stripe.notices import Cause


def cause_of(call: Call) -> Cause:
    return Cause(call.request_id, call.idempotency_key)


def create(call: Call, kind: str, document: Document) -> Document:
    return ledger.create(call.stripe, call.account, kind, document, cause=cause_of(call))


def change(call: Call, kind: str, old: Entry, changes: Document) -> Document:
    """Store what was asked for; metadata is merged key by key."""
    if "metadata" in changes:
        changes = changes | {"metadata": merged(old.document["metadata"], changes["metadata"])}
    return ledger.change(call.stripe, call.account, kind, old, changes, cause=cause_of(call))


def set_fields(call: Call) -> Document:
    """What was asked to be set, without the instructions about the answer."""
    return {name: value for name, value in call.asked.items() if name != "expand"}


def merged(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    """An empty value takes its key away; no keys at all take everything away."""
    if not new:
        return {}
    return {key: value for key, value in (old | new).items() if value}


def kept(values: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}


def live(call: Call, kind: str, record_id: str | None = None) -> Entry:
    """The record in the path; StripeError 404 when it is gone or never was."""
    wanted = record_id or call.ids["id"]
    entry: Entry | None = call.collection(kind).live(wanted)
    if entry is None:
        raise no_such(NAMES[kind], wanted)
    return entry
