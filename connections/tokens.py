"""Renews access: one refresher for each token across all processes, the call outside any transaction.

A lease on the token's row decides who calls; everyone else waits and takes what was stored. What was obtained is
stored before it is used. Only the provider's clear "no" ends a grant; a time-out never does.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from connections import credentials
from connections.models import Connection, OAuthToken
from integrations import catalogue
from integrations.problems import Problem
from integrations.providers.base import Provider, RefreshableOAuth
from integrations.providers.errors import AuthRevoked, ProviderError, Transient
from integrations.providers.http import ApiSession
from integrations.providers.types import Grant
from integrations.sealing import CannotOpen

logger = logging.getLogger(__name__)
_LEASE = timedelta(seconds=30)
_PATIENCE = 10.0
_GRANT_ENDS_WITHIN = timedelta(days=30)


def refresh(token: OAuthToken, *, until: float | None = None) -> OAuthToken:
    """Return the token's row with access newer than `token`, renewed by this call or by another's.

    It is given up at `until` (monotonic) where that is given. Raises AuthRevoked when the provider refused, Transient
    when it did not answer or another refresher took too long.
    """
    me = f"{os.getpid()}:{threading.get_ident()}"
    give_up_at = min(time.monotonic() + _PATIENCE, math.inf if until is None else until)
    while True:
        if _claim(token, me):
            return _renew(token, me, until)
        current = OAuthToken.objects.select_related("connection").filter(pk=token.pk).first()
        if current is None:
            raise AuthRevoked("The access was removed meanwhile.", code="no_token")
        if current.version != token.version:
            return current
        if time.monotonic() > give_up_at:
            raise Transient("Another worker is renewing the access and has not finished.", code="refresh_busy")
        time.sleep(0.05)


def store(connection: Connection, grant: Grant) -> OAuthToken:
    """Store the first grant of a connection, or one that replaces a refused one. To be called in a transaction."""
    current = OAuthToken.objects.filter(connection=connection).first()
    token = OAuthToken(connection=connection, pk=current.pk if current else None)
    token.version = current.version + 1 if current else 1
    credentials.seal(token, "access_token", grant.access_token)
    if grant.refresh_token:
        credentials.seal(token, "refresh_token", grant.refresh_token)
    token.access_expires_at, token.refresh_expires_at = grant.access_expires_at, grant.refresh_expires_at
    token.refresh_ends_at = grant.refresh_ends_at
    token.save()
    return token


def renew_expiring(
    within: timedelta, *, refused: Callable[[Connection, ProviderError], object] = lambda connection, error: None
) -> int:
    """Refresh the access that would end unused, a few at a time, and return how many were renewed. For the schedule.

    `refused` is told of each connection whose access the provider has ended, so that it is not asked again.
    """
    renewed = 0
    due = Connection.objects.with_access_to_renew(timezone.now(), within, _GRANT_ENDS_WITHIN)
    for connection in due.select_related("oauth_token")[:50]:
        try:
            refresh(connection.oauth_token)
            renewed += 1
        except (ProviderError, Problem, CannotOpen) as error:  # one that cannot be renewed must not hold up the others
            if isinstance(error, AuthRevoked):
                refused(connection, error)
            code = getattr(error, "code", "cannot_open")
            logger.warning("token.not_renewed", extra={"connection": str(connection.pk), "code": code})
    return renewed


def _claim(token: OAuthToken, me: str) -> bool:
    free = Q(refresh_until=None) | Q(refresh_until__lt=Now())
    claimed = OAuthToken.objects.filter(free, pk=token.pk, version=token.version)
    return bool(claimed.update(refresh_owner=me, refresh_until=Now() + _LEASE))


def _renew(token: OAuthToken, me: str, until: float | None) -> OAuthToken:
    provider = catalogue.provider_or_404(token.connection.provider)
    mine = OAuthToken.objects.filter(pk=token.pk, version=token.version, refresh_owner=me)
    try:
        grant = _ask_twice(provider, token, until)
    except (ProviderError, Problem, CannotOpen) as error:
        why = getattr(error, "code", "cannot_open")
        mine.update(refresh_until=None, failures=F("failures") + 1, last_failure=why[:300])
        raise
    stored = mine.update(
        access_token=credentials.sealed(token, "access_token", grant.access_token),
        refresh_token=credentials.sealed(token, "refresh_token", grant.refresh_token)
        if grant.refresh_token
        else F("refresh_token"),
        access_expires_at=grant.access_expires_at,
        refresh_expires_at=grant.refresh_expires_at,
        refresh_ends_at=grant.refresh_ends_at or F("refresh_ends_at"),
        obtained_at=timezone.now(),
        version=F("version") + 1,
        refresh_until=None,
        failures=0,
        last_failure="",
    )
    if not stored:
        raise Transient("The access changed while it was being renewed.", code="refresh_lost")
    logger.info("token.renewed", extra={"connection": str(token.connection_id)})
    return OAuthToken.objects.select_related("connection").get(pk=token.pk)


def _ask_twice(provider: Provider, token: OAuthToken, until: float | None) -> Grant:
    """Return the provider's new grant. A "no" that follows a lost answer is asked once more, with what is stored now.

    Where refresh tokens rotate, an answer that never reached us may have used ours up, or another process may have
    stored a newer one after all.
    """
    try:
        return _ask(provider, token, until)
    except AuthRevoked:
        newest = OAuthToken.objects.select_related("connection").filter(pk=token.pk).first()
        if newest is None or (newest.version == token.version and not newest.failures):
            raise
        return _ask(provider, newest, until)


def _ask(provider: Provider, token: OAuthToken, until: float | None) -> Grant:
    if not isinstance(provider.oauth, RefreshableOAuth) or token.refresh_token is None:
        raise AuthRevoked("This access cannot be renewed.", code="not_refreshable")
    secret = credentials.open_secret(token, "refresh_token")
    return provider.oauth.refresh(
        for_app(provider, until=until), catalogue.app_credentials(provider), refresh_token=secret.reveal()
    )


def for_app(provider: Provider, *, until: float | None = None) -> ApiSession:
    """Return a session without a venue's authorisation, for the provider's token endpoints."""
    return ApiSession(
        base_url=catalogue.base_url(provider, "token"),
        headers=provider.spec.headers,
        classify=provider.classify,
        call_class=provider.call_class,
        other_bases=catalogue.other_bases(provider),
        until=until,
    )
