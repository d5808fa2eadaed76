"""What is done with a delivery before it is answered: proved by its bytes, stored in one statement, nothing else.

What cannot be read, routed or used is stored as well and accepted: the provider has done its part, and QuickBooks
would hold back everything newer until it is.
"""

import hashlib
import logging
from dataclasses import dataclass, replace
from typing import Any

import orjson

from integrations import catalogue
from integrations.ids import uuid7
from integrations.problems import Problem
from integrations.providers.base import Provider, WebhookReceiver
from integrations.providers.errors import BadRecord
from integrations.providers.types import ProviderEvent, RawDelivery
from webhooks import addresses, prepared, refusals, subscriptions
from webhooks.models import Verdict, WebhookSubscription

logger = logging.getLogger(__name__)

# The account that the verified body names leads to the one live connection there is of it; at an address of a
# connection's own a delivery reaches that connection alone, whatever it says.
_BY_ACCOUNT = "link.account_id = told.account AND told.account <> ''"
_BY_ADDRESS = "link.id = %(connection)s AND told.account IN ('', link.account_id)"
# One event is a row of plain values: with arrays of one element their making costs as much as the INSERT.
_ONE = """(VALUES (%(ids)s::uuid, %(keys)s::text, %(accounts)s::text, %(types)s::text, %(objects)s::text,
                   %(externals)s::text, %(moments)s::timestamptz, %(revocations)s::boolean, %(modes)s::text,
                   %(verdicts)s::text, 1))"""
_MANY = """unnest(%(ids)s::uuid[], %(keys)s::text[], %(accounts)s::text[], %(types)s::text[], %(objects)s::text[],
                  %(externals)s::text[], %(moments)s::timestamptz[], %(revocations)s::boolean[], %(modes)s::text[],
                  %(verdicts)s::text[]) WITH ORDINALITY"""
_STORE = """
WITH routed AS (
    SELECT told.*, link.id AS link, coalesce(nullif(told.account, ''), link.account_id, '') AS of_account,
           CASE WHEN told.verdict <> '' THEN told.verdict
                WHEN link.id IS NULL THEN CASE WHEN told.is_revocation THEN 'ignored' ELSE 'unroutable' END
                WHEN told.mode NOT IN ('', coalesce(link.account_details ->> 'mode', told.mode)) THEN 'ignored'
                ELSE 'accepted' END AS said
    FROM {told} AS told(id, key, account, type, object, external, moment, is_revocation, mode, verdict, place)
    LEFT JOIN connections link
      ON link.provider = %(provider)s AND link.environment = %(environment)s AND link.status <> 'disconnected'
     AND {route}
)
INSERT INTO integration_webhooks (
    id, provider, connection_id, account_id, event_type, object_type, external_id, happened_at, is_revocation,
    dedupe_key, delivery, body, headers, verdict, received_at, status, attempts, not_before, lease_owner, fence,
    failure_class, failure_code, failure_sentence, queued_at, finished_at)
SELECT id, %(provider)s, link, of_account, type, object, external, moment, is_revocation,
       key, %(delivery)s, CASE WHEN place = 1 THEN %(body)s ELSE ''::bytea END, %(headers)s::jsonb, said, now(),
       CASE said WHEN 'accepted' THEN 'queued' WHEN 'ignored' THEN 'succeeded' ELSE 'dead' END, 0,
       now() + make_interval(secs => %(gathers)s), '', 0,
       CASE said WHEN 'unroutable' THEN 'not_found' WHEN 'unreadable' THEN %(unreadable_class)s ELSE '' END,
       CASE WHEN said IN ('unroutable', 'unreadable') THEN said ELSE '' END,
       CASE said WHEN 'unroutable' THEN %(unroutable)s WHEN 'unreadable' THEN %(unreadable)s ELSE '' END,
       now(), CASE said WHEN 'accepted' THEN NULL ELSE now() END
FROM routed
ON CONFLICT DO NOTHING
RETURNING status
"""
_STATEMENTS = {
    (is_one, is_addressed): _STORE.format(
        told=_ONE if is_one else _MANY, route=_BY_ADDRESS if is_addressed else _BY_ACCOUNT
    )
    for is_one in (True, False)
    for is_addressed in (True, False)
}
_UNROUTABLE = "No venue here is connected to this account."
_LONGEST = {"key": 120, "account": 120, "type": 120, "external": 255}
_KEPT_HEADERS = ("content-type", "user-agent")


@dataclass(frozen=True, slots=True)
class Told:
    """What a delivery says: its events, or the class and the sentence of why it cannot be read."""

    events: list[ProviderEvent]
    failure: tuple[str, str] = ("", "")


