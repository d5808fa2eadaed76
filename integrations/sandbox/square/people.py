"""Who the venue's customers are: the generated customer profiles and customer groups."""

from __future__ import annotations

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document, Ids, Timeline, key_of, pick
from integrations.sandbox.persons import COMPANIES, NOTES, STREETS, TOWNS, People, birthday_of, index_of_email, phone_of

GROUPS = ["Members", "Press", "Newsletter", "VIP ✨", "Season ticket holders", "Artists and crew"]


class Customers:
    """Customer profiles by index. The e-mail address carries the index, so that a search by address is quick."""

    def __init__(self, key: bytes, people: People, timeline: Timeline, *, country: str) -> None:
        self.count, self._country, self._timeline = timeline.count, country, timeline
        self._ids = Ids(key_of(key, "customer id"), 26)
        self._people = people
        self._group_ids = Groups(key).ids()
        self.id_of, self.index_of = self._ids.of, self._ids.index_of
        self.created, self.updated = timeline.created, timeline.updated

    def exists(self, index: int) -> bool:
        return True

    def index_of_email(self, email: str) -> int | None:
        """The only generated customer who may have this address."""
        index = index_of_email(email)
        return index if index is not None and index < self.count else None

    def document(self, index: int) -> Document:
        person = self._people.person(index)
        number, given, family = person.number, person.given, person.family
        document: Document = {
            "id": self.id_of(index),
            "created_at": rfc3339(self.created(index)),
            "updated_at": rfc3339(self.updated(index)),
            "given_name": given,
        }
        chance = number >> 40
        if chance % 25:
            document["family_name"] = family
        if chance % 19 == 3:
            document["company_name"] = pick(COMPANIES, number >> 24)
        if chance % 23 == 7:
            document["nickname"] = given[:3] + " 🦉"
        if chance % 8:
            document["email_address"] = person.email
        if chance % 7 < 2:
            document["address"] = self._address(number >> 60)
        if chance % 4:
            document["phone_number"] = phone_of(self._country, number >> 80)
        if chance % 5 == 1:
            document["birthday"] = birthday_of(number >> 100)
        if chance % 10 == 4:
            document["reference_id"] = f"BOX-{index:06d}"
        if chance % 12 == 5:
            document["note"] = pick(NOTES, number >> 110)
        document["preferences"] = {"email_unsubscribed": chance % 9 == 2}
        document["creation_source"] = pick(("DIRECTORY", "ONLINE_STORE", "INSTANT_PROFILE", "IMPORT"), number >> 120)
        if chance % 6 == 3:
            document["group_ids"] = [pick(self._group_ids, number >> 130)]
        document["version"] = (number >> 140) % 4
        return document

    def _address(self, number: int) -> Document:
        town, postcode = pick(TOWNS.get(self._country, TOWNS["GB"]), number)
        return {
            "address_line_1": f"{number % 140 + 1} {pick(STREETS, number >> 8)}",
            "locality": town,
            "postal_code": postcode,
            "country": self._country,
        }


class Groups:
    """The venue's customer groups, six of them."""

    def __init__(self, key: bytes, begin: int = 0) -> None:
        self._ids, self._begin = Ids(key_of(key, "group id"), 26), begin

    def ids(self) -> list[str]:
        return [self._ids.of(index) for index in range(len(GROUPS))]

    def documents(self) -> list[Document]:
        moment = rfc3339(self._begin)
        return [
            {"id": group_id, "name": name, "created_at": moment, "updated_at": moment}
            for group_id, name in zip(self.ids(), GROUPS, strict=True)
        ]
