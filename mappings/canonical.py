"""Backline's own fields: what a customer, product, order … is here, whichever provider it came from. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.providers.types import FieldType as T
from integrations.providers.types import ObjectType


@dataclass(frozen=True, slots=True)
class CanonicalField:
    """One canonical field. `path` uses dots for parts."""

    path: str
    label: str
    type: T = T.TEXT
    required: bool = False


@dataclass(frozen=True, slots=True)
class CanonicalObject:
    """One object type: its words, what it is to an owner, its fields, and which of them must be there.

    `one_of` holds alternatives: at least one must have a value, else the record is left out and says so.
    """

    singular: str
    plural: str
    fields: tuple[CanonicalField, ...]
    one_of: tuple[str, ...] = ()
    one_of_label: str = ""
    hint: str = ""
    _needed: tuple[tuple[str, str], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Note path and label of the required fields: every record is asked for them."""
        needed = tuple((each.path, each.label.lower()) for each in self.fields if each.required)
        object.__setattr__(self, "_needed", needed)

    def missing(self, values: Mapping[str, Any]) -> str:
        """Return the label of what is missing, "" when the record is whole enough to keep."""
        for path, label in self._needed:
            if values.get(path) is None:
                return label
        if self.one_of and not any(values.get(path) for path in self.one_of):
            return self.one_of_label
        return ""


