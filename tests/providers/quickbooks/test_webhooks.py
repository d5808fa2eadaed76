"""QuickBooks' signatures and both shapes of its events: published vectors, and everything that must not pass."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from integrations.providers.errors import BadRecord
from integrations.providers.quickbooks.webhooks import SIGNATURE_HEADER, QuickBooksWebhooks
from integrations.providers.types import ObjectType, RawDelivery

TOKEN = "b5771f19b12ddb4bcdb9f08bdc50bc63878a"
OLD = (
    b'{"eventNotifications":[{"realmId":"1185883450","dataChangeEvent":{"entities":[{"name":"Customer","id":"1",'
    b'"operation":"Create","lastUpdated":"2015-10-05T14:42:19-0700"}]}}]}'
)
OLD_SIGNATURE = "JC2GUwciPmRBwEO7WvrRmKqu9tGOKL8FFallocTFi8Q="
NEW = (
    b'[{"specversion":"1.0","id":"88cd52aa-33b6-4351-9aa4-47572edbd068",'
    b'"source":"intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=","type":"qbo.account.created.v1",'
    b'"datacontenttype":"application/json","time":"2025-09-10T21:31:25.179851517Z","intuitentityid":"1234",'
    b'"intuitaccountid":"310687","data":{}}]'
)
NEW_SIGNATURE = "h1oDoTCJNVJqr9r5cs2vQPhnmvvskGXBgPyewNJDnpk="
RECEIVER = QuickBooksWebhooks()


def delivery(body: bytes = OLD, signature: str | None = OLD_SIGNATURE) -> RawDelivery:
    return RawDelivery(body, {} if signature is None else {SIGNATURE_HEADER: signature})


def parsed(body: Any) -> list[Any]:
    return RECEIVER.parse(RawDelivery(body if isinstance(body, bytes) else orjson.dumps(body), {}))


def cloud(**changes: Any) -> dict[str, Any]:
    event: dict[str, Any] = orjson.loads(NEW)[0]
    return event | changes


def test_the_published_vectors_pass() -> None:
    other = delivery(b'{"stuff":"5"}', "nfPLN16u3vMvv08ghDs+dOkLuirEVDy5wAeG/lmM2OA=")
    assert RECEIVER.verify(delivery(), url="", secrets=[TOKEN])
    assert RECEIVER.verify(other, url="", secrets=["verify_me"])
    assert RECEIVER.verify(delivery(NEW, NEW_SIGNATURE), url="", secrets=[TOKEN])


def test_either_secret_of_a_change_of_secrets_passes() -> None:
    assert RECEIVER.verify(delivery(), url="", secrets=["the-new-one", TOKEN])


@pytest.mark.parametrize(
    ("changed", "secrets"),
    [
        (delivery(OLD + b" "), [TOKEN]),
        (delivery(OLD.replace(b"1185883450", b"1185883451")), [TOKEN]),
        (delivery(NEW), [TOKEN]),
        (delivery(signature=None), [TOKEN]),
        (delivery(signature=""), [TOKEN]),
        (delivery(signature="not base64 at all!"), [TOKEN]),
        (delivery(signature="ü" * 44), [TOKEN]),
        (delivery(signature="A" * 100_000), [TOKEN]),
        (delivery(b""), [TOKEN]),
        (delivery(b"\xff\xfe"), [TOKEN]),
        (delivery(), ["another"]),
        (delivery(), []),
        (delivery(), [""]),
    ],
)
def test_whatever_is_not_exactly_signed_is_refused(changed: RawDelivery, secrets: list[str]) -> None:
    assert not RECEIVER.verify(changed, url="", secrets=secrets)


def test_a_cloud_event_with_nanoseconds_says_which_object_of_which_company_changed() -> None:
    (event,) = parsed(NEW)
    assert (event.key, event.account_id, event.type) == (
        "88cd52aa-33b6-4351-9aa4-47572edbd068", "310687", "qbo.account.created.v1",
    )  # fmt: skip
    assert (event.object_type, event.external_id) == (ObjectType.ACCOUNT, "1234")
    assert event.happened_at == datetime(2025, 9, 10, 21, 31, 25, 179851, tzinfo=UTC)
    assert not event.is_revocation


def test_an_event_of_the_old_shape_is_told_apart_by_what_it_says() -> None:
    (event,) = parsed(OLD)
    assert (event.key, event.account_id, event.type) == (
        "1185883450:Customer:1:Create:2015-10-05T14:42:19-0700", "1185883450", "Customer.Create",
    )  # fmt: skip
    assert (event.object_type, event.external_id) == (ObjectType.CUSTOMER, "1")
    assert event.happened_at == datetime(2015, 10, 5, 21, 42, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entity", "object_type"),
    [
        ("customer", ObjectType.CUSTOMER), ("item", ObjectType.PRODUCT), ("invoice", ObjectType.INVOICE),
        ("payment", ObjectType.PAYMENT), ("class", ObjectType.CLASS), ("paymentmethod", ObjectType.PAYMENT_METHOD),
        ("vendor", None), ("bill", None),
    ],
)  # fmt: skip
def test_an_event_is_of_one_of_our_objects_or_of_none(entity: str, object_type: ObjectType | None) -> None:
    (event,) = parsed([cloud(type=f"qbo.{entity}.updated.v1")])
    assert event.object_type == object_type


def test_one_delivery_may_speak_of_several_companies() -> None:
    events = parsed([cloud(id=f"e{number}", intuitaccountid=f"31068{number}") for number in range(3)])
    assert [event.account_id for event in events] == ["310680", "310681", "310682"]


def test_a_merge_is_news_of_both() -> None:
    entity = {"name": "Customer", "id": "1", "deletedId": "2", "operation": "Merge", "lastUpdated": "2026-01-01"}
    events = parsed({"eventNotifications": [{"realmId": "9", "dataChangeEvent": {"entities": [entity]}}]})
    assert [event.external_id for event in events] == ["1", "2"]
    assert len({event.key for event in events}) == 2


def test_one_unreadable_event_does_not_take_the_others_with_it() -> None:
    broken = [5, {}, cloud(type=None), cloud(intuitentityid=7), cloud(id="")]
    assert [event.external_id for event in parsed([*broken, cloud(intuitentityid="8")])] == ["8"]
    company = orjson.loads(OLD)["eventNotifications"][0]
    old = {"eventNotifications": [{"realmId": "9"}, 5, company | {"dataChangeEvent": {"entities": [{}]}}, company]}
    assert [event.external_id for event in parsed(old)] == ["1"]


def test_a_time_that_cannot_be_read_is_no_time() -> None:
    assert [event.happened_at for event in parsed([cloud(time="soon"), cloud(time=None)])] == [None, None]


def test_a_delivery_without_events_is_none() -> None:
    assert parsed(b"[]") == []


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\xff", b"7", b"null", b'{"eventNotifications":7}', b"[5]", b'{"eventNotifications":[{}]}']
)
def test_an_unreadable_delivery_is_a_bad_record(body: bytes) -> None:
    with pytest.raises(BadRecord):
        parsed(body)
