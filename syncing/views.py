"""The pages about syncing: starting, stopping, what happened, and the records it brought."""

import csv
import itertools
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from connections import lifecycle
from connections.models import Connection
from integrations.catalogue import provider_or_404
from integrations.models import Role, VenueMembership
from integrations.pages import address, page, render, see_other
from integrations.problems import Problem
from integrations.providers.base import Provider
from integrations.providers.types import ObjectType
from mappings import canonical
from syncing import columns, queue, recovery, schedule, tasks
from syncing.forms import HistoryFilter
from syncing.models import LinkState, Outcome, RecordLink, SyncLog, Trigger

RUNS_PER_PAGE, RECORDS_PER_PAGE, PROBLEMS_SHOWN = 50, 50, 50
_CSV_COLUMNS = (
    "reference", "object_type", "direction", "trigger", "outcome", "started_at", "finished_at", "read", "created",
    "updated", "unchanged", "deleted", "left_out", "failed", "error_sentence",
)  # fmt: skip
_STATES = (LinkState.IN_STEP, LinkState.LEFT_OUT, LinkState.FAILING, LinkState.DELETED)


# --- starting and stopping


@require_POST
@page(at_least=Role.OPERATOR)
def sync_now(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Sync a connection at once; a sync that runs already is joined."""
    found, connection = provider_or_404(provider), lifecycle.live(member.venue, provider)
    started = _start(connection, Trigger.OWNER, request.user)
    if started.joined:
        messages.info(request, f"{found.spec.name} is syncing already; this goes on.")
    else:
        messages.success(request, f"{found.spec.name} is syncing now. A venue admin can stop it below.")
    return see_other(address("connection", member.venue, provider=provider))


@require_POST
@page(at_least=Role.OPERATOR)
def sync_everything(request: HttpRequest, member: VenueMembership) -> HttpResponseBase:
    """Sync every connection of the venue at once."""
    connections = list(Connection.objects.live().filter(venue=member.venue, status="connected"))
    for connection in connections:
        _start(connection, Trigger.OWNER, request.user)
    if connections:
        names = ", ".join(provider_or_404(each.provider).spec.name for each in connections)
        messages.success(request, f"{names}: syncing now. Each can be stopped or paused on its own page.")
    else:
        messages.info(request, "Nothing was started: no integration can sync at the moment.")
    return see_other(address("integrations", member.venue))


@require_POST
@page(at_least=Role.VENUE_ADMIN)
def stop(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Stop what runs and waits; the schedule goes on with its next slot."""
    found, connection = provider_or_404(provider), lifecycle.live(member.venue, provider)
    if queue.stop(connection, by=request.user):
        messages.success(
            request, f"The {found.spec.name} sync was stopped. What came in is kept; “Sync now” goes on from there."
        )
    else:
        messages.info(request, f"No {found.spec.name} sync was running, so nothing was stopped.")
    return see_other(address("connection", member.venue, provider=provider))


# --- what happened


@require_GET
@page()
def history(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Show the runs, newest first, by day."""
    found = provider_or_404(provider)
    narrowed = HistoryFilter(request.GET, _runs(member, found), found)
    shown = {
        "provider": found,
        "filter": narrowed,
        "runs": _paged(request, narrowed.qs.select_related("actor"), RUNS_PER_PAGE),
        "query": _query_without_page(request),
    }
    return render(request, member, "syncing/history.html", shown)


@require_GET
@page()
def history_csv(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Answer with the runs, narrowed as on the page, as a table for spreadsheets."""
    found = provider_or_404(provider)
    runs = HistoryFilter(request.GET, _runs(member, found), found).qs
    rows = _csv_rows(runs.values_list(*_CSV_COLUMNS).iterator(chunk_size=1000), ZoneInfo(member.venue.time_zone))
    response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.spec.key}-history.csv"'
    return response


@require_GET
@page()
def run(request: HttpRequest, member: VenueMembership, provider: str, reference: str) -> HttpResponseBase:
    """Show one run: its summary, its timeline, and the open problems of its object."""
    found = provider_or_404(provider)
    log = get_object_or_404(_runs(member, found).select_related("actor"), reference=reference)
    problems = (
        RecordLink.objects.filter(connection=log.connection_id, external_type=log.object_type)
        .filter(state__in=[LinkState.FAILING, LinkState.CONFLICT, LinkState.LEFT_OUT])
        .defer("raw", "base")
        .select_related("record")
        .order_by("state", "pk")[:PROBLEMS_SHOWN]
    )
    shown = {
        "provider": found,
        "run": log,
        "timeline": [entry | {"at": datetime.fromisoformat(entry["at"])} for entry in log.timeline],
        "seconds": ((log.finished_at or timezone.now()) - log.started_at).total_seconds(),
        "problems": [_row(link, ObjectType(log.object_type)) for link in problems],
        "can_be_tried_again": log.outcome in (Outcome.FAILED, Outcome.PARTLY),
        "calls": sorted(log.calls.items()),
    }
    return render(request, member, "syncing/run.html", shown)


@require_POST
@page(at_least=Role.OPERATOR)
def retry(request: HttpRequest, member: VenueMembership, provider: str, reference: str) -> HttpResponseBase:
    """Try again what failed in a run: its streams, and the records that were refused meanwhile."""
    found = provider_or_404(provider)
    log = get_object_or_404(_runs(member, found), reference=reference)
    done = recovery.retry(lifecycle.authorised(member.venue, provider), actor=request.user, run=log.run)
    tasks.ring(len(done.jobs))
    if done.records:
        records = f"{done.records:,} record" + ("s are" if done.records > 1 else " is")
        messages.success(request, f"{records} tried again now. Nothing is sent twice.")
    elif done.jobs:
        messages.success(request, f"{found.spec.name} is tried again now.")
    else:
        why = done.skipped[0].detail if done.skipped else "What failed in it was settled since."
        messages.info(request, f"There is nothing to try again. {why}")
    return see_other(address("connection", member.venue, provider=provider))


# --- what it brought


@require_GET
@page()
def records(request: HttpRequest, member: VenueMembership, provider: str, object_type: str) -> HttpResponseBase:
    """Show the records of one object that a provider holds too."""
    found, kind = provider_or_404(provider), _object_or_404(provider, object_type)
    state = request.GET.get("state") if request.GET.get("state") in _STATES else ""
    words = request.GET.get("q", "").strip()[:100]
    links = _links(_connection(member, found), kind, state or "", words)
    paged = _paged(request, links, RECORDS_PER_PAGE)
    shown = {
        "provider": found,
        "object_type": kind,
        "words": words,
        "state": state,
        "states": [(each.value, each.label) for each in _STATES],
        "headings": columns.headings(kind),
        "links": paged,
        "rows": [_row(link, kind) for link in paged.object_list],
        "query": _query_without_page(request),
        "searches": [canonical.label(kind, path).lower() for path in columns.searched(kind)],
    }
    return render(request, member, "syncing/records.html", shown)


@require_GET
@page()
def record(
    request: HttpRequest, member: VenueMembership, provider: str, object_type: str, link: int
) -> HttpResponseBase:
    """Show one record: our fields, and what the provider sent."""
    found, kind = provider_or_404(provider), _object_or_404(provider, object_type)
    owned = RecordLink.objects.filter(connection=_connection(member, found), external_type=kind)
    held = get_object_or_404(owned.select_related("record"), pk=link)
    fields = held.record.fields if held.record else {}
    shown = {
        "provider": found,
        "object_type": kind,
        "link": held,
        "title": columns.title(kind, fields, held.external_id),
        "details": columns.details(kind, fields),
        "sent": json.dumps(held.raw, indent=2, ensure_ascii=False, sort_keys=True),
    }
    return render(request, member, "syncing/record.html", shown)


# --- shared by the views above


def _start(connection: Connection, trigger: Trigger, actor: Any) -> queue.Started:
    if connection.status != "connected":
        raise Problem("reauth_required", "The provider no longer accepts our access. Reconnect first; nothing is lost.")
    started = schedule.start(connection, trigger=trigger, actor=actor)
    tasks.ring(len(started.jobs))
    return started


def _runs(member: VenueMembership, provider: Provider) -> QuerySet[SyncLog]:
    return SyncLog.objects.filter(venue=member.venue, provider=provider.spec.key).order_by("-started_at")


def _connection(member: VenueMembership, provider: Provider) -> Connection:
    """Return the live connection, or the last one: its records are kept. Raises Problem not_connected."""
    every = Connection.objects.filter(venue=member.venue, provider=provider.spec.key)
    found = every.live().first() or every.order_by("-connected_at").first()
    if found is None:
        raise Problem("not_connected", f"{provider.spec.name} was never connected, so it has no records here.")
    return found


def _links(connection: Connection, kind: ObjectType, state: str, words: str) -> QuerySet[RecordLink]:
    links = RecordLink.objects.filter(connection=connection, external_type=kind)
    links = links.filter(state=state) if state else links.exclude(state=LinkState.DELETED)
    if words:
        found = Q(external_id=words)
        for path in columns.searched(kind):
            found |= Q(**{f"record__fields__{path}__icontains": words})
        links = links.filter(found)
    return links.defer("raw", "base").select_related("record").order_by("-pk")


def _row(link: RecordLink, kind: ObjectType) -> dict[str, Any]:
    fields = link.record.fields if link.record else {}
    return {
        "link": link,
        "title": columns.title(kind, fields, link.external_id),
        "cells": columns.cells(kind, fields),
        "why": (link.problem or {}).get("sentence", ""),
    }


def _object_or_404(provider: str, object_type: str) -> ObjectType:
    known = [each for each in provider_or_404(provider).streams if each == object_type]
    if not known:
        raise Problem("not_found", "There are no records of that kind here.")
    return known[0]


def _paged(request: HttpRequest, rows: Any, per_page: int) -> Any:
    return Paginator(rows, per_page).get_page(request.GET.get("page"))


def _query_without_page(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


def _csv_rows(rows: Iterable[tuple[Any, ...]], zone: ZoneInfo) -> Iterator[str]:
    writer = csv.writer(_Echo())
    for row in itertools.chain([_CSV_COLUMNS], rows):
        yield writer.writerow([_csv_cell(value, zone) for value in row])


def _csv_cell(value: Any, zone: ZoneInfo) -> Any:
    """Return the value for a spreadsheet; text that would be taken for a formula is quoted."""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
        return f"'{value}"
    return value


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text
