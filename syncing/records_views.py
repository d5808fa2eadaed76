"""The pages of the venue's own records: which there are, one of them beside what is connected, and changing it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_GET, require_http_methods

from integrations.models import Role, VenueMembership
from integrations.pages import address, page, render, see_other
from integrations.problems import Problem
from integrations.providers.types import ObjectType
from mappings import canonical
from syncing import columns, duplicates, own, own_list, own_sides
from syncing.models import Record
from syncing.own import Action, Entry
from syncing.records_form import RecordForm, can_be_made

PER_PAGE = 50


@require_GET
@page()
def own_records(request: HttpRequest, member: VenueMembership, object_type: str) -> HttpResponseBase:
    """Show the venue's records of one object, narrowed by words and by how they stand at what is connected."""
    kind = _object_or_404(object_type)
    state = request.GET.get("state", "") if request.GET.get("state") in own_list.STATES else ""
    words = request.GET.get("q", "").strip()[:100]
    records = own_list.present(own_list.standing(own_list.of(member.venue, kind), state=state))
    paged = Paginator(own_list.matching(records, kind, words), PER_PAGE).get_page(request.GET.get("page"))
    shown = {
        "object_type": kind,
        "objects": own.OBJECTS,
        "can_be_made": can_be_made(kind),
        "words": words,
        "state": state,
        "states": own_list.STATES,
        "twins": duplicates.any_of(member.venue, kind),
        "headings": columns.headings(kind),
        "records": paged,
        "rows": [_row(record, kind) for record in paged.object_list],
        "query": _query_without_page(request),
        "searches": [canonical.label(kind, path).lower() for path in columns.searched(kind)],
    }
    return render(request, member, "syncing/own_records.html", shown)


@require_GET
@page()
def own_record(request: HttpRequest, member: VenueMembership, object_type: str, record: UUID) -> HttpResponseBase:
    """Show one record: its values here and at each provider side by side, and how it stands there."""
    kind, held = _record_or_404(member, object_type, record, deleted_too=True)
    sides = own_sides.sides(held)
    shown = {
        "object_type": kind,
        "record": held,
        "title": _title(held),
        "sides": sides,
        "lines": own_sides.lines(held, sides),
        "lists": own_sides.lists(held),
        "history": own_sides.history(held, sides),
    }
    return render(request, member, "syncing/own_record.html", shown)


@require_http_methods(["GET", "POST"])
@page(at_least=Role.OPERATOR)
def new_record(request: HttpRequest, member: VenueMembership, object_type: str) -> HttpResponseBase:
    """Ask for the fields of a new record, and make it."""
    kind = _object_or_404(object_type)
    if not can_be_made(kind):
        raise Problem("not_found", f"A new {canonical.OBJECTS[kind].singular} comes from where it is sold or billed.")
    form = RecordForm(kind, {}, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        outcome = own.upsert(member.venue, kind, [Entry(form.changes())], actor=request.user).outcomes[0]
        if outcome.action != Action.REFUSED:
            messages.success(request, f"{_noun(kind)} saved. It can be changed or deleted at any time.")
            return see_other(_address(member, kind, outcome.id))
        form.refuse(outcome.faults)
    return _form_page(request, member, kind, form, None)


@require_http_methods(["GET", "POST"])
@page(at_least=Role.OPERATOR)
def edit_record(request: HttpRequest, member: VenueMembership, object_type: str, record: UUID) -> HttpResponseBase:
    """Show a record's fields to be changed, and change those that were."""
    kind, held = _record_or_404(member, object_type, record)
    form = RecordForm(kind, held.fields, request.POST if request.method == "POST" else None, version=held.version)
    if request.method == "POST" and form.is_valid():
        try:
            written = own.change(
                member.venue, kind, held.pk, form.changes(), version=form.cleaned_data["version"], actor=request.user
            )
        except own.Stale:
            messages.warning(
                request, "Somebody else changed this record while you were at it. Nothing of yours was saved yet."
            )
            return see_other(_address(member, kind, held.pk, "edit_record"))
        except own.Gone as gone:
            raise Problem("not_found", "This record was deleted meanwhile.") from gone
        outcome = written.outcomes[0]
        if outcome.action != Action.REFUSED:
            saved = f"{_noun(kind)} saved. To undo it, edit it again."
            messages.success(request, saved if written.changed else "Nothing was changed.")
            return see_other(_address(member, kind, held.pk))
        form.refuse(outcome.faults)
    return _form_page(request, member, kind, form, held)


@require_http_methods(["GET", "POST"])
@page(at_least=Role.OPERATOR)
def delete_record(request: HttpRequest, member: VenueMembership, object_type: str, record: UUID) -> HttpResponseBase:
    """Say what deleting a record means, and delete it."""
    kind, held = _record_or_404(member, object_type, record)
    if request.method == "POST":
        own.delete(member.venue, kind, [held.pk], actor=request.user)
        messages.success(request, f"{_title(held)} was deleted here.")
        return see_other(address("own_records", member.venue, object_type=kind))
    shown = {"object_type": kind, "record": held, "title": _title(held), "sides": own_sides.sides(held)}
    return render(request, member, "syncing/own_delete.html", shown)


def _form_page(
    request: HttpRequest, member: VenueMembership, kind: ObjectType, form: RecordForm, held: Record | None
) -> HttpResponseBase:
    shown = {
        "object_type": kind,
        "singular": canonical.OBJECTS[kind].singular,
        "form": form,
        "record": held,
        "title": _title(held) if held else f"New {canonical.OBJECTS[kind].singular}",
    }
    return render(request, member, "syncing/own_form.html", shown, status=400 if form.errors else 200)


def _object_or_404(object_type: str) -> ObjectType:
    if object_type not in own.OBJECTS:
        raise Problem("not_found", "There are no records of that kind here.")
    return ObjectType(object_type)


def _record_or_404(
    member: VenueMembership, object_type: str, record: UUID, *, deleted_too: bool = False
) -> tuple[ObjectType, Record]:
    kind = _object_or_404(object_type)
    found = own_list.of(member.venue, kind).filter(pk=record).first()
    if found is None or (found.deleted_at and not deleted_too):
        raise Problem("not_found", "There is no such record here, or it was deleted.")
    return kind, found


def _row(record: Record, kind: ObjectType) -> dict[str, Any]:
    links = list(record.links.all())
    return {
        "record": record,
        "title": _title(record),
        "cells": columns.cells(kind, record.fields),
        "links": links,
        "why": next((each.problem["sentence"] for each in links if each.problem and "sentence" in each.problem), ""),
    }


def _title(record: Record) -> str:
    return columns.title(ObjectType(record.object_type), record.fields, record.pk.hex)


def _noun(kind: ObjectType) -> str:
    return canonical.OBJECTS[kind].singular.capitalize()


def _address(member: VenueMembership, kind: ObjectType, record: UUID | None, name: str = "own_record") -> str:
    return address(name, member.venue, object_type=kind, record=str(record))


def _query_without_page(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()
