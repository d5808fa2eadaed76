"""Browsers without JavaScript: Django's test client, signed in as one of the cast."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from integrations.providers import http

SignedIn = Callable[[Any], Client]


@pytest.fixture(autouse=True)
def _nobody_answers(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the sandbox every provider is silent: no page asks a real one."""
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    monkeypatch.setattr(http, "_TRIES", 1)


@pytest.fixture
def as_user() -> SignedIn:
    """Return a client signed in as the given person; its forms need no CSRF token."""

    def signed_in(user: Any) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
