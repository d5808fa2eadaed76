"""How alike are two fields by what they are called? Pure.

Words are split at case, underscores and points, and what a canonical field is called elsewhere counts as its name. A
name that is another canonical field's says nothing, however alike its letters are: by letters alone `firstName` is
closer to `family_name` than to `given_name`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from rapidfuzz import fuzz

from integrations.providers.types import Field

# What a canonical field is called elsewhere, as split words.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "given_name": ("first name", "given name", "given", "forename", "fname", "vorname", "prénom", "nombre"),
    "family_name": (
        "last name", "family name", "family", "surname", "lname", "nachname", "nom de famille", "apellidos",
    ),
    "full_name": ("full name", "name", "person name", "display name", "contact name", "whole name"),
    "company": (
        "company", "company name", "organization", "organisation", "org", "org name", "business name", "firm", "firma",
        "société", "empresa",
    ),
    "email": ("email", "e mail", "email address", "e mail address", "mail", "e mail adresse"),
    "phone": (
        "phone", "phone number", "mobile", "mobile number", "telephone", "tel", "cell", "main phone number",
        "telefon", "telefonnummer", "téléphone",
    ),
    "address.line1": ("address line 1", "line 1", "street", "street address", "addr 1", "straße"),
    "address.line2": ("address line 2", "line 2", "addr 2"),
    "address.city": ("town or city", "city", "town", "locality", "municipality", "ort", "stadt", "ville", "ciudad"),
    "address.region": ("county or state", "state", "county", "region", "province", "bundesland"),
    "address.postal_code": ("postcode", "postal code", "zip", "zip code", "plz", "code postal"),
    "address.country": ("country", "country code", "land", "pays", "país"),
    "birthday": ("birthday", "date of birth", "birth date", "dob", "bday", "geburtstag"),
    "locale": ("language", "locale", "preferred locale", "preferred language", "sprache"),
    "note": ("note", "notes", "remark", "remarks", "memo", "comment", "comments", "internal note", "notiz"),
    "tags": ("tags", "labels", "groups"),
    "name": ("name", "title", "item name", "product name"),
    "description": ("description", "details", "sales desc", "text"),
    "kind": ("kind", "type", "kind of item", "kind of product", "product type"),
    "category": ("category", "category name", "product group", "group", "reporting category"),
    "archived": ("archived", "is archived", "hidden"),
    "number": ("number", "doc number", "invoice number", "document number"),
    "issued_on": ("issued on", "invoice date", "date", "txn date"),
    "due_on": ("due on", "due date", "payment due on"),
    "total": ("total", "amount", "total amount", "total money"),
    "amount": ("amount", "total", "amount money", "total money"),
    "balance": ("still to pay", "balance", "amount due", "open balance"),
    "tip": ("tip", "gratuity"),
    "fee": ("fee", "processing fee"),
    "net": ("net of fee", "net"),
    "status": ("status", "state"),
}  # fmt: skip
# Where a field hangs says nothing about what it is.
_PLACES = ("merge_fields.", "metadata.", "custom.", "custom_attributes.", "CustomField.")
_EMPTY_WORDS = frozenset({"metadata", "the", "of", "s", "a"})
_ALIKE_FROM = 0.6  # two short labels of other meaning share that much of their letters
_WORD = re.compile(r"[^\W\d_]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])|\d+")


def likeness(names: Iterable[str], means: str, candidate: Field) -> float:
    """Return how alike, 0 to 1: `names` of what was there before, which `means` that canonical path.

    1 is the same name, or one of the names that the canonical field goes by.
    """
    theirs = {words(candidate.label), words(_bare(candidate.id))} - {""}
    known = {*(words(_bare(name)) for name in names), *SYNONYMS.get(means, ())} - {""}
    if any(_is_of_another(name, means) for name in theirs) and not theirs & known:
        return 0.0
    best = max((_alike(ours, name) for ours in known for name in theirs), default=0.0)
    return max(0.0, (best - _ALIKE_FROM) / (1 - _ALIKE_FROM))


@lru_cache(maxsize=8192)
def words(name: str) -> str:
    """Return a name as its words in lower case: “GivenName”, “given_name” and “Given name” are one."""
    found = [each.casefold() for each in _WORD.findall(name)]
    return " ".join(each for each in found if each not in _EMPTY_WORDS)


def _bare(name: str) -> str:
    return next((name.removeprefix(place) for place in _PLACES if name.startswith(place)), name)


@lru_cache(maxsize=65536)
def _alike(one: str, other: str) -> float:
    """Return how alike two names are; what one of them says beyond the other counts against it."""
    return (fuzz.token_set_ratio(one, other) + fuzz.token_sort_ratio(one, other)) / 200


def _is_of_another(name: str, means: str) -> bool:
    """Return whether it is a name of another canonical field and not of this one."""
    return name not in SYNONYMS.get(means, ()) and any(name in each for path, each in SYNONYMS.items() if path != means)
