"""Holds what is stored of a connection against what the sandbox says a perfect reader should know now."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
import requests
from django.conf import settings

from connections.models import Connection
from integrations.models import IntegrationConfig
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from syncing.models import LinkState, RecordLink

# The sandbox's word for each stream.
KINDS: dict[str, dict[ObjectType, str]] = {
    "square": {
        ObjectType.LOCATION: "locations",
        ObjectType.CUSTOMER: "customers",
        ObjectType.PRODUCT: "products",
        ObjectType.ORDER: "orders",
        ObjectType.PAYMENT: "payments",
        ObjectType.REFUND: "refunds",
        ObjectType.PAYOUT: "payouts",
        ObjectType.INVOICE: "invoices",
    },
    "stripe": {
        ObjectType.CUSTOMER: "customers",
        ObjectType.PRODUCT: "products",
        ObjectType.ORDER: "checkout_sessions",
        ObjectType.PAYMENT: "charges",
        ObjectType.REFUND: "refunds",
        ObjectType.PAYOUT: "payouts",
        ObjectType.INVOICE: "invoices",
    },
    "mailchimp": {
        ObjectType.AUDIENCE: "lists",
        ObjectType.MERGE_FIELD: "merge_fields",
        ObjectType.CUSTOMER: "members",
    },
    "quickbooks": {
        ObjectType.ACCOUNT: "Account",
        ObjectType.TAX_CODE: "TaxCode",
        ObjectType.CLASS: "Class",
        ObjectType.PAYMENT_METHOD: "PaymentMethod",
        ObjectType.CUSTOMER: "Customer",
        ObjectType.PRODUCT: "Item",
        ObjectType.INVOICE: "Invoice",
        ObjectType.PAYMENT: "Payment",
    },
}
_CHUNK = 1000
Document = dict[str, Any]


@dataclass(slots=True)
class Verdict:
    """How a stream stands: how many there are on both sides, and what is wrong with ours."""

    there: int = 0
    here: int = 0
    missing: int = 0
    stale: int = 0

    @property
    def too_many(self) -> int:
        """Return how many we hold that are not there (any more), or hold twice."""
        return self.here - (self.there - self.missing)

    @property
    def agrees(self) -> bool:
        """Return whether nothing is missing, doubled or stale."""
        return not (self.missing or self.too_many or self.stale)

    def __str__(self) -> str:
        return (
            f"{self.here:,} here, {self.there:,} there: "
            f"{self.missing} missing, {self.too_many} too many, {self.stale} stale"
        )


def verdicts(connection: Connection) -> dict[ObjectType, Verdict]:
    """Return the verdict on every stream of a connection. Flat memory, one query for each thousand."""
    return {object_type: verdict(connection, object_type) for object_type in PROVIDERS[connection.provider].streams}


def verdict(connection: Connection, object_type: ObjectType) -> Verdict:
    """Return the verdict on one stream."""
    links = RecordLink.objects.filter(connection=connection, external_type=object_type).exclude(state=LinkState.DELETED)
    found = Verdict(here=links.count())
    truth = _truth(connection, object_type)
    while chunk := list(islice(truth, _CHUNK)):
        there = {_id_of(each): each for each in chunk}
        held = dict(links.filter(external_id__in=there).values_list("external_id", "raw"))
        found.there += len(there)
        found.missing += len(there.keys() - held.keys())
        whole = connection.provider != "mailchimp"
        found.stale += sum(not _holds(held[key], each, all_of_it=whole) for key, each in there.items() if key in held)
    return found


def _truth(connection: Connection, object_type: ObjectType) -> Iterator[Document]:
    """Yield what should be known, deleted ones left out."""
    provider = connection.provider
    url = f"{settings.SANDBOX_URL}/_control/{provider}/{connection.account_id}/truth"
    asked = {"kind": KINDS[provider][object_type]} | _narrowed(connection, object_type)
    with requests.get(url, params=asked, stream=True, timeout=300) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines():
            document: Document = orjson.loads(line)
            if not document.get("is_deleted") and _is_read(provider, object_type, document):
                yield document


def _narrowed(connection: Connection, object_type: ObjectType) -> dict[str, str]:
    """Return what narrows the truth to the audience that the owner chose."""
    if connection.provider != "mailchimp" or object_type == ObjectType.AUDIENCE:
        return {}
    config = IntegrationConfig.objects.get(venue=connection.venue_id, integration=connection.provider)
    return {"list": config.chosen[ObjectType.AUDIENCE][0]}


def _is_read(provider: str, object_type: ObjectType, document: Document) -> bool:
    """Return whether the object is one that Backline reads: a sale that was completed, an item that is sold."""
    if (provider, object_type) == ("stripe", ObjectType.ORDER):
        return bool(document.get("status") == "complete")
    if (provider, object_type) == ("quickbooks", ObjectType.PRODUCT):
        return document.get("Type") != "Category"
    return True


def _id_of(document: Document) -> str:
    if "merge_id" in document:  # the numbers repeat across audiences
        return f"{document['list_id']}-{document['merge_id']}"
    return str(document.get("contact_id") or document.get("id") or document["Id"])


def _holds(ours: Any, theirs: Any, *, all_of_it: bool) -> bool:
    """Return whether ours holds theirs; an object that was fetched along stands for its id.

    `all_of_it` is off where we ask for chosen fields only: then what we hold has to be right.
    """
    if isinstance(theirs, dict):
        keys = theirs if all_of_it else theirs.keys() & (ours or {}).keys()
        return isinstance(ours, dict) and all(_holds(ours.get(key), theirs[key], all_of_it=all_of_it) for key in keys)
    if isinstance(theirs, list):
        pairs = zip(ours, theirs, strict=False) if isinstance(ours, list) else ()
        return len(ours or ()) == len(theirs) and all(_holds(*pair, all_of_it=all_of_it) for pair in pairs)
    if isinstance(ours, dict):
        return bool(ours.get("id") == theirs)
    return bool(ours == theirs)
