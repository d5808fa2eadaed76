"""How contacts are made, changed and archived: up to five hundred with one call.

Mailchimp has no idempotency keys and no versions. What protects is the address itself, of which an audience holds one:
new contacts are sent so that one who is there already is refused rather than changed, and changes say the same thing
however often they are sent. Before changes, and before anything that was sent before, one call brings the thousand
contacts that changed last: whoever is among them with another time of change was changed by somebody else. The answer
to a batch leaves fields out, so one more call, seldom two, brings the contacts as a read does.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar

import orjson

from integrations.providers.errors import (
    Conflict,
    Duplicate,
    Invalid,
    Misconfigured,
    NotFound,
    PermissionMissing,
    ProviderError,
    Settled,
    Transient,
)
from integrations.providers.http import Answer, ApiSession
from integrations.providers.mailchimp import asking, bodies, client, windows
from integrations.providers.mailchimp.records import moment, subscriber_hash
from integrations.providers.types import JSON, ExternalRecord, Operation, Write, WriteResult

MOST_CONTACTS = 500  # that one batch takes
_FIELDS = "mailchimp.merge_fields"  # in a session's memory: those of each audience, by tag
_OF_ONE_RECORD = (Invalid, Conflict, Duplicate, NotFound, PermissionMissing, Settled)
_RECENT = timedelta(minutes=10)
_MOST_PAGES = 5  # of what changed last; a moment may hold several batches
# A batch tells what went wrong in a sentence only; these are the titles that the same refusal has elsewhere.
_TITLES = {
    "compliance state": "Member In Compliance State",
    "permanently deleted": "Forgotten Email Not Subscribed",
    "forgotten": "Forgotten Email Not Subscribed",
    "already a list member": "Member Exists",
}
# What every answer to a write tells of a contact.
_TOLD = ("last_changed", "email_address", "merge_fields", "status", "language", "vip", "tags")
Results = dict[str, WriteResult]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the contacts of one audience. `asked` are the fields of a contact that a read asks for."""

    api: ApiSession
    audience: str
    asked: tuple[str, ...]
    record: Callable[[JSON], ExternalRecord]
    known: dict[str, JSON] = field(default_factory=dict)  # contacts as they are now, by hash and by contact id
    answered: dict[str, JSON] = field(default_factory=dict)  # what a call said of those it wrote, by write
    order: ClassVar[tuple[Operation, ...]] = (Operation.CREATE, Operation.UPDATE, Operation.DELETE)

    def write(self, writes: Sequence[Write]) -> Results:
        """Return the results by key."""
        sent = {each.key: bodies.member(each, _merge_fields(self.api, self.audience)) for each in writes}
        if any(each.operation is Operation.UPDATE or each.attempt > 1 for each in writes):
            self._remember(self._listed())
        results = {each.key: found for each in writes if (found := self._looked_up(each, sent[each.key]))}
        results |= _second_ones([each for each in writes if each.key not in results])
        for operation in self.order:
            left = [each for each in writes if each.operation is operation and each.key not in results]
            results |= self._sent(operation, left, sent) if left else {}
        refused = {key for key, result in results.items() if result.error}
        return results | self._as_read([each for each in writes if each.key in self.answered.keys() - refused])

    def _looked_up(self, write: Write, body: JSON) -> WriteResult | None:
        """Return what is known of a write without sending it, None when it has to be sent."""
        raw = self.known.get(write.external_id or subscriber_hash(bodies.email(write)))
        if raw is None or write.operation is Operation.DELETE:
            return None
        if write.operation is Operation.CREATE:
            return self._taken(write, body, raw) if write.attempt > 1 else None
        is_done = write.attempt > 1 and bodies.holds(body, raw)
        if not write.version or str(raw.get("last_changed")) == write.version:
            if is_done:
                return WriteResult(write.key, self.record(raw))
            if bodies.is_otherwise_as_before({}, raw, write.raw):  # two may change it in one second
                return None
        if is_done and bodies.is_otherwise_as_before(body, raw, write.raw):
            return WriteResult(write.key, self.record(raw))
        return WriteResult(write.key, error=Conflict("The contact was changed in Mailchimp meanwhile."))

    def _taken(self, write: Write, body: JSON, raw: JSON) -> WriteResult:
        """Return who has the address of a new contact: the one that an earlier attempt made, or somebody before."""
        record = self.record(raw)
        if write.attempt > 1 and bodies.holds(body, raw):
            return WriteResult(write.key, record)
        return WriteResult(write.key, error=_exists(record.id))

    def _sent(self, operation: Operation, writes: Sequence[Write], sent: dict[str, JSON]) -> Results:
        if operation is Operation.DELETE:
            return _merged(self._archived(each) for each in writes)
        if operation is Operation.CREATE:
            return self._batch(writes, sent, update_existing=False)
        results = _merged(self._moved(each) for each in writes if bodies.is_moved(each))
        left = [each for each in writes if each.key not in results]
        for tagged in (False, True):  # one request either replaces the tags of all, or of none
            batch = [each for each in left if ("tags" in sent[each.key]) is tagged]
            results |= self._batch(batch, sent, update_existing=True, sync_tags=tagged) if batch else {}
        return results

    def _batch(self, writes: Sequence[Write], sent: dict[str, JSON], **how: bool) -> Results:
        """Return the refusals of one call; what it wrote is noted in `answered`."""
        body = {"members": [sent[each.key] for each in writes], **how}
        path = f"{asking.audience(self.audience)}?skip_merge_validation=true"
        answer = self.api.post(path, body, repeatable=how["update_existing"])
        by_hash = {subscriber_hash(bodies.email(each)): each for each in writes}
        for raw in [*asking.listed(answer, "new_members"), *asking.listed(answer, "updated_members")]:
            if write := by_hash.pop(str(raw.get("id")), None):
                self.answered[write.key] = raw
        results: Results = {}
        for told in asking.listed(answer, "errors"):
            if write := by_hash.pop(subscriber_hash(str(told.get("email_address"))), None):
                results[write.key] = self._refused(write, sent[write.key], told, answer)
        lost = Transient("Mailchimp left this contact out of its answer.", code="partial")
        return results | {each.key: WriteResult(each.key, error=lost) for each in by_hash.values()}

    def _refused(self, write: Write, body: JSON, told: JSON, answer: Answer) -> WriteResult:
        """Return the refusal of one contact in a batch. Asks for the contact where somebody has the address."""
        if write.operation is Operation.UPDATE and told.get("field") == "status":
            return WriteResult(write.key, error=self._missed(write))
        error = _classified(told, answer)
        if isinstance(error, Duplicate):
            raw = self._one(subscriber_hash(bodies.email(write)))
            return self._taken(write, body, raw) if raw else WriteResult(write.key, error=error)
        return WriteResult(write.key, error=_in_our_words(write, error))

    def _missed(self, write: Write) -> ProviderError:
        """Return why nobody has the address of a known contact: another address by now, or no contact any more."""
        raw = self._one(write.external_id)
        if raw is None or raw.get("status") == "archived":
            return NotFound("The contact is not in the audience any more.")
        return Conflict("The contact was changed in Mailchimp meanwhile.")

    def _moved(self, write: Write) -> Results:
        """Give a contact its new address; nothing where that went well and the rest can follow."""
        body = orjson.dumps({"email_address": bodies.email(write)})
        path = asking.contact(self.audience, write.external_id)
        try:
            self.answered[write.key] = self.api.call("PATCH", path, body=body, repeatable=True).body
        except Duplicate:
            other = self._one(subscriber_hash(bodies.email(write))) or {}
            return {write.key: WriteResult(write.key, error=_exists(str(other.get("contact_id") or "")))}
        except _OF_ONE_RECORD as error:
            return {write.key: WriteResult(write.key, error=_in_our_words(write, error))}
        only_address = not set(write.values) - {"email_address", "list_id"}
        return {write.key: WriteResult(write.key)} if only_address else {}

    def _archived(self, write: Write) -> Results:
        """Archive a contact; one who is archived or gone already is as it should be. Two calls."""
        path = asking.contact(self.audience, write.external_id)
        try:
            self.api.call("DELETE", path, repeatable=True)
        except NotFound:
            pass
        except Misconfigured as error:
            if error.status != 405:  # how Mailchimp says that a contact is archived already
                raise
        except PermissionMissing as error:
            return {write.key: WriteResult(write.key, error=error)}
        raw = self._one(write.external_id)
        record = self.record(raw) if raw else ExternalRecord(write.external_id, write.raw, write.version)
        return {write.key: WriteResult(write.key, replace(record, deleted=True))}

    def _as_read(self, writes: Sequence[Write]) -> Results:
        """Return what was written as a read brings it: pages of what changed last, then one call for each not there."""
        answered = [self.answered[each.key] for each in writes]
        since, written = _earliest(answered), {str(raw.get("id")) for raw in answered}
        for number in range(_MOST_PAGES if since else 0):
            if all(map(self._shown, answered)):
                break
            listed = self._listed(number, MOST_CONTACTS, since_last_changed=since)
            self._remember(raw for raw in listed if raw.get("id") in written)
            if len(listed) < MOST_CONTACTS:
                break
        found = {each.key: self._shown(raw) or self._asked_for(raw) for each, raw in zip(writes, answered, strict=True)}
        return {key: WriteResult(key, self.record(raw)) for key, raw in found.items()}

    def _shown(self, answered: JSON) -> JSON | None:
        """Return a contact that was written as a list showed it, None while none did."""
        known = self.known.get(str(answered.get("id")))
        return known if known is not None and all(known.get(name) == answered.get(name) for name in _TOLD) else None

    def _asked_for(self, answered: JSON) -> JSON:
        found = self._one(asking.text_in(answered, "id"))
        if found is None:
            raise Transient("Mailchimp does not show a contact that it has just taken.", code="lag")
        return found

    def _listed(self, page: int = 0, size: int = asking.MOST, **query: str) -> list[JSON]:
        """Return a page of the contacts that changed last. One call."""
        path = f"{asking.audience(self.audience)}/members"
        query |= {"sort_field": "last_changed", "sort_dir": "DESC", "count": str(size)}
        answer = asking.ask(self.api, path, "members", self.asked, offset=page * size, **query)
        return asking.listed(answer, "members")

    def _one(self, hash_or_id: str) -> JSON | None:
        """Return a contact as a read brings it, None where there is none. One call."""
        try:
            return self.api.get(asking.contact(self.audience, hash_or_id), {"fields": ",".join(self.asked)}).body
        except NotFound:
            return None

    def _remember(self, found: Iterable[JSON]) -> None:
        for raw in found:
            self.known.update({str(raw.get("id")): raw, str(raw.get("contact_id")): raw})


