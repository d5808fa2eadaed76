"""What our team may ask of the figures over all venues: every parameter, strictly."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from integrations.api_contract import StrictSerializer
from integrations.api_docs import CURSOR, LONGEST_CURSOR, choices_of
from integrations.providers import PROVIDERS
from monitoring import all_venues, costs
from monitoring.all_venues import Narrowed
from monitoring.costs import Group
from monitoring.venue_named import VenueNamed
from monitoring.wording import CardStatus

_FILE = {"choices": ["json", "csv"], "default": "json", "help_text": "csv: all rows, as a file."}
_FIRST_YEAR, _LAST_YEAR = 2000, 9000


class AllVenuesQuery(StrictSerializer):
    """Which rows are meant."""

    status = serializers.ChoiceField(choices=choices_of(CardStatus), required=False)
    provider = serializers.ChoiceField(choices=list(PROVIDERS), required=False)
    venue = VenueNamed(required=False, help_text="Id or slug of a venue.")
    cursor = serializers.RegexField(
        CURSOR, required=False, max_length=LONGEST_CURSOR, help_text="`next_cursor` of the page before."
    )
    limit = serializers.IntegerField(min_value=1, max_value=all_venues.MOST, default=50)
    format = serializers.ChoiceField(**_FILE)  # type: ignore[arg-type]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return what is asked for, with the filter as `which`."""
        which = Narrowed(attrs.get("status"), attrs.get("provider"), attrs.get("venue"))
        return attrs | {"which": which}


class CostsQuery(StrictSerializer):
    """Which days, told by what. Without any: this month so far, by venue."""

    to = serializers.DateField(required=False, help_text="The last day; today if left out.")
    group = serializers.ChoiceField(choices=choices_of(Group), default=Group.VENUE)
    compare = serializers.BooleanField(default=False, help_text="Beside the same number of days before.")
    format = serializers.ChoiceField(**_FILE)  # type: ignore[arg-type]

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; one of them is called `from`, which Python keeps for itself."""
        said = "The first day; that of the last day’s month if left out."
        return {"from": serializers.DateField(required=False, help_text=said), **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return what is asked for, with the days as `since` and `until`. Raises ValidationError."""
        until: date = attrs.get("to") or timezone.now().date()
        since: date = attrs.get("from") or until.replace(day=1)
        if since > until:
            raise serializers.ValidationError({"from": ["This is after the last day."]})
        if until - since >= timedelta(days=costs.LONGEST_DAYS):
            raise serializers.ValidationError({"from": [f"At most {costs.LONGEST_DAYS} days can be told at once."]})
        if since.year < _FIRST_YEAR or until.year > _LAST_YEAR:
            raise serializers.ValidationError({"from": ["There are no figures of that year."]})
        return attrs | {"since": since, "until": until}


class HealthSummaryQuery(StrictSerializer):
    """There is nothing to choose."""


class QueueMetricsQuery(StrictSerializer):
    """How the figures are written."""

    format = serializers.ChoiceField(
        choices=["json", "prometheus"], default="json", help_text="prometheus: its text format, to be scraped."
    )
