"""Choosing what is synced: right after connecting, and later; what the pages say, and what follows."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from connections import keys
from connections.models import Connection
from integrations.models import IntegrationConfig, Venue
from integrations.providers import PROVIDERS
from syncing.models import SyncCursor, SyncJob
from tests.factories import ConnectionFactory
from tests.pages import rows
from tests.pages.conftest import SignedIn
from tests.pages.reading import Page
from tests.provider_sandbox import Sandbox

WELCOME, SETTINGS, CONNECTION = (f"/integrations/square/{page}" for page in ("welcome/", "settings/", ""))
SIZES = {"customers": 3, "products": 1, "orders": 2, "refunds": 0, "payout_days": 1}
PLACES = ("Main Hall", "Canal Bar", "Terrace")


def words_of(answer: Any) -> str:
    page = Page(answer.content.decode())
    assert page.faults == []
    return " ".join(page.words.split())


def marked(answer: Any, name: str) -> list[str]:
    """Return the values that the page would send for a field as it stands."""
    fields = [each for each in Page(answer.content.decode()).fields if each.get("name") == name]
    return [each["value"] for each in fields if "checked" in each and "disabled" not in each]


@pytest.fixture
def seller(sandbox: Sandbox) -> dict[str, Any]:
    """A seller with three locations."""
    places = [{"name": name, "currency": "GBP"} for name in PLACES]
    body = {"name": "The Lantern Room", "locations": places, "sizes": SIZES}
    made = sandbox.ask("POST", "/square/merchants", body)
    return made | {"places": {each["name"]: each["id"] for each in sandbox.truth(made["id"], "locations").values()}}


@pytest.fixture
def square(seller: dict[str, Any], venue: Venue, owner: User) -> Connection:
    return keys.connect(PROVIDERS["square"], venue, seller["personal_token"], user=owner)


@pytest.fixture
def running(square: Connection) -> Connection:
    """A connection whose objects have all been read once."""
    for each in PROVIDERS["square"].streams:
        rows.bookmark(square, each, position={"since": "2026-11-01T00:00:00Z"})
    return square


def chosen_on(page: Any, **more: Any) -> dict[str, Any]:
    """Return what the form would send as it stands, with some of it changed."""
    held = {"objects": marked(page, "objects"), "chosen": marked(page, "chosen"), "choosing": "1", "begin": ""}
    return held | {"interval": "15"} | more


def test_the_first_page_offers_every_location_and_ticks_them_all(
    square: Connection, seller: dict[str, Any], owner: User, as_user: SignedIn
) -> None:
    page = as_user(owner).get(WELCOME)
    text = words_of(page)
    for words in ("Connected as The Lantern Room", "Which locations", *PLACES, "GBP", "Sales since", "Sync every"):
        assert words in text
    assert sorted(marked(page, "chosen")) == sorted(seller["places"].values())


def test_what_others_need_is_explained_and_cannot_be_unticked(
    square: Connection, owner: User, as_user: SignedIn
) -> None:
    page = as_user(owner).get(WELCOME)
    assert "Come along with orders, payments, payouts and invoices, which need them." in words_of(page)
    assert "location" not in marked(page, "objects")
    assert "customer" in marked(page, "objects")


def test_starting_stores_the_choice_and_begins(
    square: Connection, seller: dict[str, Any], owner: User, as_user: SignedIn
) -> None:
    client, hall = as_user(owner), seller["places"]["Main Hall"]
    sent = chosen_on(client.get(WELCOME), chosen=[hall], begin="2026-01-01", interval="30", objects=["order"])
    assert client.post(WELCOME, sent).status_code == 303
    config = IntegrationConfig.objects.get()
    assert (config.chosen, str(config.begin), config.interval_minutes) == ({"location": [hall]}, "2026-01-01", 30)
    assert [job.object_type for job in SyncJob.objects.order_by("not_before")] == ["location", "order"]


def test_all_of_them_means_those_to_come_too(square: Connection, owner: User, as_user: SignedIn) -> None:
    client = as_user(owner)
    client.post(WELCOME, chosen_on(client.get(WELCOME)))
    assert IntegrationConfig.objects.get().chosen == {}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"chosen": []}, "Choose at least one location."),
        ({"chosen": ["L-OF-SOMEBODY-ELSE"]}, "Square does not offer one of the locations you chose."),
        ({"objects": []}, "Choose at least one thing to sync."),
        ({"objects": ["tickets"]}, "Square has no “tickets”."),
        ({"begin": "2999-01-01"}, "The first day of sales lies in the future."),
        ({"begin": "1066-10-14"}, "Choose a day after 1999"),
        ({"begin": "soon"}, "Write the first day of sales as year-month-day"),
        ({"interval": "7"}, "Choose one of the intervals in the list."),
    ],
)
def test_what_cannot_be_is_told_and_stores_nothing(
    running: Connection, owner: User, as_user: SignedIn, wrong: dict[str, Any], sentence: str
) -> None:
    client, before = as_user(owner), IntegrationConfig.objects.values().get()
    answer = client.post(SETTINGS, chosen_on(client.get(SETTINGS), **wrong))
    assert answer.status_code == 400
    assert sentence in words_of(answer)
    assert IntegrationConfig.objects.values().get() == before
    assert not SyncJob.objects.exists()


def test_a_new_first_day_is_told_and_read_from(running: Connection, owner: User, as_user: SignedIn) -> None:
    client = as_user(owner)
    sent = chosen_on(client.get(SETTINGS), begin="2026-01-01")
    text = words_of(client.post(SETTINGS, sent, follow=True))
    assert (
        "Orders, payments, refunds, payouts and invoices will be read again from 1 Jan 2026. You can change it back"
        in text
    )
    assert "Sales since 1 Jan 2026" in text
    waiting = SyncJob.objects.order_by("not_before").values_list("object_type", "mode")
    assert list(waiting) == [(each, "full") for each in ("order", "payment", "refund", "payout", "invoice")]
    kept = SyncCursor.objects.exclude(position={}).order_by("pk").values_list("object_type", flat=True)
    assert list(kept) == ["location", "customer", "product"]


def test_other_locations_are_told_by_name(
    running: Connection, seller: dict[str, Any], owner: User, as_user: SignedIn
) -> None:
    client, places = as_user(owner), seller["places"]
    for name, place in places.items():
        link = rows.record(running, "location", name=name)
        type(link).objects.filter(pk=link.pk).update(external_id=place)
    two = [places["Main Hall"], places["Canal Bar"]]
    text = words_of(client.post(SETTINGS, chosen_on(client.get(SETTINGS), chosen=two), follow=True))
    assert "Orders, payments, payouts and invoices will be read again for Main Hall and Canal Bar." in text
    assert "Locations Main Hall and Canal Bar" in text
    assert sorted(marked(client.get(SETTINGS), "chosen")) == sorted(two)


def test_objects_switched_off_and_on_are_told(running: Connection, owner: User, as_user: SignedIn) -> None:
    client = as_user(owner)
    fewer = [each for each in marked(client.get(SETTINGS), "objects") if each != "product"]
    text = words_of(client.post(SETTINGS, chosen_on(client.get(SETTINGS), objects=fewer), follow=True))
    assert "Products are no longer read; what came in is kept." in text
    assert not SyncCursor.objects.filter(object_type="product", next_run_at__isnull=False).exists()
    text = words_of(client.post(SETTINGS, chosen_on(client.get(SETTINGS), objects=[*fewer, "product"]), follow=True))
    assert "Products will be read from now on." in text
    assert SyncJob.objects.get().object_type == "product"


def test_a_shorter_interval_begins_at_once(running: Connection, owner: User, as_user: SignedIn) -> None:
    client = as_user(owner)
    SyncCursor.objects.update(next_run_at=timezone.now() + timedelta(minutes=50))
    text = words_of(client.post(SETTINGS, chosen_on(client.get(SETTINGS), interval="5"), follow=True))
    assert "Square now syncs every 5 minutes." in text
    assert "How often every 5 minutes" in text
    latest = SyncCursor.objects.order_by("-next_run_at").values_list("next_run_at", flat=True)[0]
    assert latest <= timezone.now() + timedelta(minutes=5, seconds=5)
    assert not SyncJob.objects.exists()


def test_saving_what_stands_changes_nothing(running: Connection, owner: User, as_user: SignedIn) -> None:
    client, before = as_user(owner), IntegrationConfig.objects.values().get()
    after = before | {"directions": {each: "in" for each in before["directions"] if each != "location"}}
    text = words_of(client.post(SETTINGS, chosen_on(client.get(SETTINGS)), follow=True))
    assert "Nothing was changed." in text
    assert IntegrationConfig.objects.values().get() == after | {
        "updated_at": IntegrationConfig.objects.get().updated_at
    }
    assert not SyncJob.objects.exists()


def test_a_silent_provider_is_told_and_the_choice_stays(
    running: Connection, seller: dict[str, Any], sandbox: Sandbox, owner: User, as_user: SignedIn
) -> None:
    hall = {"location": [seller["places"]["Main Hall"]]}
    IntegrationConfig.objects.update(chosen=hall)
    sandbox.ask("POST", "/faults", {"provider": "square", "kind": "status", "status": 503, "times": -1})
    client = as_user(owner)
    page = client.get(SETTINGS)
    text = words_of(page)
    assert "Square is not answering. So its locations cannot be listed now; look again in a minute." in text
    assert "Your choice of locations stays as it is." in text
    sent = {"objects": marked(page, "objects"), "begin": "2026-01-01", "interval": "15"}
    assert client.post(SETTINGS, sent).status_code == 303
    config = IntegrationConfig.objects.get()
    assert (config.chosen, str(config.begin)) == (hall, "2026-01-01")


def test_a_page_does_not_wait_long_for_a_provider(
    running: Connection, sandbox: Sandbox, owner: User, as_user: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connections.options._PATIENCE", 0.3)
    delay = {"provider": "square", "path": "/v2/locations", "kind": "delay", "seconds": 30.0, "times": -1}
    sandbox.ask("POST", "/faults", delay)
    assert "Square is not answering." in words_of(as_user(owner).get(SETTINGS))


def test_without_access_nobody_is_asked(connection: Connection, owner: User, as_user: SignedIn) -> None:
    Connection.objects.update(status="reauthorise")
    assert "Square no longer accepts our access." in words_of(as_user(owner).get(SETTINGS))


def test_one_location_is_no_question(sandbox: Sandbox, venue: Venue, owner: User, as_user: SignedIn) -> None:
    key = sandbox.merchant(**SIZES)["personal_token"]
    keys.connect(PROVIDERS["square"], venue, key, user=owner)
    assert "Which location" not in words_of(as_user(owner).get(WELCOME))


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_change_it_sees_the_choice_and_who_can(
    connection: Connection, owner: User, as_user: SignedIn, role: str, request: pytest.FixtureRequest
) -> None:
    rows.bookmark(connection)
    IntegrationConfig.objects.update(chosen={"location": ["L1", "L2"]}, begin="2026-01-01")
    text = words_of(as_user(request.getfixturevalue(role)).get(CONNECTION))
    for words in ("Locations 2 locations", "Sales since 1 Jan 2026", "How often every 15 minutes"):
        assert words in text
    assert "A venue admin can change this: owner@example.test." in text
    assert "/settings/" not in as_user(owner).get("/integrations/").content.decode()
    assert "what is synced" not in text


@pytest.mark.parametrize("address", [WELCOME, SETTINGS, CONNECTION])
def test_the_pages_take_few_queries(
    running: Connection, owner: User, as_user: SignedIn, address: str, django_assert_max_num_queries: Any
) -> None:
    client = as_user(owner)
    client.get("/integrations/")
    with django_assert_max_num_queries(14):
        client.get(address)


@pytest.mark.parametrize("provider", list(PROVIDERS))
def test_every_provider_can_be_chosen_from(venue: Venue, owner: User, as_user: SignedIn, provider: str) -> None:
    rows.bookmark(ConnectionFactory(venue=venue, provider=provider))
    client = as_user(owner)
    for page in ("", "welcome/", "settings/"):
        words_of(client.get(f"/integrations/{provider}/{page}"))
    for each in PROVIDERS[provider].streams:
        words_of(client.get(f"/integrations/{provider}/records/{each}/"))
