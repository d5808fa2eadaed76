"""The venue's own records over the API."""

from datetime import UTC, datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from connections.models import Connection
from integrations.ids import uuid7
from integrations.models import Venue
from syncing.models import LinkState, Record, RecordLink
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/v1/records/customer"
LIST, ITEM = "/api/v1/records/{object_type}/", "/api/v1/records/{object_type}/{record}/"
ZOE = {"given_name": "Zoë", "family_name": "Hart", "email": "zoe@example.test"}


@pytest.fixture
def client(as_user: SignedIn, operator: Any) -> APIClient:
    return as_user(operator)


def post(client: APIClient, key: str | None = "m-1", **fields: Any) -> Any:
    return client.post(CUSTOMERS, {"key": key, "fields": ZOE | fields})


def linked(connection: Connection, record: str, state: str = LinkState.IN_STEP, **more: Any) -> RecordLink:
    return RecordLink.objects.create(
        record_id=record, connection=connection, external_type="customer", external_id=f"S{record[-6:]}", state=state,
        **more,
    )  # fmt: skip


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [each["key"] for each in answer.json()["results"]]


# --- writing


def test_a_new_record_is_answered_with_where_it_is(client: APIClient, openapi: dict[str, Any]) -> None:
    answer = post(client, email="ZOE@example.test")
    body = answer.json()
    record = Record.objects.get()
    assert answer.status_code == 201
    assert answer["Location"] == f"{CUSTOMERS}/{record.pk}?venue=lantern-room"
    assert datetime.fromisoformat(body.pop("changed_at")) == record.changed_at
    assert body == {
        "id": str(record.pk), "object": "customer", "key": "m-1", "version": 1, "fields": ZOE, "deleted": False,
        "links": [],
    }  # fmt: skip
    assert_as_described(openapi, answer, LIST, "post")
    assert client.get(answer["Location"]).json()["id"] == str(record.pk)


def test_a_known_key_is_changed_or_left_as_it_is(client: APIClient, openapi: dict[str, Any]) -> None:
    post(client)
    changed, same = post(client, note="x"), post(client, note="x")
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert (same.status_code, same.json()["version"], same["ETag"]) == (200, 2, changed["ETag"])
    assert_as_described(openapi, changed, LIST, "post")


def test_what_is_wrong_with_a_record_is_named_by_pointer(client: APIClient) -> None:
    answer = client.post(CUSTOMERS, {"fields": {"email": "nobody", "shoe_size": 38}})
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/fields/email", "/fields/shoe_size"]
    assert not Record.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"fields": ZOE, "colour": "red"}, "/colour"),
        ({"key": "m-1"}, "/fields"),
        ({"key": "", "fields": ZOE}, "/key"),
        ({"fields": []}, "/fields"),
        ({"records": []}, "/records"),
        ({"records": [{"fields": ZOE}] * 1_001}, "/records"),
        ({"records": [{"fields": ZOE}], "fields": ZOE}, "/fields"),
    ],
)
def test_a_body_of_another_shape_is_refused(client: APIClient, body: dict[str, Any], pointer: str) -> None:
    answer = client.post(CUSTOMERS, body)
    assert answer.status_code == 400
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert not Record.objects.exists()


def test_several_are_answered_one_by_one_and_never_fail_as_a_whole(client: APIClient, openapi: dict[str, Any]) -> None:
    post(client)
    sent = [
        {"key": "m-1", "fields": {"note": "x"}},
        {"key": "m-2", "fields": {"email": "nobody"}},
        {"key": "m-1", "fields": ZOE},
        {"key": "m-3", "fields": ZOE, "colour": "red"},
        "m-4",
        {"fields": ZOE},
        {"key": "m-5"},
    ]
    answer = client.post(CUSTOMERS, {"records": sent})
    body = answer.json()
    assert answer.status_code == 200
    assert body["counts"] == {"created": 1, "updated": 1, "unchanged": 0, "refused": 5}
    assert [(each["outcome"], each["key"], each["version"]) for each in body["results"]] == [
        ("updated", "m-1", 2), ("refused", "m-2", None), ("refused", None, None), ("refused", None, None),
        ("refused", None, None), ("created", None, 1), ("refused", "m-5", None),
    ]  # fmt: skip
    assert [[fault["pointer"] for fault in each["errors"]] for each in body["results"]] == [
        [], ["/fields/email"], ["/key"], ["/colour"], ["/"], [], ["/fields"],
    ]  # fmt: skip
    assert_as_described(openapi, answer, LIST, "post")


def test_a_thousand_take_few_queries(client: APIClient, django_assert_max_num_queries: Any) -> None:
    sent = [{"key": f"m-{number}", "fields": ZOE} for number in range(1_000)]
    with django_assert_max_num_queries(14):  # the last one is for the audit
        assert client.post(CUSTOMERS, {"records": sent}).json()["counts"]["created"] == 1_000


# --- one record


