"""Whom the company deals with: generated customers and vendors."""

from __future__ import annotations

from integrations.sandbox.generation import Document, Timeline, key_of, pick, roll
from integrations.sandbox.persons import COMPANIES, NOTES, STREETS, People, phone_of
from integrations.sandbox.quickbooks.countries import Country
from integrations.sandbox.quickbooks.invoices import Invoices
from integrations.sandbox.quickbooks.naming import display_name, family_of, numbered_name
from integrations.sandbox.quickbooks.numbered import Numbered, SomeInactive
from integrations.sandbox.quickbooks.zones import Zone

_SUPPLIERS = ["Northern Line Brewing", "Stagecraft Hire", "Brightwell Print", "Gloss & Sons", "Fenwick Security"]


class Customers(SomeInactive):
    """Customers by index. Their unique name ends with a number, because people of the same name meet."""

    def __init__(self, people: People, timeline: Timeline, zone: Zone, *, country: Country, invoices: Invoices) -> None:
        super().__init__(timeline, zone, stride=2)
        self._people, self._country, self._invoices = people, country, invoices
        self._currency = country.currency_ref

    def index_of_name(self, name: str) -> int | None:
        return numbered_name(name, self.count)

    def document(self, index: int) -> Document:
        person = self._people.person(index)
        number, chance = person.number, person.number >> 40
        family, name = family_of(person), display_name(person)
        balance = self._country.amount(self._invoices.owed_by(index))
        document: Document = {
            "Taxable": chance % 9 != 2,
            "Job": False,
            "BillWithParent": False,
            "Balance": balance,
            "BalanceWithJobs": balance,
            "CurrencyRef": self._currency,
            "PreferredDeliveryMethod": pick(("None", "Email", "Print"), number >> 120),
            "IsProject": False,
            **self.head(index, (number >> 140) % 4),
            "GivenName": person.given,
            "FullyQualifiedName": name,
            "DisplayName": name,
            "PrintOnCheckName": name,
            "Active": self.is_active(index),
        }
        if family:
            document["FamilyName"] = family
        if chance % 19 == 3:
            document["CompanyName"] = pick(COMPANIES, number >> 24)
        if chance % 8:
            document["PrimaryEmailAddr"] = {"Address": person.email}
        if chance % 4:
            document["PrimaryPhone"] = {"FreeFormNumber": phone_of(self._country.code, number >> 80)}
        if chance % 7 < 2:
            document["BillAddr"] = self._address(index, number >> 60)
        if chance % 12 == 5:
            document["Notes"] = pick(NOTES, number >> 110)
        return document

    def _address(self, index: int, number: int) -> Document:
        town, region, postcode = pick(self._country.towns, number)
        return {
            "Id": str(index + 2),
            "Line1": f"{number % 140 + 1} {pick(STREETS, number >> 8)}",
            "City": town,
            "CountrySubDivisionCode": region,
            "PostalCode": postcode,
            "Country": self._country.iso3,
        }


class Vendors(Numbered):
    """Vendors by index; they share ids and names with the customers."""

    def __init__(self, key: bytes, timeline: Timeline, zone: Zone, *, country: Country) -> None:
        super().__init__(timeline, zone, stride=2, place=1)
        self._key, self._country = key_of(key, "vendor"), country

    def index_of_name(self, name: str) -> int | None:
        return numbered_name(name, self.count)

    def document(self, index: int) -> Document:
        number = roll(self._key, index)
        company = pick(_SUPPLIERS, index)
        name = f"{company} ({index + 1})"
        return {
            "Balance": 0,
            "Vendor1099": False,
            "CurrencyRef": self._country.currency_ref,
            **self.head(index, number % 3),
            "CompanyName": company,
            "DisplayName": name,
            "PrintOnCheckName": company,
            "Active": True,
            "PrimaryEmailAddr": {"Address": f"accounts.{index}@example.net"},
            "PrimaryPhone": {"FreeFormNumber": phone_of(self._country.code, number >> 20)},
        }
