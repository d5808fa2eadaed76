"""From the connect to the disconnect: registered once, told, repaired, given another secret, removed."""

import pytest
from django.test import Client

from connections import lifecycle
from connections.models import Connection
from tests.contract.account import assert_exact
from tests.contract.stage import MAILCHIMP
from tests.webhooks.working import CUSTOMER, Told, Way, problems, tend, tomorrow
from webhooks import farewell, rotation
from webhooks.models import WebhookEvent, WebhookSubscription, WebhookUpkeep

pytestmark = pytest.mark.django_db(transaction=True)


def test_connecting_leads_to_one_registration_and_changes_come_in_by_it(told: Told) -> None:
    assert (tend(), problems(), len(told.there())) == (1, [], 1)
    row = told.row()
    assert (row.external_id, bool(row.signing_secret)) == (str(told.there()[0]["id"]), True)
    assert row.connection_id == (None if told.way.of_application else told.connection.pk)
    told.read_once()
    told.change(3)
    assert set(WebhookEvent.objects.values_list("verdict", "connection")) == {("accepted", told.connection.pk)}
    told.work()
    assert_exact(told.account, told.connection, CUSTOMER)
    assert told.row().last_received_at is not None


def test_a_look_that_finds_everything_well_costs_one_call_and_changes_nothing(told: Told) -> None:
    tend()
    before = told.row()
    told.sandbox.clear_log()
    tomorrow()
    assert (tend(), told.sandbox.calls()) == (1, 1)
    assert (told.row().pk, told.row().external_id) == (before.pk, before.external_id)
    assert tend() == 0


def test_what_was_deleted_there_is_registered_again(told: Told) -> None:
    tend()
    (gone,) = told.there()
    told.ask("DELETE", f"{told.path()}/{gone['id']}")
    tomorrow()
    tend()
    (back,) = told.there()
    assert (problems(), back["id"] != gone["id"], told.row().external_id) == ([], True, str(back["id"]))
    if not told.way.of_application:
        assert [entry["event"] for entry in _history(told)][-2:] == ["news_ordered", "news_restored"]


def test_what_was_spoiled_there_is_put_right_in_place(told: Told) -> None:
    tend()
    (before,) = told.there()
    _spoil(told, before["id"])
    assert told.there() != [before]
    tomorrow()
    tend()
    (after,) = told.there()
    assert {name: after[name] for name in after if name != "updated_at"} == {
        name: before[name] for name in before if name != "updated_at"
    }


def test_another_secret_signs_and_the_former_one_is_accepted_for_a_while(told: Told, client: Client) -> None:
    tend()
    under_way = told.signed_now()
    assert rotation.ask(WebhookSubscription.objects.all()) == 1
    tend()
    assert (len(told.there()), problems(), told.signed_now().secret != under_way.secret) == (1, [], True)
    assert told.change()["acknowledged"] >= 1
    assert under_way.arrives(client) == 200
    told.pass_overlap()
    assert under_way.arrives(client) in (401, 404)
    assert told.signed_now().arrives(client) == 200
    assert told.row().previous_secret is None


def test_a_secret_that_is_asked_for_twice_is_replaced_once(told: Told) -> None:
    tend()
    for _ in range(2):
        rotation.ask(WebhookSubscription.objects.all())
    tend()
    replaced = told.signed_now().secret
    tomorrow()
    tend()
    assert (told.signed_now().secret, len(told.there())) == (replaced, 1)


def test_a_disconnect_removes_it_there_before_the_access_ends(told: Told) -> None:
    tend()
    steps = lifecycle.disconnect(told.connection, by=told.account.owner, farewell=farewell.say)
    found = {step["step"]: step["result"] for step in steps}
    assert [step["step"] for step in steps] == ["stop_syncs", "remove_webhooks", "revoke", "destroy_access"]
    assert found["remove_webhooks"] == ("skipped" if told.way.of_application else "done")
    if told.way.of_application:  # it goes when nobody needs it any more
        assert len(told.there()) == 1
        tomorrow()
        tend()
    assert told.registered_at_all() == 0
    assert not WebhookSubscription.objects.current().exists()


def _history(told: Told) -> list[dict[str, str]]:
    return list(Connection.objects.get(pk=told.connection.pk).history)


def _spoil(told: Told, hook_id: str) -> None:
    path = f"{told.path()}/{hook_id}"
    match told.way.stage.key:
        case "square":
            told.ask("PUT", path, {"subscription": {"enabled": False}})
        case "stripe":
            told.ask("POST", path, form={"disabled": "true"})
        case "mailchimp":
            told.ask("PATCH", path, {"sources": {"user": True, "admin": False, "api": True}})


def test_nothing_is_due_before_a_day_is_over(told: Told) -> None:
    tend()
    assert (tend(), WebhookUpkeep.objects.get().attempts) == (0, 0)


@pytest.mark.parametrize("way", [Way(MAILCHIMP, signs_in=False)], ids=str)
def test_an_unsigned_webhook_of_mailchimp_is_proved_by_its_address_and_its_successor_is_signed(told: Told) -> None:
    told.sandbox.ask("POST", "/mailchimp/settings", {"sign_webhooks": False})
    tend()
    told.read_once()
    assert (problems(), told.row().signing_secret) == ([], None)
    told.change()
    assert set(WebhookEvent.objects.values_list("verdict", flat=True)) == {"accepted"}
    tomorrow()
    assert (tend(), len(told.there())) == (1, 1)
    told.sandbox.ask("POST", "/mailchimp/settings", {"sign_webhooks": True})
    rotation.ask(WebhookSubscription.objects.all())
    tend()
    assert (len(told.there()), bool(told.row().signing_secret)) == (1, True)


@pytest.mark.parametrize("way", [Way(MAILCHIMP, signs_in=False)], ids=str)
def test_what_we_change_in_mailchimp_is_not_told_to_us(told: Told) -> None:
    tend()
    (hook,) = told.there()
    assert hook["sources"] == {"user": True, "admin": True, "api": False}
    assert hook["events"] == {
        "subscribe": True, "unsubscribe": True, "profile": True, "cleaned": True, "upemail": True, "campaign": False,
    }  # fmt: skip
