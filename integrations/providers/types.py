"""The words that providers and the rest of the house share: closed sets and small frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeAlias

JSON: TypeAlias = dict[str, Any]
# Typed values by field id, as `records.py` reads them from a vendor's JSON.
Values: TypeAlias = dict[str, Any]
# A stream's own bookmark: plain JSON, opaque to everyone else.
Position: TypeAlias = dict[str, Any]


class ObjectType(StrEnum):
    """What can be synced, in the order in which a first sync reads it."""

    LOCATION = "location"
    AUDIENCE = "audience"
    MERGE_FIELD = "merge_field"
    ACCOUNT = "account"
    TAX_CODE = "tax_code"
    CLASS = "class"
    PAYMENT_METHOD = "payment_method"
    CUSTOMER = "customer"
    PRODUCT = "product"
    ORDER = "order"
    PAYMENT = "payment"
    REFUND = "refund"
    PAYOUT = "payout"
    INVOICE = "invoice"


# What was sold or billed on a day: what the venue's own earliest day bounds.
SALES = frozenset({ObjectType.ORDER, ObjectType.PAYMENT, ObjectType.REFUND, ObjectType.PAYOUT, ObjectType.INVOICE})


class FieldType(StrEnum):
    """What kind of value a field holds; pages show these as words."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    LIST = "list"
    PHONE = "phone"
    EMAIL = "email"
    COUNTRY = "country"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in integer minor units of an ISO 4217 currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a provider's object, as the mapping rules and the editor know it.

    `stable` is what a rename leaves as it is, "" where the provider has nothing of the kind, and `aliases` are the ids
    that the provider says the field had before. `longest` is in characters, 0 where no limit is known; no `choices`
    mean any value.
    """

    id: str
    label: str
    type: FieldType = FieldType.TEXT
    stable: str = ""
    writable: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()
    longest: int = 0
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExternalRecord:
    """One object as a provider holds it. `raw` is its JSON as received; `deleted` ones may carry only an id.

    NUL characters cannot be stored, and an id or a version with one would stop its whole page: they are dropped.
    """

    id: str
    raw: JSON
    version: str = ""
    updated_at: datetime | None = None
    deleted: bool = False

    def __post_init__(self) -> None:
        """Keep what can be stored."""
        if "\x00" in self.id or "\x00" in self.version:
            object.__setattr__(self, "id", self.id.replace("\x00", ""))
            object.__setattr__(self, "version", self.version.replace("\x00", ""))


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the position that is true once they are stored.

    `total` is how many the provider says there are in the whole read, None where it does not say. `last` marks the end
    of the read, or of one window of it; `position` is then the bookmark for the next read.
    """

    records: list[ExternalRecord]
    position: Position
    total: int | None = None
    last: bool = False


@dataclass(frozen=True, slots=True)
class ReadScope:
    """What a read needs to know besides its position.

    `known` holds the external ids, by object type, of the objects that the stream says it `needs` (orders are
    searched by location), only those that the owner chose. `begin` is the day before which the venue does not want
    sales to be read. `beside` holds the bookmarks of the streams that are read in the same turn by the same worker.
    """

    known: Mapping[ObjectType, list[str]] = field(default_factory=dict)
    begin: date | None = None
    beside: Mapping[ObjectType, Position] = field(default_factory=dict)


class Operation(StrEnum):
    """What a write does to an object at a provider."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


OWN_KEYS = 8  # how many characters the idempotency keys of one connection have in common


@dataclass(frozen=True, slots=True)
class Write:
    """One change that shall be made at a provider.

    `key` is the idempotency key, 40 hex characters, stored before the call; the same change always has the same one.
    The first eight (`OWN_KEYS`) are those of all writes of the connection.
    `ours` is our record's id, 32 hex characters: it goes where the provider keeps a foreign reference, so that what an
    earlier attempt made can be found. `attempt` is 1 at first; above 1 an answer may have been lost.

    `values` are typed values by the provider's field id. Of a create they are all there is; of an update only those
    that change, and None empties a field. `whole` holds all values after the change, for providers that replace
    rather than amend; `raw` is the object as last read, with `external_id` and `version`; all empty for a create.
    """

    key: str
    ours: str
    operation: Operation
    values: Values
    whole: Values = field(default_factory=dict)
    external_id: str = ""
    version: str = ""
    raw: JSON = field(default_factory=dict)
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one write: the object as it now stands, or the error that says what happens next."""

    key: str
    record: ExternalRecord | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class RawDelivery:
    """One webhook request as it arrived: body bytes and headers with lower-case names."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One event: a hint that an object changed. `key` is unique for the account, however often it is delivered.

    `account_id` is empty where the event does not name it, `mode` is "live" or "test" where it tells.
    """

    key: str
    account_id: str
    type: str
    object_type: ObjectType | None
    external_id: str
    happened_at: datetime | None
    is_revocation: bool = False
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a webhook tells of: the account, one place of it, or every account that signed in to our application."""

    place: str = ""
    of_application: bool = False


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as it stands at a provider.

    `amiss` says what is wrong with it, "" when it tells exactly what we ask for. `secret` is what signs its
    deliveries, "" where this answer does not tell it. Where not `is_signed`, its address is all that proves them.
    """

    id: str
    url: str
    amiss: str = ""
    secret: str = field(default="", repr=False)
    is_signed: bool = True


@dataclass(frozen=True, slots=True)
class Scope:
    """One permission, with the reason an owner reads before granting it."""

    name: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """What a token endpoint gave. Holds plaintext secrets: it is sealed at once and never logged.

    `refresh_expires_at` moves on with each refresh; `refresh_ends_at` is where even that ends. `details` is what a call
    needs to know of the account before it is confirmed, such as its data centre.
    """

    access_token: str
    refresh_token: str | None = None
    access_expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    refresh_ends_at: datetime | None = None
    account_id: str = ""
    scopes: tuple[str, ...] = ()
    details: JSON = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Grant(account_id={self.account_id!r}, access_expires_at={self.access_expires_at})"


@dataclass(frozen=True, slots=True)
class Account:
    """The provider's account behind a grant, confirmed by a call. `mode` is "live" or "test" where it is told."""

    id: str
    name: str
    details: JSON = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    mode: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class AppCredentials:
    """Our application's identity at a provider."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"AppCredentials({self.client_id!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """What opens an account: the secret that its owner gave, by which method, and what is known of the account.

    `app` is our own identity, for providers that want to see it with every call.
    """

    secret: str
    method: str = "oauth"
    account_id: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    app: AppCredentials | None = None

    def __repr__(self) -> str:
        return f"Access({self.method!r}, account_id={self.account_id!r})"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing an owner can choose to read from: a location, an audience. `detail` is a short fact about it."""

    id: str
    label: str
    detail: str = ""
