"""What each provider is asked to tell, what is found amiss there, and what nobody but us is told."""

from typing import Any

import pytest

from connections import sessions
from integrations.providers import PROVIDERS
from integrations.providers.base import RollingRegistrar, WebhookRegistrar
from integrations.providers.errors import NotFound, ProviderError, Transient
from integrations.providers.stripe import events
from integrations.providers.types import Hook, Subject
from integrations.sandbox.mailchimp.hooks import EVENTS as MAILCHIMP_EVENTS
from integrations.sandbox.square.notices import EVENT_TYPES as SQUARE_EVENTS
from integrations.sandbox.stripe.event_types import KNOWN as STRIPE_EVENTS
from integrations.sealing import Secret
from tests.contract.account import open_account
from tests.contract.stage import MAILCHIMP, SQUARE, STRIPE, Stage
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db
ACCOUNT, APPLICATION = Subject(), Subject(of_application=True)
KNOWN = {"square": set(SQUARE_EVENTS), "stripe": set(STRIPE_EVENTS), "mailchimp": set(MAILCHIMP_EVENTS)}
URL = "http://127.0.0.1:9/api/v1/integrations/webhooks/somewhere"
each_stage = pytest.mark.parametrize("stage", [SQUARE, STRIPE], ids=str)


def registrar(key: str) -> WebhookRegistrar:
    found = PROVIDERS[key].registrar
    assert found is not None
    return found


@pytest.fixture
def opened(stage: Stage, sandbox: Sandbox) -> Any:
    """A session with an account's own key."""
    return sessions.with_key(stage.provider, Secret(open_account(stage, sandbox).key))


@pytest.mark.parametrize("key", ["square", "stripe", "mailchimp"])
def test_only_events_are_asked_for_that_there_are_and_that_lead_to_a_read(key: str) -> None:
    assert set(registrar(key).events(APPLICATION)) <= KNOWN[key]
    receiver = PROVIDERS[key].webhooks
    assert receiver is not None
    assert set(registrar(key).events(APPLICATION)) == set(receiver.portal_events)


def test_the_end_of_an_authorisation_is_told_to_the_application_alone() -> None:
    ends = {key: set(registrar(key).events(APPLICATION)) - set(registrar(key).events(ACCOUNT)) for key in KNOWN}
    assert ends == {
        "square": {"oauth.authorization.revoked"}, "stripe": {"account.application.deauthorized"}, "mailchimp": set(),
    }  # fmt: skip


def test_every_kind_of_stripe_that_is_read_is_asked_for() -> None:
    objects = {"discount": "customer.discount", "dispute": "charge.dispute"}
    asked = {event.rpartition(".")[0] for event in events.EVENTS}
    assert asked == {objects.get(kind, kind) for kind in events._ABOUT if kind != "invoice_payment"}


def test_only_the_portal_of_quickbooks_takes_addresses() -> None:
    books = PROVIDERS["quickbooks"]
    assert books.registrar is None
    assert books.webhooks is not None
    assert set(books.webhooks.portal_events) == {
        "Account", "Class", "Customer", "Invoice", "Item", "Payment", "PaymentMethod",
    }  # fmt: skip


@each_stage
def test_one_address_is_registered_once_however_often_it_is_asked(opened: Any, stage: Stage) -> None:
    ask = registrar(stage.key)
    made = [ask.register(opened, ACCOUNT, url=URL, key="k" * 40) for _ in range(2)]
    assert made[0] == made[1]
    assert (made[0].amiss, bool(made[0].secret), len(ask.listed(opened, ACCOUNT))) == ("", True, 1)
    assert made[0].secret not in repr(made[0])


@each_stage
def test_one_that_is_gone_already_was_removed(opened: Any, stage: Stage) -> None:
    ask = registrar(stage.key)
    made = ask.register(opened, ACCOUNT, url=URL, key="k" * 40)
    for _ in range(2):
        ask.remove(opened, ACCOUNT, made.id)
    assert ask.listed(opened, ACCOUNT) == []
    with pytest.raises(NotFound):
        ask.repair(opened, ACCOUNT, made.id)


@each_stage
def test_other_events_are_found_and_put_right(opened: Any, stage: Stage) -> None:
    ask = registrar(stage.key)
    made = ask.register(opened, ACCOUNT, url=URL, key="k" * 40)
    (found,) = ask.listed(opened, APPLICATION)
    assert found.amiss == "It told of other events."
    ask.repair(opened, APPLICATION, made.id)
    assert [each.amiss for each in ask.listed(opened, APPLICATION)] == [""]


@pytest.mark.parametrize("stage", [SQUARE], ids=str)
def test_many_subscriptions_of_square_come_in_pages(opened: Any, stage: Stage) -> None:
    ask = registrar("square")
    for number in range(101):
        ask.register(opened, ACCOUNT, url=URL, key=f"{number:040}")
    assert len({hook.id for hook in ask.listed(opened, ACCOUNT)}) == 101


@pytest.mark.parametrize("stage", [SQUARE], ids=str)
def test_square_gives_a_subscription_another_key_and_tells_it_again(opened: Any, stage: Stage) -> None:
    ask = registrar("square")
    assert isinstance(ask, RollingRegistrar)
    made = ask.register(opened, ACCOUNT, url=URL, key="k" * 40)
    key = ask.roll(opened, ACCOUNT, made.id)
    assert (key != made.secret, [hook.secret for hook in ask.listed(opened, ACCOUNT)]) == (True, [key])


def test_only_square_has_a_call_for_another_secret() -> None:
    assert [key for key in KNOWN if isinstance(registrar(key), RollingRegistrar)] == ["square"]


@pytest.mark.parametrize("stage", [MAILCHIMP], ids=str)
def test_a_foreign_looking_audience_does_not_lead_elsewhere(opened: Any, stage: Stage) -> None:
    with pytest.raises(ProviderError):
        registrar("mailchimp").listed(opened, Subject(place="../../ping?x="))


@pytest.mark.parametrize("stage", [STRIPE], ids=str)
@pytest.mark.parametrize("kind", ["malformed", "html"])
def test_an_answer_that_cannot_be_read_leaves_it_open_what_was_registered(
    opened: Any, stage: Stage, sandbox: Sandbox, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.providers.http._TRIES", 1)
    sandbox.ask("POST", "/faults", {"provider": stage.key, "kind": kind, "method": "POST", "times": 1})
    with pytest.raises(Transient):
        registrar(stage.key).register(opened, ACCOUNT, url=URL, key="k" * 40)


def test_a_hook_hides_its_secret() -> None:
    assert "canary" not in repr(Hook("1", URL, secret="canary"))
