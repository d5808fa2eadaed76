"""What an owner can choose to read from, asked live: the locations or audiences of the account that is connected."""

import logging

from connections import sessions
from connections.models import Connection, Status
from integrations import catalogue, wishes
from integrations.problems import Problem
from integrations.providers.base import Provider
from integrations.providers.errors import AuthRevoked, ProviderError
from integrations.providers.types import Option
from integrations.sealing import CannotOpen, Secret

logger = logging.getLogger(__name__)
_PATIENCE = 4.0  # seconds: somebody waits for the page


def ask(connection: Connection) -> list[Option]:
    """Return what the account offers, the likeliest first; nothing where there is nothing to choose.

    Raises a ProviderError when the provider does not answer in a moment, or no longer accepts our access.
    """
    provider = catalogue.provider_or_404(connection.provider)
    if provider.chooser is None:
        return []
    if connection.status != Status.CONNECTED:
        raise AuthRevoked("The access has ended.", code="not_connected")
    try:
        return provider.chooser.options(sessions.open_session(connection, patience=_PATIENCE))
    except (CannotOpen, Problem) as error:
        raise AuthRevoked(str(error), code="cannot_open") from error


def ask_with_key(provider: Provider, key: str) -> list[str] | None:
    """Return the ids that a key's account offers; None where they cannot be told: the key's own check says why."""
    if provider.chooser is None or provider.key_auth is None or provider.key_auth.looks_right(key):
        return None
    try:
        return [option.id for option in provider.chooser.options(sessions.with_key(provider, Secret(key)))]
    except ProviderError:
        return None


def settle(connection: Connection) -> None:
    """After a connect: see to it that what must be chosen is chosen. Where that fails the page asks its owner.

    To be called outside any transaction. Never raises for a provider that does not answer.
    """
    provider = catalogue.provider_or_404(connection.provider)
    chooser = provider.chooser
    if chooser is None or (chooser.many and not wishes.of(connection.venue, provider).chosen):
        return
    try:
        wishes.settle(connection.venue, provider, ask(connection))
    except ProviderError as error:
        extra = {"connection": str(connection.pk), "code": error.code}
        logger.warning("connection.choice_left_open", extra=extra)
