"""How merge fields are made, changed and removed, and which values they take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.mailchimp.conftest import Sandbox, refusal, wrong_fields


def path(sandbox: Sandbox, merge_id: int | None = None) -> str:
    return f"lists/{sandbox.list_id}/merge-fields" + ("" if merge_id is None else f"/{merge_id}")


def make(sandbox: Sandbox, **wishes: Any) -> dict[str, Any]:
    answer = sandbox.api.post(path(sandbox), json={"name": "Seat", "type": "text", **wishes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def add(sandbox: Sandbox, values: dict[str, Any], **query: str) -> Any:
    body = {"email_address": "o@example.net", "status": "subscribed", "merge_fields": values}
    return sandbox.api.post(sandbox.members_path, json=body, params=query)


def test_the_fields_of_both_audiences_are_listed(sandbox: Sandbox) -> None:
    told = sandbox.api.get(path(sandbox), params={"count": 100}).json()
    kinds = {field["tag"]: field["type"] for field in told["merge_fields"]}
    assert kinds == {
        "FNAME": "text", "LNAME": "text", "ADDRESS": "address", "PHONE": "phone", "BIRTHDAY": "birthday",
        "MEMBERNO": "number",
    }  # fmt: skip
    assert told["merge_fields"] == sandbox.truth("merge_fields")
    press = sandbox.api.get(f"lists/{sandbox.account['lists'][1]['id']}/merge-fields", params={"type": "dropdown"})
    assert [field["tag"] for field in press.json()["merge_fields"]] == ["OUTLET"]


def test_a_new_field_shows_its_default_at_every_member(sandbox: Sandbox) -> None:
    made = make(sandbox, tag="SEAT", default_value="Stalls")
    assert sandbox.api.get(path(sandbox, made["merge_id"])).json() == made
    assert {member["merge_fields"]["SEAT"] for member in sandbox.page(count=20)["members"]} == {"Stalls"}


def test_a_renamed_field_keeps_its_values_and_a_deleted_one_is_gone(sandbox: Sandbox) -> None:
    before = sandbox.page(count=20)["members"]
    renamed = sandbox.api.patch(path(sandbox, 1), json={"name": "Given name", "tag": "GIVEN"}).json()
    assert (renamed["tag"], renamed["type"]) == ("GIVEN", "text")
    assert sandbox.api.delete(path(sandbox, 2)).status_code == 204
    for old, new in zip(before, sandbox.page(count=20)["members"], strict=True):
        assert new["merge_fields"]["GIVEN"] == old["merge_fields"]["FNAME"]
        assert not {"FNAME", "LNAME"} & set(new["merge_fields"])
    assert refusal(sandbox.api.get(path(sandbox, 2))) == (404, "Resource Not Found")
    assert {"id": 2, "merge_id": 2, "list_id": sandbox.list_id, "is_deleted": True} in sandbox.truth("merge_fields")


def test_a_field_without_a_tag_gets_one(sandbox: Sandbox) -> None:
    assert make(sandbox)["tag"] == "MMERGE7"


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({"name": "Seat"}, ""),
        ({"name": "Seat", "type": "colour"}, "type"),
        ({"name": "Seat", "type": "text", "tag": "seat"}, "tag"),
        ({"name": "Seat", "type": "text", "tag": "TOOLONGATAG"}, "tag"),
        ({"name": "Seat", "type": "text", "tag": "FNAME"}, "tag"),
        ({"name": "Seat", "type": "text", "tag": "EMAIL"}, "tag"),
        ({"name": "Seat", "type": "dropdown"}, "options.choices"),
        ({"name": "Seat", "type": "text", "options": {"choices": ["a"]}}, "options.choices"),
        ({"name": "Seat", "type": "text", "options": {"colour": "red"}}, "options.colour"),
        ({"name": "", "type": "text"}, "name"),
    ],
)
def test_a_wrong_field_is_refused(sandbox: Sandbox, wishes: dict[str, Any], field: str) -> None:
    assert wrong_fields(sandbox.api.post(path(sandbox), json=wishes)) == [field]


def test_the_type_of_a_field_is_fixed_and_there_are_thirty_at_most(sandbox: Sandbox) -> None:
    assert wrong_fields(sandbox.api.patch(path(sandbox, 1), json={"name": "x", "type": "number"})) == ["type"]
    for _ in range(24):
        make(sandbox)
    assert refusal(sandbox.api.post(path(sandbox), json={"name": "x", "type": "text"})) == (400, "Bad Request")


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("FNAME", 3),
        ("FNAME", "x" * 256),
        ("ADDRESS", "17 Lower Marsh, London"),
        ("ADDRESS", {"addr1": "17 Lower Marsh", "city": "London", "zip": "SE1 7RG"}),
        ("ADDRESS", {"street": "17 Lower Marsh"}),
        ("BIRTHDAY", "1990-05-17"),
        ("BIRTHDAY", "13/01"),
        ("MEMBERNO", "many"),
        ("MEMBERNO", True),
        ("PHONE", None),
        ("SEAT", "Balcony "),
        ("SINCE", "17.05.2020"),
        ("SITE", "example.net"),
        ("ZIP", "SE1 7RG"),
    ],
)
def test_a_value_must_fit_the_type(sandbox: Sandbox, tag: str, value: Any) -> None:
    make(sandbox, tag="SEAT", type="radio", options={"choices": ["Balcony", "Stalls"]})
    for name, kind in [("SINCE", "date"), ("SITE", "url"), ("ZIP", "zip")]:
        make(sandbox, tag=name, type=kind)
    assert wrong_fields(add(sandbox, {tag: value})) == [tag]


def test_good_values_are_kept(sandbox: Sandbox) -> None:
    make(sandbox, tag="SEAT", type="radio", options={"choices": ["Balcony", "Stalls"]})
    address = {"addr1": "17 Lower Marsh", "city": "London", "state": "London", "zip": "SE1 7RG", "country": "GB"}
    values = {"SEAT": "Balcony", "ADDRESS": address, "BIRTHDAY": "05/17", "MEMBERNO": "12", "PHONE": ""}
    kept = add(sandbox, values).json()["merge_fields"]
    assert kept == {"FNAME": "", "LNAME": "", **values, "ADDRESS": address | {"addr2": ""}, "MEMBERNO": 12}


def test_a_required_field_is_asked_for_unless_skipped(sandbox: Sandbox) -> None:
    make(sandbox, tag="SEAT", required=True)
    make(sandbox, tag="ROW", required=True)
    refused = add(sandbox, {"SEAT": "A1"})
    assert wrong_fields(refused) == ["ROW"]
    assert refused.json()["errors"] == [{"field": "ROW", "message": "Please enter a value"}]
    assert wrong_fields(add(sandbox, {"BIRTHDAY": "x"}, skip_merge_validation="true")) == ["BIRTHDAY"]
    assert add(sandbox, {}, skip_merge_validation="true").status_code == 200


def test_a_change_without_merge_fields_asks_for_none(sandbox: Sandbox) -> None:
    known = sandbox.somebody()
    make(sandbox, tag="SEAT", required=True)
    here = sandbox.member_path(known["id"])
    assert sandbox.api.patch(here, json={"vip": True}).status_code == 200
    assert wrong_fields(sandbox.api.patch(here, json={"merge_fields": {"LNAME": "New"}})) == ["SEAT"]
