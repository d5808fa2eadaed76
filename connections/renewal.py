"""Access renewed because a person asked: at once, or as the first thing a reconnect tries."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from connections import lifecycle, oauth, sessions, tokens
from connections.models import Connection, Method, OAuthToken, Status
from connections.oauth import Trip
from integrations import catalogue
from integrations.problems import Problem
from integrations.providers.base import CountedCheck
from integrations.providers.errors import (
    AuthExpired,
    AuthRevoked,
    Misconfigured,
    ProviderError,
    RateLimited,
)
from integrations.providers.types import Account
from integrations.sealing import CannotOpen

# Access with less than this left is renewed by the next session anyway.
_FRESH = timedelta(minutes=5)
_PATIENCE = 4.0  # seconds for each call: somebody waits for the answer
_ACCESS_IS_GONE = (AuthRevoked, AuthExpired, CannotOpen)


@dataclass(frozen=True, slots=True)
class Renewed:
    """The access as it stands, and whether it had to be renewed for that."""

    refreshed: bool
    token: OAuthToken


def renew(connection: Connection, *, force: bool = False) -> Renewed:
    """Renew the access unless it is fresh. Callers at the same moment share one call to the provider.

    Raises Problem not_refreshable, reauth_required, rate_limited, in_progress or provider_down.
    """
    name = catalogue.provider_or_404(connection.provider).spec.name
    if connection.method == Method.API_KEY:
        raise Problem("not_refreshable", f"{name} is connected with a key, and keys are replaced, not renewed.")
    if connection.status != Status.CONNECTED:
        raise lifecycle.needs_its_owner(connection)
    token = OAuthToken.objects.select_related("connection").filter(connection=connection).first()
    if token is None:
        raise lifecycle.needs_its_owner(connection)
    if token.refresh_token is None:
        raise Problem("not_refreshable", f"{name} gave us access that cannot be renewed. Reconnect when it ends.")
    ends = token.access_expires_at
    if not force and (ends is None or ends - _FRESH > timezone.now()):
        return Renewed(refreshed=False, token=token)
    try:
        return Renewed(refreshed=True, token=tokens.refresh(token))
    except _ACCESS_IS_GONE as error:
        lifecycle.lost(connection, _as_revoked(error))
        raise lifecycle.needs_its_owner(connection) from error
    except ProviderError as error:
        raise _not_now(name, error) from error


def reconnect(connection: Connection, *, user: Any, session_key: str, return_to: str) -> Trip | None:
    """Return None when the stored access turned out to work, or the trip that the owner has to make.

    Raises Problem reauth_required when a new key is needed, and as `renew` does when the provider cannot be asked.
    """
    provider = catalogue.provider_or_404(connection.provider)
    try:
        _try_access(connection)
    except _ACCESS_IS_GONE as error:
        lifecycle.lost(connection, _as_revoked(error))
        if connection.method == Method.API_KEY:
            raise Problem(
                "reauth_required",
                f"{provider.spec.name} no longer accepts the key. Give Backline a new one.",
                action={"label": "Give a new key", "href": f"/api/v1/integrations/{connection.provider}/api-key"},
            ) from error
        return oauth.begin(
            user=user, venue=connection.venue, provider=provider, session_key=session_key, return_to=return_to,
            reconnect=connection,
        )  # fmt: skip
    except ProviderError as error:
        raise _not_now(provider.spec.name, error) from error
    lifecycle.regained(connection, by=user)
    return None


def prove(connection: Connection, *, until: float | None = None) -> Account | None:
    """Return the account that the stored access opens, by the provider's own check.

    Where that check is counted the access is renewed instead, which is free and shows that it is accepted, but not
    whose it is: None. Everything is given up at `until` (monotonic). Raises a ProviderError, and Problem where this
    server has no application; that the access is gone is noted on the connection.
    """
    provider = catalogue.provider_or_404(connection.provider)
    try:
        if isinstance(provider.check, CountedCheck):
            _renew(connection, until)
            return None
        return provider.check.account(sessions.open_session(connection, patience=_PATIENCE, until=until))
    except _ACCESS_IS_GONE as error:
        gone = _as_revoked(error)
        lifecycle.lost(connection, gone)
        raise gone from None


def _try_access(connection: Connection) -> None:
    """Prove that the access works: a sign-in by renewing it, a key by using it."""
    if connection.method == Method.API_KEY:
        catalogue.provider_or_404(connection.provider).check.account(sessions.open_session(connection))
    else:
        _renew(connection)


def _renew(connection: Connection, until: float | None = None) -> None:
    token = OAuthToken.objects.select_related("connection").filter(connection=connection).first()
    if token is None:
        raise AuthRevoked("No access is stored.", code="no_token")
    tokens.refresh(token, until=until)


def _as_revoked(error: Exception) -> ProviderError:
    return error if isinstance(error, ProviderError) else AuthRevoked(str(error), code="cannot_open")


def _not_now(name: str, error: ProviderError) -> Problem:
    if isinstance(error, RateLimited):
        return Problem("rate_limited", f"{name} asked us to slow down.", retry_after=error.retry_after or 30)
    if error.code in ("refresh_busy", "refresh_lost"):
        return Problem(
            "in_progress", f"The access to {name} is being renewed already. Ask again in a moment.", retry_after=5
        )
    if isinstance(error, Misconfigured):
        return Problem(
            "exchange_failed", f"{name} does not accept this server's application. Its operator has been told."
        )
    return Problem(
        "provider_down", f"{name} is not answering. Nothing was changed. Ask again in a minute.", retry_after=60
    )
