"""Which subscription an address belongs to, and with which secrets its deliveries may be signed."""

from django.conf import settings
from django.db.models import Q

from connections import credentials
from connections.models import Status
from integrations.problems import Problem
from webhooks import addresses
from webhooks.models import WebhookSubscription


def by_token(provider: str, token: str) -> WebhookSubscription:
    """Return the accepted subscription of a live connection, or of our application. Raises Problem not_found.

    What a connection that has ended left registered at the provider is not known any more; the provider gives up
    delivering there after a while.
    """
    live = Q(active=True, provider=provider) & (Q(connection=None) | ~Q(connection__status=Status.DISCONNECTED))
    known = WebhookSubscription.objects.select_related("connection")
    found = (
        known.filter(live, url_token_hash=addresses.fingerprint(token)).first()
        if addresses.may_be_token(token)
        else None
    )
    if found is None:
        raise Problem("not_found", "Nothing is delivered to this address.")
    return found


def secrets_for(provider: str, subscription: WebhookSubscription | None) -> list[str]:
    """Return every secret that may have signed a delivery: the application's, and the subscription's new and old one.

    Raises CannotOpen when a stored one cannot be opened.
    """
    known = list(settings.WEBHOOK_SECRETS.get(provider, []))
    for name in ("signing_secret", "previous_secret"):
        if subscription is not None and getattr(subscription, name):
            known.append(credentials.open_secret(subscription, name).reveal())
    return known
