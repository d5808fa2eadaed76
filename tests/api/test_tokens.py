"""Tokens for servers: what they open, what they never open, and that nothing but a digest of them is kept."""

import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import serializers
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from connections.models import Connection, OAuthState
from integrations import api_tokens, token_text
from integrations.bearer import Bearer, Grant
from integrations.models import ApiToken, Role, Venue, VenueMembership
from integrations.permissions import venue_for
from integrations.problems import Problem
from syncing.models import SyncLog
from tests.api.conftest import SignedIn, bearing, bringing
from tests.api.described import assert_as_described
from tests.factories import ConnectionFactory, MembershipFactory

pytestmark = pytest.mark.django_db
TOKENS = "/api/v1/tokens"
OVERVIEW = "/api/v1/integrations"
NOT_OURS = "bkl_0123456789ABCDEFGHIJKLMNOPQRST3fcuEC"  # its checksum is right
REJECTED = (401, "token_rejected", 'Bearer error="invalid_token"')


def told(answer: Any) -> tuple[int, str, str]:
    return answer.status_code, answer.json()["code"], answer["WWW-Authenticate"]


def test_a_token_has_a_shape_that_scanners_find() -> None:
    token = token_text.mint()
    assert token.startswith("bkl_")
    assert len(token) == 40
    assert token_text.is_one(token)
    assert not token_text.is_one(token[:-1] + ("a" if token[-1] != "a" else "b"))
    assert not token_text.is_one(token + "\n")


def test_the_checksum_is_the_crc_of_what_stands_before_it() -> None:
    assert token_text.is_one(NOT_OURS)
    assert not token_text.is_one(NOT_OURS.replace("0", "1"))


def test_it_is_answered_once_and_listed_without_what_opens(
    as_user: SignedIn, owner: User, venue: Venue, openapi: dict[str, Any]
) -> None:
    client = as_user(owner)
    made = client.post(TOKENS, {"name": "Box office", "scopes": ["operate"], "days": 30})
    assert_as_described(openapi, made, "/api/v1/tokens/", "post")
    assert "no-store" in made["Cache-Control"]
    listed = client.get(TOKENS)
    assert_as_described(openapi, listed, "/api/v1/tokens/", "get")
    (entry,) = listed.json()["results"]
    assert (entry["name"], entry["scopes"], entry["state"]) == ("Box office", ["read", "operate"], "live")
    assert made.json()["token"].startswith(entry["prefix"])
    assert made.json()["token"] not in listed.content.decode()


def test_it_lasts_for_ninety_days_and_only_reads_unless_asked_otherwise(as_user: SignedIn, owner: User) -> None:
    made = as_user(owner).post(TOKENS, {"name": "Widget"}).json()
    token = ApiToken.objects.get(pk=made["id"])
    assert token.scopes == ["read"]
    assert token.expires_at - token.created_at == timedelta(days=90)


