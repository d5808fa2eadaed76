"""Mailchimp's signatures and forms: the vector, and everything that must not pass."""

import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from integrations.providers.errors import BadRecord
from integrations.providers.mailchimp.records import subscriber_hash
from integrations.providers.mailchimp.webhooks import SIGNATURE_HEADER, MailchimpWebhooks
from integrations.providers.types import ObjectType, ProviderEvent, RawDelivery

KEY = "mc_signing_secret_example"
AT = 1_700_000_000
URL = "https://hub.example.test/webhooks/mailchimp/secret"
BODY = (
    b"type=subscribe&fired_at=2026-03-26+21%3A35%3A57&data%5Bid%5D=8a25ff1d98&data%5Blist_id%5D=a6b5da1054"
    b"&data%5Bemail%5D=api%40mailchimp.com&data%5Bemail_type%5D=html&data%5Bmerges%5D%5BEMAIL%5D=api%40mailchimp.com"
    b"&data%5Bmerges%5D%5BFNAME%5D=Mailchimp"
)
V1 = "14c502cc63bbcdf6b869a674e2345a824de5d1e44d2b91355b30e8b1a3c50dbc"
SIGNATURE = f"t={AT},v1={V1}"


def delivery(body: bytes = BODY, signature: str | None = SIGNATURE) -> RawDelivery:
    return RawDelivery(body, {} if signature is None else {SIGNATURE_HEADER: signature})


def passes(given: RawDelivery, secrets: list[str], *, at: float = AT) -> bool:
    return MailchimpWebhooks(clock=lambda: at).verify(given, url=URL, secrets=secrets)


def signed(body: bytes, *, key: str = KEY, at: int | str = AT) -> str:
    return hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def test_the_vector_passes() -> None:
    assert passes(delivery(), [KEY])


def test_either_secret_and_either_signature_of_a_rotation_passes() -> None:
    assert passes(delivery(), ["the-new-one", KEY])
    assert passes(delivery(signature=f"t={AT},v1={'0' * 64},v1={V1}"), [KEY])
    assert passes(delivery(signature=f" t={AT} , v1={V1} ".replace(" ,", ",").strip()), [KEY])


@pytest.mark.parametrize("later", [-300, -1, 0, 299, 300])
def test_what_was_sent_within_five_minutes_passes(later: int) -> None:
    assert passes(delivery(), [KEY], at=AT + later)


@pytest.mark.parametrize("later", [-301, 301, 86_400, -86_400])
def test_what_is_old_or_from_the_future_is_refused(later: int) -> None:
    assert not passes(delivery(), [KEY], at=AT + later)


@pytest.mark.parametrize(
    ("changed", "secrets"),
    [
        (delivery(BODY + b" "), [KEY]),
        (delivery(BODY.replace(b"8a25", b"8a26")), [KEY]),
        (delivery(signature=None), [KEY]),
        (delivery(signature=""), [KEY]),
        (delivery(signature=V1), [KEY]),
        (delivery(signature=f"v1={V1}"), [KEY]),
        (delivery(signature=f"t={AT}"), [KEY]),
        (delivery(signature=f"t={AT},v1="), [KEY]),
        (delivery(signature=f"t={AT + 1},v1={V1}"), [KEY]),
        (delivery(signature=f"t=+{AT},v1={V1}"), [KEY]),
        (delivery(signature=f"t=soon,v1={V1}"), [KEY]),
        (delivery(signature=f"t={'9' * 500},v1={V1}"), [KEY]),
        (delivery(signature=f"t=١٧٠٠٠٠٠٠٠٠,v1={V1}"), [KEY]),
        (delivery(signature=f"t={AT},v1={V1.upper()}"), [KEY]),
        (delivery(signature=f"t={AT},v1=" + "ü" * 64), [KEY]),
        (delivery(signature=f"t={AT},v1=\udcff"), [KEY]),
        (delivery(signature=f"t={AT},v1={V1}," + "x" * 100_000), [KEY]),
        (delivery(b"", signature=f"t={AT},v1={signed(b'')}"), [KEY]),
        (delivery(b"\xff\xfe"), [KEY]),
        (delivery(), ["another"]),
        (delivery(), []),
        (delivery(signature=f"t={AT},v1={signed(BODY, key='')}"), [""]),
    ],
)
def test_whatever_is_not_exactly_signed_is_refused(changed: RawDelivery, secrets: list[str]) -> None:
    assert not passes(changed, secrets)


def test_bytes_that_are_no_text_are_verified_as_they_are() -> None:
    assert passes(delivery(b"\xff\xfe", signature=f"t={AT},v1={signed(bytes([255, 254]))}"), [KEY])


def parsed(body: bytes) -> ProviderEvent:
    (event,) = MailchimpWebhooks().parse(RawDelivery(body, {}))
    return event


def test_an_event_names_the_contact_by_the_hash_of_its_email_and_leaves_the_account_to_its_address() -> None:
    assert parsed(BODY) == ProviderEvent(
        key=hashlib.sha256(BODY).hexdigest(),
        account_id="",
        type="subscribe",
        object_type=ObjectType.CUSTOMER,
        external_id=subscriber_hash("api@mailchimp.com"),
        happened_at=datetime(2026, 3, 26, 21, 35, 57, tzinfo=UTC),
    )


def test_a_changed_email_points_to_the_new_one() -> None:
    event = parsed(
        b"type=upemail&fired_at=2026-03-26+22%3A15%3A09&data%5Blist_id%5D=L1&data%5Bnew_id%5D=51da8c3259"
        b"&data%5Bnew_email%5D=New%40example.test&data%5Bold_email%5D=old%40example.test"
    )
    assert event.external_id == subscriber_hash("new@example.test")


def test_two_changes_of_one_person_in_one_second_are_two_events() -> None:
    one, other = BODY, BODY.replace(b"Mailchimp", b"Freddie")
    assert len({parsed(one).key, parsed(other).key, parsed(one).key}) == 2


@pytest.mark.parametrize("kind", ["campaign", "batch_operation_completed", "something_new"])
def test_what_is_not_about_a_contact_is_of_no_object(kind: str) -> None:
    event = parsed(f"type={kind}&data%5Bid%5D=42".encode())
    assert (event.object_type, event.external_id, event.happened_at) == (None, "", None)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"\xff", b"fired_at=2026-03-26+21%3A35%3A57", b"type=", b"type=subscribe&fired_at=soon",
        b"type=profile&data[a][b][c][d][e]=1", b"type=profile&data[=1", b"type=profile&data]=1",
        b"type=profile&" + b"&".join(b"data[m][F%d]=1" % number for number in range(200)),
    ],
)  # fmt: skip
def test_an_unreadable_event_is_a_bad_record(body: bytes) -> None:
    with pytest.raises(BadRecord):
        parsed(body)
