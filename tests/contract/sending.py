"""A venue whose own system writes people, the provider that they are sent to, and what is there afterwards."""

import uuid
from typing import Any

from connections import sessions
from connections.models import Connection
from integrations.providers.base import WritableStream
from integrations.providers.types import ObjectType, Operation, Write
from mappings import versions
from syncing import fanout, own, sending
from syncing.models import Record, RecordLink, SyncLog, Trigger
from syncing.own import Entry
from tests.contract.account import Account
from tests.contract.stage import STAGES
from tests.contract.working import settle

CUSTOMER = ObjectType.CUSTOMER
WRITABLE = [each for each in STAGES.values() if isinstance(each.provider.streams.get(CUSTOMER), WritableStream)]
TOLD = ("given_name", "family_name", "email", "phone")


def person(number: int, **more: Any) -> dict[str, Any]:
    return {
        "given_name": "Nell", "family_name": f"Number{number}", "email": f"nell.{number}@venue.example",
        "phone": f"+4477009{number:05}", **more,
    }  # fmt: skip


def here(account: Account, *people: dict[str, Any]) -> list[Record]:
    """Let the venue's own system write these people, and what follows from it happen."""
    entries = [Entry(fields, key=fields["family_name"]) for fields in people]
    written = own.upsert(account.venue, CUSTOMER, entries, actor=account.owner)
    assert [each.faults for each in written.outcomes] == [[]] * len(people)
    return [Record.objects.get(pk=each.id) for each in written.outcomes]


def agree(connection: Connection) -> None:
    """Look at the plan and accept it."""
    plans = sending.preview(connection, [CUSTOMER])
    sending.start(connection, [CUSTOMER], plan=sending.plan_id(plans), by=connection.connected_by)
    settle()


def send(connection: Connection) -> SyncLog:
    """Send what is behind, and return the log of it."""
    fanout.wake(connection.venue_id, CUSTOMER, trigger=Trigger.OWNER)
    settle()
    return SyncLog.objects.filter(connection=connection, direction="out").latest("started_at")


def there(account: Account, connection: Connection) -> dict[str, dict[str, Any]]:
    """Return by family name what the provider has of our people, read by the rules in force."""
    stream, mapper = account.stage.stream(CUSTOMER), versions.mapper_for(connection, CUSTOMER)
    found: dict[str, dict[str, Any]] = {}
    for raw in account.truth(CUSTOMER)[0].values():
        fields = mapper(stream.values(raw)).fields
        if str(fields.get("family_name", "")).startswith("Number"):
            assert fields["family_name"] not in found, "the same person twice"
            found[fields["family_name"]] = fields
    return found


def told(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in TOLD if name in fields}


def elsewhere(account: Account, connection: Connection, record: Record, **changes: Any) -> None:
    """Let somebody else change a person at the provider, as its own API allows."""
    link = RecordLink.objects.get(record=record, connection=connection)
    stream, mapper = account.stage.stream(CUSTOMER), versions.outbound_mapper_for(connection, CUSTOMER)
    assert isinstance(stream, WritableStream)
    new = mapper(record.fields | changes).values
    values = {name: new[name] for name in mapper.touched(changes.keys()) & stream.writable}
    write = Write(
        uuid.uuid4().hex, uuid.uuid4().hex, Operation.UPDATE, values, whole=new, external_id=link.external_id,
        version=link.remote_version, raw=link.raw,
    )  # fmt: skip
    (result,) = stream.write_batch(sessions.open_session(connection), [write])
    assert result.error is None, result.error
