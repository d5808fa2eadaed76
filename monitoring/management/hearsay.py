"""Whether what changes at the sandbox is told to us, and leads to our holding it."""

import requests
from django.conf import settings

from connections.models import Connection
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from monitoring.management import oracle
from webhooks import reports
from webhooks.models import Verdict, WebhookEvent

_CHANGED = 3


def is_awaited(connection: Connection) -> bool:
    """Return whether the provider was asked to tell us; its portal, where only that can be, by the launcher."""
    if PROVIDERS[connection.provider].registrar is None:
        return True
    return any(each["active"] for each in reports.of(connection))


def change_customers(connection: Connection) -> None:
    """Let the venue's people change a few customers there."""
    kind = oracle.KINDS[connection.provider][ObjectType.CUSTOMER]
    url = f"{settings.SANDBOX_URL}/_control/{connection.provider}/{connection.account_id}/change"
    requests.post(url, json={kind: _CHANGED}, timeout=60).raise_for_status()


def is_here(connection: Connection) -> bool:
    """Return whether events of the connection came in, and all customers are here as they are there."""
    came = WebhookEvent.objects.filter(connection=connection, verdict=Verdict.ACCEPTED, object_type=ObjectType.CUSTOMER)
    return came.exists() and oracle.verdict(connection, ObjectType.CUSTOMER).agrees
