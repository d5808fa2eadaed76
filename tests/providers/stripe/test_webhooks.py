"""Stripe's signatures: published vectors, and everything that must not pass."""

import hashlib
import hmac
from typing import Any

import orjson
import pytest

from integrations.providers.errors import BadRecord
from integrations.providers.stripe.webhooks import SIGNATURE_HEADER, StripeWebhooks
from integrations.providers.types import ObjectType, RawDelivery

URL = "https://hub.example/webhooks/stripe/1"
SECRET = "whsec_test_secret"
AT = 1492774577
BODY = (
    b'{\n  "id": "evt_test_webhook",\n  "object": "event",\n'
    b'  "data": { "object": { "id": "rdr_123", "object": "terminal.reader" } }\n}'
)
SIGNATURE = "d21d91b425674689e03346536b8fec6384a8721d43ebe269a1689a3ad22cba9c"
SHORT = b'{"id":"evt_1","object":"event","type":"charge.refunded","account":"acct_1"}'
SHORT_SIGNATURE = "362726d12e029c9f852ed9b7e318eac258e5dd289f5bc1c433841c620b4a1247"


def receiver(now: float = AT + 10) -> StripeWebhooks:
    return StripeWebhooks(now=lambda: now)


def signed(body: bytes, at: int = AT, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def delivery(header: str | None = f"t={AT},v1={SIGNATURE}", body: bytes = BODY) -> RawDelivery:
    return RawDelivery(body, {} if header is None else {SIGNATURE_HEADER: header})


def event(type_: str, told: Any, **more: Any) -> RawDelivery:
    envelope = {"id": "evt_1", "object": "event", "type": type_, "created": 1700000000, "data": {"object": told}}
    return RawDelivery(orjson.dumps(envelope | more), {})


def test_the_published_vectors_pass() -> None:
    assert len(BODY) == 125
    assert receiver().verify(delivery(), url=URL, secrets=[SECRET])
    short = delivery(f"t=1700000000,v1={SHORT_SIGNATURE}", SHORT)
    assert receiver(1700000000).verify(short, url=URL, secrets=[SECRET])


@pytest.mark.parametrize(
    ("header", "secrets"),
    [
        (f"t={AT},v1={SIGNATURE}", ["whsec_new", SECRET]),
        (f"t={AT},v1={'0' * 64},v1={SIGNATURE}", [SECRET]),
        (f"t={AT},v0=noise,v1={SIGNATURE},v2=x", [SECRET]),
        (f"t={AT}, v1={SIGNATURE}", [SECRET]),
    ],
)
def test_either_secret_and_either_signature_of_a_rotation_passes(header: str, secrets: list[str]) -> None:
    assert receiver().verify(delivery(header), url=URL, secrets=secrets)


@pytest.mark.parametrize(("off", "passes"), [(300, True), (301, False), (-300, True), (-301, False), (86_400, False)])
def test_a_delivery_passes_five_minutes_either_way(off: int, passes: bool) -> None:
    assert receiver(AT + off).verify(delivery(), url=URL, secrets=[SECRET]) is passes


@pytest.mark.parametrize(
    ("changed", "secrets"),
    [
        (delivery(body=BODY + b" "), [SECRET]),
        (delivery(body=BODY.replace(b"123", b"124")), [SECRET]),
        (delivery(body=b"\xff\xfe"), [SECRET]),
        (delivery(body=b""), [SECRET]),
        (delivery(None), [SECRET]),
        (delivery(""), [SECRET]),
        (delivery(f"v1={SIGNATURE}"), [SECRET]),
        (delivery(f"t={AT}"), [SECRET]),
        (delivery(f"t={AT},v0={SIGNATURE}"), [SECRET]),
        (delivery(f"t={AT + 1},v1={SIGNATURE}"), [SECRET]),
        (delivery(f"t={AT},t={AT},v1={SIGNATURE}"), [SECRET]),
        (delivery(f"t=later,v1={SIGNATURE}"), [SECRET]),
        (delivery(f"t=１４９２７７４５７７,v1={SIGNATURE}"), [SECRET]),
        (delivery(f"t={'9' * 4000},v1={SIGNATURE}"), [SECRET]),
        (delivery(f"t={AT},v1={SIGNATURE.upper()}"), [SECRET]),
        (delivery(f"t={AT},v1={'ü' * 64}"), [SECRET]),
        (delivery(f"t={AT},v1=" + "A" * 100_000), [SECRET]),
        (delivery(), ["whsec_another"]),
        (delivery(), []),
        (delivery(), [""]),
    ],
)
def test_whatever_is_not_exactly_signed_is_refused(changed: RawDelivery, secrets: list[str]) -> None:
    assert not receiver().verify(changed, url=URL, secrets=secrets)


def test_a_body_that_is_no_text_is_signed_by_its_bytes() -> None:
    assert receiver().verify(delivery(f"t={AT},v1={signed(bytes([255]))}", bytes([255])), url=URL, secrets=[SECRET])


@pytest.mark.parametrize(
    ("type_", "told", "about"),
    [
        ("customer.updated", {"object": "customer", "id": "cus_1"}, (ObjectType.CUSTOMER, "cus_1")),
        ("customer.discount.created", {"object": "discount", "id": "di_1", "customer": "cus_1"},
         (ObjectType.CUSTOMER, "cus_1")),
        ("price.created", {"object": "price", "id": "price_1", "product": "prod_1"}, (ObjectType.PRODUCT, "prod_1")),
        ("checkout.session.completed", {"object": "checkout.session", "id": "cs_1"}, (ObjectType.ORDER, "cs_1")),
        ("charge.refunded", {"object": "charge", "id": "ch_1"}, (ObjectType.PAYMENT, "ch_1")),
        ("charge.refund.updated", {"object": "refund", "id": "re_1", "charge": "ch_1"}, (ObjectType.REFUND, "re_1")),
        ("charge.dispute.created", {"object": "dispute", "id": "dp_1", "charge": {"id": "ch_1"}},
         (ObjectType.PAYMENT, "ch_1")),
        ("payout.reconciliation_completed", {"object": "payout", "id": "po_1"}, (ObjectType.PAYOUT, "po_1")),
        ("invoice.voided", {"object": "invoice", "id": "in_1"}, (ObjectType.INVOICE, "in_1")),
        ("terminal.reader.action_failed", {"object": "terminal.reader", "id": "tmr_1"}, (None, "tmr_1")),
        ("balance.available", {"object": "balance"}, (None, "")),
    ],
)  # fmt: skip
def test_an_event_says_which_object_changed(type_: str, told: Any, about: Any) -> None:
    (found,) = receiver().parse(event(type_, told, account="acct_1"))
    assert (found.object_type, found.external_id) == about
    assert (found.key, found.account_id, found.type, found.is_revocation) == ("evt_1", "acct_1", type_, False)
    assert found.happened_at is not None
    assert found.happened_at.timestamp() == 1700000000


def test_an_event_of_an_accounts_own_endpoint_names_no_account() -> None:
    (found,) = receiver().parse(event("customer.created", {"object": "customer", "id": "cus_1"}))
    assert found.account_id == ""


@pytest.mark.parametrize(("livemode", "mode"), [(True, "live"), (False, "test"), (None, "")])
def test_an_event_says_which_mode_it_is_of(livemode: bool | None, mode: str) -> None:
    (found,) = receiver().parse(event("customer.created", {"object": "customer", "id": "cus_1"}, livemode=livemode))
    assert found.mode == mode


def test_a_revocation_is_known_as_one() -> None:
    told = {"object": "application", "id": "ca_1"}
    (found,) = receiver().parse(event("account.application.deauthorized", told, account="acct_1"))
    assert (found.is_revocation, found.object_type, found.account_id) == (True, None, "acct_1")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b'{"id":1}', SHORT, b'{"id":"e","type":"t","data":{"object":[]}}',
             b'{"id":"e","type":7,"data":{"object":{}}}', b'{"id":"e","type":"t","data":{"object":{}},"created":"now"}',
             b'{"id":"e","type":"t","data":{"object":{}},"created":99999999999999}']
)  # fmt: skip
def test_an_unreadable_event_is_a_bad_record(body: bytes) -> None:
    with pytest.raises(BadRecord):
        receiver().parse(RawDelivery(body, {}))
