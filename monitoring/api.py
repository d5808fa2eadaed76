"""The doors to how things stand: every provider of a venue, one of them in full, and the widget."""

from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from integrations import catalogue
from integrations.api_contract import venue_of
from integrations.api_docs import PROVIDER, VENUE, example, problems
from integrations.models import Role
from integrations.permissions import venues_of
from integrations.problems import Problem
from monitoring import dossier, overview
from monitoring import serializers as bodies

_CARD = {
    "provider": "square",
    "name": "Square",
    "status": "connected",
    "status_label": "Connected",
    "tone": "success",
    "since": "2026-11-03T10:02:11Z",
    "message": "Last sync 4 minutes ago · 1,284 customers, 96 products up to date",
    "account": {"label": "Lantern Room Ltd", "id_hint": "MLE…9Q2"},
    "action": {"code": "manage", "label": "Manage", "method": "GET", "href": "/integrations/square/"},
    "last_success_at": "2026-11-22T18:26:00Z",
    "next_run_at": "2026-11-22T18:41:00Z",
    "late": False,
    "test_mode": False,
    "notice": None,
    "counts": {"up_to_date": 1380, "left_out": 0, "failing": 0, "waiting": 0},
    "progress": None,
    "problems": [],
    "objects": [
        {
            "object": "customer", "label": "Customers", "up_to_date": 1284, "left_out": 0, "failing": 0, "waiting": 0,
            "direction": "in",
        }
    ],
    "health": {"success_rate_24h": 1.0, "p95_ms": 5200},
    "links": {"self": "/api/v1/integrations/square/", "page": "/integrations/square/"},
}  # fmt: skip
_WIDGET = {
    "venue": {
        "id": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77", "slug": "lantern-room", "name": "The Lantern Room",
        "timezone": "Europe/London",
    },
    "summary": {
        "text": "Everything is up to date.", "needs_you": 0, "syncing": 0, "connected": 1, "not_connected": 0
    },
    "poll_after_seconds": 60,
    "integrations": [_CARD],
}  # fmt: skip


class IntegrationViewSet(ViewSet):
    """How a venue's integrations stand, in the words its owner reads on the pages."""

    @extend_schema(
        operation_id="list_integrations",
        tags=["integrations"],
        summary="Every provider, connected or not",
        parameters=[VENUE],
        responses={200: bodies.IntegrationList, **problems("validation_failed")},
    )
    def index(self, request: Request) -> Response:
        """Answer with the status of each provider, what it can do, and how it is authorised."""
        return Response(dossier.of_venue(venue_of(request, at_least=Role.VIEWER)))

    @extend_schema(
        operation_id="get_integration",
        tags=["integrations"],
        summary="One provider in full",
        parameters=[PROVIDER, VENUE],
        responses={200: bodies.IntegrationInFull, **problems("validation_failed")},
    )
    def retrieve(self, request: Request, provider: str) -> Response:
        """Answer with one provider and its history, schedule, settings and policies."""
        found = catalogue.provider_or_404(provider)
        return Response(dossier.of_provider(venue_of(request, at_least=Role.VIEWER), found.spec.key))

    @extend_schema(
        operation_id="my_integrations",
        tags=["me"],
        summary="The dashboard widget",
        parameters=[VENUE],
        responses={
            200: OpenApiResponse(
                PolymorphicProxySerializer(
                    component_name="WidgetOrWidgets",
                    serializers=[bodies.Widget, bodies.Widgets],
                    resource_type_field_name=None,
                ),
                description="One venue's widget; `{venues, poll_after_seconds}` when you have several and name none.",
                examples=[
                    example("One venue", _WIDGET),
                    example("Several venues", {"venues": [_WIDGET], "poll_after_seconds": 60}),
                ],
            ),
            **problems(),
        },
    )
    def mine(self, request: Request) -> Response:
        """Answer how the caller's venues stand; a widget polls this, and mostly hears that nothing changed."""
        named = request.query_params.get("venue", "")
        widgets = [overview.as_json(each) for each in overview.for_venues(venues_of(request.user, named))]
        if named and not widgets:
            raise Problem("not_found", "You have no venue by that name.")
        if len(widgets) == 1:
            return Response(widgets[0])
        soonest = min((each["poll_after_seconds"] for each in widgets), default=overview.POLL_OTHERWISE)
        return Response({"venues": widgets, "poll_after_seconds": soonest})


class NowhereViewSet(ViewSet):
    """Any other address under the API: a problem document rather than a page."""

    @extend_schema(exclude=True)
    def answer(self, request: Request, path: str) -> Response:
        """Refuse."""
        raise Problem("not_found", "The API has no such address. All of them are listed at /api/v1/docs/.")
