"""Clients of the API, signed in as one of the cast."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from integrations import shared, throttling

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


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    """The API's own description."""
    get_resolver()  # the addresses are loaded before they are described
    described: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return described
