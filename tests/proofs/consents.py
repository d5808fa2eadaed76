"""What one person says about mail, at three places and in any order, while syncs run or do not: histories to judge.

The person speaks at Mailchimp (signs up by the form, leaves by the link, bounces), at Square (leaves) and at the
venue's own desk (yes or no, with the time). Whatever is synced in between, Mailchimp may only end with a subscription
when the last word was a yes, and no sync may begin one: that takes a yes at Mailchimp itself.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from connections.models import Connection
from integrations.providers.types import ObjectType
from mappings.models import Direction
from syncing import own, queue, sending
from syncing.models import Trigger
from syncing.own import Entry
from tests.contract.account import Account
from tests.contract.working import settle

CUSTOMER = ObjectType.CUSTOMER
ACTS = ("yes at mailchimp", "no at mailchimp", "bounce at mailchimp", "no at square", "yes here", "no here")
SYNCS = ("read mailchimp", "send mailchimp", "read square", "send square")
histories = st.lists(st.sampled_from([*ACTS, *SYNCS]), min_size=1, max_size=12)


@dataclass
class Person:
    """Somebody with an address of his own, and what he said so far, in order."""

    address: str
    mailchimp: tuple[Account, Connection]
    square: tuple[Account, Connection]
    said: list[str] = field(default_factory=list)
    was_signed_up: bool = False  # by a sync

    def live(self, history: list[str]) -> None:
        """Say and sync what the history holds, then sync until everybody knows."""
        self._here({})
        self._sync(SYNCS * 2)
        for act in history:
            self.mailchimp[0].sandbox.ask("POST", "/clock", {"advance_seconds": 2})
            if act in SYNCS:
                self._sync([act])
            elif self._say(act):
                self.said.append(act)
        self._sync(SYNCS * 3)

    def status(self) -> str:
        """Return how Mailchimp holds the person, "" when it does not."""
        found = self.mailchimp[0].truth(CUSTOMER)[0].values()
        return next((str(each["status"]) for each in found if each["email_address"] == self.address), "")

    def may_be_subscribed(self) -> bool:
        """Return whether the last word was a yes, Mailchimp had one itself, and no sync began a subscription."""
        return (
            self.said[-1:] in (["yes at mailchimp"], ["yes here"]) and self._has_signed_up() and not self.was_signed_up
        )

    def _has_signed_up(self) -> bool:
        """Return whether the last word at Mailchimp was a yes."""
        there = [act for act in self.said if act.endswith("at mailchimp")]
        return there[-1:] == ["yes at mailchimp"]

    def _say(self, act: str) -> bool:
        """Speak; return whether there was anybody to hear it."""
        word, _, place = act.partition(" ")
        if place == "at mailchimp":
            return bool(self.mailchimp[0].act("say", email=self.address, says=word)["members"])
        if place == "at square":
            return bool(self.square[0].act("unsubscribe", email=self.address)["customers"])
        now = self.mailchimp[0].sandbox.ask("GET", "/state")["clock"]["now"]
        self._here({"marketing_consent": {"status": "subscribed" if word == "yes" else "unsubscribed", "at": now}})
        return True

    def _here(self, fields: dict[str, Any]) -> None:
        told = {"email": self.address, "given_name": "Nell", "family_name": "Ash", **fields}
        (outcome,) = own.upsert(self.mailchimp[0].venue, CUSTOMER, [Entry(told, self.address)], actor=None).outcomes
        assert outcome.faults == []

    def _sync(self, acts: Any) -> None:
        for act in acts:
            way, _, name = act.partition(" ")
            connection = (self.mailchimp if name == "mailchimp" else self.square)[1]
            direction = Direction.IN if way == "read" else Direction.OUT
            before = self.status()
            queue.enqueue(connection, [CUSTOMER], direction=direction, trigger=Trigger.OWNER)
            settle()
            if before != "subscribed" and self.status() == "subscribed":
                self.was_signed_up = True


def agree(connection: Connection) -> None:
    """Let the venue agree to send its people there."""
    plans = sending.preview(connection, [CUSTOMER])
    sending.start(connection, [CUSTOMER], plan=sending.plan_id(plans))
    settle()
