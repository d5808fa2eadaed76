"""Choosing, starting and stopping; the history; the records."""

import csv
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from connections.models import Connection
from integrations.models import IntegrationConfig
from syncing.models import RecordLink, SyncCursor, SyncJob, Trigger
from syncing.work import WorkStatus
from tests.factories import MembershipFactory, VenueFactory
from tests.monitoring.conftest import failing_record
from tests.pages import rows
from tests.pages.conftest import SignedIn
from tests.pages.reading import Page

WELCOME = "/integrations/square/welcome/"


def test_start_queues_what_was_chosen_and_what_it_needs(connection: Connection, owner: User, as_user: SignedIn) -> None:
    answer = as_user(owner).post(WELCOME, {"objects": ["order"], "interval": "30"})
    assert answer["Location"] == "/integrations/square/?venue=lantern-room"
    assert [job.object_type for job in SyncJob.objects.order_by("not_before")] == ["location", "order"]
    assert {job.trigger for job in SyncJob.objects.all()} == {Trigger.FIRST}
    config = IntegrationConfig.objects.get()
    assert (config.directions, config.interval_minutes) == ({"order": "in"}, 30)


def test_what_is_no_longer_chosen_leaves_the_schedule(connection: Connection, owner: User, as_user: SignedIn) -> None:
    rows.bookmark(connection, "customer")
    rows.bookmark(connection, "product")
    as_user(owner).post(WELCOME, {"objects": ["customer"], "interval": "15"})
    planned = SyncCursor.objects.filter(next_run_at__isnull=False)
    assert [each.object_type for each in planned] == ["customer"]


def test_choosing_nothing_is_told_and_starts_nothing(connection: Connection, owner: User, as_user: SignedIn) -> None:
    answer = as_user(owner).post(WELCOME, {"interval": "15"})
    assert answer.status_code == 400
    page = Page(answer.content.decode())
    assert page.faults == []
    assert "Choose at least one thing to sync." in page.words
    assert not SyncJob.objects.exists()


def test_syncing_now_twice_joins_the_first(connection: Connection, operator: User, as_user: SignedIn) -> None:
    client = as_user(operator)
    assert "syncing now" in client.post("/integrations/square/sync/", follow=True).content.decode()
    jobs = SyncJob.objects.count()
    assert "syncing already" in client.post("/integrations/square/sync/", follow=True).content.decode()
    assert SyncJob.objects.count() == jobs


def test_everything_can_be_synced_from_the_first_page(
    connection: Connection, operator: User, as_user: SignedIn
) -> None:
    answer = as_user(operator).post("/integrations/sync/", follow=True)
    assert "Square: syncing now." in answer.content.decode()
    assert SyncJob.objects.exists()


def test_stopping_cancels_what_waits(connection: Connection, owner: User, as_user: SignedIn) -> None:
    client = as_user(owner)
    client.post("/integrations/square/sync/")
    assert "was stopped" in client.post("/integrations/square/stop/", follow=True).content.decode()
    assert {job.status for job in SyncJob.objects.all()} == {WorkStatus.CANCELLED}


def test_the_moving_part_fetches_itself_while_syncing_and_then_no_more(
    connection: Connection, viewer: User, as_user: SignedIn
) -> None:
    client = as_user(viewer)
    rows.bookmark(connection)
    job = rows.job(connection, log=rows.log(connection, read=10))
    moving = client.get("/integrations/square/progress/?polls=3").content.decode()
    assert 'data-hx-trigger="every 3s"' in moving
    assert "polls=4" in moving
    SyncJob.objects.filter(pk=job.pk).update(status=WorkStatus.SUCCEEDED, finished_at=timezone.now())
    assert "data-hx-get" not in client.get("/integrations/square/progress/?polls=4").content.decode()


def test_a_page_left_alone_polls_once_a_minute_until_somebody_is_there(
    connection: Connection, viewer: User, as_user: SignedIn
) -> None:
    rows.bookmark(connection)
    rows.job(connection, log=rows.log(connection))
    text = as_user(viewer).get("/integrations/square/progress/?polls=20").content.decode()
    assert 'data-hx-trigger="every 60s"' in text
    assert "mousemove from:body once" in text


def test_the_history_is_told_by_day_in_the_venues_zone(connection: Connection, viewer: User, as_user: SignedIn) -> None:
    connection.venue.time_zone = "Asia/Tokyo"
    connection.venue.save()
    run = rows.finished(connection)
    text = as_user(viewer).get("/integrations/square/history/").content.decode()
    assert "Today" in text
    assert "JST" in text
    assert run.reference in text


