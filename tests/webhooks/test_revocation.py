"""An owner takes our access back at the provider: one state, one mail, and not one call more."""

from datetime import timedelta
from smtplib import SMTPException
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db.models import F
from django.test import Client
from django.utils import timezone

from connections import lifecycle, renewal
from connections.models import Connection, OAuthToken
from integrations.models import Role
from integrations.problems import Problem
from integrations.providers.errors import AuthRevoked
from monitoring import mails
from syncing import schedule, tasks
from tests.contract.account import open_account, sign_in
from tests.contract.stage import QUICKBOOKS, SQUARE
from tests.contract.working import at_once, hurry
from tests.factories import MembershipFactory, UserFactory
from tests.provider_sandbox import Sandbox
from tests.webhooks.working import WAYS, Told, Way, tend, tomorrow

pytestmark = pytest.mark.django_db(transaction=True)
BY_QUICKBOOKS = Way(QUICKBOOKS, signs_in=True)
CLEARTEXT = ("access-canary", "refresh-canary", "signing")


@pytest.fixture(params=(*WAYS, BY_QUICKBOOKS), ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


def revoke(told: Told) -> None:
    """Let the owner end our access there after a while, and let whatever signal there is arrive."""
    Connection.objects.update(connected_at=F("connected_at") - timedelta(minutes=1))
    stage = told.way.stage
    told.account.act("tokens", **(stage.revoke if told.way.signs_in else stage.revoke_key or {}))
    if told.way.of_application:
        told.deliver()


def work_all() -> None:
    """Let everything that works by itself have its turn."""
    schedule.enqueue_due()
    schedule.renew_access()
    tomorrow()
    tend()
    for _ in range(5):
        hurry()
        tasks.work_once()


def test_it_leads_to_one_state_one_mail_and_no_further_call(told: Told) -> None:
    tend()
    told.read_once()
    revoke(told)
    if told.way.of_application:  # the signal alone does it, without a call
        told.sandbox.clear_log()
        told.work()
        assert (told.sandbox.calls(), Connection.objects.get().status) == (0, "reauthorise")
    work_all()
    assert Connection.objects.get(pk=told.connection.pk).status == "reauthorise"
    told.sandbox.clear_log()
    at_once([mails.ask_to_reconnect] * 3)
    work_all()
    mails.ask_to_reconnect()
    assert (len(mail.outbox), _calls_for(told)) == (1, 0)
    assert Connection.objects.get(pk=told.connection.pk).history[-1]["event"] == "access_lost"


def _calls_for(told: Told) -> int:
    """How many calls were made for the connection; those of our application are none of it."""
    found = told.account.calls()
    return sum(not each["path"].startswith(told.path()) for each in found) if told.way.of_application else len(found)


@pytest.fixture
def lost(connection: Connection, owner: Any) -> Connection:
    lifecycle.lost(connection, AuthRevoked("no", code="ACCESS_TOKEN_REVOKED"))
    return Connection.objects.get(pk=connection.pk)


def test_the_mail_says_what_happened_what_is_safe_and_what_to_do(lost: Connection, owner: Any, settings: Any) -> None:
    settings.PUBLIC_URL = "https://hub.example.org"
    assert mails.ask_to_reconnect() == 1
    (sent,) = mail.outbox
    assert (sent.subject, sent.to) == ("Square needs you to reconnect – The Lantern Room", [owner.email])
    link = "https://hub.example.org/integrations/square/connect/?venue=lantern-room"
    html = str(sent.alternatives[0][0])
    for text in (str(sent.body), html):
        assert "Square stopped accepting our access on" in text
        assert "Nothing is lost" in text
        assert "Everything else still syncs." in text
        assert link in text
        assert not any(secret in text for secret in CLEARTEXT)
    assert "&#x27;" not in sent.body


def test_all_admins_get_the_same_mail_and_nobody_else(lost: Connection, owner: Any, viewer: Any, operator: Any) -> None:
    second = MembershipFactory(venue=lost.venue, role=Role.VENUE_ADMIN, user=UserFactory(username="second")).user
    gone = UserFactory(username="gone", is_active=False)
    MembershipFactory(venue=lost.venue, role=Role.VENUE_ADMIN, user=gone)
    mails.ask_to_reconnect()
    assert [sorted(each.to) for each in mail.outbox] == [sorted([owner.email, second.email])]
    assert f"{owner.email}, {second.email}" in str(mail.outbox[0].body)


def test_a_venue_without_an_admin_is_noted_and_not_asked_again(connection: Connection) -> None:
    lifecycle.lost(connection, AuthRevoked("no"))
    assert (mails.ask_to_reconnect(), len(mail.outbox)) == (0, 0)
    assert Connection.objects.get().owner_told_at is not None


def test_a_mail_server_that_fails_is_tried_again_after_a_rest(
    lost: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: EmailBackend, messages: Any) -> int:
        raise SMTPException("full")

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    assert mails.ask_to_reconnect() == 0
    monkeypatch.undo()
    assert mails.ask_to_reconnect() == 0
    Connection.objects.update(telling_until=timezone.now() - timedelta(seconds=1))
    assert (mails.ask_to_reconnect(), len(mail.outbox)) == (1, 1)


def test_whoever_dies_while_sending_leads_to_one_mail_more_at_worst(lost: Connection) -> None:
    mails.reconnect_mail(lost).send()  # type: ignore[union-attr]
    Connection.objects.update(telling_until=timezone.now() - timedelta(seconds=1))
    at_once([mails.ask_to_reconnect] * 3)
    assert len(mail.outbox) == 2


def test_access_that_is_lost_again_is_told_again(lost: Connection, owner: Any) -> None:
    mails.ask_to_reconnect()
    lifecycle.regained(lost, by=owner)
    assert mails.ask_to_reconnect() == 0
    lifecycle.lost(Connection.objects.get(), AuthRevoked("no"))
    assert (mails.ask_to_reconnect(), len(mail.outbox)) == (1, 2)


def test_access_that_works_again_before_the_mail_is_not_told(lost: Connection, owner: Any) -> None:
    lifecycle.regained(lost, by=owner)
    assert (mails.ask_to_reconnect(), mail.outbox) == (0, [])


def test_a_renewal_that_is_refused_by_the_schedule_ends_the_asking(world: Sandbox) -> None:
    connection = sign_in(open_account(SQUARE, world))
    told = world.ask("POST", f"/square/{connection.account_id}/tokens", {"action": "revoke"})
    assert told
    OAuthToken.objects.update(
        obtained_at=timezone.now() - timedelta(days=29, hours=12), access_expires_at=timezone.now() + timedelta(hours=2)
    )
    schedule.renew_access()
    assert Connection.objects.get().status == "reauthorise"
    world.clear_log()
    schedule.renew_access()
    assert world.calls() == 0


def test_an_owner_who_is_refused_at_the_door_is_told_as_well(world: Sandbox, client: Client) -> None:
    connection = sign_in(open_account(SQUARE, world))
    world.ask("POST", f"/square/{connection.account_id}/tokens", {"action": "revoke"})
    with pytest.raises(Problem):
        renewal.renew(connection, force=True)
    assert mails.ask_to_reconnect() == 1
