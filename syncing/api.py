"""The doors to syncing: start, stop, retry, how it stands, what it did."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from connections import lifecycle
from integrations import catalogue, csv_file
from integrations.api_contract import MomentFilter, StayingPages, StrictSerializer, venue_of
from integrations.api_docs import PAGING, PROVIDER, VENUE, example, problems
from integrations.models import Role, Venue
from integrations.problems import Problem
from integrations.providers.base import Provider
from integrations.providers.types import ObjectType
from mappings.models import Direction
from syncing import examples, queue, recovery, schedule, sending, status, tasks
from syncing import serializers as bodies
from syncing.consent import Plan
from syncing.models import Mode, Outcome, SyncLog, Trigger
from syncing.typed_json import frozen

_RUN = "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77"
_STARTED = {
    "run": _RUN,
    "joined": False,
    "jobs": [
        {
            "id": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e78", "run": _RUN, "object": "customer", "status": "queued",
            "mode": "incremental", "trigger": "owner", "queued_at": "2026-11-22T18:30:00Z",
        }
    ],
}  # fmt: skip
_PLANNED = {
    "plan": "5f0c9b8e77a14b0f9d2e5a1f0c9b8e77",
    "plans": [
        {
            "object": "customer", "created": 1, "updated": 0, "deleted": 0,
            "left_out": {"Left out: this customer has no e-mail.": 3}, "conflicts": 0, "calls": 1, "metered": 0,
            "samples": [
                {
                    "record": _RUN, "operation": "create", "before": {},
                    "after": {"email_address": "nell@example.test", "given_name": "Nell"},
                }
            ],
        }
    ],
}  # fmt: skip
_AS_CSV = OpenApiExample(
    "A file", value=examples.HISTORY_CSV, response_only=True, status_codes=["200"], media_type="text/csv"
)
_ONE_RUN = OpenApiParameter("run", UUID, OpenApiParameter.QUERY, description="Only this run, in full.")


class HistoryFilter(filters.FilterSet):
    """What the history can be narrowed to."""

    object = filters.ChoiceFilter(field_name="object_type", choices=[(str(each), str(each)) for each in ObjectType])
    outcome = filters.ChoiceFilter(choices=Outcome.choices)
    trigger = filters.ChoiceFilter(choices=Trigger.choices)
    since = MomentFilter(field_name="started_at", lookup_expr="gte")
    until = MomentFilter(field_name="started_at", lookup_expr="lt")

    class Meta:
        model = SyncLog
        fields: list[str] = []


class HistoryPagination(StayingPages):
    """Pages that stay put while new attempts come in."""

    ordering = ("-started_at", "-id")


class SyncViewSet(GenericViewSet[SyncLog]):
    """The syncs of a venue's connection to one provider."""

    queryset = SyncLog.objects.none()
    serializer_class = bodies.Attempt
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = HistoryFilter
    pagination_class = HistoryPagination
    also_asked = ("run", "format")  # of the history, beside its filters

    @extend_schema(
        operation_id="start_sync",
        tags=["sync"],
        summary="Sync now",
        filters=False,
        parameters=[PROVIDER],
        request=bodies.SyncRequest,
        responses={
            202: OpenApiResponse(
                bodies.RunStarted,
                description="Queued; `Location` is where to look, `Retry-After` when.",
                examples=[example("Queued", _STARTED, 202)],
            ),
            200: OpenApiResponse(
                bodies.RunStarted,
                description="All of it waits or runs already.",
                examples=[example("Joined", _STARTED | {"joined": True})],
            ),
            **problems("validation_failed", "not_connected", "reauth_required", "conflict", "plan_stale", "busy"),
        },
    )
    def start(self, request: Request, provider: str) -> Response:
        """Queue a sync and answer at once; what waits or runs already is joined."""
        found, venue = _asked(request, provider, Role.OPERATOR)
        given = _validated(bodies.SyncRequest, request, found)
        connection = lifecycle.authorised(venue, provider)
        mode, objects = Mode(given["mode"]), given.get("objects")
        if given["direction"] == Direction.OUT:
            asked = [ObjectType(each) for each in objects or sending.objects_of(connection)]
            started = sending.start(
                connection, asked, plan=given.get("plan", ""), deletes=given.get("deletes"), by=request.user
            )
        elif objects is None:
            started = schedule.start(connection, trigger=Trigger.OWNER, actor=request.user, mode=mode)
        else:
            started = queue.enqueue(
                connection, map(ObjectType, objects), mode=mode, trigger=Trigger.OWNER, actor=request.user,
                priority=queue.Priority.HIGH,
            )  # fmt: skip
        if not started.jobs:
            raise Problem("conflict", f"No objects are chosen for {found.spec.name}. Choose what to sync first.")
        tasks.ring(len(started.jobs))
        answer = {
            "run": started.run,
            "joined": started.joined,
            "jobs": [status.job_brief(job) for job in started.jobs],
        }
        return Response(
            answer,
            status=200 if started.joined else 202,
            headers=_where(venue, provider, started.run),
        )

    @extend_schema(
        operation_id="preview_sync",
        tags=["sync"],
        summary="What sending would do",
        filters=False,
        parameters=[PROVIDER],
        request=bodies.PreviewRequest,
        responses={
            200: OpenApiResponse(bodies.Preview, examples=[example("A plan", _PLANNED)]),
            **problems("validation_failed", "not_connected", "reauth_required", "conflict", "busy"),
        },
    )
    def preview(self, request: Request, provider: str) -> Response:
        """Answer the exact plan of an outbound sync. Writes nothing anywhere and calls nobody."""
        found, venue = _asked(request, provider, Role.OPERATOR)
        given = _validated(bodies.PreviewRequest, request, found)
        connection = lifecycle.authorised(venue, provider)
        plans = sending.preview(
            connection,
            [ObjectType(each) for each in given.get("objects") or sending.objects_of(connection)],
            deletes=given.get("deletes"),
        )
        return Response({"plan": sending.plan_id(plans), "plans": [_planned(plan) for plan in plans]})

    @extend_schema(
        operation_id="stop_sync",
        tags=["sync"],
        summary="Stop what waits and runs",
        filters=False,
        parameters=[PROVIDER],
        request=bodies.StopRequest,
        responses={
            202: OpenApiResponse(bodies.Stopping, examples=[example("Stopping", {"stopping": 2}, 202)]),
            200: OpenApiResponse(bodies.Stopping, examples=[example("Nothing runs", {"stopping": 0})]),
            **problems("validation_failed", "not_connected"),
        },
    )
    def stop(self, request: Request, provider: str) -> Response:
        """Cancel what waits; what runs ends at its next page, with its place kept."""
        found, venue = _asked(request, provider, Role.VENUE_ADMIN)
        _validated(bodies.StopRequest, request, found)
        stopping = queue.stop(lifecycle.live(venue, provider), by=request.user)
        return Response({"stopping": stopping}, status=202 if stopping else 200)

    @extend_schema(
        operation_id="retry_sync",
        tags=["sync"],
        summary="Queue again what was given up",
        filters=False,
        parameters=[PROVIDER],
        request=bodies.RetryRequest,
        responses={
            202: OpenApiResponse(
                bodies.Requeued,
                examples=[
                    example("Queued again", {"requeued": 1, "records": 7, "jobs": _STARTED["jobs"], "skipped": []}, 202)
                ],
            ),
            200: OpenApiResponse(
                bodies.Requeued,
                description="There was nothing to queue again.",
                examples=[example("Nothing to queue", examples.NOT_REQUEUED)],
            ),
            **problems("validation_failed", "not_connected", "reauth_required"),
        },
    )
    def retry(self, request: Request, provider: str) -> Response:
        """Make a new job for each object that was given up, and try its failing records again, each once.

        What failed stays in the history as it is. Many records are stopped by themselves after five equal failures.
        """
        found, venue = _asked(request, provider, Role.OPERATOR)
        given = _validated(bodies.RetryRequest, request, found)
        done = recovery.retry(
            lifecycle.authorised(venue, provider), actor=request.user, run=given.get("run"),
            error_class=given.get("error_class", ""), records=given.get("records"),
        )  # fmt: skip
        if done.jobs:
            tasks.ring(len(done.jobs))
        answer = {
            "requeued": len(done.jobs),
            "records": done.records,
            "jobs": [status.job_brief(job) for job in done.jobs],
            "skipped": [
                {"id": each.job.pk, "object": each.job.object_type, "reason": each.reason, "detail": each.detail}
                for each in done.skipped
            ],
        }
        return Response(answer, status=202 if done.jobs else 200)

    @extend_schema(
        operation_id="sync_status",
        tags=["sync"],
        summary="What runs, what waits, what is due",
        filters=False,
        parameters=[PROVIDER, VENUE, _ONE_RUN],
        responses={
            200: OpenApiResponse(
                PolymorphicProxySerializer(
                    component_name="SyncStatusOrRun",
                    serializers=[bodies.SyncStatus, bodies.RunStatus],
                    resource_type_field_name=None,
                ),
                examples=[example("Now", examples.STATUS), example("One run", examples.RUN_STATUS)],
            ),
            **problems("validation_failed"),
        },
    )
    def status(self, request: Request, provider: str) -> Response:
        """Answer how the venue's syncs stand now; with `run`, how that run does."""
        _, venue = _asked(request, provider, Role.VIEWER)
        if (run := _run_named(request)) is not None:
            return Response(_or_404(status.of_run(venue, provider, run)))
        return Response(status.present(venue, provider))

    @extend_schema(
        operation_id="sync_history",
        tags=["sync"],
        summary="Every attempt, the newest first",
        filters=True,
        parameters=[
            PROVIDER,
            VENUE,
            _ONE_RUN,
            OpenApiParameter("format", str, OpenApiParameter.QUERY, enum=["json", "csv"], description="csv: all rows."),
            *PAGING,
        ],
        responses={
            (200, "application/json"): OpenApiResponse(
                PolymorphicProxySerializer(
                    component_name="HistoryOrRun",
                    serializers=[bodies.HistoryPage, bodies.RunInFull],
                    resource_type_field_name=None,
                ),
                examples=[example("A page", examples.HISTORY), example("One run", examples.RUN)],
            ),
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, examples=[_AS_CSV]),
            **problems("validation_failed"),
        },
    )
    def history(self, request: Request, provider: str) -> HttpResponseBase:
        """Answer a page of attempts; with `run` that run and its problems; with `format=csv` all rows as a file."""
        _, venue = _asked(request, provider, Role.VIEWER)
        wanted = _format(request)
        StayingPages().judge(request, self)
        if (run := _run_named(request)) is not None and wanted == "json":
            return Response(_or_404(status.run_in_full(venue, provider, run)))
        rows = self.filter_queryset(status.history(venue, provider))
        if wanted == "csv":
            chosen = rows.filter(run=run) if run else rows
            lines = status.as_csv(chosen.iterator(chunk_size=2000))
            return csv_file.as_file(lines, f"{provider}-history-{venue.slug}.csv")
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([status.as_json(row) for row in page])


