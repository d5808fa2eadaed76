"""The official client as an independent judge: it must find its way around without special treatment."""

from __future__ import annotations

import json
from typing import Any

import mailchimp_marketing
import pytest
import requests
from mailchimp_marketing.api_client import ApiClientError

from tests.sandbox.mailchimp.conftest import Inbox, Sandbox, hash_of
from tests.sandbox.mailchimp.test_access import metadata, token

EMAIL = "Ottoline@Example.net"


@pytest.fixture
def client(sandbox: Sandbox) -> Any:
    client = mailchimp_marketing.Client({"api_key": sandbox.account["api_key"], "timeout": 20})
    assert client.api_client.server == "us6"
    client.api_client.host = f"{sandbox.url}/us6/3.0"
    return client


def title_of(refused: pytest.ExceptionInfo[ApiClientError]) -> tuple[int, str]:
    """The client hands the problem over as text."""
    return refused.value.status_code, json.loads(refused.value.text)["title"]


def test_it_looks_around(sandbox: Sandbox, client: Any) -> None:
    assert client.ping.get() == {"health_status": "Everything's Chimpy!"}
    assert client.root.get_root()["account_id"] == sandbox.account["id"]
    lists = client.lists.get_all_lists(fields=["lists.id", "total_items"], count=100)
    assert lists == {"lists": [{"id": one["id"]} for one in sandbox.account["lists"]], "total_items": 2}
    assert client.lists.get_list(sandbox.list_id)["name"] == "Lantern Room Newsletter"
    assert client.lists.get_list_merge_fields(sandbox.list_id, count=100)["total_items"] == 6


def test_it_opens_with_a_token_too(sandbox: Sandbox) -> None:
    client = mailchimp_marketing.Client({"access_token": sandbox.account["api_key"], "server": "us6"})
    client.api_client.host = f"{sandbox.url}/us6/3.0"
    assert client.ping.get()["health_status"]


def test_it_opens_with_what_a_sign_in_gave_until_that_is_taken_back(sandbox: Sandbox) -> None:
    given = token(sandbox)
    dc = metadata(sandbox, f"OAuth {given}").json()["dc"]
    client = mailchimp_marketing.Client({"access_token": given, "server": dc})
    client.api_client.host = f"{sandbox.url}/{dc}/3.0"
    assert client.root.get_root()["account_id"] == sandbox.account["id"]
    sandbox.act("tokens", action="revoke")
    with pytest.raises(ApiClientError) as refused:
        client.root.get_root()
    assert title_of(refused) == (401, "API Key Invalid")


def test_it_is_told_to_slow_down(sandbox: Sandbox, client: Any) -> None:
    sandbox.fault(kind="rate_limit")
    with pytest.raises(ApiClientError) as refused:
        client.ping.get()
    assert title_of(refused) == (429, "Too Many Requests")


def test_it_pages_through_members_by_change(sandbox: Sandbox, client: Any) -> None:
    found: list[str] = []
    while True:
        page = client.lists.get_list_members_info(
            sandbox.list_id, count=250, offset=len(found), sort_field="last_changed", sort_dir="ASC",
            since_last_changed="2020-01-01T00:00:00+00:00", exclude_fields=["members._links", "_links"],
        )  # fmt: skip
        found += [member["id"] for member in page["members"]]
        if len(found) >= page["total_items"]:
            break
    assert set(found) == {one["id"] for one in sandbox.truth() if one["status"] != "archived"}


def test_it_writes_a_member_through_its_life(sandbox: Sandbox, client: Any) -> None:
    known = hash_of(EMAIL)
    body = {"email_address": EMAIL, "status_if_new": "subscribed", "merge_fields": {"FNAME": "Ottoline"}}
    assert client.lists.set_list_member(sandbox.list_id, known, body)["id"] == known
    assert client.lists.update_list_member(sandbox.list_id, known, {"vip": True})["vip"] is True
    tags = {"tags": [{"name": "Jazz", "status": "active"}]}
    assert client.lists.update_list_member_tags(sandbox.list_id, known, tags).status_code == 204
    assert client.lists.get_list_member_tags(sandbox.list_id, known)["tags"][0]["name"] == "Jazz"
    assert client.lists.delete_list_member(sandbox.list_id, known).status_code == 204
    assert client.lists.get_list_member(sandbox.list_id, known)["status"] == "archived"
    assert client.lists.delete_list_member_permanent(sandbox.list_id, known).status_code == 204
    with pytest.raises(ApiClientError) as refused:
        client.lists.set_list_member(sandbox.list_id, known, body)
    assert title_of(refused) == (400, "Forgotten Email Not Subscribed")


