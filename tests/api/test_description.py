"""The API's own description, and its page."""

import re
from typing import Any

import pytest
from django.core.management import call_command

from tests.api.conftest import SignedIn
from tests.api.test_routes import ROUTES

pytestmark = pytest.mark.django_db
# What a delivery holds is described by its provider.
NOT_DESCRIBED = {"api-schema", "api-docs", "api-nowhere", "api-webhook", "api-webhook-own"}


def test_the_description_is_valid_openapi_without_a_warning(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_every_route_is_described_with_examples_and_refusals(openapi: dict[str, Any]) -> None:
    operations = [operation for path in openapi["paths"].values() for operation in path.values()]
    assert len(operations) == len(set(ROUTES) - NOT_DESCRIBED)
    for operation in operations:
        assert operation["summary"]
        assert {"401", "403", "404"} <= set(operation["responses"])
        refused = operation["responses"]["404"]["content"]["application/problem+json"]
        assert refused["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert refused["examples"]


def test_the_description_is_served_as_json(as_user: SignedIn, viewer: Any) -> None:
    answer = as_user(viewer).get("/api/v1/schema/")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.")


def test_the_page_holds_nothing_that_the_content_policy_forbids(as_user: SignedIn, viewer: Any) -> None:
    answer = as_user(viewer).get("/api/v1/docs/")
    page = answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)", page)
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    assert all(each.startswith("/") for each in sources)


def test_the_script_of_the_page_asks_for_the_description_and_no_one_else(as_user: SignedIn, viewer: Any) -> None:
    script = as_user(viewer).get("/api/v1/docs/?script=")
    assert script["Content-Type"] == "application/javascript"
    text = script.content.decode()
    assert '"/api/v1/schema/"' in text or "/api/v1/schema" in text
    assert "http" not in text.replace('type === "http"', "")
