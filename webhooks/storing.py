"""How events become rows: routed, judged and stored by one statement, a key that is there already changing nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from integrations import catalogue
from integrations.ids import uuid7
from integrations.providers.base import Provider
from integrations.providers.types import ProviderEvent
from webhooks import prepared
from webhooks.models import Verdict

# The account that the verified body names leads to the one live connection there is of it; at an address of its own
# a delivery reaches that connection alone, whatever it says. So does what was found in a connection's own list.
_BY_ACCOUNT = "link.account_id = told.account AND told.account <> ''"
_BY_CONNECTION = "link.id = %(connection)s AND told.account IN ('', link.account_id)"
# One event is a row of plain values: with arrays of one element their making costs as much as the INSERT.
_ONE = """(VALUES (%(ids)s::uuid, %(keys)s::text, %(accounts)s::text, %(types)s::text, %(objects)s::text,
                   %(externals)s::text, %(moments)s::timestamptz, %(revocations)s::boolean, %(modes)s::text,
                   %(verdicts)s::text, %(bodies)s::bytea))"""
_MANY = """unnest(%(ids)s::uuid[], %(keys)s::text[], %(accounts)s::text[], %(types)s::text[], %(objects)s::text[],
                  %(externals)s::text[], %(moments)s::timestamptz[], %(revocations)s::boolean[], %(modes)s::text[],
                  %(verdicts)s::text[], %(bodies)s::bytea[])"""
_STORE = """
WITH routed AS (
    SELECT told.*, link.id AS link, coalesce(nullif(told.account, ''), link.account_id, '') AS of_account,
           CASE WHEN told.verdict <> '' THEN told.verdict
                WHEN link.id IS NULL THEN CASE WHEN told.is_revocation THEN 'ignored' ELSE 'unroutable' END
                WHEN told.mode NOT IN ('', coalesce(link.account_details ->> 'mode', told.mode)) THEN 'ignored'
                ELSE %(accepted_as)s::text END AS said
    FROM {told} AS told(id, key, account, type, object, external, moment, is_revocation, mode, verdict, body)
    LEFT JOIN connections link
      ON link.provider = %(provider)s AND link.environment = %(environment)s AND link.status <> 'disconnected'
     AND {route}
)
INSERT INTO integration_webhooks (
    id, provider, connection_id, account_id, event_type, object_type, external_id, happened_at, is_revocation,
    dedupe_key, delivery, body, headers, verdict, received_at, status, attempts, not_before, lease_owner, fence,
    failure_class, failure_code, failure_sentence, queued_at, finished_at)
SELECT id, %(provider)s, link, of_account, type, object, external, moment, is_revocation,
       key, %(delivery)s::uuid, body, %(headers)s::jsonb, said, now(),
       CASE WHEN said = %(accepted_as)s::text THEN 'queued' WHEN said = 'ignored' THEN 'succeeded' ELSE 'dead' END, 0,
       now() + make_interval(secs => %(gathers)s), '', 0,
       CASE said WHEN 'unroutable' THEN 'not_found' WHEN 'unreadable' THEN %(unreadable_class)s ELSE '' END,
       CASE WHEN said IN ('unroutable', 'unreadable') THEN said ELSE '' END,
       CASE said WHEN 'unroutable' THEN %(unroutable)s WHEN 'unreadable' THEN %(unreadable)s ELSE '' END,
       now(), CASE WHEN said = %(accepted_as)s::text THEN NULL ELSE now() END
FROM routed
ON CONFLICT DO NOTHING
RETURNING status
"""
_STATEMENTS = {
    (is_one, is_known): _STORE.format(told=_ONE if is_one else _MANY, route=_BY_CONNECTION if is_known else _BY_ACCOUNT)
    for is_one in (True, False)
    for is_known in (True, False)
}
_UNROUTABLE = "No venue here is connected to this account."
_LONGEST = {"key": 120, "account": 120, "type": 120, "external": 255}


class Source(NamedTuple):
    """Where events come from: a delivery, or, without one, a connection's own list of them.

    `accepted_as` is the verdict on those that are routed and of interest.
    """

    accepted_as: Verdict
    connection: UUID | None
    delivery: UUID | None
    headers: Mapping[str, str]


def store(
    provider: Provider,
    events: Sequence[ProviderEvent],
    bodies: Sequence[bytes],
    source: Source,
    *,
    failure: tuple[str, str] = ("", ""),
) -> int:
    """Store the events in one statement, committed when it returns. Return how many of them are new and wait.

    `bodies` are the bytes that each row holds; `failure` is the class and the sentence of why none can be read.
    """
    if not events:
        return 0
    failure_class, sentence = failure
    columns = _columns(provider, [_fitting(event) for event in events], is_unreadable=bool(failure_class))
    columns["bodies"] = list(bodies)
    is_one = len(events) == 1
    asked = ({name: values[0] for name, values in columns.items()} if is_one else columns) | {
        "provider": provider.spec.key,
        "environment": catalogue.environment(),
        "accepted_as": str(source.accepted_as),
        "delivery": source.delivery,
        "headers": orjson.dumps(dict(source.headers)).decode(),
        "gathers": provider.webhooks.gathers.total_seconds() if provider.webhooks else 0,
        "unroutable": _UNROUTABLE,
        "unreadable": sentence,
        "unreadable_class": failure_class,
    }
    if source.connection is not None:
        asked["connection"] = source.connection
    rows = prepared.execute(_STATEMENTS[is_one, source.connection is not None], asked)
    return sum(status == "queued" for (status,) in rows)


def is_of_interest(provider: Provider, event: ProviderEvent) -> bool:
    """Return whether something is done about an event here. Pure."""
    return event.is_revocation or event.object_type in provider.streams


def clean(text: str) -> str:
    """Return a text without what a column cannot hold."""
    return text.replace("\x00", "")


def _columns(provider: Provider, events: Sequence[ProviderEvent], *, is_unreadable: bool) -> dict[str, Any]:
    return {
        "ids": [uuid7() for _ in events],
        "keys": [event.key for event in events],
        "accounts": [event.account_id for event in events],
        "types": [event.type for event in events],
        "objects": [event.object_type or "" for event in events],
        "externals": [event.external_id for event in events],
        "moments": [event.happened_at for event in events],
        "revocations": [event.is_revocation for event in events],
        "modes": [event.mode for event in events],
        "verdicts": [Verdict.UNREADABLE if is_unreadable else _verdict(provider, event) for event in events],
    }


def _verdict(provider: Provider, event: ProviderEvent) -> str:
    """Return what is known of an event before it is routed, "" when its account decides."""
    return "" if is_of_interest(provider, event) else Verdict.IGNORED


def _fitting(event: ProviderEvent) -> ProviderEvent:
    """Return the event with each text as long as its column allows; a key that is too long by its hash. Pure."""
    key = clean(event.key)
    return replace(
        event,
        key=key if len(key) <= _LONGEST["key"] else hashlib.sha256(key.encode()).hexdigest(),
        account_id=clean(event.account_id)[: _LONGEST["account"]],
        type=clean(event.type)[: _LONGEST["type"]],
        external_id=clean(event.external_id)[: _LONGEST["external"]],
    )
