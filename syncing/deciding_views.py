"""The page on which an owner decides where both sides changed the same thing."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods

from integrations.models import Role, VenueMembership
from integrations.pages import address, page, render, see_other
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from mappings import canonical
from syncing import columns, deciding
from syncing.models import RecordLink

_PER_PAGE = 20


@require_http_methods(["GET", "POST"])
@page(at_least=Role.OPERATOR)
def decide(request: HttpRequest, member: VenueMembership) -> HttpResponseBase:
    """Show what is to be decided, both values side by side; on POST take the choice and send it on."""
    if request.method == "POST":
        _take(request, member)
        return see_other(address("decide", member.venue))
    found = Paginator(deciding.open_ones(member.venue), _PER_PAGE).get_page(request.GET.get("page"))
    shown = {
        "rows": found,
        "query": urlencode({"venue": member.venue.slug}),
        "entries": [_entry(link) for link in found],
        "number": found.paginator.count,
    }
    return render(request, member, "syncing/decide.html", shown)


def _take(request: HttpRequest, member: VenueMembership) -> None:
    choices: dict[str, deciding.Choice] = {}
    for name, value in request.POST.items():
        path = name.removeprefix("choice:")
        if path != name and value in ("ours", "theirs"):
            choices[path] = "ours" if value == "ours" else "theirs"
    try:
        link = int(request.POST.get("link", ""))
    except ValueError:
        link = 0
    try:
        left = deciding.decide(member.venue, link, choices, by=request.user)
    except Problem as problem:
        messages.error(request, problem.detail)
        return
    messages.success(request, "Your choice was saved and is sent on." + (f" {left} left to decide." if left else ""))


def _entry(link: RecordLink) -> dict[str, Any]:
    kind = ObjectType(link.external_type)
    return {
        "link": link,
        "title": columns.title(kind, link.record.fields if link.record else {}, link.external_id),
        "singular": canonical.OBJECTS[kind].singular,
        "provider": PROVIDERS[link.connection.provider].spec.name,
        "changed_here": link.record.changed_at if link.record else None,
        "changed_there": link.remote_updated_at,
        "sentence": (link.problem or {}).get("sentence", ""),
        "clashes": [
            {
                "path": clash["path"],
                "label": canonical.label(kind, clash["path"]),
                "before": _words(clash["base"]),
                "ours": _words(clash["ours"]),
                "theirs": _words(clash["theirs"]),
            }
            for clash in deciding.clashes(link)
        ],
    }


def _words(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return f"{len(value)} entries" if any(isinstance(each, dict) for each in value) else ", ".join(map(str, value))
    return str(value)
