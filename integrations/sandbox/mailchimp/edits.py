"""What happens in an audience meanwhile: members changed, added and removed by the venue's people and by themselves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.accounts import Account
from integrations.sandbox.mailchimp.audiences import Audience, member_tags
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.ids import subscriber_hash
from integrations.sandbox.mailchimp.ledger import archive, forget, keep, set_tags
from integrations.sandbox.mailchimp.newcomers import new_member
from integrations.sandbox.mailchimp.subscribers import ADDRESS, FNAME, LNAME, OWN, PHONE
from integrations.sandbox.mailchimp.times import stamp, whole
from integrations.sandbox.persons import FAMILY, GIVEN, STREETS
from integrations.sandbox.store import Entry

_NEWCOMERS_FROM = 50_000_000  # the index of the first person who is in no generated audience


@dataclass(frozen=True)
class Staff:
    """A hand at the venue that edits one audience."""

    mailchimp: MailchimpDouble
    account: Account
    audience: Audience
    chance: random.Random

    def change(self, number: int, what: str | None) -> list[str]:
        """The ids afterwards; an address changed means an id changed."""
        return [self._change(entry, what) for entry in self._pick(number, what)]

    def create(self, number: int) -> list[str]:
        return [self._create() for _ in range(number)]

    def archive(self, number: int) -> list[str]:
        picked = self._pick(number, None)
        return [str(archive(self.mailchimp, self.audience, one, source="admin")["id"]) for one in picked]

    def forget(self, number: int) -> list[str]:
        picked = self._pick(number, None)
        for entry in picked:
            forget(self.mailchimp, self.audience, entry, source="admin")
        return [str(entry.document["id"]) for entry in picked]

    def say(self, email: str, word: str) -> list[str]:
        """Let a member speak for himself: sign up by the audience's own form, leave by the link, or bounce."""
        found, now = self.audience.register.find(email), self.mailchimp.clock.now()
        if found is None and word != "yes":
            return []
        member = found.document if found else new_member(
            self.account, self.audience, email, status="subscribed", now=now, source="Form"
        )  # fmt: skip
        confirmed = {"timestamp_opt": stamp(whole(now))} if word == "yes" else {}
        said = keep(self.mailchimp, self.audience, found, member | _SAID[word] | confirmed, source="user")
        return [str(said["id"])]

    def _change(self, entry: Entry, what: str | None) -> str:
        kinds = [kind for kind in _CHANGES if kind != "status" or entry.document["status"] == "subscribed"]
        kind = what or self.chance.choice(kinds + ["tags"] * self.mailchimp.settings.tags_touch_members)
        if kind == "tags":
            return str(set_tags(self.mailchimp, self.audience, entry, self._other_tags(entry.document))["id"])
        member = entry.document | _CHANGES[kind](self, entry.document)
        source = "user" if kind == "status" else "admin"
        return str(keep(self.mailchimp, self.audience, entry, member, source=source)["id"])

    def _create(self) -> str:
        register = self.audience.register
        person = register.generated.person_beyond(_NEWCOMERS_FROM + register.next_rank())
        now = self.mailchimp.clock.now()
        member = new_member(
            self.account, self.audience, person.email, status="subscribed", now=now, source="Admin Add"
        )  # fmt: skip
        member["merge_fields"] = {FNAME: person.given, LNAME: person.family}
        return str(keep(self.mailchimp, self.audience, None, member, source="admin")["id"])

    def _other_tags(self, member: Document) -> Document:
        """One tag more or one less."""
        tag = self.chance.choice(list(self.audience.tags.values()))
        kept = [one for one in member["tags"] if one["id"] != tag["id"]]
        return member_tags(kept if len(kept) < len(member["tags"]) else [*kept, tag])

    def _pick(self, number: int, what: str | None) -> list[Entry]:
        return list(islice(self._shuffled(what), number))

    def _shuffled(self, what: str | None) -> Iterator[Entry]:
        """Members who are neither gone nor archived, in a random order."""
        register = self.audience.register
        seen: set[int] = set()
        total = register.next_rank()
        while len(seen) < total:
            rank = self.chance.randrange(total)
            if rank in seen:
                continue
            seen.add(rank)
            entry = register.latest(rank)
            wanted = entry.document["status"] == "subscribed" if what == "status" else True
            if not entry.is_deleted and entry.document["status"] != "archived" and wanted:
                yield entry


def _value(merge_id: int, member: Document, value: object) -> Document:
    return {"merge_fields": member["merge_fields"] | {merge_id: value}}


def _name(staff: Staff, member: Document) -> Document:
    merge_id, names = staff.chance.choice([(FNAME, GIVEN), (LNAME, FAMILY)])
    others = [name for name in names if name != member["merge_fields"].get(merge_id)]
    return _value(merge_id, member, staff.chance.choice(others))


def _phone(staff: Staff, member: Document) -> Document:
    return _value(PHONE, member, f"+4477009{staff.chance.randrange(100_000):05d}")


def _email(staff: Staff, member: Document) -> Document:
    email = f"moved.{staff.chance.randrange(10**9)}@example.org"
    known = staff.audience.register.generated.address_id(email)
    return {"id": subscriber_hash(email), "email_address": email, "unique_email_id": known}


def _address(staff: Staff, member: Document) -> Document:
    street = f"{staff.chance.randrange(1000, 9999)} {staff.chance.choice(STREETS)}"
    town = {"addr1": street, "addr2": "", "city": "London", "state": "London", "zip": "SE1 7RG", "country": "GB"}
    return _value(ADDRESS, member, town)


def _own(staff: Staff, member: Document) -> Document:
    """The field that only this audience has: another number, or another of its choices."""
    field = staff.audience.merge_fields.get(OWN)
    choices = (field or {}).get("options", {}).get("choices")
    others = [one for one in choices or () if one != member["merge_fields"].get(OWN)]
    return _value(
        OWN, member, staff.chance.choice(others) if others else staff.chance.randrange(20_000_000, 30_000_000)
    )


_SAID: dict[str, Document] = {
    "yes": {"status": "subscribed", "unsubscribe_reason": ""},
    "no": {"status": "unsubscribed", "unsubscribe_reason": "No longer interested"},
    "bounce": {"status": "cleaned"},
}
SAYS = tuple(_SAID)
_CHANGES: dict[str, Callable[[Staff, Document], Document]] = {
    "name": _name,
    "phone": _phone,
    "email": _email,
    "address": _address,
    "own": _own,
    "vip": lambda staff, member: {"vip": not member["vip"]},
    "status": lambda staff, member: {
        "status": "unsubscribed",
        "unsubscribe_reason": "No longer interested",
        "consents_to_one_to_one_messaging": False,
    },
}
WHAT = (*_CHANGES, "tags")
