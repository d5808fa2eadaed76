"""What a search finds, and what it does not find yet."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.stripe.conftest import Sandbox


def search(sandbox: Sandbox, query: str, **asked: Any) -> list[dict[str, Any]]:
    """Every page of a search."""
    found: list[dict[str, Any]] = []
    while True:
        page = sandbox.found("customers/search", query=query, limit=25, **asked)
        found += page["data"]
        if not page["has_more"]:
            return found
        asked["page"] = page["next_page"]


def test_an_address_leads_to_its_customer(sandbox: Sandbox) -> None:
    customer = next(one for one in sandbox.truth("customers").values() if one["email"])
    made = sandbox.made("customers", email=customer["email"])
    found = search(sandbox, f"email:'{customer['email'].upper()}'")
    assert [one["id"] for one in found] == [made["id"], customer["id"]]


def test_clauses_are_joined_and_turned_round(sandbox: Sandbox) -> None:
    sandbox.made("customers", name="Ottoline Bell", phone="+447700900123", **{"metadata[hub_id]": "42"})
    assert len(search(sandbox, "metadata['hub_id']:'42'")) == 1
    assert len(search(sandbox, "name~'ottol' AND phone:'+447700900123'")) == 1
    assert len(search(sandbox, "name~'ottol' AND -metadata['hub_id']:'42'")) == 0
    either = search(sandbox, "metadata['hub_id']:'42' OR email:null")
    assert len(either) == sum(one["email"] is None for one in sandbox.truth("customers").values())


def test_the_pages_of_a_search_are_complete_and_newest_first(sandbox: Sandbox) -> None:
    found = search(sandbox, "created>0")
    assert [one["id"] for one in found] == [one["id"] for one in sandbox.all("customers")]


@pytest.mark.parametrize(
    "query",
    ["", "email", "shoe_size:'41'", "email:'a' AND name:'b' OR phone:'c'", "name~'ab'", "created:'x'", "email>'a'"],
)
def test_other_queries_are_refused(sandbox: Sandbox, query: str) -> None:
    assert sandbox.get("customers/search", query=query).status_code == 400


def test_a_search_runs_behind_but_lists_do_not(sandbox: Sandbox) -> None:
    sandbox.settings(lag_seconds=30)
    old = next(one for one in sandbox.truth("customers").values() if one["email"])
    made = sandbox.made("customers", email="new@example.org")
    sandbox.made(f"customers/{old['id']}", email="moved@example.org")
    assert search(sandbox, "email:'new@example.org'") == []
    assert [one["id"] for one in search(sandbox, f"email:'{old['email']}'")] == [old["id"]]
    assert sandbox.found("customers", limit=1)["data"][0]["id"] == made["id"]
    sandbox.advance(30)
    assert [one["id"] for one in search(sandbox, "email:'new@example.org'")] == [made["id"]]
    assert search(sandbox, f"email:'{old['email']}'") == []
    assert [one["id"] for one in search(sandbox, "email:'moved@example.org'")] == [old["id"]]
