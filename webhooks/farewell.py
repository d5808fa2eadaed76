"""How a connection that ends takes its registrations along, before the access to remove them is given back."""

import logging

from django.db.models.functions import Coalesce, Now

from connections import sessions
from connections.models import Connection
from integrations import catalogue
from integrations.problems import Problem
from integrations.providers.base import WebhookRegistrar
from integrations.providers.errors import ProviderError
from integrations.providers.http import ApiSession
from integrations.sealing import CannotOpen
from webhooks import addresses
from webhooks.models import WebhookSubscription
from webhooks.target import subject

logger = logging.getLogger(__name__)

_PATIENCE = 5.0  # seconds for each call: somebody waits for the page


def say(connection: Connection) -> dict[str, str]:
    """Remove what is registered for a connection that has just ended, and return the step of its disconnect.

    Nothing that is delivered is accepted from here on, and no secret is kept, whatever the provider answers. Whoever
    is registering something at this moment finds its row ended and removes it again.
    """
    provider, step = catalogue.provider_or_404(connection.provider), {"step": "remove_webhooks"}
    rows = list(WebhookSubscription.objects.filter(connection=connection, active=True, removed_at=None))
    _end(connection)
    if not rows or provider.registrar is None:
        return step | {"result": "skipped", "detail": "Nothing was registered there for this connection alone."}
    try:
        api = sessions.open_session(connection, patience=_PATIENCE)
        for row in rows:
            _remove(api, provider.registrar, row)
    except (ProviderError, Problem, CannotOpen) as error:
        extra = {"connection": str(connection.pk), "error": type(error).__name__}
        logger.warning("webhooks.farewell_failed", extra=extra)
        detail = f"{provider.spec.name} did not confirm that it stops telling us of changes. What it sends is refused."
        return step | {"result": "warning", "detail": detail}
    return step | {"result": "done", "detail": f"{provider.spec.name} no longer tells us of changes."}


def _end(connection: Connection) -> None:
    WebhookSubscription.objects.filter(connection=connection, active=True).update(
        active=False, signing_secret=None, previous_secret=None, retired_at=Coalesce("retired_at", Now())
    )


def _remove(api: ApiSession, registrar: WebhookRegistrar, row: WebhookSubscription) -> None:
    about = subject(row)
    for hook_id in [row.external_id] if row.external_id else _unconfirmed(api, registrar, row):
        registrar.remove(api, about, hook_id)
    WebhookSubscription.objects.filter(pk=row.pk).update(removed_at=Now())


def _unconfirmed(api: ApiSession, registrar: WebhookRegistrar, row: WebhookSubscription) -> list[str]:
    """Return the ids of what a request made whose answer was lost."""
    there = registrar.listed(api, subject(row))
    return [
        hook.id
        for hook in there
        if addresses.fingerprint(addresses.token_in(row.provider, hook.url)) == row.url_token_hash
    ]
