"""The fields of both sides, as far as they are known."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from connections.models import Connection
from integrations.providers.types import Field, ObjectType
from mappings.models import SchemaWatch
from mappings.watching import seen
from syncing.models import Record, RecordLink
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described

pytestmark = pytest.mark.django_db
FIELDS = "/api/v1/integrations/square/fields"
PATH = "/api/v1/integrations/{provider}/fields/"


def field(answer: Any, name: str) -> dict[str, Any]:
    (found,) = answer.json()["objects"]
    return next(each for each in found["theirs"] if each["id"] == name)


def test_before_a_connect_it_is_what_all_accounts_have(as_user: SignedIn, viewer: Any, openapi: dict[str, Any]) -> None:
    answer = as_user(viewer).get(FIELDS, {"object": "customer"})
    assert_as_described(openapi, answer, PATH, "get")
    assert (answer.json()["seen_at"], answer.json()["changes"]) == (None, [])
    assert field(answer, "given_name") == {
        "id": "given_name", "label": "First name", "type": "text", "required": False, "writable": True,
        "max_length": 300, "enum": [], "sample": None,
    }  # fmt: skip


def test_what_the_account_decides_is_there_with_a_sample_of_each_side(
    as_user: SignedIn, viewer: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    record = Record.objects.create(venue=connection.venue, object_type="customer", fields={"given_name": "Nell"})
    RecordLink.objects.create(
        record=record, connection=connection, external_type="customer", external_id="C1",
        raw={"id": "C1", "given_name": " Nell "},
    )  # fmt: skip
    seat = Field("custom_attributes.seat", "Seat", stable="seat")
    seen(SchemaWatch.objects.create(connection=connection), live={ObjectType.CUSTOMER: [seat]}, stored={}, chosen={})
    answer = as_user(viewer).get(FIELDS, {"object": "customer"})
    assert_as_described(openapi, answer, PATH, "get")
    assert field(answer, "custom_attributes.seat")["label"] == "Seat"
    assert field(answer, "given_name")["sample"] == " Nell "
    assert answer.json()["objects"][0]["ours"][0]["sample"] == "Nell"


def test_a_refresh_is_only_asked_for(as_user: SignedIn, viewer: Any, connection: Connection) -> None:
    now = timezone.now()
    SchemaWatch.objects.create(connection=connection, taken_at=now - timedelta(hours=1), due_at=now + timedelta(days=1))
    client = as_user(viewer)
    answers = [client.get(FIELDS, {"refresh": wish}).json()["refreshing"] for wish in ("0", "1")]
    assert answers == [False, True]
    assert SchemaWatch.objects.get().due_at <= timezone.now()


def test_an_unknown_object_is_refused(as_user: SignedIn, viewer: Any) -> None:
    answer = as_user(viewer).get(FIELDS, {"object": "audience"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/object")


def test_it_takes_few_queries(
    as_user: SignedIn, viewer: Any, connection: Connection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = as_user(viewer)
    with django_assert_max_num_queries(16):
        client.get(FIELDS)
