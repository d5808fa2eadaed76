"""A seller at the sandbox, and an owner who walks through its consent page."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests
from django.contrib.auth.models import User

from connections import oauth
from connections.models import Connection
from connections.oauth import Trip
from integrations.models import Venue
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider
from tests.provider_sandbox import Sandbox

SIZES = {"customers": 3, "products": 1, "orders": 2, "refunds": 0, "payout_days": 1}
SESSION = "session-of-the-owner"


@pytest.fixture
def square() -> Provider:
    return PROVIDERS["square"]


@pytest.fixture
def seller(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.merchant(**SIZES)


def consent(trip: Trip, account_id: str, decision: str = "allow") -> dict[str, str]:
    """Answer the provider's consent page as an owner does, and return the query of the way back."""
    page = requests.get(trip.authorization_url, timeout=10)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    action = re.search(r'action="([^"]+)"', page.text)
    assert ticket, page.text[:300]
    assert action, page.text[:300]
    answers = {"ticket": ticket[1], "account": account_id, "decision": decision}
    answer = requests.post(urljoin(page.url, action[1]), answers, allow_redirects=False, timeout=10)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


@pytest.fixture
def set_out(sandbox: Sandbox, venue: Venue, owner: User, square: Provider) -> Callable[..., Trip]:
    """Begin a trip to the consent page."""

    def begin(**more: Any) -> Trip:
        return oauth.begin(**{"user": owner, "venue": venue, "provider": square, "session_key": SESSION} | more)

    return begin


@pytest.fixture
def come_back(owner: User, square: Provider) -> Callable[..., Connection]:
    """Complete a trip with the query that the provider sent along."""

    def complete(query: dict[str, str], **more: Any) -> Connection:
        given = {"provider": square, "user": owner, "session_key": SESSION} | more
        return oauth.complete(query=query, **given)[0]

    return complete


@pytest.fixture
def signed_in(set_out: Callable[..., Trip], come_back: Callable[..., Connection], seller: dict[str, Any]) -> Connection:
    """The venue connected to the seller through the consent page."""
    return come_back(consent(set_out(), seller["id"]))
