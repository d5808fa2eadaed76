"""The cast, the venue, and the provider sandbox over real loopback HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

from integrations import catalogue, shared, walls
from integrations.models import Role, Venue
from mappings import templates
from tests.factories import ConnectionFactory, MembershipFactory, UserFactory, VenueFactory
from tests.provider_sandbox import Sandbox

# As in a web process or a worker, a thread sees nothing but what it says that it may. A test itself sees everything.
walls.shut()
walls.move(walls.SIGNED_IN)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Let no test leave the next one behind a wall, such as by letting somebody in without a request around it."""
    walls.move(walls.SIGNED_IN)


@pytest.fixture(autouse=True)
def _known_hosts(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _catalogue(request: pytest.FixtureRequest) -> None:
    """The rows that a release writes, for every test that has a database."""
    if (
        request.node.get_closest_marker("django_db")
        or "db" in request.fixturenames
        or "transactional_db" in request.fixturenames
    ):
        request.getfixturevalue("transactional_db" if "transactional_db" in request.fixturenames else "db")
        catalogue.refresh()
        templates.refresh()


@pytest.fixture
def venue(db: None) -> Venue:
    return VenueFactory(name="The Lantern Room", slug="lantern-room")


def _member(venue: Venue, name: str, role: Role) -> User:
    return MembershipFactory(venue=venue, role=role, user=UserFactory(username=name)).user


@pytest.fixture
def owner(venue: Venue) -> User:
    return _member(venue, "owner", Role.VENUE_ADMIN)


@pytest.fixture
def operator(venue: Venue) -> User:
    return _member(venue, "operator", Role.OPERATOR)


@pytest.fixture
def viewer(venue: Venue) -> User:
    return _member(venue, "viewer", Role.VIEWER)


@pytest.fixture
def stranger(db: None) -> User:
    """Owner of another venue."""
    return _member(VenueFactory(name="Elsewhere", slug="elsewhere"), "stranger", Role.VENUE_ADMIN)


@pytest.fixture
def staff(db: None) -> User:
    return UserFactory(username="staff", is_staff=True, is_superuser=True)


@receiver(user_logged_in)
def _second_factor(request: Any, user: Any, **_: Any) -> None:
    """Make `force_login` of our team, which no browser asked for, a session with a second factor."""
    if user.is_staff and request.method is None:
        record_authentication(request, user, "mfa", type="totp")


@pytest.fixture
def connection(venue: Venue) -> Any:
    """The venue's connected Square; its tokens are canaries that no provider knows."""
    return ConnectionFactory(venue=venue)


@pytest.fixture(scope="session")
def _sandbox_process() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.stop()


def forget_limits(sandbox_url: str) -> None:
    """Forget how fast a sandbox's accounts were called: after a reset they are new accounts with the same names."""
    keys = shared.store.keys(f"backline:*:{sandbox_url}:*")
    if keys:
        shared.store.delete(*keys)


@pytest.fixture
def sandbox(_sandbox_process: Sandbox, settings: Any) -> Sandbox:
    """The sandbox, fresh, with Backline's settings pointing at it."""
    _sandbox_process.ask("POST", "/reset", {})
    _sandbox_process.ask("DELETE", "/faults")
    settings.SANDBOX_URL = _sandbox_process.url
    forget_limits(_sandbox_process.url)
    settings.PUBLIC_URL = "http://testserver"
    settings.PROVIDER_APPS = {
        provider: {"client_id": client_id, "client_secret": client_secret}
        for provider, (client_id, client_secret) in settings.SANDBOX_APPS.items()
    }
    settings.PROVIDER_CALLS_PER_SECOND = dict.fromkeys(settings.SANDBOX_APPS, 10_000)
    for provider in settings.SANDBOX_APPS:
        uri = f"http://testserver/api/v1/integrations/oauth/callback/{provider}"
        _sandbox_process.ask("POST", f"/{provider}/redirect-uris", {"uri": uri})
    return _sandbox_process
