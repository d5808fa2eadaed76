"""The bad day of a registration: a lost answer, two at once, an owner with another mind, a door that is shut."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from config.celery import app
from connections import keys, lifecycle
from connections.models import Connection
from integrations.providers import PROVIDERS, http
from integrations.providers.errors import Invalid, PermissionMissing, RateLimited, Transient
from integrations.providers.types import Subject
from monitoring import beat
from syncing import choosing
from syncing.look import Look
from tests.contract.account import open_account, paste_key, sign_in
from tests.contract.stage import MAILCHIMP, SQUARE, STRIPE
from tests.contract.working import at_once
from tests.provider_sandbox import Sandbox
from tests.webhooks.working import Told, Way, problems, tend, tomorrow
from webhooks import addresses, farewell, look, registrations, rotation, tasks, upkeep, upkeep_rest
from webhooks.models import WebhookEvent, WebhookSubscription, WebhookUpkeep

pytestmark = pytest.mark.django_db(transaction=True)
KEY = pytest.mark.parametrize("way", [Way(each, signs_in=False) for each in (SQUARE, STRIPE, MAILCHIMP)], ids=str)
BY_STRIPE = pytest.mark.parametrize("way", [Way(STRIPE, signs_in=False)], ids=str)
WITH_TWO_AUDIENCES = pytest.mark.parametrize(
    "way", [Way(replace(MAILCHIMP, opening={"press": "Press"}), signs_in=False)], ids=str
)


def due() -> None:
    WebhookUpkeep.objects.update(due_at=timezone.now(), lease_until=None)


def usable(told: Told) -> bool:
    """Whether what is registered is exactly the row in use, with its secret."""
    row = told.row()
    return [str(each["id"]) for each in told.there()] == [row.external_id] and bool(row.signing_secret)


@pytest.mark.parametrize("kind", ["lost_answer", "reset"])
def test_a_registration_whose_answer_was_lost_is_found_or_replaced_and_never_doubled(
    told: Told, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_TRIES", 1)
    told.sandbox.ask("POST", "/faults", {"provider": told.way.stage.key, "kind": kind, "method": "POST", "times": 1})
    tend()
    assert (len(problems()), told.registered_at_all()) == (1, 1 if kind == "lost_answer" else 0)
    due()
    tend()
    assert (problems(), usable(told)) == ([], True)


@KEY
def test_a_lost_answer_is_bridged_within_the_call_where_the_provider_knows_our_key(told: Told) -> None:
    told.sandbox.ask("POST", "/faults", {"provider": told.way.stage.key, "kind": "lost_answer", "method": "POST"})
    tend()
    assert len(problems()) == (1 if told.way.stage.key == "mailchimp" else 0)
    due()
    tend()
    assert usable(told)


def test_two_at_once_register_once(told: Told) -> None:
    at_once([tend, tend, tend])
    assert usable(told)


def test_one_that_was_slower_than_its_lease_leaves_nothing_double(told: Told) -> None:
    upkeep.take_up()
    slow = upkeep.claim()
    due()
    other = upkeep.claim()
    assert slow is not None
    assert other is not None
    at_once([lambda: upkeep.tend(slow), lambda: upkeep.tend(other)])
    due()
    tend()
    assert (usable(told), WebhookSubscription.objects.current().count()) == (True, 1)


@KEY
def test_a_connection_that_ends_while_something_is_registered_leaves_nothing_there(told: Told) -> None:
    upkeep.take_up()
    claimed = upkeep.claim()
    assert claimed is not None
    told.sandbox.ask("POST", "/faults", {
        "provider": told.way.stage.key, "kind": "delay", "method": "GET", "seconds": 0.4, "times": 1,
    })  # fmt: skip
    at_once(
        [
            lambda: upkeep.tend(claimed),
            lambda: lifecycle.disconnect(told.connection, by=None, farewell=farewell.say, revoke=False),
        ]
    )
    assert (told.registered_at_all(), WebhookSubscription.objects.current().count()) == (0, 0)


@WITH_TWO_AUDIENCES
def test_another_audience_is_told_of_and_the_former_one_no_longer(told: Told) -> None:
    tend()
    (other,) = {each["id"] for each in told.account.told["lists"]} - {told.row().place}
    choosing.carry_out(told.connection.venue, PROVIDERS["mailchimp"], chosen={"audience": [other]})
    assert (tend(), problems()) == (1, [])
    assert (told.row().place, told.registered_at_all()) == (other, 1)


@KEY
def test_an_address_that_was_changed_there_is_registered_anew(told: Told) -> None:
    tend()
    (hook,) = told.there()
    told.move(hook["id"], addresses.url(told.way.stage.key, addresses.new_token()))
    tomorrow()
    tend()
    assert (problems(), usable(told)) == ([], True)


@KEY
def test_what_others_registered_there_is_left_alone(told: Told) -> None:
    foreign = told.register_foreign("http://127.0.0.1:9/others")
    tend()
    assert {str(each["id"]) for each in told.there()} == {foreign, told.row().external_id}
    lifecycle.disconnect(told.connection, by=None, farewell=farewell.say, revoke=False)
    assert told.registered_at_all() == 1


@KEY
def test_a_reconnected_venue_is_told_of_again(told: Told) -> None:
    tend()
    lifecycle.disconnect(told.connection, by=None, farewell=farewell.say)
    assert told.registered_at_all() == 0
    told.connection = paste_key(told.account)
    assert (tend(), usable(told)) == (1, True)


@BY_STRIPE
def test_a_missing_permission_is_told_and_harms_nothing(told: Told) -> None:
    told.account.act("tokens", action="drop_scope", scope="rak_webhook_write")
    tend()
    assert problems() == [
        "Stripe does not allow us to be told of changes at once. It needs the permission “Webhook Endpoints: Write”."
    ]
    assert Connection.objects.get(pk=told.connection.pk).status == "connected"
    assert (tend(), WebhookSubscription.objects.count()) == (0, 0)
    assert WebhookUpkeep.objects.get().due_at > timezone.now() + timedelta(hours=20)


@BY_STRIPE
def test_another_key_is_tried_at_once(told: Told) -> None:
    told.account.act("tokens", action="drop_scope", scope="rak_webhook_write")
    tend()
    keys.replace(PROVIDERS["stripe"], told.connection, told.account.told["secret_key"], user=told.account.owner)
    assert (tend(), problems(), usable(told)) == (1, [], True)


def test_a_provider_that_does_not_answer_is_asked_again_soon(told: Told) -> None:
    told.sandbox.ask("POST", "/faults", {"provider": told.way.stage.key, "kind": "status", "status": 503, "times": -1})
    tend()
    told.sandbox.ask("DELETE", "/faults")
    (row,) = WebhookUpkeep.objects.all()
    assert (row.attempts, row.due_at < timezone.now() + timedelta(minutes=1)) == (1, True)
    due()
    tend()
    assert usable(told)


def test_an_address_that_nobody_reaches_is_not_registered_and_says_why(told: Told, settings: Any) -> None:
    settings.PUBLIC_URL = "http://hub.example.test"
    told.sandbox.clear_log()
    tend()
    assert problems() == ["The sandbox delivers to this machine only; PUBLIC_URL is another."]
    assert WebhookSubscription.objects.count() == 0


@KEY
def test_another_address_of_ours_is_registered_within_one_look(told: Told, settings: Any) -> None:
    tend()
    settings.PUBLIC_URL = settings.PUBLIC_URL.replace("localhost", "127.0.0.1")
    assert (tend(), usable(told), told.there()[0]["url"].startswith(settings.PUBLIC_URL)) == (1, True, True)


def test_what_the_operator_registered_by_hand_stays_the_only_one(world: Sandbox, settings: Any) -> None:
    settings.WEBHOOK_SECRETS = {"square": ["by hand"]}
    sign_in(open_account(SQUARE, world))
    assert (tend(), WebhookUpkeep.objects.count()) == (0, 0)


def test_one_registration_tells_of_everybody_who_signed_in(world: Sandbox) -> None:
    first, second = (Told(Way(SQUARE, signs_in=True), world) for _ in range(2))
    assert (tend(), len(first.there())) == (1, 1)
    first.change()
    second.change()
    told = set(WebhookSubscription.objects.get().events) >= {"oauth.authorization.revoked"}
    heard = {first.connection.pk, second.connection.pk}
    assert (told, {each.connection_id for each in _events()}) == (True, heard)


def test_a_paused_or_lost_connection_is_left_alone(world: Sandbox) -> None:
    told = Told(Way(MAILCHIMP, signs_in=False), world)
    tend()
    Connection.objects.update(status="reauthorise")
    tomorrow()
    world.clear_log()
    assert (tend(), told.sandbox.calls()) == (0, 0)


def test_a_look_costs_the_same_few_statements_however_many_connections_there_are(
    world: Sandbox, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        Told(Way(STRIPE, signs_in=False), world)
    tend()
    with django_assert_max_num_queries(3):
        assert not upkeep.work_once()


@pytest.mark.parametrize("way", [Way(SQUARE, signs_in=False), Way(SQUARE, signs_in=True)], ids=str)
def test_another_key_whose_answer_was_lost_is_found_out_and_the_former_one_is_kept(told: Told, client: Client) -> None:
    tend()
    under_way = told.signed_now()
    rotation.ask(WebhookSubscription.objects.all())
    told.sandbox.ask("POST", "/faults", {
        "provider": "square", "kind": "lost_answer", "method": "POST", "path": told.path(), "times": 1,
    })  # fmt: skip
    tend()
    assert (problems(), told.row().roll_asked_at is not None) == (["Square is not answering."], True)
    due()
    tend()
    row = told.row()
    assert (problems(), row.roll_asked_at, told.signed_now().secret) == ([], None, told.there()[0]["signature_key"])
    assert under_way.arrives(client) == 200


@BY_STRIPE
def test_another_secret_that_is_asked_for_while_somebody_is_at_work_is_not_forgotten(told: Told) -> None:
    tend()
    former = told.signed_now().secret
    tomorrow()
    claimed = upkeep.claim()
    assert claimed is not None
    registered = WebhookUpkeep.objects.get()
    registrations.put_right(registered)
    rotation.ask(WebhookSubscription.objects.all())
    upkeep.tend(claimed)
    tend()
    assert told.signed_now().secret != former


def test_the_beat_sees_to_registrations_and_lets_former_secrets_go(world: Sandbox) -> None:
    told = Told(Way(SQUARE, signs_in=False), world)
    tasks.tend()
    rotation.ask(WebhookSubscription.objects.all())
    tasks.tend()
    assert told.row().previous_secret is not None
    WebhookSubscription.objects.update(rolled_at=timezone.now() - timedelta(hours=25))
    tasks.tend()
    assert told.row().previous_secret is None
    assert {task for task, _ in beat.ENTRIES.values()} >= {"webhooks.tasks.tend", "monitoring.tasks.tell_owners"}


def test_the_worker_of_events_looks_after_registrations_by_itself() -> None:
    assert "webhooks.look:UpkeepLook" in app.steps["worker"]
    assert (look.UpkeepLook.queue, issubclass(look.UpkeepLook, Look)) == ("webhooks", True)


@pytest.mark.parametrize(
    ("address", "sandbox_url", "is_reachable"),
    [
        ("https://hub.example.org", "", True),
        ("http://hub.example.org", "", False),
        ("https://127.0.0.1:8000", "", False),
        ("https://10.0.0.4", "", False),
        ("https://localhost", "", False),
        ("https://hub", "", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:9", True),
        ("https://hub.example.org", "http://127.0.0.1:9", False),
    ],
)
def test_only_an_address_that_can_be_reached_is_registered(
    address: str, sandbox_url: str, is_reachable: bool, settings: Any
) -> None:
    settings.PUBLIC_URL, settings.SANDBOX_URL = address, sandbox_url
    assert (addresses.why_unreachable() == "") == is_reachable


def test_the_token_is_read_only_from_addresses_of_ours(settings: Any) -> None:
    settings.PUBLIC_URL, token = "https://hub.example.org", addresses.new_token()
    ours = addresses.url("square", token)
    assert addresses.token_in("square", ours) == token
    for other in (ours + "/", ours[:-1], ours.replace("hub", "hut"), addresses.url("square"), ours + "?x=1"):
        assert addresses.token_in("square", other) == ""
    assert addresses.token_in("stripe", ours) == ""


def test_rests_are_a_day_or_what_was_asked_for_or_double() -> None:
    def longest(low: float, high: float) -> float:
        return high

    assert upkeep_rest.after_success(lambda low, high: 0.5) == timedelta(hours=23, minutes=30)
    assert upkeep_rest.after_failure(RateLimited(retry_after=7), 3, longest) == timedelta(seconds=7)
    rests = [upkeep_rest.after_failure(Transient(), attempts, longest) for attempts in (0, 1, 5, 40)]
    assert rests == [timedelta(seconds=15), timedelta(seconds=30), timedelta(seconds=480), timedelta(hours=6)]
    assert upkeep_rest.after_failure(PermissionMissing(), 0, lambda low, high: 0) == timedelta(days=1)
    assert upkeep_rest.after_failure(Invalid(), 0, lambda low, high: 0) == timedelta(days=1)


def test_every_event_that_is_asked_for_is_one_that_its_provider_has_and_we_read() -> None:
    for provider in (PROVIDERS["square"], PROVIDERS["stripe"]):
        assert provider.registrar is not None
        of_account, of_application = (
            set(provider.registrar.events(Subject(of_application=each))) for each in (False, True)
        )
        assert len(of_application - of_account) == 1
        assert of_account < of_application


def _events() -> Any:
    return WebhookEvent.objects.filter(verdict="accepted")
