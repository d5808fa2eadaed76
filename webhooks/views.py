"""The addresses that providers deliver to: verify, store, answer. No session, no form token, no API framework."""

import logging

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from integrations import problems
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.sealing import CannotOpen
from webhooks import delivery, intake, subscriptions, tasks

logger = logging.getLogger(__name__)

_RETRY_AFTER = "30"  # seconds


@csrf_exempt
def deliver(request: HttpRequest, provider: str, token: str = "") -> HttpResponse:
    """Take a delivery; at an address of its own also answer the provider's look whether somebody is there."""
    try:
        if request.method == "POST":
            return _take(request, provider, token)
        if token and request.method in ("GET", "HEAD"):
            subscriptions.by_token(provider, token)
            return HttpResponse(content_type="text/plain")
        raise Problem("method_not_allowed", "Deliveries are posted to this address.")
    except Problem as problem:
        return _refused(request, problem, allow="GET, HEAD, POST" if token else "POST")
    except (Error, CannotOpen) as error:
        logger.error("webhook.not_stored", extra={"provider": provider, "error": type(error).__name__})
        return _refused(request, Problem("unavailable", "Nothing can be stored right now. Deliver it again."))


def _take(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    subscription = subscriptions.by_token(provider, token) if token else None
    came = delivery.of(request)
    if intake.receive(PROVIDERS[provider], came, subscription, token):
        tasks.ring()
    return HttpResponse(content_type="text/plain")


def _refused(request: HttpRequest, problem: Problem, *, allow: str = "") -> HttpResponse:
    answer = problems.outside_of_views(request, problem)
    # Django would write a line for each of a flood.
    answer._has_been_logged = True  # type: ignore[attr-defined]
    if problem.code == "unavailable":
        answer["Retry-After"] = _RETRY_AFTER
    if problem.code == "method_not_allowed":
        answer["Allow"] = allow
    return answer
