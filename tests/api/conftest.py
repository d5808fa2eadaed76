"""Clients of the API, signed in as one of the cast."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from integrations import api_tokens, shared, throttling
from integrations.models import Venue, VenueMembership

SignedIn = Callable[[Any], APIClient]


@pytest.fixture(autouse=True)
def _counts_of_nobody() -> None:
    """Those who are not signed in are one and the same to the limits; each test begins with what may be sent."""
    shared.store.delete(*(f"backline:api:address:127.0.0.1:{each.name}" for each in throttling.policies()))


@pytest.fixture
def as_user() -> SignedIn:
    """Return a client signed in as the given person."""

    def signed_in(user: Any) -> APIClient:
        client = APIClient()
        client.force_login(user)
        return client

    return signed_in


def bringing(token: str) -> APIClient:
    """Return a client without a session that brings the token with every request; it does mind CSRF."""
    client = APIClient(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def bearing(user: Any, venue: Venue, scope: str) -> APIClient:
    """Return a client that brings a new token of the person's, with the scope."""
    member = VenueMembership.objects.get(user=user, venue=venue)
    return bringing(api_tokens.make(member, name=f"For {scope}", scopes=[scope], days=90).token)


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    """The API's own description."""
    get_resolver()  # the addresses are loaded before they are described
    described: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return described
