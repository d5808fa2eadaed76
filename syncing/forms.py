"""What an owner may choose about syncing, and how the history may be narrowed."""

from datetime import timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from integrations.providers.base import Provider
from integrations.providers.types import ObjectType
from mappings import canonical
from syncing.models import Outcome, SyncLog, Trigger

INTERVALS = [(5, "5 minutes"), (15, "15 minutes"), (30, "30 minutes"), (60, "hour")]


class ScheduleForm(forms.Form):
    """How often a connection is synced."""

    interval = forms.TypedChoiceField(label="Sync every", choices=INTERVALS, coerce=int)


class ChoiceForm(ScheduleForm):
    """What is synced of a provider, and how often."""

    objects = forms.MultipleChoiceField(
        label="What to sync", error_messages={"required": "Choose at least one thing to sync."}
    )

    def __init__(self, provider: Provider, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.provider = provider
        self._offered().choices = [(each, canonical.OBJECTS[each].plural.capitalize()) for each in provider.streams]

    def rows(self) -> list[dict[str, Any]]:
        """Return each object with whether it is ticked, and what it brings along."""
        chosen = set(self["objects"].value() or [])
        return [
            {
                "value": each.value,
                "label": canonical.OBJECTS[each].plural.capitalize(),
                "ticked": each in chosen,
                "brings": [canonical.OBJECTS[need].plural for need in stream.needs],
            }
            for each, stream in self.provider.streams.items()
        ]

    def chosen(self) -> list[ObjectType]:
        """Return the ticked objects."""
        return [ObjectType(each) for each in self.cleaned_data["objects"]]

    def _offered(self) -> forms.MultipleChoiceField:
        field = self.fields["objects"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
        return field


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
