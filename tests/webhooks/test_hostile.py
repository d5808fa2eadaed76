"""Sixty hostile requests: each is refused with the right status or stored, none breaks anything."""

import gzip
import resource
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import orjson
import pytest
from django.test import RequestFactory
from gunicorn.http.errors import InvalidChunkSize

from tests.webhooks.conftest import Deliver, connected, subscribed
from tests.webhooks.senders import (
    MAILCHIMP,
    PATH,
    QUICKBOOKS,
    SENDERS,
    SQUARE,
    STRIPE,
    Sender,
    mailchimp_event,
    square_event,
)  # fmt: skip
from webhooks.delivery import LARGEST
from webhooks.models import WebhookEvent
from webhooks.views import deliver as view

pytestmark = pytest.mark.django_db
each_sender = pytest.mark.parametrize("sender", SENDERS, ids=str)

DEEP = b"[" * 100_000 + b"]" * 100_000
NESTED = b'{"a":' * 40 + b"1" + b"}" * 40
MANY_KEYS = orjson.dumps({f"key{number}": number for number in range(10_000)})
HUGE_NUMBER = b'{"event_id":' + b"9" * 5000 + b"}"
SIGNED_ODDITIES = (
    b"null", b"7", b'"text"', b"[]", b"{}", b"[null]", b"[[]]", b"\x00", b"\xff\xfe\x00", b"{", b'{"a":1}{"b":2}',
    b'{"type":null}', DEEP, NESTED, MANY_KEYS, HUGE_NUMBER, b'"\\ud800"', b"\xef\xbb\xbf{}", b"NaN", b"a" * LARGEST,
)  # fmt: skip


def hostile_forms() -> Iterator[bytes]:
    yield b"type=profile&" + b"&".join(b"data[m][F%d]=1" % number for number in range(10_000))
    yield b"type=profile&data" + b"[a]" * 5 + b"=1"
    yield b"type=profile&data[=1"
    yield b"type=%ff%fe"
    yield b"type=%00profile&data[email]=a%00b"
    yield b"type=profile&fired_at=%00soon"
    yield b"=&=&="


@each_sender
def test_what_is_signed_and_odd_is_accepted_and_works_nothing(deliver: Deliver, sender: Sender) -> None:
    for body in SIGNED_ODDITIES:
        assert deliver(sender, body).status_code == 200, body[:40]
    assert not WebhookEvent.objects.filter(status="queued").exists()


def test_hostile_forms_are_accepted_and_work_nothing(venue: Any, deliver: Deliver) -> None:
    token = subscribed(connected(venue, MAILCHIMP))
    for body in hostile_forms():
        assert deliver(MAILCHIMP, body, {}, token=token).status_code == 200, body[:40]
    assert not WebhookEvent.objects.filter(status="queued").exists()


@each_sender
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip", "x"])
def test_an_encoded_body_is_unsupported(deliver: Deliver, sender: Sender, encoding: str) -> None:
    body = gzip.compress(sender.event())
    answer = deliver(sender, body, sender.sign(body) | {"content-encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported")


@each_sender
def test_more_than_a_megabyte_is_too_large_whether_it_is_told_or_not(deliver: Deliver, sender: Sender) -> None:
    body = b"x" * (LARGEST + 1)
    assert deliver(sender, body).status_code == 413
    assert in_chunks(sender, body, sender.sign(body)).status_code == 413


def test_a_length_that_is_told_is_believed_before_anything_is_read(deliver: Deliver) -> None:
    request = RequestFactory().post(f"{PATH}/square", b"", content_type="application/json")
    request.META |= {"CONTENT_LENGTH": str(10**12), "wsgi.input": None}
    assert view(request, "square").status_code == 413


def in_chunks(sender: Sender, body: bytes, headers: dict[str, str]) -> Any:
    """Send a body without a length, as a server passes on one that came in chunks."""
    request = RequestFactory().post(f"{PATH}/{sender.key}", b"", content_type=sender.content_type, headers=headers)
    request.META |= {"CONTENT_LENGTH": "", "wsgi.input": BytesIO(body), "wsgi.input_terminated": True}
    return view(request, sender.key)


def test_a_body_in_chunks_is_as_good_as_any(venue: Any) -> None:
    connected(venue, SQUARE)
    assert in_chunks(SQUARE, square_event(), SQUARE.sign(square_event())).status_code == 200
    assert WebhookEvent.objects.get().verdict == "accepted"


@pytest.mark.parametrize(
    ("length", "status"), [("-1", 400), ("1e3", 400), ("٣", 400), ("999", 400), ("0", 401), ("", 401)]
)
def test_a_length_that_does_not_fit_is_refused(length: str, status: int) -> None:
    body = square_event()
    request = RequestFactory().post(f"{PATH}/square", body, content_type="application/json", headers=SQUARE.sign(body))
    request.META |= {"CONTENT_LENGTH": length, "wsgi.input": BytesIO(body)}
    assert view(request, "square").status_code == status


@pytest.mark.parametrize("error", [OSError("gone"), InvalidChunkSize(b"zz")], ids=str)
def test_a_sender_that_breaks_off_or_makes_no_sense_is_refused(error: Exception) -> None:
    class Broken:
        def read(self, size: int) -> bytes:
            raise error

    request = RequestFactory().post(f"{PATH}/square", b"", content_type="application/json")
    request.META |= {"CONTENT_LENGTH": "10", "wsgi.input": Broken()}
    assert view(request, "square").status_code == 400


@each_sender
@pytest.mark.parametrize(
    "value",
    ["", " ", "A" * 100_000, "\x7f\xff", "é" * 64, "t=,v1=", "v1=" + "0" * 64, "=" * 200, "," * 1000, "t=1,t=2,v1=x"],
)
def test_a_hostile_signature_is_refused(deliver: Deliver, sender: Sender, value: str) -> None:
    assert deliver(sender, sender.event(), {sender.header: value}).status_code == 401


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "get", "head", "trace"])
def test_other_methods_are_told_which_ones_there_are(client: Any, method: str) -> None:
    answer = getattr(client, method)(f"{PATH}/stripe")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "multipart/form-data; boundary=x", "application/json; charset=utf-7"]
)
def test_the_content_type_changes_nothing(venue: Any, client: Any, content_type: str) -> None:
    connected(venue, SQUARE)
    body = square_event()
    answer = client.post(f"{PATH}/square", data=body, content_type=content_type, headers=SQUARE.sign(body))
    assert answer.status_code == 200
    assert WebhookEvent.objects.get().verdict == "accepted"


def test_a_hundred_large_bodies_leave_no_memory_behind(deliver: Deliver) -> None:
    body = b"[" + b'{"a":1},' * 100_000 + b"1]"
    deliver(QUICKBOOKS, body)
    deliver(STRIPE, body, {STRIPE.header: "t=1,v1=0"})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(50):
        assert deliver(QUICKBOOKS, body).status_code == 200
        assert deliver(STRIPE, body, {STRIPE.header: "t=1,v1=0"}).status_code == 401
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # KiB


def test_a_form_with_letters_of_all_kinds_is_read(venue: Any, deliver: Deliver) -> None:
    token = subscribed(connected(venue, MAILCHIMP))
    deliver(MAILCHIMP, mailchimp_event(**{"data[merges][LNAME]": "Ł́🎟\u202e"}), {}, token=token)
    assert WebhookEvent.objects.get().verdict == "accepted"
