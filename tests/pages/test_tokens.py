"""The page on which people make and revoke tokens for their programs."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from integrations import api_tokens
from integrations.models import ApiToken, Venue, VenueMembership
from tests.api.conftest import bringing
from tests.pages.conftest import SignedIn
from tests.pages.reading import Page

TOKENS = "/integrations/tokens/"
WISH = {"name": "Box office", "scope": "operate", "days": "30"}


def a_token(user: User, name: str = "Till") -> ApiToken:
    member = VenueMembership.objects.get(user=user)
    return api_tokens.make(member, name=name, scopes=["read"], days=90).row


def test_a_token_is_shown_once_and_works(owner: User, as_user: SignedIn) -> None:
    client = as_user(owner)
    answer = client.post(TOKENS, WISH)
    page = Page(answer.content.decode())
    assert answer.status_code == 200
    assert page.faults == []
    assert page.headings == ["Copy your token now"]
    assert "no-store" in answer["Cache-Control"]
    (token,) = re.findall(r"bkl_\w{36}", answer.content.decode())
    assert bringing(token).get("/api/v1/me/integrations").status_code == 200
    assert token not in client.get(TOKENS).content.decode()
    assert token not in str([each.get_decoded() for each in Session.objects.all()])


def test_the_list_tells_what_each_may_and_how_it_stands(owner: User, operator: User, as_user: SignedIn) -> None:
    mine, old = a_token(owner), a_token(operator, "Old till")
    past = timezone.now() - timedelta(days=100)
    ApiToken.objects.filter(pk=old.pk).update(created_at=past, expires_at=past + timedelta(days=90))
    page = Page(as_user(owner).get(TOKENS).content.decode())
    for words in ("Till", f"{mine.prefix}…", "You", "operator@example.test", "Read", "Never", "Expired"):
        assert words in page.words
    assert page.title.startswith("2 API tokens")


def test_a_viewer_sees_his_own_and_is_offered_reading_only(owner: User, viewer: User, as_user: SignedIn) -> None:
    a_token(owner, "Not his"), a_token(viewer, "His own")
    page = Page(as_user(viewer).get(TOKENS).content.decode())
    assert "His own" in page.words
    assert "Not his" not in page.words
    assert [each["value"] for each in page.fields if each["name"] == "scope"] == ["read"]


def test_more_than_ones_own_role_is_no_choice(viewer: User, as_user: SignedIn) -> None:
    page = Page(as_user(viewer).post(TOKENS, WISH | {"scope": "manage"}).content.decode())
    assert page.faults == []
    assert "Choose one of these." in page.words
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": ""}, "Give it a name, so that you know it again."),
        ({"days": "7"}, "Choose one of these."),
        ({"name": "Till"}, "You have a token named “Till”. Revoke it, or choose another name."),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(
    owner: User, as_user: SignedIn, wrong: dict[str, str], told: str
) -> None:
    a_token(owner)
    page = Page(as_user(owner).post(TOKENS, WISH | wrong).content.decode())
    assert page.faults == []
    assert told in page.words
    assert ApiToken.objects.count() == 1


def test_going_back_and_sending_the_form_again_makes_no_second_one(owner: User, as_user: SignedIn) -> None:
    client = as_user(owner)
    client.post(TOKENS, WISH)
    client.post(TOKENS, WISH)
    assert ApiToken.objects.count() == 1


def test_revoking_is_confirmed_first(owner: User, as_user: SignedIn) -> None:
    token, client = a_token(owner), as_user(owner)
    page = Page(client.get(f"{TOKENS}{token.pk}/revoke/").content.decode())
    assert page.faults == []
    assert "Revoke Till?" in page.headings[0]
    assert ApiToken.objects.standing().exists()
    answer = client.post(f"{TOKENS}{token.pk}/revoke/", follow=True)
    assert "“Till” opens nothing any more." in Page(answer.content.decode()).words
    assert not ApiToken.objects.standing().exists()


def test_a_venue_admin_revokes_a_colleagues_token(owner: User, operator: User, as_user: SignedIn) -> None:
    token = a_token(operator)
    page = Page(as_user(owner).get(f"{TOKENS}{token.pk}/revoke/").content.decode())
    assert "operator@example.test’s token" in page.words
    as_user(owner).post(f"{TOKENS}{token.pk}/revoke/")
    token.refresh_from_db()
    assert token.revoked_by == owner


@pytest.mark.parametrize("method", ["get", "post"])
def test_somebody_elses_token_does_not_exist(
    owner: User, operator: User, stranger: User, as_user: SignedIn, method: str
) -> None:
    address = f"{TOKENS}{a_token(owner).pk}/revoke/"
    for person in (operator, stranger):
        assert getattr(as_user(person), method)(address).status_code == 404
    assert ApiToken.objects.standing().count() == 1


def test_the_menu_leads_there(owner: User, venue: Venue, as_user: SignedIn) -> None:
    assert f'href="{TOKENS}?venue=lantern-room"' in as_user(owner).get("/integrations/").content.decode()


def test_the_staff_console_lists_tokens_and_shows_neither_token_nor_digest(
    owner: User, staff: User, as_user: SignedIn
) -> None:
    token: Any = a_token(owner)
    for address in ("/admin/integrations/apitoken/", f"/admin/integrations/apitoken/{token.pk}/change/"):
        answer = as_user(staff).get(address)
        assert answer.status_code == 200
        assert token.prefix in answer.content.decode()
        assert token.digest not in answer.content.decode()
