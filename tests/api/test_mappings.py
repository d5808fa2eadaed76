"""The doors to field mapping: versions, faults by their rule, trying without writing, and records that follow."""

from typing import Any

import pytest

from connections.models import Connection
from integrations.models import Venue
from mappings import rules, versions
from mappings.models import FieldMapping, SchemaWatch
from syncing.models import Record, RecordLink, SyncCursor, SyncJob
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from tests.factories import ConnectionFactory
from tests.monitoring.test_recovery import scheduled

pytestmark = pytest.mark.django_db
PATH = "/api/v1/integrations/square/mappings"


@pytest.fixture
def connection(venue: Venue) -> Connection:
    found: Connection = ConnectionFactory(venue=venue)
    versions.install_default(found)
    return found


@pytest.fixture
def guest(connection: Connection) -> RecordLink:
    record = Record.objects.create(venue=connection.venue, object_type="customer", fields={}, content_hash="0")
    raw = {"id": "C1", "given_name": " Mia ", "email_address": "Mia@Example.com", "phone_number": "n/a"}
    return RecordLink.objects.create(
        record=record, connection=connection, external_type="customer", external_id="C1", raw=raw
    )


def in_force(connection: Connection) -> list[dict[str, Any]]:
    return [rules.as_json(each) for each in rules.of(connection, versions.in_force(connection))]


def put(client: Any, wanted: list[dict[str, Any]], version: int, **more: Any) -> Any:
    return client.put(PATH, {"rules": wanted, **more}, headers={"If-Match": f'"{version}"'})


def without(connection: Connection, target: str) -> list[dict[str, Any]]:
    return [each for each in in_force(connection) if (each["object"], each["target"]) != ("customer", target)]


