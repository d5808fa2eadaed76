"""Who is in an audience: the generated members, by index, by address and by hash."""

from __future__ import annotations

import bisect
from array import array
from dataclasses import dataclass

from integrations.sandbox.generation import Document, Timeline, key_of, pick
from integrations.sandbox.mailchimp.ids import HexIds, subscriber_hash
from integrations.sandbox.mailchimp.slots import Slots
from integrations.sandbox.mailchimp.times import stamp, whole
from integrations.sandbox.persons import STREETS, TOWNS, People, Person, birthday_of, index_of_email, phone_of

FNAME, LNAME, ADDRESS, PHONE, BIRTHDAY, OWN = range(1, 7)  # the merge_ids that every audience begins with
OUTLETS = ("Print", "Radio & TV", "Online", "Partner venue")
MOST_IMPORTED = 600
_PLACES = {
    "GB": {"latitude": 51.5, "longitude": -0.12, "gmtoff": 0, "dstoff": 1, "country_code": "GB",
           "timezone": "Europe/London", "region": "ENG"},
    "DE": {"latitude": 53.55, "longitude": 9.99, "gmtoff": 1, "dstoff": 2, "country_code": "DE",
           "timezone": "Europe/Berlin", "region": "HH"},
}  # fmt: skip
NOWHERE = {
    "latitude": 0, "longitude": 0, "gmtoff": 0, "dstoff": 0, "country_code": "", "timezone": "", "region": "",
}  # fmt: skip
_CLIENTS = ("Gmail", "Apple Mail", "Outlook 2016", "", "Yahoo! Mail", "")
_REASONS = ("N/A (Unsubscribed by an admin)", "No longer interested", "Did not signup", "Too many emails")
_SOURCES = ("Hosted Form", "Embed Form", "Admin Add", "API - Generic", "Popup Form")


@dataclass(frozen=True)
class Choice:
    """Which of the venue's people are in the audience: every `step`th from `first`."""

    first: int = 0
    step: int = 1


