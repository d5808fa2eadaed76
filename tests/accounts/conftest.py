"""An app that shows codes, as a phone does."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import PASSWORD

STEP = 30  # seconds that a code lasts


@pytest.fixture(autouse=True)
def _no_hurry(settings: Any) -> Iterator[None]:
    """Begin with a new code in the app, and let all tests together sign in as often as they do."""
    settings.ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip", "login_failed": "1000/m/ip"}
    with a_new_code():
        yield


def a_new_code() -> time_machine.travel:
    """Return a stretch of time that begins when the app shows a new code."""
    return time_machine.travel(time.time() // STEP * STEP)


def code_of(secret: str, *, steps: int = 0) -> str:
    """Return what the app shows now, or some steps of half a minute later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // STEP + steps))


def secret_on(page: str) -> str:
    """Return the key that the page for setting up shows."""
    found = re.search(r'<code class="secret">([A-Z2-7]+)</code>', page)
    assert found
    return found[1]


def has_app(user: User) -> str:
    """Give the person an app, and return the key in it."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def type_password(client: Client, user: User, then: str = "/integrations/") -> Any:
    """Return the answer to the sign-in with e-mail address and password."""
    return client.post("/accounts/login/", {"login": user.email, "password": PASSWORD, "next": then})


def factors(user: User) -> set[str]:
    """Return the kinds of factors that the person has."""
    return set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
