"""Opens authorised sessions to a provider; secrets leave their rows only into one of these."""

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connections as database_connections
from django.utils import timezone

from connections import credentials, tokens
from connections.breaker import Breaker
from connections.models import Connection, Method, OAuthToken, VenueApiKey
from connections.pacing import AccountPace
from integrations import catalogue
from integrations.providers.base import Provider
from integrations.providers.errors import AuthRevoked
from integrations.providers.http import ApiSession
from integrations.providers.types import Access, Grant
from integrations.sealing import Secret

_RENEW_BEFORE = timedelta(minutes=5)


def open_session(connection: Connection, *, patience: float | None = None, until: float | None = None) -> ApiSession:
    """Return a session with a fresh token, each of whose calls may take `patience` seconds where that is given.

    Where `until` (monotonic) is given everything is given up then, also the renewal of the access. Raises AuthRevoked
    when there is no token, or what a refresh raises.
    """
    provider = catalogue.provider_or_404(connection.provider)
    if connection.method == Method.API_KEY:
        key = VenueApiKey.objects.select_related("connection").filter(connection=connection, status="active").first()
        if key is None:
            raise AuthRevoked("No key is stored.", code="no_key")
        secret = credentials.open_secret(key, "key")
        return _session(provider, lambda: _access(provider, connection, secret), patience=patience, until=until)
    held = _HeldToken(provider, connection, until)
    return _session(provider, held.access, renew=held.renew, patience=patience, until=until)


def with_key(provider: Provider, key: Secret) -> ApiSession:
    """Return a session that shows a key which is about to be checked."""
    assert provider.key_auth is not None  # noqa: S101 - a key is only asked for where keys are taken
    details = provider.key_auth.details(key.reveal())
    return _session(provider, lambda: Access(key.reveal(), method=Method.API_KEY, details=details))


def of_application(provider: Provider) -> ApiSession | None:
    """Return a session that speaks for our application itself; None where the operator has set no token for that."""
    token = settings.APPLICATION_TOKENS.get(provider.spec.key)
    return with_key(provider, Secret(token)) if token and provider.key_auth else None


def with_grant(provider: Provider, grant: Grant) -> ApiSession:
    """Return a session that shows a grant which is about to be confirmed."""
    access = Access(
        grant.access_token, account_id=grant.account_id, details=grant.details, app=catalogue.app_credentials(provider)
    )
    return _session(provider, lambda: access)


def _session(
    provider: Provider,
    access: Callable[[], Access],
    *,
    renew: Callable[[Mapping[str, str]], None] | None = None,
    patience: float | None = None,
    until: float | None = None,
) -> ApiSession:
    first = access()
    return ApiSession(
        base_url=provider.entrance.address(catalogue.base_url(provider), first),
        headers=provider.spec.headers,
        classify=provider.classify,
        pace=AccountPace(provider.spec.key, first.account_id, provider.spec.limits) if first.account_id else None,
        guard=Breaker(provider.spec.key, first.account_id) if first.account_id else None,
        call_class=provider.call_class,
        other_bases=catalogue.other_bases(provider),
        authorization=lambda: provider.entrance.headers(access()),
        renew=renew,
        account=first.details,
        repeats_timeouts=provider.spec.limits.repeats_timeouts,
        patience=patience,
        until=until,
    )


def _access(provider: Provider, connection: Connection, secret: Secret) -> Access:
    by_sign_in = connection.method == Method.OAUTH
    return Access(
        secret.reveal(),
        method=connection.method,
        account_id=connection.account_id,
        details=connection.account_details,
        app=catalogue.app_credentials(provider) if by_sign_in else None,
    )


class _HeldToken:
    """The access token of one session: opened once, renewed before it ends and once more when the provider says so."""

    def __init__(self, provider: Provider, connection: Connection, until: float | None) -> None:
        token = OAuthToken.objects.select_related("connection").filter(connection=connection).first()
        if token is None:
            raise AuthRevoked("No access is stored.", code="no_token")
        if token.access_expires_at and token.access_expires_at - _RENEW_BEFORE < timezone.now() and token.refresh_token:
            token = tokens.refresh(token, until=until)
        self._provider, self._connection, self._until = provider, connection, until
        self._renewing = threading.Lock()
        self._hold(token)

    def access(self) -> Access:
        return self._access

    def renew(self, refused: Mapping[str, Any]) -> None:
        """Called in the threads that read ahead, too: their database connections are given back at once.

        When several of them were refused at the same moment, the first renews and the others find it done.
        """
        with self._renewing:
            if dict(refused) != self._provider.entrance.headers(self._access):
                return
            try:
                self._hold(tokens.refresh(self._token, until=self._until))
            finally:
                database_connections.close_all()

    def _hold(self, token: OAuthToken) -> None:
        self._token = token
        self._access = _access(self._provider, self._connection, credentials.open_secret(token, "access_token"))
