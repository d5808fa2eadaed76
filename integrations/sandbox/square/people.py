"""Who the venue's customers are: the generated customer profiles and customer groups."""

from __future__ import annotations

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document, Ids, Timeline, key_of, pick, roll

_GIVEN = """
Amelia Oliver Zoë Noah Chloé Arthur Siân Leo Freya Mohammed Aoife Theo Ngozi Jack Renée Tomás Priya Łukasz Maja Søren
Ines Hugo Fatima Björn Eilidh José Yuki Daniel Grace Kofi Mei Rory Isla Dariusz Niamh Samuel Anaïs Callum
"""
_FAMILY = """
Okafor Smith Müller O'Neill García Patel Jones Nowak Brown Ferreira Williams Kowalczyk Taylor Dubois Singh Evans
Åkesson Wright Novák Khan Murphy Clarke Adeyemi Hughes López Begum Campbell Schröder Walsh Yilmaz Chen Bell Roux Fraser
Mac-Donald Ahmed St.Clair Hall
"""
GIVEN, FAMILY = _GIVEN.split(), _FAMILY.split()
COMPANIES = ["Moonrise Promotions Ltd", "Café Lumière", "Northbank Events", "Studio Ætna", "The Paper Boat Co."]
NOTES = ["Prefers the balcony 🎭", "Wheelchair space, row A", "Allergic to nuts", "Regular on Fridays 🎶", "Press list"]
STREETS = ["Lower Marsh", "Rye Lane", "Mare Street", "The Cut", "Bermondsey Street", "Coldharbour Lane"]
TOWNS = {
    "GB": [("London", "SE1 7RG"), ("London", "E8 1HE"), ("Bristol", "BS1 4QD"), ("Brighton", "BN1 1UB")],
    "DE": [("Hamburg", "20457"), ("Bremen", "28195"), ("Kiel", "24103"), ("Lübeck", "23552")],
}
GROUPS = ["Members", "Press", "Newsletter", "VIP ✨", "Season ticket holders", "Artists and crew"]
_LETTERS = str.maketrans("ëéâîñåäöüøóáíłÅŁŠčńïçźšěŻżæÆ", "eeainaaouooailalscniczsezzaa", "'-.")


class Customers:
    """Customer profiles by index. The e-mail address carries the index, so that a search by address is quick."""

    def __init__(self, key: bytes, timeline: Timeline, *, country: str) -> None:
        self.count, self._country, self._timeline = timeline.count, country, timeline
        self._ids = Ids(key_of(key, "customer id"), 26)
        self._key = key_of(key, "customer")
        self._group_ids = Groups(key).ids()
        self.id_of, self.index_of = self._ids.of, self._ids.index_of
        self.created, self.updated = timeline.created, timeline.updated

    def exists(self, index: int) -> bool:
        return True

    def name_of(self, number: int) -> tuple[str, str]:
        return pick(GIVEN, number), pick(FAMILY, number >> 16)

    def email_of(self, index: int, number: int) -> str:
        given, family = self.name_of(number)
        host = pick(("example.com", "example.org", "example.net"), number >> 32)
        return f"{given.lower().translate(_LETTERS)}.{family.lower().translate(_LETTERS)}.{index}@{host}"

    def index_of_email(self, email: str) -> int | None:
        """The only generated customer who may have this address."""
        digits = email.partition("@")[0].rpartition(".")[2]
        return int(digits) if digits.isascii() and digits.isdigit() and int(digits) < self.count else None

    def document(self, index: int) -> Document:
        number = roll(self._key, index)
        given, family = self.name_of(number)
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
            document["email_address"] = self.email_of(index, number)
        if chance % 7 < 2:
            document["address"] = self._address(number >> 60)
        if chance % 4:
            document["phone_number"] = self._phone(number >> 80)
        if chance % 5 == 1:
            document["birthday"] = _birthday(number >> 100)
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

    def _phone(self, number: int) -> str:
        """Numbers from the ranges kept free for stories: some international, some as people write them at home."""
        last = number % 1000
        if self._country == "DE":
            return pick((f"+493023125{last:03d}", f"030 23125{last:03d}"), number >> 12)
        return pick((f"+447700900{last:03d}", f"07700 900{last:03d}", f"+442079460{last:03d}"), number >> 12)


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


def _birthday(number: int) -> str:
    year = "0000" if number % 6 == 0 else str(1950 + number % 55)
    return f"{year}-{(number >> 8) % 12 + 1:02d}-{(number >> 16) % 28 + 1:02d}"
