"""How the double is steered, and what it holds for true."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.mailchimp.conftest import Sandbox


def test_the_truth_is_what_the_lists_serve(sandbox: Sandbox) -> None:
    sandbox.act("change", members=30)
    sandbox.act("delete", members=5, forgotten=4)
    sandbox.act("create", members=6)
    live = {one["contact_id"]: one for one in sandbox.truth() if "is_deleted" not in one}
    served = sandbox.all(count=1000) + sandbox.all(count=1000, status="archived")
    assert {one["contact_id"]: one for one in served} == live
    assert sandbox.truth("tags") == sandbox.api.get(f"lists/{sandbox.list_id}/tag-search").json()["tags"]
    assert sandbox.truth("lists") == [sandbox.api.get(f"lists/{sandbox.list_id}").json()]


def test_counts_agree_with_the_truth(sandbox: Sandbox) -> None:
    before = sandbox.control.get(f"mailchimp/{sandbox.account['id']}/counts").json()
    assert before["members"] | {"archived": 0} == {"live": 620, "archived": 0, "deleted": 0}
    sandbox.act("delete", members=5, forgotten=4)
    sandbox.act("create", members=6)
    counts = sandbox.control.get(f"mailchimp/{sandbox.account['id']}/counts", params={"list": sandbox.list_id}).json()
    archived = [one for one in sandbox.truth() if one.get("status") == "archived"]
    assert counts["members"] == {"live": 602, "archived": len(archived), "deleted": 4}
    assert (counts["lists"], counts["merge_fields"]) == ({"live": 1, "deleted": 0}, {"live": 6, "deleted": 0})


@pytest.mark.parametrize("what", ["name", "phone", "email", "address", "own", "vip", "status", "tags"])
def test_a_change_is_seen_by_who_reads_by_change(sandbox: Sandbox, what: str) -> None:
    before = {one["contact_id"]: one for one in sandbox.truth()}
    sandbox.advance(60)
    changed = sandbox.act("change", members=3, what=what)["members"]
    known = [one for one in sandbox.truth() if one["id"] in changed]
    since = min(one["last_changed"] for one in known)
    seen = sandbox.all(since_last_changed=since, sort_field="last_changed", sort_dir="ASC")
    assert {one["id"] for one in seen} == set(changed)
    assert len(known) == 3
    for one in known:
        old = before[one["contact_id"]]
        assert {**old, "last_changed": ""} != {**one, "last_changed": ""}
        assert one["last_changed"] > old["last_changed"]


def test_the_same_seed_makes_the_same_changes(sandbox: Sandbox) -> None:
    first = sandbox.act("change", members=4, seed=11, what="name")
    sandbox.control.post("reset", json={"seed": 7, "sizes": {"mailchimp": {"members": 600, "press": 20}}})
    assert sandbox.act("change", members=4, seed=11, what="name") == first


def test_the_second_audience_is_edited_by_name(sandbox: Sandbox) -> None:
    press = sandbox.account["lists"][1]["id"]
    changed = sandbox.act("change", members=2, list=press, what="own")["members"]
    assert {one["id"] for one in sandbox.truth(list_id=press)} >= set(changed)


def test_an_account_is_added_with_a_key_of_its_own(sandbox: Sandbox) -> None:
    wish = {"name": "Night Market", "dc": "us3", "sizes": {"members": 12, "press": 3}, "press": "Friends"}
    made = sandbox.control.post("mailchimp/accounts", json=wish).json()
    assert (made["account_id"], made["dc"], [one["members"] for one in made["lists"]]) == (made["id"], "us3", [12, 3])
    base = str(sandbox.api.base_url).replace("us6", "us3")
    assert sandbox.api.get(f"{base}lists", auth=("x", made["api_key"])).json()["total_items"] == 2


def test_settings_come_back_whole_and_end_with_a_reset(sandbox: Sandbox) -> None:
    changed = sandbox.control.post("mailchimp/settings", json={"page_size": 5, "blank_403": True}).json()
    assert (changed["page_size"], changed["blank_403"], changed["connections"]) == (5, True, 10)
    state = sandbox.control.post("reset", json={}).json()
    assert (state["mailchimp"]["settings"]["page_size"], state["mailchimp"]["client_id"]) == (None, "418612345678")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("mailchimp/settings", {"page_sise": 3}),
        ("mailchimp/settings", {"page_size": 0}),
        ("mailchimp/settings", {"page_size": 2.5}),
        ("mailchimp/settings", {"blank_403": 1}),
        ("mailchimp/settings", {"latency_ms": None}),
        ("mailchimp/settings", {"metadata_dc": 6}),
        ("mailchimp/accounts", {"nom": "x"}),
        ("mailchimp/accounts", {"name": "x", "currency": "XXX"}),
        ("mailchimp/accounts", {"name": "x", "dc": "Us-6"}),
        ("mailchimp/accounts", {"name": "x", "sizes": {"customers": 3}}),
        ("mailchimp/nobody/change", {"members": 1}),
        ("mailchimp/{account}/change", {"customers": 1}),
        ("mailchimp/{account}/change", {"members": 1, "what": "mood"}),
        ("mailchimp/{account}/change", {"members": 1, "list": "x"}),
        ("mailchimp/{account}/create", {"members": -1}),
        ("mailchimp/{account}/delete", {}),
        ("mailchimp/{account}/deliver", {"type": "opened", "id": "x"}),
        ("mailchimp/{account}/deliver", {"type": "profile", "id": "x"}),
        ("mailchimp/redirect-uris", {"uri": "here"}),
        ("reset", {"sizes": {"mailchimp": {"customers": 4}}}),
    ],
)
def test_an_unclear_wish_is_answered_with_a_sentence(sandbox: Sandbox, path: str, body: dict[str, Any]) -> None:
    answer = sandbox.control.post(path.format(account=sandbox.account["id"]), json=body)
    assert (answer.status_code, len(answer.json()["error"]) > 15) == (400, True)