def test_the_rules_in_force_are_told_with_their_history(
    as_user: SignedIn, viewer: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    answer = as_user(viewer).get(PATH)
    told = answer.json()
    assert (answer["ETag"], told["version"], told["in_force"], len(told["history"])) == ('"1"', 1, 1, 1)
    assert len(told["rules"]) == FieldMapping.objects.count()
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/mappings/", "get")


def test_saving_makes_the_next_version_and_maps_the_changed_objects_again(
    as_user: SignedIn, owner: Any, connection: Connection, guest: RecordLink, openapi: dict[str, Any]
) -> None:
    scheduled(connection, "customer", "order")
    answer = put(as_user(owner), without(connection, "note"), 1, reason="Notes stay there")
    assert (answer.status_code, answer["ETag"], answer.json()["version"]) == (200, '"2"', 2)
    assert answer.json()["differences"][0] == "Customers, Note: no longer filled"
    assert answer.json()["impact"] == {"records": 1, "sent": 0, "calls": 0, "metered": False}
    assert list(SyncJob.objects.values_list("object_type", flat=True)) == ["customer"]
    saved = FieldMapping.objects.filter(version=2).first()
    assert saved is not None
    assert (saved.author, saved.reason) == (owner, "Notes stay there")
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/mappings/", "put")


def test_who_saves_from_an_older_version_is_refused(as_user: SignedIn, owner: Any, connection: Connection) -> None:
    client = as_user(owner)
    assert put(client, without(connection, "note"), 1).status_code == 200
    answer = put(client, without(connection, "tags"), 1)
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_version")
    assert client.put(PATH, {"rules": in_force(connection)}).json()["code"] == "validation_failed"
    assert versions.in_force(connection) == 2


def test_each_fault_is_named_at_its_rule_and_nothing_is_saved(
    as_user: SignedIn, owner: Any, connection: Connection
) -> None:
    wanted = in_force(connection)
    wanted[0] = wanted[0] | {"source": "shoe_size"}
    answer = put(as_user(owner), wanted, 1)
    assert (answer.status_code, answer.json()["code"]) == (422, "mapping_broken")
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [("/rules/0", "unknown_field")]
    assert versions.in_force(connection) == 1


def test_warnings_are_confirmed(as_user: SignedIn, owner: Any, connection: Connection) -> None:
    wanted = in_force(connection)
    at = next(n for n, each in enumerate(wanted) if (each["object"], each["target"]) == ("customer", "email"))
    wanted[at] = wanted[at] | {"transforms": []}
    client = as_user(owner)
    answer = put(client, wanted, 1)
    assert (answer.status_code, answer.json()["code"]) == (409, "confirm_mismatch")
    assert [each["code"] for each in answer.json()["errors"]] == ["identity_key"]
    assert put(client, wanted, 1, confirmed=True).json()["version"] == 2


def test_a_dry_run_tells_the_difference_and_saves_nothing(
    as_user: SignedIn, owner: Any, connection: Connection, guest: RecordLink
) -> None:
    answer = put(as_user(owner), without(connection, "email"), 1, dry_run=True)
    assert answer.json()["objects"] == ["customer"]
    assert "Customers, E-mail: no longer filled" in answer.json()["differences"]
    assert (answer.json()["impact"]["records"], versions.in_force(connection)) == (1, 1)


def test_any_version_comes_back_and_differences_are_told(as_user: SignedIn, owner: Any, connection: Connection) -> None:
    client = as_user(owner)
    first = in_force(connection)
    put(client, without(connection, "note"), 1)
    back = client.post(f"{PATH}/reset", {"version": 1})
    assert (back.status_code, back.json()["version"], in_force(connection)) == (200, 3, first)
    told = client.get(PATH, {"diff": "2..3"}).json()
    assert any(each.startswith("Customers, Note: filled from Note") for each in told["differences"])
    assert told["history"][0]["reason"] == "Version 1 again"
    assert client.post(f"{PATH}/reset", {"version": 9}).json()["code"] == "not_found"


def test_a_reset_brings_back_what_the_templates_say(as_user: SignedIn, owner: Any, connection: Connection) -> None:
    client = as_user(owner)
    first = in_force(connection)
    put(client, without(connection, "note"), 1)
    assert client.post(f"{PATH}/reset", {}).json()["version"] == 3
    assert sorted(map(str, in_force(connection))) == sorted(map(str, first))


def test_rules_are_tried_on_the_last_records_step_by_step_without_a_write(
    as_user: SignedIn, operator: Any, connection: Connection, guest: RecordLink, openapi: dict[str, Any]
) -> None:
    before = list(Record.objects.values())
    answer = as_user(operator).post(f"{PATH}/test", {"object": "customer", "last": 50})
    told = answer.json()
    assert (told["fine"], told["with_warnings"]) == (0, 1)
    rows = {each["target"]: each for each in told["records"][0]["rows"]}
    assert rows["email"]["steps"] == [
        {"name": "trim", "value": "Mia@Example.com"}, {"name": "lower", "value": "mia@example.com"},
    ]  # fmt: skip
    assert rows["phone"]["warning"] == "“n/a” is not a phone number."
    assert list(Record.objects.values()) == before
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/mappings/test/", "post")


def test_rules_can_be_tried_on_a_sample_before_they_are_saved(
    as_user: SignedIn, operator: Any, connection: Connection
) -> None:
    rule = {"object": "customer", "source": "note", "target": "note", "transforms": [{"name": "upper"}]}
    asked = {"object": "customer", "rules": [rule], "sample": {"note": "vip"}}
    told = as_user(operator).post(f"{PATH}/test", asked).json()
    assert told["records"][0]["rows"][0]["output"] == "VIP"


def test_a_template_is_taken_over_after_its_difference_was_seen(
    as_user: SignedIn, owner: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    client = as_user(owner)
    put(client, without(connection, "note"), 1)
    listed = client.get(f"{PATH}/templates")
    (mine,) = [each for each in listed.json()["templates"] if each["key"] == "square-customer"]
    assert any("Note" in each for each in mine["differences"])
    asked = {"template": "square-customer", "strategy": "fill_empty"}
    assert client.post(f"{PATH}/apply-template", asked | {"dry_run": True}).json()["differences"] == mine["differences"]
    assert client.post(f"{PATH}/apply-template", asked | {"confirmed": True}).json()["version"] == 3
    assert_as_described(openapi, listed, "/api/v1/integrations/{provider}/mappings/templates/", "get")


def test_nothing_of_another_venue_can_be_named(
    as_user: SignedIn, owner: Any, stranger: Any, connection: Connection
) -> None:
    other = ConnectionFactory()
    record = Record.objects.create(venue=other.venue, object_type="customer", fields={}, content_hash="0")
    RecordLink.objects.create(record=record, connection=other, external_type="customer", external_id="X", raw={})
    client = as_user(owner)
    asked = {"object": "customer", "record": str(record.pk)}
    assert client.post(f"{PATH}/test", asked).json()["records"] == []
    assert client.post(f"{PATH}/test", asked | {"direction": "out"}).json()["records"] == []
    assert client.get(PATH, {"venue": other.venue.slug}).status_code == 404
    assert as_user(stranger).get(PATH).json()["code"] in ("not_connected", "not_found")


def test_without_a_schedule_nothing_is_queued(as_user: SignedIn, owner: Any, connection: Connection) -> None:
    put(as_user(owner), without(connection, "note"), 1)
    assert (SyncCursor.objects.count(), SyncJob.objects.count()) == (0, 0)


def test_rules_are_saved_as_a_template_and_taken_over_by_nobody_else(
    as_user: SignedIn, owner: Any, operator: Any, stranger: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    client, asked = as_user(owner), {"object": "customer", "name": "Ours"}
    put(client, without(connection, "note"), 1)
    assert as_user(operator).post(f"{PATH}/templates", asked).status_code == 403
    kept = client.post(f"{PATH}/templates", asked)
    assert (kept.status_code, kept.json()["why"], kept.json()["differences"]) == (201, "You saved it.", [])
    assert client.post(f"{PATH}/templates", asked).json()["code"] == "conflict"
    assert client.post(f"{PATH}/templates", asked | {"object": "account"}).json()["code"] == "validation_failed"
    assert_as_described(openapi, kept, "/api/v1/integrations/{provider}/mappings/templates/", "post")
    key = kept.json()["key"]
    other = ConnectionFactory(venue=Venue.objects.get(slug="elsewhere"))
    versions.install_default(other)
    theirs = as_user(stranger)
    assert key not in {each["key"] for each in theirs.get(f"{PATH}/templates").json()["templates"]}
    taken = theirs.post(f"{PATH}/apply-template", {"template": key, "strategy": "replace"})
    assert (taken.status_code, versions.in_force(other)) == (404, 1)
    client.post(f"{PATH}/reset", {})
    back = client.post(f"{PATH}/apply-template", {"template": key, "strategy": "replace", "confirmed": True})
    assert "note" not in {each["target"] for each in in_force(connection) if each["object"] == "customer"
                          and each["direction"] == "in"}, back.json()  # fmt: skip


def test_saving_tells_what_is_sent_again_and_the_calls_for_it(
    as_user: SignedIn, owner: Any, connection: Connection, guest: RecordLink
) -> None:
    wanted = [each for each in in_force(connection) if (each["object"], each["direction"], each["source"]) !=
              ("customer", "out", "note")]  # fmt: skip
    told = put(as_user(owner), wanted, 1, dry_run=True).json()["impact"]
    assert told == {"records": 1, "sent": 0, "calls": 0, "metered": False}
    SyncCursor.objects.create(
        connection=connection, object_type="customer", direction="out", position={"accepted": {"plan": "x"}}
    )
    told = put(as_user(owner), wanted, 1, dry_run=True).json()["impact"]
    assert told == {"records": 1, "sent": 1, "calls": 1, "metered": False}


def test_a_test_says_what_the_providers_field_does_not_take(
    as_user: SignedIn, operator: Any, connection: Connection, guest: RecordLink
) -> None:
    SchemaWatch.objects.create(
        connection=connection, taken_at="2026-11-01T00:00Z",
        fields={"customer": [{"id": "note", "label": "Note", "type": "text", "writable": True, "longest": 4}]},
    )  # fmt: skip
    Record.objects.update(fields={"note": "a long remark"})
    rule = {"object": "customer", "direction": "out", "source": "note", "target": "note"}
    asked = {"object": "customer", "direction": "out", "rules": [rule]}
    (row,) = as_user(operator).post(f"{PATH}/test", asked).json()["records"][0]["rows"]
    assert row["warning"] == "It has 13 characters, and Note takes 4."