def _asked(request: Request, provider: str, at_least: Role) -> tuple[Provider, Venue]:
    """Return the provider and the caller's venue. Raises Problem not_found or forbidden."""
    return catalogue.provider_or_404(provider), venue_of(request, at_least=at_least)


def _validated(kind: type[StrictSerializer], request: Request, provider: Provider) -> dict[str, Any]:
    serializer = kind(data=request.data, context={"provider": provider})
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def _where(venue: Venue, provider: str, run: UUID) -> dict[str, str]:
    query = urlencode({"venue": venue.slug, "run": run})
    return {
        "Location": f"/api/v1/integrations/{provider}/sync/status?{query}",
        "Retry-After": str(status.POLL_WHILE_SYNCING),
    }


def _run_named(request: Request) -> UUID | None:
    named = request.query_params.get("run")
    try:
        return UUID(named) if named is not None else None
    except ValueError:
        raise ValidationError({"run": ["This is not the id of a run."]}) from None


def _format(request: Request) -> str:
    wanted = str(request.query_params.get("format", "json"))
    if wanted not in ("json", "csv"):
        raise ValidationError({"format": ["Known formats are json and csv."]})
    return wanted


def _or_404(found: dict[str, Any] | None) -> dict[str, Any]:
    if found is None:
        raise Problem("not_found", "This venue has no such run.")
    return found


def _planned(plan: Plan) -> dict[str, Any]:
    """Return a plan as it is told; amounts and times as plain JSON."""
    return {
        "object": plan.object_type, "created": plan.created, "updated": plan.updated, "deleted": plan.deleted,
        "left_out": plan.left_out, "conflicts": plan.conflicts, "calls": plan.calls, "metered": plan.metered,
        "samples": [
            {
                "record": step.record, "operation": step.write.operation, "before": frozen(step.before or {}),
                "after": frozen(step.write.values),
            }
            for step in plan.samples
            if step.write is not None
        ],
    }  # fmt: skip
