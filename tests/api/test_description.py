"""The API's own description, and its page."""

import re
from typing import Any

import pytest
from django.core.management import call_command

from tests.api.conftest import SignedIn
from tests.api.test_routes import ROUTES

pytestmark = pytest.mark.django_db
# Providers deliver to the last two by contracts of their own.
FIGURES = ("all-venues", "health-summary", "costs", "queue-metrics")
NOT_DESCRIBED = {"api-schema", "api-docs", "api-nowhere", "api-webhook", "api-webhook-own"}


def test_the_description_is_valid_openapi_without_a_warning(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def operations(openapi: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return path, method and description of everything that can be asked for."""
    return [(path, method, each) for path, methods in openapi["paths"].items() for method, each in methods.items()]


def refusals(operation: dict[str, Any]) -> set[str]:
    """Return the codes of all refusals that an operation shows an example of."""
    answers = [each.get("content", {}).get("application/problem+json", {}) for each in operation["responses"].values()]
    return {each["value"]["code"] for answer in answers for each in answer.get("examples", {}).values()}


def test_every_route_is_described_with_examples_and_refusals(openapi: dict[str, Any]) -> None:
    assert len(operations(openapi)) == len(set(ROUTES) - NOT_DESCRIBED)
    for _, _, operation in operations(openapi):
        assert operation["summary"]
        assert {"401", "403", "404"} <= set(operation["responses"])
        refused = operation["responses"]["404"]["content"]["application/problem+json"]
        assert refused["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert refused["examples"]


def test_what_the_contract_adds_to_every_operation_is_described(openapi: dict[str, Any]) -> None:
    for path, method, operation in operations(openapi):
        headers = {each["name"] for each in operation["parameters"] if each["in"] == "header"}
        assert "X-Request-ID" in headers
        assert {"not_acceptable", "rate_limited", "internal"} <= refusals(operation)
        assert "Retry-After" in operation["responses"]["429"]["headers"]
        for answer in operation["responses"].values():
            assert {"X-Request-ID", "RateLimit", "RateLimit-Policy"} <= set(answer["headers"])
        of_a_moment = [f"/integrations/admin/{each}/" for each in FIGURES] + ["/integrations/health/", "/mappings/\n"]
        is_conditional = method == "get" and not any(each in path + "\n" for each in of_a_moment)
        assert ("If-None-Match" in headers, "304" in operation["responses"]) == (is_conditional, is_conditional)


def test_a_post_that_acts_is_described_with_its_key(openapi: dict[str, Any]) -> None:
    looks = {
        f"/api/v1/integrations/{path}/"
        for path in ("{provider}/sync/preview", "{provider}/mappings/test", "health/{provider}/test")
    }
    looks.add("/api/v1/tokens/")  # told once and kept nowhere; a name stands once
    for path, method, operation in operations(openapi):
        takes_key = "Idempotency-Key" in {each["name"] for each in operation["parameters"]}
        assert takes_key == (method == "post" and path not in looks)
        done = [answer for status, answer in operation["responses"].items() if status < "300"]
        assert all(("Idempotent-Replayed" in each["headers"]) == takes_key for each in done)
        if takes_key:
            assert {"validation_failed", "in_progress", "key_reused"} <= refusals(operation)


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
