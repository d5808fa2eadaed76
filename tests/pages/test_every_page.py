"""Every page, as every role: who gets in, and whether it is a sound page."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client

from connections.models import Connection
from integrations.models import Role
from integrations.problems import CODES
from syncing.models import LinkState
from tests.factories import ConnectionFactory, MembershipFactory
from tests.pages import rows
from tests.pages.conftest import SignedIn
from tests.pages.reading import Page

FOR_VIEWERS = (
    "/integrations/",
    "/integrations/square/",
    "/integrations/square/history/",
    "/integrations/square/history/?object=customer&result=failed&trigger=owner&period=7",
    "/integrations/square/records/customer/",
    "/integrations/square/records/customer/?q=nobody",
    "/integrations/square/records/order/",
    "/integrations/square/records/payment/",
    "/integrations/square/fields/customer/",
    "/integrations/square/fields/order/",
    "/integrations/square/fields/customer/?direction=out",
    "/integrations/tokens/",
)
FOR_OPERATORS = ("/integrations/decide/", "/integrations/duplicates/")
FOR_ADMINS = (
    "/integrations/square/connect/",
    "/integrations/square/connect/?outcome=denied",
    "/integrations/square/welcome/",
    "/integrations/square/settings/",
    "/integrations/square/send/",
    "/integrations/square/disconnect/",
)
ACTS_OF_OPERATORS = ("sync/", "pause/", "resume/")
ACTS_OF_ADMINS = ("connect/", "connect/key/", "welcome/", "stop/", "settings/", "send/", "disconnect/")


@pytest.fixture
def lively(connection: Connection) -> Connection:
    """A connection with a bit of everything."""
    rows.bookmark(connection)
    rows.record(connection, given_name="Zoë", family_name="O’Hara <b>", email="zoe@example.test")
    rows.record(connection, state=LinkState.FAILING)
    rows.left_out(connection)
    rows.record(
        connection, "order", number="A-1", total={"minor": 120450, "currency": "GBP"}, placed_at="2026-11-20T19:00:00Z"
    )
    rows.record(connection, "payment", amount={"minor": 1200, "currency": "JPY"}, currency="JPY", method="card")
    rows.finished(connection, read=402, created=12, unchanged=383, failed=7, outcome="partly_succeeded")
    rows.finished(connection, outcome="failed", error_class="provider_down", error_sentence="Square is not answering.")
    return connection


@pytest.mark.parametrize("address", [*FOR_VIEWERS, *FOR_OPERATORS, *FOR_ADMINS])
def test_a_venue_admin_sees_a_sound_page(lively: Connection, owner: User, as_user: SignedIn, address: str) -> None:
    answer = as_user(owner).get(address)
    assert answer.status_code == 200
    assert Page(answer.content.decode()).faults == []


@pytest.mark.parametrize("address", FOR_VIEWERS)
def test_a_viewer_sees_a_sound_page(lively: Connection, viewer: User, as_user: SignedIn, address: str) -> None:
    answer = as_user(viewer).get(address)
    assert answer.status_code == 200
    assert Page(answer.content.decode()).faults == []


@pytest.mark.parametrize("address", FOR_ADMINS)
def test_an_operator_may_not_connect_choose_or_disconnect(
    lively: Connection, operator: User, as_user: SignedIn, address: str
) -> None:
    answer = as_user(operator).get(address)
    assert answer.status_code == 403
    page = Page(answer.content.decode())
    assert page.faults == []
    assert "A venue admin can give it to you." in page.words


@pytest.mark.parametrize("address", [*FOR_VIEWERS, *FOR_OPERATORS, *FOR_ADMINS])
def test_a_stranger_finds_nothing(lively: Connection, stranger: User, as_user: SignedIn, address: str) -> None:
    joint = "&" if "?" in address else "?"
    answer = as_user(stranger).get(f"{address}{joint}venue=lantern-room")
    assert answer.status_code == 404
    assert "Lantern" not in answer.content.decode()


@pytest.mark.parametrize("act", [*ACTS_OF_OPERATORS, *ACTS_OF_ADMINS])
def test_a_stranger_can_do_nothing(lively: Connection, stranger: User, as_user: SignedIn, act: str) -> None:
    assert as_user(stranger).post(f"/integrations/square/{act}", {"venue": "lantern-room"}).status_code == 404


@pytest.mark.parametrize("act", ACTS_OF_ADMINS)
def test_an_operator_cannot_do_what_needs_an_admin(
    lively: Connection, operator: User, as_user: SignedIn, act: str
) -> None:
    assert as_user(operator).post(f"/integrations/square/{act}", {"venue": "lantern-room"}).status_code == 403


@pytest.mark.parametrize("act", [*ACTS_OF_OPERATORS, *ACTS_OF_ADMINS])
def test_a_viewer_can_do_nothing(lively: Connection, viewer: User, as_user: SignedIn, act: str) -> None:
    assert as_user(viewer).post(f"/integrations/square/{act}", {"venue": "lantern-room"}).status_code == 403


@pytest.mark.parametrize("act", [*ACTS_OF_OPERATORS, "stop/", "connect/key/"])
def test_nothing_acts_on_a_get(lively: Connection, owner: User, as_user: SignedIn, act: str) -> None:
    assert as_user(owner).get(f"/integrations/square/{act}").status_code == 405


def test_forms_need_their_csrf_token(lively: Connection, owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post("/integrations/square/sync/").status_code == 403


@pytest.mark.parametrize("address", ["/integrations/", "/integrations/square/welcome/"])
def test_a_visitor_is_asked_to_sign_in_and_comes_back(client: Client, db: None, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={address}")


def test_staff_who_belong_to_no_venue_are_told_so(staff: User, as_user: SignedIn) -> None:
    answer = as_user(staff).get("/integrations/")
    assert answer.status_code == 404
    assert "not a member of a venue yet" in answer.content.decode()


def test_a_viewer_is_offered_no_button_and_told_who_can(
    lively: Connection, viewer: User, owner: User, as_user: SignedIn
) -> None:
    words = as_user(viewer).get("/integrations/square/").content.decode()
    assert "Sync now" not in words
    assert "Disconnect…" not in words
    assert "owner@example.test" in words


def test_the_policy_allows_only_our_own_files(lively: Connection, owner: User, as_user: SignedIn) -> None:
    policy = as_user(owner).get("/integrations/")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy


def test_an_owner_page_weighs_less_than_100_kilobytes(lively: Connection, owner: User, as_user: SignedIn) -> None:
    client = as_user(owner)
    for index in range(12):
        rows.finished(lively, read=index)
    files = ["/static/backline.css", "/static/htmx.min.js", "/static/favicon.svg"]
    static = sum(len(b"".join(client.get(each).streaming_content)) for each in files)  # type: ignore[attr-defined]
    pages = [len(client.get(each).content) for each in ("/integrations/", "/integrations/square/")]
    assert static + max(pages) < 100_000


def test_names_are_escaped_wherever_they_come_from(lively: Connection, owner: User, as_user: SignedIn) -> None:
    text = as_user(owner).get("/integrations/square/records/customer/").content.decode()
    assert "O’Hara &lt;b&gt;" in text
    assert "O’Hara <b>" not in text


def test_a_run_and_a_record_have_pages_of_their_own(lively: Connection, owner: User, as_user: SignedIn) -> None:
    client = as_user(owner)
    for log in lively.sync_logs.all():
        page = Page(client.get(f"/integrations/square/history/{log.reference}/").content.decode())
        assert page.faults == []
        assert log.reference in page.words
    for link in lively.record_links.all():
        answer = client.get(f"/integrations/square/records/{link.external_type}/{link.pk}/")
        assert Page(answer.content.decode()).faults == []


def test_a_strangers_run_and_record_do_not_exist(lively: Connection, stranger: User, as_user: SignedIn) -> None:
    held = ConnectionFactory(venue__name="Third")
    MembershipFactory(venue=held.venue, user=stranger, role=Role.VENUE_ADMIN)
    client = as_user(stranger)
    log, link = lively.sync_logs.first(), lively.record_links.first()
    assert log is not None
    assert link is not None
    query = f"?venue={held.venue.slug}"
    assert client.get(f"/integrations/square/history/{log.reference}/{query}").status_code == 404
    assert client.get(f"/integrations/square/records/{link.external_type}/{link.pk}/{query}").status_code == 404


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained(client: Client, db: None, code: str) -> None:
    answer = client.get(f"/problems/{code}/")
    page = Page(answer.content.decode())
    assert page.faults == []
    assert page.headings == [CODES[code][1]]


@pytest.mark.parametrize(
    "address", ["/problems/nothing/", "/integrations/nowhere/", "/integrations/square/records/nothing/"]
)
def test_what_does_not_exist_says_so(lively: Connection, owner: User, as_user: SignedIn, address: str) -> None:
    answer = as_user(owner).get(address)
    assert answer.status_code == 404
    assert Page(answer.content.decode()).faults == []


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "429.html", "500.html"])
def test_the_pages_for_refusals_are_sound_and_carry_a_reference(rf: Any, db: None, name: str) -> None:
    text = render_to_string(name, {"reference": "8F3K-2QPX"}, request=None if name == "500.html" else rf.get("/"))
    page = Page(text)
    assert page.faults == []
    assert "8F3K-2QPX" in page.words


def test_a_crash_says_sorry_on_our_side_without_a_traceback(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    monkeypatch.setattr("monitoring.overview.for_venue", lambda venue: 1 / 0)
    answer = client.get("/integrations/")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()
    assert "ZeroDivisionError" not in answer.content.decode()


def test_signing_in_takes_an_e_mail_address_and_a_password(client: Client, owner: User) -> None:
    page = Page(client.get("/accounts/login/?next=/integrations/").content.decode())
    assert page.faults == []
    sent: dict[str, Any] = {"login": owner.email, "password": "correct-horse-battery", "next": "/integrations/"}
    answer = client.post("/accounts/login/", sent)
    assert (answer.status_code, answer["Location"]) == (302, "/integrations/")


def test_a_wrong_password_is_told_without_naming_which_was_wrong(client: Client, owner: User) -> None:
    answer = client.post("/accounts/login/", {"login": owner.email, "password": "wrong"})
    page = Page(answer.content.decode())
    assert answer.status_code == 200
    assert page.faults == []
    assert "not correct" in page.words


def test_the_front_door_leads_to_the_integrations(client: Client) -> None:
    assert client.get("/")["Location"] == "/integrations/"


def test_the_probes_answer_without_a_session(client: Client, db: None) -> None:
    assert client.get("/health/live").content == b"ok"
    assert client.get("/health/ready").content == b"ok"
