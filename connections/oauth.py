"""The trip to a provider's consent page and back: begin, then complete exactly once.

A state is 32 random bytes, stored as a hash with the user, the session, the venue and the provider it was made for.
Completing consumes it by one conditional UPDATE before anything else happens, so a second use finds nothing.
"""

import base64
import hashlib
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from connections import credentials, options, sessions, tokens
from connections.lifecycle import happened
from connections.models import Connection, Method, OAuthState, Status
from integrations import catalogue, wishes
from integrations.models import Role, Venue
from integrations.permissions import venue_for
from integrations.problems import Problem
from integrations.providers.base import Provider
from integrations.providers.errors import ProviderError, Transient
from integrations.providers.types import Account, Grant

logger = logging.getLogger(__name__)
LIFETIME = timedelta(minutes=10)
RETURN_TO = ("welcome", "connection", "integrations")


class Denied(Exception):
    """The owner pressed Deny at the provider. Carries the venue, so that the page can offer another try."""

    def __init__(self, venue: Venue) -> None:
        super().__init__("access denied")
        self.venue = venue


@dataclass(frozen=True, slots=True)
class Trip:
    """Where to send the browser, and until when it may come back."""

    authorization_url: str
    expires_at: datetime


def begin(
    *,
    user: Any,
    venue: Venue,
    provider: Provider,
    session_key: str,
    return_to: str = "welcome",
    reconnect: Connection | None = None,
) -> Trip:
    """Return the trip to the provider's consent page. Raises Problem already_connected or when nothing is set up."""
    app = catalogue.app_credentials(provider)
    if provider.oauth is None:
        raise Problem("conflict", f"{provider.spec.name} is connected with a key, not with a sign-in.")
    if reconnect is None:
        refuse_second(venue, provider)
    if not session_key:
        raise Problem("forbidden", f"Signing in to {provider.spec.name} takes a person in a browser; a token has none.")
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    row = OAuthState(
        state_hash=_hash(state),
        venue=venue,
        user=user,
        provider=provider.spec.key,
        session_hash=_hash(session_key),
        connection=reconnect,
        return_to=return_to if return_to in RETURN_TO else "welcome",
        expires_at=timezone.now() + LIFETIME,
    )
    credentials.seal(row, "pkce_verifier", verifier)
    row.save()
    path = provider.oauth.authorize_url(
        app,
        redirect_uri=redirect_uri(provider),
        state=state,
        challenge=_challenge(verifier),
        sandbox=bool(settings.SANDBOX_URL),
    )
    logger.info("oauth.began", extra={"venue": str(venue.pk), "provider": provider.spec.key})
    return Trip(catalogue.base_url(provider, "authorize") + path, row.expires_at)


def complete(*, provider: Provider, query: Mapping[str, str], user: Any, session_key: str) -> tuple[Connection, str]:
    """Return the connection that a callback made, and the name of the page to show.

    Raises Denied when the owner declined; Problem state_invalid, state_expired, state_used, state_foreign_session or
    state_wrong_provider, different_account, conflict, exchange_failed or provider_down otherwise. Never called twice
    with effect.
    """
    state = _consume(provider, query.get("state", ""), user, session_key)
    venue = venue_for(user, str(state.venue_id), at_least=Role.VENUE_ADMIN)  # the role may be gone since the trip began
    if query.get("error"):
        raise Denied(venue)
    grant, account = _exchange(provider, state, query)
    connection = _store(provider, state, grant, account)
    if state.connection_id is None:
        options.settle(connection)
    logger.info("oauth.completed", extra={"connection": str(connection.pk), "provider": provider.spec.key})
    return connection, state.return_to


def redirect_uri(provider: Provider) -> str:
    """Return the one address that is registered at the provider; from settings, never from a request."""
    return f"{settings.PUBLIC_URL}/api/v1/integrations/oauth/callback/{provider.spec.key}"


def refuse_second(venue: Venue, provider: Provider) -> None:
    """Raise Problem already_connected for a second live connection, conflict for a provider that is switched off."""
    catalogue.refuse_disabled(provider)
    if Connection.objects.live().filter(venue=venue, provider=provider.spec.key).exists():
        raise Problem(
            "already_connected", f"{provider.spec.name} is connected already. Reconnect it, or disconnect it first."
        )


def save_connection(
    venue: Venue, provider: Provider, account: Account, *, method: Method, user: Any, existing: Connection | None
) -> Connection:
    """Return the venue's connection to the account: the live one, an ended one revived, or a new one.

    To be called in a transaction. An account that was connected here before keeps its links, bookmarks and history.
    """
    found = existing or _known_before(venue, provider, account)
    now = timezone.now()
    values = {
        "environment": catalogue.environment(),
        "method": method,
        "account_id": account.id,
        "account_name": account.name[:200],
        "account_details": account.details | ({"mode": account.mode} if account.mode else {}),
        "scopes": list(account.scopes),
        "status": Status.CONNECTED,
        "status_since": now,
        "status_class": "",
        "status_detail": "",
        "connected_by": user,
        "connected_at": now,
        "disconnected_at": None,
        "revoked_at_provider": None,
    }
    if found is None:
        found = Connection.objects.create(venue=venue, provider=provider.spec.key, **values)
    else:
        Connection.objects.filter(pk=found.pk).update(**values)
    Connection.objects.filter(pk=found.pk).update(history=happened("connected", by=user, detail=account.name))
    wishes.of(venue, provider)
    return Connection.objects.select_related("venue").get(pk=found.pk)


