"""Connections that have been read once, the secrets of our applications, and somebody who delivers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connections import credentials
from connections.models import Connection
from integrations.models import Venue
from integrations.providers import PROVIDERS
from syncing.models import SyncCursor
from tests.factories import ConnectionFactory
from tests.provider_sandbox import Sandbox
from tests.webhooks.senders import PATH, PUBLIC_URL, SECRETS, SQUARE, Sender
from tests.webhooks.working import WAYS, Told, Way, ripe
from webhooks import addresses
from webhooks.models import WebhookSubscription

__all__ = ["connected", "ripe", "subscribed"]
Deliver = Callable[..., Any]


@pytest.fixture(autouse=True)
def _our_secrets(settings: Any) -> None:
    settings.PUBLIC_URL = PUBLIC_URL
    settings.WEBHOOK_SECRETS = {key: list(known) for key, known in SECRETS.items()}
    settings.SANDBOX_URL = "http://127.0.0.1:9"


def connected(venue: Venue, sender: Sender, *, account: str = "", mode: str = "") -> Connection:
    """Return a connection of which everything was read, so that its objects are on the schedule."""
    connection = ConnectionFactory(
        venue=venue, provider=sender.key, account_id=account or sender.account,
        account_details={"mode": mode} if mode else {}, connected_at=timezone.now() - timedelta(days=30),
    )  # fmt: skip
    SyncCursor.objects.bulk_create(
        SyncCursor(
            connection=connection,
            object_type=kind,
            position={"since": 1},
            next_run_at=timezone.now(),
        )
        for kind in PROVIDERS[sender.key].streams
    )
    return connection


def subscribed(connection: Connection, *, secret: str = "", former: str = "") -> str:
    """Return the token of a new address of the connection's own."""
    token = addresses.new_token()
    row = WebhookSubscription(
        connection=connection,
        provider=connection.provider,
        place=token[:8],
        url_token_hash=addresses.fingerprint(token),
    )
    if secret:
        credentials.seal(row, "signing_secret", secret)
    if former:
        credentials.seal(row, "previous_secret", former)
    row.save()
    return token


@pytest.fixture
def deliver(client: Client) -> Deliver:
    """Deliver a body, signed unless headers are given, and return the answer."""

    def posted(
        sender: Sender, body: bytes, headers: dict[str, str] | None = None, *, token: str = "", **more: Any
    ) -> Any:
        path = f"{PATH}/{sender.key}" + (f"/{token}" if token else "")
        signed = sender.sign(body, to=PUBLIC_URL + path) if headers is None else headers
        return client.post(path, data=body, content_type=sender.content_type, headers=signed, **more)

    return posted


@pytest.fixture
def square(venue: Venue) -> Connection:
    return connected(venue, SQUARE)


@pytest.fixture
def world(sandbox: Sandbox, live_server: Any, settings: Any) -> Sandbox:
    """The doubles, which reach the test's own server; nothing is registered by hand."""
    settings.SANDBOX_URL, settings.PUBLIC_URL, settings.WEBHOOK_SECRETS = sandbox.url, live_server.url, {}
    settings.APPLICATION_TOKENS = {
        "square": settings.SANDBOX_SQUARE_TOKEN,
        "stripe": settings.PROVIDER_APPS["stripe"]["client_secret"],
    }
    for provider in settings.SANDBOX_APPS:
        uri = f"{live_server.url}/api/v1/integrations/oauth/callback/{provider}"
        sandbox.ask("POST", f"/{provider}/redirect-uris", {"uri": uri})
    return sandbox


@pytest.fixture(params=WAYS, ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    """Each provider that can be asked to tell, and each way in."""
    found: Way = request.param
    return found


@pytest.fixture
def told(way: Way, world: Sandbox) -> Told:
    """A venue that has just been connected."""
    return Told(way, world)
