"""The life of a connection after it was made: lost, paused, resumed, ended. Each change is one conditional UPDATE."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from connections import credentials, tokens
from connections.models import Connection, OAuthToken, Status, VenueApiKey
from integrations import catalogue
from integrations.expressions import Appended
from integrations.models import IntegrationConfig, Venue
from integrations.problems import Problem
from integrations.providers.base import RevocableOAuth
from integrations.providers.errors import ProviderError
from integrations.sealing import CannotOpen

logger = logging.getLogger(__name__)

# What is done at the provider with the last of our access, and how that is told: "step", "result" and "detail".
Farewell = Callable[[Connection], dict[str, str]]


def happened(event: str, *, by: object = None, detail: str = "") -> models.Expression:
    """Return the expression that adds an entry to a connection's history."""
    entry = {"at": timezone.now().isoformat(), "event": event, "by": str(by) if by else "", "detail": detail}
    return Appended("history", entry)


def live(venue: Venue, provider: str) -> Connection:
    """Return the venue's live connection. Raises Problem not_connected."""
    found = Connection.objects.live().filter(venue=venue, provider=provider).select_related("venue").first()
    if found is None:
        name = catalogue.provider_or_404(provider).spec.name
        raise Problem("not_connected", f"{name} is not connected. Connect it first.")
    return found


def latest(venue: Venue, provider: str) -> Connection:
    """Return the venue's live connection, or else the one that ended last. Raises Problem not_connected."""
    ended = Connection.objects.filter(venue=venue, provider=provider, status=Status.DISCONNECTED)
    last = ended.select_related("venue").order_by("-disconnected_at").first()
    try:
        return live(venue, provider)
    except Problem:
        if last is None:
            raise
        return last


def authorised(venue: Venue, provider: str) -> Connection:
    """Return the venue's connection if it can be used now. Raises Problem not_connected or reauth_required."""
    found = live(venue, provider)
    if found.status != Status.CONNECTED:
        raise needs_its_owner(found)
    return found


def needs_its_owner(connection: Connection) -> Problem:
    """Return the refusal for what cannot be done before the owner reconnects."""
    name = catalogue.provider_or_404(connection.provider).spec.name
    return Problem(
        "reauth_required",
        f"{name} no longer accepts our access. Nothing is lost. Reconnect it first.",
        action={"label": "Reconnect", "href": f"/integrations/{connection.provider}/connect/"},
    )


def regained(connection: Connection, *, by: Any) -> bool:
    """Note that our access works again; waiting work goes on by itself. Return whether it had been lost."""
    changed = Connection.objects.filter(pk=connection.pk, status=Status.REAUTHORISE).update(
        status=Status.CONNECTED,
        status_since=timezone.now(),
        status_class="",
        status_detail="",
        history=happened("access_regained", by=by),
    )
    return bool(changed)


def lost(connection: Connection, error: ProviderError) -> bool:
    """Note that the provider no longer accepts our access; its work waits. Return whether this call was the first.

    A worker that still held the access from before a reconnect changes nothing: `connected_at` has moved on.
    """
    name = catalogue.provider_or_404(connection.provider).spec.name
    same_access = Connection.objects.filter(
        pk=connection.pk, status=Status.CONNECTED, connected_at=connection.connected_at
    )
    changed = same_access.update(
        status=Status.REAUTHORISE,
        status_since=timezone.now(),
        status_class=error.error_class,
        status_detail=f"{name} no longer accepts our access.",
        owner_told_at=None,
        telling_until=None,
        history=happened("access_lost", detail=error.code),
    )
    if changed:
        logger.warning("connection.lost", extra={"connection": str(connection.pk), "code": error.code})
    return bool(changed)


