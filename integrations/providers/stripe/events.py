"""Which of our objects an event of Stripe says changed. Pure; webhooks and catch-up share it.

Events are hints: what they carry may be of another API version and is old by the time it is read. Only the kind, the
ids and the times in them are used.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations.providers.types import JSON, ObjectType


@dataclass(frozen=True, slots=True)
class Hint:
    """One object that changed. `gone`: it was deleted; `created`: when it was made, 0 where the event does not tell."""

    object_type: ObjectType
    id: str
    gone: bool = False
    created: int = 0


def hints(event: JSON) -> Iterator[Hint]:
    """Yield the objects an event is about, its own first. Kinds that are not of interest yield nothing.

    Raises AttributeError, KeyError or TypeError for a shape that Stripe does not document.
    """
    told = event["data"]["object"]
    for object_type, name in _ABOUT.get(told.get("object"), ()):
        found = _id(told.get(name))
        if found and not _unfinished(event["type"], object_type):
            own = name == "id"
            gone = own and event["type"].endswith(".deleted")
            yield Hint(object_type, found, gone=gone, created=_seconds(told.get("created")) if own else 0)


# What lies in an event, and where in it stand the ids of which of our objects.
_ABOUT: dict[Any, tuple[tuple[ObjectType, str], ...]] = {
    "customer": ((ObjectType.CUSTOMER, "id"),),
    "discount": ((ObjectType.CUSTOMER, "customer"),),
    "product": ((ObjectType.PRODUCT, "id"),),
    "price": ((ObjectType.PRODUCT, "product"),),
    "checkout.session": ((ObjectType.ORDER, "id"),),
    "charge": ((ObjectType.PAYMENT, "id"),),
    "dispute": ((ObjectType.PAYMENT, "charge"),),
    "refund": ((ObjectType.REFUND, "id"), (ObjectType.PAYMENT, "charge")),
    "payout": ((ObjectType.PAYOUT, "id"),),
    "invoice": ((ObjectType.INVOICE, "id"),),
    "invoiceitem": ((ObjectType.INVOICE, "invoice"),),
    "invoice_payment": ((ObjectType.INVOICE, "invoice"),),
    "credit_note": ((ObjectType.INVOICE, "invoice"),),
}

# What we ask to be told of: the kinds whose objects stand above.
_CHANGED = ("created", "updated", "deleted")
_CHANGES: dict[str, tuple[str, ...]] = {
    "customer": (*_CHANGED, *(f"discount.{change}" for change in _CHANGED)),
    "product": _CHANGED,
    "price": _CHANGED,
    "checkout.session": ("completed", "async_payment_succeeded", "async_payment_failed"),
    "charge": ("succeeded", "failed", "pending", "captured", "expired", "refunded", "updated"),
    "charge.dispute": ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated"),
    "refund": ("created", "updated", "failed"),
    "payout": ("created", "updated", "paid", "failed", "canceled", "reconciliation_completed"),
    "invoice": (
        *_CHANGED, "finalized", "finalization_failed", "paid", "payment_failed", "payment_action_required",
        "payment_succeeded", "sent", "voided", "marked_uncollectible",
    ),
    "invoiceitem": ("created", "deleted"),
    "credit_note": ("created", "updated", "voided"),
}  # fmt: skip
EVENTS = tuple(f"{kind}.{change}" for kind, changes in _CHANGES.items() for change in changes)


def _unfinished(type_: str, object_type: ObjectType) -> bool:
    """Return whether an event is about a basket that never became an order."""
    return object_type is ObjectType.ORDER and type_ == "checkout.session.expired"


def _id(value: Any) -> str:
    """Return an id that stands alone or in an expanded object; "" where there is none."""
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


def _seconds(value: Any) -> int:
    return value if type(value) is int else 0
