"""The page on which a person makes and revokes tokens for servers."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_http_methods

from integrations import api_tokens
from integrations.models import ApiToken, Role, VenueMembership
from integrations.pages import address, page, render, see_other
from integrations.permissions import may
from integrations.problems import Problem
from integrations.token_form import MAY, TokenForm


@require_http_methods(["GET", "POST"])
@page()
def show(request: HttpRequest, member: VenueMembership) -> HttpResponseBase:
    """List tokens with the form for a new one; on POST make it and show it, in this answer and never again."""
    form = TokenForm(request.POST or None, offered=api_tokens.offered(member))
    if request.method == "POST" and form.is_valid():
        try:
            return _shown_once(request, member, api_tokens.make(member, **form.wish()))
        except Problem as problem:
            form.add_error("name", problem.detail)
    tokens = [_entry(each, member) for each in api_tokens.seen_by(member).standing()]
    shown = {"form": form, "tokens": tokens, "all_of_venue": may(member, Role.VENUE_ADMIN)}
    return render(request, member, "integrations/tokens.html", shown)


@require_http_methods(["GET", "POST"])
@page()
def revoke(request: HttpRequest, member: VenueMembership, token: UUID) -> HttpResponseBase:
    """Say what stops; on POST revoke the token."""
    if request.method == "GET":
        shown = _entry(api_tokens.one_of(member, token), member)
        return render(request, member, "integrations/token_revoke.html", shown)
    revoked = api_tokens.revoke(member, token, by=request.user)
    messages.success(request, f"“{revoked.name}” opens nothing any more.")
    return see_other(address("tokens", member.venue))


def _shown_once(request: HttpRequest, member: VenueMembership, made: api_tokens.Made) -> HttpResponse:
    response = render(request, member, "integrations/token_made.html", {"made": made, "may": MAY[made.row.scopes[-1]]})
    response["Cache-Control"] = "no-store"  # neither a cache nor going back shows it again
    return response


def _entry(token: ApiToken, member: VenueMembership) -> dict[str, Any]:
    return {
        "token": token,
        "may": MAY[token.scopes[-1]],
        "person": api_tokens.person(token.user),
        "is_mine": token.user_id == member.user_id,
    }