def test_a_record_tells_how_it_stands_at_what_is_connected(
    client: APIClient, venue: Venue, connection: Connection, openapi: dict[str, Any]
) -> None:
    record = post(client).json()["id"]
    ended = ConnectionFactory(venue=venue, provider="stripe", status="disconnected")
    linked(ended, record)
    problem = {"class": "invalid_value", "code": "", "field": "email", "sentence": "Square did not accept it.",
               "since": "2026-11-20T10:12:00+00:00"}  # fmt: skip
    link = linked(connection, record, LinkState.FAILING, problem=problem)
    answer = client.get(f"{CUSTOMERS}/{record}")
    assert answer.json()["links"] == [
        {"provider": "square", "external_id": link.external_id, "state": "failing", "state_label": "Failing",
         "problem": problem}
    ]  # fmt: skip
    assert_as_described(openapi, answer, ITEM, "get")


def test_a_counterpart_that_the_provider_has_not_named_yet_has_no_id(
    client: APIClient, connection: Connection, openapi: dict[str, Any]
) -> None:
    link = linked(connection, post(client).json()["id"], LinkState.WAITING)
    RecordLink.objects.filter(pk=link.pk).update(external_id=f"new:{link.record_id}")
    answer = client.get(f"{CUSTOMERS}/{link.record_id}")
    assert [(each["external_id"], each["state"]) for each in answer.json()["links"]] == [(None, "waiting")]
    assert_as_described(openapi, answer, ITEM, "get")


def test_what_is_known_already_is_not_sent_again(client: APIClient, connection: Connection) -> None:
    address = f"{CUSTOMERS}/{post(client).json()['id']}"
    known = client.get(address)["ETag"]
    assert client.get(address, headers={"If-None-Match": known}).status_code == 304
    linked(connection, str(Record.objects.get().pk))
    assert client.get(address, headers={"If-None-Match": known}).status_code == 200


def test_the_list_is_not_sent_again_while_nothing_changed(client: APIClient) -> None:
    post(client)
    known = client.get(CUSTOMERS)["ETag"]
    assert client.get(CUSTOMERS, headers={"If-None-Match": f'"other", W/{known}'}).status_code == 304
    post(client, note="x")
    assert client.get(CUSTOMERS, headers={"If-None-Match": known}).status_code == 200


def test_a_change_leaves_what_it_does_not_name(client: APIClient, openapi: dict[str, Any]) -> None:
    address = f"{CUSTOMERS}/{post(client, note='x').json()['id']}"
    answer = client.patch(address, {"fields": {"note": None, "company": "The Anchor"}})
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert answer.json()["fields"] == ZOE | {"company": "The Anchor"}
    assert_as_described(openapi, answer, ITEM, "patch")


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_only_the_version_that_was_read_is_changed_or_deleted(client: APIClient, method: str) -> None:
    first = post(client)
    address = f"{CUSTOMERS}/{first.json()['id']}"
    post(client, note="x")
    body = {"fields": {"note": "y"}} if method == "patch" else None
    stale = getattr(client, method)(address, body, headers={"If-Match": first["ETag"]})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert "version 2" in stale.json()["detail"]
    assert Record.objects.get().version == 2
    fresh = client.get(address)["ETag"]
    assert getattr(client, method)(address, body, headers={"If-Match": fresh}).json()["version"] == 3


@pytest.mark.parametrize(("named", "status"), [('"1"', 200), ("*", 200), ('"2"', 412), ("1", 400), ("newest", 400)])
def test_if_match_takes_a_version_or_an_etag(client: APIClient, named: str, status: int) -> None:
    address = f"{CUSTOMERS}/{post(client).json()['id']}"
    answer = client.patch(address, {"fields": {"note": "x"}}, headers={"If-Match": named})
    assert answer.status_code == status


def test_a_change_that_is_not_right_changes_nothing(client: APIClient) -> None:
    address = f"{CUSTOMERS}/{post(client).json()['id']}"
    answer = client.patch(address, {"fields": {"email": "nobody"}})
    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (400, ["/fields/email"])
    assert client.patch(address, {"fields": {}, "key": "m-2"}).json()["errors"][0]["pointer"] == "/key"
    assert Record.objects.get().version == 1


