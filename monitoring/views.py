"""The pages that tell how things stand: all integrations, one of them, refusals in words, and the probes."""

import re
from typing import Any

from django.db import DatabaseError
from django.db import connection as database
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe
from django.views.defaults import bad_request
from structlog.contextvars import get_contextvars

from connections.forms import PauseForm
from connections.models import Connection
from integrations import problems
from integrations.catalogue import provider_or_404
from integrations.models import IntegrationConfig, VenueMembership
from integrations.pages import page, render
from integrations.problems import CODES, Problem
from integrations.providers.base import Provider
from monitoring import overview
from monitoring.card import Card
from monitoring.explanations import EXPLANATIONS
from monitoring.wording import NEED_YOU, CardStatus
from syncing import choice_words, choosing
from syncing.models import SyncLog
from webhooks import reports

# A page polls every 3 seconds this often; then once a minute until somebody moves the mouse or comes back to it.
_QUICK_POLLS = 20
# The sentence for screen readers changes at most every so many polls.
_SPOKEN_EVERY = 4
_RECENT, _LAST_RUNS = 10, 5
_API = re.compile("/api/(?!v1/integrations/oauth/callback/)")  # its answers are JSON; the callback is a page
_CAN_SYNC = (CardStatus.CONNECTED, CardStatus.NEEDS_ATTENTION, CardStatus.SYNCING)


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """Lead to the integrations."""
    return redirect("integrations")


# --- owner pages


@require_GET
@page()
def integrations(request: HttpRequest, member: VenueMembership) -> HttpResponseBase:
    """Show every provider, the most urgent first, and what happened last."""
    return render(request, member, "monitoring/integrations.html", _all(request, member))


@require_GET
@page()
def integrations_now(request: HttpRequest, member: VenueMembership) -> HttpResponseBase:
    """Answer with the moving part of the integrations page."""
    return render(request, member, "parts/cards.html", _all(request, member))


@require_GET
@page()
def connection(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Show one connection: how it stands, what it brought, what it did, and what may be done."""
    found = provider_or_404(provider)
    shown = _one(request, member, found)
    card: Card = shown["card"]
    every = Connection.objects.select_related("connected_by", "webhook_upkeep")
    held = every.filter(pk=card.connection).first() if card.connection else None
    shown |= {
        "connection": held,
        "granted": _granted(found, held),
        **_chosen(member, found, held),
        "pause_form": PauseForm(),
        "can_send": bool(found.writers),
        "events": list(reversed(held.history))[:6] if held else [],
        "untold": reports.permission_missing(held) if held else "",
    }
    return render(request, member, "monitoring/connection.html", shown)


@require_GET
@page()
def progress(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Answer with the moving part of a connection's page; the last one carries no trigger, so polling ends."""
    return render(request, member, "parts/connection_now.html", _one(request, member, provider_or_404(provider)))


@require_GET
def problem(request: HttpRequest, code: str) -> HttpResponseBase:
    """Explain a code that a refusal carries."""
    if code not in CODES:
        raise Http404
    status, title = CODES[code]
    happened, advice = EXPLANATIONS[code]
    shown = {"code": code, "status": status, "title": title, "happened": happened, "advice": advice}
    return render_template(request, "monitoring/problem.html", shown)


def _all(request: HttpRequest, member: VenueMembership) -> dict[str, Any]:
    found = overview.for_venue(member.venue)
    return {
        "overview": found,
        "attention": found.summary.needs_you > 0,
        "sentence": _verdict(found),
        "can_sync": any(card.status in _CAN_SYNC for card in found.cards),
        "recent": SyncLog.objects.filter(venue=member.venue).order_by("-started_at")[:_RECENT],
        "names": {card.provider: card.name for card in found.cards},
        **_polling(request, syncing=found.summary.syncing > 0),
    }


def _one(request: HttpRequest, member: VenueMembership, provider: Provider) -> dict[str, Any]:
    card = overview.for_venue(member.venue).card(provider.spec.key)
    return {
        "provider": provider,
        "card": card,
        "attention": card.status in NEED_YOU,
        "runs": SyncLog.objects.filter(venue=member.venue, provider=provider.spec.key).order_by("-started_at")[
            :_LAST_RUNS
        ],
        **_polling(request, syncing=card.status == CardStatus.SYNCING),
    }


def _verdict(found: overview.VenueOverview) -> str:
    text = found.summary.text.rstrip(".")
    only_some = found.summary.needs_you and found.summary.connected and not found.summary.syncing
    return f"{text}. Everything else is up to date." if only_some else f"{text}."


def _polling(request: HttpRequest, *, syncing: bool) -> dict[str, Any]:
    polls = request.GET.get("polls", "0")
    done = int(polls) if polls.isdigit() and len(polls) < 6 else 0
    return {
        "is_poll": "polls" in request.GET,
        "polling": syncing,
        "polls": done + 1,
        "quickly": done < _QUICK_POLLS,
        "speaks": "polls" in request.GET and (not syncing or done % _SPOKEN_EVERY == 0),
    }


def _chosen(member: VenueMembership, provider: Provider, held: Connection | None) -> dict[str, Any]:
    """Return the venue's choice in words. Two queries at most."""
    config = IntegrationConfig.objects.filter(venue=member.venue, integration=provider.spec.key).first()
    if config is None or held is None:
        return {"choice": [], "resting": []}
    names = choosing.names(held, provider.chooser.object_type) if provider.chooser else {}
    return {
        "choice": choice_words.lines(config, provider, names),
        "resting": choice_words.resting(config, provider),
    }


def _granted(provider: Provider, held: Connection | None) -> list[dict[str, Any]]:
    """Return every permission we ask for, with whether it was given; none when the provider did not say."""
    given = set(held.scopes) if held else set()
    return [{"scope": scope, "given": scope.name in given} for scope in provider.spec.scopes] if given else []


# --- refusals and probes


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that no view was asked about: for another host, with too many fields, too large."""
    if _API.match(request.path):
        told = Problem("validation_failed", "The request has a form that nothing here takes.")
        return problems.outside_of_views(request, told)
    return bad_request(request, exception)


def crashed(request: HttpRequest) -> HttpResponse:
    """Answer for a fault of ours, without touching anything that may be broken."""
    if _API.match(request.path):
        told = Problem("internal", "A fault of ours kept this from being answered. Send it again.")
        return problems.outside_of_views(request, told)
    shown = {"reference": get_contextvars().get("request_id", "")}
    return HttpResponse(render_to_string("500.html", shown), status=500)


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether this process can do its work: 503 while the database is away."""
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("the database is away", content_type="text/plain", status=503)
    return HttpResponse("ok", content_type="text/plain")
