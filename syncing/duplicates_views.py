"""The page on which a person says whether two records are one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods

from integrations.models import Role, VenueMembership
from integrations.pages import address, page, render, see_other
from integrations.problems import Problem
from integrations.providers.types import ObjectType
from mappings import canonical
from syncing import columns, duplicates
from syncing.duplicates import Pair
from syncing.models import Record

_SHOWN = 50


@require_http_methods(["GET", "POST"])
@page(at_least=Role.OPERATOR)
def show(request: HttpRequest, member: VenueMembership) -> HttpResponseBase:
    """Show possible duplicates side by side; on POST make two records one, or keep them apart."""
    if request.method == "POST":
        _act(request, member)
        return see_other(address("duplicates", member.venue))
    found = duplicates.pairs(member.venue, limit=_SHOWN + 1)
    shown = {"entries": [_entry(pair) for pair in found[:_SHOWN]], "more": len(found) > _SHOWN}
    return render(request, member, "syncing/duplicates.html", shown)


def _act(request: HttpRequest, member: VenueMembership) -> None:
    try:
        first, second = UUID(request.POST.get("first", "")), UUID(request.POST.get("second", ""))
    except ValueError:
        messages.error(request, "These two are no possible duplicates any more.")
        return
    try:
        if request.POST.get("say") == "same":
            kept = duplicates.same(member.venue, first, second, by=request.user)
            title = columns.title(ObjectType(kept.object_type), kept.fields, kept.pk.hex)
            messages.success(request, f"{title} is one record now. What both knew is kept and sent on.")
        else:
            duplicates.apart(member.venue, first, second, by=request.user)
            messages.success(request, "They stay two records. You will not be asked about them again.")
    except Problem as problem:
        messages.error(request, problem.detail)


def _entry(pair: Pair) -> dict[str, Any]:
    kind = ObjectType(pair.first.object_type)
    sides = [_facts(kind, each) for each in (pair.first, pair.second)]
    labels = list(dict.fromkeys(cell.label for side in sides for cell in side.values()))
    return {
        "pair": pair,
        "kind": kind,
        "singular": canonical.OBJECTS[kind].singular,
        "titles": [columns.title(kind, each.fields, each.pk.hex) for each in (pair.first, pair.second)],
        "lines": [{"label": label, "cells": [side.get(label) for side in sides]} for label in labels],
    }


def _facts(kind: ObjectType, record: Record) -> dict[str, columns.Cell]:
    cells = columns.details(kind, record.fields)
    return {cell.label: cell for cell in cells if cell.kind != "list"}
