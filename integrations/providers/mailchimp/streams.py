"""How each of Mailchimp's objects is read.

Contacts are read by their time of change, in two lists: Mailchimp shows archived ones only to those who ask for them.
A bookmark is `{"since": time, "audiences": [...]}` between reads and also holds `reading` in the middle of one. `since`
is the moment, by Mailchimp's clock, at which the last complete read began; the next begins two minutes before it.

Audiences and their fields have no time of change: they are few, and are read whole.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from integrations.providers.base import Stream
from integrations.providers.errors import BadRecord, BookmarkExpired, Transient
from integrations.providers.http import Answer, ApiSession
from integrations.providers.mailchimp import asking, bodies, fields, records, windows
from integrations.providers.mailchimp.fields import MEMBER_WRITABLE
from integrations.providers.mailchimp.spec import FULL_ACCESS
from integrations.providers.mailchimp.windows import Window
from integrations.providers.mailchimp.writes import MOST_CONTACTS, Writer
from integrations.providers.types import (
    JSON,
    ExternalRecord,
    Field,
    ObjectType,
    Operation,
    Page,
    Position,
    ReadScope,
    Values,
    Write,
    WriteResult,
)

_LAG = timedelta(minutes=2)
_STATUSES = ("", "archived")
_CHOSEN = "mailchimp.audiences"
# What is asked for of each object. The same in every read, so that what is stored can be compared.
_OF_A_MEMBER = (
    "id", "contact_id", "list_id", "email_address", "unique_email_id", "web_id", "full_name", "email_type", "status",
    "unsubscribe_reason", "consents_to_one_to_one_messaging", "sms_phone_number", "sms_subscription_status",
    "merge_fields", "timestamp_signup", "timestamp_opt", "last_changed", "language", "vip", "location.country_code",
    "location.timezone", "source", "tags",
)  # fmt: skip
_OF_AN_AUDIENCE = (
    "id", "web_id", "name", "date_created", "double_optin", "marketing_permissions", "visibility",
    "campaign_defaults.language", "campaign_defaults.from_name", "stats.member_count", "stats.unsubscribe_count",
    "stats.cleaned_count",
)  # fmt: skip
_OF_A_MERGE_FIELD = (
    "merge_id", "list_id", "tag", "name", "type", "required", "public", "default_value", "display_order", "help_text",
    "options",
)  # fmt: skip


class _MailchimpStream:
    """What the streams have in common."""

    object_type: ClassVar[ObjectType]
    scope: ClassVar[str] = FULL_ACCESS
    needs: ClassVar[tuple[ObjectType, ...]] = ()
    fields: ClassVar[tuple[Field, ...]]
    reader: Callable[[JSON], Values]
    sweep_size: ClassVar[int] = 1
    place: ClassVar[str] = "list_id"

    def values(self, raw: JSON) -> Values:
        """Return the typed values of one raw object."""
        return records.readable(self.reader, raw)


class _WholeStream(_MailchimpStream):
    """A stream without times of change: every read brings everything."""

    key: ClassVar[str]
    asked: ClassVar[tuple[str, ...]]

    def read(self, api: ApiSession, position: Position, scope: ReadScope) -> Iterator[Page]:
        """Yield pages from `position` on; see `base.Stream`."""
        reading: JSON = dict(position.get("reading") or {"paths": self.paths(scope), "offset": 0})
        if not reading["paths"]:
            yield Page([], position, last=True)
        while reading["paths"]:
            answer = asking.ask(api, reading["paths"][0], self.key, self.asked, offset=reading["offset"])
            found = [ExternalRecord(self.id_of(raw), raw) for raw in asking.listed(answer, self.key)]
            first = found[0].id if found else ""
            if first and first == reading.get("first"):
                raise Transient("Mailchimp gave the same page twice.", code="cursor_loop")
            reading |= _further(reading, len(found), asking.total(answer)) | {"first": first}
            if reading["paths"]:
                yield Page(found, {"reading": dict(reading)})
            else:
                yield Page(found, {}, last=True)  # the next read brings everything again

    def paths(self, scope: ReadScope) -> list[str]:
        """Return what is to be listed."""
        raise NotImplementedError

    def id_of(self, raw: JSON) -> str:
        """Return the external id of a listed object. Raises Transient where there is none."""
        return asking.text_in(raw, "id")

    def gone(self, api: ApiSession, ids: list[str]) -> list[str]:
        """Return those that Mailchimp does not know any more. One call for the one id."""
        return [each for each in ids if asking.is_gone(api, self.path_of(each), named_by=self.asked[0])]

    def path_of(self, external_id: str) -> str:
        """Return where one object is."""
        raise NotImplementedError


class Audiences(_WholeStream):
    """Every audience of the account, in one call."""

    object_type = ObjectType.AUDIENCE
    place = ""
    fields = fields.AUDIENCE
    reader = staticmethod(records.audience)
    key = "lists"
    asked = _OF_AN_AUDIENCE
    rests: ClassVar[timedelta] = timedelta(hours=6)

    def paths(self, scope: ReadScope) -> list[str]:
        """Return the one list of audiences."""
        return ["/3.0/lists"]

    def path_of(self, external_id: str) -> str:
        """Return where an audience is."""
        return asking.audience(external_id)


class MergeFields(_WholeStream):
    """The fields that the venue made for its audience. Their numbers are the audience's own, so both are the id."""

    object_type = ObjectType.MERGE_FIELD
    needs: ClassVar[tuple[ObjectType, ...]] = (ObjectType.AUDIENCE,)
    fields = fields.MERGE_FIELD
    reader = staticmethod(records.merge_field)
    key = "merge_fields"
    asked = _OF_A_MERGE_FIELD
    rests: ClassVar[timedelta] = timedelta(days=1)

    def paths(self, scope: ReadScope) -> list[str]:
        """Return the list of each chosen audience."""
        return [f"{asking.audience(each)}/merge-fields" for each in sorted(scope.known.get(ObjectType.AUDIENCE, []))]

    def id_of(self, raw: JSON) -> str:
        """Return audience and number."""
        return f"{asking.text_in(raw, 'list_id')}-{asking.number_in(raw, 'merge_id')}"

    def path_of(self, external_id: str) -> str:
        """Return where a merge field is."""
        audience, _, number = external_id.rpartition("-")
        return f"{asking.audience(audience)}/merge-fields/{quote(number, safe='')}"


