"""A broker that is away costs a delivery nothing: everything is stored, and the worker's own look finds it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import orjson
import pytest

from integrations.models import Venue
from syncing.models import SyncJob
from tests.proofs.house import ROOT, database_url
from tests.webhooks.conftest import connected
from tests.webhooks.senders import PUBLIC_URL, SQUARE
from webhooks import look
from webhooks.models import WebhookEvent

DELIVER = """
import time, django, orjson
django.setup()
from django.test import Client
from tests.webhooks.senders import PATH, SQUARE, square_event
client, told = Client(), []
for number in range(40):
    body = square_event(number) if number % 4 else square_event(number - 1)
    forged = {SQUARE.header: "forged"} if number % 10 == 9 else SQUARE.sign(body)
    answer = client.post(f"{PATH}/square", data=body, content_type="application/json", headers=forged)
    told.append(answer.status_code)
print(orjson.dumps(told).decode())
"""


@pytest.fixture(params=["nobody listens", "a black hole"])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if request.param == "nobody listens":
            server.close()
        yield f"redis://127.0.0.1:{port}/0"


@pytest.mark.django_db(transaction=True)
def test_with_the_broker_away_everything_is_stored_and_found_by_the_workers_own_look(venue: Venue, broker: str) -> None:
    connected(venue, SQUARE)
    run = subprocess.run(
        [sys.executable, "-c", DELIVER], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
        env=os.environ | {
            "REDIS_URL": broker, "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": database_url(),
            "PUBLIC_URL": PUBLIC_URL, "SQUARE_WEBHOOK_SECRETS": SQUARE.secret, "SANDBOX_URL": "http://127.0.0.1:9",
            "SECURE_SSL_REDIRECT": "false",
        },
    )  # fmt: skip
    told = orjson.loads(run.stdout.splitlines()[-1])
    assert sorted(set(told)) == [200, 401]
    stored = WebhookEvent.objects.exclude(verdict="refused")
    assert (stored.count(), set(stored.values_list("status", flat=True))) == (28, {"queued"})
    assert look.Look.turn(None)  # type: ignore[arg-type]
    assert not stored.exclude(status="succeeded").exists()
    assert SyncJob.objects.filter(object_type="customer", trigger="event").count() == 1
