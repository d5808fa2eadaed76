"""Prometheus finds the figures of the queue at /metrics, with the token that the settings name and not without."""

from typing import Any

import pytest
from django.test import Client

from connections.models import Connection
from tests.pages.rows import job

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-the-scraper"


def test_without_a_token_in_the_settings_there_is_no_such_address(client: Client) -> None:
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("shown", ["", "Bearer", f"Bearer {TOKEN}x", TOKEN, "Bearer \u00e9"])
def test_who_does_not_show_it_sees_nothing(client: Client, settings: Any, shown: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"Authorization": shown})
    assert (answer.status_code, answer["WWW-Authenticate"], answer.content) == (401, "Bearer", b"")


def test_who_shows_it_sees_the_queue_of_all_venues_and_no_name(
    client: Client, settings: Any, connection: Connection
) -> None:
    settings.METRICS_TOKEN = TOKEN
    job(connection, status="queued")
    told = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    (line,) = [each for each in told.splitlines() if each.startswith("backline_queue_depth{") and each.endswith(" 1")]
    assert 'provider="square"' in line
    assert connection.venue.slug not in told
