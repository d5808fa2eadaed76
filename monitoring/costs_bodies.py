"""The API's shapes of what calls cost."""

from typing import Any

from rest_framework import serializers

from integrations.api_docs import choices_of
from monitoring.costs import Group


class Before(serializers.Serializer[Any]):
    """The same in the days before."""

    calls_total = serializers.IntegerField()
    records = serializers.IntegerField()
    runs = serializers.IntegerField()
    amounts = serializers.DictField(child=serializers.CharField())


class CostRow(serializers.Serializer[Any]):
    """What one venue, provider, object or day used. Amounts are decimal text by currency and never added up over it."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    calls = serializers.DictField(child=serializers.IntegerField(), help_text="By class.")
    calls_total = serializers.IntegerField()
    runs = serializers.IntegerField()
    records = serializers.IntegerField(help_text="Records that were read or sent.")
    amounts = serializers.DictField(child=serializers.CharField())
    calls_per_record = serializers.FloatField(allow_null=True)
    amounts_per_record = serializers.DictField(child=serializers.CharField())
    before = Before(allow_null=True)


class Projection(serializers.Serializer[Any]):
    """Where this month ends if it goes on as so far; `share_gone` is how much of it is over."""

    month = serializers.CharField()
    share_gone = serializers.FloatField()
    calls_so_far = serializers.DictField(child=serializers.IntegerField())
    calls = serializers.DictField(child=serializers.IntegerField(allow_null=True))
    amounts_so_far = serializers.DictField(child=serializers.CharField())
    amounts = serializers.DictField(child=serializers.CharField())


class Quota(serializers.Serializer[Any]):
    """What a provider allows our application in this month, over all venues, and what is left of it."""

    provider = serializers.CharField()
    call_class = serializers.CharField()
    allowed = serializers.IntegerField()
    used = serializers.IntegerField()
    left = serializers.IntegerField()
    projected = serializers.IntegerField(allow_null=True)
    used_up_on = serializers.DateField(allow_null=True, help_text="When it is used up at this pace, if in this month.")
    begins_anew_on = serializers.DateField()


class Days(serializers.Serializer[Any]):
    """A period, both days included."""

    to = serializers.DateField()

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; one of them is called `from`, which Python keeps for itself."""
        return {"from": serializers.DateField(), **super().get_fields()}


class Costs(Days):
    """The costs of a period, what was called most first; days in their order."""

    as_of = serializers.DateTimeField()
    group = serializers.ChoiceField(choices=choices_of(Group))
    compared_with = Days(allow_null=True)
    results = CostRow(many=True)
    total = CostRow()
    projection = Projection()
    quotas = Quota(many=True)
