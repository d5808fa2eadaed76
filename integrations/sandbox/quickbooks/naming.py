"""What generated records are called: unique names and numbers that lead back to their record."""

from __future__ import annotations

import re

from integrations.sandbox.generation import Document
from integrations.sandbox.persons import People, Person

_FIRST_NUMBER = 1001
_AT_THE_END = re.compile(r"\((\d{1,9})\)$")


def family_of(person: Person) -> str:
    """Some people never gave their family name."""
    return person.family if (person.number >> 40) % 25 else ""


def display_name(person: Person) -> str:
    """People of the same name meet, so the unique name ends with a number."""
    return f"{person.given} {family_of(person)}".strip() + f" ({person.index + 1})"


def customer_ref(people: People, index: int) -> Document:
    """A reference to a generated customer, with the name it was made with."""
    return {"value": str(index * 2 + 1), "name": display_name(people.person(index))}


def numbered_name(name: str, count: int) -> int | None:
    """The index that a generated name carries at its end."""
    found = _AT_THE_END.search(name)
    index = int(found[1]) - 1 if found else -1
    return index if 0 <= index < count else None


def doc_number(prefix: str, index: int) -> str:
    return f"{prefix}{index + _FIRST_NUMBER}"


def index_of_doc_number(text: str, prefix: str, count: int) -> int | None:
    """The index behind a generated document number."""
    digits = text.upper().removeprefix(prefix)
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12:
        return None
    index = int(digits) - _FIRST_NUMBER
    return index if 0 <= index < count and text.upper() == doc_number(prefix, index) else None