def pause(connection: Connection, *, by: Any, until: datetime | None = None, reason: str = "") -> None:
    """Hold the connection's syncs, until a time or until resumed. Waiting work stays."""
    IntegrationConfig.objects.filter(venue=connection.venue_id, integration=connection.provider).update(
        paused_at=timezone.now(), paused_until=until, paused_by=by, pause_reason=reason
    )
    Connection.objects.filter(pk=connection.pk).update(history=happened("paused", by=by, detail=reason))


def resume(connection: Connection, *, by: Any) -> None:
    """Let the connection's syncs go on."""
    IntegrationConfig.objects.filter(venue=connection.venue_id, integration=connection.provider).update(
        paused_at=None, paused_until=None, paused_by=None, pause_reason=""
    )
    Connection.objects.filter(pk=connection.pk).update(history=happened("resumed", by=by))


def disconnect(
    connection: Connection, *, by: Any, reason: str = "", revoke: bool = True, farewell: Farewell | None = None
) -> list[dict[str, str]]:
    """End a connection and return what happened, step by step. Called twice, the second says there was nothing to do.

    Order matters: the status first, so that no worker claims or goes on; then the provider, where `farewell` needs the
    access before it is given back; then the secrets, which are destroyed whether or not the provider confirmed.
    """
    ended = Connection.objects.filter(pk=connection.pk).exclude(status=Status.DISCONNECTED)
    if not ended.update(
        status=Status.DISCONNECTED,
        status_since=timezone.now(),
        status_class="",
        status_detail=reason[:300],
        disconnected_at=timezone.now(),
        history=happened("disconnected", by=by, detail=reason),
    ):
        return [{"step": "disconnect", "result": "nothing_to_do", "detail": "It was not connected."}]
    steps = [{"step": "stop_syncs", "result": "done", "detail": "Running syncs stop at their next page."}]
    if farewell:
        steps.append(farewell(connection))
    if revoke:
        steps.append(_revoke(connection))
    _destroy_secrets(connection)
    steps.append({"step": "destroy_access", "result": "done", "detail": "Our stored access was destroyed."})
    logger.info("connection.disconnected", extra={"connection": str(connection.pk), "steps": len(steps)})
    return steps


def _revoke(connection: Connection) -> dict[str, str]:
    provider = catalogue.provider_or_404(connection.provider)
    name, step = provider.spec.name, {"step": "revoke"}
    if connection.method != "oauth":
        return step | {"result": "skipped", "detail": f"Delete the key at {provider.spec.website} yourself."}
    if not isinstance(provider.oauth, RevocableOAuth):
        return step | {"result": "skipped", "detail": f"{name} lets only you remove Backline from your connected apps."}
    try:
        provider.oauth.revoke(
            tokens.for_app(provider),
            catalogue.app_credentials(provider),
            account_id=connection.account_id,
            token=_last_token(connection),
        )
    except (ProviderError, Problem, CannotOpen) as error:
        Connection.objects.filter(pk=connection.pk).update(revoked_at_provider=False)
        logger.warning(
            "connection.revoke_failed", extra={"connection": str(connection.pk), "error": type(error).__name__}
        )
        return step | {
            "result": "warning",
            "detail": f"{name} did not confirm. Remove Backline there under your connected apps.",
        }
    Connection.objects.filter(pk=connection.pk).update(revoked_at_provider=True)
    return step | {"result": "done", "detail": f"{name} ended our access."}


def _last_token(connection: Connection) -> str:
    """Return the refresh token, the access token where there is none, or nothing. Raises CannotOpen."""
    row = OAuthToken.objects.select_related("connection").filter(connection=connection).first()
    if row is None:
        return ""
    return credentials.open_secret(row, "refresh_token" if row.refresh_token else "access_token").reveal()


@transaction.atomic
def _destroy_secrets(connection: Connection) -> None:
    OAuthToken.objects.filter(connection=connection).delete()
    VenueApiKey.objects.filter(connection=connection).update(
        key=None, status=VenueApiKey.Status.RETIRED, retired_at=timezone.now()
    )
