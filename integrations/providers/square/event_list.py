"""Which events Square told, asked again from its own list of them: Events API, version 2026-09-16, November 2026.

Only what happened while the application's owner had the list switched on (`PUT /v2/events/enable`) is in it. A list
that is off, or closed to the kind of access we hold, is refused with 403.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import orjson

from integrations.providers.http import ApiSession
from integrations.providers.square.paging import answers
from integrations.providers.types import JSON, RawDelivery

# Those that `webhooks.py` has an object for.
TYPES = (
    "catalog.version.updated", "customer.created", "customer.deleted", "customer.updated", "invoice.canceled",
    "invoice.created", "invoice.deleted", "invoice.payment_made", "invoice.published", "invoice.refunded",
    "invoice.scheduled_charge_failed", "invoice.updated", "location.created", "location.updated", "order.created",
    "order.fulfillment.updated", "order.updated", "payment.created", "payment.updated", "payout.failed", "payout.paid",
    "payout.sent", "refund.created", "refund.updated",
)  # fmt: skip


class SquareEventList:
    """A hundred events a call, oldest first."""

    reaches: ClassVar[timedelta] = timedelta(days=28)

    def since(self, api: ApiSession, account_id: str, moment: datetime) -> Iterator[list[RawDelivery]]:
        """Yield the events page by page, each as its delivery would have held it; see `base.EventList`."""
        wanted: JSON = {
            "event_types": list(TYPES),
            "merchant_ids": [account_id],  # a personal token sees those of all sellers
            "created_at": {"start_at": moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")},
        }
        asked = {"query": {"filter": wanted, "sort": {"order": "ASC"}}, "limit": 100}
        for answer in answers(api, "/v2/events", asked):
            yield [RawDelivery(orjson.dumps(event), {}) for event in answer.get("events") or []]
