"""The seam: what a provider is, and what each of its parts promises."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Protocol, runtime_checkable

from integrations.providers.http import ApiSession
from integrations.providers.types import (
    JSON,
    Access,
    Account,
    AppCredentials,
    ExternalRecord,
    Field,
    Grant,
    Hook,
    ObjectType,
    Option,
    Page,
    Position,
    ProviderEvent,
    RawDelivery,
    ReadScope,
    Scope,
    Subject,
    Values,
    Write,
    WriteResult,
)


class Stream(Protocol):
    """One object type that can be read. A stream that is present *is* the capability."""

    object_type: ClassVar[ObjectType]
    scope: ClassVar[str]
    needs: ClassVar[tuple[ObjectType, ...]]
    fields: ClassVar[tuple[Field, ...]]

    def read(self, api: ApiSession, position: Position, scope: ReadScope) -> Iterator[Page]:
        """Yield pages from `position` on. An empty position begins a full read at the beginning; a stream whose every
        read brings everything ends with an empty one.

        Raises a ProviderError; may be called again from the position of any page it yielded. A record that changed
        meanwhile may come twice, never not at all.
        """

    def values(self, raw: dict[str, object]) -> Values:
        """Return the typed values of one raw object by field id. Raises BadRecord when it cannot be read. Pure."""


@runtime_checkable
class DetailedStream(Stream, Protocol):
    """A stream whose list leaves out parts that cost a call for each object."""

    def complete(self, api: ApiSession, record: ExternalRecord) -> ExternalRecord:
        """Return the record with its parts. Called only for records that are new or changed."""


@runtime_checkable
class SweptStream(Stream, Protocol):
    """A stream whose deletions show only by absence; a full read asks again for those it did not meet.

    `place` is the key under which a raw object names the one it belongs to, of those that the stream needs and the
    owner chose; "" where there is none. What belongs to a place that is no longer chosen is left as it is.
    """

    sweep_size: ClassVar[int]
    place: ClassVar[str]

    def gone(self, api: ApiSession, ids: list[str]) -> list[str]:
        """Return those of at most `sweep_size` ids that the provider says are gone. One call."""


@runtime_checkable
class CountedStream(SweptStream, Protocol):
    """A stream whose deletions are told by nothing but the number of those that are left."""

    def count(self, api: ApiSession) -> int:
        """Return how many there are now."""


@runtime_checkable
class SplitStream(Stream, Protocol):
    """A stream whose reads can be cut into windows that are read at the same time, each from a position of its own."""

    def split(self, position: Position) -> tuple[Position, Position] | None:
        """Return two positions that together read what `position` still has to; None when it is not worth a call.

        `position` is one that a page gave, or one that a split gave. Pure. The first goes on where `position` stands.
        """

    def joined(self, ends: list[Position]) -> Position:
        """Return the bookmark that is true once every window has ended; `ends` are their last positions. Pure."""


@runtime_checkable
class Outlet(Protocol):
    """One object type that can be sent. Where it is not read as well, nothing of it ever comes back.

    `batch_size` is how many writes one `write_batch` takes at most: as many as one call of the provider's own batch
    endpoint, or a handful where each costs a call. `writable` are the field ids that may be written, `created_only`
    those of them that an update cannot change. `deletable` tells whether DELETE removes or archives the object.
    """

    object_type: ClassVar[ObjectType]
    scope: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    batch_size: ClassVar[int]
    writable: ClassVar[frozenset[str]]
    created_only: ClassVar[frozenset[str]]
    deletable: ClassVar[bool]

    def values(self, raw: dict[str, object]) -> Values:
        """Return the typed values of one raw object by field id. Raises BadRecord when it cannot be read. Pure."""

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Make the changes and return one result for each, in their order. Uses the fewest calls there are for it.

        However often it is called with the same writes, whatever answers were lost before: each object is made once.
        A refusal of one write is the `error` of its result (`Invalid`, `Conflict`, `Duplicate`, `NotFound`,
        `PermissionMissing`, `Settled`); what concerns the account, and what leaves the outcome of all open, is raised.
        """


