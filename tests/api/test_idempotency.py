"""A request with a key has one effect and one answer, however often and by however many it is sent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections.models import Connection, OAuthState
from integrations import idempotency
from integrations.models import ApiIdempotencyKey, AuditEntry, Venue
from monitoring import beat, tasks
from syncing.models import Record
from tests.api.at_once import assert_one_effect, at_once
from tests.api.conftest import SignedIn
from tests.api.test_audit import CHANGES, LOOKS
from tests.api.test_routes import ROUTES
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/v1/records/customer"
ZOE, MIA = {"fields": {"given_name": "Zoë"}}, {"fields": {"given_name": "Mia"}}
KEY = "5f0c9b8e-77a1-4b0f-9d2e-5a1f0c9b8e80"
REPLAYED = "Idempotent-Replayed"
POSTS = [name for name in CHANGES if ROUTES[name][0] == "post" and name != "api-tokens make"]
TOLD_AGAIN = ("Content-Type", "ETag", "Location", "Retry-After")
CLIENTS = 20
TOKEN = {"name": "Till", "scopes": ["read"]}

Post = Callable[..., Any]


@pytest.fixture
def post(as_user: SignedIn, operator: Any) -> Post:
    """Send a customer with a key."""
    client = as_user(operator)

    def sent(body: dict[str, Any] = ZOE, key: str = KEY, path: str = CUSTOMERS) -> Any:
        return client.post(path, body, headers={"Idempotency-Key": key})

    return sent


def running(user: Any, **more: Any) -> None:
    """Leave the claim of a process that is at work, or died."""
    asked = ApiIdempotencyKey.objects.get()
    ApiIdempotencyKey.objects.update(state="running", status=None, headers={}, answer="", **more)
    assert (asked.user, asked.state) == (user, "done")


def test_the_same_request_has_the_same_answer_and_one_effect(post: Post) -> None:
    first, second = post(), post()
    assert (first.status_code, REPLAYED in first) == (201, False)
    assert (second.status_code, second[REPLAYED], second.content) == (201, "true", first.content)
    assert [second.get(name) for name in TOLD_AGAIN] == [first.get(name) for name in TOLD_AGAIN]
    assert (Record.objects.count(), AuditEntry.objects.count()) == (1, 1)


def test_without_a_key_each_request_has_its_own_effect(as_user: SignedIn, operator: Any) -> None:
    client = as_user(operator)
    assert client.post(CUSTOMERS, ZOE).json()["id"] != client.post(CUSTOMERS, ZOE).json()["id"]
    assert ApiIdempotencyKey.objects.count() == 0


def test_the_order_of_fields_and_a_slash_make_no_other_request(post: Post, venue: Venue) -> None:
    post(ZOE | {"venue": venue.slug})
    assert post({"venue": venue.slug} | ZOE, path=f"{CUSTOMERS}/")[REPLAYED] == "true"


@pytest.mark.parametrize(
    ("body", "path"),
    [(MIA, CUSTOMERS), (ZOE, "/api/v1/records/product"), (ZOE, f"{CUSTOMERS}?venue=lantern-room"), ({}, CUSTOMERS)],
)
def test_a_key_of_another_request_is_refused(post: Post, body: dict[str, Any], path: str) -> None:
    post()
    answer = post(body, path=path)
    assert (answer.status_code, answer.json()["code"], Record.objects.count()) == (422, "key_reused", 1)


def test_each_caller_has_keys_of_his_own(post: Post, as_user: SignedIn, owner: Any) -> None:
    post()
    other = as_user(owner).post(CUSTOMERS, MIA, headers={"Idempotency-Key": KEY})
    assert (other.status_code, Record.objects.count()) == (201, 2)


@pytest.mark.parametrize("key", ["", " ", "two words", "tab\there", "naïve", "x" * 256, "\x7f"])
def test_a_key_that_is_none_is_refused(post: Post, key: str) -> None:
    answer = post(key=key)
    assert (answer.status_code, answer.json()["code"], Record.objects.count()) == (400, "validation_failed", 0)


@pytest.mark.parametrize("key", ["1", "x" * 255, '"quoted"', "!~", "a,b;c=d"])
def test_any_visible_characters_are_a_key(post: Post, key: str) -> None:
    assert (post(key=key).status_code, post(key=key)[REPLAYED]) == (201, "true")


@pytest.mark.parametrize("name", POSTS)
def test_every_post_that_acts_takes_a_key(
    as_user: SignedIn, owner: Any, venue: Venue, connection: Connection, name: str
) -> None:
    owner.is_staff = owner.is_superuser = True
    owner.save()
    _, path, body, *_ = ROUTES[name]
    first, second = (as_user(owner).post(f"/api/v1/{path}", body, headers={"Idempotency-Key": KEY}) for _ in range(2))
    assert (second.status_code, second.get(REPLAYED)) == (
        first.status_code,
        "true" if first.status_code < 400 else None,
    )
    assert ApiIdempotencyKey.objects.count() == (first.status_code < 400)


def test_a_token_is_told_once_and_kept_under_no_key(as_user: SignedIn, owner: Any, venue: Venue) -> None:
    made = [as_user(owner).post("/api/v1/tokens", TOKEN, headers={"Idempotency-Key": KEY}) for _ in range(2)]
    assert [each.status_code for each in made] == [201, 409]
    assert ApiIdempotencyKey.objects.count() == 0


@pytest.mark.parametrize("name", sorted(LOOKS))
def test_a_key_makes_no_difference_to_what_only_looks(
    as_user: SignedIn, operator: Any, connection: Connection, name: str
) -> None:
    _, path, body, *_ = ROUTES[name]
    as_user(operator).post(f"/api/v1/{path}", body, headers={"Idempotency-Key": KEY})
    assert ApiIdempotencyKey.objects.count() == 0


# --- while it runs, and when it ends badly


def test_who_comes_while_it_runs_is_told_to_wait(post: Post, operator: Any) -> None:
    post()
    running(operator, claimed_at=timezone.now())
    answer = post()
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (409, "in_progress", "1")
    assert Record.objects.count() == 1


def test_the_claim_of_a_process_that_died_is_taken_over(post: Post, operator: Any) -> None:
    post()
    running(operator, claimed_at=timezone.now() - timedelta(seconds=61))
    assert (post(MIA).json()["code"], post().status_code, post()[REPLAYED]) == ("key_reused", 201, "true")


def test_the_former_cannot_answer_for_who_took_over(post: Post, operator: Any) -> None:
    post()
    row = ApiIdempotencyKey.objects.get()
    former = idempotency.Claim(row.pk, row.fence, "context")
    running(operator, claimed_at=timezone.now() - timedelta(seconds=61))
    told = post().content
    idempotency.release(former)
    assert post().content == told


def test_a_crash_gives_the_key_back(as_user: SignedIn, operator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = as_user(operator)
    client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("syncing.own.upsert", lambda *args, **more: 1 / 0)
        assert client.post(CUSTOMERS, ZOE, headers={"Idempotency-Key": KEY}).status_code == 500
    again = client.post(CUSTOMERS, ZOE, headers={"Idempotency-Key": KEY})
    assert (again.status_code, REPLAYED in again) == (201, False)


def test_a_refusal_gives_the_key_back(post: Post) -> None:
    assert post({"fields": {"shoe_size": 44}}).status_code == 400
    assert (post().status_code, post()[REPLAYED]) == (201, "true")


def test_who_sends_too_many_claims_nothing(post: Post, settings: Any) -> None:
    settings.API_WRITES_PER_MINUTE = 0
    assert (post().status_code, ApiIdempotencyKey.objects.count()) == (429, 0)


# --- how long, and how well it is kept


def test_after_a_day_a_key_is_free_again(post: Post) -> None:
    post()
    ApiIdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    answer = post(MIA)
    assert (answer.status_code, REPLAYED in answer, post(MIA)[REPLAYED]) == (201, False, "true")


def test_what_is_older_than_a_day_is_forgotten_by_a_task_on_beat(post: Post) -> None:
    post(key="old")
    ApiIdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    post(key="new")
    tasks.forget_answers()
    assert [each.key for each in ApiIdempotencyKey.objects.all()] == ["new"]
    assert ("monitoring.tasks.forget_answers", timedelta(hours=1)) in beat.ENTRIES.values()


def test_an_answer_lies_sealed_and_is_told_in_full(
    as_user: SignedIn, owner: Any, venue: Venue, sandbox: Sandbox
) -> None:
    sent = {"path": "/api/v1/integrations/connect/square", "data": {"method": "oauth"}}
    client = as_user(owner)
    first, second = (client.post(**sent, headers={"Idempotency-Key": KEY}) for _ in range(2))
    assert first.json()["authorization_url"] == second.json()["authorization_url"]
    assert (first.status_code, second[REPLAYED], OAuthState.objects.count()) == (201, "true", 1)
    stored = " ".join(str(value) for row in ApiIdempotencyKey.objects.values() for value in row.values())
    assert "authorize" not in stored
    assert first.json()["authorization_url"].rpartition("state=")[2][:20] not in stored


def test_an_answer_moved_to_another_row_does_not_open(post: Post) -> None:
    post()
    post(MIA, key="another")
    answer = ApiIdempotencyKey.objects.get(key="another").answer
    ApiIdempotencyKey.objects.filter(key=KEY).update(answer=answer)
    assert (post().status_code, post().json()["code"]) == (409, "conflict")


def test_without_its_master_key_it_is_told_that_it_was_done(post: Post, settings: Any) -> None:
    post()
    settings.FIELD_ENCRYPTION_KEYS = "other:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
    answer = post()
    assert (answer.status_code, answer.json()["code"], Record.objects.count()) == (409, "conflict", 1)


# --- all at once


@pytest.mark.django_db(transaction=True)
def test_twenty_clients_at_once_have_one_effect_and_one_answer(
    venue: Venue, operator: Any, live_server: Any, settings: Any
) -> None:
    settings.API_REQUESTS_PER_MINUTE = settings.API_WRITES_PER_MINUTE = 1_000_000  # who waits asks without a pause
    assert_one_effect(at_once(f"{live_server.url}{CUSTOMERS}", operator, ZOE, key=KEY, clients=CLIENTS))
    assert (Record.objects.count(), AuditEntry.objects.count(), ApiIdempotencyKey.objects.count()) == (1, 1, 1)