def _merge_fields(api: ApiSession, audience: str) -> dict[str, JSON]:
    """Return an audience's merge fields by tag. One call for each session."""
    remembered: dict[str, dict[str, JSON]] = api.memory.setdefault(_FIELDS, {})
    if audience not in remembered:
        path = f"{asking.audience(audience)}/merge-fields"
        answer = asking.ask(api, path, "merge_fields", ("tag", "type", "options"), offset=0)
        remembered[audience] = {asking.text_in(raw, "tag"): raw for raw in asking.listed(answer, "merge_fields")}
    return remembered[audience]


def _second_ones(writes: Sequence[Write]) -> Results:
    """Return those whose address another write of the same batch has: an audience holds one contact for it."""
    met: set[str] = set()
    results: Results = {}
    for write in writes:
        address = subscriber_hash(bodies.email(write))
        if address in met:
            results[write.key] = WriteResult(write.key, error=_exists(""))
        met.add(address)
    return results


def _exists(contact_id: str) -> Duplicate:
    return Duplicate("Another contact has this e-mail address.", external_id=contact_id, code="Member Exists")


def _classified(told: JSON, answer: Answer) -> ProviderError:
    """Return the error for one entry of a batch's errors, as the same refusal is judged elsewhere."""
    sentence = str(told.get("error") or "")
    title = next((title for words, title in _TITLES.items() if words in sentence.lower()), "Invalid Resource")
    if told.get("error_code") == "ERROR_CONTACT_EXISTS":
        title = "Member Exists"
    fields = [{"field": told["field"]}] if told.get("field") else []
    detail = str(told.get("field_message") or "") or sentence
    return client.classify(
        400, answer.headers, orjson.dumps({"title": title, "status": 400, "detail": detail, "errors": fields})
    )


def _in_our_words(write: Write, error: ProviderError) -> ProviderError:
    """Return the error with the field that we know it by: Mailchimp names a merge field by its tag alone."""
    if isinstance(error, Invalid) and error.field:
        ours = f"{bodies.MERGE_FIELDS}{error.field}"
        is_merge_field = any(name == ours or name.startswith(f"{ours}.") for name in write.values)
        error.field = ours if is_merge_field else error.field
    return error


def _earliest(answered: Iterable[JSON]) -> str:
    """Return the second before the first of the changes that were just made, "" where nothing changed."""
    times = sorted(str(raw.get("last_changed") or "") for raw in answered)
    recent = [each for each in times if each and moment(times[-1]) - moment(each) < _RECENT]
    return windows.moved(recent[0], -timedelta(seconds=1)) if recent else ""


def _merged(parts: Iterable[Results]) -> Results:
    return {key: result for part in parts for key, result in part.items()}
