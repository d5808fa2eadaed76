"""A connection's health: graded from what our tables know, counted for a period, and tried live, free of charge."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from connections import keys
from connections.models import Connection, OAuthToken
from integrations.models import IntegrationConfig, Venue
from integrations.providers import PROVIDERS
from integrations.shared import store
from mappings import versions
from mappings.models import FieldMapping
from monitoring import trial
from monitoring.models import IntegrationCost
from syncing.models import SyncCursor, SyncJob
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from tests.api.rows import dead_job, log_of
from tests.connections.test_pacing import nobody_listens
from tests.contract.account import open_account, sign_in
from tests.contract.stage import STAGES
from tests.factories import ConnectionFactory
from tests.monitoring.conftest import dead_event, failing_record
from tests.monitoring.test_recovery import waiting
from tests.provider_sandbox import Sandbox
from webhooks.models import WebhookEvent, WebhookSubscription, WebhookUpkeep

pytestmark = pytest.mark.django_db
HEALTH = "/api/v1/integrations/health/square"
METRICS = f"{HEALTH}/metrics"
DESCRIBED = "/api/v1/integrations/health/{provider}/"
HOUR = timedelta(hours=1)


@pytest.fixture
def client(as_user: SignedIn, viewer: Any) -> Any:
    return as_user(viewer)


@pytest.fixture
def fresh(connection: Connection) -> Connection:
    """A connection that read its customers a minute ago by its rules, and is told of changes."""
    Connection.objects.filter(pk=connection.pk).update(connected_at=now() - timedelta(days=9))
    IntegrationConfig.objects.update(updated_at=now() - timedelta(days=9), directions={"customer": "in"})
    versions.mapper_for(connection, "customer")
    SyncCursor.objects.create(
        connection=connection, object_type="customer", next_run_at=now() + HOUR / 4,
        last_succeeded_at=now() - timedelta(minutes=1),
    )  # fmt: skip
    WebhookSubscription.objects.create(
        connection=connection, provider="square", external_id="wbhk_1", url_token_hash="0" * 64
    )
    WebhookEvent.objects.create(
        connection=connection, provider="square", dedupe_key="1", body=b"", status="succeeded",
        received_at=now() - timedelta(minutes=2),
    )  # fmt: skip
    return connection


def check(body: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in body["checks"] if each["check"] == name)
    return found


# --- health -----------------------------------------------------------------------------------------------------------


def test_a_connection_in_order_is_good_and_every_check_says_why(
    client: Any, fresh: Connection, openapi: dict[str, Any]
) -> None:
    answer = client.get(HEALTH)
    body = answer.json()
    assert (body["grade"], body["grade_label"], body["reasons"]) == ("good", "Good", [])
    assert {each["check"]: each["result"] for each in body["checks"]} == dict.fromkeys(
        ("token", "scopes", "webhooks", "freshness", "mapping", "queue"), "ok"
    )
    assert [each["sentence"] for each in body["checks"]][1:] == [
        "Square allows everything that is synced.",
        "Square tells us of changes at once. It last did 2 minutes ago.",
        "Last sync 1 minute ago.",
        f"All {FieldMapping.objects.count()} rules are in force.",
        "Nothing waits.",
    ]
    assert check(body, "freshness")["evidence"]["interval_minutes"] == 15
    assert_as_described(openapi, answer, DESCRIBED, "get")


def test_no_provider_is_asked_not_even_to_renew_what_has_ended(
    client: Any, sandbox: Sandbox, fresh: Connection
) -> None:
    OAuthToken.objects.update(access_expires_at=now() - HOUR)
    sandbox.clear_log()
    assert client.get(HEALTH).status_code == client.get(METRICS).status_code == 200
    assert sandbox.calls() == 0


def test_what_is_not_connected_has_no_grade_and_a_way_to_connect(
    client: Any, venue: Venue, openapi: dict[str, Any]
) -> None:
    ConnectionFactory(venue=venue, status="disconnected", disconnected_at=now())
    for provider, code in (("square", "Connect again"), ("stripe", "Connect")):
        answer = client.get(f"/api/v1/integrations/health/{provider}")
        body = answer.json()
        assert (body["grade"], body["connection"], body["checks"], body["reasons"]) == (None, None, [], [])
        assert (body["status"], body["action"]["label"]) == ("disconnected", code)
        assert_as_described(openapi, answer, DESCRIBED, "get")


def token(**values: Any) -> None:
    OAuthToken.objects.update(**values)


def held_rule(connection: Connection) -> None:
    rule = FieldMapping.objects.filter(connection=connection)[0]
    FieldMapping.objects.filter(pk=rule.pk).update(paused_reason="Square removed the field.")


def upkeep(connection: Connection, **values: Any) -> None:
    WebhookUpkeep.objects.create(connection=connection, provider="square", problem="Square refused it.", **values)


def late(connection: Connection, minutes: int) -> None:
    SyncCursor.objects.filter(connection=connection).update(last_succeeded_at=now() - timedelta(minutes=minutes))


def silent(connection: Connection) -> None:
    waiting(connection, "customer")
    SyncJob.objects.update(status="running", lease_until=now() - timedelta(seconds=9))


def waits(connection: Connection) -> None:
    waiting(connection, "customer")
    SyncJob.objects.update(queued_at=now() - timedelta(minutes=20), not_before=now() - timedelta(minutes=20))


def of(connection: Connection, **values: Any) -> None:
    Connection.objects.filter(pk=connection.pk).update(**values)


# What is so, the grade, the check that says so, its result, the code of what mends it, and how its sentence begins.
SITUATIONS: dict[str, tuple[Any, str, str, str, str | None, str]] = {
    "refused": (
        lambda each: of(each, status="reauthorise"), "broken", "token", "failing", "reconnect",
        "Square stopped accepting our access",
    ),
    "no access": (
        lambda each: OAuthToken.objects.all().delete(), "broken", "token", "failing", "reconnect",
        "No access to Square is stored.",
    ),
    "not renewed": (lambda each: token(failures=3), "good", "token", "warning", None, "Renewing the access failed 3"),
    "ends": (
        lambda each: token(refresh_ends_at=now() + timedelta(days=9)), "good", "token", "warning", "reconnect",
        "Square asks you to sign in again by",
    ),
    "a permission is missing": (
        lambda each: of(each, scopes=["MERCHANT_PROFILE_READ"]), "failing", "scopes", "failing", "grant_permission",
        "Square does not allow us to sync customers. It needs the permission “See your customers”.",
    ),
    "one that nobody needs is missing": (
        lambda each: of(each, scopes=["CUSTOMERS_READ"]), "good", "scopes", "ok", None, "Square allows everything",
    ),
    "permissions untold": (
        lambda each: of(each, scopes=[]), "good", "scopes", "unknown", None, "Square does not tell",
    ),
    "not told of changes": (
        lambda each: (WebhookSubscription.objects.all().delete(), WebhookEvent.objects.all().delete()), "good",
        "webhooks", "off", None, "Square does not tell us of changes.",
    ),
    "told of changes by what was registered by hand": (
        lambda each: WebhookSubscription.objects.all().delete(), "good", "webhooks", "ok", None,
        "Square tells us of changes at once. It last did 2 minutes ago.",
    ),
    "nothing told yet": (
        lambda each: WebhookEvent.objects.all().delete(), "good", "webhooks", "ok", None,
        "Square tells us of changes at once. It has had nothing to tell yet.",
    ),
    "not confirmed yet": (
        lambda each: WebhookSubscription.objects.update(external_id=""), "good", "webhooks", "warning", None,
        "What tells us of changes in Square is not active yet.",
    ),
    "webhook refused": (lambda each: upkeep(each), "good", "webhooks", "warning", None, "Square refused it."),
    "webhook forbidden": (
        lambda each: upkeep(each, failure_class="permission"), "good", "webhooks", "warning", "reconnect",
        "Square refused it.",
    ),
    "late": (
        lambda each: late(each, 50), "late", "freshness", "warning", "history",
        "The last sync that succeeded ended 50 minutes ago; one is due every 15 minutes.",
    ),
    "paused and long ago": (
        lambda each: (late(each, 500), IntegrationConfig.objects.update(paused_at=now())), "good", "freshness", "off",
        "resume", "Paused",
    ),
    "nothing scheduled": (
        lambda each: SyncCursor.objects.all().delete(), "good", "freshness", "off", "start",
        "Nothing has been synced yet",
    ),
    "a rule is held": (
        held_rule, "good", "mapping", "warning", "fields", "1 rule is held: Square removed the field. Everything else",
    ),
    "no rules yet": (
        lambda each: FieldMapping.objects.all().delete(), "good", "mapping", "off", None, "The first sync brings",
    ),
    "a record fails": (
        lambda each: failing_record(each), "failing", "mapping", "failing", "fix", "1 record could not be taken over",
    ),
    "a sync was given up": (
        lambda each: dead_job(each, "customer", queued_at=now(), finished_at=now()), "failing", "queue", "failing",
        "retry", "Square is not answering. It was given up after several tries.",
    ),
    "an event was given up": (
        lambda each: dead_event(each), "good", "queue", "warning", "retry", "We could not work on this event.",
    ),
    "a worker fell silent": (silent, "good", "queue", "warning", None, "A worker fell silent."),
    "waits long": (waits, "good", "queue", "warning", None, "A sync has waited for its turn for 20 minutes."),
    "runs": (lambda each: waiting(each, "customer"), "good", "queue", "ok", None, "1 waiting."),
}  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_grade_comes_with_the_check_that_decides_it_and_what_mends_it(
    client: Any, fresh: Connection, openapi: dict[str, Any], situation: str
) -> None:
    arrange, grade, name, result, fix, sentence = SITUATIONS[situation]
    arrange(fresh)
    answer = client.get(HEALTH)
    body = answer.json()
    found = check(body, name)
    assert (body["grade"], found["result"]) == (grade, result)
    assert found["sentence"].startswith(sentence)
    assert (found["fix"] or {}).get("code") == fix
    assert (found in body["reasons"]) is (result in ("failing", "warning"))
    assert_as_described(openapi, answer, DESCRIBED, "get")


def test_the_evidence_names_what_is_meant(client: Any, fresh: Connection) -> None:
    of(fresh, scopes=[])
    held_rule(fresh)
    dead_job(fresh, "customer", queued_at=now(), finished_at=now())
    body = client.get(HEALTH).json()
    (held,) = check(body, "mapping")["evidence"]["held"]
    assert (held["object"], held["reason"]) == ("customer", "Square removed the field.")
    queue = check(body, "queue")["evidence"]
    assert (queue["given_up_syncs"], queue["given_up_events"]) == (1, 0)
    assert [(each["class"], each["count"]) for each in queue["causes"]] == [("provider_down", 1)]


def test_the_worst_reason_comes_first_and_no_secret_is_told(client: Any, fresh: Connection) -> None:
    held_rule(fresh)
    dead_job(fresh, "customer", queued_at=now(), finished_at=now())
    answer = client.get(HEALTH)
    assert [each["check"] for each in answer.json()["reasons"]] == ["queue", "mapping"]
    assert b"canary" not in answer.content


def test_it_costs_the_same_however_much_there_is(client: Any, fresh: Connection) -> None:
    found = []
    for number in (1, 20):
        for place in range(number):
            failing_record(fresh, place + number)
            dead_event(fresh)
            log_of(fresh, calls={"api": 2}, run=uuid4(), started_at=now(), finished_at=now())
        for address in (HEALTH, METRICS):
            with CaptureQueriesContext(database) as statements:
                assert client.get(address).status_code == 200
            found.append(len(statements))
    assert found[:2] == found[2:]
    assert (found[0] <= 17, found[1] <= 5) == (True, True)


@pytest.mark.parametrize(
    ("address", "query", "name"),
    [
        (HEALTH, "period=24h", "period"), (METRICS, "period=1y", "period"), (METRICS, "since=1", "since"),
        (METRICS, "period=7d&period=24h", "period"), (METRICS, "period=", "period"),
    ],
)  # fmt: skip
def test_a_parameter_that_is_unknown_or_malformed_is_named(
    client: Any, venue: Venue, address: str, query: str, name: str
) -> None:
    answer = client.get(f"{address}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{name}"]


def test_health_is_no_provider_and_no_provider_is_taken_for_it(as_user: SignedIn, owner: Any, venue: Venue) -> None:
    for address in ("health", "health/health", "health/sync", "health/disconnect/metrics"):
        assert as_user(owner).get(f"/api/v1/integrations/{address}").json()["code"] == "not_found"


# --- metrics ----------------------------------------------------------------------------------------------------------


def test_the_numbers_of_a_day(client: Any, connection: Connection, openapi: dict[str, Any]) -> None:
    moment = now()
    for seconds, more in (
        (1, {"read": 10, "created": 4, "unchanged": 6, "calls": {"api": 3}}),
        (2, {"read": 5, "updated": 5, "calls": {"api": 1, "oauth": 1}, "outcome": "partly_succeeded", "failed": 1}),
        (3, {"outcome": "failed", "error_class": "rate_limit"}),
    ):
        log_of(connection, started_at=moment - timedelta(seconds=seconds), finished_at=moment, **more)
    log_of(connection, started_at=moment, finished_at=None, outcome="running")
    log_of(connection, started_at=moment - timedelta(days=2), finished_at=moment - timedelta(days=2))
    log_of(ConnectionFactory(), started_at=moment, finished_at=moment, read=99)
    answer = client.get(METRICS)
    body = answer.json()
    assert body["runs"] == {
        "total": 4, "succeeded": 1, "partly_succeeded": 1, "failed": 1, "stopped": 0, "running": 1,
    }  # fmt: skip
    assert (body["success_rate"], body["latency_ms"]) == (0.6667, {"p50": 2000, "p95": 2900, "p99": 2980})
    assert body["records"] == {
        "read": 15, "created": 4, "updated": 5, "unchanged": 6, "deleted": 0, "left_out": 0, "failed": 1,
    }  # fmt: skip
    assert (body["errors"], body["calls"], body["calls_total"]) == ({"rate_limit": 1}, {"api": 4, "oauth": 1}, 5)
    assert_as_described(openapi, answer, f"{DESCRIBED}metrics/", "get")


def test_a_longer_period_sees_more_also_of_the_account_before(client: Any, connection: Connection) -> None:
    before = ConnectionFactory(venue=connection.venue, status="disconnected")
    for days in (0, 3, 20, 40):
        log_of(before, started_at=now() - timedelta(days=days), finished_at=now())
    found = {each: client.get(METRICS, {"period": each}).json()["runs"]["total"] for each in ("24h", "7d", "30d")}
    assert found == {"24h": 1, "7d": 2, "30d": 3}


def test_without_anything_rates_are_unknown_rather_than_perfect(
    client: Any, venue: Venue, openapi: dict[str, Any]
) -> None:
    answer = client.get(METRICS)
    body = answer.json()
    assert (body["runs"]["total"], body["success_rate"], body["calls"], body["amounts"]) == (0, None, {}, {})
    assert body["latency_ms"] == {"p50": None, "p95": None, "p99": None}
    assert body["webhooks"]["work_lag_ms"] == {"p50": None, "p95": None}
    assert_as_described(openapi, answer, f"{DESCRIBED}metrics/", "get")


def test_the_amount_is_the_share_of_the_period_in_its_days(client: Any, connection: Connection) -> None:
    log_of(connection, started_at=now(), finished_at=now(), calls={"api": 3})
    IntegrationCost.objects.create(
        connection=connection, day=now().date(), call_class="api", calls=12, amount=Decimal("2.00"), currency="GBP"
    )
    assert client.get(METRICS).json()["amounts"] == {"GBP": "0.500000"}


def test_news_is_timed_from_when_it_happened_to_the_end_of_its_work(client: Any, connection: Connection) -> None:
    moment = now()
    for number, (came, done) in enumerate(((2, 4), (4, 8))):
        WebhookEvent.objects.create(
            provider="square", connection=connection, dedupe_key=str(number), body=b"", status="succeeded",
            happened_at=moment - HOUR, received_at=moment - HOUR + timedelta(seconds=came),
            finished_at=moment - HOUR + timedelta(seconds=came + done),
        )  # fmt: skip
    dead_event(connection)
    WebhookEvent.objects.create(provider="square", connection=connection, dedupe_key="9", body=b"", verdict="ignored")
    assert client.get(METRICS).json()["webhooks"] == {
        "events": 3, "given_up": 1, "delivery_lag_ms": {"p50": 3000, "p95": 3900},
        "work_lag_ms": {"p50": 6000, "p95": 7800},
    }  # fmt: skip


# --- the live test ----------------------------------------------------------------------------------------------------

TEST = f"{HEALTH}/test"


@pytest.fixture
def tester(as_user: SignedIn, operator: Any) -> Any:
    return as_user(operator)


@pytest.fixture
def seller(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.merchant(customers=1, products=1, orders=1, refunds=0, payout_days=1)


@pytest.fixture
def keyed(sandbox: Sandbox, venue: Venue, owner: Any, seller: dict[str, Any]) -> Connection:
    """The venue, connected to a seller of the sandbox by its key; the log of calls is empty."""
    made = keys.connect(PROVIDERS["square"], venue, seller["personal_token"], user=owner)
    sandbox.clear_log()
    return made


def results(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["step"], each["result"]) for each in body["steps"]]


STORED, ACCEPTED = ("access_stored", "passed"), ("access_accepted", "passed")
ACCOUNT, PERMISSIONS = ("right_account", "passed"), ("permissions", "passed")


def test_a_connection_that_works_passes_every_step(
    tester: Any, keyed: Connection, sandbox: Sandbox, openapi: dict[str, Any]
) -> None:
    answer = tester.post(TEST)
    body = answer.json()
    assert (body["passed"], results(body)) == (True, [STORED, ACCEPTED, ACCOUNT, PERMISSIONS])
    assert [each["sentence"] for each in body["steps"]] == [
        "Our access to Square is stored.", "Square accepts it.", "It opens “The Lantern Room”.",
        "Square allows everything that is synced.",
    ]  # fmt: skip
    assert sandbox.calls() == 2
    assert_as_described(openapi, answer, f"{DESCRIBED}test/", "post")


def test_it_is_tried_once_in_ten_seconds_for_each_connection(
    tester: Any, keyed: Connection, sandbox: Sandbox, openapi: dict[str, Any]
) -> None:
    assert tester.post(TEST).status_code == 200
    again = tester.post(TEST)
    assert (again.status_code, again.json()["code"]) == (429, "rate_limited")
    assert 1 <= again.json()["retry_after"] == int(again["Retry-After"]) <= 10
    assert sandbox.calls() == 2
    assert_as_described(openapi, again, f"{DESCRIBED}test/", "post")
    store.delete(f"backline:trial:{keyed.pk}")
    assert tester.post(TEST).status_code == 200


def test_while_redis_is_away_it_is_tried_all_the_same(
    tester: Any, keyed: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.trial.store", nobody_listens())
    assert [tester.post(TEST).status_code for _ in range(2)] == [200, 200]


def test_access_that_the_provider_ended_fails_and_is_noted_for_the_owner(
    tester: Any, keyed: Connection, sandbox: Sandbox, seller: dict[str, Any]
) -> None:
    sandbox.ask("POST", f"/square/{seller['id']}/tokens", {"action": "revoke", "include_personal": True})
    body = tester.post(TEST).json()
    assert (body["passed"], results(body)[:2]) == (False, [STORED, ("access_accepted", "failed")])
    assert body["steps"][1]["sentence"] == "Square no longer accepts our access."
    assert {result for _, result in results(body)[2:]} == {"unknown"}
    assert Connection.objects.get().status == "reauthorise"


def test_access_that_works_again_is_said_and_left_to_an_admin(tester: Any, keyed: Connection) -> None:
    of(keyed, status="reauthorise")
    body = tester.post(TEST).json()
    assert body["steps"][1]["sentence"] == "Square accepts it again. Reconnect, and the syncs go on."
    assert (body["passed"], Connection.objects.get().status) == (True, "reauthorise")


def test_a_permission_that_was_taken_away_is_named(
    tester: Any, keyed: Connection, sandbox: Sandbox, seller: dict[str, Any]
) -> None:
    body = {"action": "drop_scope", "include_personal": True, "scope": "ORDERS_READ"}
    sandbox.ask("POST", f"/square/{seller['id']}/tokens", body)
    answer = tester.post(TEST).json()
    assert results(answer) == [STORED, ACCEPTED, ACCOUNT, ("permissions", "failed")]
    assert answer["steps"][3]["sentence"] == (
        "Square does not allow us to sync orders. It needs the permission “See your orders”."
    )


def test_access_to_another_account_is_told(tester: Any, keyed: Connection) -> None:
    of(keyed, account_id="MANOTHER", account_name="Harbour Bar")
    body = tester.post(TEST).json()
    assert results(body) == [STORED, ACCEPTED, ("right_account", "failed"), PERMISSIONS]
    assert body["steps"][2]["sentence"] == (
        "Square shows “The Lantern Room”, but this venue is connected to “Harbour Bar”."
    )


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "status", "status": 503}, "Square is not answering."),
        ({"kind": "html"}, "Square is not answering."),
        ({"kind": "reset"}, "Square is not answering."),
        ({"kind": "rate_limit", "retry_after": 60}, "Square asked us to slow down."),
        ({"kind": "status", "status": 418, "body": {}}, "Square gave an answer that we do not understand"),
    ],
)
def test_a_trouble_of_the_moment_says_nothing_about_the_access(
    tester: Any, keyed: Connection, sandbox: Sandbox, openapi: dict[str, Any], fault: dict[str, Any], sentence: str
) -> None:
    sandbox.ask("POST", "/faults", {"provider": "square", "times": -1, **fault})
    answer = tester.post(TEST)
    assert results(answer.json())[:2] == [STORED, ("access_accepted", "unknown")]
    assert answer.json()["steps"][1]["sentence"].startswith(sentence)
    assert Connection.objects.get().status == "connected"
    assert_as_described(openapi, answer, f"{DESCRIBED}test/", "post")


@pytest.mark.parametrize("kind", ["delay", "drip"])
def test_a_provider_that_never_ends_its_answer_is_given_up(keyed: Connection, sandbox: Sandbox, kind: str) -> None:
    sandbox.ask("POST", "/faults", {"provider": "square", "times": -1, "kind": kind, "seconds": 30})
    steps = trial.of(keyed, seconds=0.5)
    assert [(each.step, each.result) for each in steps][:2] == [STORED, ("access_accepted", "unknown")]


def test_a_renewal_that_never_ends_is_given_up_as_well_and_ends_no_access(sandbox: Sandbox) -> None:
    account = open_account(STAGES["quickbooks"], sandbox)
    made = sign_in(account)
    fault = {"provider": "quickbooks", "path": account.stage.token_path, "kind": "delay", "seconds": 30, "times": -1}
    sandbox.ask("POST", "/faults", fault)
    assert [(each.step, each.result) for each in trial.of(made, seconds=0.5)][1] == ("access_accepted", "unknown")
    assert Connection.objects.get().status == "connected"


def test_without_access_nothing_is_asked(tester: Any, sandbox: Sandbox, connection: Connection) -> None:
    OAuthToken.objects.all().delete()
    sandbox.clear_log()
    body = tester.post(TEST).json()
    assert (body["passed"], results(body)[0]) == (False, ("access_stored", "failed"))
    assert sandbox.calls() == 0


def test_where_the_provider_counts_the_question_only_the_access_is_tried(as_user: SignedIn, sandbox: Sandbox) -> None:
    account = open_account(STAGES["quickbooks"], sandbox)
    sign_in(account)
    sandbox.clear_log()
    body = as_user(account.owner).post("/api/v1/integrations/health/quickbooks/test").json()
    skipped = [("right_account", "skipped"), ("permissions", "skipped")]
    assert (body["passed"], results(body)) == (True, [STORED, ACCEPTED, *skipped])
    assert [each["path"] for each in account.calls()] == [account.stage.token_path]


def test_what_is_not_connected_cannot_be_tested(tester: Any, venue: Venue, openapi: dict[str, Any]) -> None:
    answer = tester.post(TEST)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_connected")
    assert_as_described(openapi, answer, f"{DESCRIBED}test/", "post")


def test_another_member_of_the_venue_may_look_but_not_try(
    client: Any, as_user: SignedIn, stranger: Any, connection: Connection
) -> None:
    venue = {"venue": connection.venue.slug}
    assert client.post(TEST, venue).status_code == 403
    assert as_user(stranger).post(TEST, venue).status_code == 404
    assert as_user(stranger).get(HEALTH, venue).status_code == as_user(stranger).get(METRICS, venue).status_code == 404
