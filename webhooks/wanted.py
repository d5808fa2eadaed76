"""What should be registered for a connection, or for our application at a provider?"""

from collections.abc import Sequence

from django.conf import settings

from connections.models import Connection, Method
from integrations import catalogue, wishes
from integrations.providers.base import Provider
from integrations.providers.types import Subject
from webhooks.models import WebhookUpkeep


def now(upkeep: WebhookUpkeep, provider: Provider) -> list[Subject]:
    """Return what should be registered now: nothing for a connection that our application's registration tells of."""
    registrar, connection = provider.registrar, upkeep.connection
    if registrar is None:
        return []
    if connection is None:
        signed_in = Connection.objects.live().filter(
            provider=provider.spec.key, environment=catalogue.environment(), method=Method.OAUTH
        )
        is_needed = is_for_application(provider) and signed_in.exists()
        return [Subject(of_application=True)] if is_needed else []
    if registrar.by_application and connection.method == Method.OAUTH:
        return []
    if registrar.place is None:
        return [Subject()]
    chosen: Sequence[str] = wishes.of(connection.venue, provider).chosen.get(registrar.place, ())
    return [Subject(place=each) for each in chosen]


def is_for_application(provider: Provider) -> bool:
    """Return whether those who sign in are told of by a registration that we make ourselves.

    Where the operator registered one in the provider's portal, and set its secret, it stays the only one.
    """
    registrar, key = provider.registrar, provider.spec.key
    is_possible = registrar is not None and registrar.by_application and bool(settings.APPLICATION_TOKENS.get(key))
    return is_possible and not settings.WEBHOOK_SECRETS.get(key)