def test_the_history_can_be_narrowed(connection: Connection, viewer: User, as_user: SignedIn) -> None:
    good = rows.finished(connection, "customer")
    bad = rows.finished(connection, "order", outcome="failed")
    text = as_user(viewer).get("/integrations/square/history/?result=failed&object=order").content.decode()
    assert bad.reference in text
    assert good.reference not in text


def test_the_table_for_spreadsheets_carries_no_formula(connection: Connection, viewer: User, as_user: SignedIn) -> None:
    rows.finished(connection, error_sentence="=HYPERLINK(1)")
    answer = as_user(viewer).get("/integrations/square/history/export.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    read = list(csv.DictReader(body.splitlines()))
    assert read[0]["error_sentence"] == "'=HYPERLINK(1)"


def test_records_are_searched_by_what_a_person_would_type(
    connection: Connection, viewer: User, as_user: SignedIn
) -> None:
    rows.record(connection, given_name="Zoë", email="zoe@example.test")
    rows.record(connection, given_name="Tom", email="tom@example.test")
    text = as_user(viewer).get("/integrations/square/records/customer/?q=zoe@").content.decode()
    assert "Zoë" in text
    assert "Tom" not in text


def test_amounts_show_their_currency_and_decimals(connection: Connection, viewer: User, as_user: SignedIn) -> None:
    for minor, currency in ((120450, "GBP"), (1200, "JPY"), (1250, "KWD")):
        rows.record(connection, "payment", amount={"minor": minor, "currency": currency}, currency=currency)
    text = as_user(viewer).get("/integrations/square/records/payment/").content.decode()
    for words in ("£1,204.50", "¥1,200", "KWD 1.250"):
        assert words in text


def test_a_list_of_records_takes_few_queries_however_long(
    connection: Connection, viewer: User, as_user: SignedIn, django_assert_max_num_queries: object
) -> None:
    for _ in range(30):
        rows.record(connection)
    client = as_user(viewer)
    client.get("/integrations/")
    with django_assert_max_num_queries(10):  # type: ignore[operator]
        client.get("/integrations/square/records/customer/")


@pytest.mark.parametrize("address", ["/integrations/", "/integrations/square/", "/integrations/square/history/"])
def test_pages_take_few_queries_however_long_the_history(
    connection: Connection, owner: User, as_user: SignedIn, address: str, django_assert_max_num_queries: object
) -> None:
    rows.bookmark(connection)
    for _ in range(30):
        rows.finished(connection)
    client = as_user(owner)
    client.get("/integrations/")
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        client.get(address)


def test_the_chosen_venue_is_remembered(connection: Connection, owner: User, as_user: SignedIn) -> None:
    other = VenueFactory(name="Harbour Stage", slug="harbour-stage")
    MembershipFactory(venue=other, user=owner)
    client = as_user(owner)
    assert "Harbour Stage" in Page(client.get("/integrations/").content.decode()).technical
    client.get("/integrations/?venue=lantern-room")
    text = client.get("/integrations/").content.decode()
    assert '<span class="menu-venue">The Lantern Room</span>' in text


def test_what_failed_in_a_run_is_tried_again_from_its_page(
    connection: Connection, operator: User, viewer: User, as_user: SignedIn
) -> None:
    link = failing_record(connection)
    ended = {"outcome": "partly_succeeded", "finished_at": timezone.now() + timedelta(seconds=2)}
    log = rows.log(connection, "customer", failed=1, direction="out", **ended)
    RecordLink.objects.update(problem=link.problem | {"since": log.started_at.isoformat()})
    path = f"/integrations/square/history/{log.reference}/"
    assert "Try what failed again" not in as_user(viewer).get(path).content.decode()
    client = as_user(operator)
    assert "Try what failed again" in client.get(path).content.decode()
    words = Page(client.post(f"{path}retry/", follow=True).content.decode()).words
    assert "1 record is tried again now. Nothing is sent twice." in words
    assert list(SyncJob.objects.values_list("object_type", "direction", "trigger")) == [("customer", "out", "retry")]
    assert "There is nothing to try again." in client.post(f"{path}retry/", follow=True).content.decode()
    assert as_user(viewer).post(f"{path}retry/").status_code == 403