def _known_before(venue: Venue, provider: Provider, account: Account) -> Connection | None:
    """Return the ended connection to the same account in the same mode; test data never joins live data."""
    before = Connection.objects.filter(
        venue=venue, provider=provider.spec.key, environment=catalogue.environment(), account_id=account.id
    )
    same_mode = (
        each for each in before.order_by("-connected_at") if each.account_details.get("mode", "") == account.mode
    )
    return next(same_mode, None)


def refuse_other_account(existing: Connection | None, account: Account, provider: Provider) -> None:
    """Raise Problem different_account when a live connection would silently become another account's."""
    if existing is not None and existing.account_id != account.id:
        raise Problem(
            "different_account",
            f"You signed in to {account.name or 'another account'}, but this venue is connected to "
            f"{existing.account_name or existing.account_id}. Sign in to that one, or disconnect first.",
        )
    if existing is not None and existing.account_details.get("mode", account.mode) != account.mode:
        raise Problem(
            "different_account",
            f"This is {provider.spec.name}'s {account.mode} mode, but this venue is connected to its "
            f"{existing.account_details['mode']} mode. The two never mix: disconnect first.",
        )


def _consume(provider: Provider, state: str, user: Any, session_key: str) -> OAuthState:
    found = OAuthState.objects.filter(state_hash=_hash(state))
    mine = found.filter(
        provider=provider.spec.key,
        user=user,
        session_hash=_hash(session_key),
        used_at=None,
        expires_at__gt=Now(),
    )
    if state and mine.update(used_at=Now()):
        return found.select_related("venue", "connection").get()
    raise _why_not(found.first() if state else None, provider, user, session_key)


def _why_not(row: OAuthState | None, provider: Provider, user: Any, session_key: str) -> Problem:
    again = "Start again from the integrations page."
    if row is None:
        return Problem("state_invalid", f"We did not begin this sign-in. {again}")
    if row.user_id != user.pk or row.session_hash != _hash(session_key):
        return Problem("state_foreign_session", f"This sign-in began in another browser or by another person. {again}")
    if row.provider != provider.spec.key:
        return Problem("state_wrong_provider", f"This sign-in began for another provider. {again}")
    if row.used_at is not None:
        return Problem("state_used", "This sign-in was finished already. Nothing more was done.")
    return Problem("state_expired", f"This sign-in took longer than ten minutes. {again}")


def _exchange(provider: Provider, state: OAuthState, query: Mapping[str, str]) -> tuple[Grant, Account]:
    assert provider.oauth is not None  # noqa: S101 - a state exists only where there is a sign-in
    name = provider.spec.name
    try:
        grant = provider.oauth.exchange(
            tokens.for_app(provider),
            catalogue.app_credentials(provider),
            code=query.get("code", ""),
            redirect_uri=redirect_uri(provider),
            verifier=credentials.open_secret(state, "pkce_verifier").reveal(),
            query=query,
        )
        account = provider.check.account(sessions.with_grant(provider, grant))
    except Transient as error:
        logger.warning("oauth.provider_down", extra={"provider": provider.spec.key, "code": error.code})
        raise Problem(
            "provider_down", f"{name} is not answering, so the sign-in could not be finished. Nothing was stored."
        ) from error
    except ProviderError as error:
        logger.warning("oauth.exchange_failed", extra={"provider": provider.spec.key, "code": error.code})
        raise Problem(
            "exchange_failed", f"{name} did not confirm the sign-in. Nothing was stored. Try again."
        ) from error
    if grant.account_id and grant.account_id != account.id:
        raise Problem("exchange_failed", f"{name} gave access to one account and showed another. Nothing was stored.")
    return grant, replace(account, details=grant.details | account.details)


def _store(provider: Provider, state: OAuthState, grant: Grant, account: Account) -> Connection:
    venue = state.venue
    try:
        with transaction.atomic():
            existing = (
                Connection.objects.live().select_for_update().filter(venue=venue, provider=provider.spec.key).first()
            )
            refuse_other_account(existing, account, provider)
            connection = save_connection(
                venue, provider, account, method=Method.OAUTH, user=state.user, existing=existing
            )
            tokens.store(connection, grant)
    except IntegrityError as error:
        raise Problem(
            "conflict", f"This {provider.spec.name} account is connected to another venue. Disconnect it there first."
        ) from error
    return connection


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
