"""The one statement of a delivery survives a connection that was lost, and is refused when nothing can be stored."""

import psycopg
import pytest
from django.db import OperationalError
from django.db import connection as database

from integrations.models import Venue
from tests.proofs.house import database_url
from tests.webhooks.conftest import Deliver, connected
from tests.webhooks.senders import SQUARE, square_event
from webhooks import prepared
from webhooks.models import WebhookEvent

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_connection_that_was_lost_meanwhile_is_made_anew(venue: Venue, deliver: Deliver) -> None:
    connected(venue, SQUARE)
    deliver(SQUARE, square_event(1))
    with psycopg.connect(database_url(), autocommit=True) as other:
        ours = database.connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [ours])
    assert deliver(SQUARE, square_event(2)).status_code == 200
    assert WebhookEvent.objects.count() == 2


def test_a_database_that_is_away_is_told_and_nothing_is_accepted(
    venue: Venue, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(venue, SQUARE)
    with monkeypatch.context() as away:
        away.setitem(database.settings_dict, "HOST", "127.0.0.1")
        away.setitem(database.settings_dict, "PORT", "9")
        database.close()
        answer = deliver(SQUARE, square_event())
    database.close()
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert deliver(SQUARE, square_event()).status_code == 200
    assert WebhookEvent.objects.filter(verdict="accepted").count() == 1


def test_what_the_database_refuses_is_not_tried_again(venue: Venue) -> None:
    with database.cursor() as cursor:
        cursor.execute("SET statement_timeout = '10ms'")
    with pytest.raises(OperationalError, match="statement timeout"):
        prepared.execute("SELECT pg_sleep(5)", {})
    with database.cursor() as cursor:
        cursor.execute("SET statement_timeout = '15s'")


def test_only_the_statement_of_a_delivery_is_prepared_and_no_other_text_is_kept(venue: Venue, deliver: Deliver) -> None:
    connected(venue, SQUARE)
    for number in range(2):
        deliver(SQUARE, square_event(number))
    with database.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        (statement,) = [row[0] for row in cursor.fetchall()]
    assert "INSERT INTO integration_webhooks" in statement
    assert database.connection.prepare_threshold is None
