"""Has each answer the shape of its documented example, and is the example what the description promises?

Every operation is asked until each of its good statuses was answered, in one state of the database and with a provider
of the sandbox where one has to be asked. Shapes are keys, nesting and types, lists by their first entry; what is null
or empty on one side says nothing about the shape of the other.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.utils import timezone
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from connections.models import Connection, Status
from integrations.models import IntegrationConfig, Role, Venue
from mappings import rules, versions
from syncing.models import SyncCursor, SyncJob
from tests.api.described import forms, strict
from tests.api.rows import log_of
from tests.api.test_connections import consent
from tests.factories import MembershipFactory, UserFactory, VenueFactory
from tests.monitoring.conftest import dead_event
from tests.monitoring.test_recovery import scheduled, stale_job, waiting
from tests.proofs import matrix
from tests.proofs.matrix import OURS, THEIRS
from tests.provider_sandbox import Sandbox

# Operation, status and media type of what no test can be answered, with the reason.
OUT_OF_REACH: dict[tuple[str, str, str], str] = {}
_SQUARE = {"filter": {"provider": "square"}}
_NOTHING = "-"  # the media type of an answer without a body


class Told(NamedTuple):
    """The answer to an operation."""

    operation: str
    answer: Any

    @property
    def place(self) -> tuple[str, str, str]:
        """Return operation, status and media type."""
        kind = self.answer.headers.get("Content-Type", _NOTHING).split(";")[0]
        return self.operation, str(self.answer.status_code), kind


class Asking:
    """Keeps what somebody was answered."""

    def __init__(self, client: APIClient, told: list[Told]) -> None:
        self._client, self._told = client, told

    def __call__(self, operation: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = getattr(self._client, method)(f"/api/v1/{path}", body, headers=headers)
        if answer.status_code >= 300:
            raise AssertionError(f"{operation}: {answer.status_code} {answer.content[:500]!r}")
        self._told.append(Told(operation, answer))
        return answer


def collected(sandbox: Sandbox) -> list[Told]:
    """Return every good answer that can be had."""
    house, told = matrix.built(), list[Told]()
    things = matrix.furnished(house, OURS)
    owner, staff = (Asking(house.clients[each], told) for each in ("owner", "staff"))
    connection = Connection.objects.get(venue=house.venues[OURS])
    _lived(connection)
    _looks(owner, things)
    _maps(owner, connection)
    _writes(owner, things)
    _syncs(owner, connection)
    _recovers(staff, Connection.objects.get(venue=house.venues[THEIRS]))
    _sees_all(staff)
    _has_tokens(owner)
    _has_several(house, told)
    _connects(sandbox, told)
    return told


def _lived(connection: Connection) -> None:
    """Give the connection a past."""
    now = timezone.now()
    log_of(connection, outcome="failed", error_class="provider_down", error_sentence="Square is not answering.",
           timeline=[{"at": "2026-11-20T12:00:00+00:00", "event": "started", "detail": ""}])  # fmt: skip
    SyncCursor.objects.create(
        connection=connection, object_type="customer", last_succeeded_at=now, last_full_at=now, next_run_at=now
    )
    at = {"at": "2026-11-03T10:00:00+00:00", "event": "connected", "by": "owner", "detail": "The Lantern Room"}
    Connection.objects.filter(pk=connection.pk).update(history=[at])
    IntegrationConfig.objects.filter(venue=connection.venue).update(chosen={"location": ["L1"]}, begin="2026-01-01")


def _looks(owner: Asking, things: matrix.Things) -> None:
    square = "integrations/square"
    owner("list_integrations", "get", "integrations/")
    owner("get_integration", "get", square)
    owner("list_fields", "get", f"{square}/fields?object=customer")
    owner("sync_status", "get", f"{square}/sync/status")
    owner("sync_history", "get", f"{square}/sync/history")
    owner("sync_history", "get", f"{square}/sync/history?run={things.run}")
    owner("sync_history", "get", f"{square}/sync/history?format=csv")
    owner("connection_health", "get", "integrations/health/square")
    owner("connection_health", "get", "integrations/health/stripe")
    owner("connection_metrics", "get", "integrations/health/square/metrics")
    owner("list_events", "get", "integrations/webhooks/square/events")
    owner("my_integrations", "get", "me/integrations")


def _maps(owner: Asking, connection: Connection) -> None:
    mappings = "integrations/square/mappings"
    wanted = [rules.as_json(each) for each in rules.of(connection, versions.in_force(connection))]
    fewer = [each for each in wanted if (each["object"], each["target"]) != ("customer", "note")]
    owner("get_mappings", "get", mappings)
    owner("save_mappings", "put", mappings, {"rules": fewer, "confirmed": True}, **{"If-Match": '"1"'})
    owner("test_mappings", "post", f"{mappings}/test", {"object": "customer", "sample": {"given_name": " Mia "}})
    owner("list_mapping_templates", "get", f"{mappings}/templates")
    owner("save_mapping_template", "post", f"{mappings}/templates", {"object": "customer", "name": "Fewer"})
    of_square = {"template": "square-customer", "strategy": "replace", "dry_run": True}
    owner("apply_mapping_template", "post", f"{mappings}/apply-template", of_square)
    owner("reset_mappings", "post", f"{mappings}/reset", {"version": 1})
    owner("heal_mappings", "post", f"{mappings}/heal", {"object": "customer"})


def _writes(owner: Asking, things: matrix.Things) -> None:
    zoe = {"key": "zoe", "fields": {"given_name": "Zoë"}}
    owner("list_records", "get", "records/customer")
    owner("write_records", "post", "records/customer", zoe)
    owner("write_records", "post", "records/customer", zoe)
    owner("write_records", "post", "records/customer", {"records": [zoe, {"fields": {"email": "no"}}]})
    one = f"records/customer/{things.failing}"
    owner("get_record", "get", one)
    owner("change_record", "patch", one, {"fields": {"note": "Likes jazz"}})
    owner("delete_record", "delete", one)


def _syncs(owner: Asking, connection: Connection) -> None:
    sync = "integrations/square/sync"
    owner("preview_sync", "post", f"{sync}/preview", {"objects": ["customer"]})
    owner("retry_sync", "post", f"{sync}/retry", {"error_class": "provider_down"})
    owner("retry_sync", "post", f"{sync}/retry", {"error_class": "permission"})
    owner("stop_sync", "post", f"{sync}/stop", {})
    owner("stop_sync", "post", f"{sync}/stop", {})
    started = owner("start_sync", "post", sync, {"objects": ["customer", "order"]})
    owner("start_sync", "post", sync, {"objects": ["customer", "order"]})
    owner("sync_status", "get", f"{sync}/status?run={started.json()['run']}")
    begun = SyncJob.objects.get(connection=connection, status="queued", object_type="customer")
    log = log_of(connection, job=begun, outcome="running", finished_at=None, read=620, total=1900)
    SyncJob.objects.filter(pk=begun.pk).update(
        status="running", log=log, lease_until=timezone.now() + timedelta(minutes=1), lease_owner="here:1:1",
        heartbeat_at=timezone.now(), started_at=timezone.now(),
    )  # fmt: skip
    owner("sync_status", "get", f"{sync}/status")
    owner("my_integrations", "get", "me/integrations")
    owner("retry_events", "post", "integrations/webhooks/retry", {"dry_run": True})
    owner("retry_events", "post", "integrations/webhooks/retry", {})


def _recovers(staff: Asking, connection: Connection) -> None:
    admin = "integrations/admin"
    scheduled(connection, "customer", "order")
    dead_event(connection)
    meant = {"filter": {"connection": str(connection.pk)}}
    staff("force_sync", "post", f"{admin}/force-sync", meant | {"dry_run": True})
    staff("force_sync", "post", f"{admin}/force-sync", meant)
    seen = staff("clear_queue", "post", f"{admin}/clear-queue", meant | {"dry_run": True})
    done = staff("clear_queue", "post", f"{admin}/clear-queue", meant | {"confirm": seen.json()["confirm"]})
    staff("restore_work", "post", f"{admin}/restore", {"batch": done.json()["batch"]})
    staff("list_dead_letters", "get", f"{admin}/dead-letters")
    letters = meant | {"action": "retry"}
    staff("process_dead_letters", "post", f"{admin}/process-dead-letter", letters | {"dry_run": True})
    staff("process_dead_letters", "post", f"{admin}/process-dead-letter", letters)
    SyncJob.objects.filter(connection=connection).delete()
    stale_job(connection)
    staff("recover_stale", "post", f"{admin}/recover-stale", {"dry_run": True})
    staff("recover_stale", "post", f"{admin}/recover-stale", {})


def _sees_all(staff: Asking) -> None:
    admin = "integrations/admin"
    waiting(Connection.objects.filter(venue__slug=OURS).get(), "payment")
    for path, other in (("all-venues", "csv"), ("costs", "csv"), ("queue-metrics", "prometheus")):
        staff(path.replace("-", "_"), "get", f"{admin}/{path}")
        staff(path.replace("-", "_"), "get", f"{admin}/{path}?format={other}")
    staff("health_summary", "get", f"{admin}/health-summary")


def _has_tokens(owner: Asking) -> None:
    made = owner("make_token", "post", "tokens", {"name": "Till"})
    owner("list_tokens", "get", "tokens")
    owner("revoke_token", "delete", f"tokens/{made.json()['id']}")


def _has_several(house: matrix.House, told: list[Told]) -> None:
    person = UserFactory()
    for venue in house.venues.values():
        MembershipFactory(venue=venue, user=person)
    Asking(_signed_in(person), told)("my_integrations", "get", "me/integrations")


def _signed_in(person: Any) -> APIClient:
    client = APIClient()
    client.force_login(person)
    return client


def _connects(sandbox: Sandbox, told: list[Told]) -> None:
    """Connect a venue by sign-in and another one by key, and end both."""
    signing, keyed = (_admin_of(VenueFactory(slug=slug), told) for slug in ("signing", "keyed"))
    client, ask = signing
    seller = sandbox.merchant(customers=1, products=1, orders=1, refunds=0, payout_days=1)
    trip = ask("connect", "post", "integrations/connect/square", {"method": "oauth"})
    back = urlsplit(consent(trip.json()["authorization_url"], seller))
    client.get(f"{back.path}?{back.query}")
    ask("refresh_access", "post", "integrations/oauth/refresh/square", {"force": True})
    ask("reconnect", "post", "integrations/square/reconnect", {})
    ask("disconnect", "post", "integrations/square/disconnect", {})
    _, ask = keyed
    key = {"api_key": seller["personal_token"]}
    ask("connect", "post", "integrations/connect/square", {"method": "api_key"} | key)
    ask("set_api_key", "post", "integrations/square/api-key", key | {"dry_run": True})
    ask("set_api_key", "post", "integrations/square/api-key", key)
    ask("test_connection", "post", "integrations/health/square/test", {})
    Connection.objects.filter(venue__slug="signing").update(
        status=Status.REAUTHORISE, disconnected_at=None, account_id="MSOMEONEELSE"
    )
    signing[1]("reconnect", "post", "integrations/square/reconnect", {})


def _admin_of(venue: Venue, told: list[Told]) -> tuple[APIClient, Asking]:
    client = _signed_in(MembershipFactory(venue=venue, role=Role.VENUE_ADMIN).user)
    return client, Asking(client, told)


# --- against the description ------------------------------------------------------------------------------------------


def documented(openapi: dict[str, Any]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return what is said of each good answer: by operation, status and media type its schema and examples."""
    return {
        (operation["operationId"], status, kind): content
        for methods in openapi["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        if status < "300"
        for kind, content in (answer.get("content") or {_NOTHING: {}}).items()
    }


def wrong_examples(openapi: dict[str, Any]) -> Iterator[str]:
    """Yield each example, of an answer or a refusal or a request, that its own schema does not take."""
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (each for body in bodies for each in body.get("content", {}).values()):
                schema = {"components": strict(openapi["components"]), **strict(content["schema"])}
                for name, example in content.get("examples", {}).items():
                    for error in Draft202012Validator(schema).iter_errors(example["value"]):
                        yield f"{method} {path} {name}: {error.json_path}: {error.message[:200]}"


def unlike(openapi: dict[str, Any], content: dict[str, Any], told: Told) -> list[str]:
    """Return where an answer differs in shape from the documented example that is nearest to it."""
    if told.place[2] == _NOTHING:
        return []
    examples = [each["value"] for each in content.get("examples", {}).values()]
    if not examples:
        return ["no example"]
    if told.place[2] != "application/json":
        body = b"".join(told.answer.streaming_content) if told.answer.streaming else told.answer.content
        return [] if _head(body.decode()) == _head(examples[0]) else [f"{_head(body.decode())} ≠ {_head(examples[0])}"]
    real = told.answer.json()
    return min((list(_differences(openapi, content["schema"], each, real, "$")) for each in examples), key=len)


def _head(text: str) -> list[str]:
    """Return the columns of a CSV file, or the name of the first figure."""
    line = text.splitlines()[0]
    return re.findall(r"# HELP (\S+)", line) or next(csv.reader(io.StringIO(line)))


def _differences(openapi: dict[str, Any], schema: Any, example: Any, real: Any, place: str) -> Iterator[str]:
    if example is None or real is None:
        return
    if isinstance(example, dict) and isinstance(real, dict):
        yield from _of_objects(openapi, schema, example, real, place)
    elif isinstance(example, list) and isinstance(real, list):
        below = next((form["items"] for form in forms(openapi, schema) if "items" in form), {})
        if example and real:
            yield from _differences(openapi, below, example[0], real[0], f"{place}[0]")
    elif _kind(example) != _kind(real):
        yield f"{place}: {_kind(real)}, in the example {_kind(example)}"


def _of_objects(
    openapi: dict[str, Any], schema: Any, example: dict[str, Any], real: dict[str, Any], place: str
) -> Iterator[str]:
    """Yield what differs; the keys of an object count where the schema names them."""
    found = forms(openapi, schema)
    named = {name: each for form in found for name, each in form.get("properties", {}).items()}
    if not named:
        return
    if more := set(example) ^ set(real):
        yield f"{place}: {sorted(more & set(real))} only in the answer, {sorted(more & set(example))} in the example"
    for name in sorted(set(example) & set(real)):
        yield from _differences(openapi, named.get(name, {}), example[name], real[name], f"{place}.{name}")


def _kind(value: Any) -> str:
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
