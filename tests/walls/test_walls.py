"""The second wall: with no filter at all, the database shows and takes rows of one's own venues only."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery import shared_task
from django.db import ProgrammingError, connection, models, transaction
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path

from config.urls import urlpatterns as _ours
from connections.models import Connection
from integrations import walls
from integrations.models import Venue
from syncing.models import Record
from tests.factories import MembershipFactory, VenueFactory
from tests.walls import rows

Model = type[models.Model]
every_table = pytest.mark.parametrize("model", rows.of_a_venue(), ids=lambda model: model._meta.db_table)


def counted(request: HttpRequest) -> JsonResponse:
    """A view that forgot whom it serves."""
    return JsonResponse({model._meta.db_table: model._base_manager.count() for model in rows.of_a_venue()})


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(str(count) for count in iter(Record.objects.count, None))


urlpatterns = [path("forgetful/", counted), path("forgetful/stream/", streamed), *_ours]


@shared_task
def of_the_house() -> int:
    return Record.objects.count()


@pytest.fixture
def ours(db: None) -> Venue:
    venue: Venue = VenueFactory(name="Ours")
    rows.one_of_each(venue)
    return venue


@pytest.fixture
def theirs(ours: Venue) -> Venue:
    venue: Venue = VenueFactory(name="Theirs")
    rows.one_of_each(venue)
    return venue


@every_table
def test_a_forgotten_filter_shows_nothing_of_another_venue(model: Model, ours: Venue, theirs: Venue) -> None:
    assert rows.of(model, theirs).count() >= 1
    with walls.behind(walls.of_venue(ours.pk)):
        assert (rows.of(model, theirs).count(), rows.of(model, ours).count()) == (0, 1)
    with walls.behind(walls.NOBODY):
        assert model._base_manager.exclude(**{"venue__isnull": True} if has_shared(model) else {}).count() == 0
    for whole in (walls.STAFF, walls.PLATFORM):
        with walls.behind(whole):
            assert rows.of(model, theirs).count() >= 1


def has_shared(model: Model) -> bool:
    """Templates that come with a release belong to nobody and are everybody's."""
    return model._meta.db_table == "field_mapping_templates"


@every_table
def test_nothing_of_another_venue_is_changed_or_deleted(model: Model, ours: Venue, theirs: Venue) -> None:
    with walls.behind(walls.of_venue(ours.pk)):
        field = next(each.attname for each in model._meta.concrete_fields if not each.primary_key)
        assert model._base_manager.filter(pk__in=keys(model, theirs)).update(**{field: models.F(field)}) == 0
        found: Any = model._base_manager.filter(pk__in=keys(model, theirs))
        assert found._raw_delete(connection.alias) == 0
    assert rows.of(model, theirs).count() >= 1


def keys(model: Model, venue: Venue) -> list[Any]:
    with walls.behind(walls.PLATFORM):
        return list(rows.of(model, venue).values_list("pk", flat=True))


@every_table
def test_nothing_is_put_into_another_venue(model: Model, ours: Venue, theirs: Venue) -> None:
    row = rows.of(model, theirs).first()
    refused = pytest.raises(ProgrammingError, match="row-level security")
    with walls.behind(walls.of_venue(ours.pk)), refused, transaction.atomic():
        model._base_manager.bulk_create([row])  # refused before the database looks whether it is there already


def test_every_table_of_a_venue_is_behind_the_wall(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        shut = {name for (name,) in cursor.fetchall()}
    assert shut == {model._meta.db_table for model in rows.of_a_venue()}


def test_no_role_may_pass_by(db: None) -> None:
    roles = [walls.APP, walls.STAFF_ROLE, walls.PLATFORM_ROLE]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
            " AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin)", [roles],
        )  # fmt: skip
        assert {name for (name,) in cursor.fetchall()} == set(roles)
        cursor.execute(
            "SELECT count(*) FROM pg_class JOIN pg_roles r ON r.oid = relowner WHERE rolname = ANY(%s)", [roles]
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.urls(__name__)
def test_a_view_that_forgets_whom_it_serves_shows_their_own(ours: Venue, theirs: Venue, client: Client) -> None:
    assert client.get("/forgetful/").json()["records"] == 0
    client.force_login(MembershipFactory(venue=ours).user)
    told = client.get("/forgetful/").json()
    assert (told["venues"], told["records"], told["oauth_tokens"]) == (1, 1, 1)
    stream = iter(client.get("/forgetful/stream/"))
    assert (next(stream), Record.objects.count(), next(stream)) == (b"1", 2, b"1")


def test_a_task_sees_the_house_and_leaves_the_wall_as_it_was(ours: Venue, theirs: Venue) -> None:
    with walls.behind(walls.NOBODY):
        assert (of_the_house(), Record.objects.count()) == (2, 0)


def test_a_wall_ends_with_what_it_stands_around(ours: Venue, theirs: Venue) -> None:
    assert Record.objects.count() == 2
    with walls.behind(walls.of_venue(ours.pk)):
        assert Record.objects.get().venue_id == ours.pk
        with walls.behind(walls.of_venue(theirs.pk)):
            assert Record.objects.get().venue_id == theirs.pk
        assert Record.objects.get().venue_id == ours.pk
    assert Record.objects.count() == 2


def test_a_cursor_that_binds_stands_behind_the_wall_too(ours: Venue, theirs: Venue) -> None:
    bound = connection.binding_cursor  # type: ignore[attr-defined]
    for wall, seen in ((walls.of_venue(ours.pk), 1), (walls.NOBODY, 0), (walls.PLATFORM, 2)):
        with walls.behind(wall), bound() as cursor:
            cursor.execute("SELECT count(*) FROM records WHERE venue_id = ANY(%(b)b)", {"b": [ours.pk, theirs.pk]})
            assert cursor.fetchone() == (seen,)


def undone(act: Callable[[], object]) -> None:
    with transaction.atomic():
        act()
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_what_was_told_holds_whatever_way_a_transaction_ends() -> None:
    first, second = VenueFactory(), VenueFactory()
    [rows.one_of_each(each) for each in (first, second)]

    def seen() -> set[Any]:
        return set(Connection.objects.values_list("venue_id", flat=True))

    def elsewhere() -> None:
        with walls.behind(walls.of_venue(second.pk)):
            assert seen() == {second.pk}

    with walls.behind(walls.of_venue(first.pk)):
        undone(elsewhere)
        assert seen() == {first.pk}
        with transaction.atomic():
            undone(elsewhere)
            assert seen() == {first.pk}
            elsewhere()
            assert seen() == {first.pk}
        with transaction.atomic():
            elsewhere()
        assert seen() == {first.pk}
        connection.close()
        assert seen() == {first.pk}
    assert seen() == {first.pk, second.pk}


def test_a_thread_sees_nothing_unless_the_wall_is_carried() -> None:
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(walls.current).result() == walls.NOBODY
        assert thread.submit(walls.carried(walls.current)).result() == walls.SIGNED_IN
