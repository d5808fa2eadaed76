"""The pages about a connection: making it, holding it still, ending it, and the way back from a provider."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render as render_fragment
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connections import keys, lifecycle, oauth
from connections.forms import KeyForm, PauseForm
from connections.models import Connection, Status
from integrations.catalogue import base_url, provider_or_404
from integrations.models import Role, VenueMembership
from integrations.pages import address, may_leave_for, page, refusal, render, see_other
from integrations.problems import Problem, document
from integrations.providers.base import Provider

# What the owner is left to do at the provider.
_TO_DO = {("revoke", "skipped")}
# The page to land on, by what the trip was begun for.
_LANDING = {"welcome": "welcome", "connection": "connection"}


@require_http_methods(["GET", "POST"])
@page(at_least=Role.VENUE_ADMIN)
def connect(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Say what connecting does; on POST go to the provider's consent page."""
    found = provider_or_404(provider)
    if request.method == "POST":
        return _leave(request, member, found)
    return _connect_page(request, member, found, KeyForm())


@require_POST
@page(at_least=Role.VENUE_ADMIN)
def connect_key(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Connect with a pasted key, or only test it; it is seen to work before anything is stored."""
    found, form = provider_or_404(provider), KeyForm(request.POST)
    outcome: dict[str, Any] = {}
    if form.is_valid():
        try:
            if "test" not in request.POST:
                return _connected_by_key(request, member, found, form.cleaned_data["key"])
            outcome = {"tested": keys.check(found, form.cleaned_data["key"])}
        except Problem as problem:
            outcome = {"problem": problem}
    if request.headers.get("HX-Request"):
        return render_fragment(request, "parts/key_outcome.html", {"form": form, "provider": found, **outcome})
    return _connect_page(request, member, found, form, **outcome)


@require_http_methods(["GET", "POST"])
@page(at_least=Role.VENUE_ADMIN)
def disconnect(
    request: HttpRequest, member: VenueMembership, provider: str, farewell: lifecycle.Farewell | None = None
) -> HttpResponseBase:
    """Say what stops and what stays; on POST end the connection. `farewell` is handed down in `config/page_urls.py`."""
    found = provider_or_404(provider)
    connection = lifecycle.live(member.venue, provider)
    if request.method == "GET":
        shown = {"provider": found, "connection": connection}
        return render(request, member, "connections/disconnect.html", shown)
    steps = lifecycle.disconnect(connection, by=request.user, farewell=farewell)
    warnings = [step["detail"] for step in steps if (step["step"], step["result"]) in _TO_DO or _is_warning(step)]
    messages.success(
        request,
        f"{found.spec.name} was disconnected and our access destroyed. Your records and history are kept; "
        "connect again to go on from here.",
    )
    for warning in warnings:
        messages.warning(request, warning)
    return see_other(address("integrations", member.venue))


@require_POST
@page(at_least=Role.OPERATOR)
def pause(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Hold the syncs of a connection."""
    found, form = provider_or_404(provider), PauseForm(request.POST)
    connection = lifecycle.live(member.venue, provider)
    if form.is_valid():
        lifecycle.pause(connection, by=request.user, until=form.ends_at(), reason=form.cleaned_data["reason"])
        messages.success(request, f"{found.spec.name} was paused. Nothing is lost. Resume it here whenever you like.")
    else:
        messages.error(request, "The pause was not set: choose one of the ends in the list.")
    return see_other(address("connection", member.venue, provider=provider))


@require_POST
@page(at_least=Role.OPERATOR)
def resume(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Let the syncs of a connection go on."""
    found = provider_or_404(provider)
    lifecycle.resume(lifecycle.live(member.venue, provider), by=request.user)
    messages.success(request, f"{found.spec.name} was resumed and goes on by itself. You can pause it again here.")
    return see_other(address("connection", member.venue, provider=provider))


@never_cache
@require_GET
def callback(request: HttpRequest, provider: str) -> HttpResponseBase:
    """End a trip to a provider's consent page. Nothing from the query appears in the answer."""
    try:
        found = provider_or_404(provider)
        connection, landing = _completed(request, found)
    except oauth.Denied as denied:
        return see_other(address("connect", denied.venue, provider=provider, query={"outcome": "denied"}))
    except Problem as problem:
        return _outcome(request, provider, problem)
    messages.success(
        request, f"{found.spec.name} was connected as {connection.account_name}. You can disconnect it at any time."
    )
    if landing == "integrations":
        return see_other(address("integrations", connection.venue))
    return see_other(address(_LANDING[landing], connection.venue, provider=provider))


def _completed(request: HttpRequest, provider: Provider) -> tuple[Connection, str]:
    if not request.user.is_authenticated:
        raise Problem("not_authenticated", "Sign in to Backline in this browser, then start again.")
    return oauth.complete(
        provider=provider,
        query=request.GET.dict(),
        user=request.user,
        session_key=request.session.session_key or "",
    )


def _outcome(request: HttpRequest, provider: str, problem: Problem) -> HttpResponse:
    if "application/json" in request.headers.get("Accept", ""):
        body = document(problem, instance=request.path)
        return JsonResponse(body, status=problem.status, content_type="application/problem+json")
    return refusal(request, problem, provider_key=provider if problem.code != "not_found" else "")


def _leave(request: HttpRequest, member: VenueMembership, provider: Provider) -> HttpResponseBase:
    """Begin the trip: a first one, or one that renews the access of the live connection."""
    live = _live(member, provider)
    trip = oauth.begin(
        user=request.user,
        venue=member.venue,
        provider=provider,
        session_key=request.session.session_key or "",
        return_to="connection" if live else "welcome",
        reconnect=live,
    )
    return may_leave_for(see_other(trip.authorization_url), trip.authorization_url)


def _connected_by_key(request: HttpRequest, member: VenueMembership, provider: Provider, key: str) -> HttpResponseBase:
    live = _live(member, provider)
    if live:
        connection = keys.replace(provider, live, key, user=request.user)
    else:
        connection = keys.connect(provider, member.venue, key, user=request.user)
    messages.success(
        request, f"{provider.spec.name} was connected as {connection.account_name}. You can disconnect it at any time."
    )
    return see_other(address("connection" if live else "welcome", member.venue, provider=provider.spec.key))


def _connect_page(
    request: HttpRequest, member: VenueMembership, provider: Provider, form: KeyForm, **outcome: Any
) -> HttpResponseBase:
    live = _live(member, provider)
    context = {
        "provider": provider,
        "live": live,
        "broken": live is not None and live.status == Status.REAUTHORISE,
        "denied": request.GET.get("outcome") == "denied",
        "key_form": form if provider.key_auth else None,
        "problem": None,
        "tested": None,
        **outcome,
    }
    response = render(request, member, "connections/connect.html", context, status=400 if form.errors else 200)
    return may_leave_for(response, base_url(provider)) if provider.oauth else response


def _is_warning(step: dict[str, str]) -> bool:
    return step["result"] == "warning"


def _live(member: VenueMembership, provider: Provider) -> Connection | None:
    return Connection.objects.live().filter(venue=member.venue, provider=provider.spec.key).first()
