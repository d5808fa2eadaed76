"""What all four providers do: signed, again and again by their own clock, and counted."""

from __future__ import annotations

import pytest

from integrations.sandbox.mail import Notice
from integrations.sandbox.mailbox import MOST, Mailbox
from integrations.sandbox.mailchimp.carrier import MailchimpCarrier
from integrations.sandbox.quickbooks.carrier import Portal, QuickBooksCarrier
from integrations.sandbox.square.carrier import SquareCarrier
from integrations.sandbox.stripe.journal import MOST as MOST_EVENTS
from integrations.sandbox.stripe.journal import Journal
from integrations.sandbox.stripe.past import Past
from integrations.sandbox.tally import KEPT
from tests.sandbox.deliveries.conftest import Hook
from tests.sandbox.deliveries.providers import Hooked


def test_every_change_is_delivered_once_and_signed(hooked: Hooked) -> None:
    changed = hooked.edit(20)
    counts = hooked.flush()
    assert sorted(hooked.told()) == sorted(changed)
    assert all(hooked.is_true(post) for post in hooked.receiver.got)
    assert (counts["is_done"], counts["announced"], counts["acknowledged"], counts["pending"]) == (True, 20, 20, 0)
    assert counts["posts"] == counts["delivered"] == len(hooked.receiver.got)


def test_what_is_refused_comes_again_exactly_when_its_time_has_come(hooked: Hooked) -> None:
    hooked.receiver.answers.extend([500] * len(hooked.pauses))
    changed = hooked.edit(1)
    for tries, pause in enumerate(hooked.pauses, start=1):
        assert hooked.arrived(tries)["pending"] == 1
        hooked.advance(pause - 1)
        assert (hooked.counts()["posts"], hooked.counts()["in_flight"]) == (tries, 0)
        hooked.advance(1)
    counts = hooked.arrived(len(hooked.pauses) + 1)
    assert (counts["acknowledged"], counts["retried"], counts["given_up"]) == (1, len(hooked.pauses), 0)
    assert hooked.told() == changed * (len(hooked.pauses) + 1)
    assert all(hooked.is_true(post) for post in hooked.receiver.got)


def test_after_the_last_try_it_is_given_up(hooked: Hooked) -> None:
    hooked.receiver.judge = lambda post: 503
    hooked.edit(1)
    for tries, pause in enumerate(hooked.pauses, start=1):
        hooked.arrived(tries)
        hooked.advance(pause)
    counts = hooked.arrived(len(hooked.pauses) + 1)
    hooked.advance(90 * 86400)
    assert (counts["given_up"], counts["acknowledged"], counts["pending"]) == (1, 0, 0)
    assert hooked.flush()["posts"] == len(hooked.pauses) + 1


def test_an_answer_that_takes_too_long_is_none(hooked: Hooked) -> None:
    hooked.wish(patience_seconds=0.05)
    hooked.receiver.gate.clear()
    hooked.edit(1)
    hooked.arrived(1)
    counts = hooked.counts(last=1)
    assert (counts["delivered"], counts["pending"]) == (0, 1)
    assert (counts["last"][0]["status"], counts["last"][0]["problem"]) == (None, "TimeoutError")


def test_each_provider_has_a_patience_of_its_own() -> None:
    portal = Portal("http://127.0.0.1/", "token", "client", 10, waits=False)
    rules = [carrier.rules() for carrier in (SquareCarrier(), MailchimpCarrier(), QuickBooksCarrier(lambda: portal))]
    assert [each.patience for each in rules] == [10, 10, 3]


@pytest.mark.parametrize("status", [301, 400, 410, 429, 500])
def test_only_thanks_are_an_acknowledgement(hooked: Hooked, status: int) -> None:
    hooked.receiver.answers.append(status)
    hooked.edit(1)
    counts = hooked.arrived(1)
    assert (counts["delivered"], counts["acknowledged"], counts["pending"]) == (1, 0, 1)


def test_a_flush_waits_until_its_limit_for_what_is_not_acknowledged(hooked: Hooked) -> None:
    hooked.receiver.judge = lambda post: 500
    hooked.edit(3)
    left = hooked.flush(limit_seconds=0.1)
    assert (left["is_done"], left["pending"]) == (False, 3)
    hooked.receiver.judge = None
    done = hooked.flush(hurry=True)
    assert (done["is_done"], done["acknowledged"]) == (True, 3)


def test_who_is_in_a_hurry_gets_them_in_their_order(hook: Hook) -> None:
    hooked = hook("square")
    hooked.receiver.judge = lambda post: 500
    hooked.wish(at_once=1)
    changed = hooked.edit(20)
    hooked.arrived(20)
    hooked.receiver.judge = None
    hooked.flush(hurry=True)
    assert hooked.told() == changed * 2


def test_not_more_than_eight_are_on_their_way_to_one_address(hooked: Hooked) -> None:
    hooked.receiver.gate.clear()
    hooked.edit(60)
    most = 1 if hooked.name == "quickbooks" else 8
    hooked.receiver.wait_for(most)
    assert hooked.counts()["in_flight"] == most
    hooked.receiver.gate.set()
    assert hooked.flush()["is_done"]
    assert hooked.receiver.most_at_once == most


def test_a_reset_forgets_what_waits(hooked: Hooked) -> None:
    hooked.receiver.judge = lambda post: 500
    hooked.edit(2)
    hooked.control.post("reset", json={})
    counts = hooked.flush(hurry=True)
    assert (counts["is_done"], counts["announced"], counts["posts"]) == (True, 0, 0)


def test_many_are_counted_and_the_last_ones_listed(hooked: Hooked) -> None:
    hooked.wish(batch=1)
    hooked.edit(150)
    counts = hooked.flush() and hooked.counts(last=5)
    assert (counts["acknowledged"], counts["posts"]) == (150, 150)
    assert [one["status"] for one in counts["last"]] == [200] * 5
    assert hooked.control.get(f"{hooked.name}/deliveries", params={"last": "all"}).status_code == 400


def test_what_is_remembered_is_bounded() -> None:
    box, journal = Mailbox(), Journal(Past(b"k", []))
    given_up = [box.put(Notice("a", str(number), "k", None)) for number in range(MOST + 3)]
    for number in range(MOST_EVENTS + 3):
        journal.add({"id": f"evt_{number}", "type": "k"}, now=number, waiting=())
    assert [one.id for one in given_up if one] == ["0", "1", "2"]
    assert (journal.find("evt_2", MOST_EVENTS), journal.find("evt_3", MOST_EVENTS) is not None) == (None, True)
    assert journal.document((5, 1 << 20, 5, 0), lambda *_: {})["id"] == "evt_5"
    assert KEPT == 1000
