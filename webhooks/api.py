"""The door to a venue's events: what a provider told, what became of it, and how soon."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from integrations import catalogue
from integrations.api_contract import MomentFilter, StayingPages, venue_of
from integrations.api_docs import PAGING, PROVIDER, VENUE, example, problems
from integrations.models import Role
from integrations.permissions import may, membership
from syncing.work import WorkStatus
from webhooks.models import Verdict, WebhookEvent

_COLUMNS = (
    "id", "event_type", "object_type", "external_id", "verdict", "status", "attempts", "happened_at", "received_at",
    "finished_at", "failure_class", "failure_code", "failure_sentence",
)  # fmt: skip
_EVENT = {
    "id": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77", "type": "customer.updated", "object": "customer",
    "external_id": "7G3K…", "verdict": "accepted", "status": "succeeded", "attempts": 1,
    "happened_at": "2026-11-22T18:29:58Z", "received_at": "2026-11-22T18:29:59Z", "latency_seconds": 0.4, "error": None,
}  # fmt: skip


class EventFilter(filters.FilterSet):
    """What the events can be narrowed to."""

    verdict = filters.ChoiceFilter(choices=Verdict.choices)
    status = filters.ChoiceFilter(choices=WorkStatus.choices)
    since = MomentFilter(field_name="received_at", lookup_expr="gte")
    until = MomentFilter(field_name="received_at", lookup_expr="lt")

    class Meta:
        model = WebhookEvent
        fields: list[str] = []


class EventPagination(StayingPages):
    """Pages that stay put while new events come in."""

    ordering = ("-received_at", "-id")


class EventError(serializers.Serializer[Any]):
    """Why an event was given up, or failed the last time."""

    error_class = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(allow_blank=True)


class Event(serializers.Serializer[Any]):
    """One event. `external_id` is masked for viewers; `latency_seconds` is from its arrival to the end of its work."""

    id = serializers.UUIDField()
    type = serializers.CharField()
    object = serializers.CharField(allow_blank=True)
    external_id = serializers.CharField(allow_blank=True)
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    status = serializers.ChoiceField(choices=WorkStatus.choices)
    attempts = serializers.IntegerField()
    happened_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()
    latency_seconds = serializers.FloatField(allow_null=True)
    error = EventError(allow_null=True)


class EventPage(serializers.Serializer[Any]):
    """A page of events, the newest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = Event(many=True)


class EventViewSet(GenericViewSet[WebhookEvent]):
    """What a provider told about a venue's account."""

    queryset = WebhookEvent.objects.none()
    serializer_class = Event
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = EventFilter
    pagination_class = EventPagination

    @extend_schema(
        operation_id="list_events",
        tags=["webhooks"],
        summary="What a provider told",
        parameters=[
            PROVIDER,
            VENUE,
            *PAGING,
        ],
        responses={
            200: OpenApiResponse(
                EventPage, examples=[example("One event", {"next": None, "previous": None, "results": [_EVENT]})]
            ),
            **problems("validation_failed"),
        },
    )
    def index(self, request: Request, provider: str) -> Response:
        """Answer a page of the venue's events, without what they carried."""
        found, venue = catalogue.provider_or_404(provider), venue_of(request, at_least=Role.VIEWER)
        is_masked = not may(membership(request.user, venue.slug, at_least=Role.VIEWER), Role.OPERATOR)
        rows: QuerySet[Any, Any] = WebhookEvent.objects.filter(connection__venue=venue, provider=found.spec.key)
        page = self.paginate_queryset(self.filter_queryset(rows).values(*_COLUMNS)) or []
        return self.get_paginated_response([_as_json(row, is_masked=is_masked) for row in page])


def _as_json(row: dict[str, Any], *, is_masked: bool) -> dict[str, Any]:
    error = {"error_class": row["failure_class"], "code": row["failure_code"], "sentence": row["failure_sentence"]}
    took = (row["finished_at"] - row["received_at"]).total_seconds() if row["finished_at"] else None
    return {
        "id": row["id"], "type": row["event_type"], "object": row["object_type"],
        "external_id": _masked(row["external_id"]) if is_masked else row["external_id"], "verdict": row["verdict"],
        "status": row["status"], "attempts": row["attempts"], "happened_at": row["happened_at"],
        "received_at": row["received_at"], "latency_seconds": took,
        "error": error if row["failure_class"] else None,
    }  # fmt: skip


def _masked(text: str) -> str:
    return f"{text[:4]}…" if text else ""
