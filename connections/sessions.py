"""Opens authorised sessions to a provider; secrets leave their rows only into one of these."""

from datetime import timedelta

from django.db import connections as database_connections
from django.utils import timezone

from connections import credentials, tokens
from connections.models import Connection, Method, OAuthToken, VenueApiKey
from connections.pacing import AccountPace
from connections.sealing import Secret
from integrations import catalogue
from integrations.providers.base import Provider
from integrations.providers.errors import AuthRevoked
from integrations.providers.http import ApiSession

_RENEW_BEFORE = timedelta(minutes=5)


def open_session(connection: Connection) -> ApiSession:
    """Return a session with a fresh token. Raises AuthRevoked when there is none, or what a refresh raises."""
    provider = catalogue.provider_or_404(connection.provider)
    if connection.method == Method.API_KEY:
        key = VenueApiKey.objects.select_related("connection").filter(connection=connection, status="active").first()
        if key is None:
            raise AuthRevoked("No key is stored.", code="no_key")
        return with_key(provider, credentials.open_secret(key, "key"), account_id=connection.account_id)
    held = _HeldToken(connection)
    return _session(provider, authorization=held.authorization, renew=held.renew, account_id=connection.account_id)


def with_key(provider: Provider, key: Secret, *, account_id: str = "") -> ApiSession:
    """Return a session that shows `key`, stored or about to be checked."""
    return _session(provider, authorization=lambda: f"Bearer {key.reveal()}", account_id=account_id)


def for_app(provider: Provider) -> ApiSession:
    """Return a session without a venue's authorisation, for the provider's token endpoints."""
    return _session(provider)


def _session(provider: Provider, *, account_id: str = "", **authority: object) -> ApiSession:
    pace = AccountPace(provider.spec.key, account_id, provider.spec.limits) if account_id else None
    return ApiSession(
        base_url=catalogue.base_url(provider),
        headers=provider.spec.headers,
        classify=provider.classify,
        pace=pace,
        **authority,  # type: ignore[arg-type]
    )


class _HeldToken:
    """The access token of one session: opened once, renewed before it ends and once more when the provider says so."""

    def __init__(self, connection: Connection) -> None:
        token = OAuthToken.objects.select_related("connection").filter(connection=connection).first()
        if token is None:
            raise AuthRevoked("No access is stored.", code="no_token")
        if token.access_expires_at and token.access_expires_at - _RENEW_BEFORE < timezone.now() and token.refresh_token:
            token = tokens.refresh(token)
        self._hold(token)

    def authorization(self) -> str:
        return f"Bearer {self._access.reveal()}"

    def renew(self) -> None:
        """Called in the thread that reads ahead, too: its database connection is given back at once."""
        try:
            self._hold(tokens.refresh(self._token))
        finally:
            database_connections.close_all()

    def _hold(self, token: OAuthToken) -> None:
        self._token = token
        self._access = credentials.open_secret(token, "access_token")