def test_a_deleted_record_is_told_as_such_and_cannot_be_changed(client: APIClient, openapi: dict[str, Any]) -> None:
    address = f"{CUSTOMERS}/{post(client).json()['id']}"
    deleted = client.delete(address)
    assert (deleted.status_code, deleted.json()["deleted"], deleted.json()["version"]) == (200, True, 2)
    assert_as_described(openapi, deleted, ITEM, "delete")
    assert client.delete(address).json()["version"] == 2
    assert client.get(address).json()["deleted"] is True
    answer = client.patch(address, {"fields": {"note": "x"}})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert post(client).json()["deleted"] is False


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_a_record_of_another_venue_or_object_is_not_found(
    client: APIClient, as_user: SignedIn, stranger: Any, method: str
) -> None:
    record = post(client).json()["id"]
    body = {"fields": {"note": "x"}} if method == "patch" else None
    for caller, address in (
        (as_user(stranger), f"{CUSTOMERS}/{record}"),
        (client, f"/api/v1/records/product/{record}"),
        (client, f"{CUSTOMERS}/{uuid7()}"),
        (client, f"{CUSTOMERS}/17"),
        (client, f"/api/v1/records/payment/{record}"),
    ):
        answer = getattr(caller, method)(address, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Record.objects.get().version == 1


# --- the list


def test_the_list_comes_in_pages_the_newest_first(client: APIClient, openapi: dict[str, Any]) -> None:
    for number in range(5):
        post(client, f"m-{number}")
    first = client.get(CUSTOMERS, {"limit": 2})
    second = client.get(first.json()["next"])
    assert names(first) == ["m-4", "m-3"]
    assert names(second) == ["m-2", "m-1"]
    assert names(client.get(second.json()["previous"])) == names(first)
    assert_as_described(openapi, first, LIST, "get")


def test_a_record_is_told_the_same_in_a_list_and_alone(client: APIClient, connection: Connection) -> None:
    """The list is made of plain rows, the record of a model."""
    made = post(client).json()
    problem = {"class": "invalid_value", "code": "X", "field": "email", "sentence": "Refused.", "since": None}
    linked(connection, made["id"], LinkState.FAILING, problem=problem)
    linked(ConnectionFactory(venue=connection.venue, provider="mailchimp"), made["id"])
    alone = client.get(f"{CUSTOMERS}/{made['id']}").json()
    assert [each["provider"] for each in alone["links"]] == ["mailchimp", "square"]
    assert client.get(CUSTOMERS).json()["results"] == [alone]


def test_a_list_takes_four_queries_however_long(
    client: APIClient, connection: Connection, django_assert_num_queries: Any
) -> None:
    for number in range(30):
        linked(connection, post(client, f"m-{number}").json()["id"])
    with django_assert_num_queries(5):  # session, person, membership, records, links
        assert len(client.get(CUSTOMERS, {"state": "in_step", "q": "zoe"}).json()["results"]) == 30


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "tom"}, ["tom"]),
        ({"q": "Zoë har"}, ["zoe"]),
        ({"q": "zoe"}, ["zoe"]),
        ({"q": "zoe nobody"}, []),
        ({"q": "\x00"}, None),
        ({"key": "tom"}, ["tom"]),
        ({"email": " TOM@example.test"}, ["tom"]),
        ({"state": "failing"}, ["zoe"]),
        ({"state": "in_step"}, ["tom"]),
        ({"provider": "square"}, ["tom", "zoe"]),
        ({"provider": "stripe"}, ["tom"]),
        ({"provider": "stripe", "state": "in_step"}, []),
        ({"changed_since": "2026-11-01T00:00:00Z"}, ["new", "tom"]),
        ({"deleted": "true"}, ["gone"]),
        ({"deleted": "any"}, ["gone", "new", "tom", "zoe"]),
        ({}, ["new", "tom", "zoe"]),
    ],
)
def test_the_list_can_be_narrowed(
    client: APIClient, venue: Venue, connection: Connection, asked: dict[str, str], found: list[str] | None
) -> None:
    stripe = ConnectionFactory(venue=venue, provider="stripe", account_id="acct_1")
    zoe, tom = post(client, "zoe").json()["id"], post(client, "tom", given_name="Tom", email="tom@example.test")
    linked(connection, zoe, LinkState.FAILING)
    linked(connection, tom.json()["id"])
    linked(stripe, tom.json()["id"], LinkState.WAITING)
    post(client, "new", given_name="Nell", email=None)
    client.delete(f"{CUSTOMERS}/{post(client, 'gone', given_name='Ada', email='ada@x.test').json()['id']}")
    Record.objects.update(changed_at=datetime(2026, 11, 10, tzinfo=UTC))
    Record.objects.filter(external_key__in=["zoe", "gone"]).update(changed_at=datetime(2026, 10, 10, tzinfo=UTC))
    answer = client.get(CUSTOMERS, asked)
    if found is None:
        assert answer.status_code in (200, 400)
    else:
        assert sorted(names(answer)) == found


@pytest.mark.parametrize(
    "asked", [{"state": "broken"}, {"provider": "paypal"}, {"deleted": "maybe"}, {"changed_since": "yesterday"}]
)
def test_a_filter_that_is_not_known_is_refused(client: APIClient, asked: dict[str, str]) -> None:
    answer = client.get(CUSTOMERS, asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


def test_a_viewer_reads_and_writes_nothing(as_user: SignedIn, viewer: Any, client: APIClient) -> None:
    address = f"{CUSTOMERS}/{post(client).json()['id']}"
    reader = as_user(viewer)
    assert reader.get(CUSTOMERS).status_code == reader.get(address).status_code == 200
    for answer in (
        reader.post(CUSTOMERS, {"fields": ZOE}),
        reader.patch(address, {"fields": {"note": "x"}}),
        reader.delete(address),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert Record.objects.get().version == 1
