"""Every field in every answer must be one that the official description knows, of the right type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from tests.sandbox.mailchimp.conftest import ROOT, Inbox, Sandbox, hash_of

SPEC = ROOT.parent / "shared" / "data" / "specs" / "mailchimp-marketing-swagger2-2026-08.trim.json"
pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the official description lies outside the project")
NEWER = {"signing_enabled", "signing_secret"}  # webhooks have them since 2026; the description does not list them yet
TYPES: dict[str, Any] = {
    "string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "number": (int, float),
}  # fmt: skip
MEMBER: dict[str, Any] = {
    "email_address": "new@example.net",
    "status": "subscribed",
    "merge_fields": {"FNAME": "New"},
    "vip": True,
}
FIELD = {"name": "Seat", "type": "dropdown", "tag": "SEAT", "options": {"choices": ["Stalls"]}}
STORE = {"id": "hall", "list_id": "{list_id}", "name": "Box office", "currency_code": "GBP"}
PRODUCT = {"id": "p", "title": "Jazz", "variants": [{"id": "v", "title": "Full price", "price": 9.5}]}
BUYER = {"id": "c", "email_address": "buyer@example.net", "opt_in_status": True, "first_name": "Ada"}
LINE = {"id": "l", "product_id": "p", "product_variant_id": "v", "quantity": 1, "price": 9.5}
ORDER = {"id": "o", "customer": {"id": "c"}, "currency_code": "GBP", "order_total": 9.5, "lines": [LINE]}
SHOP = "/ecommerce/stores/{store_id}"
READS = [
    "/", "/ping", "/lists", "/lists/{list_id}", "/lists/{list_id}/members",
    "/lists/{list_id}/members/{subscriber_hash}", "/lists/{list_id}/members/{subscriber_hash}/tags",
    "/lists/{list_id}/merge-fields", "/lists/{list_id}/merge-fields/{merge_id}", "/lists/{list_id}/segments",
    "/lists/{list_id}/tag-search", "/lists/{list_id}/webhooks", "/ecommerce/stores", SHOP, f"{SHOP}/customers",
    f"{SHOP}/customers/{{customer_id}}", f"{SHOP}/products", f"{SHOP}/products/{{product_id}}", f"{SHOP}/orders",
    f"{SHOP}/orders/{{order_id}}", "/batches",
]  # fmt: skip
WRITES = [
    ("POST", "/lists/{list_id}/members", MEMBER),
    ("PUT", "/lists/{list_id}/members/{new_hash}", MEMBER | {"status_if_new": "pending"}),
    ("PATCH", "/lists/{list_id}/members/{subscriber_hash}", {"language": "fr", "location": {"latitude": 51.5}}),
    ("POST", "/lists/{list_id}/members/{subscriber_hash}/tags", {"tags": [{"name": "Jazz", "status": "active"}]}),
    ("POST", "/lists/{list_id}", {"members": [MEMBER], "update_existing": True}),
    ("POST", "/lists/{list_id}/merge-fields", FIELD),
    ("PATCH", "/lists/{list_id}/merge-fields/{merge_id}", {"name": "Given name", "help_text": "As on the card"}),
    ("POST", "/lists/{list_id}/webhooks", {"url": "{inbox}", "events": {"profile": True}, "sources": {"api": False}}),
    ("PATCH", SHOP, {"is_syncing": True}),
    ("PUT", f"{SHOP}/customers/{{customer_id}}", BUYER),
    ("PATCH", f"{SHOP}/products/{{product_id}}", {"title": "Late jazz"}),
    ("PATCH", f"{SHOP}/orders/{{order_id}}", {"financial_status": "paid"}),
    ("POST", "/batches", {"operations": [{"method": "GET", "path": "/ping", "operation_id": "a"}]}),
]


@cache
def paths() -> dict[str, Any]:
    return dict(json.loads(SPEC.read_text())["paths"])


def problems(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    """What in the value the schema does not foresee."""
    if value == "":
        return  # a time that never was and a status that is not there are shown like this
    wanted = TYPES.get(schema.get("type", ""))
    if wanted is not None and not isinstance(value, wanted):
        yield f"{path}: {value!r} is no {schema['type']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is not in {schema['enum']}"
    if schema.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
        yield f"{path}: {value!r} has no offset"
    if isinstance(value, list):
        for place, part in enumerate(value):
            yield from problems(part, schema.get("items", {}), f"{path}[{place}]")
    if isinstance(value, dict) and "properties" in schema:
        yield from missing(value, schema, path)
        for name, part in value.items():
            if name in schema["properties"]:
                yield from problems(part, schema["properties"][name], f"{path}.{name}")
            elif name not in NEWER:
                yield f"{path}.{name}: unknown"


def missing(value: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}.{name}: missing"


def operation(method: str, path: str) -> dict[str, Any]:
    return dict(paths()[path.replace("{new_hash}", "{subscriber_hash}")][method.lower()])


def answer_schema(method: str, path: str) -> dict[str, Any]:
    answers = operation(method, path)["responses"]
    return dict(answers.get("200", answers.get("204", {})).get("schema", {}))


def body_schema(method: str, path: str) -> dict[str, Any]:
    found = [part for part in operation(method, path)["parameters"] if part["in"] == "body"]
    return dict(found[0]["schema"])


@pytest.fixture
def ids(sandbox: Sandbox, inbox: Inbox) -> dict[str, str]:
    """What stands in the paths; a shop with one of everything is there."""
    store = STORE | {"list_id": sandbox.list_id}
    for path, body in [("", store), ("/hall/products", PRODUCT), ("/hall/customers", BUYER), ("/hall/orders", ORDER)]:
        assert sandbox.api.post(f"ecommerce/stores{path}", json=body).status_code == 200
    return {
        "list_id": sandbox.list_id, "subscriber_hash": sandbox.somebody()["id"], "merge_id": "1", "store_id": "hall",
        "customer_id": "c", "product_id": "p", "order_id": "o", "new_hash": hash_of(MEMBER["email_address"]),
        "inbox": inbox.url,
    }  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_every_answer_fits_the_official_description(sandbox: Sandbox, ids: dict[str, str], path: str) -> None:
    answer = sandbox.api.get(path.format(**ids))
    assert answer.status_code == 200, answer.text
    assert list(problems(answer.json(), answer_schema("GET", path), path)) == []


def test_every_member_fits_the_official_description(sandbox: Sandbox, ids: dict[str, str]) -> None:
    sandbox.act("change", members=60)
    sandbox.act("create", members=2)
    schema = answer_schema("GET", "/lists/{list_id}/members/{subscriber_hash}")
    assert [each for member in sandbox.truth() for each in problems(member, schema, member["id"])] == []


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_what_the_double_takes_the_description_takes_too(
    sandbox: Sandbox, ids: dict[str, str], method: str, path: str, body: dict[str, Any]
) -> None:
    sent = json.loads(json.dumps(body).replace("{inbox}", ids["inbox"]))
    assert list(problems(sent, body_schema(method, path), "body")) == []
    answer = sandbox.api.request(method, path.format(**ids), json=sent)
    assert answer.status_code in (200, 204), answer.text
    if answer.content:
        assert list(problems(answer.json(), answer_schema(method, path), path)) == []


def test_every_query_parameter_that_the_double_knows_is_official(sandbox: Sandbox) -> None:
    ids = dict.fromkeys(("subscriber_hash", "merge_id", "store_id", "customer_id", "product_id", "order_id"), "1")
    for path in READS:
        official = {part["name"] for part in operation("GET", path).get("parameters", ()) if part["in"] == "query"}
        for name in ("exclude_fields", "count", "since_last_changed", "customer_id"):
            refused = sandbox.api.get(path.format(list_id=sandbox.list_id, **ids), params={name: ""})
            is_known = "Unknown query parameter" not in refused.text
            assert is_known <= (name in official), f"{path} {name}"