class Subscribers:
    """Members by index. A third of them came in one import and share their times to the second."""

    def __init__(
        self, key: bytes, people: People, timeline: Timeline, *, list_id: str, country: str, slots: Slots,
        choice: Choice, tag_names: dict[int, str], addresses: HexIds,
    ) -> None:  # fmt: skip
        self.count, self.slots, self.tag_names = timeline.count, slots, tag_names
        self._people, self._timeline, self._list_id, self._country, self._choice = (
            people, timeline, list_id, country, choice,
        )  # fmt: skip
        self._contacts = HexIds(key_of(key, "contact"), 32)
        self._addresses = addresses
        first = self.count * 3 // 10
        self.imported = range(first, first + min(self.count // 3, MOST_IMPORTED))
        self._hashes: array[int] | None = None

    def created(self, index: int) -> int:
        return whole(self._timeline.created(self.imported.start if index in self.imported else index))

    def updated(self, index: int) -> int:
        return whole(self._timeline.updated(self.imported.start if index in self.imported else index))

    def person(self, index: int) -> Person:
        return self._people.person(self._choice.first + index * self._choice.step)

    def person_beyond(self, index: int) -> Person:
        """Somebody of the venue who is not in the audience, if the index is high enough."""
        return self._people.person(index)

    def address_id(self, email: str) -> str:
        """What Mailchimp calls this address in every audience of the venue."""
        person = index_of_email(email)
        is_known = person is not None and self._people.person(person).email == email.lower()
        return self._addresses.of(person) if is_known and person is not None else subscriber_hash(email)[:10]

    def index_of_email(self, email: str) -> int | None:
        person = index_of_email(email)
        if person is None:
            return None
        index, rest = divmod(person - self._choice.first, self._choice.step)
        fits = not rest and 0 <= index < self.count and self.person(index).email == email.lower()
        return index if fits else None

    def index_of_contact(self, contact_id: str) -> int | None:
        index = self._contacts.index_of(contact_id)
        return index if index is not None and index < self.count else None

    def index_of_hash(self, wanted: str) -> int | None:
        """A hash does not lead back to its address; so the first question builds an index of eight bytes a member."""
        if self._hashes is None:
            emails = (self.person(index).email for index in range(self.count))
            self._hashes = array("Q", sorted(_packed(subscriber_hash(e), index) for index, e in enumerate(emails)))
        place = bisect.bisect_left(self._hashes, _packed(wanted, 0))
        while place < len(self._hashes) and self._hashes[place] >> _INDEX_BITS == int(wanted[:9], 16):
            index = self._hashes[place] & _INDEX_MASK
            if subscriber_hash(self.person(index).email) == wanted:
                return index
            place += 1
        return None

    def document(self, index: int, *, created: int, updated: int) -> Document:
        """The member; merge fields by merge_id, so that a renamed field keeps its values."""
        person, slot = self.person(index), self.slots.of(index)
        number, is_in = person.number, slot.status == "subscribed"
        joined, is_import = stamp(created), index in self.imported
        chance = number >> 40
        values = self._values(person, index)
        source = "Import" if is_import else pick(_SOURCES, number >> 44)
        signed_up = not is_import and source != "Admin Add"
        ip = f"203.0.113.{(number >> 48) % 254 + 1}" if signed_up else ""
        document: Document = {
            "id": subscriber_hash(person.email),
            "email_address": person.email,
            "unique_email_id": self._addresses.of(person.index),
            "contact_id": self._contacts.of(index),
            "full_name": f"{values[FNAME]} {values[LNAME]}".strip(),
            "web_id": 410_000_000 + index,
            "email_type": slot.email_type,
            "status": slot.status,
            "consents_to_one_to_one_messaging": is_in,
            "sms_phone_number": "",
            "sms_subscription_status": "",
            "sms_subscription_last_updated": "",
            "merge_fields": values,
            "stats": {
                "avg_open_rate": (number >> 60) % 1001 / 1000 if is_in else 0,
                "avg_click_rate": (number >> 70) % 301 / 1000 if is_in else 0,
            },
            "ip_signup": ip,
            "timestamp_signup": joined if signed_up else "",
            "ip_opt": ip,
            "timestamp_opt": joined,
            "member_rating": chance % 4 + 2 if is_in else 1,
            "last_changed": stamp(updated),
            "language": "en" if self._country == "GB" else pick(("de", "en", "de"), number >> 80),
            "vip": slot.vip,
            "email_client": pick(_CLIENTS, number >> 84),
            "location": _PLACES[self._country] if chance % 3 else NOWHERE,
            "source": source,
            "tags_count": len(slot.tags),
            "tags": [{"id": tag_id, "name": self.tag_names[tag_id]} for tag_id in slot.tags],
            "list_id": self._list_id,
        }
        if slot.status == "unsubscribed":
            document["unsubscribe_reason"] = pick(_REASONS, number >> 90)
        return document

    def _values(self, person: Person, index: int) -> dict[int, object]:
        number = person.number
        chance = number >> 100
        own: object = pick(OUTLETS, chance) if self._choice.step > 1 else 10_000 + index if chance % 3 else ""
        return {
            FNAME: person.given if chance % 29 else "",
            LNAME: person.family if chance % 23 else "",
            ADDRESS: self._address(number >> 110) if chance % 7 == 2 else "",
            PHONE: phone_of(self._country, number >> 80) if chance % 5 < 2 else "",
            BIRTHDAY: birthday_of(number)[5:].replace("-", "/") if chance % 4 == 1 else "",
            OWN: own,
        }

    def _address(self, number: int) -> Document:
        town, postcode = pick(TOWNS[self._country], number)
        return {
            "addr1": f"{number % 140 + 1} {pick(STREETS, number >> 8)}",
            "addr2": "",
            "city": town,
            "state": town,
            "zip": postcode,
            "country": self._country,
        }


_INDEX_BITS = 28
_INDEX_MASK = (1 << _INDEX_BITS) - 1


def _packed(text: str, index: int) -> int:
    """The first 36 bits of a hash before an index, in one number of 64 bits."""
    return int(text[:9], 16) << _INDEX_BITS | index
