"""The staff console: every table is listed usefully, what the house writes is read-only, and no secret is shown."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection as database
from django.db import models
from django.test import Client, RequestFactory
from django.urls import reverse

from connections.models import Connection, OAuthToken
from integrations.models import AuditEntry, Integration, IntegrationConfig, Venue, VenueMembership
from mappings.models import FieldMappingTemplate
from monitoring.site import BacklineAdminSite
from syncing.models import Record, SyncJob, SyncLog
from tests.admin.conftest import CANARIES, TABLES, fill
from tests.factories import UserFactory
from webhooks.models import WebhookEvent

pytestmark = pytest.mark.django_db
OUR_APPS = ("integrations", "connections", "mappings", "syncing", "webhooks", "monitoring")
EDITABLE = (Venue, VenueMembership, Integration, IntegrationConfig, FieldMappingTemplate)
READ_ONLY = tuple(table for table in TABLES if table not in EDITABLE)
# session, user, count, list, and what filters with choices from the database need; two for date_hierarchy
MOST_QUERIES = 9


@pytest.fixture
def client(staff: Any) -> Client:
    signed_in = Client()
    signed_in.force_login(staff)
    return signed_in


def address(model: type[models.Model], page: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def of(table: type[models.Model]) -> Any:
    return pytest.param(table, id=table.__name__)


def test_every_table_of_ours_is_registered_with_our_site() -> None:
    ours = {model for label in OUR_APPS for model in apps.get_app_config(label).get_models() if not model._meta.proxy}
    assert isinstance(admin.site._wrapped if hasattr(admin.site, "_wrapped") else admin.site, BacklineAdminSite)
    assert ours == set(TABLES)
    assert ours <= set(admin.site._registry)
    assert len(TABLES) == 24


def test_the_schedules_of_celery_beat_are_still_there() -> None:
    registered = {model._meta.label for model in admin.site._registry}
    assert {"django_celery_beat.PeriodicTask", "django_celery_beat.CrontabSchedule"} <= registered


@pytest.mark.parametrize("table", [of(each) for each in TABLES])
def test_each_list_and_each_row_can_be_opened(client: Client, filled: Connection, table: type[models.Model]) -> None:
    assert client.get(address(table, "changelist")).status_code == 200
    for row in table._default_manager.all()[:2]:
        assert client.get(address(table, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("table", [of(each) for each in TABLES])
def test_each_list_costs_the_same_however_long_it_is(
    client: Client, staff: Any, filled: Connection, table: type[models.Model], django_assert_max_num_queries: Any
) -> None:
    def cost() -> int:
        with django_assert_max_num_queries(MOST_QUERIES) as captured:
            assert client.get(address(table, "changelist")).status_code == 200
        return len(captured)

    client.get(address(table, "changelist"))  # what is kept for the process is kept now
    with_one = cost()
    for _ in range(6):
        fill(UserFactory())
    assert cost() == with_one


@pytest.mark.parametrize("table", [of(each) for each in TABLES])
def test_each_list_is_searched_by_words_and_by_id(
    client: Client, filled: Connection, table: type[models.Model]
) -> None:
    for words in ("lantern", str(filled.pk), "%_'\"", "🎭"):
        assert client.get(address(table, "changelist"), {"q": words}).status_code == 200


@pytest.mark.parametrize("table", [of(each) for each in TABLES])
def test_each_filter_of_each_list_works(client: Client, filled: Connection, table: type[models.Model]) -> None:
    page = client.get(address(table, "changelist"))
    change_list = page.context["cl"]
    for spec in change_list.filter_specs:
        for choice in spec.choices(change_list):
            assert client.get(address(table, "changelist") + choice["query_string"]).status_code == 200


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (Connection, "account"), (SyncLog, "reference"), (SyncJob, "reference"), (SyncJob, "run"), (Record, "email"),
        (OAuthToken, "account"), (WebhookEvent, "dedupe_key"),
    ],
)  # fmt: skip
def test_a_row_is_found_by_what_people_quote(
    client: Client, staff: Any, filled: Connection, table: type[models.Model], words: str
) -> None:
    quoted = {
        "account": filled.account_id,
        "reference": SyncLog.objects.get().reference,
        "run": str(SyncLog.objects.get().run),
        "email": "mia@example.test",
        "dedupe_key": WebhookEvent.objects.get().dedupe_key,
    }
    found = client.get(address(table, "changelist"), {"q": quoted[words]}).context["cl"].queryset
    assert found.count() == 1
    missed = (
        client.get(address(table, "changelist"), {"q": "01999999-0000-7000-8000-000000000000"}).context["cl"].queryset
    )
    assert missed.count() == 0


@pytest.mark.parametrize("table", [of(each) for each in READ_ONLY])
def test_what_the_house_writes_cannot_be_changed_by_hand(
    client: Client, staff: Any, filled: Connection, table: type[models.Model]
) -> None:
    row = table._default_manager.first()
    assert row is not None
    assert client.get(address(table, "add")).status_code == 403
    assert client.post(address(table, "change", row.pk), {"status": "connected"}).status_code == 403
    assert client.post(address(table, "delete", row.pk), {"post": "yes"}).status_code == 403
    page = client.get(address(table, "change", row.pk)).content.decode()
    assert 'name="_save"' not in page
    assert table._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("table", [of(each) for each in EDITABLE])
def test_what_staff_decide_can_be_changed(client: Client, filled: Connection, table: type[models.Model]) -> None:
    row = table._default_manager.first()
    assert row is not None
    assert 'name="_save"' in client.get(address(table, "change", row.pk)).content.decode()


def test_of_the_catalogue_only_the_switch_can_be_changed(client: Client, filled: Connection) -> None:
    address_of_it = address(Integration, "change", "square")
    assert client.post(address_of_it, {"name": "Other"}).status_code == 302
    square = Integration.objects.get(pk="square")
    assert (square.enabled, square.name) == (False, "Square")
    assert client.get(address(Integration, "add")).status_code == 403
    assert client.post(address(Integration, "delete", "square"), {"post": "yes"}).status_code == 403


def test_a_venue_can_be_made_with_its_members(client: Client, staff: Any) -> None:
    body = {
        "name": "The Cellar", "slug": "the-cellar", "venue_type": "club", "time_zone": "Europe/London",
        "currency": "GBP", "country": "GB", "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0",
        "memberships-0-user": staff.pk,
        "memberships-0-role": "operator",
    }  # fmt: skip
    assert client.post(address(Venue, "add"), body).status_code == 302
    assert VenueMembership.objects.get(venue__slug="the-cellar").role == "operator"


_CIPHERTEXTS = """
SELECT access_token FROM oauth_tokens UNION ALL SELECT refresh_token FROM oauth_tokens
UNION ALL SELECT key FROM venue_api_keys UNION ALL SELECT pkce_verifier FROM oauth_states
UNION ALL SELECT signing_secret FROM webhooks UNION ALL SELECT previous_secret FROM webhooks
"""


@pytest.mark.parametrize("table", [of(each) for each in TABLES])
def test_no_page_holds_a_secret_or_its_ciphertext(
    client: Client, filled: Connection, table: type[models.Model]
) -> None:
    with database.cursor() as cursor:
        cursor.execute(_CIPHERTEXTS)
        ciphertexts = [row[0] for row in cursor.fetchall()]
    assert len(ciphertexts) == 6
    said = client.get(address(table, "changelist")).content.decode()
    for row in table._default_manager.all()[:3]:
        said += client.get(address(table, "change", row.pk)).content.decode()
    hidden = [*CANARIES, *ciphertexts, *(each.rsplit(".", 1)[-1] for each in ciphertexts)]
    assert [each for each in hidden if each in said] == []


def test_of_a_secret_its_presence_its_key_and_its_age_are_told(client: Client, filled: Connection) -> None:
    page = client.get(address(OAuthToken, "changelist")).content.decode()
    assert f"present, sealed under key “{OAuthToken.objects.get().access_token.key_id}”" in page


@pytest.mark.parametrize("known_by", ["box-office_2026.11.26-0001", "019aaf2e7c1d7b3a9d2e5a1f0c9b8e80"])
def test_a_change_is_found_by_the_id_that_its_sender_gave(client: Client, filled: Connection, known_by: str) -> None:
    fill(UserFactory())
    one = AuditEntry.objects.earliest("at")
    AuditEntry.objects.filter(pk=one.pk).update(request_id=known_by)
    assert list(client.get(address(AuditEntry, "changelist"), {"q": known_by}).context["cl"].queryset) == [one]


def test_changes_are_narrowed_by_what_was_done_and_how_it_ended(client: Client, filled: Connection) -> None:
    fill(UserFactory())
    refused = AuditEntry.objects.earliest("at")
    AuditEntry.objects.filter(pk=refused.pk).update(status=409, operation="start", method="DELETE")
    for narrowed in ({"outcome": "refused"}, {"operation": "start"}, {"method": "DELETE"}):
        assert list(client.get(address(AuditEntry, "changelist"), narrowed).context["cl"].queryset) == [refused]
    assert client.get(address(AuditEntry, "changelist"), {"outcome": "broke"}).context["cl"].queryset.count() == 0


def test_json_stands_on_several_lines(client: Client, filled: Connection) -> None:
    page = client.get(address(SyncLog, "change", SyncLog.objects.get().pk)).content.decode()
    assert "&quot;event&quot;: &quot;noted&quot;,\n" in page


def test_rows_lead_to_their_neighbours(client: Client, filled: Connection) -> None:
    page = client.get(address(SyncJob, "changelist")).content.decode()
    log = SyncLog.objects.get()
    for target in (filled.venue, filled, log):
        assert f'href="{address(type(target), "change", target.pk)}"' in page


def test_the_frame_carries_our_name_and_the_rule_for_target_sizes(client: Client, settings: Any) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:1"
    page = client.get("/admin/").content.decode()
    assert "Backline – staff" in page
    assert "/static/backline/admin.css" in page
    assert "SANDBOX" in page


def test_no_page_of_the_console_holds_an_inline_script_or_style(client: Client, filled: Connection) -> None:
    beat = reverse("admin:django_celery_beat_periodictask_add")
    for page in ("/admin/", address(Venue, "add"), address(SyncLog, "changelist"), beat):
        text = client.get(page).content.decode()
        assert "<style" not in text
        scripts = [each.split(">")[0] for each in text.split("<script")[1:]]
        assert [each for each in scripts if "src=" not in each and "application/json" not in each] == []


def test_others_are_sent_to_sign_in(owner: Any) -> None:
    client = Client()
    client.force_login(owner)
    answer = client.get("/admin/syncing/syncjob/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/admin/syncing/syncjob/")


def test_a_large_table_is_counted_by_estimate(filled: Connection, staff: Any) -> None:
    with database.cursor() as cursor:
        cursor.execute("UPDATE pg_class SET reltuples = 5000000 WHERE oid = 'records'::regclass")
    request = RequestFactory().get("/")
    request.user = staff
    listed = admin.site._registry[Record]
    rows = listed.get_queryset(request)
    assert listed.get_paginator(request, rows, 50).count == 5_000_000
    assert listed.get_paginator(request, rows.filter(object_type="customer"), 50).count == 1
