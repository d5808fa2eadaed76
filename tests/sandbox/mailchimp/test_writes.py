"""How members are written, and what is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.mailchimp.conftest import Sandbox, hash_of, refusal, wrong_fields

EMAIL = "Ottoline@Example.net"


def put(sandbox: Sandbox, email: str, **wishes: Any) -> httpx.Response:
    return sandbox.api.put(sandbox.member_path(hash_of(email)), json={"email_address": email, **wishes})


def patch(sandbox: Sandbox, address: str, **wishes: Any) -> httpx.Response:
    return sandbox.api.patch(sandbox.member_path(address), json=wishes)


def test_put_adds_whom_the_audience_does_not_have(sandbox: Sandbox) -> None:
    values = {"FNAME": "Ottoline", "LNAME": "Žáček 🎭", "MEMBERNO": 77}
    made = put(sandbox, EMAIL, status_if_new="transactional", merge_fields=values, vip=True).json()
    assert (made["id"], made["status"], made["vip"], made["source"]) == (
        hash_of(EMAIL), "transactional", True, "API - Generic",
    )  # fmt: skip
    assert (made["full_name"], made["merge_fields"]["MEMBERNO"]) == ("Ottoline Žáček 🎭", 77)
    assert made in sandbox.truth()


def test_put_needs_to_know_the_status_of_a_new_member(sandbox: Sandbox) -> None:
    assert wrong_fields(put(sandbox, EMAIL)) == ["status_if_new"]
    assert wrong_fields(put(sandbox, EMAIL, status="subscribed")) == ["status_if_new"]
    assert len(sandbox.truth()) == 600


def test_put_changes_whom_the_audience_has(sandbox: Sandbox) -> None:
    known = sandbox.somebody()
    changed = put(sandbox, known["email_address"], status_if_new="pending", language="fr").json()
    assert (changed["status"], changed["language"], changed["contact_id"]) == (
        known["status"], "fr", known["contact_id"],
    )  # fmt: skip


def test_put_at_a_foreign_hash_is_refused(sandbox: Sandbox) -> None:
    body = {"email_address": EMAIL, "status_if_new": "pending"}
    path = sandbox.member_path(hash_of("somebody.else@example.net"))
    assert wrong_fields(sandbox.api.put(path, json=body)) == ["email_address"]
    assert sandbox.api.put(sandbox.member_path(EMAIL), json=body).status_code == 200


def test_a_write_that_changes_nothing_leaves_no_trace(sandbox: Sandbox) -> None:
    known = sandbox.somebody()
    sandbox.advance(100)
    same = {"status": known["status"], "merge_fields": {"LNAME": known["merge_fields"]["LNAME"]}}
    assert patch(sandbox, known["id"], **same).json() == known
    assert patch(sandbox, known["id"], merge_fields={"LNAME": "Other"}).json()["last_changed"] > known["last_changed"]


def test_patch_keeps_what_is_not_sent(sandbox: Sandbox) -> None:
    known = sandbox.somebody()
    changed = patch(sandbox, known["contact_id"], merge_fields={"PHONE": "+447700900123"}).json()
    expected = known["merge_fields"] | {"PHONE": "+447700900123"}
    assert changed == known | {"merge_fields": expected, "last_changed": changed["last_changed"]}
    assert refusal(patch(sandbox, "0" * 32, vip=True)) == (404, "Resource Not Found")


def test_a_new_address_is_a_new_hash_for_the_same_contact(sandbox: Sandbox) -> None:
    known = sandbox.somebody()
    moved = patch(sandbox, known["id"], email_address=EMAIL).json()
    assert (moved["id"], moved["contact_id"]) == (hash_of(EMAIL), known["contact_id"])
    assert refusal(sandbox.api.get(sandbox.member_path(known["id"]))) == (404, "Resource Not Found")
    assert len(sandbox.truth()) == 600
    again = sandbox.add(known["email_address"])
    assert again["contact_id"] != known["contact_id"]
    assert refusal(patch(sandbox, again["id"], email_address=EMAIL)) == (400, "Member Exists")


def test_post_adds_once(sandbox: Sandbox) -> None:
    made = sandbox.add(EMAIL, tags=["Jazz", "Brand new"], timestamp_opt="2025-05-01T10:00:00+00:00")
    assert [tag["name"] for tag in made["tags"]] == ["Jazz", "Brand new"]
    assert made["timestamp_opt"] == "2025-05-01T10:00:00+00:00"
    again = sandbox.api.post(sandbox.members_path, json={"email_address": EMAIL.lower(), "status": "subscribed"})
    assert refusal(again) == (400, "Member Exists")


def test_delete_archives_and_a_new_post_brings_back(sandbox: Sandbox) -> None:
    known = sandbox.somebody()
    gone = sandbox.api.delete(sandbox.member_path(known["id"]))
    assert (gone.status_code, gone.content) == (204, b"")
    assert refusal(sandbox.api.delete(sandbox.member_path(known["id"]))) == (405, "Method Not Allowed")
    back = sandbox.add(known["email_address"])
    assert (back["status"], back["contact_id"]) == ("subscribed", known["contact_id"])


def test_a_forgotten_address_never_comes_back(sandbox: Sandbox) -> None:
    known, other = sandbox.page(status="subscribed")["members"][:2]
    path = sandbox.member_path(known["id"])
    assert sandbox.api.post(f"{path}/actions/delete-permanent").status_code == 204
    expected = (400, "Forgotten Email Not Subscribed")
    body = {"email_address": known["email_address"], "status": "subscribed", "status_if_new": "subscribed"}
    assert refusal(sandbox.api.put(path, json=body)) == expected
    body.pop("status_if_new")
    assert refusal(sandbox.api.post(sandbox.members_path, json=body)) == expected
    assert refusal(patch(sandbox, other["id"], email_address=known["email_address"])) == expected
    assert refusal(sandbox.api.get(path)) == (404, "Resource Not Found")
    tombstone = {"id": known["id"], "contact_id": known["contact_id"], "list_id": sandbox.list_id, "is_deleted": True}
    assert tombstone in sandbox.truth()


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned"])
def test_who_left_cannot_be_subscribed_by_the_api(sandbox: Sandbox, status: str) -> None:
    gone = sandbox.somebody(status)
    expected = (400, "Member In Compliance State")
    assert refusal(patch(sandbox, gone["id"], status="subscribed")) == expected
    body = {"status": "subscribed", "status_if_new": "subscribed"}
    assert refusal(put(sandbox, gone["email_address"], **body)) == expected
    asked = patch(sandbox, gone["id"], status="pending").json()
    assert (asked["status"], "unsubscribe_reason" in asked) == ("pending", False)


def test_an_unsubscribed_member_has_a_reason(sandbox: Sandbox) -> None:
    known = sandbox.somebody()
    left = patch(sandbox, known["id"], status="unsubscribed").json()
    assert left["unsubscribe_reason"]
    assert left["consents_to_one_to_one_messaging"] is False


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"status": "subscribed"}, [""]),
        ({"email_address": "a@b.example"}, [""]),
        ({"email_address": "not an address", "status": "subscribed"}, ["email_address"]),
        ({"email_address": "a@b.example", "status": "archived"}, ["status"]),
        ({"email_address": "a@b.example", "status": "subscribed", "emial": "x"}, ["emial"]),
        ({"email_address": "a@b.example", "status": "subscribed", "vip": "yes", "language": 3}, ["language", "vip"]),
        ({"email_address": "a@b.example", "status": "subscribed", "location": {"lat": 1}}, ["location.lat"]),
        ({"email_address": "a@b.example", "status": "subscribed", "interests": {"a1": True}}, ["interests"]),
        ({"email_address": "a@b.example", "status": "subscribed", "merge_fields": {"FNAM": "A"}}, ["FNAM"]),
        ({"email_address": "a@b.example", "status": "subscribed", "timestamp_opt": "now"}, ["timestamp_opt"]),
        (["a@b.example"], [""]),
    ],
)
def test_every_wrong_field_is_named(sandbox: Sandbox, body: Any, fields: list[str]) -> None:
    assert wrong_fields(sandbox.api.post(sandbox.members_path, json=body)) == fields
    assert len(sandbox.truth()) == 600


def test_bodies_are_json_and_nothing_else(sandbox: Sandbox) -> None:
    form = sandbox.api.post(sandbox.members_path, data={"email_address": EMAIL})
    assert refusal(form) == (415, "Unsupported Media Type")
    half = sandbox.api.post(sandbox.members_path, content=b'{"email', headers={"Content-Type": "application/json"})
    assert refusal(half) == (400, "JSON Parse Error")


def test_tags_are_given_and_taken_without_an_answer(sandbox: Sandbox) -> None:
    known, path = sandbox.somebody(), ""
    path = f"{sandbox.member_path(known['id'])}/tags"
    wishes = [{"name": name, "status": "inactive"} for name in ("Jazz", "Press")]
    wishes.append({"name": "From the door", "status": "active"})
    answer = sandbox.api.post(path, json={"tags": wishes, "is_syncing": True})
    assert (answer.status_code, answer.content) == (204, b"")
    names = {tag["name"] for tag in sandbox.api.get(path).json()["tags"]}
    assert names == {tag["name"] for tag in known["tags"]} - {"Jazz", "Press"} | {"From the door"}
    assert "From the door" in {tag["name"] for tag in sandbox.truth("tags")}
    assert sandbox.api.get(sandbox.member_path(known["id"])).json()["last_changed"] > known["last_changed"]
    assert wrong_fields(sandbox.api.post(path, json={"tags": [{"name": "x", "status": "on"}]})) == ["tags.0.status"]


def test_tags_may_be_no_change_of_the_member(sandbox: Sandbox) -> None:
    sandbox.settings(tags_touch_members=False)
    known = sandbox.somebody()
    path = f"{sandbox.member_path(known['id'])}/tags"
    sandbox.api.post(path, json={"tags": [{"name": "Quiet", "status": "active"}]})
    now = sandbox.api.get(sandbox.member_path(known["id"])).json()
    assert (now["last_changed"], now["tags"][-1]["name"]) == (known["last_changed"], "Quiet")


def test_many_members_are_written_each_for_itself(sandbox: Sandbox) -> None:
    known, gone = sandbox.somebody(), sandbox.somebody("unsubscribed")
    members = [
        {"email_address": EMAIL, "status": "pending", "tags": ["Jazz"]},
        {"email_address": known["email_address"], "merge_fields": {"LNAME": "Anew"}, "tags": ["Only this"]},
        {"email_address": gone["email_address"], "status": "subscribed"},
        {"email_address": "nonsense", "status": "subscribed"},
        {"email_address": "b@example.net", "status": "subscribed", "merge_fields": {"BIRTHDAY": "31/12"}},
        {"email_address": EMAIL, "status": "subscribed"},
    ]
    body = {"members": members, "update_existing": True, "sync_tags": True}
    told = sandbox.api.post(f"lists/{sandbox.list_id}", json=body).json()
    assert (told["total_created"], told["total_updated"], told["error_count"]) == (1, 1, 4)
    assert [one["email_address"] for one in told["new_members"]] == [EMAIL]
    updated = told["updated_members"][0]
    assert (updated["merge_fields"]["LNAME"], [tag["name"] for tag in updated["tags"]]) == ("Anew", ["Only this"])
    assert [(one["error_code"], one["field"]) for one in told["errors"]] == [
        ("ERROR_GENERIC", ""), ("ERROR_GENERIC", "email_address"), ("ERROR_GENERIC", "BIRTHDAY"), ("ERROR_GENERIC", ""),
    ]  # fmt: skip


def test_many_members_are_not_changed_unless_wanted_and_never_too_many(sandbox: Sandbox) -> None:
    path, known = f"lists/{sandbox.list_id}", sandbox.somebody()
    body = {"members": [{"email_address": known["email_address"], "status": "subscribed"}]}
    told = sandbox.api.post(path, json=body).json()
    assert [one["error_code"] for one in told["errors"]] == ["ERROR_CONTACT_EXISTS"]
    many = [{"email_address": f"m{number}@example.net", "status": "pending"} for number in range(501)]
    assert wrong_fields(sandbox.api.post(path, json={"members": many})) == ["members"]
    assert sandbox.api.post(path, json={"members": many[:500]}).json()["total_created"] == 500
