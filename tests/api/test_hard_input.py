"""What no client should send: every route answers it with a problem document, never with a crash."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from rest_framework.test import APIClient

from connections.models import Connection
from integrations.models import Venue
from integrations.problems import CODES
from syncing.models import Record
from tests.api.conftest import SignedIn
from tests.api.test_routes import NOT_OURS, RECORD, ROUTES

pytestmark = pytest.mark.django_db
OURS = {name: route for name, route in ROUTES.items() if name.split()[0] not in NOT_OURS}
METHODS = ("get", "post", "put", "patch", "delete", "options", "trace", "brew")
DEEP = 100_000
# what is sent as a body, and as which kind; what may be answered is always one of the refusals below
BODIES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "application/json"),
    "nothing but a word": (b"venue", "application/json"),
    "several documents": (b"{}{}", "application/json"),
    "a list": (b"[1]", "application/json"),
    "an empty list": (b"[]", "application/json"),
    "null": (b"null", "application/json"),
    "a number": (b"1", "application/json"),
    "a text": (b'"venue"', "application/json"),
    "not a number": (b'{"venue": NaN}', "application/json"),
    "endless": (b'{"venue": 1e999}', "application/json"),
    "five thousand digits": (b'{"venue": %s}' % (b"9" * 5_000), "application/json"),
    "another charset": ('{"venue": "café"}'.encode("latin-1"), "application/json"),
    "a charset of its own": (b"{}", "application/json; charset=utf-16"),
    "a charset that is none": (b"{}", "application/json; charset=hex"),
    "bytes": (bytes(range(256)), "application/json"),
    "a NUL": (rb'{"venue": "lantern\u0000room"}', "application/json"),
    "a NUL in a name": (rb'{"ven\u0000ue": "lantern-room"}', "application/json"),
    "a NUL far inside": (rb'{"fields": {"note": ["\u0000"]}}', "application/json"),
    "half of a character": (rb'{"venue": "\ud83d"}', "application/json"),
    "half of a character as a name": (rb'{"\ud83d": 1}', "application/json"),
    "a raw NUL": (b'{"venue": "a\x00b"}', "application/json"),
    "deep lists": (b"[" * DEEP + b"]" * DEEP, "application/json"),
    "deep objects": (b'{"fields":' * DEEP + b"1" + b"}" * DEEP, "application/json"),
    "deep enough": (b'{"fields":' * 40 + b"1" + b"}" * 40, "application/json"),
    "a form": (b"venue=lantern-room", "application/x-www-form-urlencoded"),
    "parts": (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    "XML": (b"<venue/>", "application/xml"),
    "plain text": (b"{}", "text/plain"),
    "no kind": (b"{}", "nonsense"),
    "a field of another kind": (b'{"venue": {"id": []}}', "application/json"),
    "lists for everything": (
        b'{"venue": [], "objects": {}, "filter": [], "rules": 1, "fields": [], "records": {}, "config": [], "ids": 7}',
        "application/json",
    ),
}
# queries that no list, no filter and no page can make sense of
QUERIES: dict[str, str] = {
    "a NUL": "venue=%00",
    "a NUL in a name": "%00=1",
    "a NUL in every filter": "&".join(
        f"{name}=a%00" for name in ("q", "key", "email", "object", "run", "since", "version", "diff", "cursor")
    ),
    "bytes that are no text": "venue=%ff%fe&q=%ff&cursor=%ff",
    "half of a character": "venue=%ed%a0%bd&q=%ed%a0%bd",
    "a limit beyond all": f"limit={10**20}",
    "a limit of five thousand digits": "limit=" + "9" * 5_000,
    "a limit below all": "limit=-1",
    "a limit that is no number": "limit=ten",
    "a cursor that is none": "cursor=none",
    "a cursor from nowhere": "cursor=" + quote(b64encode(b"p=nowhere")),
    "a cursor at a NUL": "cursor=" + quote(b64encode(b"p=a%00")),
    "a cursor after all time": "cursor=" + quote(b64encode(b"p=9999-12-31T23:59:59-23:59")),
    "a cursor before all time": "cursor=" + quote(b64encode(b"r=1&p=0001-01-01T00:00:00%2B23:59")),
    "a cursor with another zone": "cursor=" + quote(b64encode(b"p=2026-01-01 00:00:00-23:59")),
    "a cursor at no time": "cursor=" + quote(b64encode(b"p=2026-99-99 00:00:00%2B00:00")),
    "a cursor far off": "cursor=" + quote(b64encode(b"o=99999999999999999999")),
    "ids that are none": "run=not-an-id&version=not-a-number&diff=a..b&since=yesterday&until=tomorrow",
    "numbers too large": f"version={10**20}&diff={10**20}..1&since={10**20}",
    "times at the ends": "since=0001-01-01T00:00:00%2B14:00&until=9999-12-31T23:59:59-14:00",
    "zones at the ends": "&".join(f"{name}=9999-12-31T23:59:59-23:59" for name in ("since", "until", "changed_since")),
    "zones beyond all": "since=2026-01-01T00:00:00%2B99:99&changed_since=2026-01-01T00:00:00-23:59",
    "changes at the ends": "changed_since=0001-01-01T00:00:00%2B14:00",
    "changes after all": "changed_since=9999-12-31T23:59:59-14:00",
    "words for everything": "&".join(
        f"{name}=odd" for name in ("state", "provider", "deleted", "outcome", "trigger", "status", "verdict", "object")
    ),
    "the same twice": "venue=a&venue=b&limit=1&limit=2&format=csv&format=json",
    "a long word": "q=" + "x" * 5_000,
}
ADDRESSES = (
    "integrations/%00", "integrations/sq%00uare/sync", "integrations/square%0A/sync", "integrations/%ff%fe", "%00",
    "%0A", "nowhere%0Aat%0Aall", "records/customer/not-an-id", "records/customer/%00", f"records/customer/{RECORD}0",
    f"records/cust%00omer/{RECORD}", "records/ticket", "records/%F0%9F%8E%AD", "integrations/webhooks/square/events/1",
    "integrations/../../etc/passwd", "integrations//", "x" * 5_000, "integrations/%252e%252e", "integrations/%ed%a0%bd",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _without_limits(settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = settings.API_WRITES_PER_MINUTE = 1_000_000


@pytest.fixture
def anyone(as_user: SignedIn, venue: Venue, connection: Connection, owner: Any) -> APIClient:
    """Somebody with every right at the venue and over all of them: nothing is refused for a missing one."""
    owner.is_staff = owner.is_superuser = True
    owner.save()
    fields = {"given_name": "Mia"}
    Record.objects.create(id=RECORD, venue=venue, object_type="customer", fields=fields, content_hash="0")
    return as_user(owner)


def assert_refused(answer: Any, *, status: set[int]) -> None:
    told = (answer.status_code, answer.content[:300])
    assert answer.status_code in status, told
    assert answer["Content-Type"] == "application/problem+json", told
    body = answer.json()
    assert (body["status"], body["type"]) == (answer.status_code, f"/problems/{body['code']}/")
    assert CODES[body["code"]][0] == answer.status_code
    assert body["request_id"] == answer["X-Request-ID"]


def assert_no_crash(answer: Any) -> None:
    if answer.status_code >= 400:
        assert_refused(answer, status=set(range(400, 500)))


@pytest.mark.parametrize("name", [name for name, route in OURS.items() if route[0] in ("post", "put", "patch")])
def test_every_route_refuses_a_body_that_cannot_be_meant(anyone: APIClient, name: str) -> None:
    method, path, *_ = OURS[name]
    for content, kind in BODIES.values():
        answer = anyone.generic(method.upper(), f"/api/v1/{path}", content, content_type=kind)
        assert_refused(answer, status={400, 404, 409, 415})


@pytest.mark.parametrize("name", [name for name, route in OURS.items() if route[0] in ("post", "put", "patch")])
def test_a_key_beside_such_a_body_makes_no_difference(anyone: APIClient, name: str) -> None:
    method, path, *_ = OURS[name]
    for number, (content, kind) in enumerate(BODIES.values()):
        key = {"Idempotency-Key": f"{name}-{number}".replace(" ", "-")}
        answer = anyone.generic(method.upper(), f"/api/v1/{path}", content, content_type=kind, headers=key)
        assert_refused(answer, status={400, 404, 409, 415})


@pytest.mark.parametrize("name", OURS)
def test_no_query_brings_a_route_down(anyone: APIClient, name: str) -> None:
    method, path, *_ = OURS[name]
    for query in QUERIES.values():
        address = f"/api/v1/{path}?{query}"
        assert_no_crash(anyone.get(address) if method == "get" else anyone.generic(method.upper(), address, b""))


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_address_brings_the_api_down(anyone: APIClient, address: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        assert_refused(anyone.generic(method, f"/api/v1/{address}", b"{}"), status={400, 404, 405})


@pytest.mark.parametrize("name", OURS)
def test_a_method_that_a_route_does_not_take_is_refused(anyone: APIClient, name: str) -> None:
    address = f"/api/v1/{OURS[name][1]}"
    taken = {method for method, path, *_ in ROUTES.values() if f"/api/v1/{path}" == address}
    for method in set(METHODS) - taken:
        answer = anyone.generic(method.upper(), address, b"{}")
        assert_refused(answer, status={404} if name == "api-nowhere" and method not in METHODS[5:] else {405})
        assert {each.lower() for each in answer["Allow"].split(", ")} - {"head", "options"} >= taken - {"options"}


@pytest.mark.parametrize("name", OURS)
def test_every_route_answers_json_or_nothing(anyone: APIClient, name: str) -> None:
    method, path, *_ = OURS[name]
    for wished in ("text/html", "application/xml", "image/*", "nonsense", "text/csv;q=high"):
        answer = anyone.generic(method.upper(), f"/api/v1/{path}", headers={"Accept": wished})
        assert_refused(answer, status={406})


def test_a_body_that_is_too_large_is_refused_without_being_read(anyone: APIClient, settings: Any) -> None:
    settings.API_BODY_BYTES = 1_000
    answer = anyone.post("/api/v1/records/customer", {"fields": {"note": "x" * 1_000}})
    assert_refused(answer, status={413})
    assert "1,000 bytes" in answer.json()["detail"]


def test_a_byte_order_mark_is_passed_over(anyone: APIClient) -> None:
    body = b'\xef\xbb\xbf{"fields": {"given_name": "Zo\xc3\xab"}}'
    answer = anyone.generic("POST", "/api/v1/records/customer", body, content_type="application/json; charset=UTF-8")
    assert (answer.status_code, answer.json()["fields"]["given_name"]) == (201, "Zoë")


def test_one_bad_entry_of_many_is_refused_by_itself(anyone: APIClient) -> None:
    sent = (
        b'{"records": [{"key": "a", "fields": {"given_name": "Mia"}}, {"key": "b\\u0000", "fields": {"note": "x"}},'
        b'{"key": "c", "fields": {"\\ud83d": "x"}}, 7, {"key": "d", "fields": {"no\\u0000te": "x"}}]}'
    )
    answer = anyone.generic("POST", "/api/v1/records/customer", sent, content_type="application/json")
    assert [each["outcome"] for each in answer.json()["results"]] == ["created"] + ["refused"] * 4


def test_a_request_for_another_host_is_refused_in_json(db: None) -> None:
    assert_refused(Client().get("/api/v1/me/integrations", headers={"host": "not a host"}), status={400})
    assert "text/html" in Client().get("/integrations/", headers={"host": "not a host"})["Content-Type"]


def test_a_fault_of_ours_is_told_in_json_and_holds_nothing_of_it(
    anyone: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.overview.for_venues", lambda venues: 1 / 0)
    anyone.raise_request_exception = False
    answer = anyone.get("/api/v1/me/integrations")
    assert_refused(answer, status={500})
    assert answer.json()["code"] == "internal"
    assert "RateLimit" in answer
    assert b"ZeroDivisionError" not in answer.content


def test_the_callback_is_a_page_even_when_it_crashes(anyone: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connections.oauth.complete", lambda *args, **more: 1 / 0)
    anyone.raise_request_exception = False
    answer = anyone.get("/api/v1/integrations/oauth/callback/square?state=x&code=y")
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (500, "text/html")


@pytest.mark.parametrize("code", CODES)
def test_the_page_of_every_refusal_explains_it(client: Any, code: str) -> None:
    page = client.get(f"/problems/{code}/")
    assert page.status_code == 200
    assert CODES[code][1] in page.content.decode()
