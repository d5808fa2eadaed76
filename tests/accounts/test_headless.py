"""Sign-in of frontends of one page, over real HTTP: the same session and the same rights as the pages."""

from typing import Any

import pytest
import requests
from django.contrib.auth.models import User

from integrations.models import Venue
from tests.accounts.conftest import code_of, has_app
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
AUTH = "/_allauth/browser/v1/auth"


class Frontend:
    """What a browser does for a frontend: keeps cookies, and sends the CSRF token as a header."""

    def __init__(self, house: str) -> None:
        self.house = house
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.house + path, timeout=10)

    def post(self, path: str, body: dict[str, Any], method: str = "POST") -> requests.Response:
        headers = {"X-CSRFToken": self.session.cookies.get("csrf", "")}
        return self.session.request(method, self.house + path, json=body, headers=headers, timeout=10)

    def sign_in(self, user: User, password: str = PASSWORD) -> requests.Response:
        self.get("/_allauth/browser/v1/config")
        return self.post(f"{AUTH}/login", {"email": user.email, "password": password})


@pytest.fixture
def frontend(live_server: Any) -> Frontend:
    return Frontend(live_server.url)


def test_a_frontend_signs_in_and_reads_how_the_venue_stands(frontend: Frontend, owner: User, venue: Venue) -> None:
    assert frontend.get("/api/v1/me/integrations").status_code == 401
    signed_in = frontend.sign_in(owner)
    assert signed_in.status_code == 200
    assert signed_in.json()["data"]["user"]["email"] == owner.email
    answer = frontend.get("/api/v1/me/integrations")
    assert (answer.status_code, answer.json()["venue"]["slug"]) == (200, "lantern-room")


def test_what_changes_something_takes_the_csrf_token(frontend: Frontend, owner: User) -> None:
    frontend.sign_in(owner)
    made = frontend.post("/api/v1/tokens", {"name": "Widget"})
    assert made.status_code == 201
    frontend.session.cookies.pop("csrf")
    assert frontend.post("/api/v1/tokens", {"name": "Another"}).status_code == 403
    assert frontend.post(f"{AUTH}/login", {"email": owner.email, "password": PASSWORD}).status_code == 403


def test_a_wrong_password_signs_nobody_in(frontend: Frontend, owner: User) -> None:
    assert frontend.sign_in(owner, "wrong").status_code == 400
    assert frontend.get("/api/v1/me/integrations").status_code == 401


def test_signing_out_ends_the_session(frontend: Frontend, owner: User) -> None:
    frontend.sign_in(owner)
    frontend.post(f"{AUTH}/session", {}, method="DELETE")
    assert frontend.get("/api/v1/me/integrations").status_code == 401


def test_a_second_factor_is_asked_for_here_as_well(frontend: Frontend, staff: User) -> None:
    secret = has_app(staff)
    asked = frontend.sign_in(staff)
    pending = [flow["id"] for flow in asked.json()["data"]["flows"] if flow.get("is_pending")]
    assert (asked.status_code, pending) == (401, ["mfa_authenticate"])
    assert frontend.post(f"{AUTH}/2fa/authenticate", {"code": code_of(secret)}).status_code == 200
    assert frontend.get("/api/v1/integrations/admin/dead-letters").status_code == 200


def test_nobody_signs_up_and_no_token_is_given_out(frontend: Frontend) -> None:
    frontend.get("/_allauth/browser/v1/config")
    answer = frontend.post(f"{AUTH}/signup", {"email": "new@example.test", "password": PASSWORD})
    assert answer.status_code == 403
    assert frontend.get("/_allauth/app/v1/config").status_code == 404