def test_it_writes_many_members(sandbox: Sandbox, client: Any) -> None:
    members = [{"email_address": f"m{number}@example.net", "status": "pending"} for number in range(3)]
    told = client.lists.batch_list_members(sandbox.list_id, {"members": members, "update_existing": True})
    assert (told["total_created"], told["error_count"]) == (3, 0)


def test_it_makes_merge_fields_and_webhooks(sandbox: Sandbox, client: Any, inbox: Inbox) -> None:
    made = client.lists.add_list_merge_field(sandbox.list_id, {"name": "Seat", "type": "text", "tag": "SEAT"})
    changed = client.lists.update_list_merge_field(sandbox.list_id, made["merge_id"], {"name": "Row"})
    assert changed["name"] == "Row"
    assert client.lists.delete_list_merge_field(sandbox.list_id, made["merge_id"]).status_code == 204
    hook = client.lists.create_list_webhook(sandbox.list_id, {"url": inbox.url, "events": {"profile": True}})
    assert client.lists.get_list_webhooks(sandbox.list_id)["webhooks"][0]["id"] == hook["id"]
    assert client.lists.delete_list_webhook(sandbox.list_id, hook["id"]).status_code == 204


def test_it_fills_a_shop(sandbox: Sandbox, client: Any) -> None:
    shop = client.ecommerce
    shop.add_store({"id": "hall", "list_id": sandbox.list_id, "name": "Box office", "currency_code": "GBP"})
    shop.update_store("hall", {"is_syncing": True})
    shop.add_store_product("hall", {"id": "p", "title": "Jazz", "variants": [{"id": "v", "title": "Full price"}]})
    shop.update_store_product("hall", "p", {"title": "Late jazz"})
    customer = {"id": "c", "email_address": EMAIL, "opt_in_status": False}
    assert shop.set_store_customer("hall", "c", customer)["orders_count"] == 0
    line = {"id": "l", "product_id": "p", "product_variant_id": "v", "quantity": 1, "price": 9}
    order = {"id": "o", "customer": {"id": "c"}, "currency_code": "GBP", "order_total": 9, "lines": [line]}
    shop.add_store_order("hall", order)
    shop.update_order("hall", "o", {"financial_status": "paid"})
    assert shop.get_store_orders("hall")["orders"][0]["financial_status"] == "paid"
    assert shop.delete_order("hall", "o").status_code == 204
    assert shop.get_all_store_products("hall")["total_items"] == shop.stores()["total_items"] == 1


def test_it_hands_in_a_batch(sandbox: Sandbox, client: Any) -> None:
    batch = client.batches.start({"operations": [{"method": "GET", "path": "/ping"}]})
    assert client.batches.status(batch["id"])["total_operations"] == 1
    assert client.batches.list()["total_items"] == 1
    assert client.batches.delete_request(batch["id"]).status_code == 204


def test_an_empty_failure_comes_back_as_an_answer_instead_of_an_error(sandbox: Sandbox, client: Any) -> None:
    sandbox.settings(empty_errors=True)
    sandbox.fault(kind="status", status=500)
    answer = client.ping.get()
    assert isinstance(answer, requests.Response)
    assert (answer.status_code, answer.ok) == (500, False)


def test_a_refusal_is_text_without_a_message_of_its_own(sandbox: Sandbox, client: Any) -> None:
    with pytest.raises(ApiClientError) as refused:
        client.lists.get_list("0123456789")
    assert (str(refused.value), title_of(refused)) == ("", (404, "Resource Not Found"))


def test_an_address_in_the_path_is_mangled_so_hashes_are_the_way(sandbox: Sandbox, client: Any) -> None:
    sandbox.add("my+server@example.net")
    with pytest.raises(ApiClientError) as refused:
        client.lists.get_list_member(sandbox.list_id, "my+server@example.net")
    assert title_of(refused) == (404, "Resource Not Found")
    known = hash_of("my+server@example.net")
    assert client.lists.get_list_member(sandbox.list_id, known)["email_address"] == "my+server@example.net"
