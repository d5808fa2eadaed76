"""Staff look at a connection's rules as its owner sees them, and can change nothing."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from connections.models import Connection
from mappings import versions
from tests.admin.test_webhooks import signed_in
from tests.pages import rows

pytestmark = pytest.mark.django_db
PAGE = "admin:console_fields"


@pytest.fixture
def ruled(connection: Connection) -> Connection:
    link = rows.record(connection, given_name="Mia")
    link.raw = {"id": link.external_id, "given_name": " Mia"}
    link.save(update_fields=["raw"])
    versions.install_default(connection)
    return connection


def look(client: Client, connection: Connection, **more: str) -> str:
    return client.get(reverse(PAGE), {"connection": str(connection.pk), **more}).content.decode()


def test_the_rules_of_a_connection_are_shown_with_an_example_and_no_way_to_change_them(
    ruled: Connection, staff: Any
) -> None:
    page = look(signed_in(staff), ruled, object="customer")
    assert "Version 1 is in force" in page
    assert " Mia → Mia" in page
    assert 'method="post" action="/admin/console' not in page
    assert signed_in(staff).post(reverse(PAGE), {"connection": str(ruled.pk)}).status_code == 405


def test_either_direction_is_shown_and_what_is_unknown_falls_back(ruled: Connection, staff: Any) -> None:
    client = signed_in(staff)
    assert 'value="out" selected' in look(client, ruled, object="customer", direction="out")
    assert 'value="in" selected' in look(client, ruled, object="shoes", direction="sideways")


@pytest.mark.parametrize("key", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_a_connection_that_there_is_not_is_not_found(staff: Any, key: str) -> None:
    assert signed_in(staff).get(reverse(PAGE), {"connection": key}).status_code == 404


def test_whoever_is_no_staff_sees_nothing(ruled: Connection, owner: Any) -> None:
    assert "Version 1" not in look(signed_in(owner), ruled)


def test_the_list_of_connections_leads_there(ruled: Connection, staff: Any) -> None:
    page = signed_in(staff).get(reverse("admin:connections_connection_changelist")).content.decode()
    assert f"{reverse(PAGE)}?connection={ruled.pk}" in page
