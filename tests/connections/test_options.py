"""The choice that a connect makes by itself, and what becomes of it when the provider is silent."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from connections import keys, options
from integrations import wishes
from integrations.models import IntegrationConfig, Venue
from integrations.problems import Problem
from integrations.providers import PROVIDERS, http
from integrations.providers.errors import AuthRevoked, Transient
from tests.connections.conftest import SIZES
from tests.factories import ConnectionFactory
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
MAILCHIMP, SQUARE = PROVIDERS["mailchimp"], PROVIDERS["square"]


@pytest.fixture(autouse=True)
def _one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_TRIES", 1)


@pytest.fixture
def newsletter(sandbox: Sandbox) -> dict[str, Any]:
    """A Mailchimp account with two audiences."""
    wish = {"name": "Lantern Room", "press": True, "sizes": {"members": 5, "press": 2}}
    made: dict[str, Any] = sandbox.ask("POST", "/mailchimp/accounts", wish)
    return made


@pytest.fixture
def silent_lists(sandbox: Sandbox, newsletter: dict[str, Any]) -> None:
    path = f"/{newsletter['dc']}/3.0/lists"
    fault = {"provider": "mailchimp", "path": path, "kind": "status", "status": 503, "times": -1}
    sandbox.ask("POST", "/faults", fault)


def config(venue: Venue) -> IntegrationConfig:
    return IntegrationConfig.objects.get(venue=venue)


def test_the_largest_audience_is_chosen_at_connect(venue: Venue, newsletter: dict[str, Any], owner: User) -> None:
    connection = keys.connect(MAILCHIMP, venue, newsletter["api_key"], user=owner)
    offered = options.ask(connection)
    assert len(offered) == 2
    assert offered[0].id == max(newsletter["lists"], key=lambda each: each["members"])["id"]
    assert offered[0].detail.endswith(" contacts")
    assert config(venue).chosen == {"audience": [offered[0].id]}


def test_a_choice_that_was_made_before_stays(venue: Venue, newsletter: dict[str, Any], owner: User) -> None:
    second = newsletter["lists"][1]["id"]
    wishes.choose(venue, MAILCHIMP, chosen={"audience": [second]})
    keys.connect(MAILCHIMP, venue, newsletter["api_key"], user=owner)
    assert config(venue).chosen == {"audience": [second]}


def test_a_choice_of_another_account_is_forgotten(
    sandbox: Sandbox, venue: Venue, newsletter: dict[str, Any], owner: User
) -> None:
    wishes.choose(venue, MAILCHIMP, chosen={"audience": ["of-another-account"]})
    wishes.choose(venue, SQUARE, chosen={"location": ["of-another-account"]})
    keys.connect(MAILCHIMP, venue, newsletter["api_key"], user=owner)
    keys.connect(SQUARE, venue, sandbox.merchant(**SIZES)["personal_token"], user=owner)
    chosen = {each.integration_id: each.chosen for each in IntegrationConfig.objects.all()}
    assert chosen == {"mailchimp": {"audience": [newsletter["lists"][0]["id"]]}, "square": {}}


def test_a_silent_provider_leaves_the_choice_open_and_the_connect_stands(
    silent_lists: None, venue: Venue, newsletter: dict[str, Any], owner: User
) -> None:
    connection = keys.connect(MAILCHIMP, venue, newsletter["api_key"], user=owner)
    assert connection.status == "connected"
    assert config(venue).chosen == {}
    assert wishes.is_open(config(venue), MAILCHIMP)
    with pytest.raises(Transient):
        options.ask(connection)


def test_where_several_may_be_read_nothing_is_asked_at_connect(sandbox: Sandbox, venue: Venue, owner: User) -> None:
    key = sandbox.merchant(**SIZES)["personal_token"]
    sandbox.clear_log()
    keys.connect(SQUARE, venue, key, user=owner)
    asked = [each["path"] for each in sandbox.ask("GET", "/log")["entries"]]
    assert not [path for path in asked if path.endswith("/v2/locations")]
    assert config(venue).chosen == {}


def test_access_that_has_ended_asks_nobody(venue: Venue) -> None:
    with pytest.raises(AuthRevoked):
        options.ask(ConnectionFactory(venue=venue, status="reauthorise"))


def test_a_provider_without_a_choice_offers_nothing(venue: Venue) -> None:
    assert options.ask(ConnectionFactory(venue=venue, provider="quickbooks")) == []


@pytest.mark.parametrize(
    ("provider", "wish", "sentence"),
    [
        (
            "mailchimp",
            {"chosen": {"audience": ["a", "b"]}},
            "Choose one audience: Mailchimp is read from one at a time.",
        ),
        ("mailchimp", {"begin": "a day"}, "Mailchimp has no sales, so there is no day to begin with."),
        ("mailchimp", {"chosen": {"location": ["a"]}}, "Mailchimp has no “location” to choose from."),
        ("quickbooks", {"chosen": {"location": ["a"]}}, "QuickBooks has no “location” to choose from."),
        ("square", {"interval_minutes": 7}, "Other intervals than 5, 15, 30 and 60 minutes are not offered."),
    ],
)
def test_a_wish_that_cannot_be_names_its_field(
    venue: Venue, provider: str, wish: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Problem) as refused:
        wishes.choose(venue, PROVIDERS[provider], **wish)
    assert refused.value.detail.startswith(sentence)
    field = next(iter(wish)).removesuffix("_minutes")
    assert refused.value.more["errors"][0]["pointer"] == f"/config/{field}"
    assert not IntegrationConfig.objects.exists()


def test_only_what_is_given_is_stored(venue: Venue) -> None:
    wishes.choose(venue, SQUARE, interval_minutes=30)
    choice = wishes.choose(venue, SQUARE, chosen={"location": ["b", "a", "b"]})
    assert (choice.changed, choice.config.interval_minutes) == ({"chosen"}, 30)
    assert choice.config.chosen == {"location": ["b", "a"]}
    assert wishes.choose(venue, SQUARE, chosen={"location": ["a", "b"]}).changed == frozenset()
