"""Connects a venue to the first account of a sandbox, with what its control plane gives away."""

from typing import Any

import requests

from connections import keys, oauth, tokens
from connections.models import Connection, Method
from integrations.models import Venue
from integrations.providers import PROVIDERS
from integrations.providers.types import Account, Grant, ObjectType

_KEYS = {"square": "personal_token", "stripe": "restricted_key", "mailchimp": "api_key"}


def connect(provider: str, sandbox: str) -> Connection:
    """Return a live connection of a new venue."""
    state: dict[str, Any] = requests.get(f"{sandbox}/_control/state", timeout=10).json()[provider]
    account = next(iter(state.get("accounts") or state["merchants"]))
    Venue.objects.filter(slug="bench").delete()
    venue = Venue.objects.create(name="Bench", slug="bench")
    if provider in _KEYS:
        return keys.connect(PROVIDERS[provider], venue, account[_KEYS[provider]], user=None)
    confirmed = Account(account["id"], account["name"], {"currency": account["currency"]})
    connection = oauth.save_connection(
        venue, PROVIDERS[provider], confirmed, method=Method.OAUTH, user=None, existing=None
    )
    tokens.store(connection, Grant(**account["credentials"]))
    return connection


def first(provider: str) -> tuple[ObjectType, ...]:
    """Return what has to be read before the customers."""
    return PROVIDERS[provider].streams[ObjectType.CUSTOMER].needs
