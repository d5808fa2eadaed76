"""What an operator has to paste where, and whether what was pasted works: one entry for each provider that delivers."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Max, OuterRef, Subquery

from connections.models import Connection
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider, WebhookReceiver
from webhooks import addresses, refusals, wanted
from webhooks.models import WebhookEvent


@dataclass(frozen=True, slots=True)
class Portal:
    """One provider's portal. `by_hand` tells whether our address has to be registered there by a person."""

    name: str
    by_hand: bool
    why: str
    where: str
    url: str
    events: tuple[str, ...]
    setting: str
    is_set: bool
    last_received_at: datetime | None
    refused: int


def overview() -> list[Portal]:
    """Return an entry for each provider that delivers. One query, and a question to the cache for each."""
    newest = WebhookEvent.objects.filter(connection=OuterRef("pk")).order_by("-received_at").values("received_at")[:1]
    known = Connection.objects.annotate(newest=Subquery(newest)).order_by().values_list("provider")
    last = dict(known.annotate(last=Max("newest")))
    return [
        _portal(provider, provider.webhooks, last.get(key)) for key, provider in PROVIDERS.items() if provider.webhooks
    ]


def _portal(provider: Provider, receiver: WebhookReceiver, last: datetime | None) -> Portal:
    key = provider.spec.key
    by_hand, why = _who(provider)
    return Portal(
        name=provider.spec.name,
        by_hand=by_hand,
        why=why,
        where=receiver.portal,
        url=addresses.url(key),
        events=receiver.portal_events,
        setting=f"{key.upper()}_WEBHOOK_SECRETS",
        is_set=bool(settings.WEBHOOK_SECRETS.get(key)),
        last_received_at=last,
        refused=refusals.count(key),
    )


def _who(provider: Provider) -> tuple[bool, str]:
    """Return whether a person has to register our address, and why or why not."""
    registrar, name = provider.registrar, provider.spec.name
    if registrar is None:
        return True, f"{name} takes addresses in its portal only. One entry tells of every company."
    if not registrar.by_application:
        return False, f"Backline registers a webhook for each connection by itself, and {name} signs each with its own."
    if wanted.is_for_application(provider):
        return False, "Backline registers one webhook for everybody who signs in, with the token of our application."
    return True, (
        "No token of our application is set, or its secret was set by hand: one entry in the portal tells of everybody "
        "who signs in. For pasted keys Backline registers webhooks by itself."
    )
