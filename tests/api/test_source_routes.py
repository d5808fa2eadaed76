"""The routes that this house was asked for: each is there, answers by its method, and is described."""

from typing import Any

import pytest
from django.urls import resolve

from config import api_urls
from integrations.providers import PROVIDERS

API = "/api/v1/integrations"
# By the group that a route was asked for in; the address is under the API. `{provider}` is any of ours.
CONNECTIONS = [
    ("get", ""),
    ("get", "/{provider}"),
    ("post", "/connect/{provider}"),
    ("post", "/{provider}/disconnect"),
    ("post", "/{provider}/reconnect"),
    ("post", "/{provider}/api-key"),
]
SYNC = [
    ("post", "/{provider}/sync"),
    ("post", "/{provider}/sync/stop"),
    ("get", "/{provider}/sync/status"),
    ("get", "/{provider}/sync/history"),
    ("post", "/{provider}/sync/retry"),
]
MAPPINGS = [
    ("get", "/{provider}/fields"),
    ("get", "/{provider}/mappings"),
    ("put", "/{provider}/mappings"),
    ("post", "/{provider}/mappings/test"),
    ("post", "/{provider}/mappings/apply-template"),
    ("post", "/{provider}/mappings/reset"),
    ("post", "/{provider}/mappings/heal"),
]
OAUTH = [("get", "/oauth/callback/{provider}"), ("post", "/oauth/refresh/{provider}")]
WEBHOOKS = [
    ("post", "/webhooks/square"),
    ("post", "/webhooks/stripe"),
    ("post", "/webhooks/mailchimp"),
    ("post", "/webhooks/quickbooks"),
    ("get", "/webhooks/{provider}/events"),
    ("post", "/webhooks/retry"),
]
ADMIN = [
    ("get", "/admin/all-venues"),
    ("get", "/admin/health-summary"),
    ("get", "/admin/costs"),
    ("post", "/admin/force-sync"),
    ("post", "/admin/clear-queue"),
    ("post", "/admin/process-dead-letter"),
    ("post", "/admin/recover-stale"),
    ("get", "/admin/queue-metrics"),
]
HEALTH = [
    ("get", "/health/{provider}"),
    ("get", "/health/{provider}/metrics"),
    ("post", "/health/{provider}/test"),
]
ME = [("get", "/me/integrations")]  # the one that was missing; the only one beside the integrations
ASKED_FOR = [*CONNECTIONS, *SYNC, *MAPPINGS, *OAUTH, *WEBHOOKS, *ADMIN, *HEALTH, *ME]
# Of these the contract is the provider's.
OF_PROVIDERS = [("get", "/oauth/callback/{provider}"), *WEBHOOKS[:4]]
OURS = [each for each in ASKED_FOR if each not in OF_PROVIDERS]


def address(path: str) -> str:
    return f"/api/v1{path}" if path.startswith("/me/") else f"{API}{path}"


def named(route: tuple[str, str]) -> str:
    return f"{route[0].upper()} {address(route[1])}"


def test_all_of_them_are_here() -> None:
    groups = (CONNECTIONS, SYNC, MAPPINGS, OAUTH, WEBHOOKS, ADMIN, HEALTH, ME)
    assert [len(each) for each in groups] == [6, 5, 7, 2, 6, 8, 3, 1]
    assert len(set(ASKED_FOR)) == 38


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("provider", sorted(PROVIDERS))
@pytest.mark.parametrize("route", OURS, ids=named)
def test_each_is_answered_by_a_view_of_ours_by_its_method(route: tuple[str, str], provider: str, slash: str) -> None:
    method, path = route
    found = resolve(address(path).format(provider=provider) + slash)
    assert found.url_name in {pattern.name for pattern in api_urls.urlpatterns} - {"api-nowhere", "api-webhook"}
    assert callable(getattr(found.func.cls, found.func.actions[method]))  # type: ignore[attr-defined]
    assert found.kwargs in ({}, {"provider": provider})


@pytest.mark.parametrize("route", OURS, ids=named)
def test_each_is_described(openapi: dict[str, Any], route: tuple[str, str]) -> None:
    method, path = route
    assert openapi["paths"][f"{address(path)}/"][method]["summary"]


@pytest.mark.parametrize("route", OF_PROVIDERS, ids=named)
def test_what_a_provider_asks_for_goes_to_the_door_that_is_meant_and_is_not_described(
    openapi: dict[str, Any], route: tuple[str, str]
) -> None:
    method, path = route
    found = resolve(address(path).format(provider="square"))
    assert found.url_name == ("oauth_callback" if method == "get" else "api-webhook")
    assert f"{address(path)}/" not in openapi["paths"]


@pytest.mark.django_db
@pytest.mark.parametrize("route", ASKED_FOR, ids=named)
def test_none_of_them_is_nowhere_and_each_takes_its_method(client: Any, route: tuple[str, str]) -> None:
    method, path = route
    answer = getattr(client, method)(address(path).format(provider="square"))
    assert answer.status_code not in (404, 405, 500)
