"""How the history may be narrowed."""

from datetime import timedelta

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from integrations.providers.base import Provider
from mappings import canonical
from syncing.models import Outcome, SyncLog, Trigger


class HistoryFilter(django_filters.FilterSet):
    """Narrows the history by object, result, trigger and period."""

    PERIODS = [("1", "Last 24 hours"), ("7", "Last 7 days"), ("30", "Last 30 days")]

    object = django_filters.ChoiceFilter(field_name="object_type", label="Object", empty_label="All objects")
    result = django_filters.ChoiceFilter(
        field_name="outcome", label="Result", empty_label="All results", choices=Outcome.choices
    )
    trigger = django_filters.ChoiceFilter(
        label="Started by",
        empty_label="Anything",
        choices=[(value, label[0].upper() + label[1:]) for value, label in Trigger.choices],
    )
    period = django_filters.ChoiceFilter(label="Period", empty_label="All time", choices=PERIODS, method="since")

    class Meta:
        model = SyncLog
        fields: list[str] = []

    def __init__(self, data: QueryDict, queryset: QuerySet[SyncLog], provider: Provider) -> None:
        super().__init__(data, queryset=queryset)
        self.filters["object"].extra["choices"] = [
            (each.value, canonical.OBJECTS[each].plural.capitalize()) for each in provider.streams
        ]

    def since(self, queryset: QuerySet[SyncLog], name: str, value: str) -> QuerySet[SyncLog]:
        """Return the runs of the last so many days."""
        return queryset.filter(started_at__gte=timezone.now() - timedelta(days=int(value)))

    @property
    def is_active(self) -> bool:
        """Return whether anything is narrowed at all."""
        return any(self.data.get(name) for name in self.filters)