F = CanonicalField
_MOVEMENT = (
    F("amount", "Amount", T.MONEY, required=True),
    F("currency", "Currency", required=True),
)
_CHOICE = (F("name", "Name", required=True), F("archived", "Archived", T.BOOLEAN))
OBJECTS: dict[ObjectType, CanonicalObject] = {
    ObjectType.LOCATION: CanonicalObject(
        "location",
        "locations",
        (
            F("name", "Name", required=True),
            F("status", "Status", T.CHOICE),
            F("timezone", "Time zone"),
            F("currency", "Currency"),
            F("country", "Country", T.COUNTRY),
        ),
        hint="The places where you sell, each with its currency and time zone.",
    ),
    ObjectType.AUDIENCE: CanonicalObject(
        "audience",
        "audiences",
        (F("name", "Name", required=True), F("size", "Contacts", T.NUMBER), F("language", "Language")),
        hint="Your newsletter’s lists of contacts, with their sizes.",
    ),
    ObjectType.MERGE_FIELD: CanonicalObject(
        "audience field",
        "audience fields",
        (
            F("name", "Name", required=True),
            F("code", "Merge tag"),
            F("kind", "Kind", T.CHOICE),
            F("required", "Required", T.BOOLEAN),
            F("choices", "Choices", T.LIST),
        ),
        hint="The fields that you made for your audience, such as a birthday.",
    ),
    ObjectType.ACCOUNT: CanonicalObject(
        "account",
        "accounts",
        (
            *_CHOICE,
            F("number", "Account number"),
            F("kind", "Kind", T.CHOICE),
            F("currency", "Currency"),
            F("parent", "Part of", T.REFERENCE),
        ),
        hint="The accounts of your books, to choose where sales belong.",
    ),
    ObjectType.TAX_CODE: CanonicalObject(
        "tax code",
        "tax codes",
        (*_CHOICE, F("description", "Description"), F("kind", "Kind", T.CHOICE), F("rate", "Rate in per cent")),
        hint="The taxes of your books, with their rates.",
    ),
    ObjectType.CLASS: CanonicalObject(
        "class",
        "classes",
        (*_CHOICE, F("parent", "Part of", T.REFERENCE)),
        hint="What you sort your books by, such as bar and tickets.",
    ),
    ObjectType.PAYMENT_METHOD: CanonicalObject(
        "payment method",
        "payment methods",
        (*_CHOICE, F("kind", "Kind", T.CHOICE)),
        hint="What your books call cash, card and transfer.",
    ),
    ObjectType.CUSTOMER: CanonicalObject(
        "customer",
        "customers",
        (
            F("given_name", "First name"),
            F("family_name", "Last name"),
            F("company", "Company"),
            F("email", "E-mail", T.EMAIL),
            F("phone", "Phone", T.PHONE),
            F("address.line1", "Address line 1"),
            F("address.line2", "Address line 2"),
            F("address.city", "Town or city"),
            F("address.region", "County or state"),
            F("address.postal_code", "Postcode"),
            F("address.country", "Country", T.COUNTRY),
            F("birthday", "Birthday", T.DATE),
            F("locale", "Language"),
            F("note", "Note"),
            F("tags", "Tags", T.LIST),
            F("marketing_consent.status", "Marketing consent", T.CHOICE),
            F("marketing_consent.at", "Consent given at", T.DATETIME),
            F("marketing_consent.source", "Consent given through"),
        ),
        one_of=("email", "phone", "given_name", "family_name", "company"),
        one_of_label="e-mail, phone number or name",
        hint="The people who come to you, with how to reach them.",
    ),
    ObjectType.PRODUCT: CanonicalObject(
        "product",
        "products",
        (
            F("name", "Name", required=True),
            F("description", "Description"),
            F("kind", "Kind", T.CHOICE),
            F("category", "Category"),
            F("event.starts_at", "Event starts", T.DATETIME),
            F("event.ends_at", "Event ends", T.DATETIME),
            F("archived", "Archived", T.BOOLEAN),
            F("variants", "Variants", T.LIST),
        ),
        hint="What you sell: tickets, drinks, merchandise.",
    ),
    ObjectType.ORDER: CanonicalObject(
        "order",
        "orders",
        (
            F("placed_at", "Placed", T.DATETIME, required=True),
            F("currency", "Currency", required=True),
            F("total", "Total", T.MONEY, required=True),
            F("number", "Number"),
            F("channel", "Sold through"),
            F("customer", "Customer", T.REFERENCE),
            F("location", "Location", T.REFERENCE),
            F("state", "State", T.CHOICE),
            F("lines", "Lines", T.LIST),
            F("taxes", "Taxes", T.LIST),
            F("discounts", "Discounts", T.LIST),
            F("tip", "Tip", T.MONEY),
            F("service_charge", "Service charge", T.MONEY),
            F("refunded", "Refunded", T.MONEY),
            F("business_date", "Business day", T.DATE),
        ),
        hint="Every sale with its lines, taxes and discounts.",
    ),
    ObjectType.PAYMENT: CanonicalObject(
        "payment",
        "payments",
        (
            *_MOVEMENT,
            F("at", "Paid", T.DATETIME, required=True),
            F("method", "Method", T.CHOICE),
            F("status", "Status", T.CHOICE),
            F("tip", "Tip", T.MONEY),
            F("fee", "Fee", T.MONEY),
            F("net", "Net of fee", T.MONEY),
            F("card.brand", "Card brand"),
            F("card.last4", "Card's last four"),
            F("order", "Order", T.REFERENCE),
            F("receipt_url", "Receipt"),
        ),
        hint="What was paid, when and how.",
    ),
    ObjectType.REFUND: CanonicalObject(
        "refund",
        "refunds",
        (
            *_MOVEMENT,
            F("at", "Refunded", T.DATETIME, required=True),
            F("payment", "Payment", T.REFERENCE),
            F("status", "Status", T.CHOICE),
            F("reason", "Reason"),
            F("fee_returned", "Fee given back", T.MONEY),
        ),
        hint="What was given back, and for which payment.",
    ),
    ObjectType.PAYOUT: CanonicalObject(
        "payout",
        "payouts",
        (
            *_MOVEMENT,
            F("status", "Status", T.CHOICE, required=True),
            F("arrival_date", "Arrives on", T.DATE),
            F("method", "Method", T.CHOICE),
            F("entries", "Entries", T.LIST),
        ),
        hint="What reaches your bank, and what it consists of.",
    ),
    ObjectType.INVOICE: CanonicalObject(
        "invoice",
        "invoices",
        (
            F("currency", "Currency", required=True),
            F("total", "Total", T.MONEY, required=True),
            F("number", "Number"),
            F("customer", "Customer", T.REFERENCE),
            F("order", "Order", T.REFERENCE),
            F("issued_on", "Issued on", T.DATE),
            F("due_on", "Due on", T.DATE),
            F("status", "Status", T.CHOICE),
            F("lines", "Lines", T.LIST),
            F("balance", "Still to pay", T.MONEY),
        ),
        hint="What you billed, and what is still to be paid.",
    ),
}

# What belongs to the set-up of an account: an owner chooses from it and does not count it.
SET_UP = frozenset((
    ObjectType.LOCATION, ObjectType.AUDIENCE, ObjectType.MERGE_FIELD, ObjectType.ACCOUNT, ObjectType.TAX_CODE,
    ObjectType.CLASS, ObjectType.PAYMENT_METHOD,
))  # fmt: skip


def label(object_type: str, path: str) -> str:
    """Return the owner's word for a canonical field; the path itself for one that is not known."""
    return next((field.label for field in OBJECTS[ObjectType(object_type)].fields if field.path == path), path)
