"""The doors to a connection's health: how it is and why, its numbers, and whether it works at this moment."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from connections import lifecycle
from integrations import api_query, catalogue
from integrations.api_contract import venue_of
from integrations.api_docs import PROVIDER, example, problems
from integrations.models import Role
from monitoring import connection_health, connection_metrics, trial
from monitoring import health_bodies as bodies
from monitoring import health_examples as examples
from monitoring.connection_metrics import Period


class HealthViewSet(ViewSet):
    """How a provider does at a venue."""

    @extend_schema(
        operation_id="connection_health", tags=["health"], summary="How healthy a connection is, and why",
        parameters=[PROVIDER, bodies.HealthQuery],
        responses={
            200: OpenApiResponse(
                bodies.ConnectionHealth,
                examples=[example("Late", examples.LATE), example("Not connected", examples.NOT_CONNECTED)],
            ),
            **problems("validation_failed"),
        },
    )  # fmt: skip
    def health(self, request: Request, provider: str) -> Response:
        """Answer the grade with its reasons, and every check with the facts behind it. No provider is asked."""
        found, venue = catalogue.provider_or_404(provider), venue_of(request, at_least=Role.VIEWER)
        api_query.asked(request, bodies.HealthQuery)
        return Response(connection_health.told(venue, found.spec.key))

    @extend_schema(
        operation_id="connection_metrics", tags=["health"], summary="What a connection did, in numbers",
        parameters=[PROVIDER, bodies.MetricsQuery],
        responses={
            200: OpenApiResponse(bodies.ConnectionMetrics, examples=[example("A day", examples.METRICS)]),
            **problems("validation_failed"),
        },
    )  # fmt: skip
    def metrics(self, request: Request, provider: str) -> Response:
        """Answer runs, records, latencies, errors, calls and cost of the last day, week or month."""
        found, venue = catalogue.provider_or_404(provider), venue_of(request, at_least=Role.VIEWER)
        given = api_query.asked(request, bodies.MetricsQuery)
        return Response(connection_metrics.told(venue, found.spec.key, Period(given["period"])))

    @extend_schema(
        operation_id="test_connection", tags=["health"], summary="Test a connection at the provider, now",
        parameters=[PROVIDER], request=bodies.TrialRequest,
        responses={
            200: OpenApiResponse(bodies.TrialOutcome, examples=[example("A permission is missing", examples.TESTED)]),
            **problems("validation_failed", "not_connected", "rate_limited"),
        },
    )  # fmt: skip
    def test(self, request: Request, provider: str) -> Response:
        """Answer step by step whether the provider accepts our access, in ten seconds, once in ten seconds."""
        found, venue = catalogue.provider_or_404(provider), venue_of(request, at_least=Role.OPERATOR)
        serializer = bodies.TrialRequest(data=request.data)
        serializer.is_valid(raise_exception=True)
        connection = lifecycle.live(venue, found.spec.key)
        trial.take_turn(connection)
        return Response(trial.told(connection))