@pytest.mark.parametrize("wrong", [{"days": 7}, {"scopes": ["admin"]}, {"scopes": []}, {"name": ""}, {"more": 1}])
def test_what_is_not_on_offer_is_refused_by_name(as_user: SignedIn, owner: User, wrong: dict[str, Any]) -> None:
    answer = as_user(owner).post(TOKENS, {"name": "Box office"} | wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{next(iter(wrong))}")
    assert not ApiToken.objects.exists()


def test_nobody_makes_a_token_that_can_do_more_than_himself(as_user: SignedIn, operator: User) -> None:
    client = as_user(operator)
    answer = client.post(TOKENS, {"name": "Too much", "scopes": ["manage"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert client.post(TOKENS, {"name": "As much", "scopes": ["operate"]}).status_code == 201


def test_a_name_is_one_of_ones_own_tokens_at_a_time(as_user: SignedIn, owner: User, operator: User) -> None:
    mine, his = as_user(owner), as_user(operator)
    first = mine.post(TOKENS, {"name": "Till"}).json()
    answer = mine.post(TOKENS, {"name": "Till"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert his.post(TOKENS, {"name": "Till"}).status_code == 201
    mine.delete(f"{TOKENS}/{first['id']}")
    assert mine.post(TOKENS, {"name": "Till"}).status_code == 201


def test_members_see_and_revoke_their_own_and_a_venue_admin_all(
    as_user: SignedIn, owner: User, operator: User, viewer: User
) -> None:
    ids = {user: as_user(user).post(TOKENS, {"name": "Mine"}).json()["id"] for user in (owner, operator, viewer)}
    seen = {user: [each["id"] for each in as_user(user).get(TOKENS).json()["results"]] for user in ids}
    assert seen == {owner: [*reversed(ids.values())], operator: [ids[operator]], viewer: [ids[viewer]]}
    assert as_user(operator).delete(f"{TOKENS}/{ids[viewer]}").status_code == 404
    assert as_user(viewer).delete(f"{TOKENS}/{ids[viewer]}").status_code == 204
    assert as_user(owner).delete(f"{TOKENS}/{ids[operator]}").status_code == 204
    assert ApiToken.objects.get(pk=ids[operator]).revoked_by == owner


def test_a_strangers_token_does_not_exist(as_user: SignedIn, owner: User, stranger: User, venue: Venue) -> None:
    made = as_user(owner).post(TOKENS, {"name": "Mine"}).json()
    assert as_user(stranger).delete(f"{TOKENS}/{made['id']}").status_code == 404
    assert as_user(stranger).delete(f"{TOKENS}/{made['id']}?venue={venue.slug}").status_code == 404
    assert ApiToken.objects.standing().count() == 1


@pytest.mark.parametrize(("method", "more"), [("get", ""), ("post", ""), ("delete", "/{}")])
def test_a_token_neither_sees_nor_makes_nor_revokes_tokens(owner: User, venue: Venue, method: str, more: str) -> None:
    client = bearing(owner, venue, "manage")
    answer = getattr(client, method)(TOKENS + more.format(ApiToken.objects.get().pk), {"name": "Another"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert ApiToken.objects.standing().count() == 1


def test_a_token_opens_its_own_venue_and_no_other_of_the_same_person(owner: User, venue: Venue) -> None:
    other = MembershipFactory(user=owner, role=Role.VENUE_ADMIN, venue__slug="other-house").venue
    client = bearing(owner, venue, "manage")
    assert client.get(OVERVIEW).json()["venue"]["slug"] == "lantern-room"
    assert client.get(OVERVIEW, {"venue": str(venue.pk)}).status_code == 200
    for name in (other.slug, str(other.pk), "nowhere"):
        answer = client.get(OVERVIEW, {"venue": name})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    mine = client.get("/api/v1/me/integrations").json()
    assert mine["venue"]["slug"] == "lantern-room"


def test_without_a_grant_a_bearer_opens_nothing(owner: User, venue: Venue) -> None:
    bearer = Bearer.objects.get(pk=owner.pk)
    assert not Venue.objects.of(bearer)
    with pytest.raises(Problem):
        venue_for(bearer, venue.slug, at_least=Role.VIEWER)


def test_a_bearer_is_never_saved_over_the_person(staff: User) -> None:
    bearer = Bearer.objects.get(pk=staff.pk)
    bearer.hold_to(Grant(uuid4(), Role.VIEWER))
    assert (bearer.is_staff, bearer.has_perms([]), bearer.has_module_perms("syncing")) == (False, False, False)
    with pytest.raises(TypeError):
        bearer.save()
    staff.refresh_from_db()
    assert staff.is_staff


def test_it_never_does_more_than_its_person_may_at_this_moment(owner: User, venue: Venue, connection: Any) -> None:
    client = bearing(owner, venue, "manage")
    assert client.post("/api/v1/integrations/square/sync/stop").status_code == 200
    VenueMembership.objects.filter(user=owner).update(role=Role.VIEWER)
    assert client.post("/api/v1/integrations/square/sync/stop").status_code == 403
    assert client.get(OVERVIEW).status_code == 200
    VenueMembership.objects.filter(user=owner).delete()
    assert client.get(OVERVIEW).status_code == 404
    assert client.get("/api/v1/me/integrations").json()["venues"] == []


def test_a_read_token_says_what_it_lacks(owner: User, venue: Venue, connection: Connection) -> None:
    answer = bearing(owner, venue, "read").post("/api/v1/integrations/square/sync")
    assert answer.status_code == 403
    assert answer.json()["detail"] == (
        "This token may do at The Lantern Room what the role viewer may; this needs the role operator."
    )


@pytest.mark.parametrize("token", ["", "bkl_", "bkl_" + "a" * 36, "bkl_é", "x y", NOT_OURS])
def test_what_is_no_token_of_ours_is_refused(token: str) -> None:
    assert told(bringing(token).get(OVERVIEW)) == REJECTED


def test_a_revoked_token_is_refused_at_once(as_user: SignedIn, owner: User, venue: Venue) -> None:
    client = bearing(owner, venue, "read")
    assert client.get(OVERVIEW).status_code == 200
    as_user(owner).delete(f"{TOKENS}/{ApiToken.objects.get().pk}")
    assert told(client.get(OVERVIEW)) == REJECTED


def test_a_token_ends_with_its_days(owner: User, venue: Venue) -> None:
    client = bearing(owner, venue, "read")
    ApiToken.objects.update(expires_at=timezone.now(), created_at=timezone.now() - timedelta(days=90))
    assert told(client.get(OVERVIEW)) == REJECTED


def test_a_token_of_somebody_who_cannot_sign_in_any_more_is_refused(owner: User, venue: Venue) -> None:
    client = bearing(owner, venue, "read")
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert told(client.get(OVERVIEW)) == REJECTED


def test_a_wrong_token_is_not_saved_by_a_session_beside_it(as_user: SignedIn, owner: User) -> None:
    assert told(as_user(owner).get(OVERVIEW, HTTP_AUTHORIZATION="Bearer wrong")) == REJECTED


def test_a_token_decides_alone_beside_a_session_of_our_team(as_user: SignedIn, staff: User, venue: Venue) -> None:
    MembershipFactory(venue=venue, user=staff, role=Role.VENUE_ADMIN)
    member = VenueMembership.objects.get(user=staff)
    token = api_tokens.make(member, name="Mine", scopes=["manage"], days=30).token
    answer = as_user(staff).get("/api/v1/integrations/admin/dead-letters", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.status_code == 403


def test_without_anything_both_ways_to_sign_in_are_named() -> None:
    assert told(APIClient().get(OVERVIEW)) == (401, "not_authenticated", "Session, Bearer")


def test_a_token_opens_no_page(owner: User, venue: Venue) -> None:
    token = api_tokens.make(VenueMembership.objects.get(user=owner), name="Mine", scopes=["manage"], days=30).token
    for address in ("/integrations/", "/integrations/tokens/", "/admin/", "/api/v1/docs/"):
        answer = Client().get(address, HTTP_AUTHORIZATION=f"Bearer {token}")
        assert answer.status_code == 302
        assert "login" in answer["Location"]


def test_who_asks_costs_one_query_and_the_use_is_told_once_a_minute(
    owner: User, venue: Venue, django_assert_num_queries: Any
) -> None:
    client, address = bearing(owner, venue, "read"), "/api/v1/nowhere"
    with time_machine.travel("2027-01-10T12:00:00Z", tick=False) as clock:
        with django_assert_num_queries(2):
            client.get(address)
        with django_assert_num_queries(1):
            client.get(address)
        clock.shift(timedelta(seconds=61))
        with django_assert_num_queries(2):
            client.get(address)
        assert ApiToken.objects.get().last_used_at == timezone.now()


def test_what_has_no_form_of_a_token_costs_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        bringing("bkl_" + "a" * 36).get("/api/v1/nowhere")


def test_neither_row_nor_log_nor_session_holds_the_token(
    as_user: SignedIn, owner: User, venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = as_user(owner).post(TOKENS, {"name": "Box office"}).json()["token"]
    bringing(token).get(OVERVIEW)
    bringing(token + "x").get(OVERVIEW)
    rows = serializers.serialize("json", [*ApiToken.objects.all(), *Session.objects.all()])
    said = rows + caplog.text + "".join(str(vars(record)) for record in caplog.records)
    said += "".join(str(session.get_decoded()) for session in Session.objects.all())
    assert token not in said
    assert token_text.digest(token) in rows


def test_a_token_makes_no_session_and_gets_no_cookie(owner: User, venue: Venue, connection: Connection) -> None:
    client = bearing(owner, venue, "manage")
    answer = client.post("/api/v1/integrations/square/sync", {})
    assert answer.status_code == 202
    assert not answer.cookies
    assert not Session.objects.exists()
    assert SyncLog.objects.filter(actor=owner).exists() or connection.sync_jobs.exists()


def test_a_sign_in_at_a_provider_takes_a_person(owner: User, venue: Venue, sandbox: Any) -> None:
    answer = bearing(owner, venue, "manage").post("/api/v1/integrations/connect/square", {"method": "oauth"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert not OAuthState.objects.exists()
    assert not answer.cookies


def test_a_connection_of_another_venue_stays_unseen(owner: User, venue: Venue) -> None:
    other = MembershipFactory(user=owner, role=Role.VENUE_ADMIN, venue__slug="other-house").venue
    ConnectionFactory(venue=other)
    answer = bearing(owner, venue, "manage").get("/api/v1/integrations/square")
    assert answer.json()["status"] == "disconnected"


@pytest.mark.parametrize(
    "wrong", [{"scopes": []}, {"scopes": ["root"]}, {"expires_at": timezone.now() - timedelta(days=999)}]
)
def test_the_database_keeps_the_rules_of_a_token(owner: User, venue: Venue, wrong: dict[str, Any]) -> None:
    bearing(owner, venue, "read")
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.update(**wrong)


def test_both_ways_to_sign_in_are_described_and_what_takes_a_session(openapi: dict[str, Any]) -> None:
    assert set(openapi["components"]["securitySchemes"]) == {"session", "token"}
    assert openapi["paths"]["/api/v1/me/integrations/"]["get"]["security"] == [{"token": []}, {"session": []}]
    assert openapi["paths"]["/api/v1/tokens/"]["post"]["security"] == [{"session": []}]
    for path, operations in openapi["paths"].items():
        if path.startswith(("/api/v1/tokens/", "/api/v1/integrations/admin/")):
            assert [each["security"] for each in operations.values()] == [[{"session": []}]] * len(operations), path
