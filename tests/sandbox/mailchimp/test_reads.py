"""What the reading routes show, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.mailchimp.conftest import Sandbox, hash_of, refusal, wrong_fields


def test_the_root_tells_whose_account_it_is(sandbox: Sandbox) -> None:
    told = sandbox.api.get("").json()
    assert (told["account_id"], told["account_name"], told["role"]) == (
        sandbox.account["id"], "The Lantern Room", "owner",
    )  # fmt: skip
    members = sum(one["stats"]["member_count"] for one in sandbox.api.get("lists").json()["lists"])
    assert told["total_subscribers"] == members > 0


def test_the_first_account_has_two_audiences(sandbox: Sandbox) -> None:
    told = sandbox.api.get("lists", params={"fields": "lists.id,lists.name,total_items"}).json()
    names = [one["name"] for one in told["lists"]]
    assert (names, told["total_items"]) == (["Lantern Room Newsletter", "Press and partners"], 2)
    for shown in told["lists"]:
        assert sandbox.api.get(f"lists/{shown['id']}").json()["name"] == shown["name"]
    assert refusal(sandbox.api.get("lists/0123456789")) == (404, "Resource Not Found")


def test_audiences_are_found_by_a_member_and_by_their_age(sandbox: Sandbox) -> None:
    member = sandbox.somebody()
    found = sandbox.api.get("lists", params={"email": member["email_address"]}).json()["lists"]
    assert sandbox.list_id in {one["id"] for one in found}
    young = sandbox.api.get("lists", params={"since_date_created": "2030-01-01T00:00:00Z"}).json()
    assert (young["lists"], young["total_items"]) == ([], 0)
    one = sandbox.api.get(f"lists/{sandbox.list_id}", params={"include_total_contacts": "true"}).json()
    assert one["stats"]["total_contacts"] == sandbox.page()["total_items"]


def test_the_counts_of_an_audience_agree_with_its_members(sandbox: Sandbox) -> None:
    sandbox.act("change", members=40)
    sandbox.act("delete", members=10, forgotten=5)
    sandbox.act("create", members=3)
    stats = sandbox.api.get(f"lists/{sandbox.list_id}").json()["stats"]
    statuses = [member.get("status") for member in sandbox.truth()]
    for name, status in [("member_count", "subscribed"), ("unsubscribe_count", "unsubscribed")]:
        assert stats[name] == statuses.count(status) == len(sandbox.all(status=status, count=1000))


@pytest.mark.parametrize("status", ["subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived"])
def test_members_are_listed_by_status(sandbox: Sandbox, status: str) -> None:
    wanted = [member["id"] for member in sandbox.truth() if member["status"] == status]
    assert [member["id"] for member in sandbox.all(status=status, count=100)] == wanted
    assert wanted


def test_archived_members_are_hidden_unless_asked_for(sandbox: Sandbox) -> None:
    archived = sandbox.act("delete", members=3)["members"]
    assert not {member["id"] for member in sandbox.all(count=1000)} & set(archived)
    assert set(archived) <= {member["id"] for member in sandbox.all(status="archived", count=1000)}
    assert sandbox.api.get(sandbox.member_path(archived[0])).json()["status"] == "archived"


def test_a_member_is_found_by_hash_address_and_contact_id(sandbox: Sandbox) -> None:
    for member in sandbox.page(count=20, offset=100)["members"]:
        assert member["id"] == hash_of(member["email_address"])
        for address in (member["id"], member["email_address"], member["email_address"].upper(), member["contact_id"]):
            assert sandbox.api.get(sandbox.member_path(address)).json() == member
    for stranger in ("0" * 32, "nobody@example.org", "x", hash_of("nobody@example.org")):
        assert refusal(sandbox.api.get(sandbox.member_path(stranger))) == (404, "Resource Not Found")


def test_the_published_hash_is_ours_too(sandbox: Sandbox) -> None:
    made = sandbox.add("Urist.McVankab@Freddiesjokes.com")
    assert (made["id"], made["email_address"]) == (
        "62eeb292278cc15f5817cb78f7790b08", "Urist.McVankab@Freddiesjokes.com",
    )  # fmt: skip


def test_members_are_the_venues_people_in_both_audiences(sandbox: Sandbox) -> None:
    press = sandbox.api.get(f"lists/{sandbox.account['lists'][1]['id']}/members", params={"count": 20}).json()[
        "members"
    ]
    known = {member["email_address"]: member for member in sandbox.truth()}
    both = [member for member in press if member["email_address"] in known]
    assert both
    for member in both:
        twin = known[member["email_address"]]
        assert member["unique_email_id"] == twin["unique_email_id"]
        assert member["contact_id"] != twin["contact_id"]


def test_merge_values_have_the_form_of_their_type(sandbox: Sandbox) -> None:
    values = [member["merge_fields"] for member in sandbox.truth()]
    assert all(set(one) == {"FNAME", "LNAME", "ADDRESS", "PHONE", "BIRTHDAY", "MEMBERNO"} for one in values)
    addresses = [one["ADDRESS"] for one in values if one["ADDRESS"]]
    assert addresses
    assert all({"addr1", "city", "state", "zip"} <= set(filter(address.get, address)) for address in addresses)
    assert {len(one["BIRTHDAY"]) for one in values} == {0, 5}
    press = sandbox.truth(list_id=sandbox.account["lists"][1]["id"])
    choices = {"Print", "Radio & TV", "Online", "Partner venue"}
    assert {member["merge_fields"]["OUTLET"] for member in press} <= choices


def test_wanted_fields_are_shown_and_others_left_out(sandbox: Sandbox) -> None:
    asked = {"fields": "members.id,members.merge_fields.FNAME,members.tags.name,total_items", "count": 3}
    told = sandbox.page(**asked)
    assert told.keys() == {"members", "total_items"}
    assert all(one.keys() == {"id", "merge_fields", "tags"} for one in told["members"])
    assert all(one["merge_fields"].keys() == {"FNAME"} for one in told["members"])
    without = sandbox.page(exclude_fields="members._links,members.stats,members.location.latitude,list_id", count=1)
    assert without.keys() == {"members", "total_items"}
    member = without["members"][0]
    assert ("stats" in member, "latitude" in member["location"], "longitude" in member["location"]) == (
        False, False, True,
    )  # fmt: skip
    assert sandbox.page(fields="members.id,members", count=1)["members"][0]["status"]


@pytest.mark.parametrize(
    "query",
    [
        {"fields": "members.emial_address"},
        {"exclude_fields": "members.stats.opens"},
        {"since_last_chaged": "2026-01-01T00:00:00+00:00"},
        {"limit": 3},
    ],
)
def test_a_typo_in_a_query_is_a_bad_request(sandbox: Sandbox, query: dict[str, Any]) -> None:
    assert refusal(sandbox.api.get(sandbox.members_path, params=query)) == (400, "Bad Request")


@pytest.mark.parametrize(
    "query",
    [
        {"count": 0},
        {"count": 1001},
        {"count": "ten"},
        {"offset": -1},
        {"status": "gone"},
        {"sort_field": "email_address"},
        {"sort_dir": "asc"},
        {"vip_only": "True"},
        {"since_last_changed": "2026-01-01T00:00:00"},
        {"since_last_changed": "yesterday"},
    ],
)
def test_a_wrong_value_in_a_query_is_named(sandbox: Sandbox, query: dict[str, Any]) -> None:
    assert wrong_fields(sandbox.api.get(sandbox.members_path, params=query)) == list(query)


def test_a_plus_sign_that_became_a_blank_is_refused(sandbox: Sandbox) -> None:
    url = f"{sandbox.api.base_url}{sandbox.members_path}?since_last_changed=2026-01-01T00:00:00+00:00"
    bare = sandbox.stranger.get(url, headers={"Authorization": f"Bearer {sandbox.account['api_key']}"})
    assert wrong_fields(bare) == ["since_last_changed"]


def test_a_parameter_sent_twice_and_an_unwanted_body_are_refused(sandbox: Sandbox) -> None:
    assert refusal(sandbox.api.get(f"{sandbox.members_path}?count=1&count=2")) == (400, "Bad Request")
    assert refusal(sandbox.api.request("GET", "ping", json={"a": 1})) == (400, "Bad Request")


def test_an_unknown_path_and_a_wrong_method_are_told_apart(sandbox: Sandbox) -> None:
    assert refusal(sandbox.api.get("list")) == (404, "Resource Not Found")
    assert refusal(sandbox.api.get("lists/")) == (404, "Resource Not Found")
    assert refusal(sandbox.api.delete("ping")) == (405, "Method Not Allowed")
    assert refusal(sandbox.stranger.get(f"{sandbox.url}/us6/2.0/lists")) == (404, "Resource Not Found")


def test_what_is_not_imitated_says_so(sandbox: Sandbox) -> None:
    asked = {"interest_ids": "a"}
    assert refusal(sandbox.api.get(sandbox.members_path, params=asked)) == (501, "Not Implemented")


def test_tags_show_as_segments_with_their_subscribers(sandbox: Sandbox) -> None:
    base, members = f"lists/{sandbox.list_id}", sandbox.truth()
    segments = sandbox.api.get(f"{base}/segments", params={"count": 100}).json()["segments"]
    assert {one["type"] for one in segments} == {"static"}
    for segment in segments:
        having = [
            one for one in members
            if one["status"] == "subscribed" and segment["id"] in [tag["id"] for tag in one["tags"]]
        ]  # fmt: skip
        assert segment["member_count"] == len(having) > 0
        assert sandbox.api.get(f"{base}/segments/{segment['id']}").json() == segment
    assert refusal(sandbox.api.get(f"{base}/segments/1")) == (404, "Resource Not Found")
    assert sandbox.api.get(f"{base}/tag-search", params={"name": "seas"}).json()["tags"][0]["name"] == "Season ticket"
    assert sandbox.api.get(f"{base}/tag-search").json()["total_items"] == len(segments)
