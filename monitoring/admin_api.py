"""The doors to what our team sees over all venues: how all stand, how the platform does, what it costs, what waits."""

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from integrations import api_query, csv_file
from integrations.api_docs import SESSION_ONLY, example, problems
from monitoring import admin_bodies as bodies
from monitoring import admin_examples as examples
from monitoring import admin_queries as queries
from monitoring import all_venues, costs, costs_bodies, exposition, health_summary, queue_metrics, staff


def _answers(body: Any, name: str, value: Any, media_type: str = "", written: str = "") -> dict[Any, Any]:
    """Return the documented answers of a route that can be written in another way, each with an example."""
    told: dict[Any, Any] = {
        (200, "application/json"): OpenApiResponse(body, examples=[example(name, value)]),
        **problems("validation_failed"),
    }
    if media_type:
        written_out = OpenApiExample(
            media_type, value=written, response_only=True, status_codes=["200"], media_type=media_type
        )
        told[200, media_type] = OpenApiResponse(OpenApiTypes.STR, examples=[written_out])
    return told


@extend_schema(auth=SESSION_ONLY)
class AdminViewSet(ViewSet):
    """What our team sees over all venues. Each wants the permission to view what it is made of."""

    @extend_schema(
        operation_id="all_venues", tags=["admin"], summary="Every provider at every venue",
        parameters=[queries.AllVenuesQuery],
        responses=_answers(bodies.AllVenues, "One row", examples.VENUES, "text/csv", examples.VENUES_CSV),
    )  # fmt: skip
    def all_venues(self, request: Request) -> HttpResponseBase:
        """Answer a page of rows, or with `format=csv` all of them as a file."""
        staff.permit(request, "connections.view_connection")
        given = api_query.asked(request, queries.AllVenuesQuery)
        if given["format"] == "csv":
            return csv_file.as_file(all_venues.as_csv(given["which"]), "all-venues.csv")
        try:
            return Response(all_venues.page(given["which"], limit=given["limit"], after=given.get("cursor", "")))
        except ValueError as error:
            raise ValidationError({"cursor": [str(error)]}) from error

    @extend_schema(
        operation_id="health_summary", tags=["admin"], summary="How the platform does",
        responses=_answers(bodies.HealthSummary, "All is well", examples.SUMMARY),
    )  # fmt: skip
    def health_summary(self, request: Request) -> Response:
        """Answer with what is measured at this moment; what cannot be known is null."""
        staff.permit(request, "monitoring.view_integrationhealth")
        api_query.asked(request, queries.HealthSummaryQuery)
        return Response(health_summary.told())

    @extend_schema(
        operation_id="costs", tags=["admin"], summary="What calls cost", parameters=[queries.CostsQuery],
        responses=_answers(costs_bodies.Costs, "By provider", examples.COSTS, "text/csv", examples.COSTS_CSV),
    )  # fmt: skip
    def costs(self, request: Request) -> HttpResponseBase:
        """Answer the calls, records and amounts of a period, where this month ends, and what quotas are left."""
        staff.permit(request, "monitoring.view_integrationcost")
        given = api_query.asked(request, queries.CostsQuery)
        told = costs.told(given["since"], given["until"], group=costs.Group(given["group"]), compare=given["compare"])
        if given["format"] == "csv":
            return csv_file.as_file(costs.as_csv(told), f"costs-{given['since']}-{given['until']}.csv")
        return Response(told)

    @extend_schema(
        operation_id="queue_metrics", tags=["admin"], summary="What waits and runs",
        parameters=[queries.QueueMetricsQuery],
        responses=_answers(bodies.QueueMetrics, "One queue", examples.QUEUE, "text/plain", examples.EXPOSITION),
    )  # fmt: skip
    def queue_metrics(self, request: Request) -> HttpResponseBase:
        """Answer the figures of both queues; with `format=prometheus` as text to be scraped."""
        staff.permit(request, "syncing.view_syncjob")
        given = api_query.asked(request, queries.QueueMetricsQuery)
        told = queue_metrics.told()
        if given["format"] == "prometheus":
            text = exposition.text(queue_metrics.families(told["results"]))
            return HttpResponse(text, content_type=exposition.CONTENT_TYPE)
        return Response(told)
