"""What is done with a delivery before it is answered: proved by its bytes, stored in one statement, nothing else.

What cannot be read, routed or used is stored as well and accepted: the provider has done its part, and QuickBooks
would hold back everything newer until it is.
"""

import hashlib
import logging
from dataclasses import dataclass

from integrations.ids import uuid7
from integrations.problems import Problem
from integrations.providers.base import Provider, WebhookReceiver
from integrations.providers.errors import BadRecord
from integrations.providers.types import ProviderEvent, RawDelivery
from webhooks import addresses, refusals, storing, subscriptions
from webhooks.models import Verdict, WebhookSubscription
from webhooks.storing import Source, clean

logger = logging.getLogger(__name__)

_KEPT_HEADERS = ("content-type", "user-agent")


@dataclass(frozen=True, slots=True)
class Told:
    """What a delivery says: its events, or the class and the sentence of why it cannot be read."""

    events: list[ProviderEvent]
    failure: tuple[str, str] = ("", "")


def receive(provider: Provider, delivery: RawDelivery, subscription: WebhookSubscription | None, token: str) -> int:
    """Store a delivery, however often it comes, and return how many events now wait for the drain.

    Raises Problem signature_invalid before the database is touched; a database error when nothing was stored, and
    CannotOpen when the subscription's secret cannot be used.
    """
    receiver = provider.webhooks
    assert receiver is not None  # noqa: S101 - the addresses are those of the receivers
    if not _is_proved(provider, receiver, delivery, subscription, token):
        refusals.note(provider.spec.key, delivery)
        raise Problem("signature_invalid", "The signature does not fit the body, the time or any secret known here.")
    return store(provider, delivery, read(provider, receiver, delivery), subscription)


def read(provider: Provider, receiver: WebhookReceiver, delivery: RawDelivery) -> Told:
    """Return what a verified delivery says. Never raises: what cannot be read is told as that."""
    try:
        return Told(receiver.parse(delivery))
    except BadRecord as error:
        return Told([_unread(delivery)], ("invalid_value", clean(str(error))[:500]))
    except Exception:  # a fault of ours must not make the provider hold back what is newer
        logger.exception("webhook.unread", extra={"provider": provider.spec.key})
        return Told([_unread(delivery)], ("ours", "We could not read this event. Our team has been told."))


def store(provider: Provider, delivery: RawDelivery, told: Told, subscription: WebhookSubscription | None) -> int:
    """Store the events in one statement, committed when it returns. Return how many of them are new and wait.

    Only the first row holds the bytes of the delivery.
    """
    source = Source(
        Verdict.ACCEPTED,
        connection=subscription.connection_id if subscription is not None else None,
        delivery=uuid7(),
        headers=_kept(provider.spec.key, delivery),
    )
    bodies = [delivery.body if place == 0 else b"" for place in range(len(told.events))]
    return storing.store(provider, told.events, bodies, source, failure=told.failure)


def _is_proved(
    provider: Provider,
    receiver: WebhookReceiver,
    delivery: RawDelivery,
    subscription: WebhookSubscription | None,
    token: str,
) -> bool:
    if subscription is not None and receiver.proved_by_address and not subscription.signing_secret:
        return bool(delivery.body)
    secrets = subscriptions.secrets_for(provider.spec.key, subscription)
    return receiver.verify(delivery, url=addresses.url(provider.spec.key, token), secrets=secrets)


def _unread(delivery: RawDelivery) -> ProviderEvent:
    """Return what stands for a delivery that says nothing; its bytes tell it apart."""
    key = hashlib.sha256(delivery.body).hexdigest()
    return ProviderEvent(key=key, account_id="", type="", object_type=None, external_id="", happened_at=None)


def _kept(provider: str, delivery: RawDelivery) -> dict[str, str]:
    """Return the headers worth keeping: never a signature, which is good for a replay."""
    return {
        name: clean(value)[:200]
        for name, value in delivery.headers.items()
        if (name in _KEPT_HEADERS or name.startswith(f"{provider}-")) and "signature" not in name
    }
