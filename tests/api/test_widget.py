"""The widget in every state that an owner can see: the words of the table, and the same ones on the page."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from connections import lifecycle
from connections.models import Connection, Status
from integrations.models import IntegrationConfig, Venue
from integrations.providers.errors import AuthRevoked
from mappings.models import SchemaWatch
from monitoring.wording import CardStatus
from syncing.models import LinkState
from syncing.work import WorkStatus
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from tests.factories import ConnectionFactory
from tests.pages import rows

pytestmark = pytest.mark.django_db
WIDGET, PAGE = "/api/v1/me/integrations", "/integrations/"
# Far from where "2 minutes ago" becomes another number, so that two requests in a row say the same.
BEGAN = timedelta(seconds=150)
DAY = r"\d{1,2} [A-Z][a-z]{2}(?: \d{4})?"
MOMENT = rf"{DAY}, \d\d:\d\d"


def never_connected(square: Connection, owner: User) -> None:
    square.delete()


def disconnected(square: Connection, owner: User) -> None:
    Connection.objects.update(status=Status.DISCONNECTED, disconnected_at=timezone.now())


def not_started(square: Connection, owner: User) -> None:
    """As it is right after the consent."""


def in_step(square: Connection, owner: User) -> None:
    rows.bookmark(square)
    rows.record(square)


def one_missed(square: Connection, owner: User) -> None:
    _late(square, minutes=35)


def two_missed(square: Connection, owner: User) -> None:
    _late(square, minutes=50)


def _late(square: Connection, minutes: int) -> None:
    long_ago = timezone.now() - timedelta(days=2)
    IntegrationConfig.objects.update(updated_at=long_ago)
    Connection.objects.update(connected_at=long_ago)
    rows.bookmark(square, last_succeeded_at=timezone.now() - timedelta(minutes=minutes))


def syncing(square: Connection, owner: User) -> None:
    rows.bookmark(square)
    rows.job(square, log=rows.log(square, read=620, total=1900, started_at=timezone.now() - BEGAN))


def of_unknown_length(square: Connection, owner: User) -> None:
    rows.bookmark(square)
    rows.job(square, log=rows.log(square, read=620, started_at=timezone.now() - BEGAN))


def starting(square: Connection, owner: User) -> None:
    rows.bookmark(square)
    rows.job(square, status=WorkStatus.QUEUED, lease_until=None)


def interrupted(square: Connection, owner: User) -> None:
    rows.bookmark(square)
    rows.job(square, lease_until=timezone.now() - BEGAN, log=rows.log(square, read=400))


def syncing_with_problems(square: Connection, owner: User) -> None:
    syncing(square, owner)
    rows.record(square, state=LinkState.FAILING)


def waiting_for_the_provider(square: Connection, owner: User) -> None:
    rows.bookmark(square)
    rows.job(
        square, status=WorkStatus.QUEUED, lease_until=None, failure_class="provider_down",
        failure_sentence="Square is not answering.", not_before=timezone.now() + timedelta(minutes=20),
    )  # fmt: skip


def failing(square: Connection, owner: User) -> None:
    rows.bookmark(square)
    for _ in range(7):
        rows.record(square, state=LinkState.FAILING)


def without_permission(square: Connection, owner: User) -> None:
    _given_up(square, "permission", "Square does not allow us to read customers.")


def broken_by_us(square: Connection, owner: User) -> None:
    _given_up(square, "ours", "Something went wrong on our side. Our team has been told (reference 8F3K-2Q).")


def _given_up(square: Connection, error_class: str, sentence: str) -> None:
    rows.bookmark(square)
    rows.job(
        square, status=WorkStatus.DEAD, lease_until=None, failure_class=error_class, failure_sentence=sentence,
        finished_at=timezone.now(),
    )  # fmt: skip


def undecided(square: Connection, owner: User) -> None:
    rows.bookmark(square)
    lost = {"object": "customer", "direction": "in", "sentence": "Square no longer has the field “E-mail”."}
    SchemaWatch.objects.create(connection=square, decision_since=timezone.now(), decision=lost)


def refused(square: Connection, owner: User) -> None:
    rows.bookmark(square)
    for _ in range(2):
        rows.record(square, state=LinkState.WAITING)
    lifecycle.lost(square, AuthRevoked())


def paused(square: Connection, owner: User) -> None:
    lifecycle.pause(square, by=owner)


def paused_until(square: Connection, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(first_name="Mia")
    lifecycle.pause(square, by=owner, until=timezone.now() + timedelta(days=5), reason="Stocktaking")


class State(NamedTuple):
    """How a connection comes to stand, and what the widget then says of it."""

    arrange: Callable[[Connection, User], None]
    status: str
    label: str
    tone: str
    message: str
    action: str
    summary: str
    poll_after_seconds: int = 60


STATES = [
    State(never_connected, "disconnected", "Not connected", "neutral", r"Connect to bring in customers, sales, .+\.",
          "Connect", "Nothing is connected yet."),
    State(disconnected, "disconnected", "Not connected", "neutral",
          rf"Disconnected on {DAY}\. Your history is kept\.", "Connect again", "Nothing is connected yet."),
    State(not_started, "connected", "Connected", "success",
          r"Nothing has been synced yet\. Choose what to bring in, then start the first sync\.", "Choose what to sync",
          "Everything is up to date."),
    State(in_step, "connected", "Connected", "success", r"Last sync 4 minutes ago · 1 customer up to date", "Manage",
          "Everything is up to date."),
    State(one_missed, "connected", "Connected", "success",
          r"One sync was missed: the last one finished 35 minutes ago\. Nothing is lost\.", "Manage",
          "Everything is up to date."),
    State(waiting_for_the_provider, "connected", "Connected", "success",
          rf"Square is not answering\. We go on at (?:{MOMENT}|\d\d:\d\d)\. Nothing is lost\.", "Manage",
          "Everything is up to date."),
    State(syncing, "syncing", "Syncing", "info", r"Customers: 620 of about 1,900 · started 2 minutes ago",
          "View progress", "Syncing now.", 3),
    State(of_unknown_length, "syncing", "Syncing", "info", r"Customers: 620 so far · started 2 minutes ago",
          "View progress", "Syncing now.", 3),
    State(starting, "syncing", "Syncing", "info", r"Customers: starting now", "View progress", "Syncing now.", 3),
    State(interrupted, "syncing", "Syncing", "info",
          r"Customers: interrupted after 400\. It goes on by itself from there in a moment; nothing is lost\.",
          "View progress", "Syncing now.", 3),
    State(syncing_with_problems, "syncing", "Syncing", "info",
          r"Customers: 620 of about 1,900 · started 2 minutes ago", "View progress", "Syncing now.", 3),
    State(failing, "needs_attention", "Needs attention", "warning",
          r"7 customers could not be read as Square sent them\. Everything else still syncs\.", "Fix 7 problems",
          "1 of 1 needs you"),
    State(without_permission, "needs_attention", "Needs attention", "warning",
          r"Square does not allow us to read customers\. Everything else still syncs\.", "Grant permission",
          "1 of 1 needs you"),
    State(broken_by_us, "needs_attention", "Needs attention", "warning",
          r"Something went wrong on our side\. Our team has been told \(reference 8F3K-2Q\)\.", "See what happened",
          "1 of 1 needs you"),
    State(two_missed, "needs_attention", "Needs attention", "warning",
          r"2 syncs were missed: the last one finished 50 minutes ago\. Nothing is lost\.", "See what happened",
          "1 of 1 needs you"),
    State(undecided, "needs_attention", "Needs attention", "warning",
          r"Square no longer has the field “E-mail”\. Customers wait until you choose another field for it\. "
          r"Everything else still syncs\.", "Choose a field", "1 of 1 needs you"),
    State(refused, "reauthorise", "Reconnect needed", "danger",
          rf"Square stopped accepting our access on {MOMENT}\. Nothing is lost; 2 changes are waiting\.", "Reconnect",
          "1 of 1 needs you"),
    State(paused, "paused", "Paused", "neutral", r"Paused by owner@example\.test\. Nothing is lost\.", "Resume",
          "Everything is paused."),
    State(paused_until, "paused", "Paused", "neutral",
          rf"Paused by Mia until {MOMENT}: Stocktaking\. Nothing is lost\.", "Resume", "Everything is paused."),
]  # fmt: skip
EVERY_STATE = pytest.mark.parametrize("state", STATES, ids=[each.arrange.__name__ for each in STATES])


@EVERY_STATE
def test_each_state_is_told_by_its_word_sentence_tone_and_button(
    as_user: SignedIn, owner: User, connection: Connection, openapi: dict[str, Any], state: State
) -> None:
    state.arrange(connection, owner)
    answer = as_user(owner).get(WIDGET)
    card = _square(answer.json())
    assert (card["status"], card["status_label"], card["tone"]) == (state.status, state.label, state.tone)
    assert re.fullmatch(state.message, card["message"]), card["message"]
    assert card["action"]["label"] == state.action
    assert card["action"]["href"].startswith("/integrations/square/")
    assert answer.json()["summary"]["text"] == state.summary
    assert answer.json()["poll_after_seconds"] == state.poll_after_seconds
    assert_as_described(openapi, answer, "/api/v1/me/integrations/", "get")


@EVERY_STATE
def test_the_page_says_the_same_at_the_same_moment(
    as_user: SignedIn, owner: User, connection: Connection, state: State
) -> None:
    state.arrange(connection, owner)
    client = as_user(owner)
    told, page = client.get(WIDGET).json(), html.unescape(client.get(PAGE).content.decode())
    card = _square(told)
    shown = re.search(r'<article class="card ([^"]+)" aria-labelledby="card-square">(.+?)</article>', page, re.S)
    assert shown is not None
    classes, inside = shown.groups()
    words, action = " ".join(re.sub(r"<[^>]*>", " ", inside).split()), card["action"]
    assert classes.split() == [f"tone-edge-{card['tone']}", f"card-{card['status']}"]
    assert f"badge tone-{card['tone']}" in inside
    assert all(each in words for each in (card["name"], card["status_label"], card["message"], action["label"]))
    assert f'{"action" if action["method"] == "POST" else "href"}="{action["href"]}"' in inside
    assert f'">{told["summary"]["text"].rstrip(".")}' in page


def test_the_table_leaves_no_status_out() -> None:
    assert {each.status for each in STATES} == set(CardStatus)


def test_every_field_that_a_widget_needs_is_there(as_user: SignedIn, owner: User, connection: Connection) -> None:
    syncing_with_problems(connection, owner)
    card = _square(as_user(owner).get(WIDGET).json())
    assert card["account"] == {"label": "The Lantern Room", "id_hint": f"MER…{connection.account_id[-2:]}"}
    assert set(card["counts"]) == {"up_to_date", "left_out", "failing", "waiting"}
    assert set(card["health"]) == {"success_rate_24h", "p95_ms"}
    assert {"self", "page", "history"} <= set(card["links"])
    assert card["links"]["self"] == "/api/v1/integrations/square/?venue=lantern-room"
    progress = card["progress"]
    assert (progress["label"], progress["done"], progress["total"], progress["percent"]) == ("Customers", 620, 1900, 32)
    problem = card["problems"][0]
    assert (problem["class"], problem["count"], problem["first_seen_at"]) == (
        "invalid_value",
        1,
        "2026-11-20T10:12:00Z",
    )


def test_what_needs_the_owner_comes_first_and_is_counted(
    as_user: SignedIn, owner: User, venue: Venue, connection: Connection
) -> None:
    in_step(connection, owner)
    syncing(ConnectionFactory(venue=venue, provider="stripe"), owner)
    failing(ConnectionFactory(venue=venue, provider="quickbooks"), owner)
    lifecycle.lost(ConnectionFactory(venue=venue, provider="mailchimp"), AuthRevoked())
    told = as_user(owner).get(WIDGET).json()
    assert [each["provider"] for each in told["integrations"]] == ["mailchimp", "quickbooks", "stripe", "square"]
    assert told["summary"] == {
        "text": "2 of 4 need you", "needs_you": 2, "syncing": 1, "connected": 1, "not_connected": 0,
    }  # fmt: skip
    assert told["poll_after_seconds"] == 3


def test_an_etag_that_is_known_costs_no_body_and_a_change_of_state_costs_one(
    as_user: SignedIn, owner: User, connection: Connection
) -> None:
    client = as_user(owner)
    known = {"If-None-Match": client.get(WIDGET)["ETag"]}
    again = client.get(WIDGET, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    paused(connection, owner)
    assert client.get(WIDGET, headers=known).status_code == 200


def _square(widget: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in widget["integrations"] if each["provider"] == "square")