def receive(provider: Provider, delivery: RawDelivery, subscription: WebhookSubscription | None, token: str) -> int:
    """Store a delivery, however often it comes, and return how many events now wait for the drain.

    Raises Problem signature_invalid before the database is touched; a database error when nothing was stored, and
    CannotOpen when the subscription's secret cannot be used.
    """
    receiver = provider.webhooks
    assert receiver is not None  # noqa: S101 - the addresses are those of the receivers
    if not _is_proved(provider, receiver, delivery, subscription, token):
        refusals.note(provider.spec.key, delivery)
        raise Problem("signature_invalid", "The signature does not fit the body, the time or any secret known here.")
    return store(provider, delivery, read(provider, receiver, delivery), subscription)


def read(provider: Provider, receiver: WebhookReceiver, delivery: RawDelivery) -> Told:
    """Return what a verified delivery says. Never raises: what cannot be read is told as that."""
    try:
        return Told(receiver.parse(delivery))
    except BadRecord as error:
        return Told([_unread(delivery)], ("invalid_value", _clean(str(error))[:500]))
    except Exception:  # a fault of ours must not make the provider hold back what is newer
        logger.exception("webhook.unread", extra={"provider": provider.spec.key})
        return Told([_unread(delivery)], ("ours", "We could not read this event. Our team has been told."))


def store(provider: Provider, delivery: RawDelivery, told: Told, subscription: WebhookSubscription | None) -> int:
    """Store the events in one statement, committed when it returns. Return how many of them are new and wait."""
    if not told.events:
        return 0
    failure_class, sentence = told.failure
    columns = _columns(provider, told)
    is_one = len(told.events) == 1
    asked = ({name: values[0] for name, values in columns.items()} if is_one else columns) | {
        "provider": provider.spec.key,
        "environment": catalogue.environment(),
        "delivery": uuid7(),
        "body": delivery.body,
        "headers": orjson.dumps(_kept(provider.spec.key, delivery)).decode(),
        "gathers": provider.webhooks.gathers.total_seconds() if provider.webhooks else 0,
        "unroutable": _UNROUTABLE,
        "unreadable": sentence,
        "unreadable_class": failure_class,
    }
    of_connection = subscription.connection_id if subscription else None
    if of_connection:
        asked["connection"] = of_connection
    rows = prepared.execute(_STATEMENTS[is_one, of_connection is not None], asked)
    return sum(status == "queued" for (status,) in rows)


def _is_proved(
    provider: Provider,
    receiver: WebhookReceiver,
    delivery: RawDelivery,
    subscription: WebhookSubscription | None,
    token: str,
) -> bool:
    if subscription is not None and receiver.proved_by_address and not subscription.signing_secret:
        return bool(delivery.body)
    secrets = subscriptions.secrets_for(provider.spec.key, subscription)
    return receiver.verify(delivery, url=addresses.url(provider.spec.key, token), secrets=secrets)


def _unread(delivery: RawDelivery) -> ProviderEvent:
    """Return what stands for a delivery that says nothing; its bytes tell it apart."""
    key = hashlib.sha256(delivery.body).hexdigest()
    return ProviderEvent(key=key, account_id="", type="", object_type=None, external_id="", happened_at=None)


def _columns(provider: Provider, told: Told) -> dict[str, Any]:
    """Return the events as columns, each text as long as its column allows and without what text cannot hold."""
    events = [_fitting(event) for event in told.events]
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
        "verdicts": [_verdict(provider, told, event) for event in events],
    }


def _verdict(provider: Provider, told: Told, event: ProviderEvent) -> str:
    """Return what is known of an event before it is routed, "" when its account decides."""
    if told.failure[0]:
        return Verdict.UNREADABLE
    of_interest = event.is_revocation or event.object_type in provider.streams
    return "" if of_interest else Verdict.IGNORED


def _fitting(event: ProviderEvent) -> ProviderEvent:
    key = _clean(event.key)
    return replace(
        event,
        key=key if len(key) <= _LONGEST["key"] else hashlib.sha256(key.encode()).hexdigest(),
        account_id=_clean(event.account_id)[: _LONGEST["account"]],
        type=_clean(event.type)[: _LONGEST["type"]],
        external_id=_clean(event.external_id)[: _LONGEST["external"]],
    )


def _clean(text: str) -> str:
    return text.replace("\x00", "")


def _kept(provider: str, delivery: RawDelivery) -> dict[str, str]:
    """Return the headers worth keeping: never a signature, which is good for a replay."""
    return {
        name: _clean(value)[:200]
        for name, value in delivery.headers.items()
        if (name in _KEPT_HEADERS or name.startswith(f"{provider}-")) and "signature" not in name
    }