class Members(_MailchimpStream):
    """The contacts of the chosen audience, oldest change first, in windows that can be read at the same time.

    A contact's id is Mailchimp's `contact_id`, which outlives a change of the e-mail address; the hash of the address
    serves where Mailchimp gives no other. Both stay in the raw copy.
    """

    object_type = ObjectType.CUSTOMER
    needs: ClassVar[tuple[ObjectType, ...]] = (ObjectType.AUDIENCE,)
    fields = fields.MEMBER
    reader = staticmethod(records.member)
    batch_size: ClassVar[int] = MOST_CONTACTS
    writable: ClassVar[frozenset[str]] = MEMBER_WRITABLE
    created_only: ClassVar[frozenset[str]] = frozenset({"list_id", "status_if_new"})
    deletable: ClassVar[bool] = True

    def read(self, api: ApiSession, position: Position, scope: ReadScope) -> Iterator[Page]:
        """Yield pages from `position` on; see `base.Stream`.

        Raises BookmarkExpired when another audience was chosen since the bookmark was made.
        """
        api.memory[_CHOSEN] = chosen = sorted(scope.known.get(ObjectType.AUDIENCE, []))
        reading: JSON = dict(position.get("reading") or _beginning(position, chosen))
        audiences = position["audiences"] if "reading" in position else chosen
        last_page: list[tuple[str, str]] = []
        if not reading["windows"]:
            yield Page([], position, last=True)
        while reading["windows"]:
            window = Window.of(reading["windows"][0])
            answer = _ask_contacts(api, window)
            reading.setdefault("started", asking.provider_time(answer))
            listed = [self.record(raw) for raw in asking.listed(answer, "members")]
            page = [(each.id, _second(each)) for each in listed]
            _refuse_the_same_page(window, page, last_page)
            total = _told(reading, window, asking.total(answer))
            following = windows.advanced(window, [changed for _, changed in page], asking.total(answer))
            reading["windows"] = ([following.as_json()] if following else []) + reading["windows"][1:]
            met, last_page = set(last_page), page if following else []
            found = [each for each, seen in zip(listed, page, strict=True) if window.holds(seen[1]) and seen not in met]
            yield Page(found, _place(position, reading, audiences), total=total, last=not reading["windows"])

    def record(self, raw: JSON) -> ExternalRecord:
        """Return one contact; its time of change stands for a version, for Mailchimp has none."""
        changed = raw.get("last_changed")
        found = raw.get("contact_id") or asking.text_in(raw, "id")
        return ExternalRecord(str(found), raw, version=str(changed or "")[:64], updated_at=_moment_or_none(changed))

    def split(self, position: Position) -> tuple[Position, Position] | None:
        """Return what `position` has still to read in two: by list or audience first, else by time."""
        reading: JSON = position.get("reading") or {}
        held = [Window.of(each) for each in reading.get("windows") or []]
        if len(held) > 1:
            return _with(position, held[:1]), _with(position, held[1:])
        cut = windows.halves(held[0], reading["started"]) if held else None
        return (_with(position, [cut[0]]), _with(position, [cut[1]])) if cut else None

    def joined(self, ends: list[Position]) -> Position:
        """Return the earliest of the windows' bookmarks; they are all those of the read they were cut from."""
        return min(ends, key=lambda end: str(end.get("since", "")))

    def count(self, api: ApiSession) -> int:
        """Return how many contacts there are: the only sign of one deleted for good. Two calls for each audience."""
        lists = [(each, status or None) for each in _chosen(api) for status in _STATUSES]
        return sum(asking.count(api, f"{asking.audience(each)}/members", status) for each, status in lists)

    def gone(self, api: ApiSession, ids: list[str]) -> list[str]:
        """Return those that are in none of the chosen audiences any more. One call where one audience is chosen.

        Mailchimp takes a contact's id in place of the hash, and knows archived ones. Only who was deleted for good is
        gone.
        """
        paths = {each: [asking.contact(audience, each) for audience in _chosen(api)] for each in ids}
        return [each for each in ids if all(asking.is_gone(api, path) for path in paths[each])]

    def calls(self, writes: Sequence[Write]) -> int:
        """Return two calls for new contacts, three for changed ones, and two for each that is archived."""
        kinds = Counter(write.operation for write in writes)
        changed = 3 if kinds[Operation.UPDATE] else 0
        return 2 * bool(kinds[Operation.CREATE]) + changed + 2 * kinds[Operation.DELETE]

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Make the changes; see `base.WritableStream`. Three calls for five hundred, one more once in a session.

        Contacts that get another address, and those that are archived, cost a call or two each.
        """
        refused = {each.key: error for each in writes if (error := bodies.refusal(each))}
        results = {key: WriteResult(key, error=error) for key, error in refused.items()}
        left = [each for each in writes if each.key not in refused]
        for audience in dict.fromkeys(bodies.audience(each) for each in left):
            writer = Writer(api, audience, _OF_A_MEMBER, self.record)
            results |= writer.write([each for each in left if bodies.audience(each) == audience])
        return [results[each.key] for each in writes]


STREAMS: dict[ObjectType, Stream] = {stream.object_type: stream for stream in (Audiences(), MergeFields(), Members())}


def _chosen(api: ApiSession) -> list[str]:
    """Return the audiences that this session reads; all of them where it has read none yet."""
    return api.memory.get(_CHOSEN) or [str(raw["id"]) for raw in every_audience(api)]


def every_audience(api: ApiSession) -> list[JSON]:
    """Return the raw audiences of the account. One call for each thousand."""
    return [each.raw for page in Audiences().read(api, {}, ReadScope()) for each in page.records]


def _further(reading: JSON, listed: int, total: int) -> JSON:
    """Return where a whole read stands after a page: further in the same list, or at the next one."""
    offset = reading["offset"] + listed
    if offset >= total:
        return {"paths": reading["paths"][1:], "offset": 0}
    if not listed:
        raise Transient("Mailchimp says that there is more, but gives nothing.", code="cursor_loop")
    return {"offset": offset}


def _beginning(position: Position, chosen: list[str]) -> JSON:
    """Return a reading that begins: everything, or what changed since the bookmark."""
    if "since" in position and not set(chosen) <= set(position.get("audiences") or []):
        raise BookmarkExpired("Another Mailchimp audience was chosen, so all of its contacts are read.")
    at = windows.moved(position["since"], -_LAG) if "since" in position else ""
    return {"windows": [Window(each, status, at=at).as_json() for each in chosen for status in _STATUSES]}


def _place(position: Position, reading: JSON, audiences: list[str]) -> Position:
    """Return the position that is true now: in the middle of the read, or the bookmark that ends it."""
    if not reading["windows"]:
        return {"since": reading["started"], "audiences": audiences}
    before = {"since": position["since"]} if "since" in position else {}
    return before | {"audiences": audiences, "reading": dict(reading)}


def _with(position: Position, held: list[Window]) -> Position:
    return position | {"reading": position["reading"] | {"windows": [each.as_json() for each in held]}}


def _refuse_the_same_page(window: Window, page: list[tuple[str, str]], last_page: list[tuple[str, str]]) -> None:
    if window.skip > 0 and page and page == last_page:
        raise Transient("Mailchimp gave the same page of contacts twice.", code="cursor_loop")


def _told(reading: JSON, window: Window, total: int) -> int | None:
    """Return how many contacts the lists asked so far hold together; None where this one's number was told before."""
    if window.told:
        return None
    reading["total"] = int(reading.get("total") or 0) + total
    return int(reading["total"])


def _ask_contacts(api: ApiSession, window: Window) -> Answer:
    query = {
        "status": window.status or None,
        "since_last_changed": window.since or None,
        "before_last_changed": window.before or None,
        "sort_field": "last_changed",
        "sort_dir": "ASC",
    }
    path = f"{asking.audience(window.audience)}/members"
    return asking.ask(api, path, "members", _OF_A_MEMBER, offset=max(window.skip, 0), **query)


def _second(record: ExternalRecord) -> str:
    """Return when a contact changed, as windows compare it; "" where that cannot be read."""
    return windows.text(record.updated_at) if record.updated_at else ""


def _moment_or_none(value: Any) -> datetime | None:
    """Return the time, None where it cannot be read: that is for `values` to tell, for this record alone."""
    try:
        return records.moment(value) if value else None
    except BadRecord:
        return None
