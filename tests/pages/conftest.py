"""Browsers without JavaScript: Django's test client, signed in as one of the cast."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

SignedIn = Callable[[Any], Client]


@pytest.fixture
def as_user() -> SignedIn:
    """Return a client signed in as the given person; its forms need no CSRF token."""

    def signed_in(user: Any) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
