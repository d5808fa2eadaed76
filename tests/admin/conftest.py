"""A row in every table, with planted canaries where secrets live."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import models
from django.utils import timezone

from connections import credentials
from connections.models import Connection, OAuthState, OAuthToken, VenueApiKey
from integrations import api_tokens
from integrations.models import (
    ApiIdempotencyKey,
    ApiToken,
    AuditEntry,
    Integration,
    IntegrationConfig,
    Venue,
    VenueMembership,
)
from integrations.sealing import Sealed
from mappings.models import FieldMapping, FieldMappingTemplate, SchemaWatch
from monitoring.models import IntegrationCost, IntegrationHealth
from syncing.models import Record, RecordLink, SyncCursor, SyncJob, SyncLog
from tests.api.rows import dead_job, log_of
from tests.factories import ConnectionFactory
from webhooks.models import WebhookEvent, WebhookSubscription, WebhookUpkeep

CANARIES = (
    "access-canary", "refresh-canary", "EAAAkey-canary", "verifier-canary", "signing-canary", "former-canary",
    "header-canary", "answer-canary",
)  # fmt: skip
TABLES: tuple[type[models.Model], ...] = (
    Venue, VenueMembership, ApiToken, Integration, IntegrationConfig, Connection, OAuthToken, VenueApiKey, OAuthState,
    FieldMapping, FieldMappingTemplate, SchemaWatch, SyncJob, SyncLog, SyncCursor, Record, RecordLink,
    WebhookSubscription, WebhookUpkeep, WebhookEvent, IntegrationHealth, IntegrationCost, AuditEntry,
    ApiIdempotencyKey,
)  # fmt: skip


def fill(user: Any) -> Connection:
    """Make a venue with one row in every table and return its connection."""
    connection: Connection = ConnectionFactory()
    venue, now = connection.venue, timezone.now()
    member = VenueMembership.objects.create(venue=venue, user=user)
    api_tokens.make(member, name="Box office", scopes=["read"], days=90)
    number = Connection.objects.count()
    key = VenueApiKey(connection=connection, fingerprint="f" * 12, last4="nary", created_by=user)
    credentials.seal(key, "key", "EAAAkey-canary")
    key.save()
    state = OAuthState(
        state_hash=f"{number:064}", venue=venue, user=user, provider="square", session_hash="s" * 64,
        expires_at=now + timedelta(minutes=10), connection=connection,
    )  # fmt: skip
    credentials.seal(state, "pkce_verifier", "verifier-canary")
    state.save()
    subscription = WebhookSubscription(
        connection=connection, provider="square", external_id="sub", url_token_hash=f"{number:064}"
    )
    credentials.seal(subscription, "signing_secret", "signing-canary")
    credentials.seal(subscription, "previous_secret", "former-canary")
    subscription.save()
    WebhookUpkeep.objects.create(connection=connection, provider="square", problem="Square is not answering.")
    WebhookEvent.objects.create(
        provider="square", connection=connection, event_type="customer.updated", dedupe_key=f"event-{number}",
        body=b'{"type": "customer.updated"}',
        headers={"X-Square-HmacSha256-Signature": "header-canary", "Host": "here"},
    )  # fmt: skip
    job = dead_job(connection)
    log = log_of(
        connection, job=job, actor=user, timeline=[{"at": now.isoformat(), "event": "noted", "detail": "said"}]
    )
    SyncJob.objects.filter(pk=job.pk).update(log=log)
    SyncCursor.objects.create(connection=connection, object_type="customer", position={"cursor": "abc"})
    record = Record.objects.create(
        venue=venue, object_type="customer", fields={"email": "mia@example.test"}, content_hash="h"
    )
    RecordLink.objects.create(
        record=record, connection=connection, external_type="customer", external_id="C1", raw={"id": "C1"}
    )
    FieldMapping.objects.create(
        connection=connection,
        version=1,
        object_type="customer",
        position=1,
        source="email",
        target="email",
        author=user,
    )
    FieldMappingTemplate.objects.create(
        key=f"ours-{number}", name="Ours", provider="square", object_type="customer", venue=venue, rules=[]
    )
    SchemaWatch.objects.create(connection=connection, taken_at=now)
    IntegrationHealth.objects.create(connection=connection, grade="good", reasons=["late:1"], computed_at=now)
    IntegrationCost.objects.create(connection=connection, day=now.date(), call_class="read", calls=3)
    AuditEntry.objects.create(
        user=user, who=user.get_username(), venue=venue, operation="write", method="POST", status=201,
        path="/api/v1/records/customer", about=f"customer/{record.pk}", request_id=f"request-{number}",
    )  # fmt: skip
    ApiIdempotencyKey.objects.create(
        user=user, key=f"key-{number}", route="POST /api/v1/records/customer", request_hash="h" * 64, state="done",
        status=201, answer=Sealed.seal("answer-canary", "here").text(),
    )  # fmt: skip
    return connection


@pytest.fixture
def filled(staff: Any) -> Connection:
    """One row in every table."""
    return fill(staff)