@runtime_checkable
class WritableStream(Stream, Outlet, Protocol):
    """A stream whose objects can be made, changed and removed as well."""


@runtime_checkable
class WatchfulStream(WritableStream, Protocol):
    """A writable stream of a provider that has no versions: a change would go over one that nobody here has read."""

    def unseen(self, api: ApiSession, position: Position, writes: Sequence[Write]) -> set[str]:
        """Return the ids of those objects that somebody else changed since the bookmark, before they are changed."""


@runtime_checkable
class ChoosyOutlet(Outlet, Protocol):
    """An outlet that takes some objects only, such as sales that are complete."""

    def unfit(self, write: Write) -> str:
        """Return why this write is not made, as a sentence for the owner, "" when it is. Pure; a preview asks, too."""


@runtime_checkable
class CountingOutlet(Outlet, Protocol):
    """An outlet whose batch takes more than one call. What an outlet without this takes is one."""

    def calls(self, writes: Sequence[Write]) -> int:
        """Return how many calls these writes take when nothing goes wrong. Pure: a plan tells the number."""


@runtime_checkable
class ComparingOutlet(Outlet, Protocol):
    """An outlet with values that come back with more than what was sent, such as lines with ids of the provider's."""

    def is_same(self, name: str, ours: object, theirs: object) -> bool:
        """Return whether the value of a field, as it would be sent, says what is there already. Pure."""


@runtime_checkable
class SharedStream(Stream, Protocol):
    """A stream whose changes come by one call together with those of others.

    Streams with the same word are read in one turn by one worker, who hands each of them the bookmarks of all
    (`ReadScope.beside`) and the same session; what the first one's call brought waits in `ApiSession.memory`.
    """

    shares: ClassVar[str]


@runtime_checkable
class RestingStream(Stream, Protocol):
    """A stream that changes so rarely that it is read at most once in a while, whatever interval the venue has."""

    rests: ClassVar[timedelta]


class OAuth(Protocol):
    """Authorisation at the provider's own page."""

    def authorize_url(
        self, app: AppCredentials, *, redirect_uri: str, state: str, challenge: str, sandbox: bool
    ) -> str:
        """Return path and query, below the address "authorize", to send the browser to."""

    def exchange(
        self,
        api: ApiSession,
        app: AppCredentials,
        *,
        code: str,
        redirect_uri: str,
        verifier: str,
        query: Mapping[str, str],
    ) -> Grant:
        """Return the grant for a one-time code. Raises AuthRevoked when it is refused. Never call it twice."""


@runtime_checkable
class RefreshableOAuth(OAuth, Protocol):
    """An authorisation whose access ends and is renewed."""

    def refresh(self, api: ApiSession, app: AppCredentials, *, refresh_token: str) -> Grant:
        """Return a new grant. Raises AuthRevoked when the old one is gone for good."""


@runtime_checkable
class RevocableOAuth(OAuth, Protocol):
    """An authorisation that we can end at the provider."""

    def revoke(self, api: ApiSession, app: AppCredentials, *, account_id: str, token: str) -> None:
        """End the grant at the provider; `token` is the refresh token, or the access token where there is none.

        A grant that is already gone is a success.
        """


class KeyAuth(Protocol):
    """Authorisation by a key that the owner pastes."""

    hint: str

    def looks_right(self, key: str) -> str:
        """Return an empty string, or the sentence that says what was pasted instead."""

    def details(self, key: str) -> JSON:
        """Return what the key itself tells of its account, such as the data centre."""


class Entrance(Protocol):
    """Where the calls for an account go, and what they show."""

    def address(self, url: str, access: Access) -> str:
        """Return the base address of the account's API. Raises Misconfigured for a value that has no place in one."""

    def headers(self, access: Access) -> dict[str, str]:
        """Return the headers that authorise a call."""


class BearerEntrance:
    """One address for all accounts, and the secret as a bearer token."""

    def address(self, url: str, access: Access) -> str:
        """Return the address as it is."""
        return url

    def headers(self, access: Access) -> dict[str, str]:
        """Return the Authorization header."""
        return {"Authorization": f"Bearer {access.secret}"}


