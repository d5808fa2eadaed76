"""How members are paged through while they change."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from tests.sandbox.mailchimp.conftest import Sandbox

BY_CHANGE = {"sort_field": "last_changed", "sort_dir": "ASC"}


def test_every_member_comes_once_whatever_the_page_size(sandbox: Sandbox) -> None:
    wanted = {member["id"] for member in sandbox.truth() if member["status"] != "archived"}
    for count in (19, 100, 1000):
        found = [member["id"] for member in sandbox.all(count=count, **BY_CHANGE)]
        assert (len(found), set(found)) == (len(wanted), wanted)


def test_an_import_shares_one_second_across_page_borders(sandbox: Sandbox) -> None:
    times = Counter(member["last_changed"] for member in sandbox.truth())
    moment, number = times.most_common(1)[0]
    assert number == 200
    same = sandbox.all(count=30, since_last_changed=moment, before_last_changed=f"{moment[:-6]}.999Z")
    assert {member["last_changed"] for member in same} == {moment}
    archived = sandbox.all(
        count=30, since_last_changed=moment, before_last_changed=f"{moment[:-6]}.999Z", status="archived"
    )
    assert len({member["id"] for member in same + archived}) == number


@pytest.mark.parametrize("status", [None, "subscribed", "archived"])
@pytest.mark.parametrize("field", ["last_changed", "timestamp_opt"])
def test_both_directions_are_mirrors_also_after_writes(sandbox: Sandbox, field: str, status: str | None) -> None:
    sandbox.act("change", members=40)
    sandbox.act("delete", members=20, forgotten=10)
    sandbox.act("create", members=15)
    asked = {"sort_field": field} | ({"status": status} if status else {})
    up = sandbox.all(count=37, sort_dir="ASC", **asked)
    down = sandbox.all(count=41, sort_dir="DESC", **asked)
    assert [member["id"] for member in up] == [member["id"] for member in reversed(down)]
    assert all(one[field] <= other[field] for one, other in pairwise(up))
    wanted = [
        one["id"] for one in sandbox.truth()
        if one.get("status", "gone") == status or (status is None and one.get("status", "archived") != "archived")
    ]  # fmt: skip
    assert sorted(member["id"] for member in up) == sorted(wanted)


def test_a_range_of_changes_counts_its_begin_but_not_its_end(sandbox: Sandbox) -> None:
    changes = sorted({member["last_changed"] for member in sandbox.all(count=1000)})
    begin, end = changes[50], changes[90]
    found = sandbox.all(count=1000, since_last_changed=begin, before_last_changed=end)
    assert {member["last_changed"] for member in found} == set(changes[50:90])
    joined = sorted(member["timestamp_opt"] for member in sandbox.all(count=1000))
    found = sandbox.all(count=1000, since_timestamp_opt=joined[-20], before_timestamp_opt=joined[-3])
    assert {member["timestamp_opt"] for member in found} == set(joined[-20:-3])


def test_a_member_that_changes_moves_to_the_end_and_the_offsets_drift(sandbox: Sandbox) -> None:
    sandbox.advance(60)
    first = sandbox.page(count=50, **BY_CHANGE)["members"]
    expected = sandbox.page(count=50, offset=50, **BY_CHANGE)["members"]
    sandbox.api.patch(sandbox.member_path(first[0]["id"]), json={"language": "fr"})
    drifted = sandbox.page(count=50, offset=50, **BY_CHANGE)["members"]
    assert drifted[:49] == expected[1:]
    assert sandbox.all(count=1000, **BY_CHANGE)[-1]["id"] == first[0]["id"]


def test_a_reader_that_overlaps_by_a_second_misses_nothing(sandbox: Sandbox) -> None:
    known = {member["contact_id"]: member for member in sandbox.all(count=1000, **BY_CHANGE)}
    last = max(member["last_changed"] for member in known.values())
    sandbox.act("change", members=25)
    sandbox.act("create", members=5)
    for member in sandbox.all(count=10, since_last_changed=last, **BY_CHANGE):
        known[member["contact_id"]] = member
    truth = {one["contact_id"]: one for one in sandbox.truth() if one["status"] != "archived"}
    assert known == truth


def test_the_archive_is_read_by_change_too(sandbox: Sandbox) -> None:
    sandbox.advance(60)
    now = sandbox.control.post("clock", json={"freeze": True}).json()["now"]
    archived = sandbox.act("delete", members=4)["members"]
    found = sandbox.all(status="archived", since_last_changed=f"{now[:19]}Z", **BY_CHANGE)
    assert {member["id"] for member in found} == set(archived)


def test_pages_are_cut_to_the_wanted_size(sandbox: Sandbox) -> None:
    assert len(sandbox.page()["members"]) == 10
    sandbox.settings(page_size=3)
    page = sandbox.page(count=50)
    assert (len(page["members"]), page["total_items"] > 500) == (3, True)
    assert sandbox.page(offset=5000)["members"] == []


def test_lists_follow_with_a_lag_and_single_members_at_once(sandbox: Sandbox) -> None:
    sandbox.settings(lag_seconds=30)
    made = sandbox.add("late@example.org")
    assert sandbox.api.get(sandbox.member_path(made["id"])).status_code == 200
    assert made["id"] not in {member["id"] for member in sandbox.all(count=1000)}
    assert made["id"] in {member["id"] for member in sandbox.truth()}
    sandbox.advance(31)
    assert made["id"] in {member["id"] for member in sandbox.all(count=1000)}


def test_an_endless_audience_is_ready_at_once(sandbox: Sandbox) -> None:
    wish = {"name": "Stadium", "sizes": {"members": 20_000_000}, "seed": 3}
    account = sandbox.control.post("mailchimp/accounts", json=wish).json()
    base = f"{sandbox.api.base_url.copy_with(path='/mailchimp/' + account['dc'] + '/3.0')}"
    asked: dict[str, Any] = {"count": 3, "offset": 15_000_000, "sort_field": "last_changed", "sort_dir": "DESC"}
    answer = sandbox.api.get(
        f"{base}/lists/{account['lists'][0]['id']}/members", params=asked, auth=("x", account["api_key"])
    )
    assert (len(answer.json()["members"]), answer.json()["total_items"] > 19_000_000) == (3, True)
