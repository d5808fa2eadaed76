"""Staff give registrations another secret, and read what to paste into which portal."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from connections.models import Connection
from tests.factories import UserFactory, VenueFactory
from tests.webhooks.conftest import connected
from tests.webhooks.senders import SQUARE
from webhooks import addresses, refusals
from webhooks.models import WebhookEvent, WebhookSubscription, WebhookUpkeep

pytestmark = pytest.mark.django_db
LIST = "admin:webhooks_webhooksubscription_changelist"
PORTALS = "admin:webhooks_addresses"


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def registered(filled: Connection) -> WebhookSubscription:
    WebhookUpkeep.objects.update(seen_address="here")
    return WebhookSubscription.objects.get(connection=filled)


def roll(client: Client, *rows: WebhookSubscription, **more: str) -> Any:
    wish = {"action": "roll", "_selected_action": [each.pk for each in rows], **more}
    return client.post(reverse(LIST), wish, follow=True)


def test_rolling_a_secret_says_first_what_it_does(filled: Connection, staff: Any) -> None:
    row = registered(filled)
    page = roll(signed_in(staff), row).content.decode()
    assert "1 registration will get another signing secret" in page
    assert "accepted for another day" in page
    row.refresh_from_db()
    assert (row.roll_asked_at, LogEntry.objects.count()) == (None, 0)


def test_a_confirmed_roll_is_asked_for_at_once_and_logged(filled: Connection, staff: Any) -> None:
    row = registered(filled)
    page = roll(signed_in(staff), row, confirmed="yes").content.decode()
    assert "1 asked for another secret." in page
    row.refresh_from_db()
    entry = LogEntry.objects.get()
    assert (row.roll_asked_at is not None, WebhookUpkeep.objects.get().seen_address) == (True, "")
    assert (entry.object_id, entry.user, entry.change_message) == (
        str(row.pk), staff, "Asked for another signing secret.",
    )  # fmt: skip


def test_what_is_not_in_use_is_left_as_it_is(filled: Connection, staff: Any) -> None:
    row = registered(filled)
    WebhookSubscription.objects.update(active=False)
    assert "None of these is in use" in roll(signed_in(staff), row).content.decode()
    roll(signed_in(staff), row, confirmed="yes")
    row.refresh_from_db()
    assert (row.roll_asked_at, LogEntry.objects.count()) == (None, 0)


def test_who_may_only_look_may_not_roll(filled: Connection) -> None:
    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_webhooksubscription"))
    row = registered(filled)
    roll(signed_in(looker), row, confirmed="yes")
    row.refresh_from_db()
    assert row.roll_asked_at is None


def test_the_page_tells_what_to_paste_where_and_whether_it_works(staff: Any, settings: Any) -> None:
    settings.PUBLIC_URL = "https://hub.example.org"
    settings.WEBHOOK_SECRETS = {"quickbooks": ["verifier-canary"]}
    settings.APPLICATION_TOKENS = {"square": "EAAA-canary", "stripe": ""}
    settings.SANDBOX_URL = ""
    cache.clear()
    cache.set(refusals._key("quickbooks", refusals._minute()), 3)
    page = signed_in(staff).get(reverse(PORTALS))
    found = {each.name: each for each in page.context["portals"]}
    assert [name for name, each in found.items() if each.by_hand] == ["Stripe", "QuickBooks"]
    books = found["QuickBooks"]
    assert (books.url, books.setting, books.is_set, books.refused) == (
        "https://hub.example.org/api/v1/integrations/webhooks/quickbooks", "QUICKBOOKS_WEBHOOK_SECRETS", True, 3,
    )  # fmt: skip
    assert {"Customer", "Invoice", "Payment"} <= set(books.events)
    assert found["Stripe"].is_set is False
    assert "account.application.deauthorized" in found["Stripe"].events
    assert b"canary" not in page.content


def test_the_page_says_when_nobody_can_reach_us(staff: Any, settings: Any) -> None:
    settings.PUBLIC_URL, settings.SANDBOX_URL = "http://127.0.0.1:8000", ""
    assert addresses.why_unreachable() in signed_in(staff).get(reverse(PORTALS)).content.decode()


def test_the_page_costs_the_same_however_much_there_is(staff: Any, django_assert_num_queries: Any) -> None:
    client = signed_in(staff)
    for number in range(5):
        link = connected(VenueFactory(), SQUARE, account=f"M{number}")
        WebhookEvent.objects.create(provider="square", connection=link, dedupe_key=str(number), body=b"")
    with django_assert_num_queries(3):  # session, person, the newest event of each provider
        page = client.get(reverse(PORTALS))
    square = next(each for each in page.context["portals"] if each.name == "Square")
    assert square.last_received_at == WebhookEvent.objects.latest("received_at").received_at


def test_the_page_is_linked_from_the_list_and_for_staff_only(filled: Connection, staff: Any) -> None:
    assert reverse(PORTALS) in signed_in(staff).get(reverse(LIST)).content.decode()
    assert signed_in(UserFactory(is_staff=True)).get(reverse(PORTALS)).status_code == 403
    assert signed_in(UserFactory()).get(reverse(PORTALS)).status_code == 302