class Chooser(Protocol):
    """What an owner can choose to read from, where an account holds several."""

    object_type: ClassVar[ObjectType]
    many: ClassVar[bool]

    def options(self, api: ApiSession) -> list[Option]:
        """Return what there is, the likeliest first. Raises a ProviderError."""


class Schema(Protocol):
    """Fields that each account decides for itself, merged over those that all accounts have.

    `decided` are the beginnings of field ids, by object, for which the account's own word is the whole truth: of those
    only what is there counts. All others stay, and take over what is told of them.
    """

    decided: ClassVar[Mapping[ObjectType, tuple[str, ...]]]


@runtime_checkable
class LiveSchema(Schema, Protocol):
    """A provider that can be asked which fields an account has."""

    def live(self, api: ApiSession, chosen: Mapping[ObjectType, Sequence[str]]) -> dict[ObjectType, list[Field]]:
        """Return them by object, with the fewest calls there are for it. Raises a ProviderError.

        `chosen` are the ids of what the owner chose to read from.
        """


@runtime_checkable
class SeenSchema(Schema, Protocol):
    """A provider whose stored objects show which fields an account has, without a call."""

    looks_at: ClassVar[tuple[ObjectType, ...]]

    def seen(self, stored: Mapping[ObjectType, Iterable[JSON]]) -> dict[ObjectType, list[Field]]:
        """Return them by object, from what is stored of the objects that it looks at. Pure."""


class WebhookReceiver(Protocol):
    """What proves and reads a provider's events.

    `gathers` is how long news waits for more of it, where a read of them together saves calls that are counted. Where
    `proved_by_address`, a webhook without a signing secret is proved by the unguessable word in its address alone.
    `portal` is where an operator registers our address by hand, "" where nobody can, and `portal_events` what is to be
    ticked there.
    """

    gathers: ClassVar[timedelta]
    proved_by_address: ClassVar[bool]
    portal: ClassVar[str]
    portal_events: ClassVar[tuple[str, ...]]

    def verify(self, delivery: RawDelivery, *, url: str, secrets: Iterable[str]) -> bool:
        """Return whether one of the secrets signed the delivery. Over raw bytes, in constant time; never raises."""

    def parse(self, delivery: RawDelivery) -> list[ProviderEvent]:
        """Return the events of a verified delivery. Raises BadRecord when it cannot be read."""


class EventList(Protocol):
    """What a provider told, listed by itself: what it failed to deliver is found there.

    `reaches` is how far back the list goes. Where there is none, reading what changed is the list.
    """

    reaches: ClassVar[timedelta]

    def since(self, api: ApiSession, account_id: str, moment: datetime) -> Iterator[list[RawDelivery]]:
        """Yield the account's events from a moment on, page by page, at the fewest calls there are for it.

        Each is given as a delivery of it would have held it, so that `WebhookReceiver.parse` reads the same key out of
        it. Types that are not of interest may come, too. Raises PermissionMissing where the list is not open to us.
        """


class WebhookRegistrar(Protocol):
    """A provider whose API can be asked to tell us of changes. Where there is none, its portal is the only way.

    `place` is the type of object of which each chosen one has a webhook of its own, None where one tells of the whole
    account. Where `by_application`, those who signed in are told of by one webhook of our application, and only a
    pasted key registers one for its account.
    """

    place: ClassVar[ObjectType | None]
    by_application: ClassVar[bool]

    def events(self, about: Subject) -> tuple[str, ...]:
        """Return the events to be told of, by the provider's names. Pure."""

    def listed(self, api: ApiSession, about: Subject) -> list[Hook]:
        """Return every webhook there is, also those of others and those that are switched off. Mostly one call."""

    def register(self, api: ApiSession, about: Subject, *, url: str, key: str) -> Hook:
        """Return a new webhook with its secret, which may be told only here. `key` is one for this address. One call.

        Raises a ProviderError. When the answer was lost there may be a webhook all the same.
        """

    def repair(self, api: ApiSession, about: Subject, hook_id: str) -> None:
        """Switch a webhook on and let it tell exactly what we ask for. One call."""

    def remove(self, api: ApiSession, about: Subject, hook_id: str) -> None:
        """Remove a webhook; one that is gone already is a success. One call."""


