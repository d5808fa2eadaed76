"""What every page shares: who is asking, at which venue, and what a refusal looks like."""

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control

from integrations.models import Role, Venue, VenueMembership
from integrations.permissions import may, membership
from integrations.problems import Problem

_REMEMBERED = "venue"


# A view of one venue: request, the membership that was asked for, and the parts of its address.
Page = Callable[..., HttpResponseBase]


def page(at_least: Role = Role.VIEWER) -> Callable[[Page], Page]:
    """Return a decorator that fetches the membership, speaks in the venue's time zone and shows refusals as pages."""

    def decorate(view: Page) -> Page:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, **parts: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            try:
                member = _selected(request, at_least)
                with timezone.override(ZoneInfo(member.venue.time_zone)):
                    response = view(request, member, **parts)
            except Problem as problem:
                response = refusal(request, problem)
            patch_cache_control(response, private=True, no_cache=True)
            return response

        return wrapped

    return decorate


def render(
    request: HttpRequest, member: VenueMembership, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Return a page of the member's venue, with what `base.html` shows of it."""
    frame = {
        "member": member,
        "venue": member.venue,
        "venues": Venue.objects.of(request.user),
        "may_operate": may(member, Role.OPERATOR),
        "may_administer": may(member, Role.VENUE_ADMIN),
        "administrators": functools.partial(_administrators, member.venue),
    }
    return render_template(request, template, frame | context, status=status)


def refusal(request: HttpRequest, problem: Problem, **context: Any) -> HttpResponse:
    """Return the page that says what was refused and what to do; nothing of the request appears in it."""
    return render_template(request, "refused.html", {"problem": problem, **context}, status=problem.status)


def address(name: str, venue: Venue, *, query: dict[str, str] | None = None, **parts: str) -> str:
    """Return a page's address; it names the venue, because a person may belong to several."""
    return f"{reverse(name, kwargs=parts)}?{urlencode({'venue': venue.slug} | (query or {}))}"


def see_other(url: str) -> HttpResponseRedirect:
    """Return a 303: what was posted is done, look there."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def may_leave_for(response: HttpResponseBase, url: str) -> HttpResponseBase:
    """Let the page's forms lead to the origin of `url`, which browsers check along redirects, too."""
    there = urlsplit(url)
    response._csp_update = {"form-action": [f"{there.scheme}://{there.netloc}"]}  # type: ignore[attr-defined]
    return response


def _selected(request: HttpRequest, at_least: Role) -> VenueMembership:
    """Return the membership at the venue that the request names, the remembered one, or the user's first."""
    named = request.POST.get("venue") or request.GET.get("venue")
    selector = named or _remembered(request) or _first(request)
    member = membership(request.user, selector, at_least=at_least)
    if request.session.get(_REMEMBERED) != member.venue.slug:
        request.session[_REMEMBERED] = member.venue.slug
    return member


def _remembered(request: HttpRequest) -> str | None:
    slug: str | None = request.session.get(_REMEMBERED)
    return slug if slug and Venue.objects.of(request.user).filter(slug=slug).exists() else None


def _first(request: HttpRequest) -> str | None:
    return Venue.objects.of(request.user).order_by("name").values_list("slug", flat=True).first()


def _administrators(venue: Venue) -> list[str]:
    """Return who can do what a lower role cannot; evaluated only by pages that say so."""
    found = VenueMembership.objects.filter(venue=venue, role=Role.VENUE_ADMIN).select_related("user")[:3]
    return [each.user.get_full_name() or each.user.email or each.user.get_username() for each in found]
