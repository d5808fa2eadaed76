"""The records of a page on their way to rows: what came, what is stored of it, what shall be. Pure."""

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import orjson

from integrations.providers.types import ExternalRecord
from syncing.models import LinkState

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
# An escaped NUL; a backslash that is itself escaped is stepped over, for behind it “u0000” is ordinary text.
_NUL = re.compile(r"(\\\\)|\\u0000")


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of an external id before a page is written."""

    link: int
    record: uuid.UUID | None
    raw_hash: str
    version: str
    updated_at: datetime | None
    state: str
    content_hash: str | None

    def is_newer_than(self, incoming: ExternalRecord) -> bool:
        """Return whether the incoming one is older news, by the provider's own version or time, never by arrival.

        What is gone comes back with something newer only, not with what was known of it before.
        """
        same = self.state == LinkState.DELETED and not incoming.deleted
        if self.version.isdigit() and incoming.version.isdigit():
            return int(self.version) > int(incoming.version) - same
        if self.updated_at is None or incoming.updated_at is None:
            return False
        return self.updated_at > incoming.updated_at or (same and self.updated_at == incoming.updated_at)


@dataclass(frozen=True, slots=True)
class Raw:
    """A provider's JSON as text, and 32 hex characters that are equal for equal JSON."""

    text: str
    hash: str

    @classmethod
    def of(cls, value: Any) -> Self:
        """Return the text and hash of a decoded JSON value."""
        return cls(*content(value))


@dataclass(slots=True)
class Draft:
    """One record as it shall be stored: `fields` None when the record cannot be kept, `problem` then says why."""

    external: ExternalRecord
    raw: "Raw"
    fields: dict[str, Any] | None = None
    state: LinkState = LinkState.IN_STEP
    problem: dict[str, Any] | None = None
    # Set by `joining`: the record that it is the counterpart of, where it has none of its own, that record's version,
    # what tells it apart (or, where another record has that, its `twin`), and what theirs says where the record says
    # something else.
    record: uuid.UUID | None = None
    record_version: int = 0
    identity: str | None = None
    twin: str | None = None
    base: dict[str, Any] | None = None


@dataclass(slots=True)
class Counts:
    """What became of the records of a page."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    left_out: int = 0
    failed: int = 0


@dataclass(slots=True)
class Batch:
    """A page, sorted by what has to be done."""

    drafts: list[Draft] = field(default_factory=list)
    deleted: list[ExternalRecord] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)


def content(value: Any) -> tuple[str, str]:
    """Return a JSON value, such as a record's fields, as the text that is stored, and the hash of it."""
    text = text_of(value)
    return text, hash_of(text)


def as_stored(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's fields as they come back from the database, for comparing with what does."""
    stored: dict[str, Any] = orjson.loads(text_of(fields))
    return stored


def text_of(value: Any) -> str:
    """Return sorted JSON text; PostgreSQL's jsonb cannot hold NUL, so an escaped one is dropped."""
    text = orjson.dumps(value, option=_CANONICAL).decode()
    return _NUL.sub(r"\1", text) if "\\u0000" in text else text


def hash_of(text: str) -> str:
    """Return 32 hex characters that are equal for equal text."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