@runtime_checkable
class RollingRegistrar(WebhookRegistrar, Protocol):
    """A provider that gives a webhook another secret. Elsewhere another webhook takes the place of the one there is.

    `listed` must tell the secret that counts, so that one whose answer was lost can be found out.
    """

    def roll(self, api: ApiSession, about: Subject, hook_id: str) -> str:
        """Return the secret that signs from now on. One call."""


class Check(Protocol):
    """What confirms an authorisation, whichever way it came."""

    def account(self, api: ApiSession) -> Account:
        """Return the account behind the session and the scopes it was granted. Raises a ProviderError."""


@runtime_checkable
class CountedCheck(Check, Protocol):
    """A check whose calls, of this class, use up an allowance: for the connect, never to see whether access works."""

    counted_as: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast we may call, for one account, shared by all workers.

    `in_flight` is how many calls may be under way at once, 0 where the provider sets no limit; `windows` how many
    windows of a large read are read at the same time. `repeats_timeouts` is off where a call that we gave up goes on
    being counted over there.
    """

    calls_per_second: float
    burst: int
    in_flight: int = 0
    windows: int = 1
    repeats_timeouts: bool = True


@dataclass(frozen=True, slots=True)
class Spec:
    """Facts about a provider as data.

    `urls` maps the name of a base ("api", and where they differ "authorize", "token", "revoke") to its real address.
    `metered` are the classes of calls that count against an allowance or cost money. `allowances` are, by class, the
    calls a month that our application may make over all its venues; what has none is not in it.
    """

    key: str
    name: str
    category: str
    benefit: str
    website: str
    scopes: tuple[Scope, ...]
    urls: Mapping[str, str]
    sandbox_urls: Mapping[str, str]
    headers: Mapping[str, str]
    limits: Limits
    does: tuple[str, ...]
    never: str
    metered: frozenset[str] = frozenset()
    allowances: Mapping[str, int] = field(default_factory=dict)


def one_class(method: str, path: str) -> str:
    """Return the class of a call where a provider does not tell them apart."""
    return "api"


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: facts, ways to authorise, the streams it has, and the outlets for what is only ever sent there."""

    spec: Spec
    check: Check
    streams: Mapping[ObjectType, Stream]
    oauth: OAuth | None = None
    key_auth: KeyAuth | None = None
    webhooks: WebhookReceiver | None = None
    registrar: WebhookRegistrar | None = None
    entrance: Entrance = field(default_factory=BearerEntrance)
    chooser: Chooser | None = None
    call_class: Callable[[str, str], str] = one_class
    classify: "Classifier" = field(kw_only=True)
    outlets: Mapping[ObjectType, Outlet] = field(default_factory=dict, kw_only=True)
    event_list: EventList | None = field(default=None, kw_only=True)
    schema: Schema | None = field(default=None, kw_only=True)

    @property
    def writers(self) -> dict[ObjectType, Outlet]:
        """Return everything that can be sent, in reading order: writable streams, and what is never read back."""
        found = {kind: each for kind, each in self.streams.items() if isinstance(each, WritableStream)}
        both: dict[ObjectType, Outlet] = {**found, **self.outlets}
        return {kind: both[kind] for kind in ObjectType if kind in both}

    @property
    def parts(self) -> "dict[ObjectType, Stream | Outlet]":
        """Return everything that is read or sent."""
        return {**self.outlets, **self.streams}

    @property
    def methods(self) -> list[str]:
        """Return the ways to authorise, the advised one first."""
        return [name for name, way in (("oauth", self.oauth), ("api_key", self.key_auth)) if way]


class Classifier(Protocol):
    """The provider's error dialect."""

    def __call__(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        """Return our error for an answer with a status of 400 or more."""
