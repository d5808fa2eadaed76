"""Work that failed, in every kind and of several causes."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from connections.models import Connection
from syncing.models import Record, RecordLink
from tests.factories import ConnectionFactory
from webhooks.models import WebhookEvent


@pytest.fixture
def connection(venue: Any) -> Connection:
    found: Connection = ConnectionFactory(venue=venue)
    return found


def dead_event(connection: Connection | None, **more: Any) -> WebhookEvent:
    """Return an event that was given up for a fault of ours."""
    values: dict[str, Any] = {
        "provider": connection.provider if connection else "square", "connection": connection,
        "account_id": connection.account_id if connection else "nobody", "event_type": "customer.updated",
        "object_type": "customer", "dedupe_key": uuid.uuid4().hex, "body": b"{}", "status": "dead", "attempts": 8,
        "failure_class": "ours", "failure_code": "KeyError", "failure_sentence": "We could not work on this event.",
        "finished_at": timezone.now(),
    } | more  # fmt: skip
    return WebhookEvent.objects.create(**values)


def failing_record(connection: Connection, number: int = 1, **more: Any) -> RecordLink:
    """Return the counterpart of a customer that the provider refused."""
    email = f"guest{number}@example.test"
    record = Record.objects.create(
        venue=connection.venue, object_type="customer", content_hash=uuid.uuid4().hex, version=3,
        fields={"email": email, "given_name": "Mia"},
    )  # fmt: skip
    problem = {
        "class": "invalid_value", "code": "INVALID_PHONE_NUMBER", "field": "phone_number", "existing": "",
        "sentence": f"Square did not accept Phone number “0{number}”.", "since": "2026-11-20T12:00:00+00:00",
    } | more  # fmt: skip
    return RecordLink.objects.create(
        record=record, connection=connection, external_type="customer", external_id=f"new:{record.id.hex}",
        state="failing", problem=problem, pushed_version=3,
    )  # fmt: skip
