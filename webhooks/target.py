"""Where registrations are made: the provider, a session that may make them, and the rows that stand for them."""

from dataclasses import dataclass

from connections import sessions
from integrations.providers.base import Provider, WebhookRegistrar
from integrations.providers.http import ApiSession
from integrations.providers.types import Hook, Subject
from webhooks import addresses
from webhooks.models import SubscriptionQuerySet, WebhookSubscription, WebhookUpkeep


@dataclass(frozen=True, slots=True)
class Target:
    """Where registrations of one row are made: the provider, and a session that may make them."""

    upkeep: WebhookUpkeep
    provider: Provider
    registrar: WebhookRegistrar
    api: ApiSession

    @property
    def rows(self) -> SubscriptionQuerySet:
        """Return the rows of all registrations that were ever made here."""
        return WebhookSubscription.objects.of(self.upkeep).select_related("connection")

    def marks(self, hooks: list[Hook]) -> list[tuple[str, Hook]]:
        """Return those at an address of ours, each with the fingerprint of its token."""
        key = self.provider.spec.key
        return [(addresses.fingerprint(token), hook) for hook in hooks if (token := addresses.token_in(key, hook.url))]


def of(upkeep: WebhookUpkeep, provider: Provider) -> Target | None:
    """Return where registrations are made; None when nobody may make them any more."""
    connection = upkeep.connection
    api = sessions.open_session(connection) if connection else sessions.of_application(provider)
    if provider.registrar is None or api is None:
        return None
    return Target(upkeep, provider, provider.registrar, api)


def subject(row: WebhookSubscription) -> Subject:
    """Return what a registration tells of."""
    return Subject(place=row.place, of_application=row.connection_id is None)
