"""Square's signatures: published vectors, and everything that must not pass."""

import pytest

from integrations.providers.errors import BadRecord
from integrations.providers.square.webhooks import SIGNATURE_HEADER, SquareWebhooks
from integrations.providers.types import ObjectType, RawDelivery

URL = "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9"
KEY = "Ibxx_5AKakO-3qeNVR61Dw"
BODY = (
    b'{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification",'
    b'"event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z",'
    b'"data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}'
)
SIGNATURE = "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4="
RECEIVER = SquareWebhooks()


def delivery(body: bytes = BODY, signature: str | None = SIGNATURE) -> RawDelivery:
    return RawDelivery(body, {} if signature is None else {SIGNATURE_HEADER: signature})


def test_the_published_vectors_pass() -> None:
    other = RawDelivery(
        b'{"data":{"type":"webhooks","id":">id<"}}', {SIGNATURE_HEADER: "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U="}
    )
    assert RECEIVER.verify(delivery(), url=URL, secrets=[KEY])
    assert RECEIVER.verify(other, url="https://webhook.site/webhooks", secrets=["signature-key"])


def test_either_secret_of_a_rotation_passes() -> None:
    assert RECEIVER.verify(delivery(), url=URL, secrets=["the-new-one", KEY])


@pytest.mark.parametrize(
    ("changed", "url", "secrets"),
    [
        (delivery(BODY + b" "), URL, [KEY]),
        (delivery(BODY.replace(b"MLEF", b"MLEG")), URL, [KEY]),
        (delivery(signature=None), URL, [KEY]),
        (delivery(signature=""), URL, [KEY]),
        (delivery(signature="ü" * 44), URL, [KEY]),
        (delivery(signature="A" * 100_000), URL, [KEY]),
        (delivery(b""), URL, [KEY]),
        (delivery(), URL + "/", [KEY]),
        (delivery(), URL, ["another"]),
        (delivery(), URL, []),
        (delivery(), URL, [""]),
    ],
)
def test_whatever_is_not_exactly_signed_is_refused(changed: RawDelivery, url: str, secrets: list[str]) -> None:
    assert not RECEIVER.verify(changed, url=url, secrets=secrets)


def test_an_event_says_which_object_of_which_account_changed() -> None:
    body = (
        b'{"merchant_id":"M1","type":"customer.updated","event_id":"e1","created_at":"2026-11-22T09:00:00Z",'
        b'"data":{"type":"customer","id":"C1","object":{}}}'
    )
    (event,) = RECEIVER.parse(RawDelivery(body, {}))
    assert (event.key, event.account_id, event.object_type, event.external_id) == (
        "e1",
        "M1",
        ObjectType.CUSTOMER,
        "C1",
    )
    assert not event.is_revocation


def test_a_revocation_is_known_as_one() -> None:
    body = b'{"merchant_id":"M1","type":"oauth.authorization.revoked","event_id":"e2","data":{}}'
    (event,) = RECEIVER.parse(RawDelivery(body, {}))
    assert (event.is_revocation, event.object_type) == (True, None)


def test_a_moment_that_cannot_be_read_is_none_and_the_event_is_news_all_the_same() -> None:
    body = b'{"merchant_id":"M1","type":"order.created","event_id":"e3","created_at":"soon","data":{}}'
    (event,) = RECEIVER.parse(RawDelivery(body, {}))
    assert (event.happened_at, event.object_type) == (None, ObjectType.ORDER)


def test_what_nests_deeper_than_anything_real_is_a_bad_record() -> None:
    envelope = '{"merchant_id":"M1","type":"order.created","event_id":"e4","data":%s}'
    for depth, readable in ((30, True), (33, False), (100_000, False)):
        body = (envelope % ('{"a":' * depth + "1" + "}" * depth)).encode()
        if readable:
            assert RECEIVER.parse(RawDelivery(body, {}))
        else:
            with pytest.raises(BadRecord):
                RECEIVER.parse(RawDelivery(body, {}))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b'{"type":1}', b'{"merchant_id":"M","type":"x.y","event_id":"e","data":[1]}']
)
def test_an_unreadable_event_is_a_bad_record(body: bytes) -> None:
    with pytest.raises(BadRecord):
        RECEIVER.parse(RawDelivery(body, {}))
