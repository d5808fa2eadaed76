"""Under which id a request is known: in the answer, in a refusal, in the log."""

import io
import logging
import uuid
from typing import Any

import pytest
from django.test import Client

from integrations.models import Venue
from tests.api.conftest import SignedIn

pytestmark = pytest.mark.django_db
WIDGET = "/api/v1/me/integrations"
MINE = "box-office_2026.11.26-0001"


def _is_new(known_by: str) -> bool:
    return str(uuid.UUID(known_by)) == known_by


@pytest.mark.parametrize("given", [MINE, "12345678", "a" * 64, "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e80"])
def test_an_id_of_the_caller_is_used(as_user: SignedIn, viewer: Any, given: str) -> None:
    assert as_user(viewer).get(WIDGET, headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given",
    ["", "1234567", "a" * 65, "two words", "a\tb\tc\td\te", "naïve-request", "<script>alert</script>", "x" * 9000],
)
def test_an_id_that_cannot_be_used_is_replaced(as_user: SignedIn, viewer: Any, given: str) -> None:
    assert _is_new(as_user(viewer).get(WIDGET, headers={"X-Request-ID": given})["X-Request-ID"])


def test_a_line_cannot_be_forged_by_an_id(as_user: SignedIn, viewer: Any) -> None:
    assert _is_new(as_user(viewer).get(WIDGET, HTTP_X_REQUEST_ID="12345678\n")["X-Request-ID"])


def test_each_request_without_one_has_its_own(as_user: SignedIn, viewer: Any) -> None:
    client = as_user(viewer)
    assert len({client.get(WIDGET)["X-Request-ID"] for _ in range(3)}) == 3


def test_a_refusal_tells_the_same_id_as_its_header(as_user: SignedIn, viewer: Any) -> None:
    client = as_user(viewer)
    mine = client.post("/api/v1/integrations/square/sync", {}, headers={"X-Request-ID": MINE})
    assert (mine.status_code, mine.json()["request_id"], mine["X-Request-ID"]) == (403, MINE, MINE)
    other = client.post("/api/v1/integrations/square/sync", {})
    assert other.json()["request_id"] == other["X-Request-ID"]


def test_what_no_view_answers_tells_it_too(viewer: Any) -> None:
    answer = Client().get(WIDGET, headers={"host": "not a host", "X-Request-ID": MINE})
    assert (answer.status_code, answer.json()["request_id"], answer["X-Request-ID"]) == (400, MINE, MINE)


def test_a_delivery_has_an_id_too(venue: Venue) -> None:
    answer = Client().post("/api/v1/integrations/webhooks/square", b"{}", "application/json")
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_a_page_has_one_too(db: None) -> None:
    assert Client().get("/health/live", headers={"X-Request-ID": MINE})["X-Request-ID"] == MINE


def test_every_line_that_a_request_logs_holds_its_id(
    as_user: SignedIn, operator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = io.StringIO()
    (to_stderr,) = (each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler)
    monkeypatch.setattr(to_stderr, "stream", lines)
    body = {"fields": {"given_name": "Zoë"}}
    as_user(operator).post("/api/v1/records/customer", body, headers={"X-Request-ID": MINE})
    written = [line for line in lines.getvalue().splitlines() if "records.written" in line]
    assert len(written) == 1
    assert MINE in written[0]
