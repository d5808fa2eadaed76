"""Pasted keys: checked live before anything is stored, replaced only by one that works for the same account."""

import dataclasses
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from connections import credentials, oauth, options, sessions
from connections.models import Connection, Method, OAuthToken, VenueApiKey
from integrations.models import Venue
from integrations.problems import Problem
from integrations.providers.base import Provider
from integrations.providers.errors import (
    AccountBlocked,
    AuthExpired,
    AuthRevoked,
    PermissionMissing,
    ProviderError,
)
from integrations.providers.types import Account
from integrations.sealing import Secret, fingerprint


def check(provider: Provider, key: str) -> Account:
    """Return the account behind a key, by a live call. Raises Problem; stores nothing."""
    if provider.key_auth is None:
        raise Problem("method_not_allowed", f"{provider.spec.name} does not take keys. Connect by signing in.")
    wrong = provider.key_auth.looks_right(key)
    if wrong:
        raise Problem("credentials_rejected", wrong)
    try:
        account = provider.check.account(sessions.with_key(provider, Secret(key)))
    except (AuthRevoked, AuthExpired) as error:
        raise Problem(
            "credentials_rejected", f"{provider.spec.name} does not accept this key. Copy it again."
        ) from error
    except PermissionMissing as error:
        raise Problem("insufficient_scope", _lacking(provider, error)) from error
    except AccountBlocked as error:
        raise Problem(
            "credentials_rejected",
            f"{provider.spec.name} has restricted the account of this key. Sort that out at {provider.spec.website}.",
        ) from error
    except ProviderError as error:
        raise Problem(
            "provider_down",
            f"{provider.spec.name} is not answering, so the key could not be checked. Nothing was stored.",
        ) from error
    return dataclasses.replace(account, details=provider.key_auth.details(key) | account.details)


def connect(provider: Provider, venue: Venue, key: str, *, user: Any) -> Connection:
    """Return a connection made with a key that was just seen to work. Raises Problem as `check` does."""
    oauth.refuse_second(venue, provider)
    connection = _save(provider, venue, key, check(provider, key), user=user, existing=None)
    options.settle(connection)
    return connection


def replace(provider: Provider, connection: Connection, key: str, *, user: Any) -> Connection:
    """Give a connection a new key of the same account; the old one stays until this one worked. Raises Problem."""
    account = check(provider, key)
    oauth.refuse_other_account(connection, account, provider)
    return _save(provider, connection.venue, key, account, user=user, existing=connection)


def _lacking(provider: Provider, error: PermissionMissing) -> str:
    """Return which permission is missing, in the provider's words and by the name that its settings show."""
    labels = {scope.name: scope.label for scope in provider.spec.scopes}
    if not error.scope:
        return f"This key lacks a permission that {provider.spec.name} did not name."
    told = f"“{labels[error.scope]}” ({error.scope})" if error.scope in labels else f"“{error.scope}”"
    return f"This key lacks the permission {told}. Add it at {provider.spec.website} and try again."


def _save(
    provider: Provider, venue: Venue, key: str, account: Account, *, user: Any, existing: Connection | None
) -> Connection:
    try:
        with transaction.atomic():
            connection = oauth.save_connection(
                venue, provider, account, method=Method.API_KEY, user=user, existing=existing
            )
            OAuthToken.objects.filter(connection=connection).delete()
            VenueApiKey.objects.filter(connection=connection, status=VenueApiKey.Status.ACTIVE).update(
                status=VenueApiKey.Status.RETIRED, key=None, retired_at=timezone.now()
            )
            row = VenueApiKey(connection=connection, fingerprint=fingerprint(key), last4=key[-4:], created_by=user)
            credentials.seal(row, "key", key)
            row.save()
    except IntegrityError as error:
        raise Problem(
            "conflict", f"This {provider.spec.name} account is connected to another venue. Disconnect it there first."
        ) from error
    return connection
