"""Which events Stripe told, asked again from its own list of them, which goes back thirty days."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import ClassVar

import orjson

from integrations.providers.http import ApiSession
from integrations.providers.stripe.streams.paging import pages
from integrations.providers.types import RawDelivery


class StripeEventList:
    """A hundred events a call, newest first.

    Of all types: a filter takes at most twenty, we need more, and two lists cost more calls than one. Not only those
    that Stripe failed to deliver: an endpoint may have said yes to one and lost it, or been registered later.
    """

    reaches: ClassVar[timedelta] = timedelta(days=30)

    def since(self, api: ApiSession, account_id: str, moment: datetime) -> Iterator[list[RawDelivery]]:
        """Yield the events page by page, each as its delivery would have held it; see `base.EventList`."""
        for listed in pages(api, "/v1/events", {"created[gte]": int(moment.timestamp())}):
            yield [RawDelivery(orjson.dumps(event), {}) for event in listed.entries]
